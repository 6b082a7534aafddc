//! A week as a picture: a row for each day, a cell for each half hour of the wall clock.

use crate::{
    plan::daily_cycle::Gap,
    schedule::{Foreseen, Schedule, first_instant_of},
};
use jiff::{
    SignedDuration, Timestamp, ToSpan,
    civil::{Date, Time},
    tz::TimeZone,
};
use std::ops::Range;

/// What a cell shows; of several things the one that comes first here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cell {
    Restart,
    /// Heroku's own cycle may fire.
    Cycle,
    Paused,
    Blackout,
    /// Restarts are allowed.
    Open,
    Nothing,
}

const DAYS: i32 = 7;
/// As long as the picture is, or a little more.
pub const LENGTH: SignedDuration = SignedDuration::from_hours(8 * 24);
const CELLS: i8 = 48;

impl Cell {
    #[must_use]
    pub fn glyph(self) -> char {
        match self {
            Self::Restart => '●',
            Self::Cycle => '~',
            Self::Paused => '-',
            Self::Blackout => '×',
            Self::Open => '░',
            Self::Nothing => '·',
        }
    }

    fn meaning(self) -> &'static str {
        match self {
            Self::Restart => "restart",
            Self::Cycle => "Heroku's cycle",
            Self::Paused => "paused",
            Self::Blackout => "blackout",
            Self::Open => "window",
            Self::Nothing => "",
        }
    }
}

/// The week from a day on, in the schedule's zone. `restarts` are those that dynos are due for by their
/// age; `gaps` are when Heroku's cycle may fire.
#[must_use]
pub fn week(
    schedule: &Schedule,
    restarts: &[Timestamp],
    gaps: &[Gap],
    from: Timestamp,
) -> Vec<(Date, Vec<Cell>)> {
    let zone = schedule.time_zone();
    let first = from.checked_add(1.nanosecond()).unwrap_or(from);
    let today = first.to_zoned_datetime(zone.clone()).date();
    let end = today.checked_add(DAYS.days()).ok();
    let end = end.and_then(|end| first_instant_of(end.to_datetime(Time::midnight()), &zone));
    // One minute apart at the most: a cell has more than enough of them in sixty.
    let most = usize::try_from(DAYS * 24 * 60).unwrap_or(usize::MAX);
    let due = schedule.foresee(from, end, most).into_iter();
    let due: Vec<Timestamp> = due
        .filter_map(|foreseen| match foreseen {
            Foreseen::Occurrence { due: at, .. } | Foreseen::OwnCycle { at, .. } => Some(at),
            Foreseen::Void { .. } | Foreseen::LeftOut { .. } => None,
        })
        .chain(restarts.iter().copied())
        .collect();
    let row = |date: Date| {
        let cell = |cell: i8| {
            let span = half_hour(date, cell, &zone)?;
            Some(of(schedule, gaps, &due, &span))
        };
        (0..CELLS)
            .map(|number| cell(number).unwrap_or(Cell::Nothing))
            .collect()
    };
    let dates = (0..DAYS).filter_map(|day| today.checked_add(day.days()).ok());
    dates.map(|date| (date, row(date))).collect()
}

/// The instants of a cell: none where the clock leaves it out, more where it comes twice.
fn half_hour(date: Date, cell: i8, zone: &TimeZone) -> Option<Range<Timestamp>> {
    let begin = date.to_datetime(Time::constant(cell / 2, cell % 2 * 30, 0, 0));
    let end = begin.checked_add(30.minutes()).ok()?;
    Some(first_instant_of(begin, zone)?..first_instant_of(end, zone)?)
}

fn of(schedule: &Schedule, gaps: &[Gap], due: &[Timestamp], cell: &Range<Timestamp>) -> Cell {
    let middle = cell.start + cell.end.duration_since(cell.start) / 2;
    if due.iter().any(|due| cell.contains(due)) {
        Cell::Restart
    } else if gaps
        .iter()
        .any(|gap| gap.from < cell.end && cell.start < gap.until)
    {
        Cell::Cycle
    } else if schedule.is_paused(middle) {
        Cell::Paused
    } else if cell.end.duration_since(cell.start) <= SignedDuration::ZERO {
        Cell::Nothing
    } else {
        let dark = schedule.bounds.instants_of_blackouts();
        match schedule.bounds.bar(middle) {
            _ if dark.into_iter().any(|(_, dark)| dark.contains(&middle)) => Cell::Blackout,
            None if !schedule.bounds.windows.is_empty() => Cell::Open,
            _ => Cell::Nothing,
        }
    }
}

/// The picture: hours of a zone above, days below, and what the signs mean. `paint` colours a sign.
#[must_use]
pub fn text(
    rows: &[(Date, Vec<Cell>)],
    zone: &str,
    paint: impl Fn(Cell, &str) -> String,
) -> String {
    let hours: Vec<String> = (0..24)
        .step_by(3)
        .map(|hour| format!("{hour:<5}"))
        .collect();
    let hours = hours.join(" ");
    let mut lines = vec![format!("  {:<10} {}", "", hours.trim_end())];
    let mut seen: Vec<Cell> = vec![];
    for (date, cells) in rows {
        let mut line = format!("  {} ", date.strftime("%a %d %b"));
        for run in cells.chunk_by(|a, b| a == b) {
            let signs: String = run.iter().map(|cell| cell.glyph()).collect();
            line += &paint(run[0], &signs);
            seen.push(run[0]);
        }
        lines.push(line);
    }
    seen.sort_unstable();
    seen.dedup();
    let legend = seen.into_iter().filter(|cell| *cell != Cell::Nothing);
    let mut legend: Vec<String> = legend
        .map(|cell| {
            format!(
                "{} {}",
                paint(cell, &cell.glyph().to_string()),
                cell.meaning()
            )
        })
        .collect();
    legend.push(zone.to_owned());
    lines.push(format!("  {:<10} {}", "", legend.join("   ")));
    lines.join("\n")
}
