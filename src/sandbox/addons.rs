//! Add-ons: one that is free, and others that cost money.

use super::{
    accounts::{Caller, Pays},
    ids::uuid,
    json,
    routes::{missing, refuse},
    server::Shared,
};
use axum::{
    Extension, Json, Router,
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse as _, Response},
    routing::{delete, get},
};
use jiff::Timestamp;
use serde_json::Value;

#[derive(Debug, Clone)]
pub(super) struct Addon {
    pub id: String,
    pub name: String,
    pub plan: String,
    pub created_at: Timestamp,
}

impl Addon {
    pub fn service(&self) -> &str {
        self.plan.split(':').next().unwrap_or_default()
    }
}

/// Plans that there are, and what they cost a month, in cents.
pub(super) const PLANS: [(&str, u32); 3] = [
    ("scheduler:standard", 0),
    ("crontogo:bronze", 500),
    ("heroku-postgresql:essential-0", 500),
];

pub(super) fn router() -> Router<Shared> {
    Router::new()
        .route("/apps/{app}/addons", get(list).post(create))
        .route("/apps/{app}/addons/{addon}", delete(remove))
}

async fn list(State(world): State<Shared>, Path(name): Path<String>) -> Response {
    let world = world.lock();
    let Some(app) = world.find(&name) else {
        return missing("app");
    };
    let addons = app.addons.iter().map(|addon| json::addon(app, addon));
    Json(addons.collect::<Vec<_>>()).into_response()
}

async fn create(
    State(world): State<Shared>,
    Extension(caller): Extension<Caller>,
    Path(name): Path<String>,
    Json(body): Json<Value>,
) -> Response {
    let mut world = world.lock();
    let now = world.settle();
    let wanted = body["plan"].as_str().unwrap_or_default();
    let is_wanted = |(plan, _): &&(&str, u32)| {
        *plan == wanted
            || plan
                .split(':')
                .next()
                .is_some_and(|service| service == wanted)
    };
    let Some((plan, _)) = PLANS.iter().find(is_wanted) else {
        return missing("add-on plan");
    };
    if caller.user.pays == Pays::Nothing {
        return json::unverified("Please verify your account to install this add-on plan");
    }
    let Some(app) = world.app(&name) else {
        return missing("app");
    };
    let service = plan.split(':').next().unwrap_or_default();
    if app.addons.iter().any(|addon| addon.service() == service) {
        let message = format!("The {service} add-on is already attached to {name}.");
        return refuse(StatusCode::UNPROCESSABLE_ENTITY, "invalid_params", &message);
    }
    let addon = Addon {
        id: uuid(),
        name: format!("{service}-{}", &uuid()[..5]),
        plan: (*plan).to_owned(),
        created_at: now,
    };
    let answer = json::addon(app, &addon);
    app.addons.push(addon);
    // An add-on is a change of the app.
    let changed = app.release(&format!("Attach {service}"), now);
    world.restarts.extend(changed);
    (StatusCode::CREATED, Json(answer)).into_response()
}

async fn remove(
    State(world): State<Shared>,
    Path((name, addon)): Path<(String, String)>,
) -> Response {
    let mut world = world.lock();
    let now = world.settle();
    let Some(app) = world.app(&name) else {
        return missing("app");
    };
    let is_it = |known: &super::addons::Addon| known.id == addon || known.name == addon;
    let Some(place) = app.addons.iter().position(is_it) else {
        return missing("add-on");
    };
    let removed = app.addons.remove(place);
    let answer = json::addon(app, &removed);
    let changed = app.release(&format!("Detach {}", removed.service()), now);
    world.restarts.extend(changed);
    Json(answer).into_response()
}
