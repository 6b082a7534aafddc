//! The roll of an app's next occurrence, were its dynos then as they are now.

use super::{Known, Plan, Question, Skip, SkipReason, Weight, plan};
use crate::{schedule::Schedule, snapshot::Dyno};
use jiff::{Timestamp, tz::TimeZone};

/// What a pass would do then.
#[derive(Debug, Clone)]
pub struct NextRoll {
    pub at: Timestamp,
    /// Of the schedule whose occurrence it is.
    pub zone: TimeZone,
    pub plan: Plan,
}

impl NextRoll {
    /// Plans as if it were the next occurrence. Whoever may say no by then is not asked. `None` where no
    /// schedule has one, or it is about no dyno.
    #[must_use]
    pub fn of(question: Question<'_>) -> Option<Self> {
        let (at, zone) = Schedule::next_of(question.schedules.iter(), question.now)?;
        let mut snapshot = question.snapshot.clone();
        snapshot.at = at;
        let mut plan = plan(Question {
            snapshot: &snapshot,
            now: at,
            local_now: at,
            known: &Known::default(),
            ..question
        });
        let is_meant = |skip: &Skip| {
            let mut dynos = question.snapshot.dynos.iter();
            let is_about = |dyno: &Dyno| {
                question.schedules.iter().any(|one| {
                    one.next_due(question.now) == Some(at)
                        && one.target.includes(&dyno.name, &dyno.process_type)
                })
            };
            dynos.any(|dyno| dyno.name == skip.dyno && is_about(dyno))
        };
        plan.skips.retain(|skip| {
            let is_left = matches!(skip.reason.weight(), Weight::Left | Weight::Held);
            // What is too late then is of an occurrence before it.
            is_left && skip.reason != SkipReason::CatchUpOver && is_meant(skip)
        });
        let is_about_any = !plan.steps.is_empty() || !plan.skips.is_empty();
        is_about_any.then_some(Self { at, zone, plan })
    }

    /// The dynos that it is about, and would leave alone.
    #[must_use]
    pub fn left_out(&self) -> &[Skip] {
        &self.plan.skips
    }
}
