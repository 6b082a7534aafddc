//! What is judged, and what was missed: the marks let the next pass look only where it must.

use super::one_app::AppPass;
use crate::{
    error::Error,
    plan::{Plan, Skip, Step, Weight, missed},
    report::AppReport,
    schedule::{Membership, OWN_CYCLE, Schedule},
    snapshot::Snapshot,
    state::{Mark, StateDir, Untold, Waiting},
};
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;

/// How soon a list that lacks dynos of the formation is read again for a max uptime.
const AFTER_A_GAP: SignedDuration = SignedDuration::from_mins(5);

impl AppPass<'_> {
    /// Occurrences whose catch-up is over: the dynos are the witnesses. Judged after every look, before
    /// anything is restarted, and again at the end of a pass that waited too long.
    pub(super) fn judge_missed(
        &self,
        report: &mut AppReport,
        snapshot: &Snapshot,
        is_final: bool,
    ) -> Result<(), Error> {
        let (state, is_dry_run) = (self.pass.state, self.pass.options.is_dry_run);
        for schedule in self.marked(snapshot) {
            let mut mark = state.mark(schedule);
            let mut untold = mark.untold.take();
            mark.judged = mark.judged.max(self.before_our_time(schedule));
            let judged = missed::latest_expired(schedule, mark.judged, snapshot.at)
                .filter(|expired| !self.is_open(schedule, *expired, snapshot.at));
            let Some(expired) = judged else { continue };
            let why = mark.why_not(schedule, expired).cloned();
            mark.waiting
                .take_if(|waiting| waiting.occurrence == expired);
            // A dyno that was not needed is no witness of a miss.
            let is_left = mark.heeded.is_none_or(|heeded| heeded < expired)
                && missed::is_left(schedule, snapshot, expired);
            // Without all the witnesses nobody can tell that it was acted on: that is a miss when an
            // earlier pass could not tell either, in time, and this one has asked twice.
            let is_unsure = !is_left && gap(schedule, snapshot).is_some();
            let was_unsure = why.as_ref().is_some_and(|waiting| waiting.is_unsure);
            if is_unsure && !(is_final && was_unsure) {
                continue;
            }
            if is_left || is_unsure {
                let catch_up = schedule.guards.catch_up;
                let why = why.map(|waiting| waiting.reason);
                let reason = why.unwrap_or_else(|| {
                    if report.ended.is_empty() {
                        let which = match &schedule.app.membership {
                            Membership::Member(fleet) => {
                                format!("no pass that found the app in {fleet}")
                            }
                            Membership::Alone | Membership::Fleet(_) => "no pass".to_owned(),
                        };
                        format!(
                            "{which} ran from {} for {catch_up}",
                            schedule.due_at(expired)
                        )
                    } else {
                        format!("a pass rolled the app, and did not reach it within {catch_up}")
                    }
                });
                let witness = missed::oldest_left(schedule, snapshot, expired);
                let missed = missed::missed(schedule, mark.judged.max(witness), expired, reason);
                if !is_dry_run {
                    self.pass
                        .tools
                        .ledger
                        .missed(&missed, &snapshot.app.id, snapshot.at)?;
                }
                untold = Some(Untold {
                    occurrence: missed.occurrence,
                    count: missed.count,
                    reason: missed.reason.clone(),
                    by: self.pass.process.to_owned(),
                });
                report.untold.push(schedule.clone());
                report.missed.push(missed);
            }
            if !is_dry_run {
                state.set_mark(
                    schedule,
                    &Mark {
                        judged: Some(expired),
                        waited: None,
                        untold,
                        ..mark
                    },
                )?;
            }
        }
        Ok(())
    }

    /// The latest occurrence that was over before a runner began that keeps nothing.
    fn before_our_time(&self, schedule: &Schedule) -> Option<Timestamp> {
        let from = self.pass.options.reports_from?;
        schedule.latest_occurrence(from - schedule.guards.catch_up.duration())
    }

    /// The schedules whose occurrences this pass is about: none of `run --now`, none that rests.
    fn marked(&self, snapshot: &Snapshot) -> impl Iterator<Item = &Schedule> {
        let is_now = self.known.now.is_some();
        let at = snapshot.at;
        self.schedules
            .iter()
            .filter(move |schedule| !is_now && !schedule.is_paused(at))
    }

    /// Whether this pass has begun to roll for this occurrence, and goes on: then catch-up is no longer
    /// judged. Once a newer one has come, the rest of the dynos are restarted for that.
    fn is_open(&self, schedule: &Schedule, occurrence: Timestamp, now: Timestamp) -> bool {
        let open = &self.known.open;
        open.contains(&(schedule.name.to_string(), occurrence))
            && schedule.latest_occurrence(now) == Some(occurrence)
    }

    /// Keeps why dynos that are due are left alone, should the pass not live to say it.
    pub(super) fn keep_waiting(&self, plan: &Plan, snapshot: &Snapshot) -> Result<(), Error> {
        for schedule in self.marked(snapshot) {
            let mark = self.pass.state.mark(schedule);
            let waiting = waiting(plan, snapshot, schedule);
            let fresh = mark.clone().waits(schedule, waiting);
            if fresh != mark && fresh.waiting.is_some() {
                self.pass.state.set_mark(schedule, &fresh)?;
            }
        }
        Ok(())
    }

    /// Marks what is judged, and why the rest is not. A schedule is judged when no dyno of its
    /// target is open, under whatever schedule's name: one step or skip speaks for all of them.
    pub(super) fn judge(
        &self,
        report: &AppReport,
        plan: &Plan,
        snapshot: &Snapshot,
    ) -> Result<(), Error> {
        for schedule in self.marked(snapshot) {
            let mark = self.pass.state.mark(schedule);
            let includes = |step: &Step| schedule.target.includes(&step.dyno, &step.process_type);
            let failed = report
                .ended
                .iter()
                .find(|ended| includes(&ended.step) && !ended.outcome.is_good());
            let waiting = waiting(plan, snapshot, schedule).or_else(|| {
                let failed = failed?;
                let detail = failed.detail.as_deref().unwrap_or_default();
                let reason = format!("{} {}: {detail}", failed.step.dyno, failed.outcome.phrase());
                let latest = schedule.latest_occurrence(snapshot.at);
                let occurrence = latest.unwrap_or(failed.step.occurrence);
                Some(Waiting::new(occurrence, snapshot.at, reason))
            });
            let is_open = plan
                .steps
                .iter()
                .chain(&self.due_again)
                .any(|step| includes(step));
            let gap = gap(schedule, snapshot);
            let has_gap = gap.is_some();
            let unsure = || {
                let latest = schedule.latest_occurrence(snapshot.at);
                let is_open = |latest: &Timestamp| {
                    snapshot.at <= schedule.expires_at(*latest)
                        && mark.judged.is_none_or(|judged| judged < *latest)
                };
                Some(Waiting {
                    is_unsure: true,
                    ..Waiting::new(latest.filter(is_open)?, snapshot.at, gap?)
                })
            };
            let waiting = waiting.or_else(unsure);
            let is_judged = waiting.is_none() && !is_open && !has_gap;
            let judged = schedule
                .latest_occurrence(snapshot.at)
                .filter(|_| is_judged)
                .max(mark.judged);
            // A list that is short may be so for long; it is not asked for at every turn.
            let soon = has_gap.then(|| snapshot.at + AFTER_A_GAP);
            let looks = || looks(schedule, snapshot);
            let longest_up = looks().min().or_else(|| {
                // A dyno that starts now, if there is none.
                schedule.look_at(snapshot.at, snapshot.at)
            });
            let not_before = longest_up.and_then(|at| if is_judged { Some(at) } else { soon });
            // Whom its owner keeps down says nothing of the others.
            let is_settled = |skip: &&Skip| {
                let is_open = matches!(skip.reason.weight(), Weight::Passing | Weight::Held);
                let named = snapshot.dynos.iter().find(|dyno| dyno.name == skip.dyno);
                let is_its = named
                    .is_some_and(|dyno| schedule.target.includes(&dyno.name, &dyno.process_type));
                !(is_open && is_its)
            };
            let is_heeded = schedule.memory.if_needed
                && !is_open
                && !has_gap
                && plan.skips.iter().all(|skip| is_settled(&skip));
            let heeded = schedule
                .latest_occurrence(snapshot.at)
                .filter(|_| is_heeded)
                .max(mark.heeded);
            let fresh = Mark {
                judged,
                heeded,
                not_before,
                ahead: looks().filter(|look| *look > snapshot.at).min(),
                // A no of a later occurrence is another one.
                busy: mark.busy.filter(|_| !is_judged),
                ..mark.clone().waits(schedule, waiting)
            };
            if fresh != mark {
                self.pass.state.set_mark(schedule, &fresh)?;
            }
        }
        Ok(())
    }
}

