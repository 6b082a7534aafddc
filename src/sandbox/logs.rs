//! Logplex: the last lines of an app, and sessions with which they are read (HEROKU 3.3, 3.4).
//!
//! A session's URL carries its own secret, and takes no token.

use super::{
    app::{App, uuid},
    routes::missing,
    server::Shared,
    world::World,
};
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
/// How long a session may wait to be opened.
const WAITS: SignedDuration = SignedDuration::from_secs(360);

impl App {
    pub fn say(&mut self, at: Timestamp, from: &str, text: &str) {
        let number = self.log.back().map_or(0, |line| line.number + 1);
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
        let skip = match after {
            Some(_) => 0,
            None => app.log.len().saturating_sub(self.lines),
        };
        let is_new = |line: &&Line| after.is_none_or(|after| line.number > after);
        let lines = app.log.iter().skip(skip).filter(is_new);
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

fn rendered(lines: &[Line], is_sse: bool) -> String {
    let one = |line: &Line| {
        let text = format!("{:.6} {}: {}", line.at, line.from, line.text);
        let text = text.replacen("Z ", "+00:00 ", 1);
        if is_sse {
            format!("id: {}\ndata: {text}\n\n", line.number)
        } else {
            format!("{text}\n")
        }
    };
    lines.iter().map(one).collect()
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
    let (session, first, clock) = {
        let mut world = shared.lock();
        let now = world.settle();
        let found = world.log_sessions.get(&secret).cloned();
        let Some(session) = found.filter(|session| now <= session.created_at + WAITS) else {
            return StatusCode::NOT_FOUND.into_response();
        };
        let first = session.read(&world, None);
        (session, first, world.clock())
    };
    let (lines, newest) = first;
    let begin = rendered(&lines, is_sse);
    if !session.is_tail {
        return ([(header::CONTENT_TYPE, kind)], begin).into_response();
    }
    let more = futures_util::stream::unfold(
        (session, Some(begin), newest),
        move |(session, begin, newest)| {
            let shared = shared.clone();
            async move {
                if let Some(begin) = begin {
                    return Some((
                        Ok::<_, Infallible>(Bytes::from(begin)),
                        (session, None, newest),
                    ));
                }
                loop {
                    clock.sleep(SignedDuration::from_millis(200)).await;
                    let (lines, newest) = session.read(&shared.lock(), newest.or(Some(0)));
                    if !lines.is_empty() {
                        let text = rendered(&lines, is_sse);
                        return Some((Ok(Bytes::from(text)), (session, None, newest)));
                    }
                }
            }
        },
    );
    ([(header::CONTENT_TYPE, kind)], Body::from_stream(more)).into_response()
}
