//! Whoever schedules name is told what a pass found.

use super::Runner;
use crate::{
    commands::passes::failed, error::Error, report::Report, schedule::Schedule, store::narrow,
};

impl Runner<'_> {
    /// After one pass, and after it was shown: a receiver that hangs holds nothing but the end of this
    /// process, for some seconds.
    pub(super) async fn notify(&self, report: &Report) {
        if self.flags.dry_run {
            return;
        }
        self.note(report, &self.schedules.borrow());
        self.deliver().await;
    }

    /// A pass that could not be made at all.
    pub(super) async fn notify_of_trouble(&self, error: &Error) {
        if matches!(error, Error::Interrupted) {
            return;
        }
        let report = failed(
            &self.schedules.borrow(),
            self.context.clock.now(),
            error,
            self.flags.dry_run,
        );
        self.notify(&report).await;
    }

    /// Writes down what is news.
    pub(super) fn note(&self, report: &Report, schedules: &[Schedule]) {
        let schedules = narrow(schedules.to_vec(), self.flags.app.as_ref(), None);
        let ends = self.passes.ending(&schedules);
        self.notifier.note(report, &schedules, ends.as_deref());
    }

    /// Sends what waits, and says what could not be sent.
    pub(super) async fn deliver(&self) {
        // A person who wants to leave is not held; what waits is sent by the next pass.
        let is_leaving = self.stop.is_set() && self.context.ui.is_watched();
        if is_leaving || !self.notifier.has_letters() {
            return;
        }
        for problem in self.notifier.deliver().await {
            self.context.ui.warn(&problem);
        }
    }
}
