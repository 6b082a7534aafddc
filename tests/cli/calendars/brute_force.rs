//! An oracle that shares nothing with the product but the offsets of zones: it walks every minute, and
//! looks at what the clock on the wall shows.
//!
//! A fixed time runs when the clock first shows it, or first passes it: so at each minute, every reading
//! between the latest one ever shown and the one that is shown now is new. A window is open while the
//! latest reading ever shown is in it. An interval runs whenever the clock shows it.

use jiff::{
    Timestamp,
    civil::{Date, DateTime},
    tz::TimeZone,
};

/// Minutes since the beginning of 1970 on a wall clock.
pub type Reading = i64;

/// What a calendar names, as plain facts: built beside the text that the product reads.
pub struct Rule {
    pub minutes: Vec<i64>,
    pub hours: Vec<i64>,
    pub is_on: Box<dyn Fn(Date) -> bool>,
    pub is_interval: bool,
}

/// Of each minute of a stretch: whether an occurrence falls on it, and the latest reading ever shown.
pub struct Walked {
    pub at: Timestamp,
    pub is_named: bool,
    pub latest: Reading,
}

impl Rule {
    fn names(&self, reading: Reading, is_on: bool) -> bool {
        is_on
            && self.minutes.contains(&reading.rem_euclid(60))
            && self.hours.contains(&reading.div_euclid(60).rem_euclid(24))
    }

    /// Walks from one instant to another, both at whole minutes.
    pub fn walk(&self, from: Timestamp, to: Timestamp, zone: &TimeZone) -> Vec<Walked> {
        let mut day = Day::default();
        let mut latest = latest_shown_by(from, zone);
        let (mut offset, mut change) = offset(from, zone);
        let mut walked = vec![];
        let (first, last) = (from.as_second() / 60, to.as_second() / 60);
        for minute in first..=last {
            let at = Timestamp::from_second(minute * 60).expect("an instant");
            if change.is_some_and(|change| at >= change) {
                (offset, change) = self::offset(at, zone);
            }
            let shown = minute + offset;
            let is_named = if self.is_interval {
                self.names(shown, day.is_on(self, shown))
            } else {
                // Nearly always one reading, or none.
                (latest + 1..=shown).any(|reading| self.names(reading, day.is_on(self, reading)))
            };
            latest = latest.max(shown);
            walked.push(Walked {
                at,
                is_named,
                latest,
            });
        }
        walked
    }
}

/// The date that was looked at last, and whether it is one of the rule's.
#[derive(Default)]
struct Day {
    number: Option<i64>,
    is_on: bool,
}

impl Day {
    fn is_on(&mut self, rule: &Rule, reading: Reading) -> bool {
        let number = reading.div_euclid(24 * 60);
        if self.number != Some(number) {
            self.number = Some(number);
            self.is_on = (rule.is_on)(date_of(reading));
        }
        self.is_on
    }
}

pub fn date_of(reading: Reading) -> Date {
    wall(reading).date()
}

fn wall(reading: Reading) -> DateTime {
    let since = jiff::SignedDuration::from_mins(reading);
    DateTime::constant(1970, 1, 1, 0, 0, 0, 0) + since
}

/// Minutes that the zone is ahead of UTC, and until when.
fn offset(at: Timestamp, zone: &TimeZone) -> (i64, Option<Timestamp>) {
    let change = zone.following(at).next().map(|change| change.timestamp());
    (i64::from(zone.to_offset(at).seconds()) / 60, change)
}

/// The latest reading that the clock showed before this instant, over the last two days.
fn latest_shown_by(at: Timestamp, zone: &TimeZone) -> Reading {
    let minute = at.as_second() / 60;
    let shown = |minute: i64| {
        let at = Timestamp::from_second(minute * 60).expect("an instant");
        minute + i64::from(zone.to_offset(at).seconds()) / 60
    };
    (minute - 2 * 24 * 60..minute)
        .step_by(15)
        .chain([minute - 1])
        .map(shown)
        .max()
        .expect("minutes")
}
