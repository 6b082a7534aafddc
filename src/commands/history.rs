//! `history`: the ledger, as people and scripts read it.

use super::Context;
use crate::{
    cli::History,
    error::{Error, exit},
    ledger::{Event, Ledger, Record},
    report::{human, table},
    schedule::Span,
    state::StateDir,
};
use jiff::tz::TimeZone;
use serde_json::json;

pub(super) fn history(context: &Context<'_>, history: &History) -> Result<u8, Error> {
    let state = StateDir::open(context.env)?;
    let (records, torn) = Ledger::new(state.ledger(), String::new()).read()?;
    let is_shown = |record: &Record| {
        matches!(record.event, Event::Ended | Event::Missed)
            && history
                .app
                .as_ref()
                .is_none_or(|app| app.as_str() == record.app || app.as_str() == record.app_id)
    };
    let shown: Vec<Record> = records.into_iter().filter(is_shown).collect();
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
                &["When", "App", "Dyno", "Outcome", "Took", "Why", "Detail"],
                shown.iter().map(row),
            )
        },
        || json!(shown),
    );
    Ok(exit::DONE)
}

fn row(record: &Record) -> Vec<String> {
    let outcome = record
        .outcome
        .map_or("missed", crate::plan::Outcome::phrase);
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
