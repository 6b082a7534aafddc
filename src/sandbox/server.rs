//! The HTTP around the simulated Heroku: tokens, quota, paging, `Date`, faults, the record.

use super::{
    accounts::Caller,
    control,
    faults::{self, Kind},
    gate, processes,
    routes::{self, refuse},
    world::{Request as Recorded, World},
};
use axum::{
    Json, Router,
    body::{Body, Bytes, to_bytes},
    http::{HeaderValue, Method, Request, Response, StatusCode, header},
    response::IntoResponse as _,
};
use hyper_util::rt::TokioIo;
use std::{
    convert::Infallible,
    io,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tokio::net::TcpListener;

/// The world, shared by all connections.
#[derive(Debug, Clone)]
pub(super) struct Shared(Arc<Mutex<World>>);

impl Shared {
    pub fn lock(&self) -> MutexGuard<'_, World> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A sandbox that listens.
#[derive(Debug)]
pub struct Sandbox {
    listener: TcpListener,
    shared: Shared,
    runs_slugs: bool,
}

impl Sandbox {
    /// Listens on a loopback address; port 0 takes any that is free.
    ///
    /// # Errors
    /// When the port is taken.
    pub async fn bind(port: u16, world: World) -> io::Result<Self> {
        let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], port))).await?;
        let shared = Shared(Arc::new(Mutex::new(world)));
        shared.lock().url = format!("http://{}", listener.local_addr()?);
        Ok(Self {
            listener,
            shared,
            runs_slugs: false,
        })
    }

    /// The same, with a process on this machine for each dyno of a slug.
    #[must_use]
    pub fn running_slugs(self) -> Self {
        Self {
            runs_slugs: true,
            ..self
        }
    }

    /// What to set `HEROKU_HOST` to.
    ///
    /// # Errors
    /// When the system does not tell the address.
    pub fn url(&self) -> io::Result<String> {
        Ok(format!("http://{}", self.listener.local_addr()?))
    }
}

/// Serves until dropped.
///
/// # Errors
/// When connections can no longer be accepted.
pub async fn serve(sandbox: Sandbox) -> io::Result<Infallible> {
    let Sandbox {
        listener,
        shared,
        runs_slugs,
    } = sandbox;
    let router = control::router()
        .merge(routes::router())
        .with_state(shared.clone());
    let processes = async {
        if runs_slugs {
            processes::run(shared.clone()).await?;
        }
        std::future::pending::<io::Result<Infallible>>().await
    };
    tokio::select! {
        ended = accept(listener, router, shared.clone()) => ended,
        ended = processes => ended,
    }
}

async fn accept(listener: TcpListener, router: Router, shared: Shared) -> io::Result<Infallible> {
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let (router, shared) = (router.clone(), shared.clone());
        let service = hyper::service::service_fn(move |request| {
            let (router, shared) = (router.clone(), shared.clone());
            async move { answer(router, shared, request.map(Body::new)).await }
        });
        // A fault ends the connection by an error; there is nobody to tell.
        tokio::spawn(async move {
            hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service)
                .await
        });
    }
}

/// Ends the connection without an answer.
#[derive(Debug, thiserror::Error)]
#[error("the connection ends here")]
struct Cut;

