//! Whatever makes passes happen.

mod apps;
mod watch;

pub use watch::{LATENESS, Passes, Watch};
