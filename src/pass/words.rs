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
use std::sync::Arc;

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
        let tools = &self.pass.tools;
        let asked = words(
            tools.client,
            tools.platform,
            self.question(snapshot),
            &plan.steps,
        );
        let Ok((words, told)) = tools.stop.or(asked).await else {
            return false;
        };
        let has_news = !told.is_empty() || self.known.seen.words.incident != words.incident;
        self.known.seen.words = words;
        for (ask, word) in &told {
            if let (Ask::Busy(url, max), Word::No(said)) = (ask, word)
                && self
                    .known
                    .seen
                    .words
                    .is_overdue(url, *max, tools.client.now())
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
            if let (Ask::Busy(url, _), Word::Nothing(said)) = (ask, word)
                && self.known.seen.words.no_answer(url).is_some()
            {
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

/// What a pass would do now, where whoever may say no is asked as it asks them; and what they said.
pub async fn planned(
    client: &Client,
    platform: &Platform,
    question: Question<'_>,
) -> (Plan, Words) {
    let plan = plan::plan(question);
    let mut known = question.known.clone();
    if plan.steps.is_empty() {
        return (plan, known.seen.words);
    }
    (known.seen.words, _) = words(client, platform, question, &plan.steps).await;
    let question = Question {
        known: &known,
        ..question
    };
    (plan::plan(question), known.seen.words)
}

/// What others say by now of the steps of a plan, and what was asked and answered for that.
async fn words(
    client: &Client,
    platform: &Platform,
    question: Question<'_>,
    steps: &[Arc<Step>],
) -> (Words, Vec<(Ask, Word)>) {
    let mut known = question.known.clone();
    // Without a step an incident may be why.
    if steps.is_empty() || steps.iter().any(|step| heeds_incidents(step)) {
        platform.look(client).await;
    }
    known.seen.words.incident = platform.incident();
    let asks = plan::unasked(question, steps);
    let told = client.words(&asks).await;
    let told: Vec<(Ask, Word)> = asks.into_iter().zip(told).collect();
    for (ask, word) in &told {
        known.seen.words.hear(ask, word, client.now());
    }
    let question = Question {
        known: &known,
        ..question
    };
    let vouched = plan::vouch(question, steps);
    known.seen.words.vouch(vouched);
    (known.seen.words, told)
}

fn heeds_incidents(step: &Step) -> bool {
    !step.asks.ignores_incident
}
