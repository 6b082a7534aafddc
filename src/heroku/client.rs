//! One request, with its time-outs, and the repetitions that are safe.

use super::{
    Error, Host, Options, Pool,
    held::{Held, Renewal},
    reply::{self, Telltale},
    sending::Question,
    tls,
};
use crate::{
    clock::Clock,
    credentials::{Credential, Secret},
};
use jiff::{SignedDuration, Timestamp};
use reqwest::{
    Method, StatusCode,
    header::{ACCEPT, AUTHORIZATION, HeaderMap, HeaderValue, USER_AGENT},
};
use serde::de::DeserializeOwned;
use std::{
    error::Error as _,
    sync::{Arc, OnceLock},
    time::Duration,
};
use tokio::sync::Semaphore;

/// What the `ps`, `ps:restart` and generation commands of the Heroku CLI ask for.
const VERSION: &str = "application/vnd.heroku+json; version=3.sdk";
/// Attempts of a read before its failure is believed.
const ATTEMPTS: u32 = 4;
/// Connections that are kept for the next request: a roll of many apps does not greet anew each time.
const MOST_IDLE: usize = 64;
/// Reads under way at once; more of them only wait at Heroku, each in a connection of its own.
const MOST_READING: usize = 64;
/// Logs that are being opened at once.
const MOST_OPENING: usize = 4;
/// An item list longer than this is not Heroku's.
const MOST_PAGES: usize = 50;

/// Speaks to one host with one credential. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Client {
    pub(super) http: reqwest::Client,
    pub(super) options: Arc<Options>,
    pub(super) host: Host,
    pub(super) time_limit: Duration,
    pub(super) held: Arc<Held>,
    /// A code that one person gave for one request.
    pub(super) second_factor: Option<Secret>,
    /// A person waits.
    pub(super) is_brief: bool,
    /// The variable of the proxy that is asked.
    pub(super) proxy: Option<&'static str>,
    pub(super) clock: Clock,
    pub(super) told: Arc<Telltale>,
    /// For hosts that are not Heroku's API, once one is spoken to.
    pub(super) elsewhere: Arc<OnceLock<reqwest::Client>>,
    /// Who else spends the account's requests.
    pub(super) pool: Arc<Pool>,
    /// Whose turn it is to open a log.
    pub(super) opening: Arc<Semaphore>,
    /// Whose turn it is to read.
    pub(super) reading: Arc<Semaphore>,
}

/// A part of a list, or the whole.
struct Page<T> {
    value: T,
    /// The range of the next one.
    next: Option<String>,
    /// When it was asked for.
    asked_at: Timestamp,
}

impl Client {
    /// # Errors
    /// When the token cannot be a header, or no TLS can be had.
    pub fn new(options: &Options, credential: &Credential, clock: Clock) -> Result<Self, Error> {
        Self::renewed_by(options, credential, clock, None)
    }

    /// The same, with a way to find the credential anew should Heroku refuse its token.
    ///
    /// # Errors
    /// As [`Client::new`].
    pub fn renewed_by(
        options: &Options,
        credential: &Credential,
        clock: Clock,
        renewal: Option<Renewal>,
    ) -> Result<Self, Error> {
        let mut headers = options.extra_headers.clone();
        // Ours alone: an own one of `HEROKU_HEADERS` would go beside it.
        headers.remove(AUTHORIZATION);
        headers.insert(ACCEPT, HeaderValue::from_static(VERSION));
        let agent = concat!("heroku-dynos-autorestart/", env!("CARGO_PKG_VERSION"));
        headers
            .entry(USER_AGENT)
            .or_insert(HeaderValue::from_static(agent));
        let client = Self {
            http: http(options, &headers)?,
            options: Arc::new(options.clone()),
            host: options.host.clone(),
            time_limit: options.time_limit,
            held: Arc::new(Held::new(credential.clone(), renewal)),
            second_factor: None,
            is_brief: false,
            proxy: options.proxy_variable(),
            clock,
            told: Arc::default(),
            elsewhere: Arc::default(),
            pool: Arc::default(),
            opening: Arc::new(Semaphore::new(MOST_OPENING)),
            reading: Arc::new(Semaphore::new(MOST_READING)),
        };
        client.bearer(&credential.token)?;
        Ok(client)
    }

    /// What to do about it, where Heroku has refused the token and there is no other by now.
    #[must_use]
    pub fn refused(&self) -> Option<String> {
        let held = self.held.current();
        let say = |mend| {
            format!(
                "the token from {} is revoked or expired: {mend}",
                held.source
            )
        };
        self.held.is_refused().then(|| say(held.mend))
    }

    /// The scopes of the token, as the newest answer told them; `None` where it did not.
    #[must_use]
    pub fn scope(&self) -> Option<Vec<String>> {
        let split = |text: String| {
            let words = text.split([' ', ',']).filter(|word| !word.is_empty());
            words.map(ToOwned::to_owned).collect()
        };
        self.told.scope().map(split)
    }

