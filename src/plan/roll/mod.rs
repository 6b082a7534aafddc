//! A roll: the steps of one app's plan, done within the budget, each proven before the next.
//!
//! Pure: the executor feeds it the newest list of dynos and does what it answers. Between that list
//! and a DELETE there is no other call.

mod answers;
mod flight;

use super::{
    Ask, Ended, Outcome, Seen, Step, guards,
    health::{self, Witness},
};
use crate::snapshot::{Dyno, Snapshot};
use flight::{Flight, Sighting};
use jiff::{SignedDuration, Timestamp};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

pub use flight::Answer;
pub(super) use flight::LONGEST_LAG;

/// What the executor does next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// DELETE this dyno, now, with nothing in between.
    Restart(Arc<Step>),
    /// Read the list again after this long.
    Wait(SignedDuration),
    /// Ask the app, all of it at once, and tell [`Roll::told`] its answers.
    Ask(Vec<Ask>),
    /// Dynos have left the list: tell [`Roll::formation`] what is wanted by now.
    AskFormation,
    /// The app is not as it was planned for: plan again from a fresh snapshot.
    Replan,
    /// Every step has ended.
    Done,
}

/// Why the rest of an app's steps is not reached.
const AFTER_A_FAILURE: &str = "a step of this app failed before";
/// Answers to the questions before a step are good for so long, however slow the other answers are.
const A_ROUND: SignedDuration = SignedDuration::from_mins(2);
/// Requests for one step, before it has failed.
const ATTEMPTS: u32 = 3;

/// A roll in progress.
#[derive(Debug)]
pub struct Roll {
    pending: Vec<Pending>,
    flights: Vec<Flight>,
    ended: Vec<Arc<Ended>>,
    claimed: BTreeSet<String>,
    /// What Heroku called the requests for each step that has not ended, by the id of its dyno.
    called: BTreeMap<String, Vec<String>>,
    seen: Seen,
    /// Steps of the next occurrence's plan are not begun by this roll.
    until: Option<Timestamp>,
    /// Why the rest is not reached, once a step has failed.
    failure: Option<String>,
    is_outdated: bool,
    /// What Heroku last answered to a restart that it did not take.
    last_error: Option<String>,
    waits: u32,
    /// What was asked for the step that is next, since then: it is not asked again before that is begun.
    round: Option<(Timestamp, Vec<Ask>)>,
}

#[derive(Debug, Clone)]
struct Pending {
    step: Arc<Step>,
    attempts: u32,
    not_before: Option<Timestamp>,
}

impl Roll {
    /// Takes the steps in the order of the plan, and what the pass has seen before. No step is begun
    /// at or after `until`.
    #[must_use]
    pub fn new(steps: &[Arc<Step>], until: Option<Timestamp>, seen: Seen) -> Self {
        let pending = |step: &Arc<Step>| Pending {
            step: Arc::clone(step),
            attempts: 0,
            not_before: None,
        };
        Self {
            pending: steps.iter().map(pending).collect(),
            flights: vec![],
            ended: vec![],
            claimed: BTreeSet::new(),
            called: BTreeMap::new(),
            seen,
            until,
            failure: None,
            is_outdated: false,
            last_error: None,
            waits: 0,
            round: None,
        }
    }

    /// The steps that have ended since the last call.
    pub fn drain_ended(&mut self) -> Vec<Arc<Ended>> {
        std::mem::take(&mut self.ended)
    }

    /// Whether a restart is between its request and its proof.
    #[must_use]
    pub fn is_flying(&self) -> bool {
        !self.flights.is_empty()
    }

    /// Whether a step is not begun yet.
    #[must_use]
    pub fn has_steps_left(&self) -> bool {
        !self.pending.is_empty()
    }

    /// Why the rest is not reached, once a step has failed.
    #[must_use]
    pub fn failure(&self) -> Option<&str> {
        self.failure.as_deref()
    }

    /// What the pass has seen by now.
    #[must_use]
    pub fn into_seen(self) -> Seen {
        self.seen
    }

    /// Tells whether the schedules or the app have changed: then no step is begun any more.
    pub fn begins_no_more(&mut self, is_outdated: bool) {
        self.is_outdated = is_outdated;
    }

    /// Whether a restart in flight still has time to be seen, although the list cannot be read.
    #[must_use]
    pub fn may_wait(&self, now: Timestamp) -> bool {
        self.flights
            .iter()
            .any(|flight| flight.age(now) < flight.step.limits.wait_limit.duration())
    }

