//! What `set` says back: the schedule in words, and what somebody should know who set it.

use super::{super::Context, seen::Seen};
use crate::{
    report::human,
    schedule::{NotifyName, Schedule, Span, Target},
};
use jiff::{SignedDuration, Timestamp};
use std::fmt::Write as _;

pub(super) fn in_words(schedule: &Schedule, is_replaced: bool, now: Timestamp) -> String {
    let verb = if is_replaced { "Replaced" } else { "Created" };
    let budget = schedule.guards.max_unavailable.to_string();
    let pace = if budget == "1" {
        match schedule.target {
            Target::All => "one of a process type at a time".to_owned(),
            Target::ProcessType(_) | Target::Dyno(_) => "one at a time".to_owned(),
        }
    } else {
        format!("at most {budget} of a process type at a time")
    };
    let guards = &schedule.guards;
    let check = guards.check_url.as_ref();
    let check = check.map(|url| format!(", each once {} answers well", url.place()));
    let busy = guards.busy_url.as_ref();
    let busy = busy.map(|url| format!(", while {} does not say no", url.place()));
    let pace = format!(
        "{pace}{}{}",
        check.unwrap_or_default(),
        busy.unwrap_or_default()
    );
    let mut text = format!(
        "{verb} schedule {} of ⬢ {}: {} {} {}, {pace}",
        schedule.name,
        schedule.app.name,
        schedule.target,
        schedule.target.restarts(),
        schedule.when()
    );
    let zone = schedule.time_zone();
    if let Some(due) = schedule.latest_occurrence(now) {
        let _ = write!(
            text,
            "\n  now   {}: the next pass acts on it",
            human::instant(due, &zone)
        );
    }
    let mut next = schedule.next_due(now);
    for label in ["next", "then", "then"] {
        let Some(due) = next else { break };
        let _ = write!(
            text,
            "\n  {label}  {} ({})",
            human::instant(due, &zone),
            human::distance(now, due)
        );
        next = schedule.next_due(due);
    }
    if let Some(age) = schedule.age_in_words() {
        let label = if schedule.calendar.is_some() {
            "or  "
        } else {
            "next"
        };
        let _ = write!(text, "\n  {label}  {age}");
    }
    if !schedule.notify.is_empty() {
        let names: Vec<&str> = schedule.notify.iter().map(NotifyName::as_str).collect();
        let _ = write!(text, "\n  tells {} what goes wrong", names.join(", "));
    }
    let idle = schedule.idle_times();
    if !idle.is_empty() {
        let idle: Vec<String> = idle.iter().map(ToString::to_string).collect();
        let idle = idle.join(", ");
        let _ = write!(text, "\n  never {idle}: outside the window");
    }
    text
}

/// Other schedules that are about some of the same dynos: allowed, and worth knowing.
pub(super) fn overlaps(context: &Context<'_>, schedule: &Schedule, all: &[Schedule]) {
    let is_other = |other: &&Schedule| {
        let is_of_app = other.app.is_same(&schedule.app) && other.name != schedule.name;
        is_of_app && other.target.overlaps(&schedule.target)
    };
    let is_shadow = |other: &&Schedule| {
        let are_several = other.app.is_fleet() && schedule.app.is_fleet();
        are_several && !other.app.is_same(&schedule.app) && other.name == schedule.name
    };
    for other in all.iter().filter(is_shadow) {
        context.ui.warn(&format!(
            "⬢ {} has a schedule {} too: an app of both goes by the one that comes first in the file alone; another --name has it go by both",
            other.app.name, other.name
        ));
    }
    for other in all.iter().filter(is_other) {
        context.ui.say(&format!(
            "Schedule {} of ⬢ {} is about some of these dynos too ({}, {}): both restart them, and once where they fall together",
            other.name, other.app.name, other.target, other.when()
        ));
    }
}

/// A calendar that restarts a dyno that has hardly booted may be a slip.
fn crowded(context: &Context<'_>, schedule: &Schedule, now: Timestamp) {
    const AN_HOUR: SignedDuration = SignedDuration::from_hours(1);
    /// Those of two days, if they are an hour apart.
    const MOST: usize = 48;
    let next = |last: &Timestamp| schedule.next_occurrence(schedule.due_at(*last));
    let occurrences = std::iter::successors(schedule.next_occurrence(now), next);
    let occurrences: Vec<Timestamp> = occurrences.take(MOST).collect();
    let pairs = occurrences.windows(2);
    let apart = pairs.map(|pair| pair[1].duration_since(pair[0])).min();
    let least = schedule.guards.min_uptime.unwrap_or_default().duration();
    let Some(apart) = apart.filter(|apart| *apart < AN_HOUR && least <= *apart) else {
        return;
    };
    let apart = Span::whole_seconds_of(apart);
    context.ui.warn(&format!(
        "two of its occurrences are only {apart} apart: a dyno is restarted at both"
    ));
    if schedule.max_uptime.is_none_or(|age| age > Span::hours(6)) {
        context
            .ui
            .hint("--min-uptime 6h leaves a dyno alone that is younger at an occurrence");
    }
}

/// That a process type of its has one dyno, which has no other to stand in for it.
pub(super) fn alone(schedule: &Schedule, seen: &Seen) -> Option<String> {
    let single: Vec<&str> = seen
        .formation
        .iter()
        .map(|entry| (entry, entry.process_type.as_str()))
        .filter(|(_, kind)| schedule.target.includes(&format!("{kind}.1"), kind))
        .filter(|(entry, _)| entry.quantity == 1)
        .map(|(_, kind)| kind)
        .collect();
    (!single.is_empty()).then(|| {
        let single = single.join(" and ");
        format!("{single} has one dyno: it is down while it boots")
    })
}

pub(super) fn warn(
    context: &Context<'_>,
    schedule: &Schedule,
    seen: Option<&Seen>,
    now: Timestamp,
) {
    let zone = schedule.time_zone();
    // Only an occurrence of this very day is what somebody may have meant.
    let passed = schedule
        .calendar
        .as_ref()
        .and_then(|calendar| calendar.latest(now))
        .filter(|passed| {
            let day = |instant: Timestamp| instant.to_zoned_datetime(zone.clone()).date();
            schedule.since.is_some_and(|since| *passed < since) && day(*passed) == day(now)
        });
    if let Some(passed) = passed {
        let time = passed
            .to_zoned_datetime(zone.clone())
            .strftime("%H:%M")
            .to_string();
        let next = schedule
            .next_due(now)
            .map(|next| human::instant(next, &zone))
            .unwrap_or_default();
        context
            .ui
            .say(&format!("{time} today has passed; next {next}"));
    }
    crowded(context, schedule, now);
    let Some(seen) = seen else { return };
    if let Some(skew) = seen.skew {
        context.ui.warn(&human::skew(skew));
    }
    let is_there = match &schedule.target {
        Target::All => true,
        Target::ProcessType(wanted) => seen
            .formation
            .iter()
            .any(|entry| entry.quantity > 0 && entry.process_type.eq_ignore_ascii_case(wanted)),
        Target::Dyno(name) => seen.formation.iter().any(|entry| {
            name.rsplit_once('.').is_none_or(|(kind, number)| {
                kind.eq_ignore_ascii_case(&entry.process_type)
                    && number
                        .parse::<u32>()
                        .is_ok_and(|number| number <= entry.quantity)
            })
        }),
    };
    if !is_there {
        context.ui.warn(&format!(
            "⬢ {} has no {} now: until it does, nothing is restarted",
            seen.app.name, schedule.target
        ));
    }
}
