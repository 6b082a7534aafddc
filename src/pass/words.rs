//! A pass asks: Heroku whether it has an incident, and the app whether it is well and whether a restart
//! suits it. Nobody is asked while nothing is due.

use super::one_app::AppPass;
use crate::{
    plan::{self, Ask, Plan, SkipReason, Step, Word},
    report::AppReport,
    snapshot::Snapshot,
    state::Mark,
};

impl AppPass<'_> {
    /// Asks what is to be known before the steps of a plan are begun; tells whether anything was.
    pub(super) async fn ask(
        &mut self,
        report: &mut AppReport,
        plan: &Plan,
        snapshot: &Snapshot,
    ) -> bool {
        let is_by_incident = |reason: SkipReason| reason == SkipReason::HerokuIncident;
        let mut skips = plan.skips.iter();
        if plan.steps.is_empty() && !skips.any(|skip| is_by_incident(skip.reason)) {
            return false;
        }
        self.recall();
        let (client, stop) = (self.pass.tools.client, self.pass.tools.stop);
        let platform = self.pass.tools.platform;
        if plan.steps.iter().any(heeds_incidents) || plan.steps.is_empty() {
            let _ = stop.or(platform.look(client)).await;
        }
        let incident = platform.incident();
        let mut has_news = self.known.seen.words.incident != incident;
        self.known.seen.words.incident = incident;
        for ask in plan::unasked(self.question(snapshot), &plan.steps) {
            let Ok(word) = stop.or(client.word(&ask)).await else {
                return has_news;
            };
            has_news = true;
            self.known.seen.words.hear(&ask, &word, client.now());
            if let (Ask::Busy(url), Word::Nothing(said)) = (&ask, &word) {
                let notice = format!(
                    "{}: {} {said}, which does not tell whether a restart suits the app: it is restarted",
                    report.app,
                    url.place()
                );
                if !report.notices.contains(&notice) {
                    report.notices.push(notice);
                }
            }
        }
        let vouched = plan::vouch(self.question(snapshot), &plan.steps);
        self.known.seen.words.vouch(vouched);
        self.keep_busy();
        has_news
    }

    /// What an earlier pass was told: an app may put restarts off for so long at a stretch, whoever asks.
    fn recall(&mut self) {
        for schedule in &self.schedules {
            let Some(url) = &schedule.guards.busy_url else {
                continue;
            };
            if let Some(busy) = self.pass.state.mark(schedule).busy {
                self.known.seen.words.recall(url, busy);
            }
        }
    }

    /// Keeps it for the next one. What cannot be kept is counted anew by that.
    fn keep_busy(&self) {
        if self.pass.options.is_dry_run {
            return;
        }
        for schedule in &self.schedules {
            let Some(url) = &schedule.guards.busy_url else {
                continue;
            };
            let mark = self.pass.state.mark(schedule);
            let busy = self.known.seen.words.busy_since(url);
            if mark.busy != busy
                && let Err(error) = self.pass.state.set_mark(schedule, &Mark { busy, ..mark })
            {
                tracing::debug!(%error, "that the app is busy is not kept");
            }
        }
    }
}

fn heeds_incidents(step: &Step) -> bool {
    !step.asks.ignores_incident
}
