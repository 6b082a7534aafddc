//! Occurrences that nobody acted on.

use crate::{
    schedule::{MOST_COUNTED, Schedule},
    snapshot::{Dyno, Snapshot, State},
};
use jiff::{SignedDuration, Timestamp, tz::TimeZone};

/// An occurrence that was let pass while dynos from before it still run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missed {
    pub app: String,
    pub schedule: String,
    /// The latest one; earlier ones are only counted.
    pub occurrence: Timestamp,
    /// How many were missed, this one included; [`MOST_COUNTED`] stands for that many or more.
    pub count: usize,
    pub reason: String,
    /// The schedule's zone, in which people are told.
    pub zone: TimeZone,
}

/// The latest occurrence at or before `now` that is not judged; `judged` is the latest one that
/// this state directory has.
#[must_use]
pub fn latest_unjudged(
    schedule: &Schedule,
    judged: Option<Timestamp>,
    now: Timestamp,
) -> Option<Timestamp> {
    let latest = schedule.latest_occurrence(now)?;
    (judged.is_none_or(|judged| judged < latest)).then_some(latest)
}

/// The latest unjudged occurrence whose catch-up is over at `now`.
#[must_use]
pub fn latest_expired(
    schedule: &Schedule,
    judged: Option<Timestamp>,
    now: Timestamp,
) -> Option<Timestamp> {
    // At the instant at which catch-up ends it may still be acted on.
    let before = now - schedule.guards.catch_up.duration() - SignedDuration::from_nanos(1);
    latest_unjudged(schedule, judged, before)
}

/// Whether an occurrence left dynos as they were: they are the witnesses, whoever might have
/// restarted them.
#[must_use]
pub fn is_left(schedule: &Schedule, snapshot: &Snapshot, occurrence: Timestamp) -> bool {
    oldest_left(schedule, snapshot, occurrence).is_some()
}

/// When the oldest dyno that an occurrence left as it was had started: what came before was not missed.
#[must_use]
pub fn oldest_left(
    schedule: &Schedule,
    snapshot: &Snapshot,
    occurrence: Timestamp,
) -> Option<Timestamp> {
    let left = left(schedule, snapshot, occurrence);
    left.map(|dyno| dyno.created_at).min()
}

/// How far an occurrence had come: of the dynos that it was for, by whomever.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Progress {
    /// Those that have started since.
    pub done: usize,
    /// Those that are as they were.
    pub left: usize,
}

impl Progress {
    /// By the dynos that run now; where nobody could be asked, nothing was done.
    #[must_use]
    pub fn of(schedule: &Schedule, snapshot: Option<&Snapshot>, occurrence: Timestamp) -> Self {
        let Some(snapshot) = snapshot else {
            return Self { done: 0, left: 1 };
        };
        let meant = snapshot
            .formation_dynos()
            .filter(|dyno| schedule.target.includes(&dyno.name, &dyno.process_type));
        Self {
            done: meant.filter(|dyno| dyno.created_at >= occurrence).count(),
            left: left(schedule, snapshot, occurrence).count(),
        }
    }

    /// Of several apps.
    #[must_use]
    pub fn with(self, other: Self) -> Self {
        Self {
            done: self.done + other.done,
            left: self.left + other.left,
        }
    }

    /// Whether it was begun, and not ended.
    #[must_use]
    pub fn is_partly(self) -> bool {
        self.done > 0 && self.left > 0
    }
}

/// The dynos that an occurrence left as they were.
fn left<'a>(
    schedule: &'a Schedule,
    snapshot: &'a Snapshot,
    occurrence: Timestamp,
) -> impl Iterator<Item = &'a Dyno> {
    snapshot.formation_dynos().filter(move |dyno| {
        // A crashed or sleeping dyno was left alone on purpose.
        let is_restartable = !matches!(dyno.state, State::Crashed | State::Idle);
        let was_due =
            dyno.created_at < occurrence && !schedule.is_young(dyno.created_at, occurrence);
        schedule.target.includes(&dyno.name, &dyno.process_type) && is_restartable && was_due
    })
}

/// An unjudged occurrence, with the earlier ones behind it counted.
#[must_use]
pub fn missed(
    schedule: &Schedule,
    judged: Option<Timestamp>,
    occurrence: Timestamp,
    reason: String,
) -> Missed {
    let before_floor = |floor: Timestamp| floor - SignedDuration::from_nanos(1);
    let first = judged.max(schedule.floor().map(before_floor));
    Missed {
        app: schedule.app.name.to_string(),
        schedule: schedule.name.to_string(),
        occurrence,
        count: first.map_or(1, |first| schedule.count(first, occurrence, MOST_COUNTED)),
        reason,
        zone: schedule.time_zone(),
    }
}
