//! The index: schedules, and what runs them.

use super::{
    Context,
    runners::{self, Runner, Runners},
};
use crate::{
    cli::Index,
    error::{Error, exit},
    fleet::Fleets,
    ledger::{Ledger, Record},
    report::{human, last::Last, table},
    schedule::{AppName, Calendar, Recurrence, Schedule},
    state::StateDir,
    store::Store,
};
use jiff::Timestamp;
use serde_json::{Value, json};

pub(super) async fn index(context: &Context<'_>, index: &Index) -> Result<u8, Error> {
    let store = context.store(index.common.schedules.as_deref()).await?;
    let all = context.read(&store).await?;
    let state = StateDir::to_read(context.env)?;
    let fleets = Fleets::open(&state);
    // The apps of a fleet, as far as they are known here; no request.
    let apps_of = |schedule: &Schedule| fleets.expand(std::slice::from_ref(schedule));
    let is_for = |one: &Schedule, app: &AppName| {
        one.app.is(app.as_str()) || apps_of(one).iter().any(|it| it.app.is(app.as_str()))
    };
    let is_asked_for = |one: &Schedule| index.app.as_ref().is_none_or(|app| is_for(one, app));
    let schedules: Vec<Schedule> = all.into_iter().filter(is_asked_for).collect();
    let (mut records, _) = Ledger::new(state.ledger(), String::new()).read()?;
    let runners = Runners::look(context, &store).await?;
    records.extend_from_slice(runners.told());
    records.sort_by_key(|record| record.at);
    let now = context.clock.now();
    if context.ui.is_json {
        let list: Vec<Value> = schedules
            .iter()
            .map(|schedule| {
                let runner = runners.first(&schedule.app, now);
                let last = Last::of(&apps_of(schedule), &records);
                let last = last.map(Last::record);
                describe(schedule, last, runner.as_ref(), now)
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
        if index.app.is_none() {
            idle_runner(context, &store);
        }
        return Ok(exit::DONE);
    }
    let rows = schedules
        .iter()
        .map(|schedule| row(schedule, Last::of(&apps_of(schedule), &records), now));
    context.ui.result(&table(
        context.ui.width(),
        &["App", "Name", "Target", "When", "Next", "Last"],
        rows,
    ));
    runners::tell(context, &runners, &schedules, now);
    Ok(exit::DONE)
}

/// That a runner on Heroku has nothing to do, and costs what it costs.
pub(super) fn idle_runner(context: &Context<'_>, store: &Store) {
    if let Some(runner) = store.runner_app().filter(|_| !context.ui.is_json) {
        let name = &runner.name;
        context
            .ui
            .warn(&format!("⬢ {name} still runs, and has nothing left to do"));
        context.ui.hint(&format!(
            "{} --confirm {name} takes it away",
            context.verb("deploy:remove")
        ));
    }
}

/// That there are no schedules.
pub(super) fn none(app: Option<&AppName>) -> String {
    let of = app.map(|app| format!(" for ⬢ {app}"));
    format!("No schedules{}", of.unwrap_or_default())
}

fn row(schedule: &Schedule, last: Option<Last<'_>>, now: Timestamp) -> Vec<String> {
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
    let last = last.map_or_else(|| "never".to_owned(), |last| last.in_words(now));
    vec![
        format!("⬢ {}", schedule.app.name),
        schedule.name.to_string(),
        schedule.target.to_string(),
        schedule.when(),
        next,
        last,
    ]
}

/// A schedule as the list's JSON has it.
pub(super) fn describe(
    schedule: &Schedule,
    last: Option<&Record>,
    runner: Option<&Runner>,
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
    let (bounds, memory) = (&schedule.bounds, &schedule.memory);
    let has_zone = recurrence.is_some() || !bounds.is_free();
    json!({
        "app": schedule.app.name.as_str(),
        "app_id": schedule.app.id,
        "fleet": schedule.app.fleet().map(|fleet| json!({
            "apps": fleet.apps.iter().map(ToString::to_string).collect::<Vec<_>>(),
            "team": fleet.team.as_ref().map(ToString::to_string),
            "pipeline": fleet.pipeline.as_ref().map(ToString::to_string),
            "stage": fleet.stage.map(|stage| stage.to_string()),
            "matching": fleet.matching.as_ref().map(ToString::to_string),
        })),
        "name": schedule.name.as_str(),
        "target": schedule.target.to_string(),
        "triggers": {
            "at": at,
            "days": days,
            "cron": cron,
            "max_uptime": schedule.max_uptime.map(|span| span.to_string()),
            "own_daily_cycle": schedule.own_daily_cycle,
            "memory": memory.threshold.map(|threshold| threshold.to_string()),
            "on_r14": memory.on_r14,
            "if_needed": memory.if_needed,
            "before_limit": memory.before_limit.map(|span| span.to_string()),
            "max_per_day": memory.is_trigger().then(|| memory.max_per_day()),
        },
        "jitter": schedule.jitter.map(|span| span.to_string()),
        "windows": bounds.windows.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "except": bounds.blackouts.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "check_url": schedule.guards.check_url.as_ref().map(ToString::to_string),
        "busy_url": schedule.guards.busy_url.as_ref().map(ToString::to_string),
        "busy_max": schedule.guards.busy_max.map(|span| span.to_string()),
        "ignore_incident": schedule.guards.ignore_incident,
        "notify": schedule.notify.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "timezone": has_zone.then(|| schedule.zone().to_string()),
        "paused": schedule.is_paused(now),
        "next": schedule.next_due(now),
        "last": last,
        "runner": runner.map(Runner::json),
    })
}
