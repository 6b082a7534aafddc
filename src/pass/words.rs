//! A pass asks: Heroku whether it has an incident, and the app whether it is well and whether a restart
//! suits it. Nobody is asked while nothing is due.

use super::one_app::AppPass;
use crate::{
    heroku::{Client, Platform},
    plan::{self, Ask, Plan, Question, SkipReason, Step, Word, Words},
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
        let asks = plan::unasked(self.question(snapshot), &plan.steps);
        let Ok(words) = stop.or(client.words(&asks)).await else {
            return has_news;
        };
        for (ask, word) in asks.iter().zip(&words) {
            has_news = true;
            self.known.seen.words.hear(ask, word, client.now());
            if let (Ask::Busy(url, max), Word::No(said)) = (ask, word)
                && self.known.seen.words.is_overdue(url, *max, client.now())
            {
                let notice = format!(
                    "{}: {} {said} for {max}, and is restarted all the same",
                    report.app,
                    url.place()
                );
                if !report.notices.contains(&notice) {
                    report.notices.push(notice);
                }
            }
            if let (Ask::Busy(url, _), Word::Nothing(said)) = (ask, word) {
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

/// What others say by now of steps that a plan has; `None` where there is nobody to ask.
pub async fn words(
    client: &Client,
    platform: &Platform,
    question: Question<'_>,
    steps: &[Step],
) -> Option<Words> {
    if steps.is_empty() {
        return None;
    }
    let mut words = question.known.seen.words.clone();
    platform.look(client).await;
    words.incident = platform.incident();
    let asks = plan::unasked(question, steps);
    let told = client.words(&asks).await;
    for (ask, word) in asks.iter().zip(&told) {
        words.hear(ask, word, client.now());
    }
    let mut known = question.known.clone();
    known.seen.words = words;
    let question = Question {
        known: &known,
        ..question
    };
    let vouched = plan::vouch(question, steps);
    let mut words = known.seen.words;
    words.vouch(vouched);
    Some(words)
}

fn heeds_incidents(step: &Step) -> bool {
    !step.asks.ignores_incident
}
