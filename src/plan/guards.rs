//! May a due dyno be restarted now? Each answer is a reason or none, never a bare no.

use super::{
    Plan, Question, Skip, SkipReason, Step,
    health::{self, Witness},
    roll::LONGEST_LAG,
    words,
};
use crate::{
    schedule::{Span, Zone},
    snapshot::{Dyno, Snapshot, State},
};
use jiff::{SignedDuration, Timestamp};
use std::sync::Arc;

/// How long old and new web dynos of a preboot app may overlap: three minutes by Heroku's article,
/// four by its support; while they do, the old ones take the traffic.
pub const PREBOOT_WINDOW: Span = Span::minutes(4);
/// How long a release is left to itself, so that its own restarts are over.
const AFTER_RELEASE: SignedDuration = SignedDuration::from_mins(2);

/// With fewer requests left no restart is begun, so that those in flight can be proven.
pub const QUOTA_FLOOR: u64 = 100;

/// Why not, and the reason in words.
pub type Reason = (SkipReason, String);

/// Whether a dyno is up and has been for `settle`.
#[must_use]
pub fn is_settled(dyno: &Dyno, settle: Span, now: Timestamp) -> bool {
    dyno.is_up() && now.duration_since(dyno.updated_at) >= settle.duration()
}

/// What forbids the restart of this one dyno.
pub(super) fn check(question: Question<'_>, dyno: &Dyno, step: &Step) -> Option<Reason> {
    let snapshot = question.snapshot;
    fuse(question, step)
        .or_else(|| state(dyno, &step.zone))
        .or_else(|| maintenance(snapshot))
        .or_else(|| release_in_progress(snapshot))
        .or_else(|| release_just_made(question, step))
        .or_else(|| preboot(question, dyno, step))
        .or_else(|| asked(question, step))
        .or_else(|| words::against(question, step))
        .or_else(|| quota_floor(question))
}

/// What its owner, or its own code, did to a dyno that passes leave alone for as long as it lasts.
#[must_use]
pub fn left_by_its_owner(snapshot: &Snapshot, dyno: &Dyno, zone: &Zone) -> Option<Reason> {
    let is_left = matches!(dyno.state, State::Crashed | State::Idle);
    let state = state(dyno, zone).filter(|_| is_left);
    state.or_else(|| maintenance(snapshot))
}

fn maintenance(snapshot: &Snapshot) -> Option<Reason> {
    let app = &snapshot.app;
    app.is_in_maintenance.then(|| {
        let detail = format!("until heroku maintenance:off --app {}", app.name);
        (SkipReason::Maintenance, detail)
    })
}

fn state(dyno: &Dyno, zone: &Zone) -> Option<Reason> {
    let since = || zone.tell(dyno.updated_at);
    match &dyno.state {
        State::Up => None,
        State::Crashed => Some((
            SkipReason::Crashed,
            format!("since {}; Heroku's back-off is kept", since()),
        )),
        State::Idle => Some((
            SkipReason::Idle,
            "asleep: waking it would burn its hours".to_owned(),
        )),
        State::Starting => Some((SkipReason::Starting, format!("starting since {}", since()))),
        State::Other(state) => Some((SkipReason::Starting, format!("{state} since {}", since()))),
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

fn release_just_made(question: Question<'_>, step: &Step) -> Option<Reason> {
    let released_at = question.snapshot.app.released_at?;
    let is_fresh = question.now < released_at + AFTER_RELEASE;
    is_fresh.then(|| {
        (
            SkipReason::ReleaseJustMade,
            format!("released {}", step.zone.tell(released_at)),
        )
    })
}

/// While old and new dynos of a preboot app overlap, the old ones are the only ones with traffic.
fn preboot(question: Question<'_>, dyno: &Dyno, step: &Step) -> Option<Reason> {
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
        .filter(|other| other.process_type == "web" && !question.known.seen.is_proven(&other.id));
    let youngest = web.map(|other| other.created_at).max()?;
    let is_open = question.now < youngest + PREBOOT_WINDOW.duration();
    is_open.then(|| {
        (
            SkipReason::PrebootWindow,
            format!(
                "a web dyno started {}, and old and new ones overlap for {PREBOOT_WINDOW}",
                step.zone.tell(youngest)
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
    let [asked_at, occurrence, since] =
        [asked.at, step.occurrence, step.old_created_at].map(|instant| step.zone.tell(instant));
    let detail = format!(
        "asked for {asked_at} for {occurrence}, and the dyno in its place started {since}, before it"
    );
    Some((SkipReason::AlreadyInLedger, detail))
}

/// What the ledger says of this very dyno, for whatever occurrence it was asked for.
fn asked(question: Question<'_>, step: &Step) -> Option<Reason> {
    pending(question, &step.old_id, step.limits.wait_limit, &step.zone).or_else(|| {
        let asked = question.known.last_asked(&step.old_id)?;
        let is_undone = asked.is_accepted && asked.occurrence == step.occurrence;
        is_undone.then(|| {
            let detail = format!(
                "Heroku accepted its restart {} and has not done it",
                step.zone.tell(asked.at)
            );
            (SkipReason::AlreadyInLedger, detail)
        })
    })
}

/// A restart of this dyno that was asked for and may still be on its way.
fn pending(question: Question<'_>, id: &str, wait_limit: Span, zone: &Zone) -> Option<Reason> {
    let asked = question.known.last_asked(id)?;
    let limit = if asked.is_accepted {
        wait_limit.duration()
    } else {
        LONGEST_LAG
    };
    (question.now.duration_since(asked.at) <= limit).then(|| {
        (
            SkipReason::RestartPending,
            format!("a restart was asked for {}", zone.tell(asked.at)),
        )
    })
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
    // A restart that may still take effect would take its dyno down beside the next one, whether
    // that dyno is due now or not.
    let wait_limit = plan.steps.iter().map(|step| step.limits.wait_limit).max();
    let zone = plan.steps.first().map(|step| step.zone.clone());
    let pending = question.snapshot.formation_dynos().find_map(|dyno| {
        let (reason, detail) = pending(question, &dyno.id, wait_limit?, zone.as_ref()?)?;
        Some((reason, format!("{}: {detail}", dyno.name)))
    });
    if let Some(pending) = pending {
        return drop_steps(plan, |_| Some(pending.clone()));
    }
    let witness = Witness {
        snapshot: question.snapshot,
        now: question.now,
        seen: &question.known.seen,
        asked: &question.known.asked,
    };
    for is_dated in [true, false] {
        let is_of_them = |step: &&Step| health::is_dated(step) == is_dated;
        let steps: Vec<&Step> = plan
            .steps
            .iter()
            .map(|step| &**step)
            .filter(is_of_them)
            .collect();
        if let Some(unhealthy) = witness.unhealthy(&steps, |_| false) {
            drop_steps(plan, |step| is_of_them(&step).then(|| unhealthy.clone()));
        }
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
                dyno: step.dyno.clone(),
                schedule: Some(step.schedule.clone()),
                reason,
                detail,
                occurrence: Some(step.occurrence),
            })
        }));
}

/// The process type has as many dynos down as the user allows, whoever took them down.
fn over_budget(question: Question<'_>, steps: &[Arc<Step>], step: &Step) -> Option<Reason> {
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
