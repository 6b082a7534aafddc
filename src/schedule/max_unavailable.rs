//! How many dynos of a process type may be down at once.

use super::Invalid;
use std::{fmt, str::FromStr};

const EXAMPLE: &str = "1 or 25%";

/// A number of dynos, or a share of the formation's quantity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MaxUnavailable {
    Count(u32),
    Percent(u32),
}

impl Default for MaxUnavailable {
    fn default() -> Self {
        Self::Count(1)
    }
}

impl MaxUnavailable {
    /// The budget for this many dynos: a percentage rounds down, and is at least one.
    #[must_use]
    pub fn of(self, quantity: u32) -> u32 {
        match self {
            Self::Count(count) => count,
            Self::Percent(percent) => u32::try_from(u64::from(quantity) * u64::from(percent) / 100)
                .unwrap_or(u32::MAX)
                .max(1),
        }
    }
}

impl FromStr for MaxUnavailable {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let (digits, is_percent) = text
            .strip_suffix('%')
            .map_or((text, false), |digits| (digits, true));
        let number = digits
            .bytes()
            .all(|b| b.is_ascii_digit())
            .then(|| digits.parse::<u32>().ok())
            .flatten();
        match (number, is_percent) {
            (None, _) => Err(Invalid::new(
                "it is a number of dynos or a percentage of them",
                EXAMPLE,
            )),
            (Some(0), _) => Err(Invalid::new(
                "with none unavailable nothing could ever be restarted",
                EXAMPLE,
            )),
            (Some(percent), true) if percent > 100 => {
                Err(Invalid::new("a percentage goes from 1% to 100%", EXAMPLE))
            }
            (Some(percent), true) => Ok(Self::Percent(percent)),
            (Some(count), false) => Ok(Self::Count(count)),
        }
    }
}

impl fmt::Display for MaxUnavailable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Count(count) => write!(f, "{count}"),
            Self::Percent(percent) => write!(f, "{percent}%"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentage_rounds_down_and_is_at_least_one() {
        let quarter: MaxUnavailable = "25%".parse().expect("25%");
        assert_eq!(
            [1, 4, 7, 8].map(|quantity| quarter.of(quantity)),
            [1, 1, 1, 2]
        );
    }

    #[test]
    fn what_is_no_budget_is_refused() {
        for text in ["0", "0%", "200%", "101%", "-1", "1.5", "", "%", "all", "+1"] {
            assert!(text.parse::<MaxUnavailable>().is_err(), "{text}");
        }
    }
}
