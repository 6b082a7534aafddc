//! Slugs, the place where their bytes are put, and releases of them (HEROKU 4.3).
//!
//! The place is not Heroku's but S3: it knows no tokens, only its signed URL.

use super::{
    accounts::Caller,
    app::{App, Formation, Release, Restart},
    ids::uuid,
    json,
    routes::{missing, refuse},
    server::Shared,
    world::World,
};
use axum::{
    Extension, Json, Router,
    body::Bytes,
    extract::{DefaultBodyLimit, Path, Query, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse as _, Response},
    routing::{get, post, put},
};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use std::{collections::BTreeMap, fmt::Write as _};

#[derive(Debug, Clone)]
pub(super) struct Slug {
    pub id: String,
    pub process_types: BTreeMap<String, String>,
    pub stack: String,
    pub commit: Option<String>,
    /// As whoever made it says it is.
    pub checksum: Option<String>,
    pub blob: Option<Bytes>,
    /// Part of its URL: who knows it may put the bytes there.
    pub signature: String,
    pub created_at: Timestamp,
}

/// The most that a slug may have.
const MOST: usize = 500 << 20;
/// How long a signed URL is good for.
const SIGNED_FOR: SignedDuration = SignedDuration::from_hours(1);

impl Slug {
    pub fn size(&self) -> Option<usize> {
        self.blob.as_ref().map(Bytes::len)
    }

    /// Its bytes, unless they are missing or are not those that were announced: then nothing boots.
    pub fn sound(&self) -> Option<&Bytes> {
        let blob = self.blob.as_ref()?;
        let is_as_said = |said: &String| *said == checksum(blob);
        self.checksum
            .as_ref()
            .is_none_or(is_as_said)
            .then_some(blob)
    }
}

fn checksum(bytes: &[u8]) -> String {
    let mut text = "SHA256:".to_owned();
    for byte in Sha256::digest(bytes) {
        let _ = write!(text, "{byte:02x}");
    }
    text
}

impl App {
    pub fn slug(&self, release: &Release) -> Option<&Slug> {
        let id = release.slug.as_ref()?;
        self.slugs.iter().find(|slug| slug.id == *id)
    }

    /// Releases a slug: its process types are the formation from now on, at first with one `web` dyno
    /// and none of the others.
    pub fn release_slug(&mut self, slug: &Slug, description: &str, now: Timestamp) -> Vec<Restart> {
        let is_first = self.formation.is_empty();
        for (process_type, command) in &slug.process_types {
            let known = self
                .formation
                .iter_mut()
                .find(|entry| entry.process_type == *process_type);
            if let Some(known) = known {
                known.command.clone_from(command);
                continue;
            }
            self.formation.push(Formation {
                id: uuid(),
                process_type: process_type.clone(),
                quantity: 0,
                size: "Basic".to_owned(),
                leak: None,
                command: command.clone(),
            });
        }
        self.formation
            .retain(|entry| slug.process_types.contains_key(&entry.process_type));
        let mut changed = self.release(description, now);
        if let Some(release) = self.releases.last_mut() {
            release.slug = Some(slug.id.clone());
        }
        if is_first && slug.process_types.contains_key("web") {
            changed.extend(self.scale("web", 1, now).unwrap_or_default());
        }
        changed
    }
}

pub(super) fn router() -> Router<Shared> {
    Router::new()
        .route("/apps/{app}/slugs", post(create))
        .route("/apps/{app}/slugs/{slug}", get(info))
        .route(
            "/blobs/{slug}",
            put(store).get(fetch).layer(DefaultBodyLimit::max(MOST + 1)),
        )
}

async fn create(
    State(world): State<Shared>,
    Path(name): Path<String>,
    Json(body): Json<Value>,
) -> Response {
    let mut world = world.lock();
    let (now, url) = (world.settle(), world.url.clone());
    let Some(app) = world.app(&name) else {
        return missing("app");
    };
    let invalid =
        |message: &str| refuse(StatusCode::UNPROCESSABLE_ENTITY, "invalid_params", message);
    if app.generation == "fir" {
        return invalid("Slugs are not available on the Fir generation.");
    }
    let is_name = |name: &str| {
        let is_part = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        (1..=128).contains(&name.len()) && name.chars().all(is_part)
    };
    let process_types: Option<BTreeMap<String, String>> =
        body["process_types"].as_object().and_then(|types| {
            let one = |(name, command): (&String, &Value)| {
                Some((name.clone(), command.as_str()?.to_owned())).filter(|_| is_name(name))
            };
            types.iter().map(one).collect()
        });
    let Some(process_types) = process_types.filter(|types| !types.is_empty()) else {
        return invalid("Invalid process_types.");
    };
    let text = |key: &str| body[key].as_str().map(ToOwned::to_owned);
    let slug = Slug {
        id: uuid(),
        process_types,
        stack: text("stack").unwrap_or_else(|| app.stack.clone()),
        commit: text("commit"),
        checksum: text("checksum"),
        blob: None,
        signature: uuid().replace('-', ""),
        created_at: now,
    };
    if !json::STACKS.contains(&slug.stack.as_str()) {
        return invalid("Couldn't find that stack.");
    }
    let answer = json::slug(&url, &slug, "put");
    app.slugs.push(slug);
    (StatusCode::CREATED, Json(answer)).into_response()
}

