//! What was begun with a runner, and not ended: kept in the state directory, so that the next command
//! goes on with it, whatever cut it off.

use crate::{
    commands::auth::Login, error::Error, heroku::OwnApp, schedule::Schedule, state::StateDir,
};
use serde::{Deserialize, Serialize};

/// A runner that is being made, joined or removed.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Begun {
    pub name: String,
    /// Unknown until the app is made.
    pub id: Option<String>,
    /// The API that it is on, and who began.
    host: String,
    pub account: Option<String>,
    /// Whether others may have it for longer than this command knew it.
    pub is_joined: bool,
    /// The schedules that this machine's file has too, or has had: app and name. What it says of them
    /// is what is meant.
    here: Vec<(String, String)>,
}

/// Under which it is kept.
const NOTE: &str = "begun-runner.json";

impl Begun {
    pub fn new(name: &str, id: Option<&str>, login: &Login, host: &str) -> Self {
        Self {
            name: name.to_owned(),
            id: id.map(ToOwned::to_owned),
            host: host.to_owned(),
            account: login.email().map(ToOwned::to_owned),
            ..Self::default()
        }
    }

    /// The same of an app that was there before.
    #[must_use]
    pub fn joined(mut self) -> Self {
        self.is_joined = true;
        self
    }

    /// The same with schedules that are here.
    #[must_use]
    pub fn with(mut self, here: &[Schedule]) -> Self {
        self.here.extend(here.iter().map(key));
        self.here.sort_unstable();
        self.here.dedup();
        self
    }

    pub fn read(state: &StateDir) -> Option<Self> {
        serde_json::from_str(&state.noted(NOTE)?).ok()
    }

    /// The same on this host: another one's is none of its business.
    pub fn read_on(state: &StateDir, host: &str) -> Option<Self> {
        Self::read(state).filter(|begun| begun.host == host)
    }

    /// # Errors
    /// When it cannot be kept, or another one is, which would be lost.
    pub fn keep(&self, state: &StateDir) -> Result<(), Error> {
        if let Some(other) = Self::read(state).filter(|other| !self.is_about(other)) {
            let (name, host) = (other.name, other.host);
            return Err(Error::Other {
                code: "other_begun",
                message: format!(
                    "⬢ {name} on {host} is a runner that was not made, or not removed, to the end"
                ),
                hint: Some(format!(
                    "deploy:remove --confirm {name} takes it away, with HEROKU_HOST as it was then"
                )),
            });
        }
        state.note(NOTE, &serde_json::to_string(self).unwrap_or_default())
    }

    pub fn forget(state: &StateDir) {
        state.forget_note(NOTE);
    }

    /// What names it at Heroku.
    pub fn meant(&self) -> &str {
        self.id.as_deref().unwrap_or(&self.name)
    }

    fn is_about(&self, other: &Self) -> bool {
        let is_app = match (&self.id, &other.id) {
            (Some(id), Some(other)) => id == other,
            _ => self.name == other.name,
        };
        is_app && self.host == other.host
    }

    pub fn is_of(&self, app: &OwnApp) -> bool {
        let by_name = || self.name == app.name;
        self.id.as_ref().map_or_else(by_name, |id| *id == app.id)
    }

    pub fn has(&self, schedule: &Schedule) -> bool {
        self.here.contains(&key(schedule))
    }
}

fn key(schedule: &Schedule) -> (String, String) {
    let app = schedule.app.id_or_name().to_owned();
    (app, schedule.name.to_string())
}
