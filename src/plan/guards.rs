//! May a due dyno be restarted now? Each answer is a reason or none, never a bare no.

use super::{Plan, Question, Skip, SkipReason, Step, Trigger, at, flight::LONGEST_LAG};
use crate::{
    schedule::Span,
    snapshot::{Dyno, Snapshot, State},
};
use jiff::{SignedDuration, Timestamp};

/// How long old and new web dynos of a preboot app may overlap: three minutes by Heroku's article,
/// four by its support; while they do, the old ones take the traffic.
pub const PREBOOT_WINDOW: Span = Span::minutes(4);
/// How long a release is left to itself, so that its own restarts are over.
const AFTER_RELEASE: SignedDuration = SignedDuration::from_mins(2);
/// How long a dyno of this occurrence must be up before a pass that has not seen its restart goes on.
const HEALTHY_AFTER: Span = Span::seconds(60);
/// What another runner's roll needs, beyond its settle, to take its next step.
const ANOTHER_RUNNER_S_TURN: SignedDuration = SignedDuration::from_secs(20);

/// With fewer requests left no restart is begun, so that those in flight can be proven.
pub const QUOTA_FLOOR: u64 = 100;

type Reason = (SkipReason, String);

/// Whether a dyno is up and has been for `settle`.
#[must_use]
pub fn is_settled(dyno: &Dyno, settle: Span, now: Timestamp) -> bool {
    dyno.is_up() && now.duration_since(dyno.updated_at) >= settle.duration()
}

/// What forbids the restart of this one dyno.
pub(super) fn check(question: Question<'_>, dyno: &Dyno, step: &Step) -> Option<Reason> {
    let snapshot = question.snapshot;
    fuse(question, step)
        .or_else(|| state(dyno))
        .or_else(|| {
            snapshot.app.is_in_maintenance.then(|| {
                (
                    SkipReason::Maintenance,
                    "the app is in maintenance mode".to_owned(),
                )
            })
        })
        .or_else(|| release_in_progress(snapshot))
        .or_else(|| release_just_made(question))
        .or_else(|| preboot(question, dyno))
        .or_else(|| asked(question, step))
        .or_else(|| quota_floor(question))
}

fn state(dyno: &Dyno) -> Option<Reason> {
    match &dyno.state {
        State::Up => None,
        State::Crashed => Some((
            SkipReason::Crashed,
            format!("crashed {}: Heroku's back-off is kept", at(dyno.updated_at)),
        )),
        State::Idle => Some((
            SkipReason::Idle,
            "asleep: waking it would burn its hours".to_owned(),
        )),
        State::Starting => Some((
            SkipReason::Starting,
            format!("starting since {}", at(dyno.updated_at)),
        )),
        State::Other(state) => Some((
            SkipReason::Starting,
            format!("{state} since {}", at(dyno.updated_at)),
        )),
    }
}

/// Judged from what a `write` token can read: a release dyno at work, or two releases side by side.
pub(super) fn release_in_progress(snapshot: &Snapshot) -> Option<Reason> {
    if let Some(release) = snapshot
        .dynos
        .iter()
        .find(|dyno| dyno.process_type == "release" && dyno.state != State::Crashed)
    {
        return Some((
            SkipReason::ReleaseInProgress,
            format!("{} runs the release phase", release.name),
        ));
    }
    let dynos: Vec<_> = snapshot.formation_dynos().collect();
    let other = dynos.iter().find_map(|a| {
        dynos
            .iter()
            .find(|b| a.process_type == b.process_type && a.release < b.release)
            .map(|b| (a, b))
    });
    other.map(|(old, new)| {
        (
            SkipReason::ReleaseInProgress,
            format!(
                "{} runs v{} and {} runs v{}",
                old.name, old.release, new.name, new.release
            ),
        )
    })
}

fn release_just_made(question: Question<'_>) -> Option<Reason> {
    let released_at = question.snapshot.app.released_at?;
    let is_fresh = question.now < released_at + AFTER_RELEASE;
    is_fresh.then(|| {
        (
            SkipReason::ReleaseJustMade,
            format!("released {}", at(released_at)),
        )
    })
}

/// While old and new dynos of a preboot app overlap, the old ones are the only ones with traffic.
fn preboot(question: Question<'_>, dyno: &Dyno) -> Option<Reason> {
    let snapshot = question.snapshot;
    if snapshot
        .dynos
        .iter()
        .any(|other| other.name == dyno.name && other.id != dyno.id)
    {
        return Some((
            SkipReason::PrebootWindow,
            format!("two dynos go by the name {}", dyno.name),
        ));
    }
    if !snapshot.has_preboot || dyno.process_type != "web" {
        return None;
    }
    let web = snapshot
        .formation_dynos()
        .filter(|other| other.process_type == "web" && !question.known.proven.contains(&other.id));
    let youngest = web.map(|other| other.created_at).max()?;
    let is_open = question.now < youngest + PREBOOT_WINDOW.duration();
    is_open.then(|| {
        (
            SkipReason::PrebootWindow,
            format!(
                "a web dyno started {}, and old and new ones overlap for {PREBOOT_WINDOW}",
                at(youngest)
            ),
        )
    })
}

