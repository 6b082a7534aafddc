//! Days of the week: `mon-fri`, `sat,sun`, `sat-mon` (wraps), `weekdays`, `weekends`, `daily`.

use super::Invalid;
use jiff::civil::Weekday;
use std::{fmt, str::FromStr};

const EXAMPLE: &str = "mon-fri or sat,sun";
const NAMES: [&str; 7] = [
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
    "Sunday",
];

/// A set of weekdays, never empty; index 0 is Monday.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Days([bool; 7]);

impl Days {
    pub const DAILY: Self = Self([true; 7]);

    /// The days with these numbers, 0 for Monday.
    #[must_use]
    pub fn of(numbers: impl Iterator<Item = usize>) -> Self {
        let mut days = [false; 7];
        numbers.for_each(|number| days[number % 7] = true);
        Self(days)
    }

    #[must_use]
    pub fn contains(self, day: Weekday) -> bool {
        self.0[index(day)]
    }

    #[must_use]
    pub fn is_daily(self) -> bool {
        self == Self::DAILY
    }

    /// The days as people say them: `Monday to Friday`, `Saturday and Sunday`; empty when daily.
    #[must_use]
    pub fn in_words(self) -> String {
        if self.is_daily() {
            return String::new();
        }
        let words: Vec<String> = self
            .runs()
            .into_iter()
            .flat_map(|(first, length)| match length {
                1 | 2 => (0..length)
                    .map(|step| NAMES[(first + step) % 7].to_owned())
                    .collect(),
                _ => vec![format!(
                    "{} to {}",
                    NAMES[first],
                    NAMES[(first + length - 1) % 7]
                )],
            })
            .collect();
        join_with_and(&words)
    }

    /// Runs of neighbouring days as (first, length), the week taken as a circle.
    fn runs(self) -> Vec<(usize, usize)> {
        let starts = (0..7).filter(|&day| self.0[day] && !self.0[(day + 6) % 7]);
        starts
            .map(|first| {
                (
                    first,
                    (0..7).take_while(|step| self.0[(first + step) % 7]).count(),
                )
            })
            .collect()
    }
}

fn index(day: Weekday) -> usize {
    usize::try_from(day.to_monday_zero_offset()).unwrap_or(0)
}

/// `a`, `a and b`, `a, b and c`.
pub(super) fn join_with_and(words: &[String]) -> String {
    match words {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

impl FromStr for Days {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let mut days = [false; 7];
        for part in text.split(',').map(|part| part.trim().to_ascii_lowercase()) {
            let (first, last) = match part.as_str() {
                "daily" => (0, 6),
                "weekdays" => (0, 4),
                "weekends" => (5, 6),
                range => match range.split_once('-') {
                    Some((first, last)) => (day(first)?, day(last)?),
                    None => (day(range)?, day(range)?),
                },
            };
            let length = (last + 7 - first) % 7;
            (0..=length).for_each(|step| days[(first + step) % 7] = true);
        }
        Ok(Self(days))
    }
}

fn day(text: &str) -> Result<usize, Invalid> {
    let text = text.trim();
    let found = NAMES.iter().position(|name| {
        let name = name.to_ascii_lowercase();
        text == name || (text.len() >= 3 && text.len() <= 5 && name.starts_with(text))
    });
    found.ok_or_else(|| Invalid::new(format!("'{text}' is not a day of the week"), EXAMPLE))
}

impl fmt::Display for Days {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_daily() {
            return f.write_str("daily");
        }
        let short = |day: usize| NAMES[day % 7][..3].to_ascii_lowercase();
        let parts: Vec<String> = self
            .runs()
            .into_iter()
            .map(|(first, length)| {
                if length == 1 {
                    short(first)
                } else {
                    format!("{}-{}", short(first), short(first + length - 1))
                }
            })
            .collect();
        f.write_str(&parts.join(","))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_read_printed_and_said() {
        for (text, shown, said) in [
            ("mon-fri", "mon-fri", "Monday to Friday"),
            ("weekdays", "mon-fri", "Monday to Friday"),
            ("sat,sun", "sat-sun", "Saturday and Sunday"),
            ("sat-mon", "sat-mon", "Saturday to Monday"),
            ("Monday, thurs", "mon,thu", "Monday and Thursday"),
            (
                "mon-wed,fri",
                "mon-wed,fri",
                "Monday to Wednesday and Friday",
            ),
            ("mon-sun", "daily", ""),
        ] {
            let days: Days = text.parse().expect(text);
            assert_eq!(
                (days.to_string().as_str(), days.in_words().as_str()),
                (shown, said)
            );
        }
    }

    #[test]
    fn what_is_no_day_is_refused() {
        for text in ["", "mon-xyz", "mon-", "m", "mon,,fri", "funday", "1-5"] {
            assert!(text.parse::<Days>().is_err(), "{text}");
        }
    }
}
