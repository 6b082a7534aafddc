//! What an answer's headers tell: Heroku's time, the quota that is left, request ids.

use crate::{clock::Clock, credentials::Secret};
use jiff::{SignedDuration, Timestamp};
use reqwest::header::{HeaderMap, HeaderName};
use std::{sync::Mutex, time::Duration};

/// `Date` has whole seconds, and an answer is on its way for some time: within that Heroku's time is known
/// already, and must not go back and forth with each answer.
const SLACK: SignedDuration = SignedDuration::from_millis(1_500);

/// What the newest answers told.
#[derive(Debug, Default)]
pub(super) struct Telltale(Mutex<Told>);

#[derive(Debug, Default, Clone)]
struct Told {
    requests: u64,
    remaining: Option<u64>,
    skew: Option<SignedDuration>,
    scope: Option<String>,
}

impl Telltale {
    pub fn count_request(&self) {
        self.told(|told| told.requests += 1);
    }

    pub fn read(&self, headers: &HeaderMap, clock: &Clock) {
        let remaining =
            text(headers, "ratelimit-remaining").and_then(|text| text.trim().parse().ok());
        let skew = date(headers).map(|date| date.duration_since(clock.now()));
        let scope = scopes(headers, "oauth-scope");
        self.told(|told| {
            told.scope = scope.or(told.scope.take());
            told.remaining = remaining.or(told.remaining);
            told.skew = match (told.skew, skew) {
                (Some(known), Some(fresh)) if (fresh - known).abs() < SLACK => Some(known),
                (known, fresh) => fresh.or(known),
            };
        });
    }

    pub fn requests(&self) -> u64 {
        self.told(|told| told.requests)
    }

    pub fn remaining(&self) -> Option<u64> {
        self.told(|told| told.remaining)
    }

    pub fn skew(&self) -> Option<SignedDuration> {
        self.told(|told| told.skew)
    }

    pub fn scope(&self) -> Option<String> {
        self.told(|told| told.scope.clone())
    }

    fn told<T>(&self, with: impl FnOnce(&mut Told) -> T) -> T {
        with(
            &mut self
                .0
                .lock()
                .unwrap_or_else(std::sync::PoisonError::into_inner),
        )
    }
}

pub(super) fn text<'a>(headers: &'a HeaderMap, name: &'static str) -> Option<&'a str> {
    headers.get(HeaderName::from_static(name))?.to_str().ok()
}

/// The ids that Heroku gave a request; nothing that is no UUID, or that is one of our tokens.
pub(super) fn request_ids(headers: &HeaderMap, own: &[Secret]) -> Vec<String> {
    let ids = text(headers, "request-id")
        .unwrap_or_default()
        .split(',')
        .map(str::trim);
    let is_own = |id: &str| own.iter().any(|token| token.expose() == id);
    let is_id = |id: &&str| uuid::Uuid::try_parse(id).is_ok() && !is_own(id);
    ids.filter(is_id).map(ToOwned::to_owned).collect()
}

/// Words of `Oauth-Scope` and `Oauth-Scope-Accepted`, as far as they can be scopes.
pub(super) fn scopes(headers: &HeaderMap, name: &'static str) -> Option<String> {
    let is_scope =
        |word: &&str| word.len() <= 24 && word.chars().all(|c| c.is_ascii_lowercase() || c == '-');
    let words = text(headers, name)?
        .split([' ', ','])
        .filter(|word| !word.is_empty());
    Some(words.filter(is_scope).collect::<Vec<_>>().join(" "))
}

/// The `Date` header (RFC 9110, whole seconds).
fn date(headers: &HeaderMap) -> Option<Timestamp> {
    jiff::fmt::rfc2822::parse(text(headers, "date")?)
        .ok()
        .map(|date| date.timestamp())
        .filter(|instant| crate::schedule::is_meant(*instant))
}

/// `Retry-After` in seconds; the form with a date is not used by Heroku.
pub(super) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    text(headers, "retry-after")?
        .trim()
        .parse()
        .ok()
        .map(Duration::from_secs)
}
