//! What must hold, whatever happened, by the sandbox's own record.

use super::{
    tally::Tally,
    weather::{AppPlan, MAX_UPTIME_HOURS},
};
use crate::control::Heroku;
use autorestart::{report::Report, schedule::Schedule};
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};

/// How far the clocks of this machine and of Heroku may be apart.
const A_CLOCK: SignedDuration = SignedDuration::from_secs(2);
/// The weather's slowest answer: for so long a list may have been under way, and the restart that is begun by it.
const A_MOMENT: SignedDuration = SignedDuration::from_secs(3);

/// An app as it is, whatever its API shows.
#[derive(Deserialize)]
pub struct Truth {
    pub dynos: Vec<TrueDyno>,
}

#[derive(Deserialize)]
pub struct TrueDyno {
    name: String,
    pub created_at: Timestamp,
    state: String,
    /// Of the state.
    updated_at: Timestamp,
    one_off: bool,
}

/// Which call of a pass a request is.
fn call(request: &crate::control::Request) -> Option<String> {
    let words: Vec<&str> = request.path.split('/').skip(1).collect();
    let what = match words[..] {
        ["apps", _] => "app",
        ["apps", _, "formation"] => "formation",
        ["apps", _, "features", _] => "feature",
        ["apps", _, "dynos"] => "dynos",
        ["apps", _, "dynos", _] => "dyno",
        _ => return None,
    };
    Some(format!("{} {what}", request.method))
}

/// Under which id the first dyno in the place of each was known: on Fir a new one has another name.
fn places(restarts: &[crate::control::Restart]) -> BTreeMap<&str, String> {
    let mut places: BTreeMap<&str, String> = BTreeMap::new();
    for restart in restarts {
        let first = places
            .get(restart.old_id.as_str())
            .unwrap_or(&restart.old_id);
        let first = first.clone();
        places.extend(restart.new_id.as_deref().map(|id| (id, first)));
    }
    places
}

pub struct Judge {
    apps: Vec<AppPlan>,
    schedules: Vec<Schedule>,
    /// (app, newest occurrence, how many) that were told as missed.
    missed: BTreeSet<(String, Timestamp, usize)>,
    /// The newest occurrence of each app that was looked at when its time was over.
    judged: BTreeMap<String, Timestamp>,
    /// Since when dynos of an app show when the one before was made, which nobody can look through, and until when.
    pub kept: Vec<(Timestamp, String, bool)>,
    /// The due dynos that the newest whole pass left alone, and said so.
    left: BTreeSet<(String, String)>,
    /// When each pass began, and when it ended or was dropped.
    passes: Vec<(Timestamp, Timestamp)>,
    tally: Tally,
}

impl Judge {
    pub fn new(apps: &[AppPlan], schedules: Vec<Schedule>) -> Self {
        Self {
            apps: apps.to_vec(),
            schedules,
            missed: BTreeSet::new(),
            judged: BTreeMap::new(),
            kept: vec![],
            left: BTreeSet::new(),
            passes: vec![],
            tally: Tally {
                app_days: i64::try_from(apps.len()).expect("few") * super::life::DAYS,
                ..Tally::default()
            },
        }
    }

    pub fn count(&mut self, (began, ended): (Timestamp, Timestamp), is_dropped: bool) {
        self.passes.push((began, ended));
        self.tally.passes += 1;
        self.tally.dropped += usize::from(is_dropped);
    }

    fn schedule(&self, app: &str) -> &Schedule {
        let mut schedules = self.schedules.iter();
        schedules
            .find(|schedule| schedule.app.name.as_str() == app)
            .expect("a schedule")
    }

