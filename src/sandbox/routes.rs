//! Heroku's Platform API, as far as it is simulated.

use super::{
    accounts::Caller, app::App, authorizations, dyno::Dyno, json, server::Shared, world::World,
};
use axum::{
    Extension, Json, Router,
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::{delete, get, patch},
};
use serde_json::{Map, Value, json};

pub(super) fn router() -> Router<Shared> {
    authorizations::router()
        .route("/account/rate-limits", get(async |State(world): State<Shared>| Json(json!({ "remaining": world.lock().remaining() }))))
        .route("/apps", get(apps))
        .route("/users/{user}/apps", get(apps))
        .route("/pipelines", get(async || Json(json!([]))))
        .route("/teams", get(async || Json(json!([]))))
        .route("/dyno-sizes", get(async || Json((0..json::SIZES.len()).map(json::dyno_size).collect::<Vec<_>>())))
        .route("/apps/{app}", get(app).patch(change_app))
        .route("/apps/{app}/dynos", get(dynos).delete(restart_all))
        .route("/apps/{app}/dynos/{dyno}", get(dyno).delete(restart))
        .route("/apps/{app}/formations/{type}", delete(restart_type))
        .route("/apps/{app}/formation", get(formation).patch(scale))
        .route("/apps/{app}/formation/{type}", patch(scale_one))
        .route("/apps/{app}/releases", get(releases))
        .route("/apps/{app}/config-vars", get(config).patch(change_config))
        .route("/apps/{app}/features", get(features))
        .route("/apps/{app}/features/{feature}", get(feature).patch(change_feature))
        .route("/apps/{app}/addons", get(async || Json(json!([]))))
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
    world.settle();
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
    let reaches = |app: &&App| app.owner == *email || app.collaborators.contains(email);
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
    let now = world.settle();
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

async fn formation(State(world): State<Shared>, Path(name): Path<String>) -> Response {
    with_app(&world, &name, |_, app| {
        Json(
            app.formation
                .iter()
                .map(|entry| json::formation(app, entry))
                .collect::<Vec<_>>(),
        )
        .into_response()
    })
}

async fn scale(
    State(world): State<Shared>,
    Path(name): Path<String>,
    Json(body): Json<Value>,
) -> Response {
    let updates = body["updates"].as_array().cloned().unwrap_or_default();
    for update in &updates {
        if let Err(response) = scale_entry(
            &world,
            &name,
            update["type"].as_str().unwrap_or_default(),
            update,
        ) {
            return *response;
        }
    }
    let changed = |app: &App, process_type: &str| {
        app.formation
            .iter()
            .find(|entry| entry.process_type == process_type)
            .map(|entry| json::formation(app, entry))
    };
    with_app(&world, &name, |_, app| {
        Json(
            updates
                .iter()
                .filter_map(|update| changed(app, update["type"].as_str()?))
                .collect::<Vec<_>>(),
        )
        .into_response()
    })
}

async fn scale_one(
    State(world): State<Shared>,
    Path((name, process_type)): Path<(String, String)>,
    Json(body): Json<Value>,
) -> Response {
    if let Err(response) = scale_entry(&world, &name, &process_type, &body) {
        return *response;
    }
    with_app(&world, &name, |_, app| {
        let entry = app
            .formation
            .iter()
            .find(|entry| entry.process_type == process_type);
        entry.map_or_else(
            || missing("process type"),
            |entry| Json(json::formation(app, entry)).into_response(),
        )
    })
}

/// The Heroku CLI sends the quantity as a text, `"3"` or `"+1"`; the schema has a number.
fn scale_entry(
    world: &Shared,
    name: &str,
    process_type: &str,
    update: &Value,
) -> Result<(), Box<Response>> {
    let mut world = world.lock();
    let now = world.settle();
    let app = world.app(name).ok_or_else(|| Box::new(missing("app")))?;
    let before = app
        .formation
        .iter()
        .find(|entry| entry.process_type == process_type)
        .map(|entry| entry.quantity)
        .ok_or_else(|| Box::new(missing("process type")))?;
    let text = update["quantity"]
        .as_str()
        .map(ToOwned::to_owned)
        .or_else(|| update["quantity"].as_u64().map(|number| number.to_string()));
    let quantity = match text.as_deref() {
        None => Some(before),
        Some(text) if text.starts_with(['+', '-']) => text
            .parse::<i32>()
            .ok()
            .and_then(|by| before.checked_add_signed(by)),
        Some(text) => text.parse().ok(),
    };
    let quantity = quantity.ok_or_else(|| {
        Box::new(refuse(
            StatusCode::UNPROCESSABLE_ENTITY,
            "invalid_params",
            "Invalid quantity.",
        ))
    })?;
    let ended = app.scale(process_type, quantity, now).unwrap_or_default();
    world.restarts.extend(ended);
    Ok(())
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
    restarted(&world, &name, |app, now| {
        for (key, value) in &body {
            match value.as_str() {
                Some(value) => drop(app.config.insert(key.clone(), value.to_owned())),
                None => drop(app.config.remove(key)),
            }
        }
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
