//! The shapes that scripts read: adding a field is fine, renaming one is not.

use super::{AppReport, Report};
use crate::{
    error::Error,
    ledger::Record,
    plan::{Ended, Skip, Step, missed::Missed},
};
use serde::{Serialize, Serializer, ser::SerializeMap as _};
use serde_json::{Value, json};

/// `run --json`.
#[must_use]
pub fn run(report: &Report) -> impl Serialize {
    Run(report)
}

struct Run<'a>(&'a Report);

/// What each app has of a kind, written one by one: a fleet has tens of thousands of them.
struct Each<'a, F>(&'a [AppReport], F);

impl<'a, F: Fn(&'a AppReport) -> I, I: IntoIterator<Item: Serialize>> Serialize for Each<'a, F> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().flat_map(&self.1))
    }
}

impl Serialize for Run<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(report) = self;
        let apps = &report.apps[..];
        let steps = |app: &'_ AppReport| {
            let planned = app.planned.iter().map(|planned| step(planned));
            app.ended
                .iter()
                .map(|one| ended(one))
                .chain(planned)
                .collect::<Vec<_>>()
        };
        let skips = |app: &AppReport| {
            let skips = app.skips.iter().map(|entry| skip(&app.app, entry));
            skips.collect::<Vec<_>>()
        };
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("now", &report.now)?;
        map.serialize_entry("steps", &Each(apps, steps))?;
        map.serialize_entry("skips", &Each(apps, skips))?;
        let missed = |app: &'_ AppReport| app.missed.iter().map(missed).collect::<Vec<_>>();
        map.serialize_entry("missed", &Each(apps, missed))?;
        map.serialize_entry("measured", &Each(apps, measured))?;
        map.serialize_entry("errors", &Each(apps, failure))?;
        map.serialize_entry("notices", &Each(apps, notices))?;
        map.serialize_entry("refusals", &report.refusals())?;
        map.serialize_entry("warnings", &report.warnings)?;
        map.serialize_entry("dry_run", &report.is_dry_run)?;
        map.serialize_entry("interrupted", &report.is_interrupted)?;
        let skew = report.skew.map(|skew| skew.as_secs());
        map.serialize_entry("clock_skew_seconds", &skew)?;
        map.serialize_entry("next", &report.next.as_ref().map(|(next, _)| next))?;
        let api = json!({ "requests": report.requests, "remaining": report.remaining });
        map.serialize_entry("api", &api)?;
        map.end()
    }
}

fn measured(app: &AppReport) -> &[Record] {
    &app.measured
}

fn notices(app: &AppReport) -> &[String] {
    &app.notices
}

fn failure(app: &AppReport) -> Option<Value> {
    app.error.as_ref().map(|failed| error(&app.app, failed))
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
