//! Misses that a process found and did not live to tell: the next one tells them.

use crate::{
    plan::missed::Missed,
    report::{AppReport, Report},
    schedule::Schedule,
    state::{Mark, StateDir},
};

/// What other processes than this one found and, as far as anybody knows, never told. No request.
#[must_use]
pub fn untold(state: &StateDir, schedules: &[Schedule], process: &str) -> Vec<AppReport> {
    let of_one = |schedule: &Schedule| {
        let untold = state.mark(schedule).untold?;
        let missed = Missed {
            app: schedule.app.name.to_string(),
            schedule: schedule.name.to_string(),
            occurrence: untold.occurrence,
            count: untold.count,
            reason: untold.reason,
            zone: schedule.time_zone(),
        };
        (untold.by != process).then(|| AppReport {
            missed: vec![missed],
            untold: vec![schedule.clone()],
            ..AppReport::of(schedule.app.name.as_str())
        })
    };
    schedules.iter().filter_map(of_one).collect()
}

/// After it was told, and not before: rather twice than never. What cannot be written is told again.
pub fn was_told(state: &StateDir, report: &Report) {
    for schedule in report.apps.iter().flat_map(|app| &app.untold) {
        let mark = state.mark(schedule);
        if mark.untold.is_some() {
            let _ = state.set_mark(
                schedule,
                &Mark {
                    untold: None,
                    ..mark
                },
            );
        }
    }
}
