//! Logplex: the last lines of an app, and sessions with which they are read (HEROKU 3.3, 3.4).
//!
//! A session's URL carries its own secret, and takes no token.

use super::{app::App, ids::uuid, routes::missing, server::Shared, world::World};
use crate::clock::Clock;
use axum::{
    Json, Router,
    body::{Body, Bytes},
    extract::{Path, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse as _, Response},
    routing::{get, post},
};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use std::convert::Infallible;

#[derive(Debug, Clone)]
pub(super) struct Line {
    number: u64,
    at: Timestamp,
    /// `app[web.1]`, `heroku[web.1]`, `app[api]`.
    from: String,
    text: String,
}

#[derive(Debug, Clone)]
pub(super) struct Session {
    app: String,
    dyno: Option<String>,
    source: Option<String>,
    lines: usize,
    is_tail: bool,
    created_at: Timestamp,
}

/// What is kept of a log.
const HISTORY: usize = 1_500;
/// How often a tail is looked at.
const POLL: SignedDuration = SignedDuration::from_millis(200);
/// How long a session may wait to be opened.
const WAITS: SignedDuration = SignedDuration::from_secs(360);

impl App {
    pub fn say(&mut self, at: Timestamp, from: &str, text: &str) {
        let number = self.log.back().map_or(1, |line| line.number + 1);
        self.log.push_back(Line {
            number,
            at,
            from: from.to_owned(),
            text: text.to_owned(),
        });
        if self.log.len() > HISTORY {
            self.log.pop_front();
        }
    }
}

impl Session {
    fn wants(&self, line: &Line) -> bool {
        let (source, dyno) = line.from.split_once('[').unwrap_or((&line.from, ""));
        let dyno = dyno.trim_end_matches(']');
        let is_source = self.source.as_ref().is_none_or(|wanted| wanted == source);
        // `web` is every `web.N`.
        let is_dyno = self.dyno.as_ref().is_none_or(|wanted| {
            let rest = dyno.strip_prefix(wanted.as_str());
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        });
        is_source && is_dyno
    }

    /// Lines after this one, and the number of the newest: the last ones of all are taken first, and
    /// filtered then.
    fn read(&self, world: &World, after: Option<u64>) -> (Vec<Line>, Option<u64>) {
        let Some(app) = world.find(&self.app) else {
            return (vec![], after);
        };
        let newest = app.log.back().map(|line| line.number).or(after);
        let skip = match (after, app.log.front()) {
            (Some(after), Some(first)) => {
                usize::try_from((after + 1).saturating_sub(first.number)).unwrap_or(usize::MAX)
            }
            _ => app.log.len().saturating_sub(self.lines),
        };
        let lines = app.log.range(skip.min(app.log.len())..);
        let lines = lines.filter(|line| self.wants(line)).cloned();
        (lines.collect(), newest)
    }
}

pub(super) fn router() -> Router<Shared> {
    Router::new()
        .route("/apps/{app}/log-sessions", post(create))
        .route("/logplex/{session}", get(open))
}

async fn create(
    State(world): State<Shared>,
    Path(name): Path<String>,
    body: Option<Json<Value>>,
) -> Response {
    let mut world = world.lock();
    let now = world.settle();
    let Some(app) = world.find(&name).map(|app| app.id.clone()) else {
        return missing("app");
    };
    let body = body.map(|Json(body)| body).unwrap_or_default();
    let text = |key: &str| body[key].as_str().map(ToOwned::to_owned);
    let lines = body["lines"].as_u64().unwrap_or(100);
    let session = Session {
        app,
        dyno: text("dyno"),
        source: text("source"),
        lines: usize::try_from(lines).unwrap_or(HISTORY).min(HISTORY),
        is_tail: body["tail"].as_bool().unwrap_or(false),
        created_at: now,
    };
    let (id, secret) = (uuid(), uuid());
    let url = format!("{}/logplex/{secret}?srv={}", world.url, now.as_second());
    world.log_sessions.insert(secret, session);
    let answer = json!({ "created_at": now, "id": id, "logplex_url": url, "updated_at": now });
    (StatusCode::CREATED, Json(answer)).into_response()
}

