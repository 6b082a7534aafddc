//! Tells somebody what went wrong, once, and when it is over; and that a runner lives. What cannot be told
//! holds no restart and fails none.

pub mod message;
mod names;
pub mod outbox;
pub mod told;
pub mod trouble;

pub use names::{Format, Kept, Names, PING, kept, name, variable};

use crate::{
    credentials::Secret,
    heroku::{self, Options},
};
use serde_json::{Value, json};

/// Tells that a runner lives, and fares well. Whoever hears nothing for long takes it for dead.
///
/// # Errors
/// When the URL cannot be reached, or refuses.
pub async fn ping(options: &Options, url: &Secret, schedules: usize) -> Result<(), String> {
    let said = json!({ "event": "heartbeat", "schedules": schedules, "version": env!("CARGO_PKG_VERSION") });
    send(options, url, &said).await
}

/// Whether it takes what is told.
///
/// # Errors
/// When the URL cannot be reached, or refuses.
pub async fn test(options: &Options, kept: &Kept) -> Result<(), String> {
    let text = "autorestart was told to tell you";
    let said = match kept.format {
        Format::Json => json!({ "event": "test", "text": text }),
        Format::Slack => json!({ "text": text }),
    };
    send(options, &kept.url, &said).await
}

/// Sends one document.
///
/// # Errors
/// When the URL cannot be reached, or refuses; without the URL.
pub async fn send(options: &Options, url: &Secret, said: &Value) -> Result<(), String> {
    heroku::tell(options, url, said).await
}
