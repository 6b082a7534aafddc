//! One request, with its time-outs, and the repetitions that are safe.

use super::{
    Error, Host,
    redact::redact,
    reply::{self, Telltale},
    tls,
};
use crate::{
    clock::Clock,
    credentials::{Credential, Secret},
    env::Env,
};
use jiff::{SignedDuration, Timestamp};
use reqwest::{
    Method, Response, StatusCode, Url,
    header::{ACCEPT, AUTHORIZATION, HeaderMap, HeaderName, HeaderValue, RANGE, USER_AGENT},
};
use serde::de::DeserializeOwned;
use std::{error::Error as _, path::PathBuf, sync::Arc, time::Duration};

/// What the `ps`, `ps:restart` and generation commands of the Heroku CLI ask for.
const VERSION: &str = "application/vnd.heroku+json; version=3.sdk";
/// Attempts of a read before its failure is believed.
const ATTEMPTS: u32 = 4;
/// An item list longer than this is not Heroku's.
const MOST_PAGES: usize = 50;

/// What the environment says about how to reach Heroku.
#[derive(Debug, Clone)]
pub struct Options {
    pub host: Host,
    /// From connecting to the last byte of the answer.
    pub time_limit: Duration,
    extra_headers: HeaderMap,
    extra_certificates: Option<PathBuf>,
    ignored_host: Option<String>,
}

impl Options {
    /// A `HEROKU_HOST` that was passed over, as the Heroku CLI passes it over, with a warning.
    #[must_use]
    pub fn ignored_host(&self) -> Option<&str> {
        self.ignored_host.as_deref()
    }

    /// Reads `HEROKU_HOST`, `HEROKU_HEADERS`, `NODE_EXTRA_CA_CERTS`, the proxy variables and
    /// `AUTORESTART_REQUEST_TIMEOUT`.
    ///
    /// # Errors
    /// When one of them cannot be meant.
    pub fn from_env(env: &Env) -> Result<Self, Error> {
        let named = env.text("HEROKU_HOST");
        let ignored_host = named
            .filter(|named| !Host::is_known_to_cli(named))
            .map(super::host::without_user);
        let host = named
            .filter(|_| ignored_host.is_none())
            .map_or_else(Host::heroku, Host::from_variable)?;
        let variable = |variable: &str, why: String| Error::Variable {
            variable: variable.to_owned(),
            why,
        };
        for name in [
            "HTTPS_PROXY",
            "https_proxy",
            "HTTP_PROXY",
            "http_proxy",
            "ALL_PROXY",
            "all_proxy",
        ] {
            // reqwest goes round a proxy that it cannot read, without a word.
            let is_proxy = |text: &str| {
                let has_scheme = text.contains("://");
                let address = if has_scheme {
                    text.to_owned()
                } else {
                    format!("http://{text}")
                };
                Url::parse(&address).is_ok_and(|url| url.has_host())
            };
            let readable = env.text(name).is_none_or(is_proxy);
            if !readable {
                return Err(variable(
                    name,
                    "it is no URL of a proxy, for example http://proxy.example.com:3128".to_owned(),
                ));
            }
        }
        let time_limit = env
            .text("AUTORESTART_REQUEST_TIMEOUT")
            .unwrap_or("30s")
            .parse::<crate::schedule::Span>();
        let time_limit = time_limit
            .map_err(|error| variable("AUTORESTART_REQUEST_TIMEOUT", error.to_string()))?;
        Ok(Self {
            host,
            time_limit: Duration::from_secs(time_limit.as_secs().max(1)),
            extra_headers: env
                .text("HEROKU_HEADERS")
                .map(extra_headers)
                .transpose()?
                .unwrap_or_default(),
            extra_certificates: env.path("NODE_EXTRA_CA_CERTS"),
            ignored_host,
        })
    }
}