fn quota_floor(question: Question<'_>) -> Option<Reason> {
    let remaining = question
        .remaining
        .filter(|remaining| *remaining < QUOTA_FLOOR)?;
    Some((
        SkipReason::QuotaFloor,
        format!("the account has {remaining} requests left, and they refill at 75 a minute"),
    ))
}

/// The ledger has this dyno's restart, and the dyno is due again: then Heroku does not behave as we
/// believe, whatever state the dyno is in.
fn fuse(question: Question<'_>, step: &Step) -> Option<Reason> {
    let asked = &question.known.asked;
    let asked = asked.iter().rfind(|asked| asked.is_again(step))?;
    let (asked_at, occurrence) = (at(asked.at), at(step.occurrence));
    let since = at(step.old_created_at);
    let detail = format!(
        "asked for {asked_at} for {occurrence}, and the dyno in its place started {since}, before it"
    );
    Some((SkipReason::AlreadyInLedger, detail))
}

/// What the ledger says of this very dyno.
fn asked(question: Question<'_>, step: &Step) -> Option<Reason> {
    // The same dyno, for whatever occurrence: the request may still be on its way.
    let asked = question
        .known
        .asked
        .iter()
        .rfind(|asked| asked.old_id == step.old_id)?;
    let age = question.now.duration_since(asked.at);
    let limit = if asked.is_accepted {
        step.limits.wait_limit.duration()
    } else {
        LONGEST_LAG
    };
    if age <= limit {
        Some((
            SkipReason::RestartPending,
            format!("a restart was asked for {}", at(asked.at)),
        ))
    } else if asked.is_accepted && asked.occurrence == step.occurrence {
        let detail = format!(
            "Heroku accepted its restart {} and has not done it",
            at(asked.at)
        );
        Some((SkipReason::AlreadyInLedger, detail))
    } else {
        None
    }
}

/// What forbids steps in the light of the whole app: turns them into skips.
pub(super) fn hold(question: Question<'_>, plan: &mut Plan) {
    // A platform that does not behave as we believe is left alone altogether.
    let held = plan
        .held()
        .next()
        .map(|skip| (skip.reason, format!("{}: {}", skip.dyno, skip.detail)));
    if let Some((reason, detail)) = held {
        return drop_steps(plan, |_| Some((reason, detail.clone())));
    }
    // A restart that may still take effect would take its dyno down beside the next one.
    let is_pending = |skip: &&Skip| skip.reason == SkipReason::RestartPending;
    let pending = plan
        .skips
        .iter()
        .find(is_pending)
        .map(|skip| (skip.reason, format!("{}: {}", skip.dyno, skip.detail)));
    if let Some(pending) = pending {
        return drop_steps(plan, |_| Some(pending.clone()));
    }
    if let Some(unhealthy) = unhealthy(question, &plan.steps) {
        return drop_steps(plan, |_| Some(unhealthy.clone()));
    }
    let steps = plan.steps.clone();
    drop_steps(plan, |step| over_budget(question, &steps, step));
}

fn drop_steps(plan: &mut Plan, reason: impl Fn(&Step) -> Option<Reason>) {
    let (steps, dropped): (Vec<_>, Vec<_>) = plan
        .steps
        .drain(..)
        .map(|step| (reason(&step), step))
        .partition(|(why, _)| why.is_none());
    plan.steps = steps.into_iter().map(|(_, step)| step).collect();
    plan.skips
        .extend(dropped.into_iter().filter_map(|(why, step)| {
            let (reason, detail) = why?;
            Some(Skip {
                dyno: step.dyno,
                schedule: Some(step.schedule),
                reason,
                detail,
                occurrence: Some(step.occurrence),
            })
        }));
}

