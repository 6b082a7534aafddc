//! What a watch has made for it: passes, logs that are listened to, what is told.

use super::Runner;
use crate::{
    commands::passes::failed,
    error::Error,
    notify,
    pass::{self, Listened},
    report::Report,
    runner::{self, Ear},
    schedule::Schedule,
    store::Store,
};
use std::rc::Rc;

impl runner::Passes for Runner<'_> {
    async fn pass(&self, schedules: Vec<Schedule>, listened: &Listened) -> Result<Report, Error> {
        self.passes.over(&schedules, false, Some(listened)).await
    }

    async fn listen(&self, schedules: Vec<Schedule>, ear: Rc<Ear>) {
        tokio::select! {
            () = self.passes.listen(&schedules, &ear.heard) => {}
            () = ear.ended() => {}
        }
    }

    fn expand(&self, schedules: &[Schedule]) -> Vec<Schedule> {
        self.passes.fleets.expand(schedules)
    }

    fn is_stale(&self, schedule: &Schedule) -> bool {
        self.passes.is_stale(schedule)
    }

    async fn ask(&self, fleets: Vec<Schedule>) -> Option<Report> {
        let asked = fleets.iter().map(|fleet| self.passes.ask(fleet, false));
        futures_util::future::join_all(asked).await;
        self.passes.report_of_news()
    }

    fn tell(&self, report: &Report) {
        Runner::tell(self, report);
    }

    fn untold(&self, schedules: &[Schedule]) -> Option<Report> {
        self.passes.untold(schedules)
    }

    fn note(&self, made: Result<&Report, &Error>, schedules: &[Schedule]) {
        match made {
            Ok(report) => self.note(report, schedules),
            Err(Error::Interrupted) => {}
            Err(error) => {
                let now = self.context.clock.now();
                self.note(&failed(schedules, now, error, false), schedules);
            }
        }
    }

    fn has_news(&self) -> bool {
        self.notifier.has_letters()
    }

    async fn deliver(&self) {
        Runner::deliver(self).await;
    }

    fn measure(&self, ear: &Ear) {
        let Some(app_id) = ear.heard.app_id.borrow().clone() else {
            return;
        };
        // There is one from the first pass on.
        let Some(ledger) = self.passes.ledger.get() else {
            return;
        };
        let lives = ear.heard.lives.borrow();
        let now = lives.told_at().unwrap_or_else(|| self.context.clock.now());
        match pass::measure(ledger, &app_id, &lives, now) {
            Ok(measured) => measured
                .iter()
                .for_each(|record| self.context.ui.measured(record)),
            Err(error) => tracing::debug!(%error, "what restarts bought is not noted"),
        }
    }

    fn endings(&self, schedules: &[Schedule]) -> Vec<String> {
        self.passes.endings(schedules)
    }

    async fn readable(&self, schedules: &[Schedule]) -> Result<(), Error> {
        if let Store::Environment(_) = self.store {
            return self.is_taken().await;
        }
        self.passes.readable(schedules).await
    }

    async fn ping(&self, schedules: usize) -> Option<String> {
        let (name, url) = self.ping.as_ref()?;
        let options = self.context.options_in_silence().ok()?;
        let told = self.stop.or(notify::ping(&options, url, schedules)).await;
        let error = told.ok()?.err()?;
        Some(format!(
            "{name} was not told that the runner fares well: {error}"
        ))
    }
}
