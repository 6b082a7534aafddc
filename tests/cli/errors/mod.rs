//! What is said of every error that Heroku documents (Dev Center, "Platform API reference", Errors), from every
//! call: one table, `docs/ERRORS.md`, that a person can review.
//!
//! `AUTORESTART_TEST_BLESS=1 cargo test --test cli errors::` writes it anew.

mod calls;
mod commands;

use crate::{
    control::Heroku,
    simulation::{Machine, paused_at},
};
use autorestart::{
    clock::Clock, pass::Options, plan::Outcome, report::Report, sandbox::Scenario, stop::Stop,
};
use serde_json::json;
use std::{collections::BTreeMap, fmt::Write as _, path::Path};

const START: &str = "2026-03-02T07:00:30Z";
const WORLD: &str = "seed = 1\n[[app]]\nname = \"example-app\"\nmetrics = true\n[[app.formation]]\ntype = \"web\"\nquantity = 2\n";
const SCHEDULES: &str = "version = 1\n[[schedule]]\napp = \"example-app\"\nat = \"07:00\"\ntimezone = \"UTC\"\nif-needed = true\nsince = 2026-03-02T06:00:00Z\n";

/// Status, id, and what Heroku says with it.
const ERRORS: [(u16, &str, &str); 18] = [
    (400, "bad_request", "Bad request."),
    (401, "unauthorized", "Invalid credentials provided."),
    (
        401,
        "device_trust_required",
        "This device is not trusted yet.",
    ),
    (402, "delinquent", "Your account has an overdue balance."),
    (
        403,
        "forbidden",
        "You do not have access to the app example-app.",
    ),
    (403, "suspended", "Your account was suspended."),
    (
        403,
        "two_factor",
        "A second authentication factor or pre-authorization is required for this request.",
    ),
    (404, "not_found", "Couldn't find that app."),
    (
        406,
        "not_acceptable",
        "Requests to this endpoint must specify the desired API version.",
    ),
    (409, "conflict", "Another change is in progress."),
    (410, "gone", "This endpoint is gone."),
    (
        412,
        "two_factor",
        "A second authentication factor or pre-authorization is required for this request.",
    ),
    (
        416,
        "requested_range_not_satisfiable",
        "The requested range is not satisfiable.",
    ),
    (422, "invalid_params", "Invalid params."),
    (422, "verification_needed", "Please verify your account."),
    (
        429,
        "rate_limit",
        "Your account reached the API rate limit. Please wait a few minutes before making new requests",
    ),
    (500, "", "Internal server error."),
    (503, "", ""),
];

/// The calls of a pass: method, and what its path ends with.
const CALLS: [(&str, &str); 6] = [
    ("GET", "/apps/example-app"),
    ("GET", "/formation"),
    ("GET", "/features/preboot"),
    ("GET", "/dynos"),
    ("DELETE", "/dynos/web.1"),
    ("POST", "/log-sessions"),
];

fn name(error: (u16, &str, &str)) -> String {
    match error.1 {
        "" => error.0.to_string(),
        id => format!("{} `{id}`", error.0),
    }
}

fn clock() -> Clock {
    paused_at(START.parse().expect("an instant"))
}

/// What a report says, and the hint with it.
fn said(report: &Report) -> (String, String) {
    let app = &report.apps[0];
    let (mut said, mut hints) = (vec![], vec![]);
    if let Some(error) = &app.error {
        said.push(error.to_string());
        hints.extend(error.hint());
    }
    hints.extend(report.refusals().into_iter().map(ToOwned::to_owned));
    for ended in app.ended.iter().filter(|ended| !ended.outcome.is_good()) {
        let (dyno, outcome) = (&ended.step.dyno, ended.outcome.phrase());
        let detail = ended.detail.as_deref().unwrap_or_default();
        said.push(format!("{dyno} {outcome}: {detail}"));
    }
    for skip in app.due_skips() {
        said.push(format!(
            "{}: {}: {}",
            skip.dyno,
            skip.reason.phrase(),
            skip.detail
        ));
    }
    said.extend(
        app.missed
            .iter()
            .map(|missed| format!("missed: {}", missed.reason)),
    );
    said.extend(
        app.notices
            .iter()
            .filter(|one| !one.contains("in doubt"))
            .cloned(),
    );
    let restarted = app.ended.iter();
    let restarted = restarted
        .filter(|ended| ended.outcome == Outcome::Restarted)
        .count();
    if restarted > 0 {
        said.push(format!("{restarted} restarted"));
    }
    said.dedup();
    hints.dedup();
    (said.join("; "), hints.join("; "))
}

