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
    /// In the order in which they begin.
    dynos: Vec<String>,
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
            length: plan::length(&plan.steps, past),
            dynos: plan.steps.iter().map(|step| step.dyno.clone()).collect(),
        })
    }

    /// A line.
    pub fn in_words(&self) -> String {
        /// More names say less.
        const MOST: usize = 8;
        let (dynos, at) = (
            human::dynos(self.dynos.len()),
            human::instant(self.at, &self.zone),
        );
        let length = match self.length {
            Some(length) => format!("about {}", Span::whole_seconds_of(length)),
            None => "for how long is not known before the first restart".to_owned(),
        };
        let first = &self.dynos[..self.dynos.len().min(MOST)];
        let more = if self.dynos.len() > MOST { ", ..." } else { "" };
        let names = first.join(", ");
        format!(
            "\nThe roll of {at}, with dynos as they are now: {dynos} in this order, {length}: {names}{more}"
        )
    }

    pub fn json(&self) -> Value {
        let seconds = self.length.map(|length| length.as_secs());
        json!({ "at": self.at, "steps": self.dynos.len(), "dynos": self.dynos, "seconds": seconds })
    }
}
