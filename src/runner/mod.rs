//! Whatever makes passes happen.

mod apps;
mod watch;

pub use watch::{Passes, Watch};
