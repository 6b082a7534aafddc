//! The command line of `auth`, and of `doctor`, which looks at it.

use super::Common;
use crate::schedule::{
    AppName,
    limits::{self, Lifetime},
};
use clap::{Args, Subcommand, ValueEnum};

/// show which credential a pass uses, its scope and its expiry
///
/// Asks every source, and shows what each answered. Never prints a token.
#[derive(Debug, Clone, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Auth {
    #[command(subcommand)]
    pub command: Option<AuthCommand>,
    #[command(flatten)]
    pub common: Common,
}

#[derive(Debug, Clone, Subcommand)]
pub enum AuthCommand {
    Setup(AuthSetup),
    Rotate(AuthRotate),
    Remove(AuthRemove),
}

/// set up a credential that works unattended
///
/// Prompts at a terminal. In scripts: --create, --use-cli-login or --token-stdin.
#[derive(Debug, Clone, Default, Args)]
pub struct AuthSetup {
    /// create an authorization, using the Heroku CLI's login
    #[arg(long, conflicts_with_all = ["use_cli_login", "token_stdin"], help_heading = "which")]
    pub create: bool,
    /// use the Heroku CLI's login, which expires
    #[arg(long, conflicts_with = "token_stdin", help_heading = "which")]
    pub use_cli_login: bool,
    /// read a token from stdin
    #[arg(long, help_heading = "which")]
    pub token_stdin: bool,
    /// scope of the authorization [default: write]
    #[arg(long, value_enum, requires = "create", conflicts_with_all = ["use_cli_login", "token_stdin"])]
    pub scope: Option<Scope>,
    /// how long the authorization lives: 90d, or never [default: never]
    #[arg(long, value_name = "TIME", requires = "create", conflicts_with_all = ["use_cli_login", "token_stdin"], value_parser = limits::lifetime, allow_hyphen_values = true)]
    pub expires_in: Option<Lifetime>,
    /// where to keep the token [default: the keyring, or a file if there is none]
    #[arg(
        long,
        value_enum,
        value_name = "PLACE",
        conflicts_with = "use_cli_login"
    )]
    pub keep_in: Option<KeepIn>,
    /// account whose schedules the credential is for [default: the Heroku CLI's]
    #[arg(long, value_name = "EMAIL", value_parser = limits::account)]
    pub account: Option<String>,
    /// app to try it on [default: the apps of the schedules]
    #[arg(short, long, value_name = "APP")]
    pub app: Option<AppName>,
    #[command(flatten)]
    pub common: Common,
}

/// replace the token with a new one; the old one goes once the new one works
#[derive(Debug, Clone, Args)]
pub struct AuthRotate {
    /// read the new token from stdin, if the old one was also a token you supplied
    #[arg(long)]
    pub token_stdin: bool,
    /// where to keep the token [default: where it is now]
    #[arg(long, value_enum, value_name = "PLACE")]
    pub keep_in: Option<KeepIn>,
    /// account whose schedules the credential is for, if there are several
    #[arg(long, value_name = "EMAIL", value_parser = limits::account_or_anybody)]
    pub account: Option<String>,
    #[command(flatten)]
    pub common: Common,
}

/// revoke the authorization at Heroku, and delete the token here
#[derive(Debug, Clone, Args)]
pub struct AuthRemove {
    /// account whose schedules the credential is for, if there are several
    #[arg(long, value_name = "EMAIL", value_parser = limits::account_or_anybody)]
    pub account: Option<String>,
    /// the account again, to skip the prompt
    #[arg(long, value_name = "EMAIL", value_parser = limits::account_or_anybody)]
    pub confirm: Option<String>,
    #[command(flatten)]
    pub common: Common,
}

/// check everything that a pass relies on
///
/// Exits with 1 when something is broken. The output has no secrets or e-mail addresses, so it can
/// go into a bug report.
#[derive(Debug, Clone, Args)]
pub struct Doctor {
    /// show e-mail addresses
    #[arg(long)]
    pub show_accounts: bool,
    #[command(flatten)]
    pub common: Common,
}

/// The scopes with which dynos can be restarted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum Scope {
    #[default]
    Write,
    WriteProtected,
    Global,
}

impl Scope {
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Write => "write",
            Self::WriteProtected => "write-protected",
            Self::Global => "global",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum KeepIn {
    Keyring,
    File,
}
