//! When a roll begins no more restarts, although steps are left.

use super::{Step, due::Now};
use crate::schedule::Schedule;
use jiff::Timestamp;

/// At the next occurrence of any schedule of the app, or when the window of one that the roll is for
/// closes. What was asked for is no occurrence's: it goes on while any schedule of its dynos allows it.
#[must_use]
pub fn until(
    schedules: &[Schedule],
    asked: Option<&Now>,
    steps: &[Step],
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
    let is_about = |schedule: &&Schedule| {
        let includes = |step: &Step| schedule.target.includes(&step.dyno, &step.process_type);
        !schedule.is_paused(now) && steps.iter().any(includes)
    };
    let open = schedules
        .iter()
        .filter(is_about)
        .filter(|schedule| schedule.bounds.bar(now).is_none());
    let closes: Option<Vec<Timestamp>> = open
        .map(|schedule| schedule.bounds.allowed_until(now))
        .collect();
    closes
        .filter(|_| !asked.ignores_windows)
        .and_then(|closes| closes.into_iter().max())
}
