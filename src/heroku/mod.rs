//! The only HTTP to Heroku: how it is reached, client with its retries, wire types, errors.

mod api;
mod client;
mod error;
mod host;
mod options;
mod redact;
mod reply;
mod tls;
mod wire;

pub use api::Restart;
pub use client::Client;
pub use error::{Error, Fate};
pub use host::Host;
pub use options::Options;
