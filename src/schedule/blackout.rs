//! Dates on which nothing is restarted: `2026-12-24..2026-12-26`, both ends included, or `2026-11-27`.

use super::{Invalid, wall::first_instant_of};
use jiff::{Timestamp, civil::Date, tz::TimeZone};
use std::{fmt, ops::Range, str::FromStr};

const EXAMPLE: &str = "2026-12-24..2026-12-26 or 2026-11-27";

/// Whole days of a zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Blackout {
    first: Date,
    last: Date,
}

impl Blackout {
    /// From the first midnight to the one after the last day.
    pub(super) fn instants(self, zone: &TimeZone) -> Option<Range<Timestamp>> {
        let begin = first_instant_of(self.first.to_datetime(jiff::civil::Time::midnight()), zone)?;
        let end = self.last.tomorrow().ok()?;
        let end = first_instant_of(end.to_datetime(jiff::civil::Time::midnight()), zone)?;
        Some(begin..end)
    }

    /// `24 to 26 December 2026`, as people say it.
    #[must_use]
    pub fn in_words(self) -> String {
        let (first, last) = (self.first, self.last);
        let end = last.strftime("%-d %B %Y");
        if first == last {
            end.to_string()
        } else if (first.year(), first.month()) == (last.year(), last.month()) {
            format!("{} to {end}", first.day())
        } else if first.year() == last.year() {
            format!("{} to {end}", first.strftime("%-d %B"))
        } else {
            format!("{} to {end}", first.strftime("%-d %B %Y"))
        }
    }
}

impl FromStr for Blackout {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let date = |text: &str| {
            let text = text.trim();
            let is_plain =
                text.len() == 10 && text.bytes().all(|b| b.is_ascii_digit() || b == b'-');
            let date: Option<Date> = text.parse().ok().filter(|_| is_plain);
            let date = date.filter(|date| (2000..2200).contains(&date.year()));
            date.ok_or_else(|| {
                Invalid::new(
                    format!("'{text}' is no date (of the years 2000 to 2199, as YYYY-MM-DD)"),
                    EXAMPLE,
                )
            })
        };
        let (first, last) = text.split_once("..").unwrap_or((text, text));
        let (first, last) = (date(first)?, date(last)?);
        if last < first {
            return Err(Invalid::new(
                format!("it ends before it begins: write {last}..{first}"),
                EXAMPLE,
            ));
        }
        Ok(Self { first, last })
    }
}

impl fmt::Display for Blackout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.first == self.last {
            write!(f, "{}", self.first)
        } else {
            write!(f, "{}..{}", self.first, self.last)
        }
    }
}