    /// After a whole pass: what it let go by, it, or one before it, has told whoever called.
    pub async fn look(
        &mut self,
        heroku: &Heroku,
        report: &Report,
        began: Timestamp,
        now: Timestamp,
    ) {
        for app in &report.apps {
            self.left.retain(|(name, _)| *name != app.app);
            let skips = app.due_skips().map(|skip| skip.dyno.clone());
            self.left.extend(skips.map(|dyno| (app.app.clone(), dyno)));
            if super::life::shown().is_some_and(|shown| shown == app.app) {
                let ended = app.ended.iter();
                let ended: Vec<_> = ended
                    .map(|one| (&one.step.dyno, one.outcome, &one.detail))
                    .collect();
                let skips = app.due_skips();
                let skips: Vec<_> = skips
                    .map(|one| (&one.dyno, one.reason, &one.detail))
                    .collect();
                let error = app.error.as_ref().map(ToString::to_string);
                println!(
                    "{began} to {now}: {ended:?} {skips:?} {error:?} {:?}",
                    app.missed
                );
            }
            for missed in &app.missed {
                self.tally.missed += missed.count;
                let key = (app.app.clone(), missed.occurrence, missed.count);
                if !self.missed.insert(key) {
                    self.wrong(format!("{}: {now}: told again: {missed:?}", app.app));
                }
            }
            if !app.missed.is_empty() && ![3, 130].contains(&report.exit_code()) {
                let code = report.exit_code();
                self.wrong(format!(
                    "{}: {now}: missed, and the exit code is {code}",
                    app.app
                ));
            }
            let bad = app.ended.iter();
            self.tally.failed += bad.filter(|ended| !ended.outcome.is_good()).count();
            self.tally.held += app.due_skips().count();
            if report.exit_code() != 0 {
                let is_told = app.error.is_some()
                    || !app.missed.is_empty()
                    || app.due_skips().next().is_some()
                    || app.has_given_up
                    || app
                        .ended
                        .iter()
                        .any(|ended| ended.detail.is_some() || ended.outcome.is_good());
                let is_all_well = app.ended.is_empty();
                if !is_told && !is_all_well {
                    self.wrong(format!("{}: {now}: not explained: {app:?}", app.app));
                }
            }
        }
        for plan in self.apps.clone().iter().filter(|plan| !plan.at.is_empty()) {
            let mut reports = report.apps.iter().filter(|app| app.app == plan.name);
            if reports.any(|app| app.error.is_some() || app.has_gap) {
                continue;
            }
            self.look_at(heroku, plan, began, now).await;
        }
    }

    async fn look_at(&mut self, heroku: &Heroku, plan: &AppPlan, began: Timestamp, now: Timestamp) {
        let schedule = self.schedule(&plan.name);
        let catch_up = schedule.guards.catch_up.duration();
        // Over before the pass looked; the newest one, which speaks for those before it.
        let over = began - catch_up - SignedDuration::from_secs(30);
        let Some(occurrence) = schedule.latest_occurrence(over) else {
            return;
        };
        let before = self.judged.insert(plan.name.clone(), occurrence);
        if before.is_some_and(|before| before >= occurrence) {
            return;
        }
        self.tally.judged += 1;
        let is_told = self.missed.iter().any(|(app, at, count)| {
            // Those that are told together end with the newest.
            *app == plan.name && *at >= occurrence && *count >= 1
        });
        let truth: Truth = heroku.get(&format!("/sandbox/apps/{}", plan.name)).await;
        // One that was down when the time was over is left to Heroku, on purpose.
        let over = occurrence + catch_up;
        let is_left = |dyno: &&TrueDyno| {
            let is_up = dyno.state == "up" && dyno.updated_at < over;
            is_up && dyno.created_at < occurrence && !dyno.one_off
        };
        if let (false, Some(dyno)) = (is_told, truth.dynos.iter().find(is_left)) {
            let (app, name) = (&plan.name, &dyno.name);
            let created_at = dyno.created_at;
            self.wrong(format!(
                "{app}: at {now} {name} of {created_at} is as before {occurrence}, and nobody told"
            ));
        }
    }

    fn wrong(&mut self, what: String) {
        self.tally.wrong.push(what);
    }

    /// Whether a dyno that was made then shows when the one before was made.
    fn is_kept(&self, app: &str, made: Timestamp) -> bool {
        let newest = self.kept.iter().rev();
        let mut before = newest.filter(|(at, name, _)| *at <= made && name == app);
        before.next().is_some_and(|(.., keeps)| *keeps)
    }

