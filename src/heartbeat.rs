//! Signs of life: which runner of this machine makes passes over which schedules, and how it fares.

use crate::{
    schedule::{App, AppName},
    state,
};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// The last sign of life of one runner. One runner is one schedules file, narrowed to an app or not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Heartbeat {
    pub at: Timestamp,
    pub mode: Mode,
    pub pid: u32,
    /// Which store: the path of a schedules file, or the runner app.
    pub schedules: String,
    pub app: Option<String>,
    /// Why its newest pass could not look at an app.
    pub trouble: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// One pass, called by a person or a timer.
    Once,
    /// `run --watch`.
    Watch,
}

/// How long a sign of life is believed; a timer that calls `run` does so every few minutes.
const ALIVE: SignedDuration = SignedDuration::from_mins(15);

/// How often a watch leaves one in its log: of a Heroku log, which keeps 1,500 lines, that is a tenth
/// a day.
pub const EVERY: SignedDuration = SignedDuration::from_mins(10);

impl Heartbeat {
    #[must_use]
    pub fn new(
        mode: Mode,
        schedules: &str,
        app: Option<&AppName>,
        trouble: Option<String>,
        at: Timestamp,
    ) -> Self {
        Self {
            at,
            mode,
            pid: std::process::id(),
            schedules: schedules.to_owned(),
            app: app.map(ToString::to_string),
            trouble,
        }
    }

    /// Leaves the sign in a directory of signs.
    pub(crate) fn leave(&self, directory: &Path) -> io::Result<()> {
        let text = serde_json::to_vec(self).unwrap_or_default();
        state::file::replace(&self.place(directory), &text)
    }

    /// Takes the sign away: this runner makes no passes any more.
    pub(crate) fn take(&self, directory: &Path) -> io::Result<()> {
        fs::remove_file(self.place(directory))
    }

    fn place(&self, directory: &Path) -> PathBuf {
        let runner = format!("{}\n{:?}", self.schedules, self.app);
        directory.join(format!("{}.json", state::short_hash(&runner)))
    }

    /// The signs of runners that make passes over this file, the newest last.
    pub(crate) fn all(directory: &Path, schedules: &str) -> Vec<Self> {
        let files = fs::read_dir(directory).into_iter().flatten().flatten();
        let read =
            |file: fs::DirEntry| serde_json::from_slice::<Self>(&fs::read(file.path()).ok()?).ok();
        let mut signs: Vec<Self> = files.filter_map(read).collect();
        signs.retain(|sign| sign.schedules == schedules);
        signs.sort_by_key(|sign| sign.at);
        signs
    }

    /// Whether its passes are over this app, too.
    #[must_use]
    pub fn is_for(&self, app: &App) -> bool {
        self.app.as_deref().is_none_or(|named| app.is(named))
    }

    /// Whether it can be believed that passes are being made.
    #[must_use]
    pub fn is_alive(&self, now: Timestamp) -> bool {
        // One from the future was left by a clock that is not this one.
        now.duration_since(self.at).abs() <= ALIVE
    }
}