async fn row(call: (&str, &str), error: (u16, &str, &str)) -> (String, String, u8, String) {
    let ((method, path), (status, id, message)) = (call, error);
    let heroku = Heroku::start(&Scenario::parse(WORLD).expect("a world"), clock()).await;
    let machine = Machine::new(&heroku, clock(), SCHEDULES);
    // An app is asked for by its id from the second call on: its path is the shortest.
    let is_app = path == "/apps/example-app";
    let skip_others = if is_app { "/apps/example-app" } else { path };
    heroku
        .faults(&json!([{
            "method": method, "path": skip_others, "times": 4_000_000_000_u32,
            "kind": { "status": { "status": status, "id": id, "message": message } },
        }]))
        .await;
    let (_sender, stop) = Stop::new();
    let report = machine.pass(Options::default(), None, &stop).await;
    let restarts = heroku.record().await.restarts();
    assert!(
        restarts.values().all(|count| *count == 1),
        "{call:?} {error:?}: {restarts:?}"
    );
    let (said, hint) = said(&report);
    // The sandbox is on another port each time.
    let host = heroku.url.trim_start_matches("http://");
    let said = said.replace(host, "api.heroku.com");
    assert!(!said.is_empty(), "{call:?} {error:?}: {report:#?}");
    (
        said,
        hint,
        report.exit_code(),
        format!("{}", restarts.len()),
    )
}

#[tokio::test(start_paused = true)]
async fn every_error_of_every_call_is_said_as_the_table_has_it() {
    let mut text = String::from(
        "# The message for each of Heroku's errors\n\nEvery error that Heroku documents, given every time to one call of a pass over an app whose `web.1` and `web.2` are due\n(generated by `tests/cli/errors/`, which also checks it). Nothing is ever restarted twice; the last column is how many dynos were\nrestarted. Exit codes: 0 done, 1 failed, 3 some restarts failed, were not reached, or were missed. A `Retry-After` of up\nto a minute is honoured before a request is repeated; after a restart that is refused for the moment, its effect is looked for first,\nfor as long as a boot may take.\n",
    );
    for call in CALLS {
        // What is said alike stands together.
        let mut rows: BTreeMap<(u8, String, String, String), Vec<String>> = BTreeMap::new();
        for error in ERRORS {
            let (said, hint, exit, restarted) = row(call, error).await;
            rows.entry((exit, said, hint, restarted))
                .or_default()
                .push(name(error));
        }
        let (method, path) = call;
        let path = path
            .replace("/apps/example-app", "/apps/{app}")
            .replace("web.1", "{dyno}");
        let path = if path.starts_with("/apps") {
            path
        } else {
            format!("/apps/{{app}}{path}")
        };
        let _ = write!(
            text,
            "\n## `{method} {path}`\n\n| error | exit | said | hint | restarted |\n|---|---|---|---|---|\n"
        );
        let mut rows: Vec<_> = rows.into_iter().collect();
        rows.sort_by(|a, b| a.1.cmp(&b.1));
        for ((exit, said, hint, restarted), names) in rows {
            let cell = |text: &str| text.replace('|', "\\|");
            let _ = writeln!(
                text,
                "| {} | {exit} | {} | {} | {restarted} |",
                names.join(", "),
                cell(&said),
                cell(&hint)
            );
        }
    }
    text.push_str(&calls::table().await);
    let commands = std::thread::spawn(commands::table).join();
    text.push_str(&commands.expect("a table"));
    let place = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/ERRORS.md");
    if std::env::var_os("AUTORESTART_TEST_BLESS").is_some() {
        std::fs::write(&place, &text).expect("a file");
    }
    let known = std::fs::read_to_string(&place).unwrap_or_default();
    assert!(
        known == text,
        "docs/ERRORS.md has drifted: AUTORESTART_TEST_BLESS=1 cargo test --test cli errors:: writes it anew, for review"
    );
}
