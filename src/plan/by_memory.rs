//! Is a dyno due by its memory, and would a restart help? Judged by what the log tells of its present life.

use super::{
    Question, SkipReason, Trigger,
    due::{Verdict, barred},
};
use crate::{
    memory::{Bytes, Level, Life, Lives, Newest, Outlook, Seen},
    schedule::{Bounds, Schedule, Span},
    snapshot::{Dyno, Generation},
};
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;

/// A fresh start that uses so much of a threshold, in percent, is too near to it for a restart to help.
const NEAR: u32 = 95;
/// Of the quota, in percent.
const NEARLY_FULL: u32 = 85;
const A_DAY: SignedDuration = SignedDuration::from_hours(24);
/// When what a dyno uses is no more what its start brings.
const WARMED_UP: SignedDuration = SignedDuration::from_mins(10);
/// How long before a window closes a roll should begin.
const BEFORE_CLOSE: SignedDuration = SignedDuration::from_hours(1);
/// How late the restart for the next occurrence may come.
const LATE: SignedDuration = SignedDuration::from_mins(15);

/// What is known of one dyno for one schedule.
struct Look<'a> {
    question: Question<'a>,
    schedule: &'a Schedule,
    dyno: &'a Dyno,
    seen: &'a Seen,
    quota: Option<Bytes>,
    threshold: Option<Bytes>,
}

impl<'a> Look<'a> {
    fn new(question: Question<'a>, schedule: &'a Schedule, dyno: &'a Dyno) -> Option<Self> {
        let snapshot = question.snapshot;
        let seen = snapshot.memory.get(&dyno.id)?;
        let quota = snapshot.quota(dyno);
        let threshold = schedule.memory.threshold();
        Some(Self {
            question,
            schedule,
            dyno,
            seen,
            quota,
            threshold: threshold.of(quota, snapshot.app.is_ended_at_quota()),
        })
    }

    /// An amount as a share of the quota, where that is known.
    fn tell(&self, used: Bytes) -> String {
        tell(used, self.quota)
    }
}

/// `470 MB, 92% of its quota`.
fn tell(used: Bytes, quota: Option<Bytes>) -> String {
    let megabytes = used.as_mb();
    match quota {
        Some(quota) => format!(
            "{megabytes:.0} MB, {:.0}% of its quota",
            used.percent_of(quota)
        ),
        None => format!("{megabytes:.0} MB"),
    }
}

/// `None` when no memory of a dyno makes it due.
pub(super) fn judge(question: Question<'_>, schedule: &Schedule, dyno: &Dyno) -> Option<Verdict> {
    if !schedule.memory.is_trigger() {
        return None;
    }
    let unknown = |why: &str| Verdict::not(SkipReason::MemoryUnknown, why);
    let now = question.now;
    let up_for = Span::whole_seconds_of(now.duration_since(dyno.began_at()));
    let warm_up = schedule.warm_up();
    if up_for < warm_up {
        let detail = format!(
            "up for {}; its memory counts after {warm_up}",
            up_for.rounded()
        );
        return Some(Verdict::not(SkipReason::MinUptime, detail));
    }
    let Some(look) = Look::new(question, schedule, dyno) else {
        return Some(unknown("its log was not read"));
    };
    let found = look.r14().or_else(|| look.over()).or_else(|| look.ahead());
    Some(match found {
        Some((trigger, occurrence, limit)) => look.verdict(trigger, occurrence, limit),
        None => look.rest(),
    })
}

/// Why it is due, since when, and the limit that it is about.
type Found = (Trigger, Timestamp, Option<Bytes>);

