//! The sandbox's replies fit the schema that Heroku publishes; `tests/data/heroku-schema.json` holds
//! the part of it that is served, with its keys made strict. What we ask for is in it too.

use crate::{control::Heroku, simulation::Machine};
use autorestart::{clock::Clock, pass::Options, sandbox::Scenario, stop::Stop};
use reqwest::Method;
use serde_json::{Value, json};

const EXTRACT: &str = include_str!("../data/heroku-schema.json");

fn extract() -> Value {
    serde_json::from_str(EXTRACT).expect("the extract")
}

/// The shop, and an app of the other generation, with every kind of dyno.
async fn shop() -> Heroku {
    let fir = "\n[[app]]\nname = \"fir-app\"\ngeneration = \"fir\"\npipeline = \"shop/production\"\n[[app.formation]]\ntype = \"web\"\nquantity = 1\n";
    let team = "\n[[team]]\nname = \"acme\"\nmembers = [\"me@example.com\"]\n";
    let shop = include_str!("../../src/sandbox/leaky-shop.toml").to_owned() + fir + team;
    Heroku::start(&Scenario::parse(&shop).expect("a scenario"), Clock::System).await
}

/// Reads: what is asked, the resource that answers, and whether it is a list.
const READS: [(&str, &str, bool); 24] = [
    ("/account", "account", false),
    ("/account/rate-limits", "rate-limit", false),
    ("/oauth/authorizations", "oauth-authorization", true),
    ("/apps", "app", true),
    ("/apps/example-app", "app", false),
    ("/apps/fir-app", "app", false),
    ("/apps/example-app/dynos", "dyno", true),
    ("/apps/fir-app/dynos", "dyno", true),
    ("/apps/example-app/dynos/web.1", "dyno", false),
    ("/apps/example-app/formation", "formation", true),
    ("/apps/example-app/releases", "release", true),
    ("/apps/example-app/config-vars", "config-vars", false),
    ("/apps/example-app/features", "app-feature", true),
    ("/apps/example-app/features/preboot", "app-feature", false),
    ("/apps/example-app/collaborators", "collaborator", true),
    ("/dyno-sizes", "dyno-size", true),
    ("/apps/example-app/addons", "add-on", true),
    ("/apps/example-app/builds", "build", true),
    ("/teams", "team", true),
    ("/teams/acme/members", "team-member", true),
    ("/teams/acme/apps", "team-app", true),
    ("/pipelines", "pipeline", true),
    ("/pipelines/shop", "pipeline", false),
    ("/pipeline-couplings", "pipeline-coupling", true),
];

