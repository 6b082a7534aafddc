//! What a pass did, as one value; [`json`] and [`human`] only render it.

pub mod advice;
pub mod chart;
pub mod forecast;
pub mod human;
pub mod json;
pub mod last;
pub mod logfmt;
pub mod status;
pub mod strip;
mod svg;
mod table;

pub use table::table;

use crate::{
    error::{Error, exit},
    ledger::Record,
    plan::{Ended, Outcome, Skip, SkipReason, Step, Weight, due::NOW, missed::Missed},
    schedule::Schedule,
};
use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use std::{collections::BTreeSet, sync::Arc};

/// One pass over some apps.
#[derive(Debug)]
pub struct Report {
    /// Heroku's time at the end, this machine's when nobody was asked.
    pub now: Timestamp,
    pub apps: Vec<AppReport>,
    pub requests: u64,
    pub remaining: Option<u64>,
    /// How far Heroku's clock is ahead of this machine's, where that is worth saying.
    pub skew: Option<SignedDuration>,
    pub is_dry_run: bool,
    pub is_interrupted: bool,
    /// What is not about one app.
    pub warnings: Vec<String>,
    /// The next occurrence of any schedule, after `now`, and the zone of that schedule.
    pub next: Option<(Timestamp, TimeZone)>,
}

/// What a pass did to one app.
#[derive(Debug, Default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a fact of its own about one pass"
)]
pub struct AppReport {
    pub app: String,
    /// What its schedules call it, which may be a former name.
    pub named: String,
    /// Whether its dynos were looked at.
    pub was_seen: bool,
    pub ended: Vec<Arc<Ended>>,
    /// Steps of a dry run, in their order.
    pub planned: Vec<Arc<Step>>,
    /// Dynos that this pass had planned to restart.
    pub was_due: BTreeSet<String>,
    pub skips: Vec<Skip>,
    /// Earlier restarts whose effect is known by now.
    pub measured: Vec<Record>,
    pub missed: Vec<Missed>,
    /// The schedules whose misses stand as untold until this report is told.
    pub untold: Vec<Schedule>,
    pub error: Option<Error>,
    /// What to do about the credential, where Heroku refused it.
    pub refusal: Option<String>,
    /// Things worth a line: a rename, an id that was filled in.
    pub notices: Vec<String>,
    /// Whether the restarts were asked for (`--now`): then a due dyno left alone is a failure.
    pub is_asked_for: bool,
    /// Whether Heroku's answers lacked dynos that are wanted.
    pub has_gap: bool,
    /// Whether the pass waited for as long as it may, in vain.
    pub has_given_up: bool,
    /// Whether who is to hear of it was told when the pass over it had ended.
    pub is_noted: bool,
}

impl AppReport {
    #[must_use]
    pub fn of(app: &str) -> Self {
        Self {
            app: app.to_owned(),
            named: app.to_owned(),
            ..Self::default()
        }
    }

    /// Whether a step of a plan is over, or was given up.
    #[must_use]
    pub fn has_end(&self, step: &Step) -> bool {
        self.ended.iter().any(|ended| *ended.step == *step)
    }

    /// Takes the end of a step, or a worse one of a step that had ended.
    pub fn end(&mut self, ended: Arc<Ended>) {
        let known = self.ended.iter_mut().find(|known| known.step == ended.step);
        match known {
            Some(known) => *known = ended,
            None => self.ended.push(ended),
        }
    }

    /// Skips that say something: those of dynos that are due.
    pub fn due_skips(&self) -> impl Iterator<Item = &Skip> {
        self.skips
            .iter()
            .filter(|skip| skip.reason.weight() != Weight::NotDue)
    }

    /// Skips that people are told of: those of dynos that are due, and those of dynos that were due,
    /// or asked for, and are not any more.
    pub fn told_skips(&self) -> impl Iterator<Item = &Skip> {
        // What ended has its own line.
        let is_ours = |skip: &Skip| self.ended.iter().any(|ended| ended.step.dyno == skip.dyno);
        self.skips.iter().filter(move |skip| {
            let was_asked_for = self.is_asked_for && skip.schedule.as_deref() == Some(NOW);
            let was_due = was_asked_for || self.was_due.contains(&skip.dyno);
            let is_left = skip.reason.weight() != Weight::NotDue;
            (is_left || was_due) && !is_ours(skip)
        })
    }

