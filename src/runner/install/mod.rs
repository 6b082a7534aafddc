//! Timers of this machine that call `run` every few minutes: what each of them is made of, as text, and
//! how it is put in place and taken away. What is written is noted, and only that is taken away.

pub mod cron;
pub mod elsewhere;
pub mod launchd;
pub mod note;
pub mod system;
pub mod systemd;

use std::path::PathBuf;

/// How often a pass is made: an occurrence is acted on within this, and a pass without one costs
/// nothing.
pub const EVERY_MINUTES: u32 = 5;

/// What a timer is to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    pub binary: PathBuf,
    /// After the binary.
    pub words: Vec<String>,
    /// What it needs of the environment beside what every process has; no secrets.
    pub environment: Vec<(String, String)>,
}

/// A file of a timer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    pub path: PathBuf,
    pub text: String,
}

impl Job {
    /// The command as its words.
    #[must_use]
    pub fn command(&self) -> Vec<String> {
        let binary = self.binary.display().to_string();
        std::iter::once(binary).chain(self.words.clone()).collect()
    }
}

impl Job {
    /// A part of it that no timer can be given: a line break in it would begin another line.
    #[must_use]
    pub fn impossible(&self) -> Option<String> {
        let environment = self.environment.iter().map(|(_, value)| value.clone());
        let mut parts = self.command().into_iter().chain(environment);
        parts.find(|part| part.chars().any(char::is_control))
    }
}

#[cfg(test)]
pub(crate) fn example() -> Job {
    Job {
        binary: "/opt/a b/100% $x/autorestart".into(),
        words: vec![
            "run".into(),
            "--quiet".into(),
            "--schedules".into(),
            "/home/me/it's $HOME/\"s\".toml".into(),
        ],
        environment: vec![(
            "HEROKU_HOST".into(),
            "http://localhost:5100/?a=%20&b=\"c\"".into(),
        )],
    }
}
