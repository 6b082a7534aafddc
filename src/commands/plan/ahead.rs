//! The roll of an app's next occurrence, were its dynos then as they are now.

use crate::{
    plan::{self, NextRoll, Skip},
    report::human,
    schedule::Span,
};
use jiff::SignedDuration;
use serde_json::{Value, json};
use std::fmt::Write as _;

pub(super) struct Ahead {
    roll: NextRoll,
    length: Option<SignedDuration>,
}

impl Ahead {
    pub fn new(roll: NextRoll, past: &[SignedDuration]) -> Self {
        Self {
            length: plan::length(&roll.plan.steps, past),
            roll,
        }
    }

    /// In the order in which they begin.
    fn dynos(&self) -> Vec<&str> {
        let steps = self.roll.plan.steps.iter();
        steps.map(|step| step.dyno.as_str()).collect()
    }

    /// A line.
    pub fn in_words(&self) -> String {
        /// More names say less.
        const MOST: usize = 8;
        let (names, left_out) = (self.dynos(), self.roll.left_out());
        let (dynos, at) = (
            human::dynos(names.len()),
            human::instant(self.roll.at, &self.roll.zone),
        );
        let length = match self.length {
            Some(length) => format!("about {}", Span::whole_seconds_of(length)),
            None => "how long it takes is not known before the first restart".to_owned(),
        };
        let first = names[..names.len().min(MOST)].join(", ");
        let more = if names.len() > MOST { ", ..." } else { "" };
        let what = match names.len() {
            0 => "no dyno".to_owned(),
            1 => format!("{first} alone; {length}"),
            _ => format!("{dynos} in this order: {first}{more}; {length}"),
        };
        let out = |skip: &Skip| {
            let (dyno, reason) = (&skip.dyno, skip.reason.phrase());
            format!("\n  {dyno} would be left out, {reason}: {}", skip.detail)
        };
        let mut out: String = left_out.iter().take(MOST).map(out).collect();
        if left_out.len() > MOST {
            let _ = write!(out, "\n  and {} more", left_out.len() - MOST);
        }
        format!("\nThe roll of {at}, with dynos as they are now: {what}{out}")
    }

    pub fn json(&self) -> Value {
        let seconds = self.length.map(|length| length.as_secs());
        let out = |skip: &Skip| json!({ "dyno": skip.dyno, "reason": skip.reason, "detail": skip.detail });
        let left_out: Vec<Value> = self.roll.left_out().iter().map(out).collect();
        let dynos = self.dynos();
        json!({ "at": self.roll.at, "steps": dynos.len(), "dynos": dynos, "left_out": left_out, "seconds": seconds })
    }
}
