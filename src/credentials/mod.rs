//! Where a token comes from. Owns the order of the sources and the rule for going on to the next.

mod cli_login;
mod error;
pub mod expiry;
mod keychain;
pub mod netrc;
pub mod own;
pub(crate) mod private;
pub mod records;
mod secret;

pub use cli_login::account as cli_account;
pub use error::Error;
pub use records::{Kind, Place, Record, Records};
pub use secret::{Secret, leave_no_core_dump};

use crate::{env::Env, heroku::Host};
use jiff::Timestamp;
use std::fmt;

/// A token, where it came from, and whose it is when that is known.
#[derive(Debug, Clone)]
pub struct Credential {
    pub token: Secret,
    pub source: Source,
    /// Whose schedules it is for.
    pub account: Option<String>,
    /// When it ends, where that is known.
    pub expires_at: Option<Timestamp>,
    /// What to do when Heroku refuses it.
    pub mend: String,
}

/// Named in messages in place of the token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    ApiKey,
    /// Given at this moment, and not kept yet.
    Given,
    /// Set up with `auth:setup`; where it is kept, also in words.
    Own(Place, String),
    Shim,
    Keychain,
    Netrc(String),
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ApiKey => f.write_str("HEROKU_API_KEY"),
            Self::Given => f.write_str("your input"),
            Self::Own(_, place) => write!(f, "auth:setup ({place})"),
            Self::Shim => f.write_str("the Heroku CLI's login"),
            Self::Keychain => write!(f, "the Heroku CLI's login in {}", keychain::NAME),
            Self::Netrc(file) => write!(f, "the Heroku CLI's login in {file}"),
        }
    }
}

impl Source {
    /// A word for scripts.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::ApiKey => "heroku_api_key",
            Self::Given | Self::Own(..) => "own",
            Self::Shim | Self::Keychain | Self::Netrc(_) => "cli_login",
        }
    }

    /// Whether it is there when nobody is: neither a login that ends, nor a variable of one shell.
    #[must_use]
    pub fn is_own(&self) -> bool {
        matches!(self, Self::Own(..))
    }
}

/// What a credential is wanted for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Use<'a> {
    /// What a person asks for at this moment: as `heroku whoami` would.
    Person,
    /// A restart that a person asks for now, of an app whose schedules are of this account.
    Now(Option<&'a str>),
    /// A pass over schedules of this account.
    Pass(Option<&'a str>),
}

/// A source, as it is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    ApiKey,
    Own,
    CliLogin,
}

impl Use<'_> {
    /// The sources, in the order in which they are asked.
    #[must_use]
    pub fn order(self) -> [Asked; 3] {
        match self {
            Self::Person => [Asked::ApiKey, Asked::CliLogin, Asked::Own],
            Self::Now(_) | Self::Pass(_) => [Asked::ApiKey, Asked::Own, Asked::CliLogin],
        }
    }

    /// Whose schedules our own credential is to be for.
    fn account(&self) -> Option<&str> {
        match self {
            Self::Person => None,
            Self::Now(account) | Self::Pass(account) => *account,
        }
    }

    /// Whose login will do: whoever asks for something now may be anybody.
    fn login(&self) -> Option<&str> {
        match self {
            Self::Person | Self::Now(_) => None,
            Self::Pass(account) => *account,
        }
    }
}

/// What one source says.
pub(crate) type Found = Result<Credential, Error>;

/// The token to act with: of the first source that has one.
///
/// # Errors
/// When no source has a token, or one that should have it cannot be read.
pub async fn resolve(env: &Env, host: &Host, wanted: Use<'_>) -> Found {
    let mut tried = vec![];
    let mut trouble = None;
    for asked in wanted.order() {
        match ask(env, host, wanted, asked).await {
            Err(Error::NotFound { tried: more }) => tried.extend(more),
            // Whose is asked is not known: none is.
            Err(Error::Ambiguous { .. }) if wanted == Use::Person => {}
            // A login that cannot be read now is no reason to turn a person away.
            Err(error) if wanted == Use::Person && trouble.is_none() => trouble = Some(error),
            Err(error) => return Err(trouble.unwrap_or(error)),
            found => return found,
        }
    }
    Err(trouble.unwrap_or(Error::NotFound { tried }))
}

/// What every source says, whether or not an earlier one has a token.
pub async fn chain(env: &Env, host: &Host, wanted: Use<'_>) -> Vec<(Asked, Found)> {
    // At once: a keychain that is stuck is waited for once.
    let order = wanted.order().into_iter();
    let said = order.map(async |asked| (asked, ask(env, host, wanted, asked).await));
    futures_util::future::join_all(said).await
}

/// What one source says.
pub(crate) async fn ask(env: &Env, host: &Host, wanted: Use<'_>, asked: Asked) -> Found {
    match asked {
        Asked::ApiKey => match env.secret("HEROKU_API_KEY") {
            Some(token) => Ok(Credential {
                token: token.trimmed(),
                source: Source::ApiKey,
                account: None,
                expires_at: None,
                mend: "set another one, or unset it".to_owned(),
            }),
            None => Err(Error::NotFound {
                tried: vec!["HEROKU_API_KEY, which is not set".to_owned()],
            }),
        },
        Asked::Own => own::find(env, host.machine(), wanted.account()).await,
        Asked::CliLogin => cli_login::find(env, host, wanted.login()).await,
    }
}

/// What to do when the token of a record, or of the Heroku CLI's login, is refused.
#[must_use]
pub fn mend(env: &Env, record: Option<&Record>) -> String {
    let account = record.and_then(|record| record.account.as_deref());
    let account = account.map_or(String::new(), |account| format!(" --account {account}"));
    match record.map(|record| record.kind) {
        Some(Kind::Authorization) => {
            format!(
                "{}{account} puts another one in its place",
                env.verb("auth:rotate")
            )
        }
        Some(Kind::Token) => format!(
            "{}{account} --token-stdin puts another one in its place",
            env.verb("auth:rotate")
        ),
        Some(Kind::CliLogin) | None => format!(
            "run heroku login; {} sets up one that needs no login",
            env.verb("auth:setup")
        ),
    }
}

/// What to do when the keychain cannot be opened here.
fn keep_in_file(env: &Env, record: &Record) -> String {
    let account = record.account.as_deref();
    let account = account.map_or(String::new(), |account| format!(" --account {account}"));
    format!(
        "{}{account} --keep-in file, run where you are logged in, moves it to where cron and timers can read it too",
        env.verb("auth:rotate")
    )
}
