//! Every planned step has an end in the report and in the ledger, also one whose turn did not come.

use super::one_app::AppPass;
use crate::{
    error::Error,
    execute::Progress,
    plan::{Ended, Outcome, Skip, SkipReason, Step, Weight},
    report::AppReport,
    snapshot::{Generation, Snapshot},
};
use std::sync::Arc;

impl AppPass<'_> {
    /// Takes the steps of a newer plan; those that it lacks are kept, since their dynos may be gone.
    pub(super) fn is_planned(&mut self, steps: &[Arc<Step>]) {
        let before = std::mem::replace(&mut self.planned, steps.to_vec());
        let is_lacking = |step: &Arc<Step>| !steps.iter().any(|one| one.old_id == step.old_id);
        self.former.extend(before.into_iter().filter(is_lacking));
    }

    /// The steps of the newest plan that have no end are told and recorded like those that have one.
    pub(super) fn not_reached(&self, report: &mut AppReport, reason: &str) -> Result<(), Error> {
        let mut recorded = Ok(());
        for step in &self.planned {
            if !report.has_end(step) {
                let ended = Ended::not_reached(step.clone(), reason);
                recorded = recorded.and(self.end(report, ended));
            }
        }
        recorded
    }

    /// Tells of the end of a step, records and reports it.
    pub(super) fn end(&self, report: &mut AppReport, ended: Ended) -> Result<(), Error> {
        let tools = &self.pass.tools;
        tools.observer.progress(Progress::Ended(&ended));
        let recorded = tools.ledger.ended(&ended, tools.client.now());
        report.end(Arc::new(ended));
        recorded
    }

    /// Dynos that were due and were left alone stand in the ledger, with the reason.
    pub(super) fn note_skips(&self, report: &AppReport, snapshot: &Snapshot) -> Result<(), Error> {
        let app = (snapshot.app.name.as_str(), snapshot.app.id.as_str());
        let is_due =
            |skip: &&Skip| skip.reason.weight() != Weight::NotDue && skip.occurrence.is_some();
        for skip in report.told_skips().filter(is_due) {
            self.pass.tools.ledger.skipped(skip, app, snapshot.at)?;
        }
        Ok(())
    }

    /// What may put restarts off for long stands there also where it passes and all is restarted: of the
    /// dyno that is waited with.
    pub(super) fn note_wait(&self, skip: &Skip, snapshot: &Snapshot) -> Result<(), Error> {
        if !skip.reason.is_of_others() {
            return Ok(());
        }
        let app = (snapshot.app.name.as_str(), snapshot.app.id.as_str());
        self.pass.tools.ledger.skipped(skip, app, snapshot.at)
    }

    /// Dynos that were due and are in no list any more are gone: scaled away before their turn. One that
    /// the formation still wants is not.
    pub(super) fn vanished(
        &self,
        report: &mut AppReport,
        snapshot: &Snapshot,
    ) -> Result<(), Error> {
        // Planned again, with other limits, it may have ended as another step.
        let is_over = |step: &&Arc<Step>| {
            let is_it = |other: &Arc<Step>| other.old_id == step.old_id;
            let mut ended = report.ended.iter().map(|ended| &ended.step);
            self.planned.iter().any(is_it) || ended.any(is_it)
        };
        let former = self.former.iter();
        let former: Vec<_> = former.filter(|step| !is_over(step)).collect();
        for step in former.into_iter().chain(&self.planned) {
            let skip = report.skips.iter().find(|skip| skip.dyno == step.dyno);
            let is_unwanted = |skip: &Skip| skip.reason == SkipReason::NotInFormation;
            if skip.is_some_and(|skip| !is_unwanted(skip)) || report.has_end(step) {
                continue;
            }
            // A release without the process type is no fault; a list and a formation that differ are.
            let is_unknown = !snapshot.has_type(&step.process_type)
                && (skip.is_some() || snapshot.formation.is_empty());
            let because = |outcome, reason: &str| Ended {
                outcome,
                ..Ended::not_reached(step.clone(), reason)
            };
            let is_wanted = snapshot.wants(&step.dyno, &step.process_type);
            let ended = match (snapshot.app.generation, is_wanted) {
                _ if is_unknown => because(
                    Outcome::NotReached,
                    "Heroku's formation has nothing of its process type any more",
                ),
                // A pod that is gone is not due any more, whatever came in its place.
                (Generation::Fir, _) => because(
                    Outcome::AlreadyRestarted,
                    "replaced, or scaled away, before its turn",
                ),
                (Generation::Cedar, true) => because(
                    Outcome::NotReached,
                    "it is in Heroku's list no more, although the formation wants it",
                ),
                (Generation::Cedar, false) => because(Outcome::Gone, "gone before its turn"),
            };
            self.end(report, ended)?;
        }
        Ok(())
    }
}
