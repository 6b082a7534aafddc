//! Whoever schedules name is told what a pass found.

use super::Runner;
use crate::{
    commands::passes::failed, error::Error, report::Report, schedule::Schedule, store::narrow,
};
use std::cell::Cell;

impl Runner<'_> {
    /// Beside one pass, and after it was shown: a receiver that hangs holds nothing but the end of this
    /// process, for some seconds.
    pub(super) async fn deliver_until(&self, is_over: &Cell<bool>) {
        loop {
            self.fresh.notified().await;
            let is_last = is_over.get();
            if !self.flags.dry_run {
                self.deliver().await;
            }
            if is_last {
                return;
            }
        }
    }

    /// A pass that could not be made at all.
    pub(super) fn note_trouble(&self, error: &Error) {
        if self.flags.dry_run || matches!(error, Error::Interrupted) {
            return;
        }
        let report = failed(
            &self.schedules.borrow(),
            self.context.clock.now(),
            error,
            false,
        );
        self.note(&report, &self.schedules.borrow());
    }

    /// Writes down what is news.
    pub(super) fn note(&self, report: &Report, schedules: &[Schedule]) {
        let schedules = narrow(schedules.to_vec(), self.flags.app.as_ref(), None);
        let ends = self.passes.ending(&schedules);
        self.notifier
            .note(&report.into(), &schedules, ends.as_deref());
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
