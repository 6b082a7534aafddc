//! The only HTTP to Heroku: how it is reached, client with its retries, wire types, errors.

mod api;
mod apps;
mod authorizations;
mod client;
mod elsewhere;
mod error;
mod fleets;
mod held;
mod host;
mod options;
mod platform;
mod pool;
pub(crate) mod redact;
mod reply;
mod sending;
mod shapes;
mod tail;
mod tls;
mod wire;
mod words;

pub use api::Restart;
pub use apps::{Addon, NewSlug, OwnApp, Place, Scale, Slug};
pub use authorizations::{Account, Authorization, Capability};
pub use client::Client;
pub use elsewhere::{LINES, LogLine, host_of, tell};
pub use error::{Error, Fate};
pub use fleets::Listed;
pub use held::Renewal;
pub use host::{Host, OWN};
pub use options::Options;
pub use platform::Platform;
pub use pool::{Pool, Share};
pub use shapes::shapes_of;
pub use tail::{Events, LogQuery, LogStream};
