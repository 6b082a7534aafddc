//! Apps from their making to their end, and the teams that they may belong to.

use super::{
    accounts::Caller,
    app::App,
    ids::uuid,
    json,
    routes::{missing, refuse},
    server::Shared,
    world::World,
};
use axum::{
    Extension, Json, Router,
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse as _, Response},
    routing::{get, post},
};
use serde_json::Value;

pub(super) fn router() -> Router<Shared> {
    Router::new()
        .route("/teams", get(teams))
        .route("/teams/apps", post(create))
        .route("/teams/{team}/members", get(members))
}

/// Apps that one account may have (HEROKU 1.8).
const MOST: usize = 100;

fn invalid(message: &str) -> Response {
    refuse(StatusCode::UNPROCESSABLE_ENTITY, "invalid_params", message)
}

/// `POST /apps` and `POST /teams/apps`: names are global, and one that is taken says nothing of whose
/// it is.
pub(super) async fn create(
    State(world): State<Shared>,
    Extension(caller): Extension<Caller>,
    body: Option<Json<Value>>,
) -> Response {
    let mut world = world.lock();
    let now = world.settle();
    let body = body.map(|Json(body)| body).unwrap_or_default();
    let text = |key: &str| body[key].as_str().map(ToOwned::to_owned);
    let email = caller.user.email;
    let name = text("name").unwrap_or_else(|| format!("polar-reef-{}", &uuid()[..5]));
    if !is_name(&name) {
        return invalid(
            "Name must start with a letter, end with a letter or digit and can only contain lowercase letters, digits, and dashes.",
        );
    }
    if world.apps.iter().any(|app| app.name == name) {
        return invalid(&format!("Name {name} is already taken"));
    }
    let region = text("region").unwrap_or_else(|| "us".to_owned());
    if !["us", "eu"].contains(&region.as_str()) {
        return invalid(&format!("Region {region} is not available"));
    }
    let stack = text("stack").unwrap_or_else(|| "heroku-24".to_owned());
    if !json::STACKS.contains(&stack.as_str()) {
        return missing("stack");
    }
    let team = text("team");
    if let Some(team) = team.as_ref().filter(|team| !world.is_member(team, &email)) {
        let message = format!("You do not have access to the team {team}.");
        return refuse(StatusCode::FORBIDDEN, "forbidden", &message);
    }
    if text("space").is_some() {
        return missing("space");
    }
    // A team is the owner of its apps, under an address of its own.
    let owner = team
        .as_ref()
        .map_or_else(|| email.clone(), |team| format!("{team}@herokumanager.com"));
    if world.apps.iter().filter(|app| app.owner == owner).count() >= MOST {
        return invalid(&format!("You've reached the limit of {MOST} apps."));
    }
    world.accounts.user(&owner);
    let mut app = App {
        team,
        region,
        stack,
        ..App::made(&name, &owner, now)
    };
    app.say(
        now,
        "app[api]",
        &format!("Release v1 created by user {email}"),
    );
    app.release("Initial release", now);
    let answer = json::app(&world, &app);
    world.apps.push(app);
    (StatusCode::CREATED, Json(answer)).into_response()
}

/// `^[a-z][a-z0-9-]{1,28}[a-z0-9]$`.
fn is_name(name: &str) -> bool {
    let is_part = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    (3..=30).contains(&name.len())
        && name.chars().all(is_part)
        && name.starts_with(|c: char| c.is_ascii_lowercase())
        && !name.ends_with('-')
}

/// `DELETE /apps/{app}`: not for those who were only invited.
pub(super) async fn destroy(
    State(world): State<Shared>,
    Extension(caller): Extension<Caller>,
    Path(name): Path<String>,
) -> Response {
    let mut world = world.lock();
    let now = world.settle();
    let is_it = |app: &App| app.name == name || app.id == name;
    let Some(place) = world.apps.iter().position(is_it) else {
        return missing("app");
    };
    let may_destroy = |world: &World| {
        let app = &world.apps[place];
        let team = app.team.as_ref();
        app.owner == caller.user.email
            || team.is_some_and(|team| world.is_member(team, &caller.user.email))
    };
    if !may_destroy(&world) {
        let message = format!("You must be the owner of {name} to delete it.");
        return refuse(StatusCode::FORBIDDEN, "forbidden", &message);
    }
    let answer = json::app(&world, &world.apps[place]);
    let mut app = world.apps.remove(place);
    while !app.dynos.is_empty() {
        let ended = app.end(0, "destroy", now);
        world.restarts.push(ended);
    }
    Json(answer).into_response()
}

async fn teams(State(world): State<Shared>, Extension(caller): Extension<Caller>) -> Response {
    let world = world.lock();
    let is_in = |team: &&str| world.is_member(team, &caller.user.email);
    let names = world.teams.iter().map(|team| team.name.as_str());
    Json(names.filter(is_in).map(json::team).collect::<Vec<_>>()).into_response()
}

async fn members(
    State(world): State<Shared>,
    Extension(caller): Extension<Caller>,
    Path(team): Path<String>,
) -> Response {
    let world = world.lock();
    if !world.is_member(&team, &caller.user.email) {
        return missing("team");
    }
    let known = world.teams.iter().filter(|known| known.name == team);
    let members = known.flat_map(|known| &known.members);
    let members = members.map(|email| json::member(world.accounts.by_email(email), email));
    Json(members.collect::<Vec<_>>()).into_response()
}