    /// Counts what happened, and what of it in the middle of a roll: in the minute after a restart was asked
    /// for, whose dyno is on its way. (A release ends a roll: there is no request after it.)
    pub async fn happened(
        &mut self,
        heroku: &Heroku,
        events: &[(Timestamp, (&'static str, usize))],
    ) {
        let record = heroku.record().await;
        for (at, (what, app)) in events {
            let name = &self.apps[*app].name;
            let before = *at - SignedDuration::from_mins(1)..=*at;
            let is_of_roll = record.restarts.iter().any(|one| {
                one.cause == "request" && one.app == *name && before.contains(&one.asked_at)
            });
            let known = self.tally.events.entry(what).or_default();
            known.0 += 1;
            known.1 += usize::from(is_of_roll);
        }
    }

    /// Over all that was restarted.
    pub async fn end(mut self, heroku: &Heroku, seed: u64, now: Timestamp) -> Tally {
        let record = heroku.record().await;
        for request in &record.requests {
            if let (Some(fault), Some(call)) = (&request.fault, call(request)) {
                *self.tally.faults.entry((call, fault.clone())).or_default() += 1;
            }
        }
        let by_release = record.restarts.iter().filter(|one| one.cause == "release");
        self.tally.releases = by_release.count();
        let mut counts: BTreeMap<(String, String, Timestamp), Vec<Timestamp>> = BTreeMap::new();
        let requested = record.restarts.iter().filter(|one| one.cause == "request");
        for restart in &record.restarts {
            if super::life::shown().is_some_and(|shown| shown == restart.app) {
                println!("{restart:?}");
            }
        }
        let places = places(&record.restarts);
        let mut since = BTreeMap::new();
        for restart in &record.restarts {
            since.extend(restart.new_id.as_deref().map(|id| (id, restart.at)));
        }
        // A list is an answer of a moment ago, and a restart goes by name: nobody can know of a release that
        // was made since.
        let is_unforeseen = |restart: &crate::control::Restart| {
            let asked = restart.asked_at;
            let moment = asked - A_MOMENT..=asked;
            record.restarts.iter().any(|one| {
                one.cause == "release" && one.app == restart.app && moment.contains(&one.at)
            })
        };
        for restart in requested {
            // It is no second one for its occurrence all the same.
            let is_unforeseen = is_unforeseen(restart);
            self.tally.unforeseen += usize::from(is_unforeseen);
            let plan = self.apps.iter().find(|plan| plan.name == restart.app);
            let plan = plan.expect("an app").clone();
            let is_over = restart.down > plan.max_unavailable;
            let has_fallen = restart.down <= plan.max_unavailable + restart.fell;
            self.tally.fallen += usize::from(is_over && has_fallen);
            if is_over && !has_fallen && !is_unforeseen {
                let (app, dyno, at, down) = (&restart.app, &restart.dyno, restart.at, restart.down);
                let allowed = plan.max_unavailable;
                self.wrong(format!(
                    "{app}: {dyno} at {at}: {down} down, {allowed} allowed"
                ));
            }
            self.tally.restarts.push((
                restart.at,
                restart.app.clone(),
                // Pods have names of their own.
                restart.process_type.clone(),
            ));
            if plan.at.is_empty() {
                continue;
            }
            let due = self
                .schedule(&plan.name)
                .latest_occurrence(restart.asked_at);
            let Some(due) = due else {
                self.wrong(format!("{}: nothing was due at {}", plan.name, restart.at));
                continue;
            };
            let place = places
                .get(restart.old_id.as_str())
                .unwrap_or(&restart.old_id);
            let key = (restart.app.clone(), place.clone(), due);
            counts.entry(key).or_default().push(restart.at);
            // One that took effect late may have met another dyno than it was asked for.
            let made = since.get(restart.old_id.as_str());
            if let Some(made) = made
                && (due..restart.asked_at).contains(made)
                && !(is_unforeseen || self.is_kept(&restart.app, *made))
            {
                let (app, dyno, at) = (&restart.app, &restart.dyno, restart.asked_at);
                self.wrong(format!("{app}: {dyno} of {made} at {at}, newer than {due}"));
            }
        }
        self.judge_times(&record.restarts);
        for ((app, dyno, due), times) in &counts {
            if times.len() > 1 {
                self.wrong(format!("{app}: {dyno} for {due} at {times:?}"));
            }
        }
        self.judge_ages(&record.restarts);
        self.judge_the_old(heroku, now).await;
        self.tally.occurrences = counts
            .keys()
            .map(|(app, _, due)| (app, due))
            .collect::<BTreeSet<_>>()
            .len();
        for wrong in &mut self.tally.wrong {
            *wrong = format!("seed {seed}: {wrong}");
        }
        self.tally
    }

    /// By age: never before the dyno was so old.
    fn judge_ages(&mut self, restarts: &[crate::control::Restart]) {
        let aged = self.apps.iter().filter(|plan| plan.at.is_empty());
        let aged: Vec<String> = aged.map(|plan| plan.name.clone()).collect();
        let mut since: BTreeMap<&str, Timestamp> = BTreeMap::new();
        let mut wrong = vec![];
        for restart in restarts {
            let before = since.get(restart.old_id.as_str()).copied();
            since.extend(restart.new_id.as_deref().map(|id| (id, restart.at)));
            let is_asked = restart.cause == "request" && aged.contains(&restart.app);
            if let (true, Some(before)) = (is_asked, before)
                && restart.at.duration_since(before) < SignedDuration::from_hours(MAX_UPTIME_HOURS)
            {
                let (app, dyno, at) = (&restart.app, &restart.dyno, restart.at);
                wrong.push(format!(
                    "{app}: {dyno} at {at}, younger than {MAX_UPTIME_HOURS}h: {before}"
                ));
            }
        }
        self.tally.wrong.extend(wrong);
    }
    /// The first restart for an occurrence is of a pass that began before its catch-up was over: one that waits,
    /// or asks once more, may come later.
    fn judge_times(&mut self, restarts: &[crate::control::Restart]) {
        let mut first: BTreeMap<(&str, Timestamp), Timestamp> = BTreeMap::new();
        for restart in restarts.iter().filter(|one| one.cause == "request") {
            let due = self
                .schedule(&restart.app)
                .latest_occurrence(restart.asked_at);
            if let Some(due) = due {
                let first = first.entry((&restart.app, due)).or_insert(restart.asked_at);
                *first = restart.asked_at.min(*first);
            }
        }
        for ((app, due), at) in first {
            let catch_up = self.schedule(app).guards.catch_up.duration();
            let mut passes = self.passes.iter();
            let began = passes.find(|(began, ended)| (*began..=*ended + A_CLOCK).contains(&at));
            let began = began.map_or(at, |(began, _)| *began);
            if began.duration_since(due) > catch_up + A_CLOCK {
                self.wrong(format!("{app}: the first for {due} was asked for at {at}"));
            }
        }
    }

    /// By age: when all has been quiet for long, none is too old, unless the last pass has said why.
    async fn judge_the_old(&mut self, heroku: &Heroku, now: Timestamp) {
        let most = SignedDuration::from_hours(MAX_UPTIME_HOURS + 1);
        for plan in self.apps.clone().iter().filter(|plan| plan.at.is_empty()) {
            let truth: Truth = heroku.get(&format!("/sandbox/apps/{}", plan.name)).await;
            let is_old = |dyno: &&TrueDyno| {
                let is_told = self.left.contains(&(plan.name.clone(), dyno.name.clone()));
                dyno.state == "up"
                    && now.duration_since(dyno.created_at) > most
                    && !dyno.one_off
                    && !is_told
            };
            for old in truth.dynos.iter().filter(is_old).collect::<Vec<_>>() {
                let (app, name, made) = (&plan.name, &old.name, old.created_at);
                self.wrong(format!(
                    "{app}: at {now} {name} is of {made}, and nobody told"
                ));
            }
        }
    }
}
