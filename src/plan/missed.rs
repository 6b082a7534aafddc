//! Occurrences that nobody acted on in time.

use crate::{
    schedule::Schedule,
    snapshot::{Snapshot, State},
};
use jiff::Timestamp;

/// An occurrence whose catch-up ended while dynos from before it still run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missed {
    pub app: String,
    pub schedule: String,
    /// The latest one; earlier ones are only counted.
    pub occurrence: Timestamp,
    /// How many were missed, this one included.
    pub count: usize,
    pub reason: String,
}

/// The latest occurrence whose catch-up is over at `now` and that is not judged yet.
#[must_use]
pub fn latest_expired(
    schedule: &Schedule,
    judged: Option<Timestamp>,
    now: Timestamp,
) -> Option<Timestamp> {
    let expired = schedule.latest_occurrence(now - schedule.guards.catch_up.duration())?;
    (judged.is_none_or(|judged| judged < expired)).then_some(expired)
}

/// Whether the latest expired occurrence was missed: the dynos are the witnesses, whoever might have
/// restarted them. `judged` is the latest occurrence that this state directory has settled.
#[must_use]
pub fn missed(
    schedule: &Schedule,
    snapshot: &Snapshot,
    judged: Option<Timestamp>,
    now: Timestamp,
) -> Option<Missed> {
    let occurrence = latest_expired(schedule, judged, now)?;
    let calendar = schedule.calendar.as_ref()?;
    let min_uptime = schedule.guards.min_uptime.unwrap_or_default().duration();
    let is_left = snapshot.formation_dynos().any(|dyno| {
        // A crashed or sleeping dyno was left alone on purpose.
        let is_restartable = !matches!(dyno.state, State::Crashed | State::Idle);
        let was_due = dyno.created_at < occurrence
            && occurrence.duration_since(dyno.created_at) >= min_uptime;
        schedule.target.includes(&dyno.name, &dyno.process_type) && is_restartable && was_due
    });
    let first = judged.max(
        schedule
            .floor()
            .map(|floor| floor - jiff::SignedDuration::from_nanos(1)),
    );
    is_left.then(|| Missed {
        app: snapshot.app.name.clone(),
        schedule: schedule.name.to_string(),
        occurrence,
        count: first.map_or(1, |first| calendar.count(first, occurrence)),
        reason: format!(
            "no pass ran from {occurrence} for {}",
            schedule.guards.catch_up
        ),
    })
}
