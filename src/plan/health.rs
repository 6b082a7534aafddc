//! Is what was restarted before well? A broken boot is usually app-wide, so one dyno that does not
//! come up, or does not stay up, holds the app. This needs no memory of earlier passes, and it is
//! also how a runner notices that another one is rolling.

use super::{
    Asked, Outcome, SkipReason, Step, Trigger, guards::Reason, roll::LONGEST_LAG, seen::Seen,
};
use crate::{
    schedule::{Span, Zone},
    snapshot::{Dyno, Snapshot, State},
};
use jiff::{SignedDuration, Timestamp};

/// How long a dyno of this occurrence must be up before a pass that has not seen its restart goes on.
const HEALTHY_AFTER: Span = Span::seconds(60);
/// What another runner's roll needs, beyond its settle, to take its next step.
const ANOTHER_RUNNER_S_TURN: SignedDuration = SignedDuration::from_secs(20);

/// What the health of a dyno is judged by.
#[derive(Debug, Clone, Copy)]
pub(super) struct Witness<'a> {
    pub snapshot: &'a Snapshot,
    pub now: Timestamp,
    pub seen: &'a Seen,
    /// What this machine's ledger has.
    pub asked: &'a [Asked],
}

impl Witness<'_> {
    /// What holds these steps: a dyno that was started for one of them, or came of a restart that
    /// failed, and is not healthy; the worst first, since one that is held outweighs one on its way.
    pub fn unhealthy(&self, steps: &[&Step], is_excused: impl Fn(&Dyno) -> bool) -> Option<Reason> {
        let zone = &steps.first()?.zone;
        let since = steps.iter().map(|step| horizon(step, self.now)).min()?;
        let is_dated = steps.iter().any(|step| is_dated(step));
        let settle = steps.iter().map(|step| step.limits.settle).max()?;
        let wait_limit = steps.iter().map(|step| step.limits.wait_limit).max()?;
        let limits = (settle, wait_limit);
        let dynos = self.snapshot.formation_dynos();
        let reasons = dynos.filter(|dyno| !is_excused(dyno)).filter_map(|dyno| {
            let is_of_them = dyno.created_at >= since;
            let failure = self.failure(dyno);
            let is_any_crash = is_dated || failure.is_some();
            let (reason, detail) = (is_of_them || failure.is_some())
                .then(|| self.judge(dyno, limits, is_any_crash, zone))
                .flatten()?;
            // One that was seen to fail may be on its way once more, by Heroku's own back-off: that is
            // not believed before it has been up for a while.
            let was_seen = failure.is_some_and(|failed| {
                failed.new_id.is_some() && failed.outcome == Some(Outcome::Failed)
            });
            let reason = if was_seen {
                SkipReason::PreviousRestartNotHealthy
            } else {
                reason
            };
            Some((reason, detail))
        });
        reasons.min_by_key(|(reason, _)| *reason == SkipReason::Settling)
    }

    /// `is_any_crash`: it was started for an occurrence, or came of a failure; otherwise only a crash
    /// at its start counts, and not one hours into its work.
    fn judge(
        &self,
        dyno: &Dyno,
        (settle, wait_limit): (Span, Span),
        is_any_crash: bool,
        zone: &Zone,
    ) -> Option<Reason> {
        let name = &dyno.name;
        // Most dynos are well, and each look judges them: told only where one is not.
        let (started, since) = (|| zone.tell(dyno.created_at), || zone.tell(dyno.updated_at));
        let healthy_after = HEALTHY_AFTER
            .duration()
            .max(settle.duration() + ANOTHER_RUNNER_S_TURN);
        let held = |what: String| Some((SkipReason::PreviousRestartNotHealthy, what));
        let on_its_way = |what: String| Some((SkipReason::Settling, what));
        match &dyno.state {
            // An Eco dyno that went to sleep had been up.
            State::Idle => None,
            State::Crashed if !is_any_crash && !crashed_soon(dyno, wait_limit) => None,
            State::Crashed => held(format!(
                "{name} started {} and crashed {}",
                started(),
                since()
            )),
            _ if self.seen.has_fallen(dyno) => {
                held(format!("{name} started {} and does not stay up", started()))
            }
            State::Up if self.seen.is_proven(&dyno.id) => None,
            State::Up if self.now.duration_since(dyno.updated_at) >= healthy_after => None,
            State::Up => {
                let needed = Span::whole_seconds_of(healthy_after);
                on_its_way(format!(
                    "{name} must stay up for {needed}; it came up {}",
                    since()
                ))
            }
            state => {
                let is_late = self.now.duration_since(dyno.created_at) > wait_limit.duration();
                let (state, started) = (state.as_str(), started());
                if is_late {
                    held(format!("{name} started {started} and is {state}, not up"))
                } else {
                    on_its_way(format!("{name} started {started} and is {state}"))
                }
            }
        }
    }

    /// The restart, failed or never proven, of which this dyno came, by this machine's ledger, however long ago: the next
    /// trigger must not take down one more while it is not up.
    pub fn failure(&self, dyno: &Dyno) -> Option<&Asked> {
        let is_it = |asked: &&Asked| {
            if let Some(new_id) = &asked.new_id {
                return *new_id == dyno.id;
            }
            // It was not seen; then it is what came up in its place right after.
            let soon = asked.at..=asked.at + LONGEST_LAG;
            asked.dyno == dyno.name && soon.contains(&dyno.created_at)
        };
        let last = self.asked.iter().rfind(is_it)?;
        let is_unproven = |outcome| matches!(outcome, Outcome::Failed | Outcome::Unverified);
        // Without an end, whoever asked for it did not live to see it.
        last.outcome.is_none_or(is_unproven).then_some(last)
    }
}

/// Whether a step is due for an instant that is the same for all dynos.
pub(super) fn is_dated(step: &Step) -> bool {
    matches!(step.trigger, Trigger::Calendar | Trigger::Now)
}

/// Dynos that started from here on were started for the step's trigger, or by somebody else since.
fn horizon(step: &Step, now: Timestamp) -> Timestamp {
    if is_dated(step) {
        step.occurrence
    } else {
        now - step.occurrence.duration_since(step.old_created_at)
    }
}

/// Whether it crashed as part of its start, and not hours into its work.
fn crashed_soon(dyno: &Dyno, wait_limit: Span) -> bool {
    dyno.updated_at.duration_since(dyno.created_at)
        <= wait_limit.duration() + HEALTHY_AFTER.duration()
}
