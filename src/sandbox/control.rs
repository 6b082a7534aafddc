//! Routes below `/sandbox`, with which a test bends the world and reads what really happened.

use super::{
    app::{App, Restart},
    faults::Fault,
    pipelines::Coupling,
    scenario::{Age, Habits},
    server::Shared,
};
use axum::{
    Json, Router,
    extract::{Path, State},
    http::StatusCode,
    routing::{get, patch, post},
};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value, json};

pub(super) fn router() -> Router<Shared> {
    Router::new()
        .route("/sandbox", patch(bend))
        .route("/sandbox/record", get(record).delete(forget))
        .route(
            "/sandbox/clock",
            get(async |State(world): State<Shared>| Json(json!({ "now": world.lock().now() }))),
        )
        .route(
            "/sandbox/faults",
            post(add_faults)
                .delete(async |State(world): State<Shared>| world.lock().faults.clear()),
        )
        .route("/sandbox/authorizations", get(authorizations))
        .route(
            "/sandbox/authorizations/{id}",
            patch(bend_authorization).delete(revoke),
        )
        .route("/sandbox/users/{email}", patch(bend_user))
        .route("/sandbox/apps/{app}", get(truth).patch(bend_app))
        .route("/sandbox/apps/{app}/dynos/{dyno}", patch(bend_dyno))
        .route("/sandbox/apps/{app}/formation", post(scale))
        .route("/sandbox/apps/{app}/releases", post(release))
        .route("/sandbox/apps/{app}/log", post(say))
}

/// What happened: every request to the API, and every dyno that was replaced or ended.
async fn record(State(world): State<Shared>) -> Json<Value> {
    let mut world = world.lock();
    world.settle();
    let of_app = |app: &App| {
        let (name, exceeded) = (app.name.clone(), app.exceeded);
        (name, json!({ "r14": exceeded, "worst_percent": app.worst }))
    };
    let memory: Map<String, Value> = world.apps.iter().map(of_app).collect();
    Json(
        json!({ "now": world.now(), "requests": world.requests, "restarts": world.restarts, "memory": memory }),
    )
}

