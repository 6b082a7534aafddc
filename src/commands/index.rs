//! The index: schedules, and what runs them.

use super::Context;
use crate::{
    cli::Index,
    error::{Error, exit},
    heartbeat::{Heartbeat, Mode},
    ledger::{Event, Ledger, Record},
    report::{human, table},
    schedule::{AppName, Calendar, Recurrence, Schedule},
    state::StateDir,
    store::{Store, narrow},
};
use jiff::Timestamp;
use serde_json::{Value, json};
use std::collections::BTreeSet;

pub(super) async fn index(context: &Context<'_>, index: &Index) -> Result<u8, Error> {
    let store = context.store(index.common.schedules.as_deref()).await?;
    let schedules = narrow(store.read().await?, index.app.as_ref(), None);
    let state = StateDir::open(context.env)?;
    let (records, _) = Ledger::new(state.ledger(), String::new()).read()?;
    let now = context.clock.now();
    if context.ui.is_json {
        let list: Vec<Value> = schedules
            .iter()
            .map(|schedule| {
                let sign = state.heartbeat(&store.key(), &schedule.app);
                describe(schedule, last(schedule, &records), sign.as_ref(), now)
            })
            .collect();
        context.ui.json(&json!(list));
        return Ok(exit::DONE);
    }
    if let Some(missing) = store.missing() {
        context.ui.warn(&missing.to_string());
    }
    if schedules.is_empty() {
        context.ui.result(&none(index.app.as_ref()));
        context.ui.hint(&format!(
            "{} --app example-app --at 07,14 restarts its dynos at 07:00 and 14:00",
            context.verb("set")
        ));
        return Ok(exit::DONE);
    }
    let rows = schedules
        .iter()
        .map(|schedule| row(schedule, last(schedule, &records), now));
    context.ui.result(&table(
        context.ui.width(),
        &["App", "Name", "Target", "When", "Next", "Last"],
        rows,
    ));
    runner(context, &store, &schedules, now)?;
    Ok(exit::DONE)
}

/// That there are no schedules.
pub(super) fn none(app: Option<&AppName>) -> String {
    let of = app.map(|app| format!(" for ⬢ {app}"));
    format!("No schedules{}", of.unwrap_or_default())
}

fn row(schedule: &Schedule, last: Option<&Record>, now: Timestamp) -> Vec<String> {
    let zone = schedule.time_zone();
    let next = match schedule.next_due(now) {
        _ if schedule.is_paused(now) => match schedule.pause.and_then(|pause| pause.until) {
            Some(until) => format!("paused until {}", human::instant(until, &zone)),
            None => "paused".to_owned(),
        },
        Some(next) => {
            let at = human::instant(next, &zone);
            let age = schedule.age_in_words().map(|age| format!(", or {age}"));
            let distance = human::distance(now, next);
            format!("{at} ({distance}){}", age.unwrap_or_default())
        }
        None => {
            let never = || "never: nothing falls into its windows".to_owned();
            schedule.age_in_words().unwrap_or_else(never)
        }
    };
    let last = last.map_or_else(
        || "never".to_owned(),
        |last| {
            let what = last.outcome.map_or("missed", crate::plan::Outcome::phrase);
            format!("{what} {}", human::distance(now, last.at))
        },
    );
    vec![
        format!("⬢ {}", schedule.app.name),
        schedule.name.to_string(),
        schedule.target.to_string(),
        schedule.when(),
        next,
        last,
    ]
}

/// The newest line of the ledger about a schedule.
fn last<'a>(schedule: &Schedule, records: &'a [Record]) -> Option<&'a Record> {
    let is_about_it = |record: &&Record| {
        let is_app = schedule.app.is(&record.app) || schedule.app.is(&record.app_id);
        is_app
            && record.schedule == schedule.name.as_str()
            && matches!(record.event, Event::Ended | Event::Missed)
    };
    records.iter().rev().find(is_about_it)
}

/// Which runner runs the schedules, or that none does.
pub(super) fn runner(
    context: &Context<'_>,
    store: &Store,
    schedules: &[Schedule],
    now: Timestamp,
) -> Result<(), Error> {
    let state = StateDir::open(context.env)?;
    let sign = |schedule: &Schedule| {
        let sign = state.heartbeat(&store.key(), &schedule.app);
        sign.filter(|sign| sign.is_alive(now))
    };
    let (run, idle): (Vec<_>, Vec<_>) = schedules
        .iter()
        .map(|schedule| (schedule, sign(schedule)))
        .partition(|(_, sign)| sign.is_some());
    if !idle.is_empty() {
        let apps: BTreeSet<String> = idle
            .iter()
            .map(|(schedule, _)| format!("⬢ {}", schedule.app.name))
            .collect();
        let these = if run.is_empty() {
            "these schedules".to_owned()
        } else {
            let apps: Vec<_> = apps.into_iter().collect();
            format!("the schedules of {}", apps.join(", "))
        };
        context.ui.warn(&format!(
            "Nothing runs {these}: until something makes passes, no dyno will be restarted"
        ));
        let run = context.verb("run");
        context.ui.hint(&format!(
            "{run} --watch stays and makes them; or call {run} every 5 minutes from cron or CI"
        ));
    }
    let signs = run.into_iter().filter_map(|(_, sign)| sign);
    // One line: for one that fails, else for the one that was last heard of longest ago.
    let worst = signs.min_by_key(|sign| (sign.trouble.is_none(), sign.at));
    let Some(sign) = worst else { return Ok(()) };
    let how = match sign.mode {
        Mode::Watch => "run --watch",
        Mode::Once => "calls of run",
    };
    let seen = human::distance(now, sign.at.min(now));
    let line = format!("Run by this machine: {how}, last sign of life {seen}");
    match &sign.trouble {
        None => context.ui.say(&line),
        Some(trouble) => context
            .ui
            .warn(&format!("{line}, but its last pass failed: {trouble}")),
    }
    Ok(())
}

/// A schedule as the list's JSON has it.
pub(super) fn describe(
    schedule: &Schedule,
    last: Option<&Record>,
    heartbeat: Option<&Heartbeat>,
    now: Timestamp,
) -> Value {
    let recurrence = schedule.calendar.as_ref().map(Calendar::recurrence);
    let (at, days, cron) = match recurrence {
        None => (None, None, None),
        Some(Recurrence::At { times, days }) => {
            (Some(times.to_string()), Some(days.to_string()), None)
        }
        Some(Recurrence::Cron(cron)) => (None, None, Some(cron.to_string())),
    };
    let bounds = &schedule.bounds;
    let has_zone = recurrence.is_some() || !bounds.is_free();
    let runner = heartbeat.map(
        |beat| json!({ "mode": beat.mode, "last_sign": beat.at, "alive": beat.is_alive(now), "trouble": beat.trouble }),
    );
    json!({
        "app": schedule.app.name.as_str(),
        "app_id": schedule.app.id,
        "name": schedule.name.as_str(),
        "target": schedule.target.to_string(),
        "triggers": {
            "at": at,
            "days": days,
            "cron": cron,
            "max_uptime": schedule.max_uptime.map(|span| span.to_string()),
            "own_daily_cycle": schedule.own_daily_cycle,
        },
        "jitter": schedule.jitter.map(|span| span.to_string()),
        "windows": bounds.windows.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "except": bounds.blackouts.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "timezone": has_zone.then(|| schedule.zone().to_string()),
        "paused": schedule.is_paused(now),
        "next": schedule.next_due(now),
        "last": last,
        "runner": runner,
    })
}
