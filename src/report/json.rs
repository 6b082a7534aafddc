//! The shapes that scripts read: adding a field is fine, renaming one is not.

use super::Report;
use crate::error::Error;
use crate::plan::{Ended, Skip, Step, missed::Missed};
use serde_json::{Value, json};

/// `run --json`.
#[must_use]
pub fn run(report: &Report) -> Value {
    let ended = report
        .apps
        .iter()
        .flat_map(|app| app.ended.iter().map(ended));
    let planned = report
        .apps
        .iter()
        .flat_map(|app| app.planned.iter().map(step));
    let steps: Vec<Value> = ended.chain(planned).collect();
    let skips: Vec<Value> = report
        .apps
        .iter()
        .flat_map(|app| app.skips.iter().map(|entry| skip(&app.app, entry)))
        .collect();
    let missed: Vec<Value> = report
        .apps
        .iter()
        .flat_map(|app| app.missed.iter().map(missed))
        .collect();
    let errors = report.apps.iter().filter_map(|app| {
        let failed = app.error.as_ref()?;
        Some(error(&app.app, failed))
    });
    let errors: Vec<Value> = errors.collect();
    json!({
        "now": report.now,
        "steps": steps,
        "skips": skips,
        "missed": missed,
        "measured": report.apps.iter().flat_map(|app| &app.measured).collect::<Vec<_>>(),
        "errors": errors,
        "notices": report.apps.iter().flat_map(|app| &app.notices).collect::<Vec<_>>(),
        "refusals": report.refusals(),
        "warnings": report.warnings,
        "dry_run": report.is_dry_run,
        "interrupted": report.is_interrupted,
        "clock_skew_seconds": report.skew.map(|skew| skew.as_secs()),
        "next": report.next.as_ref().map(|(next, _)| next),
        "api": { "requests": report.requests, "remaining": report.remaining },
    })
}

fn ended(ended: &Ended) -> Value {
    let mut value = step(&ended.step);
    value["outcome"] = json!(ended.outcome);
    value["new_id"] = json!(ended.new_id);
    value["took_ms"] = json!(i64::try_from(ended.took.as_millis()).ok());
    value["error"] = json!(ended.detail.as_ref().filter(|_| !ended.outcome.is_good()));
    value["detail"] = json!(ended.detail);
    value
}

/// A step that is planned: it has no outcome yet.
#[must_use]
pub fn step(step: &Step) -> Value {
    json!({
        "app": step.app, "dyno": step.dyno, "process_type": step.process_type, "schedule": step.schedule,
        "trigger": step.trigger, "occurrence": step.occurrence, "old_id": step.old_id,
        "memory_before": step.used, "memory_permille": step.share, "in_doubt": step.is_in_doubt,
        "outcome": null, "new_id": null, "took_ms": null, "error": null,
    })
}

/// A dyno that is left alone.
#[must_use]
pub fn skip(app: &str, skip: &Skip) -> Value {
    json!({ "app": app, "dyno": skip.dyno, "schedule": skip.schedule, "reason": skip.reason, "detail": skip.detail })
}

/// A failure that one app of several had.
#[must_use]
pub fn error(app: &str, error: &Error) -> Value {
    let mut value = error.json()["error"].take();
    value["app"] = json!(app);
    value
}

fn missed(missed: &Missed) -> Value {
    json!({
        "app": missed.app, "schedule": missed.schedule, "occurrence": missed.occurrence,
        "count": missed.count, "reason": missed.reason,
    })
}