/// What is made: as above, and the name of the request's schema.
fn makings() -> [(&'static str, Value, &'static str, &'static str); 6] {
    let slug = json!({ "process_types": { "runner": "./bin/it" }, "stack": "heroku-24", "checksum": "SHA256:00", "commit": "v1" });
    let build = json!({ "source_blob": { "url": "https://example.com/source.tgz", "version": "v1", "checksum": null, "version_description": null } });
    [
        (
            "/apps",
            json!({ "name": "made-app", "region": "eu" }),
            "app",
            "/apps",
        ),
        (
            "/teams/apps",
            json!({ "name": "team-made", "team": "acme" }),
            "team-app",
            "/teams/apps",
        ),
        ("/apps/made-app/slugs", slug, "slug", "/apps/{app}/slugs"),
        (
            "/apps/example-app/builds",
            build,
            "build",
            "/apps/{app}/builds",
        ),
        (
            "/apps/example-app/addons",
            json!({ "plan": "scheduler:standard" }),
            "add-on",
            "/apps/{app}/addons",
        ),
        (
            "/apps/made-app/log-sessions",
            json!({ "lines": 100, "source": "app" }),
            "log-session",
            "/apps/{app}/log-sessions",
        ),
    ]
}

/// Changes: what is asked, with which body, and as above.
fn changes() -> [(&'static str, Value, &'static str, bool); 5] {
    [
        (
            "/apps/example-app",
            json!({ "maintenance": true }),
            "app",
            false,
        ),
        (
            "/apps/example-app/config-vars",
            json!({ "A": "b" }),
            "config-vars",
            false,
        ),
        (
            "/apps/example-app/features/preboot",
            json!({ "enabled": true }),
            "app-feature",
            false,
        ),
        (
            "/apps/example-app/formation",
            json!({ "updates": [{ "type": "web", "quantity": 3 }] }),
            "formation",
            true,
        ),
        (
            "/apps/example-app/formation/worker",
            json!({ "quantity": 2 }),
            "formation",
            false,
        ),
    ]
}

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
    let (extract, heroku) = (extract(), shop().await);
    let http = reqwest::Client::builder().no_proxy().build();
    let http = http.expect("a client");
    let ask = async |method: Method, path: &str, body: Option<&Value>| {
        let request = http
            .request(method, format!("{}{path}", heroku.url))
            .bearer_auth("x")
            .header("accept", "application/vnd.heroku+json; version=3");
        let request = match body {
            Some(body) => request.json(body),
            None => request,
        };
        let reply = request.send().await.expect("an answer");
        reply.json::<Value>().await.expect("JSON")
    };
    let hold = |path: &str, resource: &str, is_list: bool, reply: Value| {
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
    };
    // Made before it is listed; regenerated, and revoked.
    let made = json!({ "scope": ["write"], "description": "ours", "expires_in": 3600 });
    let link = "/oauth/authorizations";
    check(&extract["requests"]["POST /oauth/authorizations"], &made).expect("a request");
    for _ in 0..2 {
        let made = ask(Method::POST, link, Some(&made)).await;
        let id = made["id"].as_str().expect("an id").to_owned();
        hold(link, "oauth-authorization", false, made);
        let one = format!("{link}/{id}");
        let renewed = ask(
            Method::POST,
            &format!("{one}/actions/regenerate-tokens"),
            None,
        )
        .await;
        hold(&one, "oauth-authorization", false, renewed);
        let info = ask(Method::GET, &one, None).await;
        hold(&one, "oauth-authorization", false, info);
        let revoked = ask(Method::DELETE, &one, None).await;
        hold(&one, "oauth-authorization", false, revoked);
    }
    ask(Method::POST, link, Some(&made)).await;
    for (path, body, resource, request) in makings() {
        check(&extract["requests"][format!("POST {request}")], &body).expect(path);
        let made = ask(Method::POST, path, Some(&body)).await;
        if resource == "slug" {
            let release = json!({ "slug": made["id"], "description": "v1" });
            check(&extract["requests"]["POST /apps/{app}/releases"], &release).expect("a request");
            let info = format!("{path}/{}", made["id"].as_str().expect("an id"));
            hold(&info, resource, false, ask(Method::GET, &info, None).await);
            let released = ask(Method::POST, "/apps/made-app/releases", Some(&release)).await;
            hold("POST /apps/made-app/releases", "release", false, released);
        }
        hold(path, resource, false, made);
    }
    // The build is over, and has made a release.
    heroku.patch("/sandbox", &json!({ "advance": "2m" })).await;
    for (path, resource, is_list) in READS {
        hold(path, resource, is_list, ask(Method::GET, path, None).await);
    }
    // A release that waits for its release phase.
    let habits = json!({ "habits": { "release-phase": "1h" } });
    heroku.patch("/sandbox/apps/example-app", &habits).await;
    for (path, body, resource, is_list) in changes() {
        let reply = ask(Method::PATCH, path, Some(&body)).await;
        hold(path, resource, is_list, reply);
    }
    for (path, resource, is_list) in READS {
        hold(path, resource, is_list, ask(Method::GET, path, None).await);
    }
}

#[test]
fn the_check_can_fail() {
    let good: Value = serde_json::from_str(include_str!("../data/dyno.json")).expect("a dyno");
    let schema = &extract()["resources"]["dyno"];
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

/// Whether a request is one of a published link, `GET /apps/{app}/dynos`.
fn is_of(link: &str, request: &str) -> bool {
    let (link, request) = (link.split('/'), request.split('/'));
    let fits = |(link, request): (&str, &str)| link == request || link.starts_with('{');
    link.clone().count() == request.clone().count() && link.zip(request).all(fits)
}

#[tokio::test]
async fn every_request_of_a_pass_is_a_published_link() {
    let (extract, heroku) = (extract(), shop().await);
    let machine = Machine::new(
        &heroku,
        Clock::System,
        "version = 1\n[[schedule]]\napp = \"example-app\"\nmax-uptime = \"1h\"\nsettle = \"0s\"\n",
    );
    let (_sender, stop) = Stop::new();
    let report = machine.pass(Options::default(), None, &stop).await;
    assert_eq!(report.exit_code(), 0, "{report:#?}");
    let links = extract["links"].as_array().expect("links").iter();
    let links: Vec<&str> = links.filter_map(Value::as_str).collect();
    let requests = heroku.record().await.requests;
    assert!(requests.iter().any(|request| request.method == "DELETE"));
    for request in requests {
        let request = format!("{} {}", request.method, request.path);
        assert!(
            links.iter().any(|link| is_of(link, &request)),
            "{request} is not among {links:?}"
        );
    }
    assert!(!is_of("GET /apps/{app}", "GET /apps/x/dynos") && !is_of("GET /apps", "PUT /apps"));
}