/// Fir's plain text has nothing between two lines.
fn rendered(lines: &[Line], is_sse: bool, is_fir: bool) -> String {
    let one = |line: &Line| {
        let text = format!("{:.6} {}: {}", line.at, line.from, line.text);
        let text = text.replacen("Z ", "+00:00 ", 1);
        if is_sse {
            format!("id: {}\ndata: {text}\n\n", line.number)
        } else if is_fir {
            text
        } else {
            format!("{text}\n")
        }
    };
    lines.iter().map(one).collect()
}

/// What a tail sends next, and what it knows.
struct Tail {
    shared: Shared,
    session: Session,
    clock: Clock,
    is_sse: bool,
    is_fir: bool,
    newest: Option<u64>,
    ready: Vec<Bytes>,
    ends_at: Option<Timestamp>,
}

impl Tail {
    fn take(&mut self, text: &str, pieces: usize) {
        let size = if pieces == 0 { text.len() } else { pieces };
        let pieces = text.as_bytes().chunks(size.max(1)).rev();
        self.ready.extend(pieces.map(Bytes::copy_from_slice));
    }

    async fn next(mut self) -> Option<(Result<Bytes, Infallible>, Self)> {
        loop {
            if let Some(piece) = self.ready.pop() {
                return Some((Ok(piece), self));
            }
            let (delay, pieces, buffer) = {
                let world = self.shared.lock();
                let habits = &world.find(&self.session.app)?.habits;
                (habits.log_delay.0, habits.tail_pieces, habits.tail_buffer)
            };
            self.clock.sleep(delay.duration().max(POLL)).await;
            let (now, lines, newest) = {
                let mut world = self.shared.lock();
                let now = world.settle();
                let after = self.newest.or(Some(0));
                let (lines, newest) = self.session.read(&world, after);
                (now, lines, newest)
            };
            if self.ends_at.is_some_and(|at| at <= now) {
                return None;
            }
            self.newest = newest;
            let kept = lines.len().min(buffer);
            let mut text = rendered(&lines[..kept], self.is_sse, self.is_fir);
            let dropped = lines.len() - kept;
            if dropped > 0 {
                let number = newest.unwrap_or(0);
                let line = Line {
                    number,
                    at: now,
                    from: "heroku[logplex]".to_owned(),
                    text: format!(
                        "Error L11 (Tail buffer overflow) -> {dropped} messages dropped since {now}."
                    ),
                };
                text += &rendered(&[line], self.is_sse, self.is_fir);
            }
            self.take(&text, pieces);
        }
    }
}

async fn open(
    State(shared): State<Shared>,
    Path(secret): Path<String>,
    headers: HeaderMap,
) -> Response {
    if headers.contains_key(header::AUTHORIZATION) {
        return StatusCode::BAD_REQUEST.into_response();
    }
    let accepts = headers.get(header::ACCEPT);
    let is_sse = accepts.is_some_and(|accepts| accepts == "text/event-stream");
    let kind = if is_sse {
        "text/event-stream"
    } else {
        "text/plain"
    };
    let mut tail = {
        let mut world = shared.lock();
        let now = world.settle();
        let found = world.log_sessions.get(&secret).cloned();
        let Some(session) = found.filter(|session| now <= session.created_at + WAITS) else {
            return StatusCode::NOT_FOUND.into_response();
        };
        let Some(app) = world.find(&session.app) else {
            return StatusCode::NOT_FOUND.into_response();
        };
        let is_fir = app.generation == "fir";
        let (pieces, ends) = (app.habits.tail_pieces, app.habits.tail_ends.0);
        let (lines, newest) = if is_fir {
            // Fir keeps no history.
            (vec![], app.log.back().map(|line| line.number))
        } else {
            session.read(&world, None)
        };
        let mut tail = Tail {
            session,
            clock: world.clock(),
            is_sse,
            is_fir,
            newest,
            ready: vec![],
            ends_at: (ends.as_secs() > 0).then(|| now + ends.duration()),
            shared: shared.clone(),
        };
        tail.take(&rendered(&lines, is_sse, is_fir), pieces);
        tail
    };
    let is_tail = tail.session.is_tail || tail.is_fir;
    if !is_tail {
        tail.ready.reverse();
        return ([(header::CONTENT_TYPE, kind)], tail.ready.concat()).into_response();
    }
    let more = futures_util::stream::unfold(tail, Tail::next);
    ([(header::CONTENT_TYPE, kind)], Body::from_stream(more)).into_response()
}
