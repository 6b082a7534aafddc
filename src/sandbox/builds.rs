//! Builds: a release that comes a while after it was asked for.

use super::{
    accounts::Caller,
    app::{App, Restart},
    ids::uuid,
    json,
    routes::{missing, refuse},
    server::Shared,
    slugs::Slug,
};
use axum::{
    Extension, Json, Router,
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse as _, Response},
    routing::get,
};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

#[derive(Debug, Clone)]
pub(super) struct Build {
    pub id: String,
    pub source: String,
    pub version: Option<String>,
    pub user: String,
    pub created_at: Timestamp,
    pub ends_at: Timestamp,
    /// The release and the slug, once it is over.
    pub made: Option<(String, String)>,
}

/// How long a build takes.
const TAKES: SignedDuration = SignedDuration::from_secs(60);

impl App {
    /// Ends the builds that were to end by now; each makes a release of the process types that there
    /// are.
    pub fn settle_builds(&mut self, now: Timestamp) -> Vec<Restart> {
        let mut changed = vec![];
        for place in 0..self.builds.len() {
            let build = self.builds[place].clone();
            if build.made.is_some() || build.ends_at > now {
                continue;
            }
            let entries = self.formation.iter();
            let types = entries.map(|entry| (entry.process_type.clone(), entry.command.clone()));
            let slug = Slug {
                id: uuid(),
                process_types: types.collect(),
                stack: self.stack.clone(),
                commit: build.version.clone(),
                checksum: None,
                blob: None,
                signature: uuid(),
                created_at: build.ends_at,
            };
            let commit = build.version.as_deref().unwrap_or("source");
            changed.extend(self.release_slug(&slug, &format!("Deploy {commit}"), build.ends_at));
            let release = self.releases.last().map(|release| release.id.clone());
            self.builds[place].made = release.map(|release| (release, slug.id.clone()));
            self.slugs.push(slug);
        }
        changed
    }
}

pub(super) fn router() -> Router<Shared> {
    Router::new()
        .route("/apps/{app}/builds", get(list).post(create))
        .route("/apps/{app}/builds/{build}", get(info))
}

async fn create(
    State(world): State<Shared>,
    Extension(caller): Extension<Caller>,
    Path(name): Path<String>,
    Json(body): Json<Value>,
) -> Response {
    let mut shared = world.lock();
    let now = shared.settle();
    let Some(app) = shared.app(&name) else {
        return missing("app");
    };
    let source = &body["source_blob"];
    let Some(url) = source["url"].as_str() else {
        let message = "Invalid source_blob.";
        return refuse(StatusCode::UNPROCESSABLE_ENTITY, "invalid_params", message);
    };
    app.builds.push(Build {
        id: uuid(),
        source: url.to_owned(),
        version: source["version"].as_str().map(ToOwned::to_owned),
        user: caller.user.email,
        created_at: now,
        ends_at: now + TAKES,
        made: None,
    });
    let app = shared.find(&name);
    let made = app.and_then(|app| Some(json::build(&shared, app, app.builds.last()?)));
    (StatusCode::CREATED, Json(made)).into_response()
}

async fn list(State(world): State<Shared>, Path(name): Path<String>) -> Response {
    let mut world = world.lock();
    world.settle();
    let Some(app) = world.find(&name) else {
        return missing("app");
    };
    let builds = app
        .builds
        .iter()
        .map(|build| json::build(&world, app, build));
    Json(builds.collect::<Vec<_>>()).into_response()
}

async fn info(
    State(world): State<Shared>,
    Path((name, build)): Path<(String, String)>,
) -> Response {
    let mut world = world.lock();
    world.settle();
    let found = world.find(&name).and_then(|app| {
        let build = app.builds.iter().find(|known| known.id == build)?;
        Some(json::build(&world, app, build))
    });
    found.map_or_else(|| missing("build"), |build| Json(build).into_response())
}
