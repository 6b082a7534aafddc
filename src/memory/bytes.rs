//! Amounts of memory. Heroku's MB and GB are 2^20 and 2^30 bytes.

use crate::schedule::Invalid;
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// A number of bytes.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
pub struct Bytes(u64);

const MB: u64 = 1 << 20;
const GB: u64 = 1 << 30;
/// More than any dyno has; a number beyond is no amount of memory.
const MOST: u64 = 1 << 42;
const EXAMPLE: &str = "450MB or 1.2GB";

impl Bytes {
    #[must_use]
    pub const fn new(bytes: u64) -> Self {
        Self(bytes)
    }

    #[must_use]
    pub const fn mb(megabytes: u64) -> Self {
        Self(megabytes * MB)
    }

    #[must_use]
    pub const fn as_u64(self) -> u64 {
        self.0
    }

    /// As a number that can be reckoned with; exact up to 8 PB.
    #[must_use]
    #[expect(
        clippy::cast_precision_loss,
        reason = "a dyno has less than 2^53 bytes"
    )]
    pub const fn as_f64(self) -> f64 {
        self.0 as f64
    }

    /// The nearest amount; none where it is negative or no number.
    #[must_use]
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "bounded before"
    )]
    pub fn of(bytes: f64) -> Option<Self> {
        #[expect(clippy::cast_precision_loss, reason = "a power of two")]
        let most = MOST as f64;
        (0.0..=most)
            .contains(&bytes)
            .then(|| Self(bytes.round() as u64))
    }

    /// In MB, to two digits, as Heroku's log has it.
    #[must_use]
    pub fn as_mb(self) -> f64 {
        self.as_f64() / Self(MB).as_f64()
    }

    /// How much of another amount it is, in thousandths.
    #[must_use]
    pub fn permille_of(self, whole: Self) -> u32 {
        let whole = u128::from(whole.0.max(1));
        let rounded = (1_000 * u128::from(self.0) + whole / 2) / whole;
        u32::try_from(rounded).unwrap_or(u32::MAX)
    }

    /// The same in percent, so that it is rounded the same wherever it is told.
    #[must_use]
    pub fn percent_of(self, whole: Self) -> f64 {
        f64::from(self.permille_of(whole)) / 10.0
    }

    /// So many percent of it.
    #[must_use]
    pub fn percent(self, percent: u32) -> Self {
        Self(u64::try_from(u128::from(self.0) * u128::from(percent) / 100).unwrap_or(u64::MAX))
    }

    /// What is left of it; nothing, where the other is as much.
    #[must_use]
    pub const fn less(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }

    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }

    #[must_use]
    pub const fn minus(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

impl FromStr for Bytes {
    type Err = Invalid;

    /// `450MB`, `1.2GB`: a number with one of these units.
    fn from_str(text: &str) -> Result<Self, Invalid> {
        let upper = text.to_ascii_uppercase();
        let unit = [("MB", MB), ("GB", GB)];
        let found = unit
            .into_iter()
            .find_map(|(unit, bytes)| Some((upper.strip_suffix(unit)?.trim_end(), bytes)));
        let Some((digits, unit)) = found else {
            return Err(Invalid::new("a size is a number with MB or GB", EXAMPLE));
        };
        let is_number = !digits.is_empty()
            && digits.bytes().all(|b| b.is_ascii_digit() || b == b'.')
            && digits.bytes().next().is_some_and(|b| b.is_ascii_digit());
        let number = is_number.then(|| digits.parse::<f64>().ok()).flatten();
        let bytes = number.and_then(|number| Self::of(number * Self(unit).as_f64()));
        bytes
            .filter(|bytes| *bytes >= Self(MB))
            .ok_or_else(|| Invalid::new("it is no amount of memory that a dyno has", EXAMPLE))
    }
}

/// As it is written in a schedule: `450MB`, `1.5GB`; read back the same.
impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 >= GB && (self.0 * 100).is_multiple_of(GB) {
            write!(f, "{}GB", self.as_f64() / Self(GB).as_f64())
        } else {
            let hundredths = (self.as_mb() * 100.0).round() / 100.0;
            write!(f, "{hundredths}MB")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heroku_s_megabytes_are_powers_of_two() {
        for (text, bytes, said) in [
            ("450MB", 450 << 20, "450MB"),
            ("1.5GB", 1_536 << 20, "1.5GB"),
            ("512 mb", 512 << 20, "512MB"),
            ("1024MB", 1 << 30, "1GB"),
            ("1.2GB", 1_288_490_189, "1228.8MB"),
        ] {
            let read: Bytes = text.parse().expect(text);
            assert_eq!((read.as_u64(), read.to_string().as_str()), (bytes, said));
        }
    }

    #[test]
    fn what_is_no_size_is_refused() {
        for text in [
            "",
            "MB",
            "450",
            "450kB",
            "-1MB",
            "1e3MB",
            ".5GB",
            "1..2GB",
            "0MB",
            "infMB",
            "9999999GB",
        ] {
            assert!(text.parse::<Bytes>().is_err(), "{text}");
        }
    }
}
