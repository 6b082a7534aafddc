//! The name of a Heroku app, or its id.

use super::Invalid;
use std::{fmt, str::FromStr};

/// Heroku's rule for names (hyper-schema, `app.name`: `^[a-z][a-z0-9-]{1,28}[a-z0-9]$`), or a UUID.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct AppName(String);

impl AppName {
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What stands in place of a name where several apps are meant.
    pub(super) fn of_fleet(label: String) -> Self {
        Self(label)
    }

    /// Whether this is an id and not a name.
    #[must_use]
    pub fn is_id(&self) -> bool {
        self.0.len() == 36
    }
}

impl FromStr for AppName {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        const EXAMPLE: &str = "example-app";
        let is_uuid = text.len() == 36
            && text.bytes().enumerate().all(|(at, b)| {
                if [8, 13, 18, 23].contains(&at) {
                    b == b'-'
                } else {
                    b.is_ascii_hexdigit()
                }
            });
        let problem = match text.as_bytes() {
            _ if is_uuid => return Ok(Self(text.to_ascii_lowercase())),
            bytes if !(3..=30).contains(&bytes.len()) => "an app name has 3 to 30 characters",
            bytes if bytes.iter().any(u8::is_ascii_uppercase) => "an app name has no upper case",
            bytes
                if !bytes
                    .iter()
                    .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || *b == b'-') =>
            {
                "an app name has only lower case letters, digits and dashes"
            }
            [first, .., last] if !first.is_ascii_lowercase() || *last == b'-' => {
                "an app name begins with a letter and does not end with a dash"
            }
            _ => return Ok(Self(text.to_owned())),
        };
        Err(Invalid::new(problem, EXAMPLE))
    }
}

impl fmt::Display for AppName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heroku_s_rule_for_names_is_kept() {
        for text in [
            "example-app",
            "a1b",
            "abc",
            "01234567-89ab-cdef-0123-456789abcdef",
        ] {
            assert!(text.parse::<AppName>().is_ok(), "{text}");
        }
        for text in [
            "Example",
            "a/b",
            "a/../b",
            "",
            "ab",
            "1app",
            "app-",
            "é-app",
            "abcdefghij-abcdefghij-abcdefghi",
        ] {
            assert!(text.parse::<AppName>().is_err(), "{text}");
        }
    }
}
