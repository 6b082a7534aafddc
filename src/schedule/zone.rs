//! Time zones by their IANA name, as the schedule file stores them.

use super::Invalid;
use jiff::tz::TimeZone;
use std::{fmt, str::FromStr};

const EXAMPLE: &str = "America/New_York or UTC";

/// Abbreviations that people type, with what `heroku pg:backups:schedule` takes each for: a hint
/// only, since an abbreviation names one half of the year.
const ABBREVIATIONS: [(&str, &str); 13] = [
    ("PST", "America/Los_Angeles"),
    ("PDT", "America/Los_Angeles"),
    ("MST", "America/Boise"),
    ("MDT", "America/Boise"),
    ("CST", "America/Chicago"),
    ("CDT", "America/Chicago"),
    ("EST", "America/New_York"),
    ("EDT", "America/New_York"),
    ("Z", "UTC"),
    ("GMT", "Europe/London"),
    ("BST", "Europe/London"),
    ("CET", "Europe/Paris"),
    ("CEST", "Europe/Paris"),
];

/// A zone of the IANA database whose name has a `/`, or `UTC`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Zone(TimeZone);

impl Zone {
    #[must_use]
    pub fn utc() -> Self {
        Self(TimeZone::UTC)
    }

    #[must_use]
    pub fn time_zone(&self) -> &TimeZone {
        &self.0
    }

    #[must_use]
    pub fn name(&self) -> &str {
        self.0.iana_name().unwrap_or("UTC")
    }
}

impl FromStr for Zone {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        if text.eq_ignore_ascii_case("UTC") {
            return Ok(Self::utc());
        }
        if let Some((_, zone)) = ABBREVIATIONS
            .iter()
            .find(|(short, _)| text.eq_ignore_ascii_case(short))
        {
            return Err(Invalid::new(
                format!(
                    "'{text}' is no zone with its own daylight saving rules (pg:backups:schedule takes it for {zone})"
                ),
                EXAMPLE,
            ));
        }
        if !text.contains('/') {
            return Err(Invalid::new(
                "a zone is an IANA name with a slash, or UTC",
                EXAMPLE,
            ));
        }
        TimeZone::get(text)
            .map(Self)
            .map_err(|_| Invalid::new(format!("the IANA database has no zone '{text}'"), EXAMPLE))
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zones_have_a_slash_or_are_utc() {
        for (text, name) in [
            ("UTC", "UTC"),
            ("utc", "UTC"),
            ("america/new_york", "America/New_York"),
            ("Etc/UTC", "Etc/UTC"),
        ] {
            assert_eq!(
                text.parse::<Zone>().map(|zone| zone.name().to_owned()),
                Ok(name.to_owned()),
                "{text}"
            );
        }
        for text in [
            "Mars/Base",
            "CET5",
            "EST",
            "CET",
            "EST5EDT",
            "",
            "/",
            "+02:00",
        ] {
            assert!(text.parse::<Zone>().is_err(), "{text}");
        }
    }

    #[test]
    fn an_abbreviation_is_answered_with_what_others_take_it_for() {
        let refused = "EST".parse::<Zone>().expect_err("EST is refused");
        assert!(refused.problem.contains("America/New_York"), "{refused}");
    }
}
