//! Pipelines, and which apps they have in which stage; the apps of a team.

use super::{
    accounts::Caller,
    app::App,
    json::{self, id_of},
    routes::missing,
    server::Shared,
    world::World,
};
use axum::{
    Extension, Json, Router,
    extract::{Path, State},
    response::{IntoResponse as _, Response},
    routing::get,
};
use serde_json::{Value, json};

/// An app's place in a pipeline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Coupling {
    pub pipeline: String,
    pub stage: String,
}

impl Coupling {
    /// Of `shop/production`; none of an empty text.
    pub fn of(text: &str) -> Option<Self> {
        let (pipeline, stage) = text.split_once('/')?;
        Some(Self {
            pipeline: pipeline.to_owned(),
            stage: stage.to_owned(),
        })
    }
}

pub(super) fn router() -> Router<Shared> {
    Router::new()
        .route("/pipelines", get(pipelines))
        .route("/pipelines/{pipeline}", get(pipeline))
        .route("/pipelines/{pipeline}/pipeline-couplings", get(couplings))
        .route("/pipeline-couplings", get(all_couplings))
        .route("/teams/{team}/apps", get(apps_of_team))
}

/// Pipelines that have an app which the account reaches.
fn reached<'a>(world: &'a World, email: &str) -> Vec<&'a str> {
    let apps = world.apps.iter().filter(|app| world.reaches(app, email));
    let names = apps.filter_map(|app| Some(app.coupling.as_ref()?.pipeline.as_str()));
    let mut names: Vec<&str> = names.collect();
    names.sort_unstable();
    names.dedup();
    names
}

fn identity(pipeline: &str) -> String {
    id_of(&format!("pipeline {pipeline}"))
}

fn shown(pipeline: &str) -> Value {
    let since = "2020-01-01T00:00:00Z";
    json!({
        "created_at": since, "generation": { "id": id_of("cedar"), "name": "cedar" }, "id": identity(pipeline), "name": pipeline,
        "owner": { "id": id_of("owner of pipelines"), "type": "user" }, "updated_at": since,
    })
}

fn coupling(app: &App) -> Option<Value> {
    let of = app.coupling.as_ref()?;
    Some(json!({
        "app": { "id": app.id }, "created_at": app.created_at, "id": id_of(&format!("coupling {}", app.id)),
        "pipeline": { "id": identity(&of.pipeline) }, "stage": of.stage, "updated_at": app.created_at,
    }))
}

async fn pipelines(State(world): State<Shared>, Extension(caller): Extension<Caller>) -> Response {
    let world = world.lock();
    let names = reached(&world, &caller.user.email).into_iter();
    Json(names.map(shown).collect::<Vec<_>>()).into_response()
}

async fn pipeline(
    State(world): State<Shared>,
    Extension(caller): Extension<Caller>,
    Path(wanted): Path<String>,
) -> Response {
    let world = world.lock();
    let mut names = reached(&world, &caller.user.email).into_iter();
    let found = names.find(|name| *name == wanted || identity(name) == wanted);
    found.map_or_else(
        || missing("pipeline"),
        |name| Json(shown(name)).into_response(),
    )
}

/// By its id alone; apps that the account does not reach are among them.
async fn couplings(
    State(world): State<Shared>,
    Extension(caller): Extension<Caller>,
    Path(wanted): Path<String>,
) -> Response {
    let world = world.lock();
    let mut names = reached(&world, &caller.user.email).into_iter();
    if !names.any(|name| identity(name) == wanted) {
        return missing("pipeline");
    }
    let is_of_it = |app: &&App| {
        let of = app.coupling.as_ref();
        of.is_some_and(|of| identity(&of.pipeline) == wanted)
    };
    let all = world.apps.iter().filter(is_of_it).filter_map(coupling);
    Json(all.collect::<Vec<_>>()).into_response()
}

async fn all_couplings(
    State(world): State<Shared>,
    Extension(caller): Extension<Caller>,
) -> Response {
    let world = world.lock();
    let email = &caller.user.email;
    let apps = world.apps.iter().filter(|app| world.reaches(app, email));
    Json(apps.filter_map(coupling).collect::<Vec<_>>()).into_response()
}

async fn apps_of_team(
    State(world): State<Shared>,
    Extension(caller): Extension<Caller>,
    Path(team): Path<String>,
) -> Response {
    let world = world.lock();
    if !world.is_member(&team, &caller.user.email) {
        return missing("team");
    }
    let apps = world
        .apps
        .iter()
        .filter(|app| app.team.as_ref() == Some(&team));
    let shown = |app: &App| {
        let mut shown = json::app(&world, app);
        (shown["joined"], shown["locked"]) = (true.into(), false.into());
        shown
    };
    Json(apps.map(shown).collect::<Vec<_>>()).into_response()
}
