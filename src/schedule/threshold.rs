//! How much memory is too much: `90%` of the quota, `450MB`, or `auto`.

use super::Invalid;
use crate::memory::Bytes;
use std::{fmt, str::FromStr};

const EXAMPLE: &str = "90%, 450MB, 1.2GB or auto";
/// Under that every dyno would be over it.
const LEAST: u32 = 10;
/// Where a dyno has swap, it may be let use twice its quota.
const MOST: u32 = 200;

/// What a dyno may use before its memory makes it due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Threshold {
    /// 95 % of the quota, and 85 % where the platform ends a dyno at its quota.
    Auto,
    /// Of the quota.
    Percent(u32),
    Size(Bytes),
}

impl Threshold {
    /// The share of a quota that `auto` stands for.
    #[must_use]
    pub const fn auto(is_ended_at_quota: bool) -> u32 {
        if is_ended_at_quota { 85 } else { 95 }
    }

    /// The threshold of a dyno; `None` where it is a share of a quota that is not known.
    #[must_use]
    pub fn of(self, quota: Option<Bytes>, is_ended_at_quota: bool) -> Option<Bytes> {
        match self {
            Self::Auto => Some(quota?.percent(Self::auto(is_ended_at_quota))),
            Self::Percent(percent) => Some(quota?.percent(percent)),
            Self::Size(size) => Some(size),
        }
    }

    /// In words: `90% of the quota`.
    #[must_use]
    pub fn in_words(self) -> String {
        match self {
            Self::Auto => "95% of the quota (85% where Heroku ends a dyno at it)".to_owned(),
            Self::Percent(percent) => format!("{percent}% of the quota"),
            Self::Size(size) => size.to_string(),
        }
    }
}

impl FromStr for Threshold {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        if text.eq_ignore_ascii_case("auto") {
            return Ok(Self::Auto);
        }
        let Some(digits) = text.strip_suffix('%') else {
            let size = text.parse().map(Self::Size);
            return size.map_err(|invalid: Invalid| {
                let is_number = text.parse::<f64>().is_ok();
                let problem = if is_number {
                    "it is a size with MB or GB, or a percentage of the quota".to_owned()
                } else {
                    invalid.problem
                };
                Invalid::new(problem, EXAMPLE)
            });
        };
        let is_number = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
        let percent = is_number.then(|| digits.parse().ok()).flatten();
        match percent {
            Some(percent) if (LEAST..=MOST).contains(&percent) => Ok(Self::Percent(percent)),
            Some(_) => {
                let problem = format!("a percentage of the quota goes from {LEAST}% to {MOST}%");
                Err(Invalid::new(problem, EXAMPLE))
            }
            None => Err(Invalid::new("a percentage is a whole number", EXAMPLE)),
        }
    }
}

impl fmt::Display for Threshold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auto => f.write_str("auto"),
            Self::Percent(percent) => write!(f, "{percent}%"),
            Self::Size(size) => size.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_needs_a_quota_and_a_size_does_not() {
        let of = |text: &str, quota, is_ended| {
            let threshold: Threshold = text.parse().expect(text);
            assert_eq!(threshold.to_string(), text);
            threshold.of(quota, is_ended)
        };
        let quota = Some(Bytes::mb(1_000));
        assert_eq!(of("90%", quota, false), Some(Bytes::mb(900)));
        assert_eq!(of("auto", quota, false), Some(Bytes::mb(950)));
        assert_eq!(of("auto", quota, true), Some(Bytes::mb(850)));
        assert_eq!(of("450MB", None, false), Some(Bytes::mb(450)));
        assert_eq!(of("90%", None, false), None);
    }

    #[test]
    fn what_is_no_threshold_is_refused() {
        for text in [
            "",
            "%",
            "0%",
            "9%",
            "201%",
            "-1%",
            "9.5%",
            "450",
            "450kB",
            "automatic",
            "90 %",
        ] {
            assert!(text.parse::<Threshold>().is_err(), "{text}");
        }
    }
}