    /// The same client, with a code of the account's second factor in every request.
    #[must_use]
    pub fn with_second_factor(&self, code: Secret) -> Self {
        Self {
            second_factor: Some(code),
            ..self.clone()
        }
    }

    /// The same client for a person who waits: a read is tried twice, and no quota is waited for.
    #[must_use]
    pub fn brief(&self) -> Self {
        Self {
            is_brief: true,
            ..self.clone()
        }
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
        Ok(self.get_range(path, None, false).await?.value)
    }

    /// The same with what looks like a token left in it.
    pub(super) async fn get_as_it_is<T: DeserializeOwned>(
        &self,
        path: &[&str],
    ) -> Result<T, Error> {
        Ok(self.get_range(path, None, true).await?.value)
    }

    /// Reads a whole list, page after page.
    pub(super) async fn list<T: DeserializeOwned>(&self, path: &[&str]) -> Result<Vec<T>, Error> {
        Ok(self.pages(path, false).await?.0)
    }

    /// The same, and when its first page was asked for: nothing in it is older.
    pub(super) async fn list_asked_at<T: DeserializeOwned>(
        &self,
        path: &[&str],
    ) -> Result<(Vec<T>, Timestamp), Error> {
        self.pages(path, false).await
    }

    /// The same with what looks like a token left in it.
    pub(super) async fn list_as_it_is<T: DeserializeOwned>(
        &self,
        path: &[&str],
    ) -> Result<Vec<T>, Error> {
        Ok(self.pages(path, true).await?.0)
    }

    async fn pages<T: DeserializeOwned>(
        &self,
        path: &[&str],
        is_as_it_is: bool,
    ) -> Result<(Vec<T>, Timestamp), Error> {
        let mut range = "id ..; max=1000".to_owned();
        let (mut items, mut asked_at) = (vec![], None);
        for _ in 0..MOST_PAGES {
            let page: Page<Vec<T>> = self.get_range(path, Some(&range), is_as_it_is).await?;
            items.extend(page.value);
            asked_at = asked_at.or(Some(page.asked_at));
            match page.next {
                Some(next) => range = next,
                None => break,
            }
        }
        Ok((items, asked_at.unwrap_or_else(|| self.now())))
    }

    async fn get_range<T: DeserializeOwned>(
        &self,
        path: &[&str],
        range: Option<&str>,
        is_as_it_is: bool,
    ) -> Result<Page<T>, Error> {
        let attempts = if self.is_brief { 2 } else { ATTEMPTS };
        let mut attempt = 1;
        loop {
            let error = match self.get_once(path, range, is_as_it_is).await {
                Ok(page) => return Ok(page),
                Err(error) => error,
            };
            let is_quota = matches!(error.fate(), super::Fate::Later(_));
            let is_waited_for = error.is_transient() && !(self.is_brief && is_quota);
            if attempt >= attempts || !is_waited_for {
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
        is_as_it_is: bool,
    ) -> Result<Page<T>, Error> {
        let mut question = Question::new(Method::GET, path);
        question.range = range;
        // Never closed.
        let _turn = self.reading.acquire().await.ok();
        let asked_at = self.now();
        let response = self.send(&question).await?;
        let next = match response.status() {
            StatusCode::PARTIAL_CONTENT => {
                reply::text(response.headers(), "next-range").map(ToOwned::to_owned)
            }
            _ => None,
        };
        let value = if is_as_it_is {
            self.secret_value(response).await?
        } else {
            self.value(response).await?
        };
        Ok(Page {
            value,
            next,
            asked_at,
        })
    }

    /// Sends a DELETE once, and only once; returns the ids that Heroku gave the request.
    pub(super) async fn delete(&self, path: &[&str]) -> Result<Vec<String>, Error> {
        let response = self.send(&Question::new(Method::DELETE, path)).await?;
        Ok(reply::request_ids(response.headers(), &self.held.tokens()))
    }
}

/// The same for a URL of somebody else's, which may want TLS where a simulated Heroku does not.
pub(super) fn http_for(options: &Options, url: &reqwest::Url) -> Result<reqwest::Client, Error> {
    if options.host.is_plain() && url.scheme() == "https" {
        let builder = || {
            reqwest::Client::builder()
                .connect_timeout(Duration::from_secs(10).min(options.time_limit))
                .timeout(options.time_limit)
                .redirect(reqwest::redirect::Policy::none())
        };
        return tls::build(builder, options.extra_certificates.as_deref());
    }
    http(options, &HeaderMap::new())
}

/// What sends requests with these headers in each of them.
pub(super) fn http(options: &Options, headers: &HeaderMap) -> Result<reqwest::Client, Error> {
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
            // Many may be needed at once, and few of them soon again.
            .pool_max_idle_per_host(MOST_IDLE)
            .redirect(reqwest::redirect::Policy::none());
        match &proxy {
            _ if options.host.is_loopback() => builder.no_proxy(),
            Some(proxy) => builder.proxy(proxy.clone()),
            None => builder,
        }
    };
    if options.host.is_plain() {
        return tls::without(builder());
    }
    tls::build(builder, options.extra_certificates.as_deref())
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
