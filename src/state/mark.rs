//! What passes have judged of a schedule, and what they wait for.

use crate::{plan::missed, schedule::Schedule};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// What earlier passes judged of one schedule.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// Of the schedule as it was then; another one makes the mark void.
    pub fingerprint: String,
    /// Occurrences up to this one are acted on, or reported missed.
    pub judged: Option<Timestamp>,
    /// The same of a schedule that heeds memory, although dynos of it are kept down by their owner.
    #[serde(default)]
    pub heeded: Option<Timestamp>,
    /// Before this instant no dyno is due by its age. `None` while one is due and left alone.
    pub not_before: Option<Timestamp>,
    /// When the next of them is due by its age, whatever is due already.
    #[serde(default)]
    pub ahead: Option<Timestamp>,
    /// Why the newest occurrence is not acted on yet.
    pub waiting: Option<Waiting>,
    /// The same of one whose time is over, and that is not judged yet.
    #[serde(default)]
    pub waited: Option<Waiting>,
    /// A miss, until whoever found it has told it: that process may not live to.
    #[serde(default)]
    pub untold: Option<Untold>,
    /// Since when, and when last, the app said that a restart does not suit it.
    #[serde(default)]
    pub busy: Option<(Timestamp, Timestamp)>,
    /// When last it was asked it gave no answer.
    #[serde(default)]
    pub is_busy_in_doubt: bool,
}

impl Mark {
    /// Why an occurrence is not acted on, as a pass told in its time.
    #[must_use]
    pub fn why_not(&self, schedule: &Schedule, occurrence: Timestamp) -> Option<&Waiting> {
        let mut both = [&self.waiting, &self.waited].into_iter().flatten();
        both.find(|waiting| waiting.is_of(schedule, occurrence))
    }

    /// Waits for something else from now on; what an occurrence waited for whose time is over stays known.
    #[must_use]
    pub fn waits(self, schedule: &Schedule, waiting: Option<Waiting>) -> Self {
        let over = waiting
            .as_ref()
            .and_then(|fresh| missed::latest_expired(schedule, self.judged, fresh.at));
        let waited = over.and_then(|over| self.why_not(schedule, over).cloned());
        // What has not changed is not written anew at each look.
        let waiting = match (self.waiting, waiting) {
            (Some(before), Some(fresh)) if before.says_as(&fresh) => Some(before),
            (_, fresh) => fresh,
        };
        Self {
            waiting,
            waited,
            ..self
        }
    }
}

/// Occurrences that were missed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Untold {
    /// The latest of them.
    pub occurrence: Timestamp,
    pub count: usize,
    pub reason: String,
    /// Which process found it.
    pub by: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waiting {
    /// The newest occurrence that waits.
    pub occurrence: Timestamp,
    /// When that was so: occurrences whose time was not over by then waited too.
    #[serde(default)]
    pub at: Timestamp,
    pub reason: String,
    /// Heroku's answers lacked dynos: nobody could tell whether it was acted on.
    #[serde(default)]
    pub is_unsure: bool,
}

impl Waiting {
    #[must_use]
    pub fn new(occurrence: Timestamp, at: Timestamp, reason: String) -> Self {
        Self {
            occurrence,
            at,
            reason,
            is_unsure: false,
        }
    }

    fn says_as(&self, other: &Self) -> bool {
        let at = other.at;
        Self { at, ..self.clone() } == *other
    }

    fn is_of(&self, schedule: &Schedule, occurrence: Timestamp) -> bool {
        let was_open =
            || occurrence < self.occurrence && self.at <= schedule.expires_at(occurrence);
        occurrence == self.occurrence || was_open()
    }
}
