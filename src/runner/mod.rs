//! Whatever makes passes happen.

mod apps;
pub mod deployed;
pub mod elf;
pub mod install;
mod known;
pub mod slug;
mod watch;

pub use watch::{LATENESS, Passes, Watch};