async fn forget(State(world): State<Shared>) {
    let mut world = world.lock();
    world.requests.clear();
    world.restarts.clear();
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Bend {
    /// Moves the whole of Heroku's time: `Date`, `created_at` and all.
    advance: Option<Age>,
    set_back: Option<Age>,
    latency_ms: Option<u64>,
    remaining: Option<u32>,
    token: Option<String>,
    /// An incident that affects apps; an empty one ends it.
    incident: Option<String>,
}

async fn bend(State(world): State<Shared>, Json(bend): Json<Bend>) {
    let mut world = world.lock();
    world.moved_by += bend.advance.unwrap_or_default().0.duration();
    world.moved_by -= bend.set_back.unwrap_or_default().0.duration();
    if let Some(remaining) = bend.remaining {
        world.set_remaining(remaining);
    }
    world.latency_ms = bend.latency_ms.unwrap_or(world.latency_ms);
    if let Some(incident) = bend.incident {
        world.incident = Some(incident).filter(|title| !title.is_empty());
    }
    let now = world.now();
    if let Some(token) = &bend.token {
        world.accounts.set_login(token, now);
    }
}

/// Every authorization that there is, with its token: what tests compare with.
async fn authorizations(State(world): State<Shared>) -> Json<Vec<Value>> {
    let world = world.lock();
    let all = world.accounts.authorizations.iter();
    Json(
        all.map(|one| super::json::authorization(&world, one, true))
            .collect(),
    )
}

async fn revoke(State(world): State<Shared>, Path(id): Path<String>) -> StatusCode {
    match world.lock().accounts.revoke(&id) {
        Some(_) => StatusCode::OK,
        None => StatusCode::NOT_FOUND,
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct BendAuthorization {
    expires_in: Option<Age>,
    scope: Option<Vec<String>>,
}

async fn bend_authorization(
    State(world): State<Shared>,
    Path(id): Path<String>,
    Json(bend): Json<BendAuthorization>,
) -> StatusCode {
    let mut world = world.lock();
    let now = world.now();
    let Some(known) = world.accounts.authorization(&id) else {
        return StatusCode::NOT_FOUND;
    };
    if let Some(age) = bend.expires_in {
        known.expires_at = Some(now + age.0.duration());
    }
    known.scope = bend.scope.unwrap_or_else(|| known.scope.clone());
    StatusCode::OK
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct BendUser {
    sso: Option<bool>,
    /// Codes that are valid from now on; none takes the second factor away.
    second_factor: Option<Vec<String>>,
}

async fn bend_user(
    State(world): State<Shared>,
    Path(email): Path<String>,
    Json(bend): Json<BendUser>,
) {
    let mut world = world.lock();
    let user = world.accounts.user(&email);
    user.is_sso = bend.sso.unwrap_or(user.is_sso);
    if let Some(codes) = bend.second_factor {
        user.has_second_factor = !codes.is_empty();
        user.codes = codes;
    }
}

async fn add_faults(State(world): State<Shared>, Json(faults): Json<Vec<Fault>>) {
    world.lock().faults.extend(faults);
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct BendApp {
    /// Of dynos that start from now on.
    habits: Option<Habits>,
    maintenance: Option<bool>,
    name: Option<String>,
    second_factor: Option<bool>,
    collaborators: Option<Vec<String>>,
    owner: Option<String>,
    /// `shop/production`; an empty one takes it out.
    pipeline: Option<String>,
    /// An empty one takes it out of its team.
    team: Option<String>,
    /// What its paths answer, by path: `/busy` and a status. Others answer as their dyno does.
    answers: Option<std::collections::BTreeMap<String, u16>>,
}

fn change(world: &Shared, name: &str, change: impl FnOnce(&mut App, Timestamp)) -> StatusCode {
    let mut world = world.lock();
    let now = world.settle();
    match world.app(name) {
        Some(app) => {
            change(app, now);
            StatusCode::OK
        }
        None => StatusCode::NOT_FOUND,
    }
}

async fn bend_app(
    State(world): State<Shared>,
    Path(name): Path<String>,
    Json(bend): Json<BendApp>,
) -> StatusCode {
    change(&world, &name, |app, _| {
        app.habits = bend.habits.unwrap_or_else(|| app.habits.clone());
        if let Some(pipeline) = bend.pipeline {
            app.coupling = Coupling::of(&pipeline);
        }
        if let Some(team) = bend.team {
            app.team = Some(team).filter(|team| !team.is_empty());
        }
        app.is_in_maintenance = bend.maintenance.unwrap_or(app.is_in_maintenance);
        app.needs_second_factor = bend.second_factor.unwrap_or(app.needs_second_factor);
        app.collaborators = bend
            .collaborators
            .unwrap_or_else(|| app.collaborators.clone());
        app.owner = bend.owner.unwrap_or_else(|| app.owner.clone());
        app.name = bend.name.unwrap_or_else(|| app.name.clone());
        app.answers = bend.answers.unwrap_or_else(|| app.answers.clone());
    })
}

/// An app as it is by now, whatever its API shows.
async fn truth(State(world): State<Shared>, Path(name): Path<String>) -> Json<Value> {
    let mut world = world.lock();
    let now = world.settle();
    let found = world.find(&name).map(|app| {
        let dynos = app.dynos.iter().filter(|dyno| dyno.leaves_at.is_none());
        let dynos = dynos.map(|dyno| {
            let mut shown = super::json::dyno(app, dyno, now);
            shown["one_off"] = dyno.is_one_off.into();
            shown
        });
        json!({ "maintenance": app.is_in_maintenance, "dynos": dynos.collect::<Vec<_>>() })
    });
    Json(found.unwrap_or_default())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct BendDyno {
    state: Option<String>,
    up_for: Option<Age>,
}

async fn bend_dyno(
    State(world): State<Shared>,
    Path((name, dyno)): Path<(String, String)>,
    Json(bend): Json<BendDyno>,
) -> StatusCode {
    change(&world, &name, |app, now| {
        for dyno in app.dynos.iter_mut().filter(|one| one.name == dyno) {
            if let Some(age) = bend.up_for {
                dyno.created_at = now - age.0.duration();
                dyno.started_at = dyno.created_at;
            }
            if let Some(state) = &bend.state {
                if state == "up" && dyno.forced.is_some() && bend.up_for.is_none() {
                    // It has come back just now.
                    dyno.started_at = now - dyno.boot;
                }
                dyno.forced = (state != "up").then(|| (state.clone(), now));
            }
        }
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Say {
    /// `app[web.1]`.
    from: String,
    text: String,
}

async fn say(
    State(world): State<Shared>,
    Path(name): Path<String>,
    Json(say): Json<Say>,
) -> StatusCode {
    change(&world, &name, |app, now| app.say(now, &say.from, &say.text))
}

async fn release(State(world): State<Shared>, Path(name): Path<String>) -> StatusCode {
    restarting(&world, &name, |app, now| {
        Some(app.release("Deploy f00dbabe", now))
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Scale {
    #[serde(rename = "type")]
    process_type: String,
    quantity: u32,
}

async fn scale(
    State(world): State<Shared>,
    Path(name): Path<String>,
    Json(scale): Json<Scale>,
) -> StatusCode {
    restarting(&world, &name, |app, now| {
        app.scale(&scale.process_type, scale.quantity, now)
    })
}

/// Makes a change that replaces or ends dynos; 404 where there is nothing to change.
fn restarting(
    world: &Shared,
    name: &str,
    change: impl FnOnce(&mut App, Timestamp) -> Option<Vec<Restart>>,
) -> StatusCode {
    let mut world = world.lock();
    let now = world.settle();
    let changed = world.app(name).and_then(|app| change(app, now));
    match changed {
        Some(restarts) => {
            world.restarts.extend(restarts);
            StatusCode::OK
        }
        None => StatusCode::NOT_FOUND,
    }
}
