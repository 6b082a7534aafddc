//! What others say of a restart: the app by URLs of its own, and Heroku of itself. Who asks them is the
//! pass; here is what of it forbids a restart, and what is to be asked before one is begun.

use super::{
    Question, SkipReason, Step,
    guards::Reason,
    health::{Witness, is_dated},
};
use crate::{
    schedule::{AppUrl, BUSY_MAX, Guards, Span},
    snapshot::Dyno,
};
use jiff::{SignedDuration, Timestamp};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// Whom a step is to ask.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Asks {
    /// Each must answer well before the next dyno goes.
    pub checks: BTreeSet<AppUrl>,
    /// Each may put the restart off, and for how long.
    pub busy: BTreeMap<AppUrl, Span>,
    /// An incident of Heroku's does not stop it.
    pub ignores_incident: bool,
}

/// A question to the app.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ask {
    /// Is it well?
    Check(AppUrl),
    /// Does a restart suit it? And for how long it may put it off.
    Busy(AppUrl, Span),
}

/// What the app answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Word {
    Yes,
    /// No, and what it said.
    No(String),
    /// Nothing that is an answer to the question, and what came in its place.
    Nothing(String),
}

/// The newest answers.
#[derive(Debug, Clone, Default)]
pub struct Words {
    busy: BTreeMap<AppUrl, Busy>,
    checked: BTreeMap<AppUrl, (Timestamp, Result<(), String>)>,
    /// Dynos, and the checks that were answered well after their start.
    vouched: BTreeSet<(String, AppUrl)>,
    /// An incident of Heroku's that affects apps.
    pub incident: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Busy {
    at: Timestamp,
    /// Since when a restart does not suit it.
    since: Option<Timestamp>,
    said: String,
    /// It gave no answer, after a no: that stands until it has given none twice.
    is_in_doubt: bool,
}

/// For so long a word is taken for what it would be now.
const FRESH: SignedDuration = SignedDuration::from_secs(10);
/// A no that is so much older than the next one is another one, where it does not put off for longer.
const STRETCH: SignedDuration = SignedDuration::from_hours(2);

impl Asks {
    /// Of all schedules that are about a dyno: each of their questions, and the longest patience.
    pub(super) fn new(question: Question<'_>, guards: &[&Guards]) -> Self {
        let given = question.known.now.as_ref().map(|now| &now.given);
        let given_check = given.and_then(|given| given.check_url.as_ref());
        let checks = guards.iter().filter_map(|guards| guards.check_url.as_ref());
        let mut busy = BTreeMap::new();
        if !given.is_some_and(|given| given.ignores_busy) {
            for guards in guards {
                if let Some(url) = &guards.busy_url {
                    // An occurrence is missed when its catch-up is over, whoever put it off.
                    let half = Span::seconds(guards.catch_up.as_secs() / 2);
                    let max = guards.busy_max.unwrap_or(BUSY_MAX.min(half));
                    let known = busy.entry(url.clone()).or_insert(max);
                    *known = max.max(*known);
                }
            }
        }
        let is_ignored = given.is_some_and(|given| given.ignores_incident);
        Self {
            checks: checks.chain(given_check).cloned().collect(),
            busy,
            ignores_incident: is_ignored || guards.iter().all(|guards| guards.ignore_incident),
        }
    }
}

impl Words {
    /// Takes in what the app answered.
    pub fn hear(&mut self, ask: &Ask, word: &Word, now: Timestamp) {
        match (ask, word) {
            (Ask::Busy(url, max), word) => {
                let before = self.busy.get(url);
                let stretch = STRETCH.max(max.duration());
                let before = before.filter(|busy| now.duration_since(busy.at) < stretch);
                let was_sure = before.is_some_and(|busy| !busy.is_in_doubt);
                let before = before.and_then(|busy| busy.since);
                let (since, said) = match word {
                    Word::Yes => (None, String::new()),
                    Word::No(said) => (Some(before.unwrap_or(now)), said.clone()),
                    // Whoever does not answer the question puts nothing off; one who said no a moment ago is
                    // asked once more.
                    Word::Nothing(said) => (before.filter(|_| was_sure), said.clone()),
                };
                let is_in_doubt = matches!(word, Word::Nothing(_));
                let busy = Busy {
                    at: now,
                    since,
                    said,
                    is_in_doubt,
                };
                self.busy.insert(url.clone(), busy);
            }
            (Ask::Check(url), word) => {
                let result = match word {
                    Word::Yes => Ok(()),
                    Word::No(said) | Word::Nothing(said) => Err(said.clone()),
                };
                self.checked.insert(url.clone(), (now, result));
            }
        }
    }

