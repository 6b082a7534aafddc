//! The command line of `install` and `uninstall`.

use super::Common;
use clap::{Args, ValueEnum};

/// put a runner on this machine: a timer that makes a pass every 5 minutes
///
/// A systemd user timer, a launchd agent or a crontab line, whichever this machine has. Shows it,
/// and tries it as if nobody were logged in, before writing it.
#[derive(Debug, Clone, Default, Args)]
pub struct Install {
    /// timer to use [default: the first that this machine has]
    #[arg(long, value_enum, value_name = "KIND")]
    pub on: Option<Timer>,
    /// print it instead of writing it; or print one for another platform
    #[arg(long, value_enum, value_name = "KIND", num_args = 0..=1, default_missing_value = "here", conflicts_with = "on")]
    pub print: Option<Printed>,
    /// answer yes to the prompts
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

/// remove the runner from this machine
#[derive(Debug, Clone, Args)]
pub struct Uninstall {
    /// answer yes to the prompt
    #[arg(short, long)]
    pub yes: bool,
    #[command(flatten)]
    pub common: Common,
}
