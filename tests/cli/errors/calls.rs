//! The calls of commands, asked of the client itself: nothing comes between its error and the person.

use super::{ERRORS, clock, name};
use crate::{
    control::Heroku,
    simulation::{Machine, client},
};
use autorestart::{
    error::Error,
    heroku::{self, Client, NewSlug, Place},
    sandbox::Scenario,
};
use serde_json::json;
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
};

const APP: &str = "example-app";

fn slug() -> NewSlug<'static> {
    NewSlug {
        process_types: [("web", "bin/web".to_owned())].into(),
        stack: "heroku-24",
        checksum: "SHA256:00",
        commit: "v1",
    }
}

/// Every call that a pass does not make, or not alone, and what came of it.
async fn ask(client: &Client, call: &str) -> Result<String, heroku::Error> {
    fn some<T: std::fmt::Debug>(answer: T) -> String {
        format!("{answer:?}")
    }
    let nowhere = Place::default();
    let of_team = Place {
        team: Some("acme"),
        ..Place::default()
    };
    Ok(match call {
        "GET /account" => some(client.account().await?),
        "GET /account/rate-limits" => some(client.remaining().await?),
        "GET /apps" => some(client.apps().await?),
        "POST /apps" => some(client.make_app("made-app", &nowhere).await?),
        "POST /teams/apps" => some(client.make_app("made-app", &of_team).await?),
        "DELETE /apps/{app}" => some(client.destroy_app(APP).await?),
        "GET /apps/{app} of the runner" => some(client.own_app(APP).await?.is_some()),
        "GET /apps/{app}/addons" => some(client.addons(APP).await?),
        "POST /apps/{app}/addons" => some(client.add(APP, "scheduler:standard").await?),
        "GET /apps/{app}/collaborators" => some(client.collaborators(APP).await?),
        "GET /apps/{app}/config-vars" => some(client.config_vars(APP).await?),
        "PATCH /apps/{app}/config-vars" => {
            some(client.set_config_vars(APP, &BTreeMap::new()).await?)
        }
        "PATCH /apps/{app}/features/{feature}" => {
            some(client.enable_feature(APP, "log-runtime-metrics").await?)
        }
        "PATCH /apps/{app}/formation" => some(client.scale(APP, "web", 1, "Basic").await?),
        "PUT /apps/{app}/pre-authorizations" => some(client.preauthorize(APP).await?),
        "GET /apps/{app}/releases" | "GET /apps/{app}/slugs/{slug}" => {
            some(client.current_slug(APP).await?.is_some())
        }
        "POST /apps/{app}/releases" => some(client.release(APP, "a-slug", "v1").await?),
        "POST /apps/{app}/slugs" => some(client.make_slug(APP, &slug()).await?),
        "POST /apps/{app}/log-sessions" => some(client.log(APP).await?),
        "GET /dyno-sizes" => some(client.dyno_sizes().await?),
        "GET /oauth/authorizations" => some(client.authorizations().await?.len()),
        "POST /oauth/authorizations" => {
            client.authorize("ours", &["write"], None).await?;
            String::new()
        }
        "GET /oauth/authorizations/{id}" => some(client.has_authorization("an-id").await?),
        "DELETE /oauth/authorizations/{id}" => some(client.revoke("an-id").await?),
        "GET /pipeline-couplings" => some(client.stages().await?),
        "GET /pipelines/{pipeline}" => some(client.stages_of("shop").await?),
        "GET /teams/{team}/apps" => some(client.apps_of_team("acme").await?),
        "GET /teams/{team}/members" => some(client.members("acme").await?),
        "PUT /users/~/capabilities" => some(client.may_restart("an-id").await?.is_capable),
        _ => panic!("{call} is not known"),
    })
}

