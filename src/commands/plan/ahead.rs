//! The roll of an app's next occurrence, were its dynos then as they are now.

use crate::{
    plan::{self, Known, Question, Skip, SkipReason, Weight},
    report::human,
    schedule::{Schedule, Span},
};
use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use serde_json::{Value, json};
use std::fmt::Write as _;

pub(super) struct Ahead {
    at: Timestamp,
    zone: TimeZone,
    /// In the order in which they begin.
    dynos: Vec<String>,
    /// Those that it would leave alone, and why.
    left_out: Vec<(String, SkipReason, String)>,
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
        let of_roll = question
            .schedules
            .iter()
            .filter(|one| one.next_due(question.now) == Some(at));
        let of_roll: Vec<&Schedule> = of_roll.collect();
        let is_left_out = |skip: &&Skip| {
            let is_reason = matches!(skip.reason.weight(), Weight::Left | Weight::Held)
                && skip.reason != SkipReason::CatchUpOver;
            let mut dynos = question.snapshot.dynos.iter();
            let dyno = dynos.find(|dyno| dyno.name == skip.dyno);
            is_reason
                && dyno.is_some_and(|dyno| {
                    let is_about =
                        |one: &&Schedule| one.target.includes(&dyno.name, &dyno.process_type);
                    of_roll.iter().any(is_about)
                })
        };
        let left_out = plan.skips.iter().filter(is_left_out);
        let left_out: Vec<_> = left_out
            .map(|skip| (skip.dyno.clone(), skip.reason, skip.detail.clone()))
            .collect();
        (!plan.steps.is_empty() || !left_out.is_empty()).then(|| Self {
            at,
            zone,
            length: plan::length(&plan.steps, past),
            dynos: plan.steps.iter().map(|step| step.dyno.clone()).collect(),
            left_out,
        })
    }

    /// Whether a dyno would not be restarted by it after all.
    pub fn leaves_out(&self, dyno: &str) -> bool {
        self.left_out.iter().any(|(name, ..)| name == dyno)
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
            None => "how long it takes is not known before the first restart".to_owned(),
        };
        let first = &self.dynos[..self.dynos.len().min(MOST)];
        let more = if self.dynos.len() > MOST { ", ..." } else { "" };
        let names = first.join(", ");
        let what = match self.dynos.len() {
            0 => "no dyno".to_owned(),
            1 => format!("{names} alone; {length}"),
            _ => format!("{dynos} in this order: {names}{more}; {length}"),
        };
        let out = self
            .left_out
            .iter()
            .take(MOST)
            .map(|(dyno, reason, detail)| {
                format!(
                    "\n  {dyno} would be left out, {}: {detail}",
                    reason.phrase()
                )
            });
        let mut out: String = out.collect();
        if self.left_out.len() > MOST {
            let _ = write!(out, "\n  and {} more", self.left_out.len() - MOST);
        }
        format!("\nThe roll of {at}, with dynos as they are now: {what}{out}")
    }

    pub fn json(&self) -> Value {
        let seconds = self.length.map(|length| length.as_secs());
        let out = |(dyno, reason, detail): &(String, SkipReason, String)| json!({ "dyno": dyno, "reason": reason, "detail": detail });
        let left_out: Vec<Value> = self.left_out.iter().map(out).collect();
        json!({ "at": self.at, "steps": self.dynos.len(), "dynos": self.dynos, "left_out": left_out, "seconds": seconds })
    }
}