    fn is_all_well(&self) -> bool {
        let is_held = |skip: &Skip| skip.reason.weight() == Weight::Held || self.is_asked_for;
        self.ended.iter().all(|ended| ended.outcome.is_good())
            && self.missed.is_empty()
            // What was asked for has no later pass that looks again.
            && !(self.has_gap && self.is_asked_for)
            && !self.has_given_up
            && !self.due_skips().any(is_held)
    }
}

impl Report {
    /// What to do about credentials that Heroku refused, each once.
    #[must_use]
    pub fn refusals(&self) -> BTreeSet<&str> {
        let told = self.apps.iter().filter_map(|app| app.refusal.as_deref());
        told.collect()
    }

    /// Of nothing.
    #[must_use]
    pub fn empty(now: Timestamp, is_dry_run: bool) -> Self {
        Self {
            now,
            apps: vec![],
            requests: 0,
            remaining: None,
            skew: None,
            is_dry_run,
            is_interrupted: false,
            warnings: vec![],
            next: None,
        }
    }

    /// Several reports as one; what is due next is not known to any of them alone.
    #[must_use]
    pub fn of_all(
        reports: Vec<Self>,
        now: Timestamp,
        next: Option<(Timestamp, TimeZone)>,
        is_dry_run: bool,
    ) -> Self {
        let mut whole = Self::empty(now, is_dry_run);
        whole.next = next;
        for report in reports {
            whole.now = whole.now.max(report.now);
            whole.apps.extend(report.apps);
            whole.requests += report.requests;
            // Each account has a pool of its own: the emptiest is what matters.
            let remaining = [whole.remaining, report.remaining];
            whole.remaining = remaining.into_iter().flatten().min();
            whole.skew = whole.skew.or(report.skew);
            whole.is_interrupted |= report.is_interrupted;
            for warning in report.warnings {
                if !whole.warnings.contains(&warning) {
                    whole.warnings.push(warning);
                }
            }
        }
        whole
    }

    /// Whether there is nothing in it that anybody waits for.
    #[must_use]
    pub fn is_silent(&self) -> bool {
        let says = |app: &AppReport| {
            !app.ended.is_empty()
                || !app.planned.is_empty()
                || !app.missed.is_empty()
                || !app.measured.is_empty()
                || !app.notices.is_empty()
                || app.error.is_some()
                || app.told_skips().next().is_some()
        };
        self.exit_code() == exit::DONE && self.warnings.is_empty() && !self.apps.iter().any(says)
    }

    /// Whether nothing but a person can make something of what is due.
    #[must_use]
    pub fn is_at_rest(&self) -> bool {
        let weights = || {
            self.apps
                .iter()
                .flat_map(AppReport::due_skips)
                .map(|skip| skip.reason.weight())
        };
        let has_gap = self.apps.iter().any(|app| app.has_gap);
        self.trouble().is_none()
            && (has_gap || weights().count() > 0)
            && weights().all(|weight| matches!(weight, Weight::Left | Weight::Held))
    }

    /// Whether nothing was done, and nothing is waited for.
    #[must_use]
    pub fn is_fruitless(&self) -> bool {
        // That a restart does not help changes with the hours, not with the minutes.
        let is_helpless = |skip: &Skip| skip.reason == SkipReason::RestartDoesNotHelp;
        let is_quiet = |app: &AppReport| {
            app.ended.is_empty() && !app.has_gap && app.due_skips().all(is_helpless)
        };
        self.trouble().is_none() && !self.is_interrupted && self.apps.iter().all(is_quiet)
    }

    /// Whether any dyno was restarted.
    #[must_use]
    pub fn has_restarted(&self) -> bool {
        let mut ended = self.apps.iter().flat_map(|app| &app.ended);
        ended.any(|ended| ended.outcome == Outcome::Restarted)
    }

    /// Why an app could not be looked at.
    #[must_use]
    pub fn trouble(&self) -> Option<String> {
        let error = |app: &AppReport| Some(format!("{}: {}", app.app, app.error.as_ref()?));
        self.apps.iter().find_map(error)
    }

    #[must_use]
    pub fn exit_code(&self) -> u8 {
        if self.is_interrupted {
            exit::INTERRUPTED
        } else if !self.apps.iter().all(AppReport::is_all_well) {
            exit::NOT_ALL_WELL
        } else if self.apps.iter().any(|app| app.error.is_some()) {
            exit::FAILED
        } else {
            exit::DONE
        }
    }
}
