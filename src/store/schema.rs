//! The JSON Schema of a schedules file: what editors complete and check it with. A test holds it to the
//! keys that are read.

use serde_json::{Map, Value, json};

/// What a key holds, and what it is for.
const PROPERTIES: [(&str, Kind, &str); 39] = [
    ("app", Kind::Text, "app, by name or id"),
    ("apps", Kind::Texts, "instead of app: these apps"),
    (
        "team",
        Kind::Text,
        "instead of app: the apps of this team, whichever those are at each pass",
    ),
    (
        "pipeline",
        Kind::Text,
        "instead of app: the apps of this pipeline, whichever those are at each pass; review apps only with stage",
    ),
    (
        "stage",
        Kind::Text,
        "with pipeline, only the apps in this stage: test, review, development, staging, production",
    ),
    (
        "apps-matching",
        Kind::Text,
        "instead of app: the apps whose names match, for example shop-*",
    ),
    (
        "name",
        Kind::Text,
        "name of the schedule, to tell apart several for one app",
    ),
    (
        "process-type",
        Kind::Text,
        "only the dynos of this process type",
    ),
    ("dyno-name", Kind::Text, "only this dyno, for example web.1"),
    ("at", Kind::Texts, "times of day: 07,14 or 07:30 or 7pm"),
    (
        "days",
        Kind::Text,
        "days of the week for at: mon-fri, weekends",
    ),
    (
        "cron",
        Kind::Text,
        "cron expression instead of at: 0 7,14 * * mon-fri",
    ),
    (
        "timezone",
        Kind::Text,
        "IANA time zone for times and dates: Europe/Paris",
    ),
    (
        "max-uptime",
        Kind::Text,
        "restart a dyno that has been up for this long: 6h",
    ),
    ("jitter", Kind::Text, "restart up to this much later: 10m"),
    (
        "own-daily-cycle",
        Kind::Flag,
        "restart dynos before Heroku's own daily cycle can",
    ),
    (
        "memory",
        Kind::Text,
        "restart a dyno whose memory stays at or over this: 90%, 450MB, 1.2GB, auto",
    ),
    (
        "on-r14",
        Kind::Flag,
        "restart a dyno that repeatedly exceeds its quota",
    ),
    (
        "if-needed",
        Kind::Flag,
        "at an occurrence, restart only dynos forecast to reach the threshold before the next one",
    ),
    (
        "before-limit",
        Kind::Text,
        "restart a dyno this long before it is forecast to reach its quota: 20m",
    ),
    (
        "max-per-day",
        Kind::TextOrNumber,
        "maximum restarts of one dyno for its memory in 24 hours: 4",
    ),
    (
        "window",
        Kind::Texts,
        "hours in which restarts are allowed: 22:00-06:00, sat 22:00-06:00",
    ),
    (
        "except",
        Kind::Texts,
        "dates without restarts: 2026-12-24..2026-12-26",
    ),
    (
        "catch-up",
        Kind::Text,
        "how late an occurrence may still be acted on: 1h",
    ),
    (
        "min-uptime",
        Kind::Text,
        "leave alone a dyno that was younger than this at the occurrence: 30m",
    ),
    (
        "max-unavailable",
        Kind::TextOrNumber,
        "dynos of a process type that may be down at once: 1, 25%",
    ),
    (
        "wait-limit",
        Kind::Text,
        "how long a new dyno may take to come up: 5m",
    ),
    (
        "settle",
        Kind::Text,
        "how long a new dyno must stay up to count as settled: 10s",
    ),
    (
        "check-url",
        Kind::Text,
        "https app URL that must answer 2xx after a restart, before the next dyno is restarted",
    ),
    (
        "busy-url",
        Kind::Text,
        "https app URL that answers 409, 423, 429 or 503 while the app is too busy for a restart",
    ),
    (
        "busy-max",
        Kind::Text,
        "how long busy-url may put off a restart: 30m; without it 30m, or half of catch-up if less",
    ),
    (
        "ignore-incident",
        Kind::Flag,
        "restart even during a Heroku incident that affects apps",
    ),
    (
        "notify",
        Kind::Texts,
        "names from notify:add to report trouble to",
    ),
    (
        "since",
        Kind::Instant,
        "filled in by set: occurrences before it are not acted on",
    ),
    ("paused", Kind::Flag, "whether the schedule is paused"),
    (
        "paused-until",
        Kind::Instant,
        "when a paused schedule resumes",
    ),
    ("app-id", Kind::Text, "filled in by a pass: the app's id"),
    (
        "account",
        Kind::Text,
        "filled in by a pass: the account the schedule belongs to",
    ),
    (
        "host",
        Kind::Text,
        "filled in by a pass: the Heroku host, if it is not heroku.com",
    ),
];

#[derive(Clone, Copy)]
enum Kind {
    Text,
    TextOrNumber,
    /// A text, or a list of texts.
    Texts,
    Flag,
    /// An offset date-time of TOML, or a text of that form.
    Instant,
}

impl Kind {
    fn schema(self) -> Value {
        match self {
            Self::Text => json!({ "type": ["string", "integer"] }),
            Self::TextOrNumber => json!({ "type": ["string", "integer"], "minimum": 1 }),
            Self::Texts => {
                json!({ "type": ["string", "integer", "array"], "items": { "type": "string" } })
            }
            Self::Flag => json!({ "type": "boolean" }),
            Self::Instant => json!({ "type": "string", "format": "date-time" }),
        }
    }
}

/// JSON Schema, draft 7.
#[must_use]
pub fn schema() -> Value {
    let property = |(key, kind, says): &(&str, Kind, &str)| {
        let mut schema = kind.schema();
        schema["description"] = json!(says);
        ((*key).to_owned(), schema)
    };
    let properties: Map<String, Value> = PROPERTIES.iter().map(property).collect();
    json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "schedules of heroku dynos:autorestart",
        "type": "object",
        "additionalProperties": false,
        "properties": {
            "version": { "const": 1, "description": "version of the file format" },
            "runner-app": {
                "description": "written by deploy: the app whose config vars hold the schedules instead of this file",
                "type": "object",
                "required": ["name", "id", "host"],
            },
            "schedule": {
                "type": "array",
                "items": {
                    "type": "object",
                    "additionalProperties": false,
                    "allOf": [
                        { "anyOf": [{ "required": ["app"] }, { "required": ["apps"] }, { "required": ["team"] }, { "required": ["pipeline"] }, { "required": ["apps-matching"] }] },
                        { "anyOf": [{ "required": ["at"] }, { "required": ["cron"] }, { "required": ["max-uptime"] }, { "required": ["memory"] }, { "required": ["on-r14"] }, { "required": ["before-limit"] }] },
                    ],
                    "dependencies": { "stage": ["pipeline"] },
                    "not": { "anyOf": [
                        { "required": ["at", "cron"] },
                        { "required": ["app", "apps"] }, { "required": ["app", "team"] }, { "required": ["app", "pipeline"] }, { "required": ["app", "apps-matching"] },
                        { "required": ["apps", "team"] }, { "required": ["apps", "pipeline"] }, { "required": ["apps", "apps-matching"] },
                        { "required": ["process-type", "dyno-name"] },
                    ] },
                    "properties": properties,
                },
            },
        },
    })
}

#[cfg(test)]
mod tests {
    use super::{super::text::KEYS, *};

    #[test]
    fn the_schema_has_the_keys_that_are_read() {
        let keys: Vec<&str> = PROPERTIES.iter().map(|(key, ..)| *key).collect();
        assert_eq!(keys, KEYS);
    }
}
