//! Heroku's Platform API, as far as it is simulated.

use super::{
    accounts::Caller, addons, app::App, authorizations, builds, dyno::Dyno, json, logs, making,
    pipelines, router, scaling, server::Shared, slugs, world::World,
};
use axum::{
    Extension, Json, Router,
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::{delete, get},
};
use serde_json::{Map, Value, json};

pub(super) fn router() -> Router<Shared> {
    authorizations::router()
        .merge(addons::router())
        .merge(builds::router())
        .merge(logs::router())
        .merge(making::router())
        .merge(pipelines::router())
        .merge(router::router())
        .merge(scaling::router())
        .merge(slugs::router())
        .route("/account/rate-limits", get(async |State(world): State<Shared>| Json(json!({ "remaining": world.lock().remaining() }))))
        .route("/apps", get(apps).post(making::create))
        .route("/users/{user}/apps", get(apps))
        .route("/dyno-sizes", get(async || Json((0..json::SIZES.len()).map(json::dyno_size).collect::<Vec<_>>())))
        .route("/apps/{app}", get(app).patch(change_app).delete(making::destroy))
        .route("/apps/{app}/dynos", get(dynos).delete(restart_all))
        .route("/apps/{app}/dynos/{dyno}", get(dyno).delete(restart))
        .route("/apps/{app}/formations/{type}", delete(restart_type))
        .route("/apps/{app}/releases", get(releases).post(slugs::release))
        .route("/apps/{app}/config-vars", get(config).patch(change_config))
        .route("/apps/{app}/features", get(features))
        .route("/apps/{app}/features/{feature}", get(feature).patch(change_feature))
        .route("/apps/{app}/collaborators", get(collaborators))
        .fallback(async || refuse(StatusCode::NOT_FOUND, "not_found", "The requested API endpoint was not found. Are you using the right HTTP verb and the right version?"))
}

pub(super) fn refuse(status: StatusCode, id: &str, message: &str) -> Response {
    (status, Json(json!({ "id": id, "message": message, "url": "https://devcenter.heroku.com/articles/platform-api-reference" }))).into_response()
}

pub(super) fn missing(what: &str) -> Response {
    refuse(
        StatusCode::NOT_FOUND,
        "not_found",
        &format!("Couldn't find that {what}."),
    )
}

/// Answers from the app, or with 404.
fn with_app(world: &Shared, name: &str, answer: impl FnOnce(&World, &App) -> Response) -> Response {
    let mut world = world.lock();
    world.settle_one(name);
    match world
        .apps
        .iter()
        .find(|app| app.name == name || app.id == name)
    {
        Some(app) => answer(&world, app),
        None => missing("app"),
    }
}

async fn apps(State(world): State<Shared>, Extension(caller): Extension<Caller>) -> Response {
    let world = world.lock();
    let email = &caller.user.email;
    let reaches = |app: &&App| world.reaches(app, email);
    Json(
        world
            .apps
            .iter()
            .filter(reaches)
            .map(|app| json::app(&world, app))
            .collect::<Vec<_>>(),
    )
    .into_response()
}

async fn app(State(world): State<Shared>, Path(name): Path<String>) -> Response {
    with_app(&world, &name, |world, app| {
        Json(json::app(world, app)).into_response()
    })
}

async fn change_app(
    State(world): State<Shared>,
    Path(name): Path<String>,
    Json(body): Json<Value>,
) -> Response {
    if let (Some(app), Some(maintenance)) = (world.lock().app(&name), body["maintenance"].as_bool())
    {
        app.is_in_maintenance = maintenance;
    }
    with_app(&world, &name, |world, app| {
        Json(json::app(world, app)).into_response()
    })
}

async fn dynos(State(world): State<Shared>, Path(name): Path<String>) -> Response {
    with_app(&world, &name, |world, app| {
        // No order is documented: newest first is the one that a careless reader gets wrong.
        let is_listed = |dyno: &&Dyno| dyno.listed_at <= world.now();
        let mut dynos: Vec<_> = app.dynos.iter().filter(is_listed).collect();
        dynos.sort_by_key(|dyno| std::cmp::Reverse(dyno.created_at));
        Json(
            dynos
                .into_iter()
                .map(|dyno| json::dyno(app, dyno, world.now()))
                .collect::<Vec<_>>(),
        )
        .into_response()
    })
}

async fn dyno(State(world): State<Shared>, Path((name, dyno)): Path<(String, String)>) -> Response {
    with_app(&world, &name, |world, app| {
        match app
            .dynos
            .iter()
            .find(|one| one.name == dyno || one.id == dyno)
        {
            Some(dyno) => Json(json::dyno(app, dyno, world.now())).into_response(),
            None => missing("dyno"),
        }
    })
}

