//! The command line of `notify`.

use super::Common;
use crate::notify::{self, Format};
use clap::{Args, Subcommand};

/// list where can be told what happens: names, never URLs
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
/// set --notify NAME tells it what goes wrong: failed restarts, rolls that are held, missed occurrences,
/// restarts that do not help, a credential that ends. The same is told once, and when it is over.
/// run --ping NAME and deploy --ping NAME tell it every ten minutes that a runner lives and fares well:
/// a dead man's switch takes the silence for the alarm.
#[derive(Debug, Clone, Args)]
pub struct NotifyAdd {
    /// what it is called from now on
    #[arg(value_name = "NAME", required = true, value_parser = notify::name)]
    pub name: String,
    /// read the URL from stdin
    #[arg(long)]
    pub url_stdin: bool,
    /// what it understands: a JSON document, or {"text": ...} as Slack has it [default: by its host]
    #[arg(long, value_name = "FORMAT")]
    pub format: Option<Format>,
    /// tell it of every restart, and not only of trouble
    #[arg(long)]
    pub restarts: bool,
    #[command(flatten)]
    pub common: Common,
}

/// forget the URL of a name
#[derive(Debug, Clone, Args)]
pub struct NotifyRemove {
    /// what it is called
    #[arg(value_name = "NAME", required = true, value_parser = notify::name)]
    pub name: String,
    #[command(flatten)]
    pub common: Common,
}
