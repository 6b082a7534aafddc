//! `plan(schedules, snapshot, now) -> Plan`: which dynos to restart, in which order, and why not the others.
//!
//! Pure. A plan is immutable and leaves no choice; every dyno is either a [`Step`] or a [`Skip`]
//! with its reason. One file per decision: [`due`] (is there a trigger), `guards` (may it happen now),
//! `health` (is what was restarted before well), [`roll`] (what to do next, given the newest list of
//! dynos), [`missed`] (what nobody did).

mod by_memory;
pub mod daily_cycle;
pub mod due;
mod expected;
mod guards;
mod health;
mod length;
pub mod missed;
mod next_roll;
mod outcome;
mod pace;
mod reason;
pub mod roll;
mod seen;
mod step;
mod together;
mod until;
mod words;

pub use by_memory::{near_limit, over};
pub use expected::{OfLife, expected};

pub use guards::{PREBOOT_WINDOW, QUOTA_FLOOR, is_settled, left_by_its_owner};
pub use length::{length, longest};
pub use next_roll::NextRoll;
pub use outcome::{Ended, Outcome};
pub use pace::{breath, pace};
pub use reason::{Skip, SkipReason, Weight};
pub use seen::Seen;
pub use step::{Limits, Step, Trigger};
pub use together::{RollAhead, Together, together};
pub use until::until;
pub use words::{Ask, Asks, Word, Words, unasked, vouch};

use crate::{
    memory::Bytes,
    schedule::Schedule,
    snapshot::{Dyno, Snapshot},
};
use due::Verdict;
use jiff::Timestamp;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// What is to be done to one app now.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plan {
    /// Those that are due by their memory first, then the oldest; the first one is the canary.
    pub steps: Vec<Arc<Step>>,
    pub skips: Vec<Skip>,
}

/// What the planner is asked.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    /// Schedules of this app, in the order of the file.
    pub schedules: &'a [Schedule],
    pub snapshot: &'a Snapshot,
    /// Heroku's time.
    pub now: Timestamp,
    /// This machine's time, which may run ahead of Heroku's.
    pub local_now: Timestamp,
    /// Requests that the account has left, if Heroku said.
    pub remaining: Option<u64>,
    pub known: &'a Known,
}

/// What this machine knows beyond the snapshot. All of it can only prevent or continue a restart,
/// never cause one.
#[derive(Debug, Clone, Default)]
pub struct Known {
    pub seen: Seen,
    /// Occurrences whose roll this pass has begun: catch-up was judged then.
    pub open: BTreeSet<(String, Timestamp)>,
    /// What the ledger says of restarts asked for: (dyno name, occurrence).
    pub asked: Vec<Asked>,
    /// Occurrences up to these were judged by schedules that heed memory: what was not needed then is not
    /// asked for again.
    pub judged: BTreeMap<String, Timestamp>,
    /// `run --now`: restart what is older than this question.
    pub now: Option<due::Now>,
}

impl Known {
    fn is_judged(&self, schedule: &Schedule, occurrence: Timestamp) -> bool {
        let judged = self.judged.get(schedule.name.as_str());
        judged.is_some_and(|judged| occurrence <= *judged)
    }

    /// The newest restart that was asked for of the dyno with this id.
    fn last_asked(&self, id: &str) -> Option<&Asked> {
        self.asked.iter().rfind(|asked| asked.old_id == id)
    }
}

/// A restart that stands in the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    pub dyno: String,
    pub occurrence: Timestamp,
    /// Id of the dyno that was to be restarted.
    pub old_id: String,
    /// Id of the dyno that came in its place, once that was seen.
    pub new_id: Option<String>,
    pub at: Timestamp,
    /// Heroku answered that it will; otherwise the answer never came.
    pub is_accepted: bool,
    /// How it ended, once it has.
    pub outcome: Option<Outcome>,
    /// It was for the memory of the dyno.
    pub is_for_memory: bool,
    /// What the dyno in its place used once it had warmed up, where that was measured.
    pub memory_after: Option<Bytes>,
}

