//! Instants named by a calendar: times of day on days of the week, or a cron expression, in a zone.
//!
//! A time in a gap of the clock means the first instant after it; a time that comes twice means the
//! first; two times that fall on one instant are one occurrence. Intervals keep their spacing: they
//! run whenever the clock shows them, and not at all in a gap.

mod cron;
mod recurrence;
mod words;

pub use cron::Cron;
pub use recurrence::Recurrence;

use super::{
    Invalid, Zone,
    wall::{first_instant_of, passed},
};
use jiff::{Timestamp, ToSpan, civil::DateTime};
use std::fmt;

/// `--at` and `--days`, or `--cron`, with `--timezone`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Calendar {
    recurrence: Recurrence,
    zone: Zone,
}

impl Calendar {
    /// # Errors
    /// When it names no date at all, such as 31 February.
    pub fn new(recurrence: Recurrence, zone: Zone) -> Result<Self, Invalid> {
        if recurrence.is_possible() {
            Ok(Self { recurrence, zone })
        } else {
            let problem = "no date is ever like that";
            Err(Invalid::new(problem, "'0 0 28 2 *' or '0 0 L * *'"))
        }
    }

    #[must_use]
    pub fn recurrence(&self) -> &Recurrence {
        &self.recurrence
    }

    #[must_use]
    pub fn zone(&self) -> &Zone {
        &self.zone
    }

    /// The latest occurrence at or before `now`.
    #[must_use]
    pub fn latest(&self, now: Timestamp) -> Option<Timestamp> {
        if self.recurrence.is_interval() {
            return self.latest_of_interval(now);
        }
        let zone = self.zone.time_zone();
        first_instant_of(self.recurrence.before(passed(now, zone)?)?, zone)
    }

    /// The first occurrence after `now`.
    #[must_use]
    pub fn next(&self, now: Timestamp) -> Option<Timestamp> {
        if self.recurrence.is_interval() {
            return self.next_of_interval(now);
        }
        let zone = self.zone.time_zone();
        first_instant_of(self.recurrence.at_or_after(passed(now, zone)?)?, zone)
    }

    /// What the calendar names an occurrence: in a gap another reading than the clock shows then.
    #[must_use]
    pub fn reading_of(&self, occurrence: Timestamp) -> Option<DateTime> {
        let zone = self.zone.time_zone();
        let shown = zone.to_datetime(occurrence);
        if self.recurrence.is_interval() {
            return Some(shown);
        }
        let before = passed(occurrence.checked_sub(1.nanosecond()).ok()?, zone)?;
        self.recurrence.at_or_after(before)
    }

    /// All that the calendar names so: in a gap there can be several.
    pub(super) fn readings_of(&self, occurrence: Timestamp) -> impl Iterator<Item = DateTime> {
        let zone = self.zone.time_zone();
        let next = |last: &DateTime| {
            let after = last.checked_add(1.nanosecond()).ok()?;
            self.recurrence.at_or_after(after)
        };
        let all = std::iter::successors(self.reading_of(occurrence), next);
        all.take_while(move |reading| first_instant_of(*reading, zone) == Some(occurrence))
    }

    /// The first reading of the clock at or after `now`, in stretches of one offset.
    fn next_of_interval(&self, now: Timestamp) -> Option<Timestamp> {
        let zone = self.zone.time_zone();
        let mut from = now.checked_add(1.nanosecond()).ok()?;
        loop {
            let offset = zone.to_offset(from);
            let reading = self.recurrence.at_or_after(offset.to_datetime(from))?;
            let instant = offset.to_timestamp(reading).ok()?;
            let end = zone.following(from).next();
            match end.map(|transition| transition.timestamp()) {
                Some(end) if end <= instant => from = end,
                _ => return Some(instant),
            }
        }
    }

    fn latest_of_interval(&self, now: Timestamp) -> Option<Timestamp> {
        let zone = self.zone.time_zone();
        let mut through = now.checked_add(1.nanosecond()).ok()?;
        loop {
            // `through` is exclusive: at a transition, the stretch before it.
            let begin = zone.preceding(through).next();
            let inside = through.checked_sub(1.nanosecond()).ok()?;
            let offset = zone.to_offset(inside);
            let reading = self.recurrence.before(offset.to_datetime(through))?;
            let instant = offset.to_timestamp(reading).ok()?;
            match begin.map(|transition| transition.timestamp()) {
                Some(begin) if instant < begin => through = begin,
                _ => return Some(instant),
            }
        }
    }
}

impl fmt::Display for Calendar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {}", words::of(&self.recurrence), self.zone)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn calendar(at: &str, days: &str, zone: &str) -> Calendar {
        let times = at.parse().expect(at);
        let days = days.parse().expect(days);
        Calendar::new(Recurrence::At { times, days }, zone.parse().expect(zone)).expect(at)
    }

    fn next_three(calendar: &Calendar, after: &str) -> Vec<String> {
        let after: Timestamp = after.parse().expect(after);
        std::iter::successors(calendar.next(after), |last| calendar.next(*last))
            .take(3)
            .map(|t| t.to_string())
            .collect()
    }

    #[test]
    fn a_time_in_a_gap_runs_at_the_first_instant_after_it() {
        let gap = calendar("02:30", "daily", "America/New_York");
        assert_eq!(
            next_three(&gap, "2026-03-07T17:00:00Z"),
            [
                "2026-03-08T07:00:00Z",
                "2026-03-09T06:30:00Z",
                "2026-03-10T06:30:00Z"
            ]
        );
    }

    #[test]
    fn a_time_that_comes_twice_runs_once() {
        let fold = calendar("01:30", "daily", "America/New_York");
        assert_eq!(
            next_three(&fold, "2026-10-31T16:00:00Z"),
            [
                "2026-11-01T05:30:00Z",
                "2026-11-02T06:30:00Z",
                "2026-11-03T06:30:00Z"
            ]
        );
    }

    #[test]
    fn two_times_on_one_instant_are_one_occurrence() {
        let both = calendar("02:15,03", "daily", "Europe/Berlin");
        assert_eq!(
            next_three(&both, "2026-03-28T12:00:00Z"),
            [
                "2026-03-29T01:00:00Z",
                "2026-03-30T00:15:00Z",
                "2026-03-30T01:00:00Z"
            ]
        );
    }

    #[test]
    fn a_date_that_a_zone_left_out_still_runs() {
        let apia = calendar("07", "daily", "Pacific/Apia");
        assert_eq!(
            next_three(&apia, "2011-12-29T18:00:00Z"),
            [
                "2011-12-30T10:00:00Z",
                "2011-12-30T17:00:00Z",
                "2011-12-31T17:00:00Z"
            ]
        );
    }

    #[test]
    fn latest_and_next_are_neighbours() {
        let weekdays = calendar("07,14", "mon-fri", "Europe/Paris");
        let friday: Timestamp = "2026-01-02T13:00:00Z".parse().expect("instant");
        assert_eq!(weekdays.latest(friday), Some(friday));
        assert_eq!(
            weekdays.next(friday).map(|t| t.to_string()).as_deref(),
            Some("2026-01-05T06:00:00Z")
        );
    }

    #[test]
    fn a_calendar_is_said_in_words() {
        assert_eq!(
            calendar("07,14", "mon-fri", "Europe/Paris").to_string(),
            "at 07:00 and 14:00, Monday to Friday, Europe/Paris"
        );
        assert_eq!(calendar("7pm", "daily", "UTC").to_string(), "at 19:00, UTC");
    }
}
