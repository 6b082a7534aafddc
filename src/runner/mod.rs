//! Whatever makes passes happen.

mod watch;

pub use watch::{Passes, Watch};
