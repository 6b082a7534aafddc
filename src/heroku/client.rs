//! One request, with its time-outs, and the repetitions that are safe.

use super::{
    Error, Host, Options,
    redact::redact,
    reply::{self, Telltale},
    tls,
};
use crate::{
    clock::Clock,
    credentials::{Credential, Secret},
};
use jiff::{SignedDuration, Timestamp};
use reqwest::{
    Method, Response, StatusCode,
    header::{ACCEPT, AUTHORIZATION, HeaderValue, RANGE, USER_AGENT},
};
use serde::de::DeserializeOwned;
use std::{error::Error as _, sync::Arc, time::Duration};

/// What the `ps`, `ps:restart` and generation commands of the Heroku CLI ask for.
const VERSION: &str = "application/vnd.heroku+json; version=3.sdk";
/// Attempts of a read before its failure is believed.
const ATTEMPTS: u32 = 4;
/// An item list longer than this is not Heroku's.
const MOST_PAGES: usize = 50;

/// Speaks to one host with one credential. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Client {
    http: reqwest::Client,
    host: Host,
    time_limit: Duration,
    token: Secret,
    token_from: String,
    /// The variable of the proxy that is asked.
    proxy: Option<&'static str>,
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
        headers
            .entry(USER_AGENT)
            .or_insert(HeaderValue::from_static(agent));
        let proxy = if options.host.is_loopback() {
            None
        } else {
            options.proxy()?
        };
        let builder = || {
            let builder = reqwest::Client::builder()
                .default_headers(headers.clone())
                .connect_timeout(Duration::from_secs(10).min(options.time_limit))
                .timeout(options.time_limit)
                .redirect(reqwest::redirect::Policy::none());
            match &proxy {
                _ if options.host.is_loopback() => builder.no_proxy(),
                Some(proxy) => builder.proxy(proxy.clone()),
                None => builder,
            }
        };
        Ok(Self {
            http: tls::build(builder, options.extra_certificates.as_deref())?,
            host: options.host.clone(),
            time_limit: options.time_limit,
            token: credential.token.clone(),
            token_from: credential.source.to_string(),
            proxy: options.proxy_variable(),
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

    /// The same, unless it comes from the whole seconds of a `Date` and the way of the answer.
    #[must_use]
    pub fn skew_worth_saying(&self) -> Option<SignedDuration> {
        const WORTH_SAYING: SignedDuration = SignedDuration::from_secs(5);
        self.skew().filter(|skew| skew.abs() > WORTH_SAYING)
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
            let host = match self.proxy {
                Some(variable) => format!("{host} through the proxy of {variable}"),
                None => host,
            };
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
