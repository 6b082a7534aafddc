//! The command line of `notify`.

use super::Common;
use crate::notify::{self, Format};
use clap::{Args, Subcommand};

/// list where notifications can go: names, never URLs
#[derive(Debug, Clone, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Notify {
    #[command(subcommand)]
    pub command: Option<NotifyCommand>,
    #[command(flatten)]
    pub common: Common,
}

#[derive(Debug, Clone, Subcommand)]
pub enum NotifyCommand {
    Add(NotifyAdd),
    Remove(NotifyRemove),
}

/// keep a URL under a name, in a file that only you can read
///
/// set --notify NAME reports trouble to it: failed restarts, held rolls, missed occurrences,
/// restarts that do not help, an expiring credential. Each is reported once, and again when over.
/// run --ping NAME and deploy --ping NAME ping it every ten minutes while a runner is alive and
/// healthy: a dead man's switch treats silence as the alarm.
#[derive(Debug, Clone, Args)]
pub struct NotifyAdd {
    /// name for the URL
    #[arg(value_name = "NAME", required = true, value_parser = notify::name)]
    pub name: String,
    /// read the URL from stdin
    #[arg(long)]
    pub url_stdin: bool,
    /// what the receiver expects: a JSON document, or Slack's {"text": ...} [default: by its host]
    #[arg(long, value_name = "FORMAT")]
    pub format: Option<Format>,
    /// report every restart to it, not only trouble
    #[arg(long)]
    pub restarts: bool,
    #[command(flatten)]
    pub common: Common,
}

/// forget the URL kept under a name
#[derive(Debug, Clone, Args)]
pub struct NotifyRemove {
    /// name of the URL
    #[arg(value_name = "NAME", required = true, value_parser = notify::name)]
    pub name: String,
    #[command(flatten)]
    pub common: Common,
}
