//! Is there a reason to restart this dyno? The dyno is the memory: it is due for an occurrence when
//! it started before it, and after its restart it no longer is.

use super::{Question, SkipReason, Trigger, at};
use crate::{
    schedule::{MaxUnavailable, Schedule, Span, Target},
    snapshot::Dyno,
};
use jiff::{SignedDuration, Timestamp};

/// How far Heroku's clock may lie behind this machine's for a pass to wait for it.
const WAIT_FOR_HEROKU_S_CLOCK: SignedDuration = SignedDuration::from_mins(15);

/// `run --now`: an occurrence that somebody asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Now {
    /// Heroku's time of the question.
    pub asked_at: Timestamp,
    pub target: Target,
    /// Leaves dynos alone that are younger than this.
    pub older_than: Option<Span>,
    pub given: Given,
}

/// Limits that were given with `run --now`, and go before those of the app's schedules.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Given {
    pub max_unavailable: Option<MaxUnavailable>,
    pub wait_limit: Option<Span>,
    pub settle: Option<Span>,
}

/// The name that `run --now` goes by where a schedule's name would stand.
pub const NOW: &str = "now";

/// What one schedule says of one dyno.
pub(super) struct Candidate {
    pub schedule: String,
    pub verdict: Verdict,
}

pub(super) enum Verdict {
    Due {
        trigger: Trigger,
        occurrence: Timestamp,
    },
    NotDue {
        reason: SkipReason,
        detail: String,
    },
}

impl Verdict {
    fn not(reason: SkipReason, detail: impl Into<String>) -> Self {
        Self::NotDue {
            reason,
            detail: detail.into(),
        }
    }
}

/// What each schedule whose target includes the dyno says of it.
pub(super) fn candidates(question: Question<'_>, dyno: &Dyno) -> Vec<Candidate> {
    if let Some(now) = &question.known.now {
        let is_meant = now.target.includes(&dyno.name, &dyno.process_type);
        let verdict = judge_now(now, dyno);
        return is_meant
            .then_some(Candidate {
                schedule: NOW.to_owned(),
                verdict,
            })
            .into_iter()
            .collect();
    }
    let about_it = question
        .schedules
        .iter()
        .filter(|schedule| schedule.target.includes(&dyno.name, &dyno.process_type));
    about_it
        .map(|schedule| Candidate {
            schedule: schedule.name.to_string(),
            verdict: judge(question, schedule, dyno),
        })
        .collect()
}

fn judge_now(now: &Now, dyno: &Dyno) -> Verdict {
    let uptime = Span::whole_seconds_of(now.asked_at.duration_since(dyno.created_at));
    match now.older_than {
        _ if dyno.created_at >= now.asked_at => Verdict::not(
            SkipReason::NotDue,
            "started after the restart was asked for",
        ),
        Some(least) if uptime < least => Verdict::not(
            SkipReason::NotDue,
            format!("up for {}, younger than {least}", uptime.rounded()),
        ),
        _ => Verdict::Due {
            trigger: Trigger::Now,
            occurrence: now.asked_at,
        },
    }
}

fn judge(question: Question<'_>, schedule: &Schedule, dyno: &Dyno) -> Verdict {
    if schedule.is_paused(question.now) {
        return Verdict::not(SkipReason::Paused, "the schedule is paused");
    }
    let calendar = judge_calendar(question, schedule, dyno);
    let uptime = question.now.duration_since(dyno.created_at);
    match (calendar, schedule.max_uptime) {
        (Some(due @ Verdict::Due { .. }), _) => due,
        (_, Some(longest)) if uptime >= longest.duration() => Verdict::Due {
            trigger: Trigger::MaxUptime,
            occurrence: dyno.created_at + longest.duration(),
        },
        (Some(not_due), _) => not_due,
        (None, Some(longest)) => {
            let uptime = Span::whole_seconds_of(uptime).rounded();
            Verdict::not(SkipReason::NotDue, format!("up for {uptime} of {longest}"))
        }
        (None, None) => Verdict::not(SkipReason::NotDue, "the schedule has no trigger"),
    }
}

/// `None` when the schedule has no calendar.
fn judge_calendar(question: Question<'_>, schedule: &Schedule, dyno: &Dyno) -> Option<Verdict> {
    let calendar = schedule.calendar.as_ref()?;
    let now = question.now;
    let next = schedule.next_occurrence(now);
    if let Some(next) = next.filter(|next| is_ahead(question, *next) && dyno.created_at < *next) {
        return Some(Verdict::not(
            SkipReason::OccurrenceAhead,
            format!("Heroku's clock has not reached {next} yet, as this machine's has"),
        ));
    }
    let Some(latest) = schedule.latest_occurrence(now) else {
        let detail = match calendar.latest(now) {
            Some(passed) if dyno.created_at < passed => {
                format!("{passed} had passed when the schedule was set")
            }
            _ => "its first occurrence has not come".to_owned(),
        };
        return Some(Verdict::not(SkipReason::NotDue, detail));
    };
    let is_open = question
        .known
        .open
        .contains(&(schedule.name.to_string(), latest));
    let uptime = latest.duration_since(dyno.created_at);
    Some(if dyno.created_at >= latest {
        Verdict::not(
            SkipReason::NotDue,
            format!(
                "started {}, after the occurrence {latest}",
                at(dyno.created_at)
            ),
        )
    } else if schedule
        .guards
        .min_uptime
        .is_some_and(|least| uptime < least.duration())
    {
        Verdict::not(
            SkipReason::MinUptime,
            format!(
                "was up for {} at {latest}",
                Span::whole_seconds_of(uptime).rounded()
            ),
        )
    } else if now > latest + schedule.guards.catch_up.duration() && !is_open {
        Verdict::not(
            SkipReason::CatchUpOver,
            format!("{latest} is more than {} ago", schedule.guards.catch_up),
        )
    } else {
        Verdict::Due {
            trigger: Trigger::Calendar,
            occurrence: latest,
        }
    })
}

/// Whether this machine's clock has reached an occurrence that Heroku's reaches within minutes.
fn is_ahead(question: Question<'_>, next: Timestamp) -> bool {
    question.local_now >= next && next.duration_since(question.now) <= WAIT_FOR_HEROKU_S_CLOCK
}
