//! Memory: samples from a log, the trigger, forecasts, and what a week of it comes to.

mod clocks;
mod deployed;
mod fir;
mod forecast;
mod fuzz;
mod listed;
mod saved;
mod set;
mod simulate;
mod stories;
mod week;
