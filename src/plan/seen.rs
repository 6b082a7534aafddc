//! What a pass has seen of an app's dynos over all its looks, and was told: who was up, and which restarts
//! are proven. A dyno that falls after it had settled is a failed restart all the same.

use super::{Ended, Outcome, Words};
use crate::snapshot::{Dyno, Snapshot, State};
use jiff::Timestamp;
use std::{collections::BTreeMap, sync::Arc};

#[derive(Debug, Clone, Default)]
pub struct Seen {
    /// Ids of dynos seen up, and since when they were when that was first seen.
    up: BTreeMap<String, Timestamp>,
    /// Restarts that this pass has proven, and watches on.
    proven: Vec<Arc<Ended>>,
    /// What it was told when it asked.
    pub words: Words,
}

impl Seen {
    /// Takes in one more look.
    pub fn note(&mut self, snapshot: &Snapshot) {
        for dyno in &snapshot.dynos {
            match dyno.state {
                State::Up => {
                    let since = self.up.entry(dyno.id.clone());
                    since.or_insert(dyno.updated_at);
                }
                // An Eco dyno that goes to sleep and wakes up again has not fallen.
                State::Idle => drop(self.up.remove(&dyno.id)),
                _ => {}
            }
        }
    }

    /// Whether a dyno was seen up and has not stayed so, even if it is up again.
    #[must_use]
    pub fn has_fallen(&self, dyno: &Dyno) -> bool {
        let since = self.up.get(&dyno.id);
        dyno.state != State::Idle && since.is_some_and(|since| dyno.updated_at > *since)
    }

    /// Tells that a restart is proven.
    pub fn prove(&mut self, ended: Arc<Ended>) {
        self.proven.push(ended);
    }

    /// Whether a dyno came of a restart that this pass has proven.
    #[must_use]
    pub fn is_proven(&self, id: &str) -> bool {
        let is_it = |ended: &Arc<Ended>| ended.new_id.as_deref() == Some(id);
        self.proven.iter().any(is_it)
    }

    #[must_use]
    pub fn has_proven(&self) -> bool {
        !self.proven.is_empty()
    }

    /// The proven restarts whose dyno did not stay up: each is no longer proven, and has failed.
    pub fn fallen(&mut self, snapshot: &Snapshot) -> Vec<Ended> {
        let fall = |ended: &Arc<Ended>| {
            Some(Ended {
                outcome: Outcome::Failed,
                detail: Some(format!(
                    "{}, after it had settled",
                    self.fall(ended, snapshot)?
                )),
                ..Ended::clone(ended)
            })
        };
        let fallen: Vec<Ended> = self.proven.iter().filter_map(fall).collect();
        self.proven
            .retain(|ended| fallen.iter().all(|fallen| fallen.step != ended.step));
        fallen
    }

    /// How the dyno of a proven restart fell, in words. One that a release replaces, or that is scaled
    /// away, did not.
    fn fall(&self, ended: &Ended, snapshot: &Snapshot) -> Option<String> {
        let (name, kind) = (&ended.step.dyno, &ended.step.process_type);
        let of_type = || {
            snapshot
                .dynos
                .iter()
                .filter(|dyno| dyno.process_type == *kind)
        };
        if of_type().any(|dyno| dyno.release > ended.step.old_release) {
            return None;
        }
        let is_it = |dyno: &&Dyno| ended.new_id.as_ref() == Some(&dyno.id);
        if let Some(dyno) = of_type().find(is_it) {
            let when = ended.step.zone.tell(dyno.updated_at);
            return match dyno.state {
                _ if !self.has_fallen(dyno) || !snapshot.is_in_formation(dyno) => None,
                State::Crashed => Some(format!("the new dyno crashed {when}")),
                State::Starting | State::Up => {
                    Some(format!("the new dyno fell back from up {when}"))
                }
                // On its way out, by whomever.
                State::Idle | State::Other(_) => None,
            };
        }
        // Heroku may start a dyno that crashed under another id. The old one, in a list that lags, is
        // not that.
        let is_later = |dyno: &&Dyno| {
            dyno.id != ended.step.old_id && dyno.created_at > ended.step.old_created_at
        };
        let in_its_place = of_type()
            .filter(is_later)
            .find(|dyno| dyno.name == *name && snapshot.is_in_formation(dyno))?;
        let when = ended.step.zone.tell(in_its_place.created_at);
        Some(format!("another dyno took its place {when}"))
    }
}
