//! Where a token comes from. Owns the order of the sources and the rule for going on to the next.

mod cli_login;
mod keychain;
pub mod netrc;
mod secret;

pub use secret::Secret;

use crate::{env::Env, heroku::Host};
use std::fmt;

/// A token, where it came from, and whose it is when that is known.
#[derive(Debug, Clone)]
pub struct Credential {
    pub token: Secret,
    pub source: Source,
    pub account: Option<String>,
}

/// Named in messages in place of the token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    ApiKey,
    Shim,
    Keychain,
    Netrc(String),
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ApiKey => f.write_str("HEROKU_API_KEY"),
            Self::Shim => f.write_str("the Heroku CLI's login"),
            Self::Keychain => f.write_str("the Heroku CLI's login in the system keychain"),
            Self::Netrc(file) => write!(f, "the Heroku CLI's login in {file}"),
        }
    }
}

/// The fallback rule: a source that has nothing is passed over, any other failure stops the search.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("not logged in to Heroku")]
    NotFound { tried: Vec<String> },
    #[error("{place}: {why}")]
    Unreadable { place: String, why: String },
}

impl Error {
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotFound { .. } => "not_logged_in",
            Self::Unreadable { .. } => "credential_unreadable",
        }
    }

    #[must_use]
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::NotFound { tried } => format!(
                "run heroku login, or set HEROKU_API_KEY (looked at {})",
                tried.join(", ")
            ),
            Self::Unreadable { .. } => "mend it, or set HEROKU_API_KEY".to_owned(),
        })
    }
}

/// What one source says.
pub(crate) type Found = Result<Credential, Error>;

/// The token to act with: `HEROKU_API_KEY`, since the user said so; else what the shim handed over;
/// else the Heroku CLI's own login, wherever it keeps it.
///
/// # Errors
/// When no source has a token, or one that should have it cannot be read.
pub async fn resolve(env: &Env, host: &Host) -> Found {
    if let Some(token) = env.secret("HEROKU_API_KEY") {
        return Ok(Credential {
            token: token.trimmed(),
            source: Source::ApiKey,
            account: None,
        });
    }
    if let Some(token) = env.secret("AUTORESTART_CLI_TOKEN") {
        let account = env.text("AUTORESTART_CLI_ACCOUNT").map(ToOwned::to_owned);
        return Ok(Credential {
            token: token.trimmed(),
            source: Source::Shim,
            account,
        });
    }
    let mut tried = vec!["HEROKU_API_KEY".to_owned()];
    match cli_login::find(env, host).await {
        Err(Error::NotFound { tried: more }) => {
            tried.extend(more);
            Err(Error::NotFound { tried })
        }
        found => found,
    }
}
