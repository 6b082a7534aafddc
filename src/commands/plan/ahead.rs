//! The roll of an app's next occurrence, were its dynos then as they are now.

use crate::{
    plan::{self, Known, Question},
    report::human,
    schedule::{Schedule, Span},
};
use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use serde_json::{Value, json};

pub(super) struct Ahead {
    at: Timestamp,
    zone: TimeZone,
    dynos: usize,
    length: Option<SignedDuration>,
}

impl Ahead {
    /// Plans as if it were the next occurrence. Whoever may say no by then is not asked.
    pub fn of(question: Question<'_>, past: &[SignedDuration]) -> Option<Self> {
        let (at, zone) = Schedule::next_of(question.schedules.iter(), question.now)?;
        let mut snapshot = question.snapshot.clone();
        snapshot.at = at;
        let plan = plan::plan(Question {
            snapshot: &snapshot,
            now: at,
            local_now: at,
            known: &Known::default(),
            ..question
        });
        (!plan.steps.is_empty()).then(|| Self {
            at,
            zone,
            dynos: plan.steps.len(),
            length: plan::length(&plan.steps, past),
        })
    }

    /// A line; nothing where it is not known how long restarts take.
    pub fn in_words(&self) -> Option<String> {
        let length = Span::whole_seconds_of(self.length?);
        let (dynos, at) = (
            human::dynos(self.dynos),
            human::instant(self.at, &self.zone),
        );
        Some(format!(
            "\nThe roll of {at}, with dynos as they are now: {dynos}, about {length}"
        ))
    }

    pub fn json(&self) -> Value {
        let seconds = self.length.map(|length| length.as_secs());
        json!({ "at": self.at, "steps": self.dynos, "seconds": seconds })
    }
}
