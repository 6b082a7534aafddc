//! A pass asks: Heroku whether it has an incident, and the app whether it is well and whether a restart
//! suits it. Nobody is asked while nothing is due.

use super::one_app::AppPass;
use crate::{
    heroku::{Client, Platform},
    plan::{self, Ask, Plan, Question, SkipReason, Step, Word, Words},
    report::AppReport,
    schedule::Schedule,
    snapshot::Snapshot,
    state::{Mark, StateDir},
};
use jiff::Timestamp;
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
        let tools = &self.pass.tools;
        recall(
            self.pass.state,
            &self.schedules,
            (tools.platform, tools.client.now()),
            &mut self.known.seen.words,
        );
        let incident = tools.platform.told();
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
        let told = tools.platform.told();
        if told != incident && !self.pass.options.is_dry_run {
            self.pass.state.note_incident(told.as_ref());
        }
        has_news
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
            let fresh = Mark {
                busy: self.known.seen.words.busy_since(url),
                is_busy_in_doubt: self.known.seen.words.is_in_doubt(url),
                ..mark.clone()
            };
            if fresh != mark
                && let Err(error) = self.pass.state.set_mark(schedule, &fresh)
            {
                tracing::debug!(%error, "that the app is busy is not kept");
            }
        }
    }
}

/// What earlier passes were told: an app may put restarts off for so long at a stretch, whoever asks; and a
/// status page that fails has not told that its incident is over.
fn recall(
    state: &StateDir,
    schedules: &[Schedule],
    (platform, now): (&Platform, Timestamp),
    words: &mut Words,
) {
    platform.recall(now, || state.incident());
    for schedule in schedules {
        let Some(url) = &schedule.guards.busy_url else {
            continue;
        };
        let mark = state.mark(schedule);
        if let Some(busy) = mark.busy {
            words.recall(url, busy, mark.is_busy_in_doubt);
        }
    }
}

/// What a pass would do now, where whoever may say no is asked as it asks them; and what they said.
pub async fn planned(
    client: &Client,
    platform: &Platform,
    state: &StateDir,
    question: Question<'_>,
) -> (Plan, Words) {
    let mut known = question.known.clone();
    let page = (platform, client.now());
    recall(state, question.schedules, page, &mut known.seen.words);
    let recalled = Question {
        known: &known,
        ..question
    };
    let plan = plan::plan(recalled);
    if plan.steps.is_empty() {
        return (plan, known.seen.words);
    }
    (known.seen.words, _) = words(client, platform, recalled, &plan.steps).await;
    let told = Question {
        known: &known,
        ..question
    };
    (plan::plan(told), known.seen.words)
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