const CALLS: [&str; 30] = [
    "GET /account",
    "GET /account/rate-limits",
    "GET /apps",
    "POST /apps",
    "POST /teams/apps",
    "DELETE /apps/{app}",
    "GET /apps/{app} of the runner",
    "GET /apps/{app}/addons",
    "POST /apps/{app}/addons",
    "GET /apps/{app}/collaborators",
    "GET /apps/{app}/config-vars",
    "PATCH /apps/{app}/config-vars",
    "PATCH /apps/{app}/features/{feature}",
    "PATCH /apps/{app}/formation",
    "PUT /apps/{app}/pre-authorizations",
    "GET /apps/{app}/releases",
    "POST /apps/{app}/releases",
    "GET /apps/{app}/slugs/{slug}",
    "POST /apps/{app}/slugs",
    "POST /apps/{app}/log-sessions",
    "GET /dyno-sizes",
    "GET /oauth/authorizations",
    "POST /oauth/authorizations",
    "GET /oauth/authorizations/{id}",
    "DELETE /oauth/authorizations/{id}",
    "GET /pipeline-couplings",
    "GET /pipelines/{pipeline}",
    "GET /teams/{team}/apps",
    "GET /teams/{team}/members",
    "PUT /users/~/capabilities",
];

/// Exit code, message and hint; no code where it is no error.
type Said = (Option<u8>, String, String);

async fn said(heroku: &Heroku, client: &Client, call: &str, error: (u16, &str, &str)) -> Said {
    let (status, id, message) = error;
    let answer = json!({ "status": { "status": status, "id": id, "message": message } });
    let mut fault = json!({ "times": 4_000_000_000_u32, "kind": answer });
    // The release before it tells the slug.
    if call.ends_with("/slugs/{slug}") {
        fault["path"] = json!("/slugs/");
    }
    let faults = json!([fault]);
    heroku.faults(&faults).await;
    let came = ask(client, call).await;
    heroku.no_faults().await;
    let host = heroku.url.trim_start_matches("http://");
    match came {
        Ok(answer) => (None, format!("no error: {answer}"), String::new()),
        Err(error) => {
            let error = Error::from(error);
            let text = error.to_string().replace(host, "api.heroku.com");
            let hint = error.hint().unwrap_or_default();
            (Some(error.exit_code()), text, hint)
        }
    }
}

fn row(text: &mut String, names: &str, (exit, said, hint): &Said) {
    let exit = exit.map_or_else(|| "-".to_owned(), |exit| exit.to_string());
    let _ = writeln!(text, "| {names} | {exit} | {said} | {hint} |");
}

/// The second part of the table.
pub async fn table() -> String {
    let heroku = Heroku::start(&Scenario::parse(super::WORLD).expect("a world"), clock()).await;
    let machine = Machine::new(&heroku, clock(), super::SCHEDULES);
    let client = client(&machine.env, clock()).await;
    // A release that has a slug.
    let made = client.make_slug(APP, &slug()).await.expect("a slug");
    let released = client.release(APP, &made.id, "v1").await;
    released.expect("a release");
    let mut calls: BTreeMap<&str, Vec<Said>> = BTreeMap::new();
    for call in CALLS {
        for error in ERRORS {
            let said = said(&heroku, &client, call, error).await;
            calls.entry(call).or_default().push(said);
        }
    }
    // What most calls say of an error is said once.
    let common: Vec<Said> = (0..ERRORS.len())
        .map(|place| {
            let all: BTreeSet<&Said> = calls.values().map(|said| &said[place]).collect();
            let count = |one: &&&Said| calls.values().filter(|said| said[place] == ***one).count();
            (*all.iter().max_by_key(count).expect("some")).clone()
        })
        .collect();
    let mut text = String::from(
        "\n# Calls of commands\n\nThe same errors, given every time to each of these calls, and what the client makes of them; the last part shows what some commands\nmake of that. When one of its calls fails, `deploy` undoes what it has begun, or names it (`tests/cli/deploy.rs`).\n\n",
    );
    let list: Vec<String> = CALLS.iter().map(|call| format!("`{call}`")).collect();
    for line in list.chunks(4) {
        let _ = writeln!(text, "{}", line.join(", "));
    }
    text.push_str("\n| error | exit | said | hint |\n|---|---|---|---|\n");
    for (error, said) in ERRORS.into_iter().zip(&common) {
        row(&mut text, &name(error), said);
    }
    text.push_str("\nBut:\n\n| call and error | exit | said | hint |\n|---|---|---|---|\n");
    for (call, all) in &calls {
        for ((error, said), common) in ERRORS.into_iter().zip(all).zip(&common) {
            if said != common {
                row(&mut text, &format!("`{call}`, {}", name(error)), said);
            }
        }
    }
    text
}
