//! When a roll begins no more restarts, although steps are left.

use super::{Step, due::Now};
use crate::schedule::Schedule;
use jiff::Timestamp;
use std::sync::Arc;

/// At the next occurrence of any schedule of the app, or when the window of one that the roll is for
/// closes. What was asked for is no occurrence's: each of its dynos may be restarted while any schedule
/// that is about it allows it, and the roll ends with the first that may not.
#[must_use]
pub fn until(
    schedules: &[Schedule],
    asked: Option<&Now>,
    steps: &[Arc<Step>],
    now: Timestamp,
) -> Option<Timestamp> {
    let Some(asked) = asked else {
        let is_for = |schedule: &Schedule| {
            let name = schedule.name.as_str();
            steps.iter().any(|step| step.schedule == name)
        };
        let ends = schedules.iter().flat_map(|schedule| {
            let closes = is_for(schedule).then(|| schedule.bounds.allowed_until(now));
            [schedule.next_due(now), closes.flatten()]
        });
        return ends.flatten().min();
    };
    if asked.ignores_windows {
        return None;
    }
    let closes = |step: &Arc<Step>| {
        let is_about = |schedule: &&Schedule| {
            let is_it = schedule.target.includes(&step.dyno, &step.process_type);
            is_it && !schedule.is_paused(now) && schedule.bounds.bar(now).is_none()
        };
        let open = schedules.iter().filter(is_about);
        let closes: Option<Vec<Timestamp>> = open
            .map(|schedule| schedule.bounds.allowed_until(now))
            .collect();
        closes?.into_iter().max()
    };
    steps.iter().filter_map(closes).min()
}