async fn info(State(world): State<Shared>, Path((name, slug)): Path<(String, String)>) -> Response {
    let world = world.lock();
    let app = world.find(&name);
    let slug = app.and_then(|app| app.slugs.iter().find(|known| known.id == slug));
    match slug {
        Some(slug) => Json(json::slug(&world.url, slug, "get")).into_response(),
        None => missing("slug"),
    }
}

/// `POST /apps/{app}/releases`: of a slug.
pub(super) async fn release(
    State(world): State<Shared>,
    Extension(caller): Extension<Caller>,
    Path(name): Path<String>,
    Json(body): Json<Value>,
) -> Response {
    let mut world = world.lock();
    let now = world.settle();
    let Some(app) = world.app(&name) else {
        return missing("app");
    };
    let id = body["slug"].as_str().unwrap_or_default();
    let Some(slug) = app.slugs.iter().find(|slug| slug.id == id).cloned() else {
        return missing("slug");
    };
    let description = body["description"].as_str().map_or_else(
        || format!("Deploy {}", slug.commit.as_deref().unwrap_or("")),
        ToOwned::to_owned,
    );
    let changed = app.release_slug(&slug, description.trim(), now);
    let version = app.releases.last().map_or(0, |release| release.version);
    app.say(
        now,
        "app[api]",
        &format!("Release v{version} created by user {}", caller.user.email),
    );
    world.restarts.extend(changed);
    let app = world.find(&name);
    let made = app.and_then(|app| Some(json::release(&world, app, app.releases.last()?)));
    (StatusCode::CREATED, Json(made)).into_response()
}

/// What S3 says.
fn denied(status: StatusCode, code: &str) -> Response {
    let body =
        format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?><Error><Code>{code}</Code></Error>");
    (status, [(header::CONTENT_TYPE, "application/xml")], body).into_response()
}

fn signed<'a>(
    world: &'a mut World,
    id: &str,
    query: &BTreeMap<String, String>,
    headers: &HeaderMap,
) -> Result<&'a mut Slug, Box<Response>> {
    let now = world.settle();
    let denied = |status, code| Err(Box::new(denied(status, code)));
    if headers.contains_key(header::AUTHORIZATION) {
        // Two ways to say who one is.
        return denied(StatusCode::BAD_REQUEST, "InvalidArgument");
    }
    let mut slugs = world.apps.iter_mut().flat_map(|app| &mut app.slugs);
    let Some(slug) = slugs.find(|slug| slug.id == id) else {
        return denied(StatusCode::NOT_FOUND, "NoSuchKey");
    };
    if query.get("Signature") != Some(&slug.signature) {
        return denied(StatusCode::FORBIDDEN, "SignatureDoesNotMatch");
    }
    if now > slug.created_at + SIGNED_FOR {
        return denied(StatusCode::FORBIDDEN, "AccessDenied");
    }
    Ok(slug)
}

/// The URL is signed for an empty `Content-Type`, and the whole length must be known before.
async fn store(
    State(world): State<Shared>,
    Path(id): Path<String>,
    Query(query): Query<BTreeMap<String, String>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let mut world = world.lock();
    let slug = match signed(&mut world, &id, &query, &headers) {
        Ok(slug) => slug,
        Err(response) => return *response,
    };
    let kind = headers.get(header::CONTENT_TYPE);
    if kind.is_some_and(|kind| !kind.is_empty()) {
        return denied(StatusCode::FORBIDDEN, "SignatureDoesNotMatch");
    }
    if !headers.contains_key(header::CONTENT_LENGTH) {
        return denied(StatusCode::LENGTH_REQUIRED, "MissingContentLength");
    }
    if body.len() > MOST {
        return denied(StatusCode::BAD_REQUEST, "EntityTooLarge");
    }
    slug.blob = Some(body);
    StatusCode::OK.into_response()
}

async fn fetch(
    State(world): State<Shared>,
    Path(id): Path<String>,
    Query(query): Query<BTreeMap<String, String>>,
    headers: HeaderMap,
) -> Response {
    let mut world = world.lock();
    match signed(&mut world, &id, &query, &headers) {
        Ok(slug) => slug.blob.clone().map_or_else(
            || denied(StatusCode::NOT_FOUND, "NoSuchKey"),
            axum::response::IntoResponse::into_response,
        ),
        Err(response) => *response,
    }
}
