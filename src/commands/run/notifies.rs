//! Whoever schedules name is told what a pass found.

use super::Runner;
use crate::{
    commands::passes::failed, error::Error, report::Report, schedule::Schedule, store::narrow,
};
use jiff::SignedDuration;
use std::{cell::Cell, pin::pin};

/// Between two messages of one pass: chats take about one a second.
const MOMENT: SignedDuration = SignedDuration::from_secs(10);

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
            self.gather(is_over).await;
        }
    }

    /// Waits for a moment in which more may come, so that the end of many apps is no message of each.
    async fn gather(&self, is_over: &Cell<bool>) {
        let mut moment = pin!(self.context.clock.sleep(MOMENT));
        let mut has_come = false;
        while !is_over.get() {
            tokio::select! {
                () = &mut moment => break,
                () = self.fresh.notified() => has_come = true,
            }
        }
        if has_come || is_over.get() {
            self.fresh.notify_one();
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
