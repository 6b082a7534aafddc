//! When a dyno is restarted next, as far as can be told: by a calendar, an age, or what its memory is
//! forecast to come to.

use super::by_memory::{due_ahead_of_limit, until_next};
use crate::{
    memory::{Bytes, Life, Outlook},
    schedule::Schedule,
    snapshot::Dyno,
};
use jiff::Timestamp;

/// What is known of a dyno's memory.
#[derive(Debug, Clone, Copy)]
pub struct OfLife<'a> {
    pub life: Option<&'a Life>,
    pub quota: Option<Bytes>,
    pub is_ended_at_quota: bool,
}

/// Farther ahead no occurrence is looked for.
const MOST_OCCURRENCES: usize = 64;

/// When one schedule restarts a dyno next, and by what of it, in words; `None` where nothing is expected.
#[must_use]
pub fn expected(
    schedule: &Schedule,
    dyno: &Dyno,
    known: OfLife<'_>,
    now: Timestamp,
) -> Option<(Timestamp, &'static str)> {
    if schedule.is_paused(now) {
        return None;
    }
    let regular = schedule.expected_restart(dyno.created_at, now);
    let all = [
        regular.map(|at| (at, "schedule")),
        if_needed(schedule, dyno, known, now),
        at_threshold(schedule, known, now).map(|at| (at, "memory")),
        before_limit(schedule, known, now).map(|at| (at, "memory forecast")),
    ];
    all.into_iter().flatten().min()
}

/// The first occurrence of a calendar that heeds memory at which this dyno will need it, as far as is known.
fn if_needed(
    schedule: &Schedule,
    dyno: &Dyno,
    known: OfLife<'_>,
    now: Timestamp,
) -> Option<(Timestamp, &'static str)> {
    if !schedule.memory.if_needed {
        return None;
    }
    let after = |last: &Timestamp| schedule.next_occurrence(schedule.due_at(*last));
    let occurrences = std::iter::successors(schedule.next_occurrence(now), after);
    let is_its = |at: &Timestamp| dyno.created_at < *at && !schedule.is_young(dyno.created_at, *at);
    let mut occurrences = occurrences.filter(is_its).take(MOST_OCCURRENCES);
    let threshold = schedule.memory.threshold();
    let threshold = threshold.of(known.quota, known.is_ended_at_quota);
    let needs = |at: Timestamp| {
        let (life, threshold) = known.life.zip(threshold)?;
        life.reaches(threshold, until_next(schedule, at), now)
    };
    occurrences.find_map(|occurrence| {
        let at = schedule.due_at(occurrence);
        match needs(at) {
            Some(false) => None,
            Some(true) => Some((at, "schedule")),
            None => Some((at, "schedule, if needed")),
        }
    })
}

fn at_threshold(schedule: &Schedule, known: OfLife<'_>, now: Timestamp) -> Option<Timestamp> {
    let threshold = schedule.memory.threshold?;
    let threshold = threshold.of(known.quota, known.is_ended_at_quota)?;
    let Outlook::Reaches(forecast) = known.life?.outlook(threshold, now) else {
        return None;
    };
    schedule.bounds.next_allowed(forecast.at.max(now))
}

fn before_limit(schedule: &Schedule, known: OfLife<'_>, now: Timestamp) -> Option<Timestamp> {
    let due_at = due_ahead_of_limit(schedule, known.life?, known.quota?, now)?;
    schedule.bounds.next_allowed(due_at.max(now))
}
