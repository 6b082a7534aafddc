//! What a log tells of the memory of dynos, and what that means.
//!
//! Pure. [`line`] reads one line, [`Extract`] finds such lines in a stream of bytes, [`Lives`] keeps what
//! they tell of each dyno, from one start to the next. What counts is `rss + swap`, as for Heroku's R14
//! (error codes article; `memory_total` also counts the page cache).

mod bytes;
mod course;
mod extract;
mod forecast;
mod life;
pub mod line;
mod lives;
mod overs;
mod seen;
mod trend;

pub use bytes::Bytes;
pub use course::{Bucket, Course};
pub use extract::Extract;
pub use forecast::{Forecast, Outlook};
pub use life::{Level, Life, Point};
pub use lives::Lives;
pub use seen::{Newest, Seen};
