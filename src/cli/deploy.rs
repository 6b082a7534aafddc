//! The command line of `deploy`.

use super::Common;
use crate::{notify, schedule::AppName};
use clap::{Args, Subcommand};
use std::path::PathBuf;

/// put a runner on Heroku: a small app of its own that makes passes day and night
///
/// From then on, schedules live in config vars of that app, and set, pause and the list act there.
/// Run it again to upgrade or repair what is there. It says what it costs and asks before it acts.
#[derive(Debug, Clone, Default, Args)]
#[command(args_conflicts_with_subcommands = true)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a flag of the command line"
)]
pub struct Deploy {
    #[command(subcommand)]
    pub command: Option<DeployCommand>,
    /// name of the runner's app [default: a new one]
    #[arg(long, value_name = "NAME")]
    pub runner_app: Option<AppName>,
    /// team to own the app [default: your account]
    #[arg(short, long, value_name = "TEAM", help_heading = "where")]
    pub team: Option<String>,
    /// private space for the app
    #[arg(long, value_name = "SPACE", help_heading = "where")]
    pub space: Option<String>,
    /// region for the app: us, eu
    #[arg(long, value_name = "REGION", help_heading = "where")]
    pub region: Option<String>,
    /// run it on one Basic dyno [default, unless it already runs another way]
    #[arg(long)]
    pub basic: bool,
    /// run it on an Eco dyno, from the account's pool of hours
    #[arg(long, conflicts_with = "basic")]
    pub eco: bool,
    /// run it from Heroku Scheduler, without a dyno of its own
    #[arg(long, conflicts_with_all = ["basic", "eco"])]
    pub scheduler: bool,
    /// have the runner ping the URL of this name every ten minutes while it is healthy
    #[arg(long, value_name = "NAME", value_parser = notify::name)]
    pub ping: Option<String>,
    /// Linux x86-64 binary to run there [default: this one, or the one that came with it]
    #[arg(long, value_name = "PATH")]
    pub binary: Option<PathBuf>,
    /// answer yes to the prompt
    #[arg(short, long)]
    pub yes: bool,
    #[command(flatten)]
    pub common: Common,
}

#[derive(Debug, Clone, Subcommand)]
pub enum DeployCommand {
    Remove(DeployRemove),
}

/// remove the runner: its app and its authorization; the schedules come back
#[derive(Debug, Clone, Args)]
pub struct DeployRemove {
    /// name of the runner's app, to skip the prompt
    #[arg(long, value_name = "NAME")]
    pub confirm: Option<AppName>,
    #[command(flatten)]
    pub common: Common,
}
