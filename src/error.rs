//! Every failure, worded once: a code for scripts, a message, a hint, and an exit code.

use crate::heroku;
use serde_json::{Value, json};

/// Exit codes are part of the contract.
pub mod exit {
    pub const DONE: u8 = 0;
    pub const FAILED: u8 = 1;
    pub const USAGE: u8 = 2;
    /// Some restarts failed or were not reached, a roll is held, or an occurrence was missed.
    pub const NOT_ALL_WELL: u8 = 3;
    pub const INTERRUPTED: u8 = 130;

    /// Each with what it says, for manuals.
    pub const ALL: [(u8, &str); 5] = [
        (DONE, "Done, or nothing was due."),
        (FAILED, "It failed; the reason and a hint are on stderr."),
        (
            USAGE,
            "Wrong usage, or a file that cannot be right; nothing was changed.",
        ),
        (
            NOT_ALL_WELL,
            "Some restarts failed or were not reached, a roll is held, or an occurrence was missed; of apply --dry-run: something would change.",
        ),
        (INTERRUPTED, "Interrupted."),
    ];
}

#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// What was typed cannot be meant.
    #[error("{message}")]
    Usage {
        message: String,
        hint: Option<String>,
    },
    #[error("{0}")]
    Store(#[from] crate::store::Error),
    #[error("{0}")]
    Credential(#[from] crate::credentials::Error),
    #[error("{0}")]
    Heroku(#[from] heroku::Error),
    #[error("{what}: {source}")]
    Io {
        what: String,
        source: std::io::Error,
        hint: Option<String>,
    },
    #[error("interrupted")]
    Interrupted,
    /// A person said no: nothing was done, and nothing is wrong.
    #[error("nothing was changed")]
    Declined,
    #[error("{message}")]
    Other {
        code: &'static str,
        message: String,
        hint: Option<String>,
    },
}

impl Error {
    pub fn usage(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::Usage {
            message: message.into(),
            hint: Some(hint.into()),
        }
    }

    pub fn io(what: impl Into<String>, source: std::io::Error) -> Self {
        Self::Io {
            what: what.into(),
            source,
            hint: Some("mend what is named, then try again".to_owned()),
        }
    }

    /// The same for another who is to be told of it.
    #[must_use]
    pub fn retold(&self) -> Self {
        Self::Other {
            code: self.code(),
            message: self.to_string(),
            hint: self.hint(),
        }
    }

    /// A word for scripts.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Usage { .. } => "usage",
            Self::Store(error) => error.code(),
            Self::Credential(error) => error.code(),
            Self::Heroku(error) => error.code(),
            Self::Io { .. } => "io",
            Self::Interrupted => "interrupted",
            Self::Declined => "declined",
            Self::Other { code, .. } => code,
        }
    }

    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Usage { hint, .. } | Self::Io { hint, .. } | Self::Other { hint, .. } => {
                hint.clone()
            }
            Self::Store(error) => error.hint(),
            Self::Credential(error) => error.hint(),
            Self::Heroku(error) => error.hint(),
            Self::Interrupted | Self::Declined => None,
        }
    }

    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Usage { .. } => exit::USAGE,
            Self::Store(error) if error.is_usage() => exit::USAGE,
            Self::Interrupted => exit::INTERRUPTED,
            Self::Declined => exit::DONE,
            _ => exit::FAILED,
        }
    }

    /// The error as `--json` prints it.
    #[must_use]
    pub fn json(&self) -> Value {
        let id = match self {
            Self::Heroku(error) => error.id(),
            _ => None,
        };
        json!({ "error": { "code": self.code(), "message": self.to_string(), "hint": self.hint(), "id": id } })
    }
}