/// `HEROKU_HEADERS`: a JSON object that is merged into the headers, as the Heroku CLI does.
fn extra_headers(json: &str) -> Result<HeaderMap, Error> {
    let refuse = |why: &str| Error::Variable {
        variable: "HEROKU_HEADERS".to_owned(),
        why: why.to_owned(),
    };
    let pairs: std::collections::BTreeMap<String, String> = serde_json::from_str(json)
        .map_err(|_| refuse("it is no JSON object of texts, for example {\"X-Name\":\"value\"}"))?;
    pairs
        .into_iter()
        .map(|(name, value)| {
            let name =
                HeaderName::try_from(name).map_err(|_| refuse("a name in it is no header name"))?;
            let mut value = HeaderValue::try_from(value)
                .map_err(|_| refuse("a value in it is no header value"))?;
            value.set_sensitive(true);
            Ok((name, value))
        })
        .collect()
}

/// Speaks to one host with one credential. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Client {
    http: reqwest::Client,
    host: Host,
    time_limit: Duration,
    token: Secret,
    token_from: String,
    clock: Clock,
    told: Arc<Telltale>,
}

impl Client {
    /// # Errors
    /// When the token cannot be a header, or no TLS can be had.
    pub fn new(options: &Options, credential: &Credential, clock: Clock) -> Result<Self, Error> {
        let mut headers = options.extra_headers.clone();
        let token = HeaderValue::try_from(format!("Bearer {}", credential.token.expose()));
        let mut token = token.map_err(|_| Error::Variable {
            variable: format!("the token from {}", credential.source),
            why: "it has characters that no token has".to_owned(),
        })?;
        token.set_sensitive(true);
        headers.insert(AUTHORIZATION, token);
        headers.insert(ACCEPT, HeaderValue::from_static(VERSION));
        let agent = concat!("heroku-dynos-autorestart/", env!("CARGO_PKG_VERSION"));
        headers.insert(USER_AGENT, HeaderValue::from_static(agent));
        let builder = || {
            let builder = reqwest::Client::builder()
                .default_headers(headers.clone())
                .connect_timeout(Duration::from_secs(10).min(options.time_limit))
                .timeout(options.time_limit)
                .redirect(reqwest::redirect::Policy::none());
            if options.host.is_loopback() {
                builder.no_proxy()
            } else {
                builder
            }
        };
        Ok(Self {
            http: tls::build(builder, options.extra_certificates.as_deref())?,
            host: options.host.clone(),
            time_limit: options.time_limit,
            token: credential.token.clone(),
            token_from: credential.source.to_string(),
            clock,
            told: Arc::default(),
        })
    }

