//! One pass: observe, plan, execute, report; apps side by side, so that a sick one holds no other.

mod effects;
mod ends;
mod identities;
mod identity;
mod marks;
mod memory;
mod one_app;
mod untold;
mod waiting;
mod words;

pub use effects::measure;
pub use identities::Identities;
pub use marks::{has_reason_to_look, judged, keep_trouble, may_be_due, next_look};
pub use memory::{Heard, Listened, recall};
pub use untold::{untold, was_told};
pub use words::planned;

use crate::{
    credentials::records::{is_same, is_same_account},
    error::Error,
    execute::{Progress, Tools},
    fleet::Fleets,
    ledger::Record,
    plan::due::Given,
    report::{AppReport, Report},
    schedule::{Membership, Schedule, Span, Target},
    state::StateDir,
    store::Store,
};
use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use one_app::AppPass;
use std::collections::BTreeMap;
use tokio::sync::Semaphore;

/// How a pass is to go.
#[derive(Debug, Clone, Default)]
pub struct Options {
    pub is_dry_run: bool,
    /// Leaves at once where it would wait for a reason that passes by itself.
    pub no_wait: bool,
    /// Nobody watches: another runner may be at the same occurrence, and goes first for a moment.
    pub is_unattended: bool,
    /// Where nothing is kept from one run to the next: occurrences whose time was over by then are not
    /// this runner's to report.
    pub reports_from: Option<Timestamp>,
}

/// `run --now`.
#[derive(Debug, Clone)]
pub struct Request {
    pub target: Target,
    pub older_than: Option<Span>,
    pub ignores_windows: bool,
    pub given: Given,
    /// When it was asked for, by Heroku's clock; else when the pass first hears from Heroku.
    pub asked_at: Option<Timestamp>,
}

/// What a pass works with.
pub struct Pass<'a> {
    pub tools: Tools<'a>,
    pub state: &'a StateDir,
    pub store: &'a Store,
    pub runner_id: &'a str,
    /// Which process this is.
    pub process: &'a str,
    pub host: &'a str,
    /// Whose the credential is, where that is known.
    pub account: Option<&'a str>,
    /// Restarts that a ledger which was lost had, as a log tells of them.
    pub told: &'a [Record],
    /// Which apps fleets have.
    pub fleets: &'a Fleets,
    /// Whose schedules are, as far as that is to be written down.
    pub identities: &'a Identities,
    /// How many apps may be rolled side by side.
    pub turns: &'a Semaphore,
    /// Who is to know at once what became of an app, by schedules as they were.
    pub ended: &'a dyn Fn(&mut AppReport, &[Schedule], Timestamp),
    /// Logs that are listened to; others are looked at when they are needed.
    pub listened: Option<&'a Listened>,
    pub options: Options,
}

const ROLLED_ELSEWHERE: &str = "another pass of this machine is rolling it";
/// Waiting for reasons that pass by themselves ends after this, whatever the trigger.
const LONGEST_WAIT: SignedDuration = SignedDuration::from_hours(1);

impl Pass<'_> {
    /// One pass over these schedules.
    pub async fn run(&self, schedules: &[Schedule]) -> Report {
        let now = self.tools.clock.now();
        let is_open = |schedule: &Schedule| may_be_due(schedule, self.state, now);
        // All schedules of an app that may have something to do: the strictest of them counts.
        let passes = by_app(schedules.iter())
            .into_values()
            .filter(|schedules| schedules.iter().any(is_open))
            .map(|schedules| self.one_app(schedules[0].app.name.to_string(), schedules, None));
        let passes: Vec<_> = passes.collect();
        self.identities.apps.set(passes.len());
        let apps = futures_util::future::join_all(passes).await;
        self.report(apps, schedules).await
    }

    /// Restarts the target of one app, asked for now, within the limits of its schedules.
    pub async fn run_now(&self, app: &str, schedules: &[Schedule], request: Request) -> Report {
        let is_of_this_host = |schedule: &&Schedule| foreign_host(schedule, self.host).is_none();
        let schedules = schedules.iter().filter(is_of_this_host).cloned().collect();
        let report = self.one_app(app.to_owned(), schedules, Some(request)).await;
        self.report(vec![report], &[]).await
    }

    async fn report(&self, apps: Vec<AppReport>, schedules: &[Schedule]) -> Report {
        let client = self.tools.client;
        let (requests, remaining) = client.usage();
        let now = client.now();
        Report {
            now,
            apps,
            requests,
            remaining,
            skew: client.skew_worth_saying(),
            is_dry_run: self.options.is_dry_run,
            is_interrupted: self.tools.stop.is_set(),
            warnings: vec![],
            next: self.next(schedules, now).await,
        }
    }

    /// The next occurrence of these schedules as they are by now: they may have been changed meanwhile.
    async fn next(&self, schedules: &[Schedule], now: Timestamp) -> Option<(Timestamp, TimeZone)> {
        let is_ours = |schedule: &Schedule| {
            let is_same = |ours: &Schedule| schedule.app.is(ours.app.id_or_name());
            schedules.iter().any(is_same)
        };
        let current = self.fleets.expand(&self.store.current().await.ok()?);
        Schedule::next_of(current.iter().filter(|schedule| is_ours(schedule)), now)
    }

    async fn one_app(
        &self,
        app: String,
        mut schedules: Vec<Schedule>,
        request: Option<Request>,
    ) -> AppReport {
        let mut report = AppReport::of(&app);
        report.is_asked_for = request.is_some();
        let is_unasked = request.is_none() && !self.options.is_dry_run;
        let is_told = schedules.iter().any(|one| !one.notify.is_empty());
        let named = (is_unasked && is_told).then(|| schedules.clone());
        let wrong = self
            .foreign_host(&schedules)
            .or_else(|| two_accounts(&schedules));
        let result = if let Some(error) = wrong {
            Err(error)
        } else {
            let mut pass = AppPass::new(self, schedules);
            let result = pass.go(request, &mut report).await;
            // As they are by now: a pass writes down whose they are.
            schedules = pass.schedules;
            result
        };
        // It may have been renamed meanwhile.
        for app in [&app, &report.app] {
            self.tools.observer.progress(Progress::Over { app });
        }
        // That somebody wanted us to leave is said once, of all apps.
        let is_failure = |error: &Error| !matches!(error, Error::Interrupted);
        report.error = result.err().filter(is_failure);
        if let Some(error) = report.error.as_ref().filter(|_| is_unasked) {
            keep_trouble(self.state, &schedules, self.tools.client.now(), error);
        }
        if let Some(named) = named {
            (self.ended)(&mut report, &named, self.tools.client.now());
        }
        report
    }

    /// A schedule of another host than the one that is spoken to: its token must not go there.
    fn foreign_host(&self, schedules: &[Schedule]) -> Option<Error> {
        schedules
            .iter()
            .find_map(|schedule| foreign_host(schedule, self.host))
    }
}

