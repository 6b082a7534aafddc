//! What stands before the web dynos: requests to an app, answered by one of its dynos in turn; and
//! Heroku's status page. Nobody needs a token for either.

use super::{app::App, dyno::Dyno, server::Shared};
use axum::{
    Json, Router,
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse as _, Response},
    routing::{any, get},
};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

/// How long a request is held for a dyno that boots (H20, HEROKU 2.3).
const PATIENCE: SignedDuration = SignedDuration::from_secs(75);
const A_MOMENT: SignedDuration = SignedDuration::from_millis(100);

pub(super) fn router() -> Router<Shared> {
    Router::new()
        .route("/api/v4/current-status", get(status))
        .route("/router/{app}", any(root))
        .route("/router/{app}/", any(root))
        .route("/router/{app}/{*path}", any(request))
}

async fn status(State(world): State<Shared>) -> Json<Value> {
    let incident = world.lock().incident.clone();
    let apps = if incident.is_some() { "red" } else { "green" };
    let incidents = incident.map(|title| json!({ "title": title, "state": "open" }));
    Json(json!({
        "status": [
            { "system": "Apps", "status": apps },
            { "system": "Data", "status": "green" },
            { "system": "Tools", "status": "green" },
        ],
        "incidents": incidents.into_iter().collect::<Vec<_>>(),
        "scheduled": [],
    }))
}

async fn root(world: State<Shared>, Path(app): Path<String>) -> Response {
    request(world, Path((app, String::new()))).await
}

/// Who answers a request, as the router finds it.
enum Route {
    Dyno(String, u16),
    /// A dyno boots: the request waits.
    Wait,
    /// The code of the error in place of an answer.
    Error(&'static str),
}

async fn request(
    State(world): State<Shared>,
    Path((app, path)): Path<(String, String)>,
) -> Response {
    let (clock, began) = {
        let world = world.lock();
        (world.clock(), world.now())
    };
    loop {
        let (now, route) = {
            let mut world = world.lock();
            let now = world.settle();
            let found = world.app(&app);
            let route = found.map_or(Route::Error("no such app"), |app| app.route(&path, now));
            (now, route)
        };
        let error = match route {
            Route::Dyno(name, status) => {
                let status = StatusCode::from_u16(status).unwrap_or_default();
                return (status, format!("{name} answers\n")).into_response();
            }
            Route::Wait if now.duration_since(began) >= PATIENCE => "H20",
            Route::Wait => {
                clock.sleep(A_MOMENT).await;
                continue;
            }
            Route::Error(error) => error,
        };
        return (StatusCode::SERVICE_UNAVAILABLE, format!("{error}\n")).into_response();
    }
}

impl App {
    fn route(&mut self, path: &str, now: Timestamp) -> Route {
        if self.is_in_maintenance {
            return Route::Error("H80");
        }
        let web: Vec<&Dyno> = self
            .dynos
            .iter()
            .filter(|dyno| dyno.process_type == "web" && !dyno.is_one_off)
            .collect();
        // While old and new ones of a preboot app overlap, the old ones take the traffic.
        let is_overlapped = |dyno: &&Dyno| {
            web.iter()
                .any(|old| old.name == dyno.name && old.leaves_at.is_some())
        };
        let up: Vec<&Dyno> = web
            .iter()
            .copied()
            .filter(|dyno| dyno.is_up(now) && (dyno.leaves_at.is_some() || !is_overlapped(dyno)))
            .collect();
        if let Some(turn) = self.routed.checked_rem(up.len()) {
            let dyno = up[turn];
            let told = self.answers.get(&format!("/{path}"));
            let status = told.copied().unwrap_or(dyno.answers);
            let name = dyno.name.clone();
            self.routed += 1;
            return Route::Dyno(name, status);
        }
        match web.iter().any(|dyno| dyno.state(now).0 == "starting") {
            true => Route::Wait,
            false if web.is_empty() => Route::Error("H14"),
            false => Route::Error("H10"),
        }
    }
}
