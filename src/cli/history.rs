//! The command line of `history`.

use super::Common;
use crate::schedule::{AppName, limits};
use clap::{Args, ValueEnum};

/// show what happened, from this machine's ledger and the log of a runner on Heroku
#[derive(Debug, Clone, Args)]
pub struct History {
    /// only this app
    #[arg(short, long, value_name = "APP")]
    pub app: Option<AppName>,
    /// lines to show, newest last [default: 20; with --from, all of them]
    #[arg(long, value_name = "N", value_parser = limits::count, allow_hyphen_values = true)]
    pub last: Option<u16>,
    /// show what happened from this instant on: 2026-12-01, 2026-12-01T09:00; or this long ago: 24h
    #[arg(long, value_name = "INSTANT", allow_hyphen_values = true)]
    pub from: Option<String>,
    /// show what happened up to this instant
    #[arg(long, value_name = "INSTANT", allow_hyphen_values = true)]
    pub to: Option<String>,
    /// only these outcomes: failed,missed
    #[arg(
        long,
        value_name = "OUTCOMES",
        value_delimiter = ',',
        ignore_case = true
    )]
    pub outcome: Vec<CameTo>,
    /// only what the runner on Heroku did, from its log
    #[arg(long)]
    pub runner: bool,
    #[command(flatten)]
    pub common: Common,
}

/// What came of a dyno that was due, or of an occurrence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum CameTo {
    Restarted,
    #[value(alias = "already_restarted")]
    AlreadyRestarted,
    Gone,
    Unverified,
    Failed,
    #[value(alias = "not_reached")]
    NotReached,
    Missed,
    Skipped,
}