/// What Heroku's answers lack of the dynos of a schedule.
fn gap(schedule: &Schedule, snapshot: &Snapshot) -> Option<String> {
    snapshot.gap(|name, kind| schedule.target.includes(name, kind))
}

/// Keeps why an app could not even be looked at, should its occurrences be missed for it.
pub fn keep_trouble(state: &StateDir, schedules: &[Schedule], now: Timestamp, error: &Error) {
    if matches!(error, Error::Interrupted) {
        return;
    }
    for schedule in schedules.iter().filter(|schedule| !schedule.is_paused(now)) {
        let mark = state.mark(schedule);
        let open = missed::latest_unjudged(schedule, mark.judged, now)
            .filter(|open| now <= schedule.expires_at(*open));
        let Some(occurrence) = open else { continue };
        let reason = error.to_string();
        let waiting = Some(Waiting::new(occurrence, now, reason));
        // Where nothing can be kept, the miss is told all the same, without its reason.
        let _ = state.set_mark(schedule, &mark.waits(schedule, waiting));
    }
}

/// The first dyno of a schedule's target that is due and left alone, whichever schedule it is due by.
fn waiting(plan: &Plan, snapshot: &Snapshot, schedule: &Schedule) -> Option<Waiting> {
    let is_of_it = |skip: &&Skip| {
        let dyno = snapshot.dynos.iter().find(|dyno| dyno.name == skip.dyno);
        skip.occurrence.is_some()
            && dyno.is_some_and(|dyno| schedule.target.includes(&dyno.name, &dyno.process_type))
    };
    let open = plan.skips.iter().find(is_of_it)?;
    let reason = format!("{}: {}", open.reason.phrase(), open.detail);
    let occurrence = schedule
        .latest_occurrence(snapshot.at)
        .or(open.occurrence)?;
    Some(Waiting::new(occurrence, snapshot.at, reason))
}

