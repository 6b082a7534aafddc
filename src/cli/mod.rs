//! The command line: clap structs and help text, nothing else. `autorestart commands --json` prints
//! it, and the Heroku CLI plugin is built from that output, so there is one definition of it.

mod apply;
mod auth;
mod deploy;
mod history;
mod install;
mod notify;
mod plugin;
mod run;
mod set;
mod simulate;

pub use apply::{Apply, Export};
pub use auth::{Auth, AuthCommand, AuthRemove, AuthRotate, AuthSetup, Doctor, KeepIn, Scope};
pub use deploy::{Deploy, DeployCommand, DeployRemove};
pub use history::{CameTo, History};
pub use install::{Install, Printed, Timer, Uninstall};
pub use notify::{Notify, NotifyAdd, NotifyCommand, NotifyRemove};
pub use plugin::{AppPolicy, PLUGIN};
pub use run::Run;
pub use set::{FleetFlags, MemoryFlags, Set};
pub use simulate::Simulate;

use crate::schedule::{
    AppName, AppUrl, MaxUnavailable, ScheduleName, Span, dyno_name, limits, process_type,
};
use clap::{Args, Parser, Subcommand};
use std::path::PathBuf;

/// Restarts Heroku dynos on time, one at a time, each proven up before the next
#[derive(Debug, Parser)]
#[command(
    name = "autorestart",
    version,
    args_conflicts_with_subcommands = true,
    disable_help_subcommand = true
)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Option<Command>,
    #[command(flatten)]
    pub index: Index,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    Set(Box<Set>),
    /// remove a schedule
    Remove(Named),
    Pause(Pause),
    /// resume a paused schedule
    Resume(Named),
    Plan(Plan),
    Run(Run),
    Status(Status),
    Simulate(Simulate),
    History(History),
    Auth(Auth),
    Notify(Notify),
    Doctor(Doctor),
    Deploy(Deploy),
    Install(Install),
    Apply(Apply),
    Export(Export),
    Uninstall(Uninstall),
    Sandbox(Sandbox),
    Demo(Demo),
    Completions(Completions),
    Man(Man),
    #[command(hide = true)]
    Commands(Commands),
}

/// Flags that every command has
#[derive(Debug, Clone, Default, Args)]
pub struct Common {
    /// print one JSON document
    #[arg(long)]
    pub json: bool,
    /// schedules file to use
    #[arg(long, value_name = "PATH")]
    pub schedules: Option<PathBuf>,
}

#[derive(Debug, Clone, Default, Args)]
pub struct AppFlags {
    /// app, by name or id
    #[arg(short, long, value_name = "APP")]
    pub app: Option<AppName>,
    /// git remote of the app
    #[arg(short, long, value_name = "REMOTE")]
    pub remote: Option<String>,
}

#[derive(Debug, Clone, Default, Args)]
pub struct TargetFlags {
    /// only the dynos of this process type
    #[arg(short, long, value_name = "TYPE", value_parser = process_type, allow_hyphen_values = true)]
    pub process_type: Option<String>,
    /// only this dyno
    #[arg(short, long, value_name = "DYNO", value_parser = dyno_name, allow_hyphen_values = true)]
    pub dyno_name: Option<String>,
}

#[derive(Debug, Clone, Default, Args)]
pub struct HowFlags {
    /// dynos of a process type that may be down at once: a number, or a percentage
    #[arg(long, value_name = "N|N%", allow_hyphen_values = true)]
    pub max_unavailable: Option<MaxUnavailable>,
    /// how long a new dyno may take to come up [default: 5m]
    #[arg(long, value_name = "TIME", value_parser = limits::wait_limit, allow_hyphen_values = true)]
    pub wait_limit: Option<Span>,
    /// how long a new dyno must stay up to count as settled [default: 10s]
    #[arg(long, value_name = "TIME", value_parser = limits::settle, allow_hyphen_values = true)]
    pub settle: Option<Span>,
    /// app URL that must answer 2xx after a restart, before the next dyno is restarted
    #[arg(long, value_name = "URL", allow_hyphen_values = true)]
    pub check_url: Option<AppUrl>,
}

/// list schedules, and what runs them
#[derive(Debug, Clone, Default, Args)]
pub struct Index {
    /// only the schedules of this app
    #[arg(short, long, value_name = "APP")]
    pub app: Option<AppName>,
    #[command(flatten)]
    pub common: Common,
}

/// One schedule of an app, or of several
#[derive(Debug, Clone, Args)]
pub struct Named {
    #[command(flatten)]
    pub app: AppFlags,
    #[command(flatten)]
    pub fleet: FleetFlags,
    /// name of the schedule, if the app has several
    #[arg(long, value_name = "NAME", allow_hyphen_values = true)]
    pub name: Option<ScheduleName>,
    #[command(flatten)]
    pub common: Common,
}

/// pause a schedule
#[derive(Debug, Clone, Args)]
pub struct Pause {
    #[command(flatten)]
    pub named: Named,
    /// when to resume: 2026-12-01T09:00, in the schedule's zone; or after how long: 2h
    #[arg(long, value_name = "INSTANT", allow_hyphen_values = true)]
    pub until: Option<String>,
}

