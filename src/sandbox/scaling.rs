//! Formation: how many dynos of which size, and what Heroku refuses.

use super::{
    accounts::{Caller, Pays},
    app::{App, Formation, Restart},
    dyno::Dyno,
    json,
    routes::{missing, refuse},
    server::Shared,
};
use axum::{
    Extension, Json, Router,
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse as _, Response},
    routing::{get, patch},
};
use jiff::Timestamp;
use serde_json::Value;
use std::cmp::Reverse;

pub(super) fn router() -> Router<Shared> {
    Router::new()
        .route("/apps/{app}/formation", get(list).patch(scale))
        .route("/apps/{app}/formation/{type}", patch(scale_one))
}

async fn list(State(world): State<Shared>, Path(name): Path<String>) -> Response {
    let mut world = world.lock();
    world.settle();
    let Some(app) = world.find(&name) else {
        return missing("app");
    };
    let entries = app
        .formation
        .iter()
        .map(|entry| json::formation(app, entry));
    Json(entries.collect::<Vec<_>>()).into_response()
}

async fn scale(
    State(world): State<Shared>,
    Extension(caller): Extension<Caller>,
    Path(name): Path<String>,
    Json(body): Json<Value>,
) -> Response {
    let updates = body["updates"].as_array().cloned().unwrap_or_default();
    let named = |update: Value| {
        let process_type = update["type"].as_str().unwrap_or_default().to_owned();
        (process_type, update)
    };
    let updates: Vec<(String, Value)> = updates.into_iter().map(named).collect();
    match change(&world, &name, &caller, &updates) {
        Ok(changed) => Json(changed).into_response(),
        Err(response) => *response,
    }
}

async fn scale_one(
    State(world): State<Shared>,
    Extension(caller): Extension<Caller>,
    Path((name, process_type)): Path<(String, String)>,
    Json(body): Json<Value>,
) -> Response {
    match change(&world, &name, &caller, &[(process_type, body)]) {
        Ok(mut changed) => Json(changed.pop()).into_response(),
        Err(response) => *response,
    }
}

type Refusal = Box<Response>;

fn invalid(message: &str) -> Response {
    let status = StatusCode::UNPROCESSABLE_ENTITY;
    refuse(status, "invalid_params", message)
}

/// All of the updates, or none.
fn change(
    world: &Shared,
    name: &str,
    caller: &Caller,
    updates: &[(String, Value)],
) -> Result<Vec<Value>, Refusal> {
    let mut world = world.lock();
    let now = world.settle();
    let app = world.app(name).ok_or_else(|| Box::new(missing("app")))?;
    let mut wanted = app.formation.clone();
    for (process_type, update) in updates {
        let entry = wanted
            .iter_mut()
            .find(|entry| entry.process_type == *process_type)
            .ok_or_else(|| Box::new(missing("process type")))?;
        entry.quantity = quantity(entry.quantity, &update["quantity"])?;
        let size = update["dyno_size"]["name"].as_str();
        let size = size.or_else(|| update["dyno_size"].as_str());
        if let Some(size) = size.or_else(|| update["size"].as_str()) {
            let known = json::SIZES.iter().map(|(name, ..)| *name);
            let mut known = known.filter(|known| known.eq_ignore_ascii_case(size));
            let none = || Box::new(missing("dyno size"));
            known.next().ok_or_else(none)?.clone_into(&mut entry.size);
        }
    }
    allow(&wanted, caller)?;
    let mut ended = vec![];
    for (process_type, _) in updates {
        ended.extend(app.apply(&wanted, process_type, now));
    }
    world.restarts.extend(ended);
    let app = world.find(name).ok_or_else(|| Box::new(missing("app")))?;
    let is_meant = |entry: &&Formation| {
        let mut meant = updates.iter();
        meant.any(|(process_type, _)| *process_type == entry.process_type)
    };
    let changed = app.formation.iter().filter(is_meant);
    Ok(changed.map(|entry| json::formation(app, entry)).collect())
}

/// The Heroku CLI sends the quantity as a text, `"3"` or `"+1"`; the schema has a number.
fn quantity(before: u32, update: &Value) -> Result<u32, Refusal> {
    let number = update.as_u64().map(|number| number.to_string());
    let text = update.as_str().map(ToOwned::to_owned).or(number);
    let quantity = match text.as_deref() {
        None => Some(before),
        Some(text) if text.starts_with(['+', '-']) => text
            .parse::<i32>()
            .ok()
            .and_then(|by| before.checked_add_signed(by)),
        Some(text) => text.parse().ok(),
    };
    quantity.ok_or_else(|| Box::new(invalid("Invalid quantity.")))
}

