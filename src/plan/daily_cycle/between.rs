//! The gaps between the restarts of a schedule, whatever its app's dynos are now.

use super::{Gap, gap};
use crate::schedule::{CYCLE_AFTER, Schedule, Target};
use jiff::{SignedDuration, Timestamp};

/// Restarts that are looked at for gaps: two months of one every five minutes.
const MOST_RESTARTS: usize = 18_000;

/// A gap between two restarts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Between {
    pub restart: Timestamp,
    pub next: Option<Timestamp>,
    /// `None` where only lateness makes the gap: it is 24 hours to the second.
    pub gap: Option<Gap>,
}

/// The gaps of 24 hours and more from one restart to the next of all dynos that a target is about, by
/// those of its app's schedules that are about all of them; whatever the dynos are now.
#[must_use]
pub fn between(
    target: &Target,
    of_app: &[&Schedule],
    from: Timestamp,
    to: Timestamp,
) -> Vec<Between> {
    let counts = |schedule: &&&Schedule| {
        let rests = schedule.pause.is_some_and(|pause| pause.until.is_none());
        // What memory needs, or not, comes at no time that is known.
        !rests && schedule.target.covers(target) && schedule.is_expected()
    };
    let schedules: Vec<&Schedule> = of_app.iter().filter(counts).copied().collect();
    if schedules.is_empty() {
        return vec![];
    }
    let next = |restart: Timestamp| {
        let of_one = |schedule: &&Schedule| schedule.expected_restart(restart, restart);
        schedules.iter().filter_map(of_one).min()
    };
    // Where every occurrence counts, no gap lies between those of one day.
    let is_dense = schedules
        .iter()
        .all(|schedule| schedule.guards.min_uptime.is_none());
    let last_of_day = |restart: Timestamp| {
        let end = restart + CYCLE_AFTER - SignedDuration::from_nanos(1);
        let of_one = |schedule: &&Schedule| Some(schedule.due_at(schedule.latest_occurrence(end)?));
        let last = schedules.iter().filter_map(of_one).max();
        last.filter(|last| is_dense && *last > restart)
    };
    let (mut gaps, mut restart) = (vec![], next(from));
    // None within a month: from now on it fires by itself.
    restart = restart.or(Some(from));
    for _ in 0..MOST_RESTARTS {
        let Some(at) = restart.filter(|restart| *restart < to) else {
            break;
        };
        let next = next(at);
        if next.is_none_or(|next| next.duration_since(at) >= CYCLE_AFTER) {
            let gap = gap(at, at, next, None);
            gaps.push(Between {
                restart: at,
                next,
                gap,
            });
        }
        restart = last_of_day(at).or(next);
    }
    gaps
}
