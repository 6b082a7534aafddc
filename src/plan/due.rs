//! Is there a reason to restart this dyno? The dyno is the memory: it is due for an occurrence when
//! it started before it, and after its restart it no longer is.

use super::{Question, SkipReason, Trigger, by_memory};
use crate::{
    schedule::{AppUrl, Bar, MaxUnavailable, Schedule, Span, Target, Void},
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
    /// Restarts outside the windows and in the blackouts of schedules too.
    pub ignores_windows: bool,
    pub given: Given,
}

/// Limits that were given with `run --now`, and go before those of the app's schedules.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Given {
    pub max_unavailable: Option<MaxUnavailable>,
    pub wait_limit: Option<Span>,
    pub settle: Option<Span>,
    pub check_url: Option<AppUrl>,
    /// Restarts whatever the app says to whether it suits it.
    pub ignores_busy: bool,
    pub ignores_incident: bool,
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
    /// Due, and its schedule does not allow it at this instant.
    Barred {
        occurrence: Timestamp,
        reason: SkipReason,
        detail: String,
    },
    NotDue {
        reason: SkipReason,
        detail: String,
    },
}

impl Verdict {
    /// Of several triggers the one with the lowest rank is told, the first of equals.
    pub(super) fn rank(&self) -> u8 {
        match self {
            Self::Due { .. } => 0,
            Self::Barred { .. } => 1,
            Self::NotDue { reason, .. } => match reason {
                // What a pass waits for is not hidden by an age that waits for longer.
                SkipReason::OccurrenceAhead => 2,
                SkipReason::RestartDoesNotHelp => 3,
                // An age that is reached says more than an occurrence that is none.
                SkipReason::NotAllowedYet => 4,
                // That nobody knows is said before that something else is not due.
                SkipReason::MemoryUnknown => 5,
                _ => 6,
            },
        }
    }

    /// Why nothing is due, where that is all there is to say.
    fn not_due(&self) -> Option<&str> {
        match self {
            Self::NotDue {
                reason: SkipReason::NotDue,
                detail,
            } => Some(detail),
            _ => None,
        }
    }

