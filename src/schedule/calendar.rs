//! Instants named by a calendar: times of day on days of the week, in a zone.
//!
//! A time in a gap of the clock means the first instant after it; a time that comes twice means the
//! first; two times that fall on one instant are one occurrence.

use super::{Days, TimeOfDay, Times, Zone, days::join_with_and};
use jiff::{
    Timestamp, ToSpan,
    civil::{Date, DateTime},
    tz::{AmbiguousOffset, TimeZone},
};
use std::fmt;

/// `--at`, `--days` and `--timezone` of a schedule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Calendar {
    pub at: Times,
    pub days: Days,
    pub zone: Zone,
}

/// Dates on either side of today that can hold the neighbouring occurrence: a week, since days
/// repeat weekly, and one for a date that the zone left out (Pacific/Apia, 2011-12-30).
const REACH: i32 = 8;

impl Calendar {
    /// The latest occurrence at or before `now`.
    #[must_use]
    pub fn latest(&self, now: Timestamp) -> Option<Timestamp> {
        self.around(now)
            .filter(|occurrence| *occurrence <= now)
            .max()
    }

    /// The first occurrence after `now`.
    #[must_use]
    pub fn next(&self, now: Timestamp) -> Option<Timestamp> {
        self.around(now)
            .filter(|occurrence| *occurrence > now)
            .min()
    }

    /// The first occurrence at or after `instant`.
    #[must_use]
    pub fn at_or_after(&self, instant: Timestamp) -> Option<Timestamp> {
        self.around(instant)
            .filter(|occurrence| *occurrence >= instant)
            .min()
    }

    /// How many occurrences lie after `after` and up to `through`.
    #[must_use]
    pub fn count(&self, after: Timestamp, through: Timestamp) -> usize {
        std::iter::successors(self.next(after), |last| self.next(*last))
            .take_while(|occurrence| *occurrence <= through)
            .count()
    }

    fn around(&self, instant: Timestamp) -> impl Iterator<Item = Timestamp> {
        let today = self.zone.time_zone().to_datetime(instant).date();
        let dates = (-REACH..=REACH).filter_map(move |step| today.checked_add(step.days()).ok());
        dates
            .filter(|date| self.days.contains(date.weekday()))
            .flat_map(|date| self.on(date))
    }

    fn on(&self, date: Date) -> impl Iterator<Item = Timestamp> {
        let zone = self.zone.time_zone();
        let wall = move |time: TimeOfDay| date.to_datetime(time.time());
        self.at
            .iter()
            .filter_map(move |time| first_instant_of(wall(time), zone))
    }
}

/// The first instant at which a wall clock of this zone shows the reading; where it never does, the
/// first one after the gap.
#[must_use]
pub fn first_instant_of(wall: DateTime, zone: &TimeZone) -> Option<Timestamp> {
    match zone.to_ambiguous_timestamp(wall).offset() {
        AmbiguousOffset::Unambiguous { offset } => offset.to_timestamp(wall).ok(),
        AmbiguousOffset::Fold { before, .. } => before.to_timestamp(wall).ok(),
        AmbiguousOffset::Gap { before, .. } => {
            // Read with the offset from before the gap, the wall time lies at or after the
            // transition; the transition itself is the first instant after the gap.
            let read = before.to_timestamp(wall).ok()?;
            let after_gap = read.checked_add(1.nanosecond()).ok()?;
            let transition = zone.preceding(after_gap).next()?;
            Some(transition.timestamp())
        }
    }
}

impl fmt::Display for Calendar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let times: Vec<String> = self.at.iter().map(|time| time.to_string()).collect();
        let days = self.days.in_words();
        let comma = if days.is_empty() { "" } else { ", " };
        write!(
            f,
            "at {}{comma}{days}, {}",
            join_with_and(&times),
            self.zone
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn calendar(at: &str, days: &str, zone: &str) -> Calendar {
        Calendar {
            at: at.parse().expect(at),
            days: days.parse().expect(days),
            zone: zone.parse().expect(zone),
        }
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