impl Look<'_> {
    fn r14(&self) -> Option<Found> {
        let since = self.seen.exceeded_since(self.question.now);
        let since = since.filter(|_| self.schedule.memory.on_r14)?;
        // A sample that came after the last error, and is below the quota, says that it is over.
        if self.seen.has_fallen_below(self.quota) {
            return None;
        }
        Some((Trigger::R14, since, self.quota))
    }

    fn over(&self) -> Option<Found> {
        self.schedule.memory.threshold?;
        let threshold = self.threshold?;
        match self.seen.level(threshold, self.question.now) {
            Level::Over { since, .. } => Some((Trigger::Memory, since, Some(threshold))),
            _ => None,
        }
    }

    fn ahead(&self) -> Option<Found> {
        let (quota, life) = (self.quota?, self.seen.life.as_ref()?);
        self.schedule.memory.before_limit?;
        // What is reached is not forecast any more.
        if let Level::Over { since, .. } = self.seen.level(quota, self.question.now) {
            return Some((Trigger::Forecast, since, Some(quota)));
        }
        let due_at = ahead_of_limit(self.schedule, life, quota, self.question.now)?;
        Some((Trigger::Forecast, due_at, Some(quota)))
    }

    fn verdict(&self, trigger: Trigger, since: Timestamp, limit: Option<Bytes>) -> Verdict {
        let now = self.question.now;
        if let Some(detail) = self.does_not_help(limit) {
            return Verdict::not(SkipReason::RestartDoesNotHelp, detail);
        }
        if let Some((_, detail)) = barred(self.schedule, now) {
            let used = self
                .used()
                .map_or_else(String::new, |used| format!("{}; ", self.tell(used)));
            return Verdict::not(SkipReason::NotAllowedYet, format!("{used}{detail}"));
        }
        // The restart of this very dyno that was asked for already is this one.
        let asked = self.question.known.last_asked(&self.dyno.id);
        let asked = asked.filter(|asked| asked.is_for_memory);
        let occurrence = asked.map_or(since, |asked| asked.occurrence);
        Verdict::Due {
            trigger,
            occurrence: occurrence
                .min(now)
                .max(self.dyno.created_at + SignedDuration::from_millis(1)),
        }
    }

    /// Why a restart brings nothing, in words.
    fn does_not_help(&self, limit: Option<Bytes>) -> Option<String> {
        let (dyno, now) = (self.dyno, self.question.now);
        let begun = dyno.began_at();
        let baseline = self
            .seen
            .life
            .as_ref()
            .and_then(|life| life.baseline(begun));
        // Whoever saw it begin has written down what it used then.
        let asked = self.question.known.asked.iter().rev();
        let mut measured = asked.filter(|asked| asked.new_id.as_ref() == Some(&dyno.id));
        let baseline = baseline.or_else(|| measured.find_map(|asked| asked.memory_after));
        if let (Some(baseline), Some(limit)) = (baseline, limit)
            && baseline >= limit.percent(NEAR)
        {
            return Some(format!(
                "it used {} ten minutes after its start already",
                self.tell(baseline)
            ));
        }
        // Without samples: R14 that has come ever since.
        let is_below_quota = limit
            .zip(self.quota)
            .is_none_or(|(limit, quota)| limit <= quota);
        let since = self.seen.exceeded_since(now).filter(|_| is_below_quota);
        if baseline.is_none() && since.is_some_and(|since| since <= begun + WARMED_UP) {
            let told = "it was over its quota ten minutes after its start already";
            return Some(told.to_owned());
        }
        let is_recent = |at: Timestamp| now.duration_since(at) < A_DAY;
        let asked = self.question.known.asked.iter();
        let asked = asked.filter(|asked| asked.is_for_memory && asked.dyno == dyno.name);
        let count = asked
            .filter(|asked| asked.is_done() && is_recent(asked.at))
            .count();
        let most = self.schedule.memory.max_per_day();
        (count >= most as usize).then(|| {
            format!(
                "restarted {count} times for its memory in the last 24 hours, of {most} allowed"
            )
        })
    }

    fn used(&self) -> Option<Bytes> {
        self.seen.used(self.question.now)
    }

    /// Why nothing is known of what it uses.
    fn silence(&self) -> String {
        match self.seen.last_at() {
            Some(last) => {
                let since = Span::whole_seconds_of(self.question.now.duration_since(last));
                format!("the last sample of its memory is {since} old")
            }
            None if self.question.snapshot.app.generation == Generation::Fir => {
                "the log of an app on Fir has no sample of memory".to_owned()
            }
            None => "no sample of its memory in the log yet, or log-runtime-metrics was off when it started".to_owned(),
        }
    }

    /// Why it is not due.
    fn rest(&self) -> Verdict {
        let Some(used) = self.used() else {
            return Verdict::not(SkipReason::MemoryUnknown, self.silence());
        };
        if self.schedule.memory.threshold.is_none() {
            return Verdict::not(SkipReason::NotDue, format!("memory {}", self.tell(used)));
        }
        let Some(threshold) = self.threshold else {
            return Verdict::not(SkipReason::MemoryUnknown, "its quota is not known");
        };
        let detail = format!(
            "memory {}, due from {:.0} MB on",
            self.tell(used),
            threshold.as_mb()
        );
        Verdict::not(SkipReason::NotDue, detail)
    }
}

/// Since when a dyno is due so long before its quota is reached, by the forecast, or in the last window
/// before that.
fn ahead_of_limit(
    schedule: &Schedule,
    life: &Life,
    quota: Bytes,
    now: Timestamp,
) -> Option<Timestamp> {
    due_ahead_of_limit(schedule, life, quota, now).filter(|due_at| *due_at <= now)
}