/// When each dyno of a schedule is due by its age.
fn looks(schedule: &Schedule, snapshot: &Snapshot) -> impl Iterator<Item = Timestamp> {
    let dynos = snapshot
        .formation_dynos()
        .filter(|dyno| schedule.target.includes(&dyno.name, &dyno.process_type));
    dynos.filter_map(|dyno| schedule.look_at(dyno.created_at, snapshot.at))
}

/// Up to which occurrences schedules that heed memory have judged.
#[must_use]
pub fn judged(state: &StateDir, schedules: &[Schedule]) -> BTreeMap<String, Timestamp> {
    let heeding = schedules.iter().filter(|one| one.memory.if_needed);
    let of_one = |schedule: &Schedule| {
        let mark = state.mark(schedule);
        Some((schedule.name.to_string(), mark.judged.max(mark.heeded)?))
    };
    heeding.filter_map(of_one).collect()
}

/// Whether this machine's clock and the marks leave a chance that something is due. No request.
#[must_use]
pub fn has_reason_to_look(schedule: &Schedule, state: &StateDir, now: Timestamp) -> bool {
    if schedule.is_paused(now) {
        return false;
    }
    let mark = believable_mark(schedule, state, now);
    let latest = schedule.latest_occurrence(now);
    let is_calendar_open =
        latest.is_some_and(|latest| mark.judged.is_none_or(|judged| judged < latest));
    let is_age_reached = mark.not_before.is_none_or(|not_before| not_before <= now);
    let is_age_open =
        schedule.has_age_trigger() && is_age_reached && schedule.bounds.bar(now).is_none();
    is_calendar_open || is_age_open
}

/// The same where nobody listens to its log: what a dyno uses may make it due at any time.
#[must_use]
pub fn may_be_due(schedule: &Schedule, state: &StateDir, now: Timestamp) -> bool {
    let by_memory = schedule.memory.is_trigger() && schedule.bounds.bar(now).is_none();
    has_reason_to_look(schedule, state, now) || by_memory && !schedule.is_paused(now)
}

/// A mark without what lies in a future that a clock once was in.
fn believable_mark(schedule: &Schedule, state: &StateDir, now: Timestamp) -> Mark {
    const LARGEST_SKEW: SignedDuration = SignedDuration::from_hours(1);
    let mark = state.mark(schedule);
    let horizon = now + LARGEST_SKEW;
    let longest = schedule.max_uptime.unwrap_or_default().duration();
    let age_horizon = horizon + longest.max(OWN_CYCLE);
    Mark {
        judged: mark.judged.filter(|judged| *judged <= horizon),
        not_before: mark
            .not_before
            .filter(|not_before| *not_before <= age_horizon),
        ..mark
    }
}

/// The instant until which a watch may sleep: the next one at which a pass may find something.
#[must_use]
pub fn next_look(schedules: &[Schedule], state: &StateDir, now: Timestamp) -> Option<Timestamp> {
    let of_one = |schedule: &Schedule| {
        let mark = believable_mark(schedule, state, now);
        // What is reached already waits for a window, if for anything.
        let age = mark.not_before.filter(|_| schedule.has_age_trigger());
        let age = age.map(|age| age.max(now));
        let age = age.or(mark.ahead.filter(|ahead| *ahead > now));
        let age = age.and_then(|age| schedule.bounds.next_allowed(age));
        [schedule.next_due(now), age].into_iter().flatten().min()
    };
    schedules.iter().filter_map(of_one).min()
}