/// show what will happen, and what a pass would do now
#[derive(Debug, Clone, Args)]
pub struct Plan {
    /// only the schedules of this app
    #[arg(short, long, value_name = "APP")]
    pub app: Option<AppName>,
    /// occurrences to show for each schedule [default: 5; with --to, all of them]
    #[arg(long, value_name = "N", value_parser = limits::count, allow_hyphen_values = true)]
    pub next: Option<u16>,
    /// show occurrences from this instant on
    #[arg(long, value_name = "INSTANT")]
    pub from: Option<String>,
    /// show occurrences up to this instant
    #[arg(long, value_name = "INSTANT")]
    pub to: Option<String>,
    #[command(flatten)]
    pub common: Common,
}

/// show how much memory dynos use, where it is heading, and when each restarts next
#[derive(Debug, Clone, Args)]
pub struct Status {
    #[command(flatten)]
    pub app: AppFlags,
    /// keep running, and refresh every 20 seconds; with --json, one line each time
    #[arg(long)]
    pub watch: bool,
    /// also draw the chart to this file
    #[arg(long, value_name = "FILE")]
    pub svg: Option<PathBuf>,
    #[command(flatten)]
    pub common: Common,
}

/// serve a simulated Heroku on this machine
///
/// Point any command at it with HEROKU_HOST and any HEROKU_API_KEY.
#[derive(Debug, Clone, Args)]
pub struct Sandbox {
    /// port to listen on; 0 takes a free one
    #[arg(long, default_value_t = 5100, value_parser = limits::port, allow_hyphen_values = true)]
    pub port: u16,
    /// a built-in scenario (leaky-shop), or a TOML file
    #[arg(long, value_name = "NAME|PATH", default_value = "leaky-shop")]
    pub scenario: String,
    /// when its clock starts, and how fast it runs: 2026-03-01T07:00:00Z*60
    #[arg(long, value_name = "CLOCK")]
    pub clock: Option<crate::clock::Moved>,
    /// run slugs deployed to it as processes on this machine
    #[arg(long)]
    pub run_slugs: bool,
}

/// show the main job on a simulated Heroku, without an account
#[derive(Debug, Clone, Args)]
pub struct Demo {
    /// go through this Heroku CLI, with the plugin linked, instead of the binary alone
    #[arg(long, value_name = "PATH")]
    pub cli: Option<PathBuf>,
}

/// print a completion script
#[derive(Debug, Clone, Args)]
pub struct Completions {
    pub shell: clap_complete::Shell,
}

/// print the manual page
#[derive(Debug, Clone, Args)]
pub struct Man {
    /// write the pages for all commands to this folder
    #[arg(long, value_name = "FOLDER")]
    pub to: Option<PathBuf>,
}

/// describe the command line
#[derive(Debug, Clone, Args)]
pub struct Commands {
    /// print one JSON document
    #[arg(long)]
    pub json: bool,
}

impl Cli {
    /// Whether a JSON document is wanted, and which schedules file.
    #[must_use]
    pub fn common(&self) -> Common {
        match &self.command {
            None => self.index.common.clone(),
            Some(Command::Set(set)) => set.common.clone(),
            Some(Command::Remove(named) | Command::Resume(named)) => named.common.clone(),
            Some(Command::Pause(pause)) => pause.named.common.clone(),
            Some(Command::Plan(plan)) => plan.common.clone(),
            Some(Command::Run(run)) => run.common.clone(),
            Some(Command::Status(status)) => status.common.clone(),
            Some(Command::Simulate(simulate)) => simulate.common.clone(),
            Some(Command::History(history)) => history.common.clone(),
            Some(Command::Doctor(doctor)) => doctor.common.clone(),
            Some(Command::Install(install)) => install.common.clone(),
            Some(Command::Apply(apply)) => apply.common.clone(),
            Some(Command::Export(export)) => export.common.clone(),
            Some(Command::Uninstall(uninstall)) => uninstall.common.clone(),
            Some(Command::Deploy(deploy)) => match &deploy.command {
                None => deploy.common.clone(),
                Some(DeployCommand::Remove(remove)) => remove.common.clone(),
            },
            Some(Command::Notify(notify)) => match &notify.command {
                None => notify.common.clone(),
                Some(NotifyCommand::Add(add)) => add.common.clone(),
                Some(NotifyCommand::Remove(remove)) => remove.common.clone(),
            },
            Some(Command::Auth(auth)) => match &auth.command {
                None => auth.common.clone(),
                Some(AuthCommand::Setup(setup)) => setup.common.clone(),
                Some(AuthCommand::Rotate(rotate)) => rotate.common.clone(),
                Some(AuthCommand::Remove(remove)) => remove.common.clone(),
            },
            Some(Command::Commands(commands)) => Common {
                json: commands.json,
                schedules: None,
            },
            Some(
                Command::Sandbox(_) | Command::Demo(_) | Command::Completions(_) | Command::Man(_),
            ) => Common::default(),
        }
    }
}
