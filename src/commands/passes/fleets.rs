//! Fleets before a pass: which apps they have by now.

use super::Passes;
use crate::{
    credentials::Use,
    error::Error,
    fleet, pass,
    report::{AppReport, Report},
    schedule::{App, AppName, Fleet, Schedule, Stage},
    store::RUNNER_APP,
};
use jiff::SignedDuration;
use std::collections::BTreeSet;

/// How soon an answer is asked for again that is not as the one before.
const AGAIN: SignedDuration = SignedDuration::from_secs(5);

/// How long the list of one fleet may take.
const PATIENCE: SignedDuration = SignedDuration::from_secs(30);

fn unlisted(label: &AppName, error: &Error) -> Error {
    Error::Other {
        code: error.code(),
        message: format!(
            "the apps of {label} could not be listed, and only those that are known are restarted: {error}"
        ),
        hint: error.hint(),
    }
}

fn no_apps(label: &AppName) -> Error {
    Error::Other {
        code: "no_apps",
        message: format!("{label} has no app any more: nothing of it is restarted"),
        hint: Some("if that is meant, remove or pause its schedule".to_owned()),
    }
}

impl Passes<'_> {
    /// The schedules with those of a fleet's apps in its place; Heroku is asked about fleets of which
    /// something may be due. What has changed, or could not be asked, is told by [`Passes::news`].
    pub async fn expanded(&self, schedules: &[Schedule], is_dry_run: bool) -> Vec<Schedule> {
        let asked = self.stale(schedules);
        let asked = asked.iter().map(|fleet| self.ask(fleet, is_dry_run));
        futures_util::future::join_all(asked).await;
        self.fleets.expand(schedules)
    }

    /// Fleets that are to be asked about.
    pub fn stale(&self, schedules: &[Schedule]) -> Vec<Schedule> {
        let fleets = schedules.iter().filter(|one| one.app.is_fleet());
        fleets.filter(|one| self.is_stale(one)).cloned().collect()
    }

    /// Whether a fleet, or the one that a schedule is of, is to be asked about first.
    pub fn is_stale(&self, one: &Schedule) -> bool {
        let now = self.context.clock.now();
        let is_due = |schedule: &Schedule| pass::has_reason_to_look(schedule, self.state, now);
        !one.is_paused(now) && self.fleets.is_stale(one, now, is_due)
    }

    /// Asks about one fleet. Where that fails its apps are those that are known.
    pub async fn ask(&self, one: &Schedule, is_dry_run: bool) {
        let Some(fleet) = one.app.fleet() else { return };
        let mut found = self.in_time(one, fleet).await;
        if let Ok(first) = &found
            && !self.fleets.is_as_known(&one.app, first)
        {
            let _ = self.stop.or(self.context.clock.sleep(AGAIN)).await;
            let second = self.in_time(one, fleet).await;
            found = second.map(|second| self.fleets.agreed(&one.app, &second, first));
        }
        if let Err(Error::Interrupted) = found {
            return;
        }
        let (found, error) = match found {
            Ok(found) => (Some(found), None),
            Err(error) => (None, Some(error)),
        };
        let now = self.context.clock.now();
        let change = self.fleets.take(&one.app, found, now, !is_dry_run);
        let label = &one.app.name;
        // Review apps come and go.
        let is_gone = fleet.stage != Some(Stage::Review) && self.fleets.is_gone(&one.app);
        let error = error.map(|error| unlisted(label, &error));
        let error = error.or_else(|| is_gone.then(|| no_apps(label)));
        // Nothing is amiss where its apps are still to be made; and nothing is restarted.
        let is_empty = fleet.stage != Some(Stage::Review) && self.fleets.is_empty(&one.app);
        let empty = is_empty.then(|| format!("{label} has no app yet: nothing of it is restarted"));
        let came = change.came.iter();
        let came = came.map(|app| format!("⬢ {app} is new in {label}"));
        let left = change.left.iter();
        let left = left
            .map(|app| format!("⬢ {app} is no longer in {label}: it is not restarted any more"));
        let notices: Vec<String> = came.chain(left).chain(empty).collect();
        if error.is_some() || !notices.is_empty() {
            let mut report = AppReport::of(label.as_str());
            (report.notices, report.error) = (notices, error);
            self.news.borrow_mut().push(report);
        }
    }

    /// No list holds what is due of others for long.
    async fn in_time(&self, one: &Schedule, fleet: &Fleet) -> Result<Vec<fleet::Member>, Error> {
        let asked = self.stop.unless(self.apps_of(one, fleet));
        tokio::select! {
            found = asked => found,
            () = self.context.clock.sleep(PATIENCE) => Err(Error::Other {
                code: "timed_out",
                message: format!("Heroku did not answer within {}s", PATIENCE.as_secs()),
                hint: None,
            }),
        }
    }

    async fn apps_of(&self, one: &Schedule, fleet: &Fleet) -> Result<Vec<fleet::Member>, Error> {
        let wanted = Use::Pass(one.app.account.as_deref());
        let (client, options, _) = self.context.client(wanted).await?;
        if let Some(error) = pass::foreign_host(one, options.host.machine()) {
            return Err(error);
        }
        let env = self.context.env;
        let here = [RUNNER_APP, "HEROKU_APP_NAME", "HEROKU_APP_ID"];
        let here = here.into_iter().filter_map(|name| env.text(name));
        let elsewhere = self.store.runner_app().map(|app| app.id.as_str());
        let runner: BTreeSet<&str> = here.chain(elsewhere).collect();
        let mut members = self.fleets.found(&client, &one.app, fleet).await?;
        // It must not be restarted in the middle of its own rolls, unless somebody names it.
        let is_runner = |one: &fleet::Member| runner.iter().any(|name| one.is(name));
        members.retain(|one| !fleet.apps.is_empty() || !is_runner(one));
        let schedules = self.store.current().await?;
        let own: Vec<&App> = schedules
            .iter()
            .filter(|other| other.name == one.name && !other.app.is_fleet())
            .map(|other| &other.app)
            .collect();
        for member in &mut members {
            let id = member.id.as_deref().unwrap_or_default();
            member.has_own = own.iter().any(|app| app.is(id) || app.is(&member.name));
        }
        Ok(members)
    }

    /// What is to be told of fleets, once.
    pub fn news(&self) -> Vec<AppReport> {
        self.news.take()
    }

    /// Tells with the other news what a process before this one found to be missed, and did not live to
    /// tell.
    pub fn recall(&self, schedules: &[Schedule]) {
        let untold = pass::untold(self.state, schedules, &self.process);
        self.news.borrow_mut().extend(untold);
    }

    /// The same as a report of its own.
    pub fn untold(&self, schedules: &[Schedule]) -> Option<Report> {
        self.recall(schedules);
        self.report_of_news()
    }

    /// The same as a report of its own; none where there is nothing to tell.
    pub fn report_of_news(&self) -> Option<Report> {
        let apps = self.news();
        (!apps.is_empty()).then(|| Report {
            apps,
            ..Report::empty(self.context.clock.now(), false)
        })
    }
}
