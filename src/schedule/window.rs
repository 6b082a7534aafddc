//! A window in which restarts are allowed: `22:00-06:00`, or with the days on which it opens,
//! `sat 22:00-06:00`.

use super::{Days, Invalid, TimeOfDay, wall::first_instant_of};
use jiff::{
    Timestamp, ToSpan,
    civil::{Date, DateTime},
    tz::TimeZone,
};
use std::{
    fmt,
    ops::{Range, RangeInclusive},
    str::FromStr,
};

const EXAMPLE: &str = "22:00-06:00 or 'sat 22:00-06:00'";

/// From one time of day to another, on the same day or over midnight.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// Those on which it opens.
    days: Days,
    opens: TimeOfDay,
    /// As late as the opening or before it: on the next day.
    closes: TimeOfDay,
}

impl Window {
    /// The openings on dates so many days from that of an instant, in order; one that a gap of the
    /// clock swallows is none.
    pub(super) fn around(
        self,
        instant: Timestamp,
        days: RangeInclusive<i32>,
        zone: &TimeZone,
    ) -> impl Iterator<Item = Range<Timestamp>> {
        let today = zone.to_datetime(instant).date();
        days.filter_map(move |step| today.checked_add(step.days()).ok())
            .filter_map(move |date| self.on(date, zone))
    }

    fn on(self, date: Date, zone: &TimeZone) -> Option<Range<Timestamp>> {
        if !self.days.contains(date.weekday()) {
            return None;
        }
        let end = if self.closes <= self.opens {
            date.tomorrow().ok()?
        } else {
            date
        };
        let open = first_instant_of(date.to_datetime(self.opens.time()), zone)?;
        let close = first_instant_of(end.to_datetime(self.closes.time()), zone)?;
        (open < close).then_some(open..close)
    }

    /// Whether it is open when a clock that never jumps shows this.
    pub(super) fn is_open_at(self, reading: DateTime) -> bool {
        let time = reading.time();
        let is_over_midnight = self.closes <= self.opens;
        let is_before_close = time < self.closes.time();
        let yesterday = reading.date().yesterday();
        let opens_on = |date: Date| self.days.contains(date.weekday());
        let since_today = self.opens.time() <= time && (is_over_midnight || is_before_close);
        let since_yesterday = is_over_midnight && is_before_close;
        (since_today && opens_on(reading.date()))
            || (since_yesterday && yesterday.is_ok_and(opens_on))
    }

    /// `Saturday 22:00-06:00`.
    #[must_use]
    pub fn in_words(self) -> String {
        let days = self.days.in_words();
        let days = if days.is_empty() {
            String::new()
        } else {
            format!("{days} ")
        };
        format!("{days}{}", self.hours())
    }

    fn hours(self) -> String {
        if self.closes == TimeOfDay::MIDNIGHT {
            format!("{}-24:00", self.opens)
        } else {
            format!("{}-{}", self.opens, self.closes)
        }
    }
}

impl FromStr for Window {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let text = text.trim();
        let (days, hours) = match text.rsplit_once(char::is_whitespace) {
            Some((days, hours)) => (days.trim().parse::<Days>(), hours),
            None => (Ok(Days::DAILY), text),
        };
        let days = days.map_err(|invalid| {
            let is_reversed = text.starts_with(|first: char| first.is_ascii_digit());
            let problem = if is_reversed {
                "the days come before the times".to_owned()
            } else {
                invalid.problem
            };
            Invalid::new(problem, EXAMPLE)
        })?;
        let Some((opens, closes)) = hours.split_once('-') else {
            return Err(Invalid::new(
                "a window has two times with a - between them",
                EXAMPLE,
            ));
        };
        let time = |text: &str| {
            text.parse::<TimeOfDay>()
                .map_err(|invalid| Invalid::new(invalid.problem, EXAMPLE))
        };
        let opens = time(opens)?;
        let is_end_of_day = matches!(closes.trim(), "24" | "24:00");
        let closes = if is_end_of_day {
            TimeOfDay::MIDNIGHT
        } else {
            time(closes)?
        };
        if opens == closes && !is_end_of_day {
            return Err(Invalid::new(
                format!("it opens and closes at {opens}; a whole day is 00:00-24:00"),
                EXAMPLE,
            ));
        }
        Ok(Self {
            days,
            opens,
            closes,
        })
    }
}

impl fmt::Display for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.days.is_daily() {
            write!(f, "{}", self.hours())
        } else {
            write!(f, "{} {}", self.days, self.hours())
        }
    }
}
