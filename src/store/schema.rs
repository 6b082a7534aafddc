//! The JSON Schema of a schedules file: what editors complete and check it with. A test holds it to the
//! keys that are read.

use serde_json::{Map, Value, json};

/// What a key holds, and what it is for.
const PROPERTIES: [(&str, Kind, &str); 39] = [
    ("app", Kind::Text, "app, by name or id"),
    ("apps", Kind::Texts, "in place of app: these apps"),
    (
        "team",
        Kind::Text,
        "in place of app: the apps of this team, whichever they are at a pass",
    ),
    (
        "pipeline",
        Kind::Text,
        "in place of app: the apps of this pipeline, whichever they are at a pass; review apps only with stage",
    ),
    (
        "stage",
        Kind::Text,
        "of a pipeline only this stage: test, review, development, staging, production",
    ),
    (
        "apps-matching",
        Kind::Text,
        "in place of app: the apps with such a name, for example shop-*",
    ),
    (
        "name",
        Kind::Text,
        "name of the schedule, to tell several of one app apart",
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
        "cron expression in place of at: 0 7,14 * * mon-fri",
    ),
    (
        "timezone",
        Kind::Text,
        "IANA zone of times and dates: Europe/Paris",
    ),
    (
        "max-uptime",
        Kind::Text,
        "restart a dyno that has been up for so long: 6h",
    ),
    ("jitter", Kind::Text, "restart up to so much later: 10m"),
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
        "restart a dyno that exceeds its quota again and again",
    ),
    (
        "if-needed",
        Kind::Flag,
        "at an occurrence restart only dynos that are forecast to reach the threshold before the next",
    ),
    (
        "before-limit",
        Kind::Text,
        "restart a dyno so long before it is forecast to reach its quota: 20m",
    ),
    (
        "max-per-day",
        Kind::TextOrNumber,
        "restarts of one dyno for its memory in 24 hours: 4",
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
        "leave a dyno alone that was younger than this at the occurrence: 30m",
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
        "how long a new dyno must stay up to be believed: 10s",
    ),
    (
        "check-url",
        Kind::Text,
        "https URL of the app that must answer 2xx after a restart, before the next dyno goes",
    ),
    (
        "busy-url",
        Kind::Text,
        "https URL of the app that answers 409, 423, 429 or 503 while a restart does not suit it",
    ),
    (
        "busy-max",
        Kind::Text,
        "for how long busy-url may put a restart off: 30m; without it 30m, or half of catch-up where that is less",
    ),
    (
        "ignore-incident",
        Kind::Flag,
        "restart although Heroku has an incident that affects apps",
    ),
    (
        "notify",
        Kind::Texts,
        "names of notify:add that are told what goes wrong",
    ),
    (
        "since",
        Kind::Instant,
        "filled in by set: occurrences before it are not acted on",
    ),
    ("paused", Kind::Flag, "whether the schedule rests"),
    (
        "paused-until",
        Kind::Instant,
        "until when the schedule rests",
    ),
    ("app-id", Kind::Text, "filled in by a pass: the app's id"),
    (
        "account",
        Kind::Text,
        "filled in by a pass: whose schedule it is",
    ),
    (
        "host",
        Kind::Text,
        "filled in by a pass: which Heroku it is about, where it is not heroku.com",
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
            "version": { "const": 1, "description": "of the file's form" },
            "runner-app": {
                "description": "written by deploy: the app whose config vars have the schedules in this file's place",
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
