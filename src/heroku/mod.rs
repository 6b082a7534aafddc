//! The only HTTP to Heroku: host rules, client with its retries, wire types, errors.

mod api;
mod client;
mod error;
mod host;
mod redact;
mod reply;
mod tls;
mod wire;

pub use api::Restart;
pub use client::{Client, Options};
pub use error::{Error, Fate};
pub use host::Host;
