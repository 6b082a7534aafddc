//! Whatever makes passes happen.

mod apps;
pub mod deployed;
mod ears;
pub mod elf;
mod greeting;
pub mod install;
mod known;
mod passes;
mod settled;
pub mod slug;
mod watch;

pub use ears::Ear;
pub use passes::Passes;
pub use watch::{LATENESS, Watch};