    /// Takes in what an earlier pass was told: since when, and when last, a restart did not suit the app, and
    /// whether the last answer was none.
    pub fn recall(&mut self, url: &AppUrl, (since, at): (Timestamp, Timestamp), is_in_doubt: bool) {
        self.busy.entry(url.clone()).or_insert(Busy {
            at,
            since: Some(since),
            said: String::new(),
            is_in_doubt,
        });
    }

    /// Whether it has put restarts off for as long as it may.
    #[must_use]
    pub fn is_overdue(&self, url: &AppUrl, max: Span, now: Timestamp) -> bool {
        let since = self.busy.get(url).and_then(|busy| busy.since);
        since.is_some_and(|since| now >= since + max.duration())
    }

    /// Since when, and when last, a restart does not suit the app, by this URL.
    #[must_use]
    pub fn busy_since(&self, url: &AppUrl) -> Option<(Timestamp, Timestamp)> {
        let busy = self.busy.get(url)?;
        Some((busy.since?, busy.at))
    }

    /// Whether it gave no answer when last it was asked, after a no.
    #[must_use]
    pub fn is_in_doubt(&self, url: &AppUrl) -> bool {
        self.busy
            .get(url)
            .is_some_and(|busy| busy.since.is_some() && busy.is_in_doubt)
    }

    /// What this URL answered in place of an answer to the question.
    #[must_use]
    pub fn no_answer(&self, url: &AppUrl) -> Option<&str> {
        let busy = self.busy.get(url)?;
        (busy.since.is_none() && !busy.said.is_empty()).then_some(busy.said.as_str())
    }

    /// The questions to the app whose answers are not known by now, before a step is begun.
    pub(super) fn unasked(&self, step: &Step, now: Timestamp) -> Vec<Ask> {
        let is_stale = |(url, _): &(&AppUrl, &Span)| {
            let busy = self.busy.get(*url);
            // What an earlier pass was told is no answer to this one.
            busy.is_none_or(|busy| {
                !is_fresh(busy.at, now) || busy.said.is_empty() && busy.since.is_some()
            })
        };
        let stale = step.asks.busy.iter().filter(is_stale);
        stale
            .map(|(url, max)| Ask::Busy(url.clone(), *max))
            .collect()
    }

