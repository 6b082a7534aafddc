//! Which occurrences of a schedule count, and when each is acted on. One before the schedule was set,
//! inside a pause or a blackout, or outside the windows is void: it is never caught up.
//!
//! An occurrence is the instant that the calendar names; with jitter it is due a little later. A dyno
//! that started at or after the occurrence satisfies it.

use super::{Bar, Pause, Schedule};
use jiff::{SignedDuration, Timestamp, ToSpan, tz::TimeZone};
use sha2::{Digest, Sha256};
use std::fmt;

/// Turns of a search among occurrences that windows and blackouts make void. A turn leads at least to
/// the next window: for a calendar of most days these are years, for one of few dates centuries.
pub(super) const LONGEST_SEARCH: usize = 2_000;

impl Schedule {
    /// The latest occurrence that is due by `now`.
    #[must_use]
    pub fn latest_occurrence(&self, now: Timestamp) -> Option<Timestamp> {
        let latest = self.latest_valid(now)?;
        if !self.is_ahead(latest, now) {
            return Some(latest);
        }
        // Jitter never reaches the next occurrence, so the one before is due.
        self.latest_valid(before(latest)?)
    }

    /// The first occurrence that is due after `now`; `None` while paused without an end.
    #[must_use]
    pub fn next_occurrence(&self, now: Timestamp) -> Option<Timestamp> {
        if matches!(self.pause, Some(Pause { until: None })) {
            return None;
        }
        let latest = self.jitter.and_then(|_| self.latest_valid(now));
        let waiting = latest.filter(|latest| self.is_ahead(*latest, now));
        waiting.or_else(|| self.next_valid(now))
    }

    /// When the next occurrence is due.
    #[must_use]
    pub fn next_due(&self, now: Timestamp) -> Option<Timestamp> {
        Some(self.due_at(self.next_occurrence(now)?))
    }

    /// When an occurrence is due: at once, or later by a part of the jitter that is the same on every
    /// machine. Before the next occurrence, and before its window closes.
    #[must_use]
    pub fn due_at(&self, occurrence: Timestamp) -> Timestamp {
        let Some(jitter) = self.jitter else {
            return occurrence;
        };
        let next = self.next_valid(occurrence);
        let closes = self.bounds.allowed_until(occurrence);
        let ends = [next, closes].into_iter().flatten().min();
        let room = ends.map_or(SignedDuration::MAX, |end| end.duration_since(occurrence));
        let room = room.min(jitter.duration()).as_secs();
        let share = self.share(occurrence, u64::try_from(room).unwrap_or(0));
        occurrence + SignedDuration::from_secs(share)
    }

    /// Whether an occurrence that has come is due only later, by its jitter.
    fn is_ahead(&self, occurrence: Timestamp, now: Timestamp) -> bool {
        let jitter = self.jitter.unwrap_or_default().duration();
        now < occurrence + jitter && now < self.due_at(occurrence)
    }

    /// A number below `room`, the same for the same app, schedule and occurrence wherever it is asked
    /// for, and spread evenly.
    fn share(&self, occurrence: Timestamp, room: u64) -> i64 {
        let text = format!("{}\n{}\n{occurrence}", self.app.name, self.name);
        let digest = Sha256::digest(text.as_bytes());
        let number = u64::from_be_bytes(std::array::from_fn(|place| digest[place]));
        let share = (u128::from(number) * u128::from(room)) >> 64;
        i64::try_from(share).unwrap_or(0)
    }

    /// After this instant an occurrence is no longer acted on.
    #[must_use]
    pub fn expires_at(&self, occurrence: Timestamp) -> Timestamp {
        self.due_at(occurrence) + self.guards.catch_up.duration()
    }

    /// How many valid occurrences lie after `after` and up to `through`, counted up to `most`.
    #[must_use]
    pub fn count(&self, after: Timestamp, through: Timestamp, most: usize) -> usize {
        let next = |last: &Timestamp| self.next_valid(*last);
        let all = std::iter::successors(self.next_valid(after), next);
        all.take_while(|occurrence| *occurrence <= through)
            .take(most)
            .count()
    }

    /// The next instant of any of these after `now` at which an occurrence is due, and the zone of
    /// whichever it is of.
    #[must_use]
    pub fn next_of<'a>(
        schedules: impl Iterator<Item = &'a Self>,
        now: Timestamp,
    ) -> Option<(Timestamp, TimeZone)> {
        let next = schedules.filter_map(|schedule| Some((schedule.next_due(now)?, schedule)));
        let (next, schedule) = next.min_by_key(|(next, _)| *next)?;
        Some((next, schedule.time_zone()))
    }

    /// What makes an occurrence void.
    #[must_use]
    pub fn void(&self, occurrence: Timestamp) -> Option<Void> {
        let is_paused = match self.pause {
            None => false,
            Some(Pause { until }) => until.is_none_or(|until| occurrence < until),
        };
        if is_paused {
            return Some(Void::Paused);
        }
        if self.since.is_some_and(|since| occurrence < since) {
            return Some(Void::BeforeItWasSet);
        }
        self.bounds.bar(occurrence).map(Void::Barred)
    }

    fn latest_valid(&self, now: Timestamp) -> Option<Timestamp> {
        let calendar = self.calendar.as_ref()?;
        let floor = self.floor();
        let mut through = now;
        for _ in 0..LONGEST_SEARCH {
            let latest = calendar.latest(through)?;
            if floor.is_some_and(|floor| latest < floor) {
                return None;
            }
            if self.bounds.bar(latest).is_none() {
                return Some(latest);
            }
            through = self.bounds.last_allowed(before(latest)?)?;
        }
        None
    }

    fn next_valid(&self, now: Timestamp) -> Option<Timestamp> {
        let calendar = self.calendar.as_ref()?;
        let before_floor = self.floor().and_then(before);
        let mut after = now.max(before_floor.unwrap_or(now));
        for _ in 0..LONGEST_SEARCH {
            let next = calendar.next(after)?;
            if self.bounds.bar(next).is_none() {
                return Some(next);
            }
            after = before(self.bounds.next_allowed(next)?)?;
        }
        None
    }
}

/// Why an occurrence does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Void {
    Paused,
    BeforeItWasSet,
    Barred(Bar),
}

impl Void {
    /// The word, as `--json` has it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Paused => "paused",
            Self::BeforeItWasSet => "before_it_was_set",
            Self::Barred(Bar::OutsideWindow) => "outside_window",
            Self::Barred(Bar::Blackout(_)) => "blackout",
        }
    }
}

impl fmt::Display for Void {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Paused => f.write_str("paused"),
            Self::BeforeItWasSet => f.write_str("before the schedule was set"),
            Self::Barred(bar) => bar.fmt(f),
        }
    }
}

fn before(instant: Timestamp) -> Option<Timestamp> {
    instant.checked_sub(1.nanosecond()).ok()
}
