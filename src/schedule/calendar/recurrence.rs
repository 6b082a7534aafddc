//! Readings of a wall clock that a calendar names, whatever the zone: dates, and minutes of the day.

use super::Cron;
use crate::schedule::{Days, TimeOfDay, Times};
use jiff::civil::{Date, DateTime, Time};

/// The two ways to name readings; everything else is the same for both.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Recurrence {
    /// `--at` and `--days`.
    At { times: Times, days: Days },
    /// `--cron`.
    Cron(Box<Cron>),
}

/// Years between two dates of one calendar, at most: `0 0 29 2 *` on a weekday that comes once in 28
/// years, over a turn of the century that is no leap year.
const REACH: i16 = 41;

impl Recurrence {
    /// Whether times that the clock skips or repeats keep their spacing, or run once (Vixie cron: the
    /// minute or the hour begins with `*`).
    pub(super) fn is_interval(&self) -> bool {
        match self {
            Self::At { .. } => false,
            Self::Cron(cron) => cron.is_interval(),
        }
    }

    /// The first reading at or after this one.
    pub(super) fn at_or_after(&self, reading: DateTime) -> Option<DateTime> {
        let times = self.times();
        let today = reading.date();
        let place = times.partition_point(|time| time.time() < reading.time());
        if let Some(time) = times.get(place).filter(|_| self.is_on(today)) {
            return Some(today.to_datetime(time.time()));
        }
        let date = self.search(today.tomorrow().ok()?, |date| date.tomorrow().ok())?;
        Some(date.to_datetime(times.first()?.time()))
    }

    /// The last reading before this one.
    pub(super) fn before(&self, reading: DateTime) -> Option<DateTime> {
        let times = self.times();
        let today = reading.date();
        let place = times.partition_point(|time| time.time() < reading.time());
        let time = times[..place].last();
        if let Some(time) = time.filter(|_| self.is_on(today)) {
            return Some(today.to_datetime(time.time()));
        }
        let date = self.search(today.yesterday().ok()?, |date| date.yesterday().ok())?;
        Some(date.to_datetime(times.last()?.time()))
    }

    fn search(&self, first: Date, step: impl Fn(Date) -> Option<Date>) -> Option<Date> {
        let is_near = |date: &Date| (date.year() - first.year()).abs() <= REACH;
        let mut dates = std::iter::successors(Some(first), |date| step(*date)).take_while(is_near);
        dates.find(|date| self.is_on(*date))
    }

    fn times(&self) -> &[TimeOfDay] {
        match self {
            Self::At { times, .. } => times.as_slice(),
            Self::Cron(cron) => cron.times(),
        }
    }

    fn is_on(&self, date: Date) -> bool {
        match self {
            Self::At { days, .. } => days.contains(date.weekday()),
            Self::Cron(cron) => cron.is_on(date),
        }
    }

    /// Whether there is any such reading.
    pub(super) fn is_possible(&self) -> bool {
        let origin = DateTime::from_parts(Date::constant(2024, 1, 1), Time::midnight());
        self.at_or_after(origin).is_some()
    }
}