    /// Why a step does not suit the app now; past its patience it is restarted all the same.
    ///
    /// A no counts for so long: whoever asks again soon need not believe an old one.
    pub(super) fn busy(
        &self,
        step: &Step,
        now: Timestamp,
        counts_for: SignedDuration,
    ) -> Option<String> {
        step.asks.busy.iter().find_map(|(url, max)| {
            let is_told =
                |busy: &&Busy| now.duration_since(busy.at) < counts_for && !busy.said.is_empty();
            let busy = self.busy.get(url).filter(is_told)?;
            let since = busy.since?;
            let until = since + max.duration();
            let (place, said) = (url.place(), &busy.said);
            (now < until).then(|| {
                format!(
                    "{place} {said}; restarted all the same from {} on",
                    step.zone.tell(until)
                )
            })
        })
    }
}

fn is_fresh(at: Timestamp, now: Timestamp) -> bool {
    now.duration_since(at) < FRESH
}

/// What is to be asked before these steps are begun.
#[must_use]
pub fn unasked(question: Question<'_>, steps: &[Arc<Step>]) -> Vec<Ask> {
    let mut asks: Vec<Ask> = vec![];
    let words = &question.known.seen.words;
    for step in steps {
        let busy = words.unasked(step, question.now);
        let is_owed = owed(question, step).is_some();
        let is_stale = |url: &&AppUrl| {
            let checked = words.checked.get(*url);
            checked.is_none_or(|(at, _)| !is_fresh(*at, question.now))
        };
        let checks = step.asks.checks.iter().filter(|_| is_owed).filter(is_stale);
        let asked = busy.into_iter().chain(checks.cloned().map(Ask::Check));
        for ask in asked {
            if !asks.contains(&ask) {
                asks.push(ask);
            }
        }
    }
    asks
}

/// The dynos for which checks were owed that are answered well by now, each with such a check.
#[must_use]
pub fn vouch(question: Question<'_>, steps: &[Arc<Step>]) -> BTreeSet<(String, AppUrl)> {
    let words = &question.known.seen.words;
    let is_well = |url: &AppUrl| {
        let checked = words.checked.get(url);
        checked.is_some_and(|(at, result)| result.is_ok() && is_fresh(*at, question.now))
    };
    let of_step = |step: &Arc<Step>| {
        let well = step.asks.checks.iter().filter(|url| is_well(url));
        let well: Vec<AppUrl> = well.cloned().collect();
        let of_dyno = |dyno: &Dyno| {
            let pair = |url: &AppUrl| (dyno.id.clone(), url.clone());
            well.iter().map(pair).collect::<Vec<_>>()
        };
        owing(question, step).flat_map(of_dyno).collect::<Vec<_>>()
    };
    steps.iter().flat_map(of_step).collect()
}

impl Words {
    /// See [`vouch`].
    pub fn vouch(&mut self, dynos: BTreeSet<(String, AppUrl)>) {
        self.vouched.extend(dynos);
    }
}

/// What others say against this step.
pub(super) fn against(question: Question<'_>, step: &Step) -> Option<Reason> {
    let words = &question.known.seen.words;
    let incident = words
        .incident
        .as_ref()
        .filter(|_| !step.asks.ignores_incident);
    if let Some(incident) = incident {
        return Some((SkipReason::HerokuIncident, incident.clone()));
    }
    if let Some(busy) = words.busy(step, question.now, FRESH) {
        return Some((SkipReason::AppBusy, busy));
    }
    let dyno = owed(question, step)?;
    let (url, said) = step.asks.checks.iter().find_map(|url| {
        let (at, result) = words.checked.get(url)?;
        let error = result
            .as_ref()
            .err()
            .filter(|_| is_fresh(*at, question.now));
        Some((url, error?))
    })?;
    let started = step.zone.tell(dyno.created_at);
    let detail = format!(
        "{} started {started}, and {} {said}",
        dyno.name,
        url.place()
    );
    // One that has just come up may need a moment more.
    let is_young = question.now.duration_since(dyno.created_at) < step.limits.wait_limit.duration();
    let reason = if is_young {
        SkipReason::Settling
    } else {
        SkipReason::PreviousRestartNotHealthy
    };
    Some((reason, detail))
}

/// A dyno that somebody restarted and whose check this pass has not seen: its answer is owed before the
/// next one goes.
fn owed<'a>(question: Question<'a>, step: &Step) -> Option<&'a Dyno> {
    owing(question, step).max_by_key(|dyno| dyno.created_at)
}

fn owing<'a>(question: Question<'a>, step: &Step) -> impl Iterator<Item = &'a Dyno> {
    let seen = &question.known.seen;
    let witness = Witness {
        snapshot: question.snapshot,
        now: question.now,
        seen,
        asked: &question.known.asked,
    };
    // What came for a trigger of its own, hours ago, is not of this roll.
    let since = if is_dated(step) {
        step.occurrence
    } else {
        question.now - step.limits.wait_limit.duration()
    };
    let checks = step.asks.checks.clone();
    question.snapshot.formation_dynos().filter(move |dyno| {
        let is_of_a_roll = dyno.created_at >= since || witness.failure(dyno).is_some();
        let is_vouched = |url: &AppUrl| {
            let vouched = &seen.words.vouched;
            vouched.contains(&(dyno.id.clone(), url.clone()))
        };
        let is_known = seen.is_proven(&dyno.id) || checks.iter().all(is_vouched);
        is_of_a_roll && !is_known && dyno.id != step.old_id
    })
}