    /// The steps in flight, each with the state of the dyno that took the old one's place.
    pub fn sightings<'a>(
        &'a self,
        snapshot: &'a Snapshot,
    ) -> impl Iterator<Item = (&'a Step, &'a str)> {
        self.flights.iter().map(|flight| {
            let state = match flight.successor(snapshot, &self.claimed) {
                None => "stopping",
                Some(_) if flight.is_ready() => "answering its check",
                Some(dyno) if dyno.is_up() => "settling",
                Some(dyno) => dyno.state.as_str(),
            };
            (&*flight.step, state)
        })
    }

    /// Judges the newest list and says what to do.
    pub fn next(&mut self, snapshot: &Snapshot, now: Timestamp) -> Action {
        let (soonest, is_absent) = self.look(snapshot, now);
        if is_absent {
            return Action::AskFormation;
        }
        if let Some(why) = self.failure.clone() {
            self.drop_pending(&why);
        }
        if let Some(url) = self
            .flights
            .iter()
            .find_map(|flight| flight.wants_check(now))
        {
            return Action::Ask(vec![Ask::Check(url.clone())]);
        }
        match self.start(snapshot, now) {
            Start::Step(step) => Action::Restart(step),
            Start::Ask(asks) => Action::Ask(asks),
            Start::Nothing if self.flights.is_empty() && self.pending.is_empty() => Action::Done,
            Start::OtherThanPlanned if self.flights.is_empty() => Action::Replan,
            Start::After(wait) => Action::Wait(self.pause(soonest.min(wait))),
            Start::Nothing | Start::OtherThanPlanned => Action::Wait(self.pause(soonest)),
        }
    }

    /// Judges what flies. Returns the time until the next decision, and whether it must be known first
    /// what the formation wants.
    pub fn look(&mut self, snapshot: &Snapshot, now: Timestamp) -> (SignedDuration, bool) {
        self.seen.note(snapshot);
        for fallen in self.seen.fallen(snapshot) {
            let why = format!("{} did not stay up after its restart", fallen.step.dyno);
            self.failure.get_or_insert(why);
            self.end(fallen);
        }
        let mut soonest = SignedDuration::MAX;
        let mut is_absent = false;
        for mut flight in std::mem::take(&mut self.flights) {
            let sighting = flight.look(snapshot, &self.claimed, &self.seen, now);
            self.claimed.extend(flight.new_id().cloned());
            match sighting {
                Sighting::Pending(within) => {
                    soonest = soonest.min(within);
                    self.flights.push(flight);
                }
                Sighting::Absent => {
                    is_absent = true;
                    self.flights.push(flight);
                }
                Sighting::NotApplied => self.again(flight.step, flight.attempts, None),
                Sighting::Ended {
                    outcome,
                    new_id,
                    detail,
                } => self.end(flight.ended(outcome, new_id, detail, now)),
            }
        }
        (soonest, is_absent)
    }

    /// Quick at first, then at growing intervals; never past the instant that decides a flight.
    fn pause(&mut self, soonest: SignedDuration) -> SignedDuration {
        const SECONDS: [i64; 6] = [1, 1, 2, 3, 5, 8];
        let seconds = SECONDS.get(self.waits as usize).copied().unwrap_or(10);
        self.waits += 1;
        SignedDuration::from_secs(seconds)
            .min(soonest)
            .max(SignedDuration::from_millis(500))
    }

    fn start(&mut self, snapshot: &Snapshot, now: Timestamp) -> Start {
        if self.pending.is_empty() {
            return Start::Nothing;
        }
        if self.is_outdated
            || self.until.is_some_and(|until| now >= until)
            || guards::release_in_progress(snapshot).is_some()
        {
            return Start::OtherThanPlanned;
        }
        let mut answer = Start::Nothing;
        let mut full_types = BTreeSet::new();
        for pending in self.pending.clone() {
            let step = &pending.step;
            let newest = snapshot
                .dynos
                .iter()
                .filter(|dyno| dyno.name == step.dyno)
                .max_by_key(|dyno| dyno.created_at);
            match newest {
                Some(dyno) if dyno.id != step.old_id => {
                    let detail = Some(format!(
                        "another dyno took its place {}",
                        step.zone.tell(dyno.created_at)
                    ));
                    let new_id = Some(dyno.id.clone());
                    let is_checked = !step.asks.checks.is_empty();
                    self.pending.retain(|other| other.step.dyno != step.dyno);
                    self.end(Ended {
                        step: step.clone(),
                        outcome: Outcome::AlreadyRestarted,
                        new_id,
                        took: SignedDuration::ZERO,
                        detail,
                        request_ids: vec![],
                    });
                    if is_checked {
                        // Whoever restarted it, its check is owed before the next one goes.
                        return Start::OtherThanPlanned;
                    }
                }
                Some(dyno) if dyno.is_up() => {
                    if full_types.contains(&step.process_type) {
                        continue;
                    }
                    if let Some(wait) = pending
                        .not_before
                        .map(|at| at.duration_since(now))
                        .filter(jiff::SignedDuration::is_positive)
                    {
                        answer = Start::After(wait);
                    } else if self.has_room(snapshot, step, now) {
                        if self.is_unhealthy(snapshot, now) {
                            return Start::OtherThanPlanned;
                        }
                        let mut asks = self.seen.words.unasked(step, now);
                        asks.retain(|ask| !self.is_of_round(ask, now));
                        if !asks.is_empty() {
                            return Start::Ask(asks);
                        }
                        // What was asked in this round is not asked again: so long its no counts.
                        if self.seen.words.busy(step, now, A_ROUND).is_some() {
                            return Start::OtherThanPlanned;
                        }
                        self.round = None;
                        return Start::Step(Arc::clone(step));
                    } else if !self
                        .flights
                        .iter()
                        .any(|flight| flight.step.process_type == step.process_type)
                    {
                        // Somebody else used the budget; a wait that Heroku asked for goes first.
                        if !matches!(answer, Start::After(_)) {
                            answer = Start::OtherThanPlanned;
                        }
                    }
                    full_types.insert(step.process_type.clone());
                }
                _ => return Start::OtherThanPlanned,
            }
        }
        answer
    }

    /// Whether a dyno of another's roll, or of an earlier one, is not well. What flies has the budget.
    fn is_unhealthy(&self, snapshot: &Snapshot, now: Timestamp) -> bool {
        let witness = Witness {
            snapshot,
            now,
            seen: &self.seen,
            asked: &[],
        };
        let flies = |dyno: &Dyno| {
            self.flights
                .iter()
                .any(|flight| flight.new_id() == Some(&dyno.id))
        };
        let steps = || self.pending.iter().map(|pending| &*pending.step);
        [true, false].into_iter().any(|is_dated| {
            let steps: Vec<&Step> = steps()
                .filter(|step| health::is_dated(step) == is_dated)
                .collect();
            witness.unhealthy(&steps, flies).is_some()
        })
    }

    /// Whether one more dyno of this process type may go down, counting what is down for any reason.
    fn has_room(&self, snapshot: &Snapshot, step: &Step, now: Timestamp) -> bool {
        let of_type = |other: &&Step| other.process_type == step.process_type;
        let steps = self
            .pending
            .iter()
            .map(|pending| &*pending.step)
            .chain(self.flights.iter().map(|flight| &*flight.step));
        let allowed = steps
            .filter(of_type)
            .map(|other| other.limits.max_unavailable)
            .min()
            .unwrap_or(1);
        // The list may still show the old dyno of a restart that was just asked for; and one that is up and
        // has not answered its check, or not settled by its own measure, is not there yet.
        let is_settled = |dyno: &Dyno| guards::is_settled(dyno, step.limits.settle, now);
        let flights = self.flights.iter().filter(|flight| of_type(&&*flight.step));
        let lagging = flights.filter(|flight| {
            let mut dynos = snapshot.dynos.iter();
            let old = dynos.find(|dyno| dyno.id == flight.step.old_id);
            let new = flight.successor(snapshot, &self.claimed);
            old.is_some_and(is_settled) || new.is_some_and(is_settled)
        });
        let down = guards::unavailable(snapshot, step, now)
            + u32::try_from(lagging.count()).unwrap_or(u32::MAX);
        down < allowed
    }

    /// Ends the roll before its end: what flies is unverified, the rest not reached.
    pub fn leave(&mut self, reason: &str, now: Timestamp) {
        for flight in std::mem::take(&mut self.flights) {
            let detail = format!("{reason}, before the new dyno was seen up and settled");
            self.end(flight.ended(Outcome::Unverified, None, Some(detail), now));
        }
        self.drop_pending(reason);
    }

    fn end(&mut self, ended: Ended) {
        let ended = self.with_ids(ended);
        self.pending.retain(|pending| pending.step != ended.step);
        match ended.outcome {
            Outcome::Failed | Outcome::Unverified => {
                self.failure
                    .get_or_insert_with(|| AFTER_A_FAILURE.to_owned());
            }
            Outcome::Restarted => self.seen.prove(Arc::clone(&ended)),
            Outcome::AlreadyRestarted | Outcome::Gone | Outcome::NotReached => {}
        }
        self.claimed.extend(ended.new_id.clone());
        self.ended.push(ended);
    }

    fn drop_pending(&mut self, reason: &str) {
        for pending in std::mem::take(&mut self.pending) {
            let ended = self.with_ids(Ended::not_reached(pending.step, reason));
            self.ended.push(ended);
        }
    }

    /// Whatever came of a step, what Heroku called the requests for it is told with it.
    fn with_ids(&mut self, mut ended: Ended) -> Arc<Ended> {
        ended.request_ids = self.called.remove(&ended.step.old_id).unwrap_or_default();
        Arc::new(ended)
    }
}

enum Start {
    Step(Arc<Step>),
    Ask(Vec<Ask>),
    After(SignedDuration),
    Nothing,
    OtherThanPlanned,
}
