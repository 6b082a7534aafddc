//! What the environment says about how to reach Heroku: host, headers, proxy, certificates, patience.

use super::{Error, Host, host};
use crate::{credentials::Secret, env::Env};
use reqwest::{
    NoProxy, Proxy, Url,
    header::{HeaderMap, HeaderName, HeaderValue},
};
use serde_json::{Map, Value};
use std::{path::PathBuf, time::Duration};

#[derive(Debug, Clone)]
pub struct Options {
    pub host: Host,
    /// From connecting to the last byte of the answer.
    pub time_limit: Duration,
    pub(super) extra_headers: HeaderMap,
    pub(super) extra_certificates: Option<PathBuf>,
    /// The variable that names a proxy, its value, which may hold a password, and what goes past it.
    proxy: Option<(&'static str, Secret)>,
    past_proxy: Option<String>,
    ignored_host: Option<String>,
    /// Where Heroku's status is told: `HEROKU_STATUS_HOST`, as for the Heroku CLI.
    status_host: Option<String>,
}

/// Every request is HTTPS, but for those to this machine, which no proxy sees.
const PROXIES: [&str; 4] = ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];

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
            .map(host::without_user);
        let host = named
            .filter(|_| ignored_host.is_none())
            .map_or_else(Host::heroku, Host::from_variable)?;
        let time_limit = env
            .text("AUTORESTART_REQUEST_TIMEOUT")
            .unwrap_or("30s")
            .parse::<crate::schedule::Span>();
        let time_limit = time_limit
            .map_err(|error| refuse("AUTORESTART_REQUEST_TIMEOUT", &error.to_string()))?;
        let proxy = PROXIES
            .iter()
            .find_map(|name| Some((*name, Secret::new(env.text(name)?.to_owned()))));
        let past_proxy = env.text("NO_PROXY").or_else(|| env.text("no_proxy"));
        let options = Self {
            host,
            time_limit: Duration::from_secs(time_limit.as_secs().max(1)),
            extra_headers: env
                .text("HEROKU_HEADERS")
                .map(extra_headers)
                .transpose()?
                .unwrap_or_default(),
            extra_certificates: env.path("NODE_EXTRA_CA_CERTS"),
            proxy,
            past_proxy: past_proxy.map(ToOwned::to_owned),
            ignored_host,
            status_host: env
                .text("HEROKU_STATUS_HOST")
                .map(|host| host.trim_end_matches('/').to_owned()),
        };
        if !options.host.is_loopback() {
            options.proxy()?;
        }
        Ok(options)
    }

    /// The variable that names the proxy which requests go through.
    #[must_use]
    pub fn proxy_variable(&self) -> Option<&'static str> {
        let (name, _) = self.proxy.as_ref()?;
        (!self.host.is_loopback()).then_some(*name)
    }

    /// Where it is told how Heroku fares: of Heroku itself its status page, of a simulated one itself.
    pub(super) fn status_page(&self) -> Option<String> {
        let named = self.status_host.clone();
        named.or_else(|| {
            if self.host.is_own() {
                return Some(super::words::STATUS.to_owned());
            }
            self.host.is_loopback().then(|| self.host.origin())
        })
    }

    /// Whether `NODE_EXTRA_CA_CERTS` names certificates.
    #[must_use]
    pub fn has_extra_certificates(&self) -> bool {
        self.extra_certificates.is_some()
    }

    /// The proxy that the environment names. reqwest would go round one that it cannot read, without
    /// a word; where none is named, it asks the system.
    pub(super) fn proxy(&self) -> Result<Option<Proxy>, Error> {
        let Some((name, text)) = &self.proxy else {
            return Ok(None);
        };
        let wrong = || {
            let why =
                "it is no http or https URL of a proxy, for example http://proxy.example.com:3128";
            refuse(name, why)
        };
        let text = text.expose().trim();
        let address = if text.contains("://") {
            text.to_owned()
        } else {
            format!("http://{text}")
        };
        let url = Url::parse(&address).map_err(|_| wrong())?;
        // A path is no part of a proxy, but of a mistyped address: `htp//:host` is the host `htp`.
        let is_address = url.has_host() && url.path() == "/";
        if !matches!(url.scheme(), "http" | "https") || !is_address {
            return Err(wrong());
        }
        let proxy = Proxy::all(url).map_err(|_| wrong())?;
        let past = self.past_proxy.as_deref().and_then(NoProxy::from_string);
        Ok(Some(proxy.no_proxy(past)))
    }
}

fn refuse(variable: &str, why: &str) -> Error {
    Error::Variable {
        variable: variable.to_owned(),
        why: why.to_owned(),
    }
}

/// `HEROKU_HEADERS`: a JSON object that is merged into the headers, as the Heroku CLI does.
fn extra_headers(json: &str) -> Result<HeaderMap, Error> {
    let refuse = |why: &str| refuse("HEROKU_HEADERS", why);
    let pairs: Map<String, Value> = serde_json::from_str(json)
        .map_err(|_| refuse("it is no JSON object, for example {\"X-Name\":\"value\"}"))?;
    let mut headers = HeaderMap::new();
    for (name, value) in pairs {
        let text = match value {
            Value::Null => continue,
            Value::String(text) => text,
            Value::Bool(_) | Value::Number(_) => value.to_string(),
            Value::Array(_) | Value::Object(_) => {
                return Err(refuse("a value in it is no text"));
            }
        };
        let name =
            HeaderName::try_from(name).map_err(|_| refuse("a name in it is no header name"))?;
        let mut value =
            HeaderValue::try_from(text).map_err(|_| refuse("a value in it is no header value"))?;
        value.set_sensitive(true);
        headers.insert(name, value);
    }
    Ok(headers)
}