    /// Heroku's time: this machine's, corrected by the newest `Date` header.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.clock.now() + self.skew().unwrap_or_default()
    }

    /// How far Heroku's clock is ahead of this machine's; `None` before the first answer.
    #[must_use]
    pub fn skew(&self) -> Option<SignedDuration> {
        self.told.skew()
    }

    /// Requests made so far, and how many more the account may make now, if Heroku said.
    #[must_use]
    pub fn usage(&self) -> (u64, Option<u64>) {
        (self.told.requests(), self.told.remaining())
    }

    /// Reads one resource, again if that may help: reading is always safe.
    pub(super) async fn get<T: DeserializeOwned>(&self, path: &[&str]) -> Result<T, Error> {
        let (value, _) = self.get_range(path, None).await?;
        Ok(value)
    }

    /// Reads a whole list, page after page.
    pub(super) async fn list<T: DeserializeOwned>(&self, path: &[&str]) -> Result<Vec<T>, Error> {
        let mut range = "id ..; max=1000".to_owned();
        let mut items = vec![];
        for _ in 0..MOST_PAGES {
            let (page, next): (Vec<T>, _) = self.get_range(path, Some(&range)).await?;
            items.extend(page);
            match next {
                Some(next) => range = next,
                None => break,
            }
        }
        Ok(items)
    }

    async fn get_range<T: DeserializeOwned>(
        &self,
        path: &[&str],
        range: Option<&str>,
    ) -> Result<(T, Option<String>), Error> {
        let mut attempt = 1;
        loop {
            let error = match self.get_once(path, range).await {
                Ok(page) => return Ok(page),
                Err(error) => error,
            };
            if attempt >= ATTEMPTS || !error.is_transient() {
                return Err(error);
            }
            let wait = match error.fate() {
                super::Fate::Later(wait) => {
                    SignedDuration::try_from(wait).unwrap_or(SignedDuration::from_secs(60))
                }
                _ => SignedDuration::from_millis(250 << attempt),
            };
            tracing::debug!(attempt, ?wait, %error, "reading again");
            self.clock
                .sleep(wait.min(SignedDuration::from_secs(60)))
                .await;
            attempt += 1;
        }
    }

    async fn get_once<T: DeserializeOwned>(
        &self,
        path: &[&str],
        range: Option<&str>,
    ) -> Result<(T, Option<String>), Error> {
        let response = self.send(Method::GET, path, range).await?;
        let next = match response.status() {
            StatusCode::PARTIAL_CONTENT => {
                reply::text(response.headers(), "next-range").map(ToOwned::to_owned)
            }
            _ => None,
        };
        let value = response
            .json()
            .await
            .map_err(|error| self.failure(&error))?;
        Ok((value, next))
    }

    /// Sends a DELETE once, and only once; returns the ids that Heroku gave the request.
    pub(super) async fn delete(&self, path: &[&str]) -> Result<Vec<String>, Error> {
        let response = self.send(Method::DELETE, path, None).await?;
        let ids = reply::text(response.headers(), "request-id").unwrap_or_default();
        Ok(ids
            .split(',')
            .map(str::trim)
            .filter(|id| !id.is_empty())
            .map(ToOwned::to_owned)
            .collect())
    }

    async fn send(
        &self,
        method: Method,
        path: &[&str],
        range: Option<&str>,
    ) -> Result<Response, Error> {
        self.told.count_request();
        let url = self.host.url(path);
        tracing::debug!(%method, path = url.path(), "request");
        let mut request = self
            .http
            .request(method, url)
            .header("request-id", uuid::Uuid::new_v4().to_string());
        if let Some(range) = range {
            request = request.header(RANGE, range);
        }
        let response = request.send().await.map_err(|error| self.failure(&error))?;
        self.told.read(response.headers(), &self.clock);
        let status = response.status();
        tracing::debug!(
            status = status.as_u16(),
            id = reply::text(response.headers(), "request-id"),
            "answer"
        );
        if status.is_success() {
            Ok(response)
        } else {
            Err(self.refusal(response).await)
        }
    }

    /// An answer that is no success, with Heroku's own words where it has any.
    async fn refusal(&self, response: Response) -> Error {
        #[derive(serde::Deserialize, Default)]
        #[serde(default)]
        struct Body {
            id: String,
            message: String,
        }
        let (status, retry_after) = (response.status(), reply::retry_after(response.headers()));
        let body: Body = response.json().await.unwrap_or_default();
        let reason = status.canonical_reason().unwrap_or("no reason given");
        let message = if body.message.is_empty() {
            format!(
                "{} answered {} {reason}",
                self.host.machine(),
                status.as_u16()
            )
        } else {
            body.message
        };
        Error::Api {
            status: status.as_u16(),
            id: redact(&body.id, &self.token),
            message: redact(&message, &self.token),
            retry_after,
            token_from: self.token_from.clone(),
        }
    }

    fn failure(&self, error: &reqwest::Error) -> Error {
        let host = self.host.machine().to_owned();
        // What cannot be read may be quoted, whatever it holds.
        let why = redact(&cause(error), &self.token);
        if error.is_timeout() && !error.is_connect() {
            Error::TimedOut {
                host,
                limit: self.time_limit,
            }
        } else if error.is_connect() {
            Error::Unreachable { host, why }
        } else if error.is_decode() {
            Error::Garbage { host, why }
        } else {
            Error::Broken { host, why }
        }
    }
}

/// The innermost cause of a failure: what a person can act on.
pub(super) fn cause(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    let text = cause.to_string();
    if error.source().is_none() && text.contains("://") {
        "the request could not be built".to_owned()
    } else {
        text
    }
}