    pub(super) fn not(reason: SkipReason, detail: impl Into<String>) -> Self {
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
        let verdict = judge_now(question, now, dyno);
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

fn judge_now(question: Question<'_>, now: &Now, dyno: &Dyno) -> Verdict {
    let is_about_it = |schedule: &&Schedule| {
        let is_it = schedule.target.includes(&dyno.name, &dyno.process_type);
        is_it && !schedule.is_paused(question.now)
    };
    // What one schedule may do at this hour, a person may ask for.
    let bars: Option<Vec<_>> = question
        .schedules
        .iter()
        .filter(is_about_it)
        .map(|schedule| Some((schedule, barred(schedule, question.now)?)))
        .collect();
    let bars = bars.filter(|_| !now.ignores_windows).unwrap_or_default();
    let first = bars.into_iter().min_by_key(|(schedule, _)| {
        let again = schedule.bounds.next_allowed(question.now);
        again.unwrap_or(Timestamp::MAX)
    });
    let barred = first.map(|(schedule, (reason, detail))| {
        (reason, format!("{detail}, by schedule {}", schedule.name))
    });
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
        _ => match barred {
            Some((reason, detail)) => Verdict::Barred {
                occurrence: now.asked_at,
                reason,
                detail,
            },
            None => Verdict::Due {
                trigger: Trigger::Now,
                occurrence: now.asked_at,
            },
        },
    }
}

fn judge(question: Question<'_>, schedule: &Schedule, dyno: &Dyno) -> Verdict {
    if schedule.is_paused(question.now) {
        return Verdict::not(SkipReason::Paused, "the schedule is paused");
    }
    let verdicts = [
        judge_calendar(question, schedule, dyno),
        judge_age(question, schedule, dyno),
        by_memory::judge(question, schedule, dyno),
    ];
    let [.., memory] = &verdicts;
    let below = memory
        .as_ref()
        .and_then(Verdict::not_due)
        .map(ToOwned::to_owned);
    let telling = verdicts.into_iter().flatten().min_by_key(Verdict::rank);
    match telling {
        // What is used tells more than that no hour has come.
        Some(Verdict::NotDue {
            reason: SkipReason::NotDue,
            detail,
        }) => {
            let below = below.filter(|below| *below != detail);
            let below = below.map(|below| format!("; {below}")).unwrap_or_default();
            Verdict::not(SkipReason::NotDue, detail + &below)
        }
        Some(telling) => telling,
        None => Verdict::not(SkipReason::NotDue, "the schedule has no trigger"),
    }
}

/// `None` when no age of a dyno makes it due.
fn judge_age(question: Question<'_>, schedule: &Schedule, dyno: &Dyno) -> Option<Verdict> {
    let (now, created_at) = (question.now, dyno.created_at);
    let uptime = Span::whole_seconds_of(now.duration_since(created_at)).rounded();
    let longest = schedule.max_uptime_of(created_at);
    let own = schedule.own_cycle_due(created_at, now);
    let reached = |at: &Timestamp| *at <= now;
    let (trigger, occurrence) = match (longest, own) {
        (Some(longest), _) if reached(&longest) => (Trigger::MaxUptime, longest),
        (_, Some(own)) if reached(&own) => (Trigger::OwnDailyCycle, own),
        _ => {
            let longest = schedule.max_uptime?;
            let detail = format!("up for {uptime} of {longest}");
            return Some(Verdict::not(SkipReason::NotDue, detail));
        }
    };
    // It is due once restarts are allowed: until then there is nothing to be late for.
    Some(match barred(schedule, now) {
        Some((_, detail)) => Verdict::not(
            SkipReason::NotAllowedYet,
            format!("up for {uptime}; {detail}"),
        ),
        None => Verdict::Due {
            trigger,
            occurrence,
        },
    })
}

/// What of a schedule's windows and blackouts forbids a restart now, in words.
pub(super) fn barred(schedule: &Schedule, now: Timestamp) -> Option<(SkipReason, String)> {
    let (reason, why) = match schedule.bounds.bar(now)? {
        Bar::OutsideWindow => {
            let windows = schedule.bounds.windows.iter();
            let windows: Vec<String> = windows.map(ToString::to_string).collect();
            (
                SkipReason::OutsideWindow,
                format!("the window is {}", windows.join(", ")),
            )
        }
        Bar::Blackout(dates) => (SkipReason::Blackout, format!("no restarts {dates}")),
    };
    let zone = &schedule.bounds.zone;
    let again = schedule.bounds.next_allowed(now);
    let again = again.map_or("never again".to_owned(), |at| {
        format!("allowed from {} on", zone.tell(at))
    });
    Some((reason, format!("{why}, {again}")))
}

/// `None` when the schedule has no calendar.
fn judge_calendar(question: Question<'_>, schedule: &Schedule, dyno: &Dyno) -> Option<Verdict> {
    let calendar = schedule.calendar.as_ref()?;
    let (now, zone) = (question.now, calendar.zone());
    let next = schedule
        .next_occurrence(now)
        .filter(|next| dyno.created_at < *next);
    let due_next = next.map(|next| schedule.due_at(next));
    // With jitter, an occurrence that has come is due a little later.
    let waiting = next.zip(due_next).filter(|(next, _)| *next <= now);
    let ahead = due_next
        .filter(|next| is_ahead(question, *next))
        .map(|next| {
            let next = zone.tell(next);
            let detail =
                format!("Heroku's clock has not reached {next} yet, as this machine's has");
            Verdict::not(SkipReason::OccurrenceAhead, detail)
        });
    let not_due = |detail: String| {
        let by_jitter = waiting.map(|(next, due)| {
            let (next, due) = (zone.tell(next), zone.tell(due));
            format!("its turn for {next} is {due}, by the jitter of the schedule")
        });
        Verdict::not(SkipReason::NotDue, by_jitter.unwrap_or(detail))
    };
    let Some(latest) = schedule.latest_occurrence(now) else {
        return ahead.or_else(|| {
            let passed = calendar.latest(now);
            let passed = passed.filter(|passed| dyno.created_at < *passed);
            Some(not_due(
                match passed.and_then(|passed| Some((passed, schedule.void(passed)?))) {
                    Some((passed, Void::BeforeItWasSet)) => {
                        format!("{} had passed when the schedule was set", zone.tell(passed))
                    }
                    Some((passed, why)) => format!("{} is void: {why}", zone.tell(passed)),
                    None => match next {
                        Some(next) => format!(
                            "the first occurrence of schedule {} is {}",
                            schedule.name,
                            zone.tell(next)
                        ),
                        None => format!("schedule {} has no occurrence ahead", schedule.name),
                    },
                },
            ))
        });
    };
    let open = &question.known.open;
    let is_open = open.contains(&(schedule.name.to_string(), latest));
    let uptime = Span::whole_seconds_of(latest.duration_since(dyno.created_at));
    let at = zone.tell(latest);
    let verdict = if dyno.created_at >= latest {
        let started = zone.tell(dyno.created_at);
        not_due(format!("started {started}, after the occurrence {at}"))
    } else if schedule.is_young(dyno.created_at, latest) {
        let uptime = uptime.rounded();
        Verdict::not(
            SkipReason::MinUptime,
            format!("was up for {uptime} at {at}"),
        )
    } else if now > schedule.expires_at(latest) && !is_open {
        let catch_up = schedule.guards.catch_up;
        let detail = format!("{at} is more than {catch_up} ago");
        Verdict::not(SkipReason::CatchUpOver, detail)
    } else if let Some((reason, detail)) = barred(schedule, now) {
        Verdict::Barred {
            occurrence: latest,
            reason,
            detail,
        }
    } else if schedule.memory.if_needed && question.known.is_judged(schedule, latest) {
        let detail = format!("{at} was judged in its time");
        Verdict::not(SkipReason::NotNeeded, detail)
    } else if let Some(detail) = if_needed(question, schedule, dyno) {
        Verdict::not(SkipReason::NotNeeded, detail)
    } else {
        Verdict::Due {
            trigger: Trigger::Calendar,
            occurrence: latest,
        }
    };
    // What is due already is not hidden by what will be in a moment.
    Some(match verdict {
        Verdict::NotDue { .. } => ahead.unwrap_or(verdict),
        Verdict::Due { .. } | Verdict::Barred { .. } => verdict,
    })
}

/// Why a calendar that heeds memory leaves a dyno alone.
fn if_needed(question: Question<'_>, schedule: &Schedule, dyno: &Dyno) -> Option<String> {
    let heeds_memory = schedule.memory.if_needed;
    heeds_memory
        .then(|| by_memory::needed(question, schedule, dyno)?.err())
        .flatten()
}

/// Whether this machine's clock has reached an occurrence that Heroku's reaches within minutes.
fn is_ahead(question: Question<'_>, next: Timestamp) -> bool {
    question.local_now >= next && next.duration_since(question.now) <= WAIT_FOR_HEROKU_S_CLOCK
}