/// A dyno that was started for an occurrence of these steps, by whomever, and is not healthy yet.
///
/// A broken boot is usually app-wide, so one is enough to hold the whole app. This needs no memory
/// of earlier passes, and it is also how a runner notices that another one is rolling.
fn unhealthy(question: Question<'_>, steps: &[Step]) -> Option<Reason> {
    let first = steps.iter().map(|step| horizon(step, question.now)).min()?;
    let is_calendar = steps.iter().any(|step| step.trigger != Trigger::MaxUptime);
    let now = question.now;
    let settle = steps.iter().map(|step| step.limits.settle).max()?;
    let healthy_after = HEALTHY_AFTER
        .duration()
        .max(settle.duration() + ANOTHER_RUNNER_S_TURN);
    let wait_limit = steps.iter().map(|step| step.limits.wait_limit).max()?;
    let young = question
        .snapshot
        .formation_dynos()
        .filter(|dyno| dyno.created_at >= first || came_of_a_failure(question, dyno))
        .filter(|dyno| !question.known.proven.contains(&dyno.id));
    let reasons = young.filter_map(|dyno| {
        let name = &dyno.name;
        match &dyno.state {
            // An Eco dyno that went to sleep had been up.
            State::Idle => None,
            _ if question.known.fell_back.contains(&dyno.id) => Some((
                SkipReason::PreviousRestartNotHealthy,
                format!(
                    "{name} started {} and does not stay up",
                    at(dyno.created_at)
                ),
            )),
            State::Up if now.duration_since(dyno.updated_at) >= healthy_after => None,
            State::Up => Some((
                SkipReason::Settling,
                format!("{name} is up since {}", at(dyno.updated_at)),
            )),
            State::Crashed if !is_calendar && !crashed_soon(dyno, wait_limit) => None,
            State::Crashed => Some((
                SkipReason::PreviousRestartNotHealthy,
                format!(
                    "{name} started {} and crashed {}",
                    at(dyno.created_at),
                    at(dyno.updated_at)
                ),
            )),
            _ if now.duration_since(dyno.created_at) > wait_limit.duration() => Some((
                SkipReason::PreviousRestartNotHealthy,
                format!(
                    "{name} started {} and is {}, not up",
                    at(dyno.created_at),
                    dyno.state.as_str()
                ),
            )),
            state => Some((
                SkipReason::Settling,
                format!(
                    "{name} started {} and is {}",
                    at(dyno.created_at),
                    state.as_str()
                ),
            )),
        }
    });
    // The worst first: one that is held outweighs one that is on its way.
    reasons.min_by_key(|(reason, _)| *reason == SkipReason::Settling)
}

/// Whether this machine's last restart of it failed, and this is what came of it, however long ago:
/// the next trigger must not take down one more.
fn came_of_a_failure(question: Question<'_>, dyno: &Dyno) -> bool {
    let asked = &question.known.asked;
    let last = asked
        .iter()
        .rfind(|asked| asked.dyno == dyno.name || asked.new_id.as_ref() == Some(&dyno.id));
    last.is_some_and(|asked| asked.has_failed && dyno.created_at >= asked.at)
}

/// Dynos that started from here on were started for the step's trigger, or by somebody else since.
fn horizon(step: &Step, now: Timestamp) -> Timestamp {
    match step.trigger {
        Trigger::MaxUptime => now - step.occurrence.duration_since(step.old_created_at),
        Trigger::Calendar | Trigger::Now => step.occurrence,
    }
}

/// Whether it crashed as part of its start, and not hours into its work.
fn crashed_soon(dyno: &Dyno, wait_limit: Span) -> bool {
    dyno.updated_at.duration_since(dyno.created_at)
        <= wait_limit.duration() + HEALTHY_AFTER.duration()
}

/// The process type has as many dynos down as the user allows, whoever took them down.
fn over_budget(question: Question<'_>, steps: &[Step], step: &Step) -> Option<Reason> {
    let same_type = steps
        .iter()
        .filter(|other| other.process_type == step.process_type);
    let allowed = same_type.map(|other| other.limits.max_unavailable).min()?;
    let down = unavailable(question.snapshot, step, question.now);
    if down < allowed {
        return None;
    }
    let quantity = question.snapshot.quantity(&step.process_type);
    let detail = format!(
        "{down} of {quantity} {} dynos not up, {allowed} allowed",
        step.process_type
    );
    let of_type = question
        .snapshot
        .formation_dynos()
        .filter(|dyno| dyno.process_type == step.process_type);
    let will_not_rise = of_type
        .filter(|dyno| matches!(dyno.state, State::Crashed | State::Idle))
        .count();
    let reason = if u32::try_from(will_not_rise).unwrap_or(u32::MAX) >= allowed {
        SkipReason::TooFewUp
    } else {
        SkipReason::MaxUnavailable
    };
    Some((reason, detail))
}

/// Dynos of the step's process type that are not up and settled: wanted ones, and surplus ones too.
pub(super) fn unavailable(snapshot: &Snapshot, step: &Step, now: Timestamp) -> u32 {
    let of_type = snapshot
        .formation_dynos()
        .filter(|dyno| dyno.process_type == step.process_type);
    let (present, ready) = of_type.fold((0, 0), |(present, ready), dyno| {
        (
            present + 1,
            ready + u32::from(is_settled(dyno, step.limits.settle, now)),
        )
    });
    snapshot.quantity(&step.process_type).max(present) - ready
}
