//! `history`: the ledger, as people and scripts read it.

use super::Context;
use crate::{
    cli::{CameTo, History},
    error::{Error, exit},
    heroku::redact,
    ledger::{Event, Ledger, Record},
    plan::Outcome,
    report::{human, table},
    runner::deployed,
    schedule::{AppName, Span},
    state::StateDir,
    store::{Store, narrow},
};
use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use serde_json::json;
use std::collections::{BTreeSet, HashMap};

/// A restart that was asked for so recently is most likely still waited for: two default wait limits.
const LONGEST_ROLL_STEP: SignedDuration = SignedDuration::from_mins(10);

pub(super) async fn history(context: &Context<'_>, history: &History) -> Result<u8, Error> {
    let state = StateDir::to_read(context.env)?;
    let span = span(context, history)?;
    let ledger = Ledger::new(state.ledger(), String::new());
    let (records, torn) = if history.runner {
        (vec![], 0)
    } else {
        ledger.read()?
    };
    let of_runner = of_runner(context, history).await?;
    // Under whatever name it went: the ids of the app that now, or then, is called so.
    let schedules = match history.app {
        Some(_) => context
            .schedules_of(&history.common)
            .await
            .unwrap_or_default(),
        None => vec![],
    };
    let of_name = |app: &AppName| {
        let set = narrow(schedules.clone(), Some(app), None).into_iter();
        let told = records.iter().filter(|record| record.app == app.as_str());
        set.filter_map(|schedule| schedule.app.id)
            .chain(told.map(|record| record.app_id.clone()))
            .filter(|id| !id.is_empty())
            .collect::<BTreeSet<String>>()
    };
    let ids = history.app.as_ref().map(of_name).unwrap_or_default();
    let is_of_app = |record: &Record| {
        let meant = history.app.as_ref().map(AppName::as_str);
        meant.is_none_or(|app| app == record.app || app == record.app_id)
            || ids.contains(&record.app_id)
    };
    let mut shown = outcomes(records);
    shown.extend(outcomes(of_runner));
    shown.sort_by_key(|record| record.at);
    let is_within =
        |at: Timestamp| span.0.is_none_or(|from| from <= at) && span.1.is_none_or(|to| at <= to);
    let is_asked_for =
        |record: &Record| history.outcome.is_empty() || history.outcome.contains(&came_to(record));
    shown.retain(|record| is_of_app(record) && is_within(record.at) && is_asked_for(record));
    let few = if span.0.is_some() { usize::MAX } else { 20 };
    let most = history.last.map_or(few, usize::from);
    let shown = &shown[shown.len().saturating_sub(most)..];
    if torn > 0 {
        let lines = match torn {
            1 => "1 line of the ledger is torn and was passed over".to_owned(),
            torn => format!("{torn} lines of the ledger are torn and were passed over"),
        };
        context
            .ui
            .warn(&format!("{lines}: {}", state.ledger().display()));
    }
    context.ui.either(
        || {
            if shown.is_empty() {
                return nothing(context, history);
            }
            let width = context.ui.width();
            let is_narrow = width.is_some_and(|width| width < 100);
            let now = context.clock.now();
            let when = if is_narrow { "When, local" } else { "When" };
            table(
                width,
                &[
                    when, "App", "Dyno", "Outcome", "Took", "Memory", "Why", "Detail",
                ],
                shown.iter().map(|record| row(record, is_narrow, now)),
            )
        },
        || json!(shown),
    );
    Ok(exit::DONE)
}

fn nothing(context: &Context<'_>, history: &History) -> String {
    let of = history.app.as_ref().map(|app| format!(" of ⬢ {app}"));
    let of = of.unwrap_or_default();
    let is_narrowed = !history.outcome.is_empty()
        || history.from.is_some()
        || history.to.is_some()
        || history.runner;
    if is_narrowed {
        return format!("Nothing{of} is known here that came to this then");
    }
    format!(
        "Nothing{of} has been restarted yet, as far as is known here; {} shows what will be",
        context.verb("plan")
    )
}

/// From when to when; `--from` may be so long ago.
fn span(
    context: &Context<'_>,
    history: &History,
) -> Result<(Option<Timestamp>, Option<Timestamp>), Error> {
    let zone = TimeZone::system();
    let now = context.clock.now();
    // The minus says what it is, and is as good as none.
    let ago = |text: &str| {
        let span = text.strip_prefix('-').unwrap_or(text);
        span.parse::<Span>().ok().map(|ago| now - ago.duration())
    };
    let instant = |flag: &str, text: &str| {
        super::instant(flag, text, &zone).map_err(|error| {
            let examples = "2026-12-01, 2026-12-01T09:00, 24h";
            Error::usage(
                error.to_string(),
                format!("give a date, a date with a time, or how long ago: {examples}"),
            )
        })
    };
    let bound = |flag: &str, text: &Option<String>| {
        let of_text = |text: &String| ago(text).map_or_else(|| instant(flag, text), Ok);
        text.as_ref().map(of_text).transpose()
    };
    let (from, to) = (bound("--from", &history.from)?, bound("--to", &history.to)?);
    if let (Some(from), Some(to)) = (from, to)
        && to < from
    {
        return Err(Error::usage(
            "--to is before --from",
            "give a later --to, for example --from 2026-03-01 --to 2026-04-01",
        ));
    }
    Ok((from, to))
}