/// What Heroku refuses. The texts of all but the mixture of sizes are not sourced.
fn allow(wanted: &[Formation], caller: &Caller) -> Result<(), Refusal> {
    let running: Vec<&Formation> = wanted.iter().filter(|entry| entry.quantity > 0).collect();
    let is_small = |size: &str| matches!(size, "Eco" | "Basic");
    let first = |small: bool| {
        let mut sizes = running.iter().map(|entry| entry.size.as_str());
        sizes.find(|size| is_small(size) == small)
    };
    if let (Some(small), Some(other)) = (first(true), first(false)) {
        return Err(Box::new(invalid(&format!(
            "Cannot use the following dyno types in the same app: {small} and {other}"
        ))));
    }
    let crowd = running
        .iter()
        .find(|entry| is_small(&entry.size) && entry.quantity > 1);
    if let Some(entry) = crowd {
        let (size, process_type) = (&entry.size, &entry.process_type);
        return Err(Box::new(invalid(&format!(
            "Cannot update to more than 1 {size} size dynos per process type: {process_type}"
        ))));
    }
    let is_eco = running.iter().any(|entry| entry.size == "Eco");
    if is_eco && caller.user.pays != Pays::EcoToo {
        return Err(Box::new(invalid(
            "Subscribe to Eco dynos to use this dyno type.",
        )));
    }
    if !running.is_empty() && caller.user.pays == Pays::Nothing {
        return Err(Box::new(json::unverified(
            "Please verify your account to use paid dynos",
        )));
    }
    Ok(())
}

impl App {
    /// Changes a quantity: dynos beyond it go away, missing ones start.
    pub fn scale(
        &mut self,
        process_type: &str,
        quantity: u32,
        now: Timestamp,
    ) -> Option<Vec<Restart>> {
        self.formation
            .iter_mut()
            .find(|entry| entry.process_type == process_type)?
            .quantity = quantity;
        let is_place = |dyno: &Dyno| {
            dyno.process_type == process_type && !dyno.is_one_off && dyno.leaves_at.is_none()
        };
        // The highest numbers go, wherever they stand: one that took another's place stands last.
        let mut places: Vec<usize> = (0..self.dynos.len())
            .filter(|place| is_place(&self.dynos[*place]))
            .collect();
        let number = |name: &str| name.rsplit('.').next()?.parse::<u32>().ok();
        places.sort_by_key(|place| number(&self.dynos[*place].name));
        let mut surplus = places.split_off(places.len().min(quantity as usize));
        // From the back, so that the others stay where they are.
        surplus.sort_unstable_by_key(|place| Reverse(*place));
        let ended = surplus
            .into_iter()
            .map(|place| self.end(place, "scale", now));
        let ended = ended.collect();
        let present = self.dynos.iter().filter(|dyno| is_place(dyno)).count();
        let lacking = (quantity as usize).saturating_sub(present);
        let free = (1..=quantity).map(|number| self.name_for(process_type, number));
        let is_taken = |name: &String| {
            let mut dynos = self.dynos.iter().filter(|dyno| is_place(dyno));
            dynos.any(|dyno| dyno.name == *name)
        };
        let names: Vec<String> = free.filter(|name| !is_taken(name)).take(lacking).collect();
        for name in names {
            let dyno = self.dyno(process_type, name, now);
            self.dynos.push(dyno);
        }
        Some(ended)
    }

    /// Makes a process type what is wanted; another size replaces its dynos.
    fn apply(&mut self, wanted: &[Formation], process_type: &str, now: Timestamp) -> Vec<Restart> {
        let is_it = |entry: &&Formation| entry.process_type == process_type;
        let Some(wanted) = wanted.iter().find(is_it) else {
            return vec![];
        };
        let mut ended = self
            .scale(process_type, wanted.quantity, now)
            .unwrap_or_default();
        let entry = self
            .formation
            .iter_mut()
            .find(|entry| entry.process_type == process_type);
        if let Some(entry) = entry
            && entry.size != wanted.size
        {
            entry.size.clone_from(&wanted.size);
            ended.extend(self.delete_all(Some(process_type), now));
            let fresh = self.dynos.iter_mut();
            for dyno in fresh.filter(|dyno| dyno.process_type == process_type) {
                dyno.size.clone_from(&wanted.size);
            }
        }
        ended
    }
}
