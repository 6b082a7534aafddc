//! What can go wrong with a request, worded once; Heroku's own message is passed through.

use std::time::Duration;

/// Whether a request may have been applied although no good answer came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// The connection was never made.
    NotSent,
    /// Refused for the moment: may be sent again after this long.
    Later(Duration),
    /// Refused for good.
    Refused,
    /// Something answered, or the connection broke: it may have been applied, and may show late.
    Broken,
    /// No answer in time: it may be applied even later.
    Silent,
}

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("{message}")]
    Api {
        status: u16,
        /// Heroku's word for the error, such as `forbidden`.
        id: String,
        /// Heroku's message.
        message: String,
        retry_after: Option<Duration>,
        /// Where the token came from, never the token.
        token_from: String,
    },
    #[error("cannot reach {host}: {why}")]
    Unreachable { host: String, why: String },
    #[error("{host} did not answer within {limit:?}")]
    TimedOut { host: String, limit: Duration },
    #[error("the connection to {host} broke: {why}")]
    Broken { host: String, why: String },
    #[error("{host} answered with something else than the expected JSON: {why}")]
    Garbage { host: String, why: String },
    #[error("HEROKU_HOST '{host}': {why}")]
    Host { host: String, why: String },
    #[error("{variable}: {why}")]
    Variable { variable: String, why: String },
}

impl Error {
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Api { status: 401, .. } => "unauthorized",
            Self::Api { status: 402, .. } => "delinquent",
            Self::Api {
                status: 403, id, ..
            } if id == "suspended" => "suspended",
            Self::Api {
                status: 403 | 412,
                id,
                ..
            } if id == "two_factor" => "two_factor",
            Self::Api { status: 403, .. } => "forbidden",
            Self::Api { status: 404, .. } => "not_found",
            Self::Api { status: 422, .. } => "invalid_params",
            Self::Api { status: 429, .. } => "rate_limit",
            Self::Api { .. } => "api",
            Self::Unreachable { .. } => "unreachable",
            Self::TimedOut { .. } => "timed_out",
            Self::Broken { .. } => "connection_broken",
            Self::Garbage { .. } => "garbage",
            Self::Host { .. } | Self::Variable { .. } => "environment",
        }
    }

    /// Heroku's own id of the error.
    #[must_use]
    pub fn id(&self) -> Option<&str> {
        match self {
            Self::Api { id, .. } => Some(id.as_str()).filter(|id| !id.is_empty()),
            _ => None,
        }
    }

    #[must_use]
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Api {
                status, token_from, ..
            } => match (self.code(), status) {
                ("unauthorized", _) if token_from == "HEROKU_API_KEY" => {
                    "the token in HEROKU_API_KEY is wrong, expired or revoked: set another one, or unset it and run heroku login"
                }
                ("unauthorized", _) => {
                    return Some(format!(
                        "the token from {token_from} is wrong, expired or revoked: run heroku login, or set HEROKU_API_KEY"
                    ));
                }
                ("forbidden", _) => {
                    return Some(format!(
                        "the account of the token from {token_from} may not do this: it needs access to the app and the scope write"
                    ));
                }
                ("delinquent", _) => {
                    "the account has an unpaid bill: see the billing page of the Heroku dashboard"
                }
                ("suspended", _) => "the account is suspended: ask Heroku support",
                ("two_factor", _) => {
                    "the app demands a second factor, which a restart without a person cannot give"
                }
                ("not_found", _) => "look at the names with heroku apps and heroku ps",
                ("rate_limit", _) => {
                    "the account's 4,500 requests an hour are used up; they refill at 75 a minute"
                }
                (_, 500..) => "Heroku had a problem: see status.heroku.com, then run again",
                _ => "HEROKU_DEBUG=1 shows the requests and their answers",
            },
            Self::Unreachable { .. } | Self::TimedOut { .. } | Self::Broken { .. } => {
                "check the network and the proxy variables, then run again"
            }
            Self::Garbage { .. } => {
                "a proxy or a captive portal may have answered in Heroku's place"
            }
            Self::Host { .. } => "unset HEROKU_HOST, or give a Heroku domain or a URL on localhost",
            Self::Variable { .. } => "mend the variable, or unset it",
        };
        Some(hint.to_owned())
    }

    /// What the failure says about a request that is not safe to repeat. Only a connection that was
    /// never made proves that it was not sent.
    #[must_use]
    pub fn fate(&self) -> Fate {
        match self {
            Self::Api {
                status: 429,
                retry_after,
                ..
            } => Fate::Later(retry_after.unwrap_or(Duration::from_secs(30))),
            // Not found or in conflict: the next list tells what that means.
            Self::Api {
                status: 404 | 408 | 409 | 500..,
                ..
            }
            | Self::Broken { .. }
            | Self::Garbage { .. } => Fate::Broken,
            Self::Api { .. } | Self::Host { .. } | Self::Variable { .. } => Fate::Refused,
            Self::Unreachable { .. } => Fate::NotSent,
            Self::TimedOut { .. } => Fate::Silent,
        }
    }

    /// Whether reading again a little later may succeed.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        let is_refusal = matches!(
            self,
            Self::Api {
                status: 400..500,
                ..
            }
        ) && !matches!(self, Self::Api { status: 408, .. })
            && !matches!(self.fate(), Fate::Later(_));
        self.fate() != Fate::Refused && !is_refusal
    }
}
