//! Says what a pass did: the result, then what is worth a warning, then the next command.

use super::Context;
use crate::{
    plan::{Ended, Outcome, Skip, SkipReason, Weight},
    report::{AppReport, Report, human, json as shapes, logfmt},
};

/// Prints a report: the result, then what is worth a warning.
pub(super) fn tell(context: &Context<'_>, report: &Report) {
    let ui = context.ui;
    if ui.is_log() {
        return logfmt::run(report).iter().for_each(|line| ui.log(line));
    }
    ui.either(|| human::run(report), || shapes::run(report));
    if ui.is_json {
        return;
    }
    if let Some(skew) = report.skew {
        ui.warn(&human::skew(skew));
    }
    report.warnings.iter().for_each(|warning| ui.warn(warning));
    for app in &report.apps {
        app.notices.iter().for_each(|notice| ui.say(notice));
        if let Some(error) = &app.error {
            ui.say(&format!("⬢ {}", app.app));
            ui.error(error);
        }
        if app.refusal.is_some() {
            // No pass goes on before that is mended.
        } else if let Some(hint) = hint(context, app) {
            ui.hint(&hint);
        } else if app.error.is_some() {
            // What was asked for is asked for again by whoever asked.
            if !app.is_asked_for {
                ui.hint(&format!("then {} goes on", context.verb("run")));
            }
        }
    }
    for refusal in report.refusals() {
        ui.hint(refusal);
    }
    if report.is_interrupted {
        let is_asked_for = report.apps.iter().any(|app| app.is_asked_for);
        ui.warn(if is_asked_for {
            "interrupted"
        } else {
            "interrupted; the next pass goes on from what it finds"
        });
    }
}

/// The next command, where not all went well: for the worst of it.
fn hint(context: &Context<'_>, app: &AppReport) -> Option<String> {
    let (name, run) = (&app.app, context.verb("run"));
    let of = |outcome| app.ended.iter().find(|ended| ended.outcome == outcome);
    // A schedule goes on by itself; what was asked for is asked for again, dyno by dyno.
    let again = |worst: &Ended| {
        if !app.is_asked_for {
            return format!("{run} goes on");
        }
        let is_left = |ended: &&Ended| ended.outcome == Outcome::NotReached;
        let ended = app.ended.iter().map(AsRef::as_ref);
        let left: Vec<&Ended> = ended.filter(is_left).collect();
        let first = left.first().unwrap_or(&worst);
        let dyno = &first.step.dyno;
        let others: Vec<&str> = left
            .iter()
            .skip(1)
            .map(|ended| ended.step.dyno.as_str())
            .collect();
        let others = match others[..] {
            [] => String::new(),
            _ => format!("; left too: {}", others.join(", ")),
        };
        // What was checked is checked again.
        let checks = first.step.asks.checks.iter();
        let checks: Vec<String> = checks.map(|url| format!(" --check-url {url}")).collect();
        let checks = checks.concat();
        format!(
            "{run} --now --app {name} --dyno-name {dyno}{checks} --yes restarts {dyno} alone{others}"
        )
    };
    if let Some(failed) = of(Outcome::Failed) {
        let (dyno, again) = (&failed.step.dyno, again(failed));
        return Some(match failed.new_id {
            Some(_) => format!(
                "heroku logs --app {name} --dyno-name {dyno} shows why; when it is mended, {again}"
            ),
            None => format!(
                "heroku ps --app {name} shows how {dyno} is; then {again}; where Heroku accepted the restart and did not do it, {run} --now --app {name} --yes asks anew"
            ),
        });
    }
    if let Some(unverified) = of(Outcome::Unverified).or_else(|| of(Outcome::NotReached)) {
        let (dyno, again) = (&unverified.step.dyno, again(unverified));
        return Some(format!(
            "heroku ps --app {name} shows how {dyno} is; {again}"
        ));
    }
    let is_held = |skip: &&Skip| skip.reason.weight() == Weight::Held;
    if let Some(held) = app.due_skips().find(is_held) {
        return Some(if held.reason == SkipReason::AlreadyInLedger {
            format!(
                "heroku ps --app {name} shows since when its dynos run; for this occurrence it is left alone, and {run} --now --app {name} --yes asks anew"
            )
        } else {
            let then = if app.is_asked_for {
                // With all its flags: what was checked is checked again.
                "the same command tries again"
            } else {
                "the next pass goes on"
            };
            format!(
                "heroku ps --app {name} and heroku logs --app {name} show what is wrong; when it is mended, {then}"
            )
        });
    }
    let ignoring = |skip: &Skip| match skip.reason {
        SkipReason::OutsideWindow | SkipReason::Blackout => Some("--ignore-windows"),
        SkipReason::AppBusy => Some("--ignore-busy"),
        SkipReason::HerokuIncident => Some("--ignore-incident"),
        _ => None,
    };
    if let (true, Some(flag)) = (app.is_asked_for, app.due_skips().find_map(ignoring)) {
        return Some(format!("the same with {flag} restarts them all the same"));
    }
    if app.is_asked_for && app.due_skips().next().is_some() {
        return Some(format!(
            "heroku ps --app {name} shows how they are; then the same command tries again"
        ));
    }
    let is_missed = !app.missed.is_empty();
    is_missed.then(|| {
        let set = context.verb("set");
        format!(
            "when nothing stands against it any more, {run} --now --app {name} --yes makes up for it; --catch-up of {set} allows for later passes"
        )
    })
}
