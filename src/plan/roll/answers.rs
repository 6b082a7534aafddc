//! What the executor tells a roll: how each request was answered.

use super::{A_ROUND, ATTEMPTS, Answer, Flight, Pending, Roll};
use crate::{
    plan::{Ask, Ended, Outcome, Step, Word},
    snapshot::Snapshot,
};
use jiff::{SignedDuration, Timestamp};
use std::sync::Arc;

impl Roll {
    /// Tells how the DELETE of a step was answered.
    pub fn answered(
        &mut self,
        step: &Step,
        answer: Answer,
        snapshot: &Snapshot,
        asked_at: Timestamp,
        now: Timestamp,
    ) {
        self.waits = 0;
        if let Some(pending) = self.take_pending(step) {
            let attempts = pending.attempts + 1;
            let flight = Flight::new(pending.step, attempts, snapshot, answer, (asked_at, now));
            self.flights.push(flight);
        }
    }

    /// Whether it was asked already for the step that is next.
    pub(super) fn is_of_round(&self, ask: &Ask, now: Timestamp) -> bool {
        let round = self.round.as_ref();
        round.is_some_and(|(since, asked)| {
            now.duration_since(*since) < A_ROUND && asked.contains(ask)
        })
    }

    /// Tells what Heroku called a request for a step, whatever it answered.
    pub fn is_called(&mut self, step: &Step, request_ids: &[String]) {
        let called = self.called.entry(step.old_id.clone()).or_default();
        called.extend_from_slice(request_ids);
    }

    /// Tells what the app answered when it was asked, from then to now.
    pub fn told(&mut self, ask: &Ask, word: &Word, now: Timestamp) {
        if let Ask::Check(url) = ask {
            for flight in &mut self.flights {
                flight.checked(url, word, now);
            }
        }
        let is_young = |(since, _): &(Timestamp, Vec<Ask>)| now.duration_since(*since) < A_ROUND;
        let round = self.round.take().filter(is_young);
        let (since, mut asked) = round.unwrap_or((now, vec![]));
        asked.push(ask.clone());
        self.round = Some((since, asked));
        self.seen.words.hear(ask, word, now);
    }

    /// Tells what was answered to a restart in place of success.
    pub fn was_told(&mut self, error: String) {
        self.last_error = Some(error);
    }

    /// Tells that a DELETE was certainly not applied: it was not sent, or refused for the moment.
    pub fn not_applied(&mut self, step: &Step, not_before: Timestamp) {
        if let Some(pending) = self.take_pending(step) {
            self.again(pending.step, pending.attempts + 1, Some(not_before));
        }
    }

    /// Tells that Heroku refused a step for good.
    pub fn refused(&mut self, step: &Arc<Step>, detail: String) {
        self.end(Ended {
            step: Arc::clone(step),
            outcome: Outcome::Failed,
            new_id: None,
            took: SignedDuration::ZERO,
            detail: Some(detail),
            request_ids: vec![],
        });
    }

    /// Tells what the formation wants by now, to all whose dyno is not in the list.
    pub fn formation(&mut self, snapshot: &Snapshot) {
        for flight in self.flights.iter_mut().filter(|flight| flight.is_absent()) {
            let is_wanted = snapshot.wants(&flight.step.dyno, &flight.step.process_type);
            flight.is_still_wanted(is_wanted);
        }
    }

    /// Tells why the formation could not be read.
    pub fn no_formation(&mut self, why: &str) {
        let flights = self.flights.iter_mut().filter(|flight| flight.is_absent());
        flights.for_each(|flight| flight.cannot_ask(why));
    }

    /// The request was not applied: it is made again, unless it was made often enough.
    pub(super) fn again(&mut self, step: Arc<Step>, attempts: u32, not_before: Option<Timestamp>) {
        if attempts >= ATTEMPTS {
            let why = self.last_error.as_deref().unwrap_or("no reason was given");
            let detail = format!("Heroku did not take the restart in {ATTEMPTS} attempts: {why}");
            self.refused(&step, detail);
        } else {
            let pending = Pending {
                step,
                attempts,
                not_before,
            };
            self.pending.insert(0, pending);
        }
    }

    fn take_pending(&mut self, step: &Step) -> Option<Pending> {
        let place = self
            .pending
            .iter()
            .position(|pending| *pending.step == *step)?;
        Some(self.pending.remove(place))
    }
}
