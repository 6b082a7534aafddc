//! Times of day as users write them: `7`, `07`, `07:30`, `7pm`; and lists of them.

use super::Invalid;
use jiff::civil::Time;
use std::{fmt, str::FromStr};

const EXAMPLE: &str = "07, 07:30 or 7pm";

/// A minute of the day on a wall clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct TimeOfDay {
    hour: i8,
    minute: i8,
}

impl TimeOfDay {
    pub const MIDNIGHT: Self = Self { hour: 0, minute: 0 };

    /// `None` for what no clock shows.
    #[must_use]
    pub fn new(hour: i8, minute: i8) -> Option<Self> {
        ((0..24).contains(&hour) && (0..60).contains(&minute)).then_some(Self { hour, minute })
    }

    #[must_use]
    pub fn time(self) -> Time {
        Time::constant(self.hour, self.minute, 0, 0)
    }
}

impl FromStr for TimeOfDay {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let lower = text.trim().to_ascii_lowercase();
        let (clock, half) = match (lower.strip_suffix("am"), lower.strip_suffix("pm")) {
            (Some(clock), _) => (clock.trim_end(), Some(0)),
            (_, Some(clock)) => (clock.trim_end(), Some(12)),
            _ => (lower.as_str(), None),
        };
        let (hour, minute) = clock
            .split_once(':')
            .map_or((clock, None), |(h, m)| (h, Some(m)));
        let hour = number(hour, 1..=2).ok_or_else(|| {
            Invalid::new("a time of day is an hour, or an hour and minutes", EXAMPLE)
        })?;
        let minute = match minute {
            Some(minute) => number(minute, 2..=2)
                .ok_or_else(|| Invalid::new("minutes are written with two digits", EXAMPLE))?,
            None => 0,
        };
        if minute > 59 {
            return Err(Invalid::new("minutes go from 00 to 59", EXAMPLE));
        }
        let hour = match half {
            None if hour > 23 => return Err(Invalid::new("hours go from 0 to 23", EXAMPLE)),
            Some(_) if !(1..=12).contains(&hour) => {
                return Err(Invalid::new("hours with am or pm go from 1 to 12", EXAMPLE));
            }
            None => hour,
            Some(half) => hour % 12 + half,
        };
        Ok(Self { hour, minute })
    }
}

impl TimeOfDay {
    /// The one that is half a day away: for 07:30 19:30, and the other way round.
    #[must_use]
    pub fn opposite(self) -> Self {
        let hour = (self.hour + 12) % 24;
        Self { hour, ..self }
    }
}

/// Reads a decimal number with this many digits; a leading zero is only a zero, never octal.
fn number(text: &str, digits: std::ops::RangeInclusive<usize>) -> Option<i8> {
    (digits.contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit()))
        .then(|| text.parse().ok())?
}

impl fmt::Display for TimeOfDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.hour, self.minute)
    }
}

/// One or more times of day, in order, each once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Times(Vec<TimeOfDay>);

impl Times {
    /// This one alone.
    #[must_use]
    pub fn of(time: TimeOfDay) -> Self {
        Self(vec![time])
    }

    #[must_use]
    pub fn as_slice(&self) -> &[TimeOfDay] {
        &self.0
    }

    pub fn iter(&self) -> impl Iterator<Item = TimeOfDay> {
        self.0.iter().copied()
    }
}

impl FromStr for Times {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        if text.trim().is_empty() {
            return Err(Invalid::new("no time is given", "07,14 or 07:30"));
        }
        let mut times = text
            .split(',')
            .map(str::parse)
            .collect::<Result<Vec<TimeOfDay>, _>>()?;
        times.sort_unstable();
        match times.windows(2).find(|pair| pair[0] == pair[1]) {
            Some(pair) => Err(Invalid::new(
                format!("{} is given twice", pair[0]),
                "07,14 or 07:30",
            )),
            None => Ok(Self(times)),
        }
    }
}

impl fmt::Display for Times {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let texts: Vec<_> = self.0.iter().map(ToString::to_string).collect();
        f.write_str(&texts.join(","))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ways_people_write_a_time_are_read() {
        for (text, shown) in [
            ("7", "07:00"),
            ("07", "07:00"),
            ("08", "08:00"),
            ("09", "09:00"),
            ("7am", "07:00"),
            ("7pm", "19:00"),
            ("12am", "00:00"),
            ("12pm", "12:00"),
            ("07:00", "07:00"),
            ("7:30 PM", "19:30"),
            ("0", "00:00"),
            ("23:59", "23:59"),
        ] {
            assert_eq!(
                text.parse::<TimeOfDay>().map(|t| t.to_string()),
                Ok(shown.to_owned()),
                "{text}"
            );
        }
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for text in [
            "25", "24", "7:60", "7:5", "", "-1", "0am", "13pm", "007", "7:", ":30", "noon",
            "7:30:00", "٧",
        ] {
            assert!(text.parse::<TimeOfDay>().is_err(), "{text}");
        }
        for text in ["", "07,", "08,8", ",", "7,25"] {
            assert!(text.parse::<Times>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_list_is_sorted() {
        assert_eq!(
            "14,7".parse::<Times>().map(|t| t.to_string()),
            Ok("07:00,14:00".to_owned())
        );
    }
}
