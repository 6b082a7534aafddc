//! The command line of `install` and `uninstall`.

use super::Common;
use clap::{Args, ValueEnum};

/// put a runner on this machine: a timer that makes a pass every 5 minutes
///
/// A systemd user timer, a launchd agent or a line of cron, whichever this machine has. It is shown, and
/// tried as if nobody were logged in, before it is written.
#[derive(Debug, Clone, Args)]
pub struct Install {
    /// which timer [default: the first that this machine has]
    #[arg(long, value_enum, value_name = "KIND")]
    pub on: Option<Timer>,
    /// write nothing, print it; or print one for another place
    #[arg(long, value_enum, value_name = "KIND", num_args = 0..=1, default_missing_value = "here", conflicts_with = "on")]
    pub print: Option<Printed>,
    /// answer the questions
    #[arg(short, long)]
    pub yes: bool,
    #[command(flatten)]
    pub common: Common,
}

/// Timers that can be installed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Timer {
    Systemd,
    Launchd,
    Cron,
}

/// What can be printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Printed {
    #[value(hide = true)]
    Here,
    Systemd,
    Launchd,
    Cron,
    GithubActions,
    Kubernetes,
    WindowsTask,
}

/// take the runner off this machine
#[derive(Debug, Clone, Args)]
pub struct Uninstall {
    /// answer the question
    #[arg(short, long)]
    pub yes: bool,
    #[command(flatten)]
    pub common: Common,
}
