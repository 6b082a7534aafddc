//! The sandbox's replies fit the schema that Heroku publishes; `tests/data/heroku-schema.json` holds
//! the part of it that is served, with its keys made strict.

use crate::control::Heroku;
use autorestart::{clock::Clock, sandbox::Scenario};
use serde_json::Value;

const EXTRACT: &str = include_str!("../data/heroku-schema.json");

/// What is asked, the resource that answers, and whether it is a list.
const CALLS: [(&str, &str, bool); 14] = [
    ("/account", "account", false),
    ("/account/rate-limits", "rate-limit", false),
    ("/oauth/authorizations", "oauth-authorization", true),
    ("/apps", "app", true),
    ("/apps/example-app", "app", false),
    ("/apps/example-app/dynos", "dyno", true),
    ("/apps/example-app/dynos/web.1", "dyno", false),
    ("/apps/example-app/formation", "formation", true),
    ("/apps/example-app/releases", "release", true),
    ("/apps/example-app/config-vars", "config-vars", false),
    ("/apps/example-app/features", "app-feature", true),
    ("/apps/example-app/features/preboot", "app-feature", false),
    ("/apps/example-app/collaborators", "collaborator", true),
    ("/dyno-sizes", "dyno-size", true),
];

fn check(schema: &Value, value: &Value) -> Result<(), String> {
    let is_uuid = |text: &str| uuid::Uuid::try_parse(text).is_ok();
    let options = jsonschema::options()
        .with_draft(jsonschema::Draft::Draft4)
        .should_validate_formats(true);
    let validator = options.with_format("uuid", is_uuid).build(schema);
    validator
        .expect("a schema")
        .validate(value)
        .map_err(|error| format!("{error} in {value}"))
}

#[tokio::test]
async fn every_reply_of_the_sandbox_fits_heroku_s_schema() {
    let extract: Value = serde_json::from_str(EXTRACT).expect("the extract");
    let scenario = Scenario::built_in("leaky-shop").expect("built in");
    let heroku = Heroku::start(&scenario, Clock::System).await;
    let http = reqwest::Client::builder()
        .no_proxy()
        .build()
        .expect("a client");
    for (path, resource, is_list) in CALLS {
        let request = http
            .get(format!("{}{path}", heroku.url))
            .bearer_auth("x")
            .header("accept", "application/vnd.heroku+json; version=3");
        let reply: Value = request
            .send()
            .await
            .expect("an answer")
            .json()
            .await
            .expect("JSON");
        let schema = &extract["resources"][resource];
        assert!(schema.is_object(), "the extract has {resource}");
        let items = if is_list {
            reply.as_array().expect("a list").clone()
        } else {
            vec![reply]
        };
        assert!(!items.is_empty(), "{path} answers with something to check");
        for item in items {
            check(schema, &item).unwrap_or_else(|error| panic!("{path}: {error}"));
        }
    }
}

#[test]
fn the_check_can_fail() {
    let extract: Value = serde_json::from_str(EXTRACT).expect("the extract");
    let good: Value = serde_json::from_str(include_str!("../data/dyno.json")).expect("a dyno");
    let schema = &extract["resources"]["dyno"];
    assert_eq!(check(schema, &good), Ok(()));
    for spoil in [
        |dyno: &mut Value| drop(dyno.as_object_mut().and_then(|dyno| dyno.remove("state"))),
        |dyno: &mut Value| dyno["junk"] = Value::Null,
        |dyno: &mut Value| dyno["id"] = "no-uuid".into(),
    ] {
        let mut bad = good.clone();
        spoil(&mut bad);
        assert!(check(schema, &bad).is_err(), "{bad}");
    }
}

/// Requests that we make exist in the published schema.
#[test]
fn our_requests_are_published_links() {
    let extract: Value = serde_json::from_str(EXTRACT).expect("the extract");
    let links: Vec<&str> = extract["links"]
        .as_array()
        .expect("links")
        .iter()
        .filter_map(Value::as_str)
        .collect();
    for link in [
        "GET /apps/{app}",
        "GET /apps/{app}/formation",
        "GET /apps/{app}/dynos",
        "GET /apps/{app}/features/{feature}",
        "DELETE /apps/{app}/dynos/{dyno}",
    ] {
        assert!(links.contains(&link), "{link} is not among {links:?}");
    }
}