/// Applies a change to the app; 202 with an empty object, as Heroku answers restarts.
fn restarted(
    world: &Shared,
    name: &str,
    change: impl FnOnce(&mut App, jiff::Timestamp) -> Vec<super::app::Restart>,
) -> Response {
    let mut world = world.lock();
    let now = world.settle_one(name);
    let Some(app) = world.app(name) else {
        return missing("app");
    };
    let restarts = change(app, now);
    world.restarts.extend(restarts);
    (StatusCode::ACCEPTED, Json(json!({}))).into_response()
}

async fn restart(
    State(world): State<Shared>,
    Path((name, dyno)): Path<(String, String)>,
) -> Response {
    restarted(&world, &name, |app, now| app.delete(&dyno, now))
}

async fn restart_all(State(world): State<Shared>, Path(name): Path<String>) -> Response {
    restarted(&world, &name, |app, now| app.delete_all(None, now))
}

async fn restart_type(
    State(world): State<Shared>,
    Path((name, process_type)): Path<(String, String)>,
) -> Response {
    restarted(&world, &name, |app, now| {
        app.delete_all(Some(&process_type), now)
    })
}

async fn releases(State(world): State<Shared>, Path(name): Path<String>) -> Response {
    with_app(&world, &name, |world, app| {
        Json(
            app.releases
                .iter()
                .map(|release| json::release(world, app, release))
                .collect::<Vec<_>>(),
        )
        .into_response()
    })
}

async fn config(State(world): State<Shared>, Path(name): Path<String>) -> Response {
    with_app(&world, &name, |_, app| {
        Json(json!(app.config)).into_response()
    })
}

async fn change_config(
    State(world): State<Shared>,
    Path(name): Path<String>,
    Json(body): Json<Map<String, Value>>,
) -> Response {
    let is_name = |key: &String| {
        let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
        key.chars().all(is_part) && !key.starts_with(|c: char| c.is_ascii_digit())
    };
    let known = world.lock().find(&name).map(|app| app.config.clone());
    let Some(mut config) = known else {
        return missing("app");
    };
    for (key, value) in &body {
        match value.as_str() {
            Some(value) => drop(config.insert(key.clone(), value.to_owned())),
            None => drop(config.remove(key)),
        }
    }
    let size: usize = config
        .iter()
        .map(|(key, value)| key.len() + value.len())
        .sum();
    if !body.keys().all(is_name) || size > MOST_CONFIG {
        let message =
            "Config vars must have a name of letters, digits and underscores, and 32 kB in all.";
        return refuse(StatusCode::UNPROCESSABLE_ENTITY, "invalid_params", message);
    }
    restarted(&world, &name, |app, now| {
        if app.config == config {
            return vec![];
        }
        app.config = config;
        let names = body
            .keys()
            .map(String::as_str)
            .collect::<Vec<_>>()
            .join(", ");
        app.release(&format!("Set {names} config vars"), now)
    });
    with_app(&world, &name, |_, app| {
        Json(json!(app.config)).into_response()
    })
}

/// All config vars of an app, names and values.
const MOST_CONFIG: usize = 32 << 10;

async fn features(State(world): State<Shared>, Path(name): Path<String>) -> Response {
    with_app(&world, &name, |_, app| {
        Json(
            app.features
                .keys()
                .map(|name| json::feature(app, name))
                .collect::<Vec<_>>(),
        )
        .into_response()
    })
}

async fn feature(
    State(world): State<Shared>,
    Path((name, feature)): Path<(String, String)>,
) -> Response {
    with_app(&world, &name, |_, app| {
        if app.features.contains_key(&feature) {
            Json(json::feature(app, &feature)).into_response()
        } else {
            missing("feature")
        }
    })
}

async fn change_feature(
    State(world): State<Shared>,
    Path((name, feature)): Path<(String, String)>,
    Json(body): Json<Value>,
) -> Response {
    if let (Some(app), Some(enabled)) = (world.lock().app(&name), body["enabled"].as_bool())
        && let Some(known) = app.features.get_mut(&feature)
    {
        *known = enabled;
    }
    with_app(&world, &name, |_, app| {
        if app.features.contains_key(&feature) {
            Json(json::feature(app, &feature)).into_response()
        } else {
            missing("feature")
        }
    })
}

async fn collaborators(State(world): State<Shared>, Path(name): Path<String>) -> Response {
    with_app(&world, &name, |world, app| {
        Json(json::collaborators(world, app)).into_response()
    })
}
