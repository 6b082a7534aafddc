//! The name of a schedule: what tells several schedules of one app apart.

use super::Invalid;
use std::{fmt, str::FromStr};

/// Letters, digits, `-` and `_`, at most 40; `default` unless given.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ScheduleName(String);

impl ScheduleName {
    #[must_use]
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for ScheduleName {
    fn default() -> Self {
        Self("default".to_owned())
    }
}

impl FromStr for ScheduleName {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let is_plain = text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
        if text == "now" {
            let problem = "'now' is what run --now goes by in the history";
            return Err(Invalid::new(problem, "nightly"));
        }
        if is_plain && (1..=40).contains(&text.len()) && !text.starts_with('-') {
            Ok(Self(text.to_owned()))
        } else {
            Err(Invalid::new(
                "a name is 1 to 40 letters, digits, - or _",
                "nightly",
            ))
        }
    }
}

impl fmt::Display for ScheduleName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
