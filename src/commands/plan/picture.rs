//! The week as a picture, on a terminal that has room for it.

use super::{AppPlan, Outlook};
use crate::{
    plan::daily_cycle::{Cycle, Gap},
    report::strip::{self, Cell},
    ui::Ui,
};
use console::Style;
use jiff::{SignedDuration, Timestamp};

/// More schedules than this are a list, and not pictures.
const MOST: usize = 4;
const COLUMNS: u16 = 62;
/// Of one dyno in a week: every half hour.
const MOST_RESTARTS: usize = 400;

/// Whether pictures are shown: on a terminal, of a few schedules.
pub(super) fn is_wanted(width: Option<u16>, schedules: usize) -> bool {
    width.is_some_and(|width| width >= COLUMNS) && schedules <= MOST
}

/// The week of one schedule, with the times at which Heroku's cycle may fire on the dynos that it is
/// about, now and after its own restarts.
pub(super) fn of(ui: &Ui, outlook: &Outlook<'_>, apps: &[AppPlan]) -> String {
    let schedule = outlook.schedule;
    let of_it = apps
        .iter()
        .filter_map(|app| app.plan.as_ref().ok())
        .filter(|now| now.is_of(schedule));
    let (mut gaps, mut restarts) = (vec![], vec![]);
    for now in of_it {
        for (dyno, cycle) in &now.cycles {
            if !schedule.target.includes(&dyno.name, &dyno.process_type) {
                continue;
            }
            if let Cycle::MayFire(gap) = cycle {
                gaps.extend(gap.again());
            }
            // By its age, which no calendar names.
            let at = now.snapshot.at;
            let next = |last: &Timestamp| schedule.expected_restart(*last, *last);
            let first = schedule.expected_restart(dyno.created_at, at);
            let all = std::iter::successors(first, next).take(MOST_RESTARTS);
            restarts.extend(all.take_while(|restart| *restart <= at + strip::LENGTH));
        }
    }
    let between = outlook.gaps.iter().filter_map(|between| between.gap);
    gaps.extend(between.flat_map(Gap::again));
    let mut rows = strip::week(schedule, &restarts, &gaps, outlook.from);
    let zone = schedule.zone();
    if let Some(to) = outlook.to {
        let last = (to - SignedDuration::from_nanos(1))
            .to_zoned_datetime(zone.time_zone().clone())
            .date();
        rows.retain(|(date, _)| *date <= last);
    }
    let paint = |cell: Cell, text: &str| {
        let style = match cell {
            Cell::Restart => Style::new().green().bold(),
            Cell::Cycle => Style::new().red(),
            Cell::Paused | Cell::Blackout => Style::new().yellow(),
            Cell::Open => Style::new().cyan(),
            Cell::Nothing => Style::new().dim(),
        };
        ui.paint(text, &style)
    };
    format!("\n\n{}", strip::text(&rows, zone.name(), paint))
}
