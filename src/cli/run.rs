//! The command line of `run`.

use super::{Common, HowFlags, TargetFlags};
use crate::{
    notify,
    schedule::{AppName, Span, limits},
};
use clap::Args;
use std::path::PathBuf;

/// restart what is due, wait until it is proven up, exit
///
/// Exit codes: 0 done or nothing due, 1 failed, 2 wrong usage, 3 some restarts failed or were not
/// reached, a roll is held, or an occurrence was missed, 130 interrupted.
#[derive(Debug, Clone, Args)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a flag that a user may type"
)]
pub struct Run {
    /// only the schedules of this app; with --now, the app to restart
    #[arg(short, long, value_name = "APP")]
    pub app: Option<AppName>,
    /// restart the target once, now, as a roll, each dyno proven up
    #[arg(long, conflicts_with = "watch")]
    pub now: bool,
    #[command(flatten)]
    pub target: TargetFlags,
    /// with --now, leave alone dynos younger than this
    #[arg(
        long,
        value_name = "TIME",
        requires = "now",
        allow_hyphen_values = true
    )]
    pub older_than: Option<Span>,
    /// with --now, restart even outside the windows and in the blackouts of schedules
    #[arg(long, requires = "now")]
    pub ignore_windows: bool,
    /// with --now, restart whatever the --busy-url of schedules answers
    #[arg(long, requires = "now")]
    pub ignore_busy: bool,
    /// with --now, restart even during a Heroku incident that affects apps
    #[arg(long, requires = "now")]
    pub ignore_incident: bool,
    #[command(flatten)]
    pub how: HowFlags,
    /// keep running, and make a pass whenever something is due
    #[arg(long)]
    pub watch: bool,
    /// show what a pass would do, and do nothing
    #[arg(long, conflicts_with = "watch")]
    pub dry_run: bool,
    /// read schedules and credential and ask Heroku for each app, as a pass would; restart nothing
    #[arg(long, conflicts_with_all = ["watch", "now", "dry_run"])]
    pub check: bool,
    /// print nothing if nothing is due
    #[arg(short, long, conflicts_with_all = ["watch", "now"])]
    pub quiet: bool,
    /// append the output to this file, as log lines; it is rotated at 1 MB
    #[arg(long, value_name = "PATH", conflicts_with_all = ["now", "check", "dry_run", "json"])]
    pub log: Option<PathBuf>,
    /// exit instead of waiting for a reason that will clear on its own
    #[arg(long)]
    pub no_wait: bool,
    /// how many apps to roll side by side [default: 100]
    #[arg(long, value_name = "N", value_parser = limits::count, conflicts_with_all = ["now", "check"], allow_hyphen_values = true)]
    pub concurrency: Option<u16>,
    /// ping the URL of this name every ten minutes while the runner is healthy
    #[arg(long, value_name = "NAME", value_parser = notify::name, conflicts_with_all = ["now", "check", "dry_run"])]
    pub ping: Option<String>,
    /// answer yes to the prompt of --now
    #[arg(short, long, requires = "now")]
    pub yes: bool,
    #[command(flatten)]
    pub common: Common,
}