fn came_to(record: &Record) -> CameTo {
    match (record.event, record.outcome) {
        (Event::Missed, _) => CameTo::Missed,
        (Event::Skipped, _) => CameTo::Skipped,
        (_, Some(Outcome::Restarted)) => CameTo::Restarted,
        (_, Some(Outcome::AlreadyRestarted)) => CameTo::AlreadyRestarted,
        (_, Some(Outcome::Gone)) => CameTo::Gone,
        (_, Some(Outcome::Failed)) => CameTo::Failed,
        (_, Some(Outcome::NotReached)) => CameTo::NotReached,
        (_, Some(Outcome::Unverified) | None) => CameTo::Unverified,
    }
}

/// What the log of a runner app tells, where one has the schedules; how far it goes back is said.
async fn of_runner(context: &Context<'_>, history: &History) -> Result<Vec<Record>, Error> {
    let store = context.store(history.common.schedules.as_deref()).await;
    let vars = match &store {
        Ok(Store::ConfigVars(vars)) => vars,
        Ok(_) if history.runner => {
            return Err(Error::usage(
                "--runner: no runner on Heroku has these schedules",
                format!("{} puts one there", context.verb("deploy")),
            ));
        }
        Err(_) if history.runner => return store.map(|_| vec![]),
        _ => return Ok(vec![]),
    };
    let name = &vars.runner().name;
    match vars.client().log(&vars.runner().id).await {
        Ok(lines) => {
            let told = deployed::told(&lines);
            if let Some(since) = told.since {
                let since = human::instant(since, &TimeZone::system());
                context.ui.say(&format!(
                    "Of ⬢ {name}: what its log has, which goes back to {since}"
                ));
            }
            Ok(told.records)
        }
        Err(error) if history.runner => Err(error.into()),
        Err(error) => {
            context.ui.warn(&format!(
                "what ⬢ {name} did is in its log, which cannot be read: {error}"
            ));
            Ok(vec![])
        }
    }
}

/// The lines that tell how something ended. A request whose process did not live to see it is
/// unverified.
fn outcomes(records: Vec<Record>) -> Vec<Record> {
    let mut told: Vec<Option<Record>> = vec![];
    // Of each dyno and occurrence, the place of the request whose end is still to come.
    let (mut open, mut ended) = (HashMap::new(), HashMap::new());
    for record in records {
        let of = (record.old_id.clone(), record.occurrence);
        match record.event {
            Event::Requested => {
                // Asked for once more: it has one end.
                if let Some(before) = open.insert(of, told.len()) {
                    told[before] = None;
                }
                told.push(Some(Record {
                    outcome: Some(Outcome::Unverified),
                    detail: Some("asked for; its end was not seen".to_owned()),
                    ..record
                }));
            }
            Event::Accepted => {}
            Event::Skipped => told.push(Some(record)),
            // It belongs to the restart that it measures.
            Event::Measured => {
                let is_it =
                    |told: &&mut Record| told.new_id == record.new_id && told.dyno == record.dyno;
                if let Some(told) = told.iter_mut().flatten().rev().find(is_it) {
                    told.memory_after = record.memory_after;
                }
            }
            Event::Refused | Event::Ended | Event::Missed => {
                if let Some(place) = open.remove(&of) {
                    told[place] = None;
                }
                if record.event == Event::Ended
                    && let Some(before) = ended.insert(of, told.len())
                    && told[before].as_ref().is_some_and(|was| {
                        was.outcome == Some(Outcome::Restarted) && was.new_id == record.new_id
                    })
                {
                    // What had settled, and fell.
                    told[before] = None;
                }
                if record.event != Event::Refused {
                    told.push(Some(record));
                }
            }
        }
    }
    told.into_iter().flatten().collect()
}

/// `465 -> 182 MB`: before, and once the dyno in its place had warmed up.
fn memory(record: &Record) -> String {
    let before = record
        .memory_before
        .map(|before| format!("{:.0}", before.as_mb()));
    match (before, record.memory_after) {
        (Some(before), Some(after)) => format!("{before} → {:.0} MB", after.as_mb()),
        (Some(before), None) => format!("{before} MB"),
        (None, _) => String::new(),
    }
}

/// `is_narrow`: where there is no room for more of an instant than its day and minute.
fn row(record: &Record, is_narrow: bool, now: Timestamp) -> Vec<String> {
    let outcome = match record.event {
        Event::Missed => "missed",
        Event::Skipped => "skipped",
        _ => match record.outcome {
            Some(outcome) => outcome.phrase(),
            None if now.duration_since(record.at) < LONGEST_ROLL_STEP => "no end yet",
            None => "unverified",
        },
    };
    let reason = record.reason.as_ref();
    let reason = reason.map(|reason| format!("{}: ", reason.replace('_', " ")));
    let took = record
        .took_ms
        .filter(|took| *took > 0)
        .map(|took| Span::seconds(u64::try_from(took / 1_000).unwrap_or(0)).to_string());
    let why = match record.trigger.as_deref() {
        Some("now") | None => record.schedule.clone(),
        Some(trigger) => format!("{} ({})", trigger.replace('_', " "), record.schedule),
    };
    let at = if is_narrow {
        let local = record.at.to_zoned_datetime(TimeZone::system());
        local.strftime("%d %b %H:%M").to_string()
    } else {
        human::instant(record.at, &TimeZone::system())
    };
    // Whoever can write the ledger must not write to the terminal.
    let cells = [
        at,
        record.app.clone(),
        record.dyno.clone().unwrap_or_default(),
        outcome.to_owned(),
        took.unwrap_or_default(),
        memory(record),
        why,
        format!(
            "{}{}",
            reason.unwrap_or_default(),
            record.detail.as_deref().unwrap_or_default()
        ),
    ];
    cells.iter().map(|cell| redact::on_one_line(cell)).collect()
}
