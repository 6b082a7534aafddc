//! The name of whoever is told; the URL behind it is a secret, and stands elsewhere.

use super::Invalid;
use std::{fmt, str::FromStr};

/// Letters, digits, `-` and `_`, at most 40.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct NotifyName(String);

impl NotifyName {
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for NotifyName {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        let is_name = text.starts_with(|c: char| c.is_ascii_alphanumeric());
        if is_name && text.len() <= 40 && text.chars().all(is_plain) {
            return Ok(Self(text.to_owned()));
        }
        Err(Invalid::new(
            "a name is 1 to 40 letters, digits, - or _",
            "ops",
        ))
    }
}

impl fmt::Display for NotifyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