/// The schedules of each app, by its id where that is known: from the entry, or another one of the
/// same name.
#[must_use]
pub fn by_app<'a>(
    schedules: impl Iterator<Item = &'a Schedule> + Clone,
) -> BTreeMap<String, Vec<Schedule>> {
    let of_name =
        |schedule: &'a Schedule| Some((schedule.app.name.as_str(), schedule.app.id.as_deref()?));
    let ids: BTreeMap<&str, &str> = schedules.clone().filter_map(of_name).collect();
    let mut by_app: BTreeMap<String, Vec<Schedule>> = BTreeMap::new();
    for schedule in schedules {
        let name = schedule.app.name.as_str();
        let id = schedule
            .app
            .id
            .as_deref()
            .or_else(|| ids.get(name).copied());
        let app = id.unwrap_or(name);
        by_app
            .entry(app.to_owned())
            // Mostly it is one, and there may be a thousand apps.
            .or_insert_with(|| Vec::with_capacity(1))
            .push(schedule.clone());
    }
    by_app
}

/// The schedules of each account, those of one app together: the first of them that tells whose it
/// is counts for all. An account in upper and lower case is one, in the spelling that comes first.
#[must_use]
pub fn by_account(schedules: &[Schedule]) -> Vec<(Option<String>, Vec<Schedule>)> {
    let mut accounts: Vec<(Option<String>, Vec<Schedule>)> = vec![];
    for of_app in by_app(schedules.iter()).into_values() {
        let mut told = of_app
            .iter()
            .filter_map(|schedule| schedule.app.account.clone());
        let account = told.next();
        let is_it = |known: &&mut (Option<String>, Vec<Schedule>)| {
            is_same(known.0.as_deref(), account.as_deref())
        };
        match accounts.iter_mut().find(is_it) {
            Some((_, known)) => known.extend(of_app),
            None => accounts.push((account, of_app)),
        }
    }
    accounts
}

/// Why schedules of one app must not be acted on together: they are of different accounts, and a pass
/// acts as one.
fn two_accounts(schedules: &[Schedule]) -> Option<Error> {
    let mut told = schedules
        .iter()
        .filter_map(|schedule| schedule.app.account.as_deref());
    let first = told.next()?;
    let other = told.find(|other| !is_same_account(first, other))?;
    let app = &schedules[0].app.name;
    Some(Error::Other {
        code: "two_accounts",
        message: format!(
            "{app} has schedules of {first} and of {other}, and a pass acts as one account"
        ),
        hint: Some(format!(
            "set the schedules of {other} again as {first}, or the other way round"
        )),
    })
}

/// Heroku's own API: a schedule with an id and no host is of it.
pub use crate::heroku::OWN as HEROKU;

/// Why a schedule must not be acted on while requests go to `host`.
#[must_use]
pub fn foreign_host(schedule: &Schedule, host: &str) -> Option<Error> {
    // Ids of a fleet's apps were found, and not set.
    let id = schedule.app.id.as_ref();
    let id = id.filter(|_| schedule.app.membership == Membership::Alone);
    let own = schedule.app.host.as_deref().or(id.map(|_| HEROKU))?;
    (own != host).then(|| Error::Other {
        code: "other_host",
        message: format!("the schedule was set on {own}, and requests go to {host}"),
        hint: Some(format!(
            "reach {own} with HEROKU_HOST (unset it for Heroku itself), or set the schedule again"
        )),
    })
}
