//! Who one is, and authorizations: `/account`, `/oauth`, capabilities, pre-authorizations.

use super::{
    accounts::{Authorization, Caller, SCOPES},
    json,
    routes::{missing, refuse},
    server::Shared,
};
use axum::{
    Extension, Json, Router,
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::{delete, get, post, put},
};
use jiff::SignedDuration;
use serde_json::{Value, json};

pub(super) fn router() -> Router<Shared> {
    Router::new()
        .route(
            "/account",
            get(async |Extension(caller): Extension<Caller>| Json(json::account(&caller.user))),
        )
        .route("/oauth/authorizations", get(list).post(create))
        .route("/oauth/authorizations/{id}", get(info).delete(revoke))
        .route(
            "/oauth/authorizations/{id}/actions/regenerate-tokens",
            post(regenerate),
        )
        .route("/oauth/sessions/{id}", delete(async || missing("session")))
        .route("/users/~/capabilities", put(capabilities))
        .route("/apps/{app}/pre-authorizations", put(preauthorize))
}

/// The longest life of an authorization that is reckoned with, in seconds.
const MOST: i64 = 100 * 366 * 86_400;

fn answer(world: &Shared, authorization: &Authorization, is_shown: bool) -> Value {
    let world = world.lock();
    json::authorization(&world, authorization, is_shown)
}

async fn list(State(world): State<Shared>, Extension(caller): Extension<Caller>) -> Response {
    let own: Vec<Authorization> = {
        let world = world.lock();
        let is_own = |one: &&Authorization| one.user == caller.user.email;
        let all = world.accounts.authorizations.iter();
        all.filter(is_own).cloned().collect()
    };
    let own: Vec<Value> = own.iter().map(|one| answer(&world, one, false)).collect();
    Json(own).into_response()
}

/// The schema demands `scope`; the Heroku CLI leaves it out and means `global`, and sends seconds as
/// a text.
async fn create(
    State(world): State<Shared>,
    Extension(caller): Extension<Caller>,
    Json(body): Json<Value>,
) -> Response {
    if caller.user.is_sso {
        let message =
            "Accounts that sign in through an identity provider cannot create authorizations.";
        return refuse(StatusCode::FORBIDDEN, "forbidden", message);
    }
    let invalid =
        |message: &str| refuse(StatusCode::UNPROCESSABLE_ENTITY, "invalid_params", message);
    let scope: Option<Vec<String>> = match &body["scope"] {
        Value::Null => Some(vec!["global".to_owned()]),
        Value::Array(scopes) => scopes
            .iter()
            .map(|one| one.as_str().map(ToOwned::to_owned))
            .collect(),
        _ => None,
    };
    let is_known = |scope: &Vec<String>| scope.iter().all(|one| SCOPES.contains(&one.as_str()));
    let Some(scope) = scope.filter(|scope| !scope.is_empty() && is_known(scope)) else {
        return invalid("Invalid scope.");
    };
    let seconds = match &body["expires_in"] {
        Value::Null => None,
        Value::String(text) => text.parse::<i64>().ok(),
        other => other.as_i64(),
    };
    if seconds.is_some_and(|seconds| !(1..=MOST).contains(&seconds))
        || (seconds.is_none() && !body["expires_in"].is_null())
    {
        return invalid("Invalid expires_in.");
    }
    let description = body["description"]
        .as_str()
        .unwrap_or("Long-lived user authorization");
    let made = {
        let mut world = world.lock();
        let now = world.now();
        let made = world
            .accounts
            .authorize(&caller.user.email, description, scope, now);
        made.expires_at = seconds.map(|seconds| now + SignedDuration::from_secs(seconds));
        made.clone()
    };
    (StatusCode::CREATED, Json(answer(&world, &made, true))).into_response()
}

/// The caller's own authorization of this id; `~` is the account's API key, which is not simulated.
fn own(world: &Shared, caller: &Caller, id: &str) -> Option<Authorization> {
    let mut world = world.lock();
    let found = world.accounts.authorization(id)?.clone();
    (found.user == caller.user.email).then_some(found)
}

async fn info(
    State(world): State<Shared>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Response {
    match own(&world, &caller, &id) {
        Some(found) => Json(answer(&world, &found, false)).into_response(),
        None => missing("authorization"),
    }
}

async fn revoke(
    State(world): State<Shared>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Response {
    let Some(found) = own(&world, &caller, &id) else {
        return missing("authorization");
    };
    world.lock().accounts.revoke(&found.id);
    Json(answer(&world, &found, false)).into_response()
}

async fn regenerate(
    State(world): State<Shared>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Response {
    if own(&world, &caller, &id).is_none() {
        return missing("authorization");
    }
    let renewed = {
        let mut world = world.lock();
        let now = world.now();
        world.accounts.regenerate(&id, now)
    };
    match renewed {
        Some(renewed) => Json(answer(&world, &renewed, true)).into_response(),
        None => missing("authorization"),
    }
}

async fn capabilities(
    State(world): State<Shared>,
    Extension(caller): Extension<Caller>,
    Json(body): Json<Value>,
) -> Response {
    let world = world.lock();
    let asked = body["capabilities"].as_array().cloned().unwrap_or_default();
    let judged = asked.into_iter().map(|mut one| {
        let app = world.find(one["resource_id"].as_str().unwrap_or_default());
        let email = &caller.user.email;
        one["capable"] = json!(app.is_some_and(|app| world.reaches(app, email)));
        one["requires_second_factor"] = json!(app.is_some_and(|app| app.needs_second_factor));
        one
    });
    let judged: Vec<Value> = judged.collect();
    Json(json!({ "capabilities": judged })).into_response()
}

async fn preauthorize(
    State(world): State<Shared>,
    Extension(caller): Extension<Caller>,
    Path(name): Path<String>,
) -> Response {
    let mut world = world.lock();
    let now = world.now();
    let Some(id) = world.app(&name).map(|app| app.id.clone()) else {
        return missing("app");
    };
    world.accounts.preauthorize(&caller, &id, now);
    (StatusCode::CREATED, Json(json!({}))).into_response()
}
