//! What this machine has: version, zone data, files, runner.

use super::{
    super::{
        Context, deploy,
        runners::{self, Runner, Runners},
    },
    Line,
};
use crate::{
    cli::Common,
    heroku,
    ledger::Ledger,
    notify,
    schedule::{NotifyName, Schedule},
    state::StateDir,
    store::{SchedulesFile, Store},
};
use jiff::tz::TimeZone;
use std::collections::BTreeSet;

pub fn version(context: &Context<'_>) -> Vec<Line> {
    let (os, arch) = (std::env::consts::OS, std::env::consts::ARCH);
    let cli = context.env.text("AUTORESTART_CLI_VERSION");
    let cli = cli.map_or("started by itself".to_owned(), |version| {
        format!("started by the Heroku CLI {version}")
    });
    let ours = env!("CARGO_PKG_VERSION");
    vec![Line::ok("version", format!("{ours} on {os} {arch}, {cli}"))]
}

/// Where zone rules come from, and which zone this machine is in.
pub fn zones() -> Vec<Line> {
    let database = format!("{:?}", jiff::tz::db());
    let said = if database.contains("undled") {
        "built in".to_owned()
    } else if database.contains("unavailable") {
        return vec![Line::broken(
            "zone data",
            "there is none",
            "install tzdata, or use another build",
        )];
    } else {
        // `TimeZoneDatabase(ZoneInfo(/usr/share/zoneinfo))`
        let mut words = database.split(['(', ')']).filter(|word| !word.is_empty());
        words.next_back().unwrap_or("of this machine").to_owned()
    };
    let line = match TimeZone::try_system() {
        Ok(zone) => match zone.iana_name() {
            Some(name) => Line::ok("zone data", format!("{said}; this machine is in {name}")),
            None => Line::warning(
                "zone data",
                format!("{said}; this machine's zone has no name"),
                "name the zone of a schedule with --timezone",
            ),
        },
        Err(error) => Line::warning(
            "zone data",
            format!("{said}; this machine does not tell its zone: {error}"),
            "set TZ, or name the zone of a schedule with --timezone",
        ),
    };
    vec![line]
}

/// The schedules file and the state directory; and the schedules, where they can be read.
pub async fn files(context: &Context<'_>, common: &Common) -> (Vec<Line>, Vec<Schedule>) {
    let mut lines = vec![];
    let mut schedules = vec![];
    match context.store(common.schedules.as_deref()).await {
        Err(error) => lines.push(Line::of("schedules", &error)),
        Ok(store) => match store.read().await {
            Err(error) => lines.push(Line::of("schedules", &error.into())),
            Ok(found) => {
                let path = store.place();
                let count = found.len();
                let noun = if count == 1 { "schedule" } else { "schedules" };
                lines.push(if let Some(missing) = store.missing() {
                    Line::of("schedules", &missing.into())
                } else if store.file().is_some_and(SchedulesFile::is_open_to_others) {
                    Line::warning(
                        "schedules",
                        format!("{count} {noun} in {path}, which others can change"),
                        format!("chmod go-w {path}"),
                    )
                } else {
                    Line::ok("schedules", format!("{count} {noun} in {path}"))
                });
                let apps = context.expanded(&found).await.unwrap_or_default();
                // A fleet without an app is a schedule all the same.
                schedules = if apps.is_empty() { found } else { apps };
            }
        },
    }
    let state = StateDir::open(context.env).and_then(|state| {
        let ledger = Ledger::tried_out(&state)?;
        Ok((state, ledger))
    });
    lines.push(match state {
        Ok((state, ledger)) => match ledger.read() {
            Ok((_, 0)) => Line::ok(
                "state",
                format!("{} can be written", state.path().display()),
            ),
            Ok((_, torn)) => Line::warning(
                "state",
                format!("{torn} torn in {}", state.ledger().display()),
                format!(
                    "{} passes them over and has the others",
                    context.verb("history")
                ),
            ),
            Err(error) => Line::of("state", &error),
        },
        Err(error) => Line::of("state", &error),
    });
    (lines, schedules)
}

/// That the token of a runner app is refused, which it will only notice when something is due.
async fn token(context: &Context<'_>, store: &Store) -> Option<Line> {
    let Store::ConfigVars(vars) = store else {
        return None;
    };
    let (options, runner) = (context.options_in_silence().ok()?, vars.runner());
    let taken = deploy::token::is_taken(context, &options, vars.client(), &runner.id);
    let said = match taken.await.ok()? {
        Some(true) => return None,
        Some(false) => format!("Heroku refuses the token of ⬢ {}", runner.name),
        None => format!("⬢ {} has no token", runner.name),
    };
    let mend = format!("{} gives it another one", context.verb("deploy"));
    Some(Line::broken("runner", said, mend))
}

/// Names that schedules tell, and of which no URL is kept here.
pub fn told(context: &Context<'_>, schedules: &[Schedule]) -> Vec<Line> {
    let names: BTreeSet<&str> = schedules
        .iter()
        .flat_map(|schedule| &schedule.notify)
        .map(NotifyName::as_str)
        .collect();
    let lines = names.into_iter().map(|name| {
        let add = format!("{} {name}", context.verb("notify:add"));
        match notify::kept(context.env, name) {
            Ok(Some(kept)) => match heroku::host_of(&kept.url) {
                Some(host) => Line::ok("notify", format!("{name} is told at {host}")),
                None => Line::broken("notify", format!("{name} has no https URL"), add),
            },
            Ok(None) => Line::warning("notify", format!("no URL is kept here for {name}"), add),
            Err(error) => Line::of("notify", &error.into()),
        }
    });
    lines.collect()
}

/// Whether something makes passes over the schedules, and how it fares.
pub async fn runner(context: &Context<'_>, common: &Common, schedules: &[Schedule]) -> Vec<Line> {
    let Ok(store) = context.store(common.schedules.as_deref()).await else {
        return vec![];
    };
    if let Some((problem, hint)) = deploy::half_made(context).filter(|_| store.file().is_some()) {
        return vec![Line::broken("runner", problem, hint)];
    }
    let now = context.clock.now();
    if store.read().await.is_err() {
        return vec![Line::warning(
            "runner",
            "not known",
            "mend the schedules file first",
        )];
    }
    if schedules.is_empty() {
        return vec![Line::ok("runner", "none needed: there are no schedules")];
    }
    let Ok(runners) = Runners::look(context, &store).await else {
        return vec![];
    };
    if let Some((problem, hint)) = runners::problem(context, &runners, schedules, now) {
        return vec![Line::broken("runner", problem, hint)];
    }
    if let Some(line) = token(context, &store).await {
        return vec![line];
    }
    let first = |schedule: &Schedule| runners.first(&schedule.app, now);
    let worst = schedules.iter().filter_map(first).min_by_key(Runner::rank);
    let Some(worst) = worst else { return vec![] };
    let said = worst.in_words();
    vec![match worst.trouble() {
        None => Line::ok("runner", said),
        Some(trouble) => Line::broken(
            "runner",
            format!("{said}, but its last pass failed: {trouble}"),
            worst.mend(context),
        ),
    }]
}