impl Asked {
    /// Whether the dyno was restarted, as far as is known.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.is_accepted || self.outcome == Some(Outcome::Restarted)
    }

    /// Whether the dyno of this step has come in the place of the one that was asked for, and is due
    /// for the same occurrence: `created_at` did not move. On Fir the name is another one.
    #[must_use]
    pub fn is_again(&self, step: &Step) -> bool {
        let is_in_its_place = self.dyno == step.dyno || self.new_id.as_ref() == Some(&step.old_id);
        self.occurrence == step.occurrence && self.old_id != step.old_id && is_in_its_place
    }
}

/// Decides for every dyno of one app.
#[must_use]
pub fn plan(question: Question<'_>) -> Plan {
    let mut plan = Plan::default();
    for dyno in &question.snapshot.dynos {
        match judge(question, dyno) {
            Ok(step) => plan.steps.push(Arc::new(step)),
            Err(skip) => plan.skips.push(skip),
        }
    }
    // Who is about to run out of memory goes first, the worst of them before the others; then the oldest.
    let urgency = |step: &Step| step.trigger.is_memory().then_some(step.share).flatten();
    plan.steps.sort_by(|a, b| {
        let by_age = (a.old_created_at, &a.dyno).cmp(&(b.old_created_at, &b.dyno));
        urgency(b).cmp(&urgency(a)).then(by_age)
    });
    guards::hold(question, &mut plan);
    plan.skips
        .sort_by(|a, b| place(&a.dyno).cmp(&place(&b.dyno)));
    plan
}

/// Where people look for a dyno in a list: by process type, then by number.
#[must_use]
pub fn place(dyno: &str) -> (&str, u32, &str) {
    let (kind, number) = dyno.rsplit_once('.').unwrap_or((dyno, ""));
    (kind, number.parse().unwrap_or(0), dyno)
}

impl Plan {
    /// The skips of dynos that are due and may be restarted a little later by the same pass.
    pub fn waiting(&self) -> impl Iterator<Item = &Skip> {
        self.skips
            .iter()
            .filter(|skip| skip.reason.weight() == Weight::Passing)
    }

    /// The skips of dynos that are due and need a person.
    pub fn held(&self) -> impl Iterator<Item = &Skip> {
        self.skips
            .iter()
            .filter(|skip| skip.reason.weight() == Weight::Held)
    }

    /// Whether nothing is due and nothing was left alone for a reason that may end.
    #[must_use]
    pub fn is_quiet(&self) -> bool {
        self.steps.is_empty()
            && self
                .skips
                .iter()
                .all(|skip| skip.reason.weight() == Weight::NotDue)
    }
}

fn judge(question: Question<'_>, dyno: &Dyno) -> Result<Step, Skip> {
    if !question.snapshot.is_in_formation(dyno) {
        let detail = "not kept running by the formation: a restart would kill it for good";
        return Err(Skip::of(dyno, None, SkipReason::NotInFormation, detail));
    }
    let mut candidates = due::candidates(question, dyno);
    // Of several schedules the one that tells most is told, the first of equals.
    candidates.sort_by_key(|candidate| candidate.verdict.rank());
    let (mut barred, mut not_due) = (None, None);
    for candidate in &candidates {
        match &candidate.verdict {
            Verdict::Due {
                trigger,
                occurrence,
            } => {
                let step = Step::new(question, dyno, &candidate.schedule, *trigger, *occurrence);
                let Some((reason, detail)) = guards::check(question, dyno, &step) else {
                    return Ok(step);
                };
                return Err(Skip::of(dyno, Some(&step.schedule), reason, detail)
                    .with_occurrence(step.occurrence));
            }
            Verdict::Barred {
                occurrence,
                reason,
                detail,
            } => {
                barred.get_or_insert_with(|| {
                    Skip::of(dyno, Some(&candidate.schedule), *reason, detail.clone())
                        .with_occurrence(*occurrence)
                });
            }
            Verdict::NotDue { reason, detail } => {
                not_due.get_or_insert_with(|| {
                    Skip::of(dyno, Some(&candidate.schedule), *reason, detail.clone())
                });
            }
        }
    }
    let detail = if question.known.now.is_some() {
        "not asked for"
    } else {
        "no schedule is about this dyno"
    };
    Err(barred
        .or(not_due)
        .unwrap_or_else(|| Skip::of(dyno, None, SkipReason::NotTargeted, detail)))
}
