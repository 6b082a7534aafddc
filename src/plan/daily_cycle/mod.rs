//! Whether Heroku's own daily cycle can restart a dyno before a schedule does.
//!
//! Heroku restarts every dyno 24 hours and up to 216 random minutes after its last start; a restart of
//! ours, or a deploy, begins that anew. So what counts is the gap from a start to the next restart that
//! is expected: with the runner's worst lateness, and the dyno's place in the roll. Where one of them is
//! not known, neither is the answer.

mod between;

pub use between::{Between, between};

use super::{Limits, NextRoll, Plan, Question, Skip, guards};
use crate::{
    schedule::{CYCLE_AFTER, CYCLE_SPREAD, Schedule, Span, Zone},
    snapshot::{Dyno, Generation},
};
use jiff::{SignedDuration, Timestamp};

/// What can be said of one dyno, up to its next restart.
#[derive(Debug, Clone, PartialEq)]
pub enum Cycle {
    /// A schedule restarts it before.
    CannotFire {
        /// By then, at the latest.
        restart: Timestamp,
    },
    MayFire(Gap),
    Unknown(String),
}

impl Cycle {
    /// Nothing is known of a dyno that the next roll would leave out, were dynos then as they are now.
    #[must_use]
    pub fn heeding(self, next: Option<&NextRoll>, dyno: &Dyno) -> Self {
        let mut left_out = next.into_iter().flat_map(NextRoll::left_out);
        let is_left_out = left_out.any(|skip| skip.dyno == dyno.name);
        match self {
            Self::CannotFire { .. } | Self::MayFire(_) if is_left_out => {
                let why = "the next roll would leave it out, with dynos as they are now";
                Self::Unknown(why.to_owned())
            }
            cycle => cycle,
        }
    }
}

/// A time in which Heroku's cycle may fire.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Gap {
    pub from: Timestamp,
    pub until: Timestamp,
    /// From 0 to 1: Heroku's random minutes are taken to be spread evenly.
    pub chance: f64,
    /// The lateness of the runner or the length of the roll comes on top, and is not known.
    pub is_at_least: bool,
    /// The next restart that is expected of us.
    pub restart: Option<Timestamp>,
}

impl Gap {
    /// The times in which the cycle may fire until the next restart of ours: this one, and where it is
    /// certain to fire, those that follow by themselves.
    pub fn again(self) -> impl Iterator<Item = Self> {
        /// More than anybody looks at.
        const MOST: usize = 10;
        let next = move |last: &Self| {
            let from = last.from + CYCLE_AFTER;
            let until = last.until + CYCLE_AFTER + CYCLE_SPREAD;
            let is_certain = last.chance >= 1.0;
            let is_before = self.restart.is_none_or(|restart| from < restart);
            let until = self.restart.map_or(until, |restart| until.min(restart));
            (is_certain && is_before).then_some(Self {
                from,
                until,
                ..*last
            })
        };
        std::iter::successors(Some(self), next).take(MOST)
    }
}

/// How late a dyno's restart may come, seen from its occurrence.
#[derive(Debug, Clone, Copy)]
pub struct Lateness {
    /// Of the runner, at worst; or why that is not known.
    pub runner: Result<SignedDuration, &'static str>,
    /// A restart's length at worst, by past ones.
    pub restart: Option<SignedDuration>,
}

/// The answer for every dyno that a schedule is about, in the order of the plan.
#[must_use]
pub fn of_app<'a>(
    question: Question<'a>,
    plan: &Plan,
    lateness: Lateness,
) -> Vec<(&'a Dyno, Cycle)> {
    let mut dynos: Vec<&Dyno> = question.snapshot.formation_dynos().collect();
    dynos.sort_by_key(|dyno| (dyno.created_at, &dyno.name));
    let about = |dyno: &Dyno| {
        let is_about_it =
            |schedule: &&Schedule| schedule.target.includes(&dyno.name, &dyno.process_type);
        question
            .schedules
            .iter()
            .filter(is_about_it)
            .collect::<Vec<_>>()
    };
    let mut rolled: Vec<&Dyno> = vec![];
    let mut answers = vec![];
    for dyno in dynos {
        let schedules = about(dyno);
        if schedules.is_empty() {
            continue;
        }
        let budget = Limits::new(question, dyno).max_unavailable;
        let place = match turns(&rolled, dyno, budget as usize) {
            0 => Some(SignedDuration::ZERO),
            turns => lateness.restart.map(|restart| restart * turns),
        };
        let late = late(lateness.runner, place);
        answers.push((dyno, of_dyno(question, plan, dyno, &schedules, late)));
        rolled.push(dyno);
    }
    answers
}

