//! One integration crate: scenarios on a paused clock, the binary as a process, and what holds the
//! house in shape.

#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "tests look at their own environment, and show what they saw"
)]

mod answers;
mod apply;
mod auth;
mod bad_input;
mod binary;
mod calendars;
mod changes;
mod control;
mod deploy;
mod deployed;
mod errors;
mod fault_matrix;
mod fleets;
mod fuzz;
mod house;
mod ledger;
mod load;
mod memory;
mod month;
mod network;
mod notify;
mod process;
mod properties;
mod proxy;
mod renamed;
mod runner;
mod scenarios;
mod schedules_file;
mod schema;
mod simulation;
mod storm;
mod sweep;
mod telling;
mod terminal;
