//! `set`: what a schedule is for, when, only when, and how.

use super::{AppFlags, Common, HowFlags, TargetFlags};
use crate::schedule::{
    AppName, AppUrl, Blackout, Cron, Days, Identity, NotifyName, Pattern, ScheduleName, Span,
    Stage, Threshold, Times, Window, Zone, limits,
};
use clap::Args;

/// Several apps in place of one: whichever they are when a pass looks
#[derive(Debug, Clone, Default, Args)]
pub struct FleetFlags {
    /// these apps, each rolled on its own
    #[arg(
        long,
        help_heading = "several apps",
        value_name = "APPS",
        value_delimiter = ','
    )]
    pub apps: Vec<AppName>,
    /// the apps of this Heroku team
    #[arg(
        long,
        help_heading = "several apps",
        value_name = "TEAM",
        allow_hyphen_values = true
    )]
    pub team: Option<Identity>,
    /// the apps of this pipeline, without its review apps
    #[arg(
        long,
        help_heading = "several apps",
        value_name = "PIPELINE",
        allow_hyphen_values = true
    )]
    pub pipeline: Option<Identity>,
    /// with --pipeline, only the apps in this stage: production, staging, development, test, review
    #[arg(
        long,
        help_heading = "several apps",
        value_name = "STAGE",
        allow_hyphen_values = true
    )]
    pub stage: Option<Stage>,
    /// apps whose names match: 'shop-*'; with --team or --pipeline, only among those
    #[arg(
        long,
        help_heading = "several apps",
        value_name = "PATTERN",
        allow_hyphen_values = true
    )]
    pub apps_matching: Option<Pattern>,
}

/// What the memory of a dyno has to do with its restart
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "memory")]
pub struct MemoryFlags {
    /// restart a dyno whose memory stays at or over this: 90% of its quota, 450MB, 1.2GB, auto
    #[arg(long, value_name = "SIZE|N%|auto", allow_hyphen_values = true)]
    pub memory: Option<Threshold>,
    /// restart a dyno that repeatedly exceeds its quota (R14); needs no log-runtime-metrics
    #[arg(long)]
    pub on_r14: bool,
    /// at an occurrence, restart only dynos forecast to reach the threshold before the next one
    #[arg(long)]
    pub if_needed: bool,
    /// restart a dyno this long before it is forecast to reach its quota, or in the last window
    /// before that
    #[arg(long, value_name = "TIME", value_parser = limits::before_limit, allow_hyphen_values = true)]
    pub before_limit: Option<Span>,
    /// maximum restarts of one dyno for its memory in 24 hours [default: 4]
    #[arg(long, value_name = "N", value_parser = limits::max_per_day, allow_hyphen_values = true)]
    pub max_per_day: Option<u32>,
    /// turn on log-runtime-metrics for the app without asking: it restarts nothing
    #[arg(long)]
    pub enable_metrics: bool,
}

/// create or replace a schedule
///
/// Dynos restart at the times of --at or --cron, when they have been up for --max-uptime, or when
/// their --memory calls for it, one at a time, each proven up before the next. --window and
/// --except limit all of these.
#[derive(Debug, Clone, Args)]
pub struct Set {
    #[command(flatten)]
    pub app: AppFlags,
    #[command(flatten)]
    pub fleet: FleetFlags,
    #[command(flatten)]
    pub target: TargetFlags,
    /// name of the schedule, to tell apart several for one app [default: default]
    #[arg(long, value_name = "NAME", allow_hyphen_values = true)]
    pub name: Option<ScheduleName>,
    /// times of day: 07,14 or 07:30 or 7pm
    #[arg(
        long,
        value_name = "TIMES",
        help_heading = "when",
        allow_hyphen_values = true
    )]
    pub at: Option<Times>,
    /// days of the week for --at: mon-fri, weekends [default: daily]
    #[arg(
        long,
        value_name = "DAYS",
        help_heading = "when",
        allow_hyphen_values = true
    )]
    pub days: Option<Days>,
    /// cron expression instead of --at: '0 7,14 * * mon-fri', @daily; also L, W and #
    #[arg(
        long,
        value_name = "CRON",
        help_heading = "when",
        allow_hyphen_values = true
    )]
    pub cron: Option<Cron>,
    /// IANA time zone for times and dates: Europe/Paris [default: this machine's]
    #[arg(
        long,
        value_name = "ZONE",
        help_heading = "when",
        allow_hyphen_values = true
    )]
    pub timezone: Option<Zone>,
    /// restart a dyno that has been up for this long: 6h
    #[arg(long, visible_alias = "every", value_name = "TIME", help_heading = "when", value_parser = limits::max_uptime, allow_hyphen_values = true)]
    pub max_uptime: Option<Span>,
    /// restart up to this much later, each schedule and app at its own instant
    #[arg(long, value_name = "TIME", help_heading = "when", value_parser = limits::jitter, allow_hyphen_values = true)]
    pub jitter: Option<Span>,
    /// restart dynos before Heroku's own daily cycle can, 24 hours after their start: once more if
    /// --at is once a day, and despite --min-uptime where a skip would be too late
    #[arg(long, help_heading = "when")]
    pub own_daily_cycle: bool,
    /// how late an occurrence may still be acted on [default: 1h]
    #[arg(long, value_name = "TIME", help_heading = "when", value_parser = limits::catch_up, allow_hyphen_values = true)]
    pub catch_up: Option<Span>,
    /// hours in which restarts are allowed: 22:00-06:00, or 'sat 22:00-06:00'; may be repeated
    #[arg(
        long,
        value_name = "WINDOW",
        help_heading = "only when",
        allow_hyphen_values = true
    )]
    pub window: Vec<Window>,
    /// dates without restarts: 2026-12-24..2026-12-26,2027-01-01; may be repeated
    #[arg(
        long,
        value_name = "DATES",
        help_heading = "only when",
        value_delimiter = ',',
        allow_hyphen_values = true
    )]
    pub except: Vec<Blackout>,
    /// leave alone a dyno that was younger than this at the occurrence
    #[arg(
        long,
        value_name = "TIME",
        help_heading = "only when",
        allow_hyphen_values = true
    )]
    pub min_uptime: Option<Span>,
    /// app URL that answers 503 (or 409, 423, 429) while the app is too busy for a restart
    #[arg(
        long,
        value_name = "URL",
        help_heading = "only when",
        allow_hyphen_values = true
    )]
    pub busy_url: Option<AppUrl>,
    /// how long --busy-url may put off a restart [default: 30m, or half of --catch-up if less]
    #[arg(long, value_name = "TIME", help_heading = "only when", value_parser = limits::busy_max, allow_hyphen_values = true)]
    pub busy_max: Option<Span>,
    /// restart even during a Heroku incident that affects apps
    #[arg(long, help_heading = "only when")]
    pub ignore_incident: bool,
    #[command(flatten)]
    pub common: Common,
    #[command(flatten)]
    pub memory: MemoryFlags,
    #[command(flatten, next_help_heading = "how")]
    pub how: HowFlags,
    /// report trouble, and when it is over, to the URL of this name; may be repeated
    #[arg(long, value_name = "NAME", help_heading = "how", value_delimiter = ',')]
    pub notify: Vec<NotifyName>,
}
