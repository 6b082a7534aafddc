//! Hosts that are not Heroku's API, by URLs that Heroku hands out: where the bytes of a slug are put,
//! and where a log is read. The URL is the secret: no token goes there, and it is not shown.

use super::{
    Client, Error, Options,
    apps::Slug,
    client::{cause, http, http_for},
    redact,
};
use crate::credentials::Secret;
use jiff::Timestamp;
use reqwest::{
    Method, Url,
    header::{CONTENT_TYPE, HeaderMap},
};
use serde_json::{Value, json};
use std::time::Duration;

/// How long whoever is told something may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long the bytes of a slug may be on their way.
const UPLOAD_LIMIT: Duration = Duration::from_secs(300);
/// A log is kept for so many lines.
pub const LINES: u32 = 1_500;

/// One line of a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLine {
    pub at: Timestamp,
    /// `app[runner.1]`, `heroku[runner.1]`.
    pub from: String,
    pub text: String,
}

impl Client {
    /// Puts the bytes of a slug where its URL says. May be repeated: they are the same.
    ///
    /// # Errors
    /// When the place cannot be reached, or does not take them.
    pub async fn upload(&self, slug: &Slug, bytes: Vec<u8>) -> Result<(), Error> {
        let url = self.elsewhere(slug.url.expose())?;
        let place = place(&url);
        let http = http(&self.options, &HeaderMap::new())?;
        let request = http
            .request(Method::PUT, url)
            // The URL is signed for a request without a type.
            .header(CONTENT_TYPE, "")
            .timeout(UPLOAD_LIMIT)
            .body(bytes);
        let response = request.send().await;
        let response = response.map_err(|error| self.failure_of(&error, &place))?;
        let status = response.status();
        if status.is_success() {
            return Ok(());
        }
        Err(Error::Broken {
            host: place,
            why: format!("it did not take the slug: {status}"),
        })
    }

    /// The last lines of an app's log: `POST /apps/{app}/log-sessions`, and what its URL has.
    ///
    /// # Errors
    /// When Heroku cannot be asked, or answers with an error.
    pub async fn log(&self, app: &str) -> Result<Vec<LogLine>, Error> {
        let body = json!({ "lines": LINES, "tail": false });
        let (response, place) = self.begin_log(app, &body, "text/plain", None).await?;
        let failure = |error: reqwest::Error| self.failure_of(&error, &place);
        let text = response.bytes().await.map_err(failure)?;
        let text = String::from_utf8_lossy(&text);
        let text = redact::known(&text, &self.held.tokens());
        Ok(text.lines().filter_map(line).collect())
    }

    /// What speaks to those hosts: none of the headers that Heroku's API gets goes there.
    pub(super) fn elsewhere_http(&self) -> Result<reqwest::Client, Error> {
        if let Some(http) = self.elsewhere.get() {
            return Ok(http.clone());
        }
        let http = http(&self.options, &HeaderMap::new())?;
        Ok(self.elsewhere.get_or_init(|| http).clone())
    }

    /// A URL that Heroku handed out: over TLS, unless Heroku is this machine.
    pub(super) fn elsewhere(&self, text: &str) -> Result<Url, Error> {
        let url = Url::parse(text).ok();
        let is_safe = |url: &Url| url.scheme() == "https" || self.host.is_loopback();
        url.filter(is_safe).ok_or_else(|| Error::Garbage {
            host: self.host.machine().to_owned(),
            why: "it handed out an address that is not https".to_owned(),
        })
    }
}

/// Tells somebody else something: a URL that a user gave, over TLS, unless it is of this machine.
///
/// # Errors
/// When it is no such URL, cannot be reached, or refuses: in words, with its host alone.
pub async fn tell(options: &Options, url: &Secret, said: &Value) -> Result<(), String> {
    let (Ok(parsed), Some(place)) = (Url::parse(url.expose()), host_of(url)) else {
        return Err("its URL is not one over https".to_owned());
    };
    let broken = |why: String| format!("{place}: {why}");
    let http = http_for(options, &parsed).map_err(|error| error.to_string())?;
    let request = http.post(parsed).timeout(PATIENCE).json(said);
    let response = request.send().await;
    let response = response.map_err(|error| broken(cause(&error.without_url())))?;
    let status = response.status();
    if status.is_success() {
        return Ok(());
    }
    Err(broken(format!("it answered {status}")))
}

/// The host of a URL that something may be told to; `None` where it is no such URL.
#[must_use]
pub fn host_of(url: &Secret) -> Option<String> {
    let url = Url::parse(url.expose()).ok()?;
    let host = url.host_str()?;
    let is_here = ["localhost", "127.0.0.1", "[::1]"].contains(&host);
    (url.scheme() == "https" || url.scheme() == "http" && is_here).then(|| host.to_owned())
}

pub(super) fn place(url: &Url) -> String {
    url.host_str().unwrap_or("the address").to_owned()
}

/// `TIME SOURCE[DYNO]: TEXT`.
fn line(text: &str) -> Option<LogLine> {
    let (at, rest) = text.split_once(' ')?;
    let (from, text) = rest.split_once(": ")?;
    Some(LogLine {
        at: at.parse().ok()?,
        from: from.to_owned(),
        text: text.to_owned(),
    })
}
