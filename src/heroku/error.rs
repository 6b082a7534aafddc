//! What can go wrong with a request, worded once; Heroku's own message is passed through.

use jiff::Timestamp;
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

/// What else is known of a refusal.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct About {
    /// `Oauth-Scope-Accepted`: the scopes one of which the request needs.
    pub accepted_scopes: Option<String>,
    /// `Oauth-Scope`: those of the token.
    pub scopes: Option<String>,
    /// Where the token came from, never the token.
    pub token_from: String,
    /// When the token ended, if it is known that it has.
    pub expired_at: Option<Timestamp>,
    /// What to do when the token is wrong.
    pub mend: String,
    /// What Heroku calls the request: its support asks for that.
    pub request_ids: Vec<String>,
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
        about: Box<About>,
    },
    #[error("the token from {token_from} was rotated meanwhile")]
    Renewed { token_from: String },
    #[error("cannot reach {host}: {why}")]
    Unreachable { host: String, why: String },
    #[error("{host} did not answer within {limit:?}")]
    TimedOut { host: String, limit: Duration },
    #[error("the connection to {host} broke: {why}")]
    Broken { host: String, why: String },
    #[error("{host} shows no log: it answered {status}")]
    NoLog { host: String, status: String },
    #[error("{host} answered with something else than the expected JSON: {why}")]
    Garbage { host: String, why: String },
    #[error("HEROKU_HOST '{host}': {why}")]
    Host { host: String, why: String },
    #[error("{variable}: {why}")]
    Variable { variable: String, why: String },
}

impl About {
    fn unauthorized(&self) -> String {
        let (from, mend) = (&self.token_from, &self.mend);
        match self.expired_at {
            Some(at) => format!("the token from {from} has expired ({at:.0}): {mend}"),
            None => format!("the token from {from} is wrong, expired or revoked: {mend}"),
        }
    }

    fn forbidden(&self) -> String {
        let from = &self.token_from;
        let lacks = |(accepted, own): (&String, &String)| {
            let accepted: Vec<&str> = accepted.split([' ', ',']).collect();
            !own.split([' ', ',']).any(|scope| accepted.contains(&scope))
        };
        match (&self.accepted_scopes, &self.scopes) {
            (Some(accepted), Some(own)) if lacks((accepted, own)) => format!(
                "the token from {from} has the scope {own}, and this needs one of {accepted}: {}",
                self.mend
            ),
            _ => format!("the account of the token from {from} has no access to this"),
        }
    }
}

impl Error {
    /// What Heroku calls the request that it did not take.
    #[must_use]
    pub fn request_ids(&self) -> &[String] {
        match self {
            Self::Api { about, .. } => &about.request_ids,
            _ => &[],
        }
    }

    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Api { status: 401, .. } => "unauthorized",
            Self::Api { status: 402, .. } => "delinquent",
            Self::Api {
                status: 403, id, ..
            } if id == "suspended" => "suspended",
            Self::Api {
                status: 403, id, ..
            } if id == "two_factor" => "two_factor",
            Self::Api { status: 403, .. } => "forbidden",
            Self::Api { status: 404, .. } => "not_found",
            Self::Api { status: 422, .. } => "invalid_params",
            Self::Api { status: 429, .. } => "rate_limit",
            Self::Api { .. } => "api",
            Self::Renewed { .. } => "token_rotated",
            Self::Unreachable { .. } => "unreachable",
            Self::TimedOut { .. } => "timed_out",
            Self::Broken { .. } => "connection_broken",
            Self::NoLog { .. } => "log_refused",
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
            Self::Api { status, about, .. } => match (self.code(), status) {
                ("unauthorized", _) if self.id() == Some("device_trust_required") => {
                    "Heroku wants to know this device first: run heroku login here, then try again"
                }
                ("unauthorized", _) => return Some(about.unauthorized()),
                ("forbidden", _) => return Some(about.forbidden()),
                ("invalid_params", _) if self.id() == Some("verification_needed") => {
                    "give the account a payment method on the billing page of the Heroku dashboard"
                }
                ("delinquent", _) => {
                    "the account has an unpaid bill: see the billing page of the Heroku dashboard"
                }
                ("suspended", _) => "the account is suspended: ask Heroku support",
                ("two_factor", _) => {
                    "Heroku demands a second factor here, which a pass without a person cannot give: restart by hand with heroku ps:restart, or have the demand taken off the app"
                }
                ("not_found", _) => "look at the names with heroku apps and heroku ps",
                ("rate_limit", _) => {
                    "the account's 4,500 requests an hour are used up; they refill at 75 a minute"
                }
                (_, 500..) => "Heroku had a problem: see status.heroku.com, then run again",
                (_, 409) => "something else was being done to it: run again in a moment",
                (_, 406 | 410) => {
                    "Heroku's API may have moved on: heroku update brings the newest version of this plugin"
                }
                _ => "HEROKU_DEBUG=1 shows the requests and their answers",
            },
            Self::Unreachable { .. } | Self::TimedOut { .. } | Self::Broken { .. } => {
                "check the network and the proxy variables, then run again"
            }
            Self::NoLog { .. } => "try again in a minute; heroku logs shows whether it has passed",
            Self::Garbage { .. } => {
                "a proxy or a captive portal may have answered in Heroku's place"
            }
            Self::Renewed { .. } => "run it again: the new token is used then",
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
            | Self::NoLog { .. }
            | Self::Garbage { .. } => Fate::Broken,
            Self::Api { .. } | Self::Host { .. } | Self::Variable { .. } => Fate::Refused,
            // A token is judged before anything is done, and this one is known to be no longer ours.
            Self::Unreachable { .. } | Self::Renewed { .. } => Fate::NotSent,
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
