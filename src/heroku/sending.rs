//! One request and its answer: headers, the token in use, what an answer tells, what a refusal says.

use super::{Client, Error, client::cause, error::About, redact, reply};
use crate::credentials::Secret;
use reqwest::{
    Method, Response,
    header::{AUTHORIZATION, HeaderValue, RANGE},
};
use serde::de::DeserializeOwned;
use serde_json::Value;

/// What is asked for.
pub(super) struct Question<'a> {
    pub method: Method,
    pub path: &'a [&'a str],
    pub range: Option<&'a str>,
    pub body: Option<&'a Value>,
}

impl<'a> Question<'a> {
    pub fn new(method: Method, path: &'a [&'a str]) -> Self {
        Self {
            method,
            path,
            range: None,
            body: None,
        }
    }
}

impl Client {
    /// Sends a request once. Where Heroku refuses the token and there is another one by now, a read
    /// is sent again with it, and of anything else it is told that it was not done.
    pub(super) async fn send(&self, question: &Question<'_>) -> Result<Response, Error> {
        let used = self.held.current().token;
        let error = match self.send_with(question, &used).await {
            Err(error @ Error::Api { status: 401, .. }) => error,
            answer => {
                self.held.is_taken(true);
                return answer;
            }
        };
        self.held.is_taken(false);
        if self.second_factor.is_some() || !self.held.renew(&used).await {
            return Err(error);
        }
        tracing::debug!("the token was refused, and there is another one");
        if question.method == Method::GET {
            let renewed = self.held.current().token;
            let again = self.send_with(question, &renewed).await;
            self.held
                .is_taken(!matches!(again, Err(Error::Api { status: 401, .. })));
            return again;
        }
        self.held.is_taken(true);
        Err(Error::Renewed {
            token_from: self.held.current().source.to_string(),
        })
    }

    async fn send_with(&self, question: &Question<'_>, token: &Secret) -> Result<Response, Error> {
        self.told.count_request();
        let url = self.host.url(question.path);
        let method = &question.method;
        let path = redact::known(url.path(), &self.held.tokens()).into_owned();
        tracing::debug!(%method, path, "request");
        let mut request = self
            .http
            .request(method.clone(), url)
            .header(AUTHORIZATION, self.bearer(token)?)
            .header("request-id", uuid::Uuid::new_v4().to_string());
        if let Some(code) = &self.second_factor {
            request = request.header(
                "heroku-two-factor-code",
                sensitive(code.expose(), || Error::Variable {
                    variable: "the second factor's code".to_owned(),
                    why: "it has characters that no code has".to_owned(),
                })?,
            );
        }
        if let Some(range) = question.range {
            request = request.header(RANGE, range);
        }
        if let Some(body) = question.body {
            request = request.json(body);
        }
        let response = request.send().await.map_err(|error| self.failure(&error))?;
        self.told.read(response.headers(), &self.clock);
        let status = response.status();
        tracing::debug!(
            status = status.as_u16(),
            id = reply::request_ids(response.headers(), &self.held.tokens()).join(","),
            "answer"
        );
        if status.is_success() {
            Ok(response)
        } else {
            Err(self.refusal(response).await)
        }
    }

    /// # Errors
    /// When the token cannot be a header.
    pub(super) fn bearer(&self, token: &Secret) -> Result<HeaderValue, Error> {
        let source = &self.held.current().source;
        sensitive(&format!("Bearer {}", token.expose()), || Error::Variable {
            variable: format!("the token from {source}"),
            why: "it has characters that no token has".to_owned(),
        })
    }

    /// Reads an answer; what looks like a token is taken out of it first.
    pub(super) async fn value<T: DeserializeOwned>(&self, response: Response) -> Result<T, Error> {
        let mut value: Value = self.secret_value(response).await?;
        redact::within(&mut value, &self.held.tokens());
        serde_json::from_value(value).map_err(|error| self.garbage(&error))
    }

    /// The same for the answers that are to have a token.
    pub(super) async fn secret_value<T: DeserializeOwned>(
        &self,
        response: Response,
    ) -> Result<T, Error> {
        let bytes = response
            .bytes()
            .await
            .map_err(|error| self.failure(&error))?;
        serde_json::from_slice(&bytes).map_err(|_| Error::Garbage {
            host: self.host.machine().to_owned(),
            // What the library has to say may quote a token.
            why: "it cannot be read".to_owned(),
        })
    }

    fn garbage(&self, error: &serde_json::Error) -> Error {
        Error::Garbage {
            host: self.host.machine().to_owned(),
            why: redact::all(&error.to_string(), &self.held.tokens()),
        }
    }

    /// An answer that is no success, with Heroku's own words where it has any.
    async fn refusal(&self, response: Response) -> Error {
        let (status, retry_after) = (response.status(), reply::retry_after(response.headers()));
        let request_ids = reply::request_ids(response.headers(), &self.held.tokens());
        let header = |name| reply::scopes(response.headers(), name);
        let (accepted, own) = (header("oauth-scope-accepted"), header("oauth-scope"));
        let body: Value = response.json().await.unwrap_or_default();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let (id, said) = (text(&body["id"]), text(&body["message"]));
        let reason = status.canonical_reason().unwrap_or("no reason given");
        let message = if said.is_empty() {
            format!(
                "{} answered {} {reason}",
                self.host.machine(),
                status.as_u16()
            )
        } else {
            said
        };
        let (held, mut tokens) = (self.held.current(), self.held.tokens());
        // A code of the second factor may be quoted too.
        tokens.extend(self.second_factor.clone());
        Error::Api {
            // A demand for a second factor comes as either (heroku-fetch).
            status: match status.as_u16() {
                412 if id == "two_factor" => 403,
                status => status,
            },
            id: redact::on_one_line(&redact::all(&id, &tokens)),
            message: redact::on_one_line(&redact::all(&message, &tokens)),
            retry_after,
            about: Box::new(About {
                accepted_scopes: accepted,
                scopes: own,
                token_from: held.source.to_string(),
                expired_at: held.expires_at.filter(|at| *at <= self.now()),
                mend: held.mend,
                request_ids,
            }),
        }
    }

    fn failure(&self, error: &reqwest::Error) -> Error {
        self.failure_of(error, self.host.machine())
    }

    /// The same for another host.
    pub(super) fn failure_of(&self, error: &reqwest::Error, host: &str) -> Error {
        let host = host.to_owned();
        // What cannot be read may be quoted, whatever it holds.
        let why = redact::all(&cause(error), &self.held.tokens());
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

fn sensitive(text: &str, wrong: impl FnOnce() -> Error) -> Result<HeaderValue, Error> {
    let mut value = HeaderValue::try_from(text).map_err(|_| wrong())?;
    value.set_sensitive(true);
    Ok(value)
}
