//! What came of each policy: rows, shapes, charts, and what to know beside them.

use super::Compared;
use crate::{
    memory::Bytes,
    report::{
        chart::{Course, Panel},
        human,
    },
    simulate::Record,
};
use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use serde_json::{Value, json};
use std::collections::BTreeMap;

pub(super) const HEADER: [&str; 6] = [
    "Policy",
    "Restarts",
    "R14",
    "R14 avoided",
    "Wasted",
    "Worst",
];

pub(super) fn minutes(duration: SignedDuration) -> i64 {
    (duration.as_secs() + 30) / 60
}

/// Less R14 than was recorded; unknown without a quota.
fn avoided(one: &Compared, recorded: &Compared) -> Option<i64> {
    let (then, now) = (recorded.outcome.over_quota, one.outcome.over_quota);
    Some(minutes(then?) - minutes(now?))
}

pub(super) fn row(one: &Compared, recorded: &Compared) -> Vec<String> {
    let outcome = &one.outcome;
    let dash = || "-".to_owned();
    let of_minutes = |minutes: Option<i64>| minutes.map_or_else(dash, |of| format!("{of} min"));
    let or_dash = |text: String| if one.schedule.is_none() { dash() } else { text };
    let wasted = outcome.wasted.map(|wasted| wasted.to_string());
    vec![
        one.policy.clone(),
        or_dash(outcome.restarts.len().to_string()),
        of_minutes(outcome.over_quota.map(minutes)),
        or_dash(of_minutes(avoided(one, recorded))),
        or_dash(wasted.unwrap_or_else(dash)),
        outcome
            .worst
            .map_or_else(dash, |worst| format!("{worst:.0}%")),
    ]
}

pub(super) fn shape(one: &Compared, recorded: &Compared) -> Value {
    let outcome = &one.outcome;
    let restart = |(at, dyno, trigger): &(Timestamp, String, crate::plan::Trigger)| json!({ "at": at, "dyno": dyno, "trigger": trigger });
    json!({
        "policy": one.policy, "restarts": outcome.restarts.iter().map(restart).collect::<Vec<_>>(),
        "r14_minutes": outcome.over_quota.map(minutes), "r14_minutes_avoided": avoided(one, recorded),
        "wasted": outcome.wasted, "worst_percent": outcome.worst.map(f64::round),
        "left_alone": outcome.left_alone.as_ref().map(|(at, dyno, why)| json!({ "at": at, "dyno": dyno, "why": why })),
    })
}

/// What the log does not tell, and a policy that is about nothing in it.
pub(super) fn warnings(record: &Record, compared: &[Compared], zone: &TimeZone) -> Vec<String> {
    let mut warnings = vec![];
    if record.lives.iter().all(|life| life.quota.is_none()) {
        warnings.push("no line of the log has a quota: R14 and percentages of it are not known; a threshold such as 450MB works without".to_owned());
    }
    let has_start = record.lives.iter().any(|life| life.has_start);
    let by_name = record.by_name();
    let first = by_name.values().filter(|lives| !lives[0].has_start).count();
    let is_restarted = compared.iter().any(|one| !one.outcome.restarts.is_empty());
    if has_start && first > 0 && is_restarted {
        let dynos = human::dynos(first);
        warnings.push(format!("the log does not have the start of {dynos} that ran as it began: after a restart each is taken to begin as another start of its process type, and to grow as it did itself"));
    }
    if !has_start {
        warnings.push("the log has no start of a dyno: what one uses after a restart is not known, and taken to be what it used when the log began".to_owned());
    }
    let length = |(from, until): &&(Timestamp, Timestamp)| until.duration_since(*from);
    if let Some((from, until)) = record.silences.iter().max_by_key(length) {
        warnings.push(format!(
            "for {} of the log no dyno tells anything, longest from {} to {}: that time counts as no R14",
            human::span(record.silent_for()),
            human::instant(*from, zone),
            human::instant(*until, zone)
        ));
    }
    if record.dropped > 0 {
        warnings.push(format!(
            "Heroku did not deliver {} lines of this log (L10, L11)",
            record.dropped
        ));
    }
    for one in compared {
        let Some(schedule) = &one.schedule else {
            continue;
        };
        if let Some((at, dyno, why)) = &one.outcome.left_alone {
            let at = human::instant(*at, &schedule.time_zone());
            warnings.push(format!(
                "--policy '{}' leaves {dyno} alone from {at} on: {why}",
                one.policy
            ));
        }
        let target = &schedule.target;
        let mut lives = record.lives.iter();
        if !lives.any(|life| target.includes(&life.name, life.process_type())) {
            warnings.push(format!(
                "--policy '{}' is about {target}, of which the log has none",
                one.policy
            ));
        }
    }
    warnings
}

pub(super) fn panel(one: &Compared, record: &Record) -> Panel {
    let quotas: BTreeMap<&str, Option<Bytes>> = record
        .lives
        .iter()
        .map(|life| (life.name.as_str(), life.quota))
        .collect();
    // Dynos of several sizes have no quota in common.
    let mut all = quotas.values().flatten();
    let first = all.next().copied();
    let quota = first.filter(|first| all.all(|quota| quota == first));
    let memory = one.schedule.as_ref().map(|schedule| &schedule.memory);
    let threshold = memory.filter(|memory| memory.is_needed());
    let threshold = threshold.and_then(|memory| memory.threshold().of(quota, false));
    let outcome = &one.outcome;
    let of = if one.schedule.is_none() {
        String::new()
    } else {
        format!(", {} restarts", outcome.restarts.len())
    };
    Panel {
        title: format!(
            "{}: {} min of R14{of}",
            one.policy,
            outcome
                .over_quota
                .map_or("unknown".to_owned(), |over| minutes(over).to_string())
        ),
        lines: outcome
            .courses
            .iter()
            .map(|(name, points)| Course {
                name: name.clone(),
                points: points.clone(),
            })
            .collect(),
        quota,
        threshold,
        restarts: outcome.restarts.iter().map(|(at, ..)| *at).collect(),
    }
}
