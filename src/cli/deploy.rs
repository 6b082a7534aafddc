//! The command line of `deploy`.

use super::Common;
use crate::{notify, schedule::AppName};
use clap::{Args, Subcommand};
use std::path::PathBuf;

/// put a runner on Heroku: a small app of its own that makes passes day and night
///
/// From then on the schedules live in config vars of that app, and set, pause and the list act there.
/// Once more upgrades or repairs what is there. It tells what it costs, and asks, before it acts.
#[derive(Debug, Clone, Args)]
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
    /// team that the app is to belong to [default: your account]
    #[arg(short, long, value_name = "TEAM", help_heading = "where")]
    pub team: Option<String>,
    /// private space that the app is to be in
    #[arg(long, value_name = "SPACE", help_heading = "where")]
    pub space: Option<String>,
    /// region that the app is to be in: us, eu
    #[arg(long, value_name = "REGION", help_heading = "where")]
    pub region: Option<String>,
    /// run it on one Basic dyno [default, unless it runs in another way already]
    #[arg(long)]
    pub basic: bool,
    /// run it on an Eco dyno, from the account's pool of hours
    #[arg(long, conflicts_with = "basic")]
    pub eco: bool,
    /// run it from Heroku Scheduler, without a dyno of its own
    #[arg(long, conflicts_with_all = ["basic", "eco"])]
    pub scheduler: bool,
    /// have the runner tell the URL of this name, every ten minutes, that it fares well
    #[arg(long, value_name = "NAME", value_parser = notify::name)]
    pub ping: Option<String>,
    /// binary for Linux on x86-64 that is to run there [default: this one, or the one that came with it]
    #[arg(long, value_name = "PATH")]
    pub binary: Option<PathBuf>,
    /// answer the question
    #[arg(short, long)]
    pub yes: bool,
    #[command(flatten)]
    pub common: Common,
}

#[derive(Debug, Clone, Subcommand)]
pub enum DeployCommand {
    Remove(DeployRemove),
}

/// take the runner away: its app, its authorization; the schedules come back
#[derive(Debug, Clone, Args)]
pub struct DeployRemove {
    /// answer the question: the name of the runner's app
    #[arg(long, value_name = "NAME")]
    pub confirm: Option<AppName>,
    #[command(flatten)]
    pub common: Common,
}
