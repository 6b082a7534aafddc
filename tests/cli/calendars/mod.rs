//! Calendars: the facts of an independent oracle, a brute force of our own over every zone, and what
//! windows, blackouts and jitter make of occurrences.

mod bounds;
mod brute_force;
mod cycle;
mod facts;
mod jitter;
pub mod property;
mod told;
mod year;