/// How many restarts one after the other come before a dyno's: the first of an app goes alone, then
/// process types go side by side.
fn turns(rolled: &[&Dyno], dyno: &Dyno, budget: usize) -> i32 {
    let Some(canary) = rolled.first() else {
        return 0;
    };
    let of_type = rolled
        .iter()
        .filter(|before| before.process_type == dyno.process_type);
    let is_of_canary = usize::from(canary.process_type == dyno.process_type);
    let turns = 1 + (of_type.count() - is_of_canary) / budget.max(1);
    i32::try_from(turns).unwrap_or(i32::MAX)
}

/// What comes on top of an expected restart; the reason where that is not known.
fn late(
    runner: Result<SignedDuration, &'static str>,
    place: Option<SignedDuration>,
) -> Result<SignedDuration, &'static str> {
    let place = place.ok_or("how long a roll takes is not known yet");
    Ok(runner? + place?)
}

fn of_dyno(
    question: Question<'_>,
    plan: &Plan,
    dyno: &Dyno,
    schedules: &[&Schedule],
    late: Result<SignedDuration, &'static str>,
) -> Cycle {
    if question.snapshot.app.generation == Generation::Fir {
        return Cycle::Unknown("on Fir it can be switched off, and nobody tells".to_owned());
    }
    let (now, created_at) = (question.now, dyno.created_at);
    if now >= created_at + CYCLE_AFTER + CYCLE_SPREAD {
        let age = Span::whole_seconds_of(now.duration_since(created_at)).rounded();
        let why = format!("it is up for {age}, longer than the cycle is known to let it");
        return Cycle::Unknown(why);
    }
    let is_it = |skip: &&Skip| skip.dyno == dyno.name && skip.occurrence.is_some();
    if let Some(held) = plan.skips.iter().find(is_it) {
        return Cycle::Unknown(format!(
            "it is due and left alone ({})",
            held.reason.phrase()
        ));
    }
    let zone = schedules
        .first()
        .map_or_else(Zone::utc, |schedule| schedule.zone().clone());
    if let Some((reason, held)) = guards::left_by_its_owner(question.snapshot, dyno, &zone) {
        return Cycle::Unknown(format!(
            "passes leave it alone ({}: {held})",
            reason.phrase()
        ));
    }
    let step = plan.steps.iter().find(|step| step.old_id == dyno.id);
    let of_one = |schedule: &&Schedule| {
        let expected = schedule.expected_restart(created_at, now)?;
        Some((expected, schedule.bounds.allowed_until(expected)))
    };
    let next = schedules.iter().filter_map(of_one).min();
    let next = step.map_or(next, |step| {
        let is_its = |schedule: &&&Schedule| schedule.name.as_str() == step.schedule;
        let its = schedules.iter().find(is_its);
        let closes = its.and_then(|schedule| schedule.bounds.allowed_until(now));
        Some((now, closes))
    });
    let expected = next.map(|(expected, _)| expected);
    match (gap(created_at, now, expected, late.ok()), next, late) {
        (Some(gap), _, _) => Cycle::MayFire(gap),
        (None, Some((expected, Some(closes))), Ok(late)) if expected + late >= closes => {
            Cycle::Unknown("the window may close before its turn".to_owned())
        }
        (None, Some((expected, _)), Ok(late)) => Cycle::CannotFire {
            restart: expected + late,
        },
        (None, _, late) => Cycle::Unknown(late.err().unwrap_or_default().to_owned()),
    }
}

/// The time in which the cycle may reach a dyno that started then; `late` is what comes on top of the
/// expected restart, where that is known.
fn gap(
    created_at: Timestamp,
    now: Timestamp,
    expected: Option<Timestamp>,
    late: Option<SignedDuration>,
) -> Option<Gap> {
    let begins = created_at + CYCLE_AFTER;
    let (from, ends) = (whole(begins.max(now)), whole(begins + CYCLE_SPREAD));
    let until = expected.map_or(ends, |expected| {
        ends.min(expected + late.unwrap_or_default())
    });
    (from < until).then(|| Gap {
        from,
        until,
        chance: until.duration_since(from).as_secs_f64() / ends.duration_since(from).as_secs_f64(),
        is_at_least: late.is_none() && until < ends,
        restart: expected,
    })
}

/// To the second: what lies below says nothing about a chance.
fn whole(instant: Timestamp) -> Timestamp {
    Timestamp::from_second(instant.as_second()).unwrap_or(instant)
}
