//! `history`: the ledger, as people and scripts read it.

use super::Context;
use crate::{
    cli::{Common, History},
    error::{Error, exit},
    ledger::{Event, Ledger, Record},
    plan::Outcome,
    report::{human, table},
    runner::deployed,
    schedule::{AppName, Span},
    state::StateDir,
    store::{Store, narrow},
};
use jiff::tz::TimeZone;
use serde_json::json;
use std::collections::{BTreeSet, HashMap};

pub(super) async fn history(context: &Context<'_>, history: &History) -> Result<u8, Error> {
    let state = StateDir::open(context.env)?;
    let (records, torn) = Ledger::new(state.ledger(), String::new()).read()?;
    let of_runner = of_runner(context, &history.common).await;
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
    shown.extend(of_runner);
    shown.sort_by_key(|record| record.at);
    shown.retain(is_of_app);
    let most = history.last.map_or(20, usize::from);
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
                let of = history.app.as_ref().map(|app| format!(" of ⬢ {app}"));
                return format!(
                    "Nothing{} has been restarted yet, as far as is known here; {} shows what will be",
                    of.unwrap_or_default(),
                    context.verb("plan")
                );
            }
            table(
                context.ui.width(),
                &[
                    "When", "App", "Dyno", "Outcome", "Took", "Memory", "Why", "Detail",
                ],
                shown.iter().map(row),
            )
        },
        || json!(shown),
    );
    Ok(exit::DONE)
}

/// What the log of a runner app tells, where one has the schedules; how far it goes back is said.
async fn of_runner(context: &Context<'_>, common: &Common) -> Vec<Record> {
    let Ok(store) = context.store(common.schedules.as_deref()).await else {
        return vec![];
    };
    let Store::ConfigVars(vars) = &store else {
        return vec![];
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
            told.records
        }
        Err(error) => {
            context.ui.warn(&format!(
                "what ⬢ {name} did is in its log, which cannot be read: {error}"
            ));
            vec![]
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

fn row(record: &Record) -> Vec<String> {
    let outcome = record.outcome.map_or("missed", Outcome::phrase);
    let took = record
        .took_ms
        .filter(|took| *took > 0)
        .map(|took| Span::seconds(u64::try_from(took / 1_000).unwrap_or(0)).to_string());
    let why = match record.trigger.as_deref() {
        Some("now") | None => record.schedule.clone(),
        Some(trigger) => format!("{} ({})", trigger.replace('_', " "), record.schedule),
    };
    vec![
        human::instant(record.at, &TimeZone::system()),
        record.app.clone(),
        record.dyno.clone().unwrap_or_default(),
        outcome.to_owned(),
        took.unwrap_or_default(),
        memory(record),
        why,
        record.detail.clone().unwrap_or_default(),
    ]
}
