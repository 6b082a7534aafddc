//! What people are told of the runners of their schedules, and that nothing runs one.

use super::{Runner, Runners, lateness};
use crate::{
    commands::Context,
    report::human,
    runner::{self, deployed, install::EVERY_MINUTES},
    schedule::Schedule,
};
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeSet;

/// What is wrong with the runners of these schedules: words, and the next command. `None` where all is
/// well.
pub fn problem(
    context: &Context<'_>,
    runners: &Runners,
    schedules: &[Schedule],
    now: Timestamp,
) -> Option<(String, String)> {
    let idle = schedules
        .iter()
        .filter(|schedule| !runners.is_run(&schedule.app, now));
    let idle: Vec<&Schedule> = idle.collect();
    if idle.is_empty() {
        return None;
    }
    if let Some(runner) = &runners.deployed {
        let name = runner.app.as_deref().unwrap_or_default();
        let is_fresh = |age: &SignedDuration| *age <= deployed::ALIVE;
        let since = match (runner.age, &runner.trouble) {
            (Some(age), Some(trouble)) if is_fresh(&age) => format!("does not run: {trouble}"),
            (Some(age), _) => format!("has shown no sign of life for {}", human::span(age)),
            (None, Some(trouble)) => format!("may not run: {trouble}"),
            (None, None) => "has shown no sign of life".to_owned(),
        };
        let hint = if runner.mode == "scheduler" {
            format!(
                "heroku addons:open scheduler --app {name} shows its jobs: one must call {}",
                runner::slug::COMMAND
            )
        } else {
            format!(
                "heroku ps --app {name} and heroku logs --app {name} show why; {} repairs it",
                context.verb("deploy")
            )
        };
        return Some((
            format!(
                "⬢ {name}, which is to run these schedules, {since}: until it runs, no dyno will be restarted"
            ),
            hint,
        ));
    }
    let apps: BTreeSet<String> = idle
        .iter()
        .map(|schedule| format!("⬢ {}", schedule.app.name))
        .collect();
    let these = if idle.len() == schedules.len() {
        "these schedules".to_owned()
    } else {
        let apps: Vec<_> = apps.into_iter().collect();
        format!("the schedules of {}", apps.join(", "))
    };
    let last = idle
        .iter()
        .filter_map(|schedule| runners.first(&schedule.app, now)?.last_sign)
        .max();
    if let Some(note) = &runners.timer {
        let kind = &note.kind;
        let (since, why) = match (last, kind.as_str()) {
            (None, _) => (
                "has made no pass over".to_owned(),
                format!("its first pass comes within {EVERY_MINUTES} minutes"),
            ),
            (Some(at), kind) => (
                format!(
                    "made its last pass {} over",
                    human::distance(now, at.min(now))
                ),
                match kind {
                    "systemd" => "journalctl --user --unit autorestart shows why".to_owned(),
                    _ => format!("{}/run.log shows why", runners.state.path().display()),
                },
            ),
        };
        return Some((
            format!(
                "The runner that is installed here ({kind}) {since} {these}: until it makes one, no dyno will be restarted"
            ),
            format!(
                "{why}; {} --watch makes passes meanwhile",
                context.verb("run")
            ),
        ));
    }
    let since = last.map(|at| {
        format!(
            " (the last runner was alive {})",
            human::distance(now, at.min(now))
        )
    });
    let (deploy, install) = (context.verb("deploy"), context.verb("install"));
    let run = context.verb("run");
    Some((
        format!(
            "Nothing runs {these}{}: until something makes passes, no dyno will be restarted",
            since.unwrap_or_default()
        ),
        format!(
            "{deploy} puts a runner on Heroku, {install} on this machine; {run} --watch makes passes for as long as it runs"
        ),
    ))
}

/// Schedules that give up sooner than their runner may come.
fn tell_hasty(context: &Context<'_>, runners: &Runners, schedules: &[Schedule], now: Timestamp) {
    for schedule in schedules.iter().filter(|one| one.calendar.is_some()) {
        let catch_up = schedule.guards.catch_up;
        let first = runners.first(&schedule.app, now);
        let Some(lateness) = lateness(first.as_ref())
            .ok()
            .filter(|late| *late >= catch_up.duration())
        else {
            continue;
        };
        let (name, app) = (&schedule.name, &schedule.app.name);
        context.ui.warn(&format!(
            "schedule {name} of ⬢ {app} is given up {catch_up} after its time, and its runner may come up to {} minutes late: what it comes too late for is missed",
            lateness.as_mins()
        ));
        context
            .ui
            .hint("set it again with a --catch-up of an hour or so");
    }
}

/// Says which runner runs the schedules, or that none does.
pub fn tell(context: &Context<'_>, runners: &Runners, schedules: &[Schedule], now: Timestamp) {
    let ui = context.ui;
    if let Some((problem, hint)) = problem(context, runners, schedules, now) {
        ui.warn(&problem);
        ui.hint(&hint);
    }
    tell_hasty(context, runners, schedules, now);
    let all = schedules
        .iter()
        .flat_map(|schedule| runners.of(&schedule.app, now));
    let mut alive: Vec<Runner> = all.filter(|runner| runner.is_alive).collect();
    // One line for each: for one that fails, else for the one that was last heard of longest ago.
    alive.sort_by_key(Runner::rank);
    let mut said = BTreeSet::new();
    for runner in alive
        .iter()
        .filter(|runner| said.insert(runner.who.clone()))
    {
        let line = format!("Run by {}", runner.in_words());
        match &runner.trouble {
            None => ui.say(&line),
            Some(trouble) => {
                ui.warn(&format!("{line}, but its last pass failed: {trouble}"));
                ui.hint(&runner.mend(context));
            }
        }
    }
    if said.len() > 1 {
        ui.say("Two runners do no harm: a dyno that one has restarted is not due for the other");
    }
}
