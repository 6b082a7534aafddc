//! What passes want to know of the ledger, by app, read on as it grows: a pass over a thousand apps does
//! not read it a thousand times.

use super::{Event, Record};
use crate::plan::{Asked, Outcome, Skip, Trigger};
use jiff::{SignedDuration, Timestamp};
use std::collections::HashMap;

#[derive(Debug, Default)]
pub(super) struct Index {
    pub place: super::files::Place,
    apps: HashMap<String, OfApp>,
}

#[derive(Debug, Default)]
struct OfApp {
    asked: Vec<Asked>,
    /// Restarts whose effect is not noted yet.
    open: Vec<Record>,
    /// The newest skip of a dyno by a schedule: of which occurrence, why, and when it was noted.
    skipped: HashMap<(String, String), (Timestamp, String, Timestamp)>,
}

/// A skip whose instant moves is noted again after so long.
const AGAIN: SignedDuration = SignedDuration::from_mins(50);

impl Index {
    pub fn clear(&mut self) {
        self.apps.clear();
    }

    pub fn asked(&self, app_id: &str) -> Vec<Asked> {
        let of_app = self.apps.get(app_id);
        of_app
            .map(|of_app| of_app.asked.clone())
            .unwrap_or_default()
    }

    pub fn unmeasured(&self, app_id: &str, since: Timestamp) -> Vec<Record> {
        let open = self.apps.get(app_id).map(|of_app| of_app.open.iter());
        let open = open.into_iter().flatten();
        open.filter(|record| record.at >= since).cloned().collect()
    }

    /// Whether it stands there already that a dyno was skipped for this reason.
    pub fn has_skip(&self, app_id: &str, skip: &Skip, at: Timestamp) -> bool {
        let key = (skip.dyno.clone(), skip.schedule.clone().unwrap_or_default());
        let of_app = self.apps.get(app_id);
        let known = of_app.and_then(|of_app| of_app.skipped.get(&key));
        known.is_some_and(|(occurrence, reason, noted)| {
            let is_same = skip.occurrence == Some(*occurrence);
            *reason == skip.reason.word() && (is_same || at.duration_since(*noted) < AGAIN)
        })
    }

    pub fn take(&mut self, record: Record) {
        let of_app = self.apps.entry(record.app_id.clone()).or_default();
        match record.event {
            Event::Measured => of_app.open.retain(|open| open.new_id != record.new_id),
            Event::Ended
                if record.outcome == Some(Outcome::Restarted)
                    && record.memory_before.is_some()
                    && record.new_id.is_some() =>
            {
                of_app.open.push(record.clone());
            }
            Event::Skipped => {
                let key = (record.dyno.unwrap_or_default(), record.schedule);
                let reason = record.reason.unwrap_or_default();
                of_app
                    .skipped
                    .insert(key, (record.occurrence, reason, record.at));
                return;
            }
            _ => {}
        }
        of_app.ask(record);
    }
}

impl OfApp {
    fn ask(&mut self, record: Record) {
        let (Some(dyno), Some(old_id)) = (record.dyno, record.old_id) else {
            return;
        };
        let asked = &mut self.asked;
        let place = asked
            .iter()
            .rposition(|asked| asked.old_id == old_id && asked.occurrence == record.occurrence);
        match (record.event, place) {
            (Event::Requested, _) => {
                let trigger = record.trigger.as_deref().and_then(Trigger::of_word);
                asked.push(Asked {
                    dyno,
                    occurrence: record.occurrence,
                    old_id,
                    new_id: None,
                    at: record.at,
                    is_accepted: false,
                    outcome: None,
                    is_for_memory: trigger.is_some_and(Trigger::is_memory),
                    memory_after: None,
                });
            }
            (Event::Refused, Some(place)) => drop(asked.remove(place)),
            (Event::Accepted, Some(place)) => asked[place].is_accepted = true,
            (Event::Ended, Some(place)) => {
                asked[place].outcome = record.outcome;
                asked[place].new_id = record.new_id;
            }
            (Event::Measured, Some(place)) => asked[place].memory_after = record.memory_after,
            _ => {}
        }
    }
}
