//! Where to tell: URLs by name. A URL is a secret; it is in a file of mode 0600, or in a config var of
//! the runner app. Schedules, flags and output have the name alone.

use crate::{
    credentials::{Error, Secret, private},
    env::Env,
    heroku,
};
use clap::ValueEnum;
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, path::PathBuf};

/// The variable that names what a runner pings, where no flag does.
pub const PING: &str = "AUTORESTART_PING";

/// What is kept under a name.
#[derive(Debug, Clone)]
pub struct Kept {
    pub url: Secret,
    pub format: Format,
    /// Every restart is told, and not only trouble.
    pub restarts: bool,
}

/// What a receiver understands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// One JSON document with every detail.
    #[default]
    Json,
    /// `{"text": ...}`, for Slack, Mattermost, and Discord below `/slack`.
    Slack,
}

/// As the file and the config var have it: the bare URL, or this.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Stored {
    Url(String),
    Whole {
        url: String,
        #[serde(default)]
        format: Format,
        #[serde(default)]
        restarts: bool,
    },
}

impl Kept {
    /// A URL that says by itself what it understands.
    #[must_use]
    pub fn of_url(url: Secret) -> Self {
        let host = heroku::host_of(&url).unwrap_or_default();
        let path = url.expose().trim_end_matches('/');
        let is_slack = host == "hooks.slack.com" || path.ends_with("/slack");
        Self {
            url,
            format: if is_slack {
                Format::Slack
            } else {
                Format::Json
            },
            restarts: false,
        }
    }

    fn of_stored(stored: Stored) -> Self {
        match stored {
            Stored::Url(url) => Self::of_url(Secret::new(url)),
            Stored::Whole {
                url,
                format,
                restarts,
            } => Self {
                url: Secret::new(url),
                format,
                restarts,
            },
        }
    }

    fn stored(&self) -> Stored {
        Stored::Whole {
            url: self.url.expose().to_owned(),
            format: self.format,
            restarts: self.restarts,
        }
    }

    /// As a config var of the runner app has it; a secret.
    #[must_use]
    pub fn variable(&self) -> String {
        let plain = Self::of_url(self.url.clone());
        if (plain.format, plain.restarts) == (self.format, self.restarts) {
            return self.url.expose().to_owned();
        }
        serde_json::to_string(&self.stored()).unwrap_or_default()
    }

    fn of_variable(text: &Secret) -> Self {
        let text = text.trimmed();
        match serde_json::from_str(text.expose()) {
            Ok(stored) if text.expose().starts_with('{') => Self::of_stored(stored),
            _ => Self::of_url(text),
        }
    }
}

/// What this machine keeps, each under its name.
#[derive(Debug, Default)]
pub struct Names(BTreeMap<String, Kept>);

/// Letters, digits, `-` and `_`, at most 40.
///
/// # Errors
/// When it is anything else.
pub fn name(text: &str) -> Result<String, String> {
    text.parse::<crate::schedule::NotifyName>()
        .map(|name| name.to_string())
        .map_err(|invalid| invalid.to_string())
}

/// The config var that has what is kept under a name: `AUTORESTART_NOTIFY_OPS`.
#[must_use]
pub fn variable(name: &str) -> String {
    let name = name.to_ascii_uppercase().replace('-', "_");
    format!("{}{name}", crate::env::NOTIFY)
}

/// What is kept under a name: in the environment, else in the file.
///
/// # Errors
/// When the file cannot be read, or others can.
pub fn kept(env: &Env, name: &str) -> Result<Option<Kept>, Error> {
    if let Some(text) = env.secret(&variable(name)) {
        return Ok(Some(Kept::of_variable(&text)));
    }
    Ok(Names::read(env)?.0.remove(name))
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
        let stored: BTreeMap<String, Stored> =
            serde_json::from_slice(&bytes).map_err(|_| Error::Unreadable {
                place: place.display().to_string(),
                // What is in it is not shown.
                why: "it is no JSON object of names and URLs".to_owned(),
            })?;
        let kept = stored
            .into_iter()
            .map(|(name, stored)| (name, Kept::of_stored(stored)));
        Ok(Self(kept.collect()))
    }

    /// Changes them, whatever was read before.
    ///
    /// # Errors
    /// When the file cannot be read or written; it is then as it was.
    pub fn edit<T>(
        env: &Env,
        change: impl FnOnce(&mut BTreeMap<String, Kept>) -> T,
    ) -> Result<T, Error> {
        let place = place(env).ok_or_else(|| Error::Unwritable {
            place: "notify.json".to_owned(),
            why: "there is no home directory to keep it in".to_owned(),
        })?;
        let _lock = private::lock(&place)?;
        let mut names = Self::read(env)?;
        let result = change(&mut names.0);
        let stored: BTreeMap<&String, Stored> = names
            .0
            .iter()
            .map(|(name, kept)| (name, kept.stored()))
            .collect();
        let text = serde_json::to_vec_pretty(&stored).unwrap_or_default();
        private::write(&place, &text)?;
        Ok(result)
    }

    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    pub fn iter(&self) -> impl Iterator<Item = (&String, &Kept)> {
        self.0.iter()
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

    #[test]
    fn a_variable_is_a_url_or_all_of_it() {
        let of = |text: &str| Kept::of_variable(&Secret::new(text.to_owned()));
        for (text, format) in [
            ("https://hooks.slack.com/services/T/B/x", Format::Slack),
            ("https://discord.com/api/webhooks/1/x/slack", Format::Slack),
            ("https://example.com/hook\n", Format::Json),
        ] {
            let kept = of(text);
            assert_eq!((kept.format, kept.restarts), (format, false), "{text}");
            assert!(!kept.url.expose().ends_with('\n'));
        }
        let whole = Kept {
            restarts: true,
            format: Format::Slack,
            ..of("https://example.com/hook")
        };
        let again = of(&whole.variable());
        assert_eq!(again.url.expose(), "https://example.com/hook");
        assert_eq!((again.format, again.restarts), (Format::Slack, true));
    }
}