async fn answer(
    router: Router,
    shared: Shared,
    mut request: Request<Body>,
) -> Result<Response<Body>, Cut> {
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    if path.starts_with("/sandbox") {
        return Ok(call(router, request).await);
    }
    let (place, fault, latency, clock) = arrive(&shared, &method, &path);
    if latency > 0 {
        clock
            .sleep(jiff::SignedDuration::from_millis(latency))
            .await;
    }
    let range = request
        .headers()
        .get(header::RANGE)
        .and_then(|range| range.to_str().ok())
        .map(ToOwned::to_owned);
    let response = match &fault {
        Some(Kind::ResetBefore) => return Err(Cut),
        Some(Kind::Hang) => std::future::pending().await,
        Some(Kind::Status {
            status,
            id,
            message,
            retry_after,
        }) => {
            let mut response = refuse(
                StatusCode::from_u16(*status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
                id,
                message,
            );
            if let Some(seconds) = retry_after {
                response
                    .headers_mut()
                    .insert(header::RETRY_AFTER, HeaderValue::from(*seconds));
            }
            response
        }
        Some(Kind::Answer { body }) => Json(body.clone()).into_response(),
        Some(Kind::Text { body }) => body.clone().into_response(),
        _ if is_elsewhere(&path) => call(router, request).await,
        _ => match gate::admit(&shared, &mut request) {
            Ok(()) => {
                let caller = request.extensions().get::<Caller>().cloned();
                let mut response = page(call(router, request).await, range.as_deref()).await;
                if let Some(caller) = caller {
                    gate::tell_scopes(response.headers_mut(), &caller, method.as_str(), &path);
                }
                response
            }
            Err(response) => *response,
        },
    };
    match &fault {
        Some(Kind::ResetAfter) => return Err(Cut),
        Some(Kind::HangAfter) => std::future::pending().await,
        Some(Kind::Delay { ms }) => {
            clock
                .sleep(jiff::SignedDuration::from_millis(
                    i64::try_from(*ms).unwrap_or(i64::MAX),
                ))
                .await;
        }
        _ => {}
    }
    let mut response = disturb(response, fault.as_ref());
    if is_of_nobody(&path) {
        return Ok(response);
    }
    leave(&shared, place, &mut response);
    if let Some(Kind::Headers { headers }) = &fault {
        for (name, value) in headers {
            let name = header::HeaderName::try_from(name.as_str());
            if let (Ok(name), Ok(value)) = (name, HeaderValue::from_str(value)) {
                response.headers_mut().insert(name, value);
            }
        }
    }
    Ok(response)
}

/// Hosts that are not Heroku's API: S3 and Logplex, whose URLs are secrets and which take no token; the
/// apps themselves, and the status page.
fn is_elsewhere(path: &str) -> bool {
    path.starts_with("/blobs/") || path.starts_with("/logplex/") || is_of_nobody(path)
}

/// What everybody may ask, and no record counts.
fn is_of_nobody(path: &str) -> bool {
    path.starts_with("/router/") || path.starts_with("/api/v4/")
}

async fn call(mut router: Router, request: Request<Body>) -> Response<Body> {
    use tower_service::Service as _;
    let Ok(response) = router.call(request).await;
    response
}

/// Notes the request and picks its fault.
fn arrive(
    shared: &Shared,
    method: &Method,
    path: &str,
) -> (usize, Option<Kind>, i64, crate::clock::Clock) {
    let mut world = shared.lock();
    let now = world.now();
    let fault = faults::take(&mut world.faults, method.as_str(), path);
    let recorded = Recorded {
        at: now,
        method: method.to_string(),
        path: path.to_owned(),
        status: None,
        fault: fault.as_ref().map(Kind::word),
    };
    let place = world.requests.len();
    if !is_of_nobody(path) {
        world.requests.push(recorded);
    }
    (
        place,
        fault,
        i64::try_from(world.latency_ms).unwrap_or(0),
        world.clock(),
    )
}

/// What a list is cut to when no `Range` is asked for.
const WITHOUT_RANGE: (&str, usize) = ("id ..", 200);

/// Cuts a list to the `Range` that was asked for (`id ..; max=200`, `version ..; order=desc,max=1`).
async fn page(response: Response<Body>, range: Option<&str>) -> Response<Body> {
    if response.status() != StatusCode::OK {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    let bytes = to_bytes(body, usize::MAX).await.unwrap_or_default();
    let Ok(serde_json::Value::Array(mut items)) = serde_json::from_slice(&bytes) else {
        return Response::from_parts(parts, Body::from(bytes));
    };
    if range.is_none() && items.len() <= WITHOUT_RANGE.1 {
        return Response::from_parts(parts, Body::from(bytes));
    }
    let range = range.unwrap_or(WITHOUT_RANGE.0);
    let (field, parameters) = range.split_once(';').unwrap_or((range, ""));
    let parameter = |name: &str| {
        parameters
            .split([',', ';'])
            .find_map(|part| part.trim().strip_prefix(name)?.strip_prefix('='))
    };
    let most = parameter("max")
        .and_then(|max| max.parse::<usize>().ok())
        .unwrap_or(WITHOUT_RANGE.1)
        .clamp(1, 1_000);
    let (field, from) = field.split_once(' ').unwrap_or((field, ".."));
    let key = |item: &serde_json::Value| {
        item[field].as_u64().map_or_else(
            || item[field].as_str().unwrap_or_default().to_owned(),
            |number| format!("{number:020}"),
        )
    };
    items.sort_by_key(key);
    let is_descending = parameter("order") == Some("desc");
    if is_descending {
        items.reverse();
    }
    if let Some(after) = from.trim().trim_end_matches("..").strip_prefix(']') {
        items.retain(|item| (key(item).as_str() > after) != is_descending && key(item) != after);
    }
    if items.len() > most {
        parts.status = StatusCode::PARTIAL_CONTENT;
        let order = if is_descending { "order=desc," } else { "" };
        let next = format!("{field} ]{}..; {order}max={most}", key(&items[most - 1]));
        if let Ok(next) = HeaderValue::from_str(&next) {
            parts.headers.insert("next-range", next);
        }
        items.truncate(most);
    }
    parts.headers.remove(header::CONTENT_LENGTH);
    Response::from_parts(
        parts,
        Body::from(serde_json::Value::Array(items).to_string()),
    )
}

/// Garbles an answer after its request was applied.
fn disturb(response: Response<Body>, fault: Option<&Kind>) -> Response<Body> {
    let (mut parts, body) = response.into_parts();
    let body = match fault {
        Some(Kind::StatusAfter { status }) => {
            parts.status = StatusCode::from_u16(*status).unwrap_or(StatusCode::BAD_GATEWAY);
            Body::from("<html><body>Application Error</body></html>")
        }
        Some(Kind::Garbage) => Body::from("<html>\u{0}\u{1} not what you asked for"),
        Some(Kind::Truncate) => {
            let pieces = [
                Ok(Bytes::from_static(b"[{\"id\":\"01")),
                Err(io::Error::other("cut")),
            ];
            Body::from_stream(futures_util::stream::iter(pieces))
        }
        _ => return Response::from_parts(parts, body),
    };
    parts.headers.remove(header::CONTENT_LENGTH);
    Response::from_parts(parts, body)
}

/// The headers of every answer of Heroku's, and its line in the record.
fn leave(shared: &Shared, place: usize, response: &mut Response<Body>) {
    let mut world = shared.lock();
    let now = world.now();
    let remaining = (!world.is_unlimited).then(|| world.remaining().to_string());
    if let Some(recorded) = world.requests.get_mut(place) {
        recorded.status = Some(response.status().as_u16());
    }
    let headers = response.headers_mut();
    let date = jiff::fmt::strtime::format(
        "%a, %d %b %Y %H:%M:%S GMT",
        &now.to_zoned_datetime(jiff::tz::TimeZone::UTC),
    );
    for (name, value) in [
        ("date", date.unwrap_or_default()),
        ("request-id", super::ids::uuid()),
        ("ratelimit-remaining", remaining.unwrap_or_default()),
    ] {
        if let (false, Ok(header)) = (value.is_empty(), HeaderValue::from_str(&value)) {
            headers.insert(name, header);
        }
    }
}
