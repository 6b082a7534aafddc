//! What is settled, and what was missed: the marks let the next pass look only where it must.

use super::one_app::AppPass;
use crate::{
    error::Error,
    plan::{Plan, Skip, Step, missed},
    report::AppReport,
    schedule::Schedule,
    snapshot::Snapshot,
    state::{Mark, StateDir, Waiting},
};
use jiff::Timestamp;

impl AppPass<'_> {
    /// Occurrences whose catch-up is over: the dynos are the witnesses. Judged before anything is
    /// restarted, and again at the end of a pass that waited too long.
    pub(super) fn judge_missed(
        &self,
        report: &mut AppReport,
        snapshot: &Snapshot,
    ) -> Result<(), Error> {
        let (state, is_dry_run) = (self.pass.state, self.pass.options.is_dry_run);
        for schedule in &self.schedules {
            let mut mark = state.mark(schedule);
            let judged = missed::latest_expired(schedule, mark.judged, snapshot.at)
                .filter(|expired| !self.is_open(schedule, *expired));
            let Some(expired) = judged else { continue };
            if missed::is_left(schedule, snapshot, expired) {
                let waiting = mark.waiting.take();
                let reason = waiting
                    .filter(|waiting| waiting.occurrence == expired)
                    .map_or_else(
                        || {
                            format!(
                                "no pass ran from {expired} for {}",
                                schedule.guards.catch_up
                            )
                        },
                        |waiting| waiting.reason,
                    );
                let missed = missed::missed(schedule, mark.judged, expired, reason);
                if !is_dry_run {
                    self.pass
                        .tools
                        .ledger
                        .missed(&missed, &snapshot.app.id, snapshot.at)?;
                }
                report.missed.push(missed);
            }
            if !is_dry_run {
                state.set_mark(
                    schedule,
                    &Mark {
                        judged: Some(expired),
                        ..mark
                    },
                )?;
            }
        }
        Ok(())
    }

    /// Whether this pass has begun to roll for this occurrence: then catch-up is no longer judged.
    fn is_open(&self, schedule: &Schedule, occurrence: Timestamp) -> bool {
        self.known
            .open
            .contains(&(schedule.name.to_string(), occurrence))
    }

    /// Keeps why dynos that are due are left alone, should the pass not live to say it.
    pub(super) fn keep_waiting(&self, plan: &Plan, snapshot: &Snapshot) -> Result<(), Error> {
        for schedule in &self.schedules {
            let mark = self.pass.state.mark(schedule);
            let fresh = Mark {
                waiting: waiting(plan, snapshot, schedule),
                ..mark.clone()
            };
            if fresh != mark && fresh.waiting.is_some() {
                self.pass.state.set_mark(schedule, &fresh)?;
            }
        }
        Ok(())
    }

    /// Marks what is settled, and why the rest is not. A schedule is settled when no dyno of its
    /// target is open, under whatever schedule's name: one step or skip speaks for all of them.
    pub(super) fn settle(
        &self,
        report: &AppReport,
        plan: &Plan,
        snapshot: &Snapshot,
    ) -> Result<(), Error> {
        for schedule in &self.schedules {
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
                Some(Waiting {
                    occurrence: failed.step.occurrence,
                    reason,
                })
            });
            let is_open = plan.steps.iter().chain(&self.due_again).any(includes);
            let is_settled = waiting.is_none() && !is_open;
            let judged = schedule
                .latest_occurrence(snapshot.at)
                .filter(|_| is_settled)
                .max(mark.judged);
            let not_before = longest_up(schedule, snapshot).filter(|_| is_settled);
            let fresh = Mark {
                judged,
                not_before,
                waiting,
                ..mark.clone()
            };
            if fresh != mark {
                self.pass.state.set_mark(schedule, &fresh)?;
            }
        }
        Ok(())
    }
}

/// The first dyno of a schedule's target that is due and left alone.
fn waiting(plan: &Plan, snapshot: &Snapshot, schedule: &Schedule) -> Option<Waiting> {
    let is_of_it = |skip: &&Skip| {
        let dyno = snapshot.dynos.iter().find(|dyno| dyno.name == skip.dyno);
        skip.occurrence.is_some()
            && dyno.is_some_and(|dyno| schedule.target.includes(&dyno.name, &dyno.process_type))
    };
    let open = plan.skips.iter().find(is_of_it)?;
    let reason = format!("{}: {}", open.reason.phrase(), open.detail);
    Some(Waiting {
        occurrence: open.occurrence?,
        reason,
    })
}

/// When the oldest dyno of a schedule reaches its max uptime.
fn longest_up(schedule: &Schedule, snapshot: &Snapshot) -> Option<Timestamp> {
    let dynos = snapshot
        .formation_dynos()
        .filter(|dyno| schedule.target.includes(&dyno.name, &dyno.process_type));
    let oldest = dynos.map(|dyno| dyno.created_at).min()?;
    Some(oldest + schedule.max_uptime?.duration())
}

/// Whether this machine's clock and the marks leave a chance that something is due. No request.
#[must_use]
pub fn has_reason_to_look(schedule: &Schedule, state: &StateDir, now: Timestamp) -> bool {
    if schedule.is_paused(now) {
        return false;
    }
    let mark = state.mark(schedule);
    let latest = schedule.latest_occurrence(now);
    let is_calendar_open =
        latest.is_some_and(|latest| mark.judged.is_none_or(|judged| judged < latest));
    let is_uptime_open =
        schedule.max_uptime.is_some() && mark.not_before.is_none_or(|not_before| not_before <= now);
    is_calendar_open || is_uptime_open
}

/// The instant until which a watch may sleep: the next one at which a pass may find something.
#[must_use]
pub fn next_look(schedules: &[Schedule], state: &StateDir, now: Timestamp) -> Option<Timestamp> {
    let of_one = |schedule: &Schedule| {
        let uptime = schedule
            .max_uptime
            .and_then(|_| state.mark(schedule).not_before);
        [schedule.next_occurrence(now), uptime]
            .into_iter()
            .flatten()
            .min()
    };
    schedules.iter().filter_map(of_one).min()
}
