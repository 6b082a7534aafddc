//! The index: schedules, and what runs them.

use super::{
    Context,
    runners::{self, Runner, Runners},
};
use crate::{
    cli::Index,
    error::{Error, exit},
    fleet::Fleets,
    ledger::{Event, Ledger, Record},
    plan::Outcome,
    report::{human, table},
    schedule::{AppName, Calendar, Recurrence, Schedule},
    state::StateDir,
    store::Store,
};
use jiff::{SignedDuration, Timestamp};
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
                let last = last(&apps_of(schedule), &records);
                let last = last.map(|last| last.worst);
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
        .map(|schedule| row(schedule, last(&apps_of(schedule), &records), now));
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

/// What ended so long before is of the same roll, where no occurrence tells.
const ONE_ROLL: SignedDuration = SignedDuration::from_mins(30);

/// What came of the occurrence of a schedule that was last acted on: the worst of it.
#[derive(Clone, Copy)]
pub(super) struct Last<'a> {
    worst: &'a Record,
    /// Dynos that ended so, of all that ended.
    count: usize,
    of: usize,
    /// Those that were left alone.
    skipped: usize,
}

impl Last<'_> {
    fn in_words(self, now: Timestamp) -> String {
        let what = match self.worst.event {
            Event::Skipped => "skipped",
            _ => self.worst.outcome.map_or("missed", Outcome::phrase),
        };
        let ago = match human::distance(now, self.worst.at) {
            at_once if at_once == "now" => "just now".to_owned(),
            ago => ago,
        };
        let skipped = match self.skipped {
            0 => String::new(),
            skipped => format!(", {skipped} skipped"),
        };
        if self.count == self.of {
            format!("{what} {ago}{skipped}")
        } else {
            format!("{} of {} {what} {ago}{skipped}", self.count, self.of)
        }
    }
}

/// The lines of the ledger about a schedule, or about one of its apps, that tell of one occurrence.
fn last<'a>(schedules: &[Schedule], records: &'a [Record]) -> Option<Last<'a>> {
    let is_about_it = |record: &&Record| {
        let is_its = |schedule: &Schedule| {
            let is_app = schedule.app.is(&record.app) || schedule.app.is(&record.app_id);
            is_app && record.schedule == schedule.name.as_str()
        };
        let is_end = matches!(record.event, Event::Ended | Event::Missed | Event::Skipped);
        is_end && schedules.iter().any(is_its)
    };
    let mut newest_first = records.iter().rev().filter(is_about_it);
    let newest = newest_first.next()?;
    // Of other triggers each dyno has an instant of its own.
    let is_of_it = |record: &&Record| {
        let is_one_roll = record.trigger == newest.trigger
            && newest.trigger.as_deref() != Some("calendar")
            && newest.at.duration_since(record.at) <= ONE_ROLL;
        record.occurrence == newest.occurrence || is_one_roll
    };
    let mut dynos: Vec<&Record> = vec![newest];
    for record in newest_first.take_while(is_of_it) {
        let is_same = |other: &&Record| (&other.app, &other.dyno) == (&record.app, &record.dyno);
        if !dynos.iter().any(is_same) {
            dynos.push(record);
        }
    }
    let (skips, ended): (Vec<_>, Vec<_>) = dynos
        .into_iter()
        .partition(|record| record.event == Event::Skipped);
    let (dynos, skipped) = if ended.is_empty() {
        (skips, 0)
    } else {
        (ended, skips.len())
    };
    let rank = |record: &Record| match record.event {
        Event::Skipped => 0,
        _ => record.outcome.map_or(u8::MAX, Outcome::rank),
    };
    let worst = dynos
        .iter()
        .copied()
        .rev()
        .max_by_key(|record| rank(record))?;
    let is_so = |record: &&&Record| rank(record) == rank(worst);
    Some(Last {
        worst,
        count: dynos.iter().filter(is_so).count(),
        of: dynos.len(),
        skipped,
    })
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

#[cfg(test)]
mod tests {
    use super::*;

    fn record(second: u32, dyno: &str, outcome: Option<&str>) -> Record {
        let event = if outcome.is_some() { "ended" } else { "missed" };
        let at = format!("2026-03-02T07:00:{second:02}Z");
        let hour = if second < 10 { "06" } else { "07" };
        serde_json::from_value(json!({
            "at": at, "event": event, "app": "example-app", "app_id": "1", "schedule": "default",
            "occurrence": format!("2026-03-02T{hour}:00:00Z"), "dyno": dyno, "process_type": "web",
            "trigger": "calendar", "old_id": "0", "outcome": outcome,
        }))
        .expect("a record")
    }

    fn told(records: &[Record]) -> Option<String> {
        let text = "version = 1\n[[schedule]]\napp = \"example-app\"\nat = \"07\"\n";
        let schedules = crate::store::parse(text).expect("schedules");
        let now = "2026-03-02T07:01:00Z".parse().expect("an instant");
        last(&schedules, records).map(|last| last.in_words(now))
    }

    #[test]
    fn the_worst_of_the_last_occurrence_is_told() {
        let records = [
            record(1, "web.3", Some("failed")),
            record(20, "web.1", Some("restarted")),
            record(30, "web.2", Some("failed")),
            record(31, "web.3", Some("not_reached")),
        ];
        assert_eq!(told(&records).as_deref(), Some("1 of 3 failed 30s ago"));
        let good = told(&records[..2]);
        assert_eq!(good.as_deref(), Some("restarted 40s ago"));
    }

    #[test]
    fn a_dyno_that_was_tried_again_has_the_newer_outcome() {
        let records = [
            record(20, "web.1", Some("failed")),
            record(40, "web.1", Some("restarted")),
        ];
        assert_eq!(told(&records).as_deref(), Some("restarted 20s ago"));
        assert_eq!(
            told(&[record(40, "", None)]).as_deref(),
            Some("missed 20s ago")
        );
        assert_eq!(told(&[]), None);
        let mut skipped = record(30, "web.2", None);
        skipped.event = Event::Skipped;
        let mixed = [record(20, "web.1", Some("restarted")), skipped];
        assert_eq!(
            told(&mixed).as_deref(),
            Some("restarted 40s ago, 1 skipped")
        );
        assert_eq!(told(&mixed[1..]).as_deref(), Some("skipped 30s ago"));
    }
}
