//! What every request must pass before it is answered: token, version, scope, access to the app,
//! second factor, quota.

use super::{
    accounts::{Caller, accepted},
    routes::refuse,
    server::Shared,
    world::World,
};
use axum::{
    Json,
    body::Body,
    http::{HeaderMap, HeaderValue, Request, Response, StatusCode, header},
    response::IntoResponse as _,
};
use serde_json::json;

type Refusal = Box<Response<Body>>;

/// Lets a request through, with its [`Caller`] put beside it, or refuses it.
pub(super) fn admit(shared: &Shared, request: &mut Request<Body>) -> Result<(), Refusal> {
    let (method, path) = (
        request.method().to_string(),
        request.uri().path().to_owned(),
    );
    let mut world = shared.lock();
    let caller = identify(&world, request.headers())?;
    if path != "/account/rate-limits" && world.spend().is_err() {
        // Without Retry-After: that Heroku sends it is not documented.
        return Err(Box::new(refuse(
            StatusCode::TOO_MANY_REQUESTS,
            "rate_limit",
            "Your account reached the API rate limit. Please wait a few minutes before making new requests",
        )));
    }
    let allowed = accepted(&method, &path);
    let is_in_scope = caller
        .scope
        .iter()
        .any(|scope| allowed.contains(&scope.as_str()));
    let answer = if is_in_scope {
        access(&mut world, &caller, &method, &path, request.headers())
    } else {
        let message = format!(
            "This request needs an authorization with one of the scopes {}.",
            allowed.join(", ")
        );
        Err(Box::new(refuse(
            StatusCode::FORBIDDEN,
            "forbidden",
            &message,
        )))
    };
    drop(world);
    let answer = answer.map_err(|mut refusal| {
        tell_scopes(refusal.headers_mut(), &caller, &method, &path);
        refusal
    });
    request.extensions_mut().insert(caller);
    answer
}

/// `Oauth-Scope` and `Oauth-Scope-Accepted`.
pub(super) fn tell_scopes(headers: &mut HeaderMap, caller: &Caller, method: &str, path: &str) {
    for (name, scopes) in [
        ("oauth-scope", caller.scope.join(" ")),
        ("oauth-scope-accepted", accepted(method, path).join(" ")),
    ] {
        if let Ok(value) = HeaderValue::from_str(&scopes) {
            headers.insert(name, value);
        }
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    let value = headers.get(name).and_then(|value| value.to_str().ok());
    value.unwrap_or_default()
}

fn identify(world: &World, headers: &HeaderMap) -> Result<Caller, Refusal> {
    let authorization = text(headers, header::AUTHORIZATION.as_str());
    let token = authorization.strip_prefix("Bearer ").unwrap_or_default();
    let is_token = !token.is_empty() && token != "undefined";
    let caller = world
        .accounts
        .caller(token, world.now())
        .filter(|_| is_token);
    let Some(caller) = caller else {
        let message = "Invalid credentials provided.";
        return Err(Box::new(refuse(
            StatusCode::UNAUTHORIZED,
            "unauthorized",
            message,
        )));
    };
    let version = text(headers, header::ACCEPT.as_str());
    if version.starts_with("application/vnd.heroku+json; version=3") {
        return Ok(caller);
    }
    Err(Box::new(refuse(
        StatusCode::NOT_ACCEPTABLE,
        "not_acceptable",
        "Requests to this endpoint must specify the desired API version.",
    )))
}

/// Access to the app that is asked for, and the second factor that it or the account demands.
fn access(
    world: &mut World,
    caller: &Caller,
    method: &str,
    path: &str,
    headers: &HeaderMap,
) -> Result<(), Refusal> {
    let now = world.now();
    let email = caller.user.email.clone();
    let code = text(headers, "heroku-two-factor-code").to_owned();
    let segments: Vec<&str> = path.trim_matches('/').split('/').collect();
    if let ["apps", name, rest @ ..] = segments.as_slice()
        && let Some(app) = world.find(name)
    {
        let (id, name, is_paranoid) = (app.id.clone(), app.name.clone(), app.needs_second_factor);
        if !world.reaches(app, &email) {
            let message = format!("You do not have access to the app {name}.");
            return Err(Box::new(refuse(
                StatusCode::FORBIDDEN,
                "forbidden",
                &message,
            )));
        }
        let is_preauthorizing = rest == ["pre-authorizations"];
        let is_free = !is_paranoid || world.accounts.is_preauthorized(caller, &id, now);
        if (is_preauthorizing || !is_free) && !world.accounts.takes_code(&email, &code) {
            return Err(Box::new(second_factor(&code, Some((&id, &name)))));
        }
        return Ok(());
    }
    let is_guarded = method != "GET" && method != "DELETE" && segments[0] == "oauth";
    if is_guarded && caller.user.has_second_factor && !world.accounts.takes_code(&email, &code) {
        return Err(Box::new(second_factor(&code, None)));
    }
    Ok(())
}

fn second_factor(code: &str, app: Option<(&str, &str)>) -> Response<Body> {
    let message = if code.is_empty() {
        "A second authentication factor or pre-authorization is required for this request."
    } else {
        "Invalid second authentication factor."
    };
    let app = app.map(|(id, name)| json!({ "id": id, "name": name }));
    let body = json!({ "id": "two_factor", "message": message, "app": app });
    (StatusCode::FORBIDDEN, Json(body)).into_response()
}
