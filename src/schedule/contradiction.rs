//! Flags that are each right and cannot be meant together; the same for `set` and for the file.

use super::{Calendar, Recurrence, Schedule, TimeOfDay, Times};
use jiff::Timestamp;

/// A flag, or a key of the file, that stands against another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Contradiction {
    pub key: &'static str,
    pub problem: &'static str,
    /// What would be right: flags with their values, which a file has as keys.
    pub example: [(&'static str, &'static str); 2],
}

impl Schedule {
    /// The flag (and key) that stands against another one, and why.
    #[must_use]
    pub fn contradiction(&self) -> Option<Contradiction> {
        let of_calendar = [
            ("jitter", self.jitter.is_some(), "10m"),
            ("own-daily-cycle", self.own_daily_cycle, "true"),
        ];
        let stray = of_calendar.into_iter().find(|(_, is_given, _)| *is_given);
        if let (None, Some((key, _, value))) = (&self.calendar, stray) {
            return Some(Contradiction {
                key,
                problem: "it belongs to at or cron, which is missing",
                example: [(key, value), ("at", "07")],
            });
        }
        if self.calendar.is_some() && !self.has_occurrence_in_window() {
            return Some(Contradiction {
                key: "window",
                problem: "no occurrence falls into it, so that nothing would ever be restarted",
                example: [("window", "01:00-06:00"), ("at", "03")],
            });
        }
        self.is_blacked_out(origin()).then_some(Contradiction {
            key: "except",
            problem: "it covers everything, so that nothing would ever be restarted",
            example: [("except", "2026-12-24..2026-12-26"), ("at", "07")],
        })
    }

    /// The times of `--at` that no window ever lets pass.
    #[must_use]
    pub fn idle_times(&self) -> Vec<TimeOfDay> {
        /// More than anybody names one by one.
        const MOST: usize = 24;
        let Some(calendar) = self
            .calendar
            .as_ref()
            .filter(|_| !self.bounds.windows.is_empty())
        else {
            return vec![];
        };
        let Recurrence::At { times, days } = calendar.recurrence() else {
            return vec![];
        };
        let is_idle = |time: &TimeOfDay| {
            let recurrence = Recurrence::At {
                times: Times::of(*time),
                days: *days,
            };
            let alone = Calendar::new(recurrence, calendar.zone().clone());
            let alone = Self {
                calendar: alone.ok(),
                ..self.clone()
            };
            !alone.has_occurrence_in_window()
        };
        times.iter().take(MOST).filter(is_idle).collect()
    }

    /// Whether any occurrence of the calendar, at any time, falls into a window.
    fn has_occurrence_in_window(&self) -> bool {
        let mut undated = self.clone();
        (undated.since, undated.pause) = (None, None);
        undated.bounds.blackouts = vec![];
        undated.next_occurrence(origin()).is_some()
    }

    /// Whether its blackouts leave nothing: no occurrence, or no instant, from `now` on.
    #[must_use]
    pub fn is_blacked_out(&self, now: Timestamp) -> bool {
        if self.bounds.blackouts.is_empty() {
            return false;
        }
        let mut awake = self.clone();
        (awake.since, awake.pause) = (None, None);
        let next = match self.calendar {
            Some(_) => awake.next_occurrence(now),
            None => self.bounds.next_allowed(now),
        };
        next.is_none_or(|next| !super::is_meant(next))
    }
}

/// The beginning of a cycle of weekdays and leap years: 2024.
fn origin() -> Timestamp {
    Timestamp::from_second(1_704_067_200).unwrap_or_default()
}
