//! Durations as users write them: `30s`, `90m`, `6h`, `1d`, `1h30m`.

use super::Invalid;
use jiff::SignedDuration;
use std::{fmt, str::FromStr};

/// A length of time in whole seconds, never negative.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Span(u64);

const EXAMPLE: &str = "30s, 90m, 6h or 1d";
const UNITS: [(char, u64); 4] = [('d', 86_400), ('h', 3_600), ('m', 60), ('s', 1)];
/// Long enough for anything a dyno lives through, short enough for any arithmetic on instants.
const LONGEST: u64 = 366 * 86_400;

impl Span {
    /// The longest that can be written.
    pub const MAX: Self = Self(LONGEST);

    #[must_use]
    pub const fn seconds(seconds: u64) -> Self {
        Self(seconds)
    }

    #[must_use]
    pub const fn minutes(minutes: u64) -> Self {
        Self(minutes * 60)
    }

    #[must_use]
    pub const fn hours(hours: u64) -> Self {
        Self(hours * 3_600)
    }

    #[must_use]
    pub const fn as_secs(self) -> u64 {
        self.0
    }

    /// The span as a duration that instants can be moved by.
    #[must_use]
    pub fn duration(self) -> SignedDuration {
        SignedDuration::from_secs(self.0.cast_signed())
    }

    /// The whole seconds of a duration; zero for a negative one.
    #[must_use]
    pub fn whole_seconds_of(duration: SignedDuration) -> Self {
        Self(u64::try_from(duration.as_secs()).unwrap_or(0))
    }

    /// Rounds down to the two largest units, for people: `26h 31m` and not every second of it.
    #[must_use]
    pub fn rounded(self) -> Self {
        match self.0 {
            seconds if seconds >= 86_400 => Self(seconds / 3_600 * 3_600),
            seconds if seconds >= 3_600 => Self(seconds / 60 * 60),
            _ => self,
        }
    }
}

impl FromStr for Span {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        if text.starts_with('-') {
            return Err(Invalid::new("a duration cannot be negative", EXAMPLE));
        }
        let (mut rest, mut total, mut last_unit) = (text, 0_u64, u64::MAX);
        while !rest.is_empty() {
            let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
            let unit = rest[digits..].chars().next();
            let (Ok(count), Some(unit)) = (rest[..digits].parse::<u64>(), unit) else {
                return Err(Invalid::new("a duration is a number with a unit", EXAMPLE));
            };
            let Some((_, seconds)) = UNITS.into_iter().find(|(letter, _)| *letter == unit) else {
                return Err(Invalid::new(
                    format!("'{unit}' is not one of the units d, h, m, s"),
                    EXAMPLE,
                ));
            };
            if seconds >= last_unit {
                return Err(Invalid::new(
                    "units go from large to small, each once",
                    EXAMPLE,
                ));
            }
            total = count
                .checked_mul(seconds)
                .and_then(|part| total.checked_add(part))
                .unwrap_or(u64::MAX);
            (last_unit, rest) = (seconds, &rest[digits + unit.len_utf8()..]);
        }
        match (text.is_empty(), total) {
            (true, _) => Err(Invalid::new("a duration is missing", EXAMPLE)),
            (_, total) if total > LONGEST => {
                Err(Invalid::new("a duration is at most 366d", EXAMPLE))
            }
            (_, total) => Ok(Self(total)),
        }
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 == 0 {
            return f.write_str("0s");
        }
        // Up to two days people say hours: "26h", not "1d2h"; whole days stay days.
        let units = if self.0.is_multiple_of(86_400) || self.0 > 172_800 {
            &UNITS[..]
        } else {
            &UNITS[1..]
        };
        let mut rest = self.0;
        for (letter, seconds) in units {
            if rest >= *seconds {
                write!(f, "{}{letter}", rest / seconds)?;
                rest %= seconds;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn written_durations_are_read() {
        for (text, seconds) in [
            ("30s", 30),
            ("90m", 5_400),
            ("6h", 21_600),
            ("1d", 86_400),
            ("1h30m", 5_400),
        ] {
            assert_eq!(text.parse(), Ok(Span(seconds)), "{text}");
        }
    }

    #[test]
    fn what_is_no_duration_is_refused() {
        for text in [
            "",
            "5",
            "-5m",
            "90M",
            "1.5h",
            "m",
            "30m1h",
            "1h1h",
            "9999999999999999999999s",
            "400d",
            "6 h",
            "é",
        ] {
            assert!(text.parse::<Span>().is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn printed_durations_are_read_back(seconds in 0..LONGEST) {
            prop_assert_eq!(Span(seconds).to_string().parse(), Ok(Span(seconds)));
        }
    }
}
