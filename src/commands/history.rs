//! `history`: the ledger, as people and scripts read it.

use super::Context;
use crate::{
    cli::History,
    error::{Error, exit},
    ledger::{Event, Ledger, Record},
    plan::Outcome,
    report::{human, table},
    schedule::{AppName, Span},
    state::StateDir,
};
use jiff::tz::TimeZone;
use serde_json::json;

pub(super) fn history(context: &Context<'_>, history: &History) -> Result<u8, Error> {
    let state = StateDir::open(context.env)?;
    let (records, torn) = Ledger::new(state.ledger(), String::new()).read()?;
    let is_of_app = |record: &Record| {
        let meant = history.app.as_ref().map(AppName::as_str);
        meant.is_none_or(|app| app == record.app || app == record.app_id)
    };
    let shown: Vec<Record> = outcomes(records).into_iter().filter(is_of_app).collect();
    let shown = &shown[shown.len().saturating_sub(history.last)..];
    if torn > 0 {
        context.ui.warn(&format!(
            "{torn} lines of the ledger are torn and were passed over: {}",
            state.ledger().display()
        ));
    }
    context.ui.either(
        || {
            if shown.is_empty() {
                return format!(
                    "Nothing has been restarted from this machine yet; {} shows what will be",
                    context.verb("plan")
                );
            }
            table(
                context.ui.width(),
                &["When", "App", "Dyno", "Outcome", "Took", "Why", "Detail"],
                shown.iter().map(row),
            )
        },
        || json!(shown),
    );
    Ok(exit::DONE)
}

/// The lines that tell how something ended. A request whose process did not live to see it is
/// unverified.
fn outcomes(records: Vec<Record>) -> Vec<Record> {
    let is_end = |event: Event| matches!(event, Event::Ended | Event::Refused);
    let of = |record: &Record| (record.old_id.clone(), record.occurrence);
    let ended: Vec<_> = records
        .iter()
        .filter(|record| is_end(record.event))
        .map(of)
        .collect();
    let tell = |record: Record| match record.event {
        Event::Ended | Event::Missed => Some(record),
        Event::Requested if !ended.contains(&of(&record)) => {
            let detail = Some("asked for; its end was not seen".to_owned());
            Some(Record {
                outcome: Some(Outcome::Unverified),
                detail,
                ..record
            })
        }
        _ => None,
    };
    records.into_iter().filter_map(tell).collect()
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
        why,
        record.detail.clone().unwrap_or_default(),
    ]
}