/// The same of a dyno that is not due yet.
pub(super) fn due_ahead_of_limit(
    schedule: &Schedule,
    life: &Life,
    quota: Bytes,
    now: Timestamp,
) -> Option<Timestamp> {
    let before = schedule.memory.before_limit?;
    let Outlook::Reaches(forecast) = life.outlook(quota, now) else {
        return None;
    };
    let latest = forecast.at - before.duration();
    let is_sure = life.reaches(quota, forecast.at, now) == Some(true);
    // One that has just warmed up is believed where it is near already.
    let is_near = || {
        life.last()
            .is_some_and(|last| last.used >= quota.percent(NEARLY_FULL))
    };
    if latest <= now {
        (is_sure || is_near()).then_some(latest)
    } else {
        // A window before is taken where the forecast is more than a guess.
        is_sure
            .then(|| last_window(&schedule.bounds, latest))
            .flatten()
    }
}

/// When a roll is to begin at the latest that windows and blackouts allow until an instant.
fn last_window(bounds: &Bounds, latest: Timestamp) -> Option<Timestamp> {
    let inside = bounds.last_allowed(latest)?;
    let closes = bounds.allowed_until(inside);
    let opens = bounds.allowed_since(inside);
    let begin = closes.map_or(latest, |closes| closes - BEFORE_CLOSE);
    Some(opens.map_or(begin, |opens| opens.max(begin)).min(latest))
}

/// The newest lives and errors of the names that a schedule is about.
fn about<'a>(schedule: &'a Schedule, lives: &'a Lives) -> impl Iterator<Item = Newest<'a>> {
    let is_about = |newest: &Newest<'_>| schedule.target.includes(newest.name, newest.process_type);
    lives.newest().filter(is_about)
}

/// Of which dynos lines tell that they are over the threshold of a schedule: reason enough to look at the
/// app.
pub fn over<'a>(
    schedule: &'a Schedule,
    lives: &'a Lives,
    (quotas, is_ended_at_quota): (&'a BTreeMap<String, Bytes>, bool),
    now: Timestamp,
) -> impl Iterator<Item = Newest<'a>> {
    let memory = &schedule.memory;
    let warm_up = schedule.warm_up().duration();
    about(schedule, lives).filter(move |newest| {
        if newest.is_younger_than(warm_up, now) {
            return false;
        }
        // What its lines do not tell, a pass has found out.
        let quota = newest.quota().or_else(|| quotas.get(newest.name).copied());
        let threshold = memory
            .threshold
            .and_then(|threshold| threshold.of(quota, is_ended_at_quota));
        let is_over = threshold
            .is_some_and(|threshold| matches!(newest.level(threshold, now), Level::Over { .. }));
        is_over || memory.on_r14 && newest.exceeded_since(now).is_some()
    })
}

/// The same for a forecast, which takes longer to tell.
pub fn near_limit<'a>(
    schedule: &'a Schedule,
    lives: &'a Lives,
    quotas: &'a BTreeMap<String, Bytes>,
    now: Timestamp,
) -> impl Iterator<Item = Newest<'a>> {
    about(schedule, lives).filter(move |newest| {
        let quota = newest.quota().or_else(|| quotas.get(newest.name).copied());
        let known = newest.life.zip(quota);
        let is_over = |quota| matches!(newest.level(quota, now), Level::Over { .. });
        known.is_some_and(|(life, quota)| {
            is_over(quota) || ahead_of_limit(schedule, life, quota, now).is_some()
        })
    })
}

/// Until when a dyno that is left alone at an instant is not restarted by its calendar.
pub(super) fn until_next(schedule: &Schedule, at: Timestamp) -> Timestamp {
    schedule.next_due(at).unwrap_or(at + A_DAY) + LATE
}

/// Whether a calendar must restart a dyno before its next occurrence, and if not, why; `None` where nobody
/// knows.
pub(super) fn needed(
    question: Question<'_>,
    schedule: &Schedule,
    dyno: &Dyno,
) -> Option<Result<(), String>> {
    let look = Look::new(question, schedule, dyno)?;
    let (now, threshold) = (question.now, look.threshold?);
    let life = look.seen.life.as_ref()?;
    let next = until_next(schedule, now);
    if life.reaches(threshold, next, now)? {
        return Some(Ok(()));
    }
    let used = look.used().map(|used| look.tell(used)).unwrap_or_default();
    let threshold = threshold.as_mb();
    let next = schedule.zone().tell(next);
    Some(Err(format!(
        "memory {used}: not forecast to reach {threshold:.0} MB before {next}"
    )))
}
