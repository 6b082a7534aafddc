//! Where to tell: URLs by name. A URL is a secret; it is in a file of mode 0600, or in a config var of
//! the runner app. Schedules, flags and output have the name alone.

use crate::{
    credentials::{Error, Secret, private},
    env::Env,
    heroku::{self, Options},
};
use serde_json::{Value, json};
use std::{collections::BTreeMap, path::PathBuf};

/// The variable that names what a runner pings, where no flag does.
pub const PING: &str = "AUTORESTART_PING";

/// The URLs of this machine, each under its name.
#[derive(Debug, Default)]
pub struct Names(BTreeMap<String, Secret>);

/// Letters, digits, `-` and `_`, at most 40.
///
/// # Errors
/// When it is anything else.
pub fn name(text: &str) -> Result<String, String> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    let is_name = text.starts_with(|c: char| c.is_ascii_alphanumeric());
    if is_name && text.len() <= 40 && text.chars().all(is_plain) {
        return Ok(text.to_owned());
    }
    Err("a name is 1 to 40 letters, digits, - or _, for example ops".to_owned())
}

/// The config var that has the URL of a name: `AUTORESTART_NOTIFY_OPS`.
#[must_use]
pub fn variable(name: &str) -> String {
    let name = name.to_ascii_uppercase().replace('-', "_");
    format!("{}{name}", crate::env::NOTIFY)
}

/// The URL of a name: from the environment, else from the file.
///
/// # Errors
/// When the file cannot be read, or others can.
pub fn url(env: &Env, name: &str) -> Result<Option<Secret>, Error> {
    if let Some(url) = env.secret(&variable(name)) {
        return Ok(Some(url.trimmed()));
    }
    Ok(Names::read(env)?.0.remove(name))
}

/// Tells that a runner lives, and fares well. Whoever hears nothing for long takes it for dead.
///
/// # Errors
/// When the URL cannot be reached, or refuses.
pub async fn ping(options: &Options, url: &Secret, schedules: usize) -> Result<(), String> {
    let said = json!({ "event": "heartbeat", "schedules": schedules, "version": env!("CARGO_PKG_VERSION") });
    post(options, url, &said).await
}

/// Whether it takes what is told.
///
/// # Errors
/// When the URL cannot be reached, or refuses.
pub async fn test(options: &Options, url: &Secret) -> Result<(), String> {
    let said = json!({ "event": "test", "text": "autorestart was told to tell you" });
    post(options, url, &said).await
}

async fn post(options: &Options, url: &Secret, said: &Value) -> Result<(), String> {
    heroku::tell(options, url, said).await
}

impl Names {
    /// # Errors
    /// When the file cannot be read, or others can.
    pub fn read(env: &Env) -> Result<Self, Error> {
        let Some(place) = place(env) else {
            return Ok(Self::default());
        };
        let Some(bytes) = private::read(&place)? else {
            return Ok(Self::default());
        };
        let texts: BTreeMap<String, String> =
            serde_json::from_slice(&bytes).map_err(|_| Error::Unreadable {
                place: place.display().to_string(),
                // What is in it is not shown.
                why: "it is no JSON object of names and URLs".to_owned(),
            })?;
        let urls = texts
            .into_iter()
            .map(|(name, url)| (name, Secret::new(url)));
        Ok(Self(urls.collect()))
    }

    /// Changes them, whatever was read before.
    ///
    /// # Errors
    /// When the file cannot be read or written; it is then as it was.
    pub fn edit<T>(
        env: &Env,
        change: impl FnOnce(&mut BTreeMap<String, Secret>) -> T,
    ) -> Result<T, Error> {
        let place = place(env).ok_or_else(|| Error::Unwritable {
            place: "notify.json".to_owned(),
            why: "there is no home directory to keep it in".to_owned(),
        })?;
        let _lock = private::lock(&place)?;
        let mut names = Self::read(env)?;
        let result = change(&mut names.0);
        let texts: BTreeMap<&String, &str> = names
            .0
            .iter()
            .map(|(name, url)| (name, url.expose()))
            .collect();
        let text = serde_json::to_vec_pretty(&texts).unwrap_or_default();
        private::write(&place, &text)?;
        Ok(result)
    }

    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// Each name, and the host of its URL.
    #[must_use]
    pub fn hosts(&self) -> Vec<(String, String)> {
        let host = |url: &Secret| heroku::host_of(url).unwrap_or_else(|| "no URL".to_owned());
        let one = |(name, url): (&String, &Secret)| (name.clone(), host(url));
        self.0.iter().map(one).collect()
    }
}

fn place(env: &Env) -> Option<PathBuf> {
    Some(env.config_dir()?.join("notify.json"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_plain_and_their_variables_are_in_capitals() {
        assert_eq!(variable("on-call"), "AUTORESTART_NOTIFY_ON_CALL");
        assert_eq!(name("on-call").as_deref(), Ok("on-call"));
        for wrong in ["", "-x", "a b", "ä", &"x".repeat(41)] {
            assert!(name(wrong).is_err(), "{wrong}");
        }
    }
}
