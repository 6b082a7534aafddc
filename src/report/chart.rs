//! Memory over time, as a chart in a terminal: one panel for each dyno or policy, with its quota, its
//! threshold and its restarts. Readable without colour, and in 80 columns.

use crate::memory::Bytes;
use jiff::{Timestamp, tz::TimeZone};
use std::fmt::Write as _;

/// Panels with one axis of time.
#[derive(Debug, Clone, PartialEq)]
pub struct Chart {
    pub title: String,
    pub from: Timestamp,
    pub until: Timestamp,
    pub zone: TimeZone,
    pub panels: Vec<Panel>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Panel {
    pub title: String,
    pub lines: Vec<Course>,
    pub quota: Option<Bytes>,
    pub threshold: Option<Bytes>,
    /// When dynos of it were restarted.
    pub restarts: Vec<Timestamp>,
}

/// One dyno's memory, oldest first.
#[derive(Debug, Clone, PartialEq)]
pub struct Course {
    pub name: String,
    pub points: Vec<(Timestamp, Bytes)>,
}

/// Rows of a panel.
const HEIGHT: usize = 8;
/// Columns left of the panel: `512 MB `.
const LABEL: usize = 9;
const BARS: [char; 9] = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

impl Panel {
    /// The top of its axis: some room above whatever is highest.
    #[must_use]
    pub fn top(&self) -> Bytes {
        let points = self.lines.iter().flat_map(|line| &line.points);
        let highest = points.map(|(_, used)| *used).max();
        let marks = [highest, self.quota, self.threshold];
        marks
            .into_iter()
            .flatten()
            .max()
            .unwrap_or(Bytes::mb(1))
            .percent(110)
    }
}

impl Chart {
    /// The share of the axis of time at an instant: 0 at its left, 1 at its right.
    #[must_use]
    pub fn share(&self, at: Timestamp) -> f64 {
        let whole = self.until.duration_since(self.from).as_secs_f64();
        at.duration_since(self.from).as_secs_f64() / whole.max(1.0)
    }

    /// So many columns wide at most.
    #[must_use]
    pub fn text(&self, width: usize) -> String {
        let columns = width.saturating_sub(LABEL + 1).clamp(16, 160);
        let mut text = format!("{}{}", self.title, self.legend(width));
        for panel in &self.panels {
            let _ = write!(text, "\n{}", self.panel(panel, columns));
        }
        let _ = write!(text, "\n{}", self.axis(columns));
        text
    }

    /// What the lines and marks are, where there is room to say so.
    fn legend(&self, width: usize) -> String {
        let has = |mark: fn(&Panel) -> bool| self.panels.iter().any(mark);
        let marks = [
            (has(|panel| panel.quota.is_some()), "─ quota"),
            (has(|panel| panel.threshold.is_some()), "╌ threshold"),
            (has(|panel| !panel.restarts.is_empty()), "↻ restart"),
        ];
        let shown = marks.iter().filter(|(is_there, _)| *is_there);
        let legend: Vec<&str> = shown.map(|(_, mark)| *mark).collect();
        let legend = legend.join("  ");
        let taken = self.title.chars().count() + 3;
        let has_room = !legend.is_empty() && taken + legend.chars().count() <= width;
        if has_room {
            format!("   {legend}")
        } else {
            String::new()
        }
    }

    fn column(&self, at: Timestamp, columns: usize) -> Option<usize> {
        let share = self.share(at);
        (0.0..=1.0).contains(&share).then(|| place(share, columns))
    }

    /// The top of the axis of all panels, so that they can be compared.
    #[must_use]
    pub fn top(&self) -> Bytes {
        let tops = self.panels.iter().map(Panel::top);
        tops.max().unwrap_or(Bytes::mb(1))
    }

    fn panel(&self, panel: &Panel, columns: usize) -> String {
        let top = self.top();
        // The highest of each column: what would be over a line must be seen over it.
        let mut heights: Vec<Option<usize>> = vec![None; columns];
        let eighths = HEIGHT * 8;
        for (at, used) in panel.lines.iter().flat_map(|line| &line.points) {
            if let Some(column) = self.column(*at, columns) {
                let height = place(used.as_f64() / top.as_f64(), eighths + 1);
                heights[column] = heights[column].max(Some(height));
            }
        }
        let row_of = |amount: Option<Bytes>| {
            amount.map(|amount| HEIGHT - 1 - place(amount.as_f64() / top.as_f64(), HEIGHT))
        };
        let (quota, threshold) = (row_of(panel.quota), row_of(panel.threshold));
        let mut text = panel.title.clone();
        for row in 0..HEIGHT {
            let (label, line) = match (Some(row) == quota, Some(row) == threshold) {
                // Both in one row: the space between them is less than that.
                (true, true) => (label(panel.quota), '═'),
                (true, _) => (label(panel.quota), '─'),
                (_, true) => (label(panel.threshold), '╌'),
                _ if row == HEIGHT - 1 => ("0 MB".to_owned(), ' '),
                _ => (String::new(), ' '),
            };
            let below = (HEIGHT - 1 - row) * 8;
            let cells = heights.iter().map(|height| match height {
                Some(height) if *height > below => BARS[(height - below).min(8)],
                _ => line,
            });
            let cells: String = cells.collect();
            let width = LABEL - 1;
            let _ = write!(text, "\n{label:>width$} {}", cells.trim_end());
        }
        let mut marks = vec![' '; columns];
        for column in panel
            .restarts
            .iter()
            .filter_map(|at| self.column(*at, columns))
        {
            marks[column] = '↻';
        }
        if !panel.restarts.is_empty() {
            let marks: String = marks.into_iter().collect();
            let _ = write!(text, "\n{:LABEL$}{}", "", marks.trim_end());
        }
        text
    }

    /// The hours below all panels.
    fn axis(&self, columns: usize) -> String {
        let is_long = self.until.duration_since(self.from).as_hours() > 48;
        let format = if is_long { "%a %H:%M" } else { "%H:%M" };
        let told = |at: Timestamp| {
            at.to_zoned_datetime(self.zone.clone())
                .strftime(format)
                .to_string()
        };
        let middle = self.from + self.until.duration_since(self.from) / 2;
        let (first, middle, last) = (told(self.from), told(middle), told(self.until));
        let free = columns.saturating_sub(first.len() + middle.len() + last.len());
        let (left, right) = (free / 2, free - free / 2);
        format!(
            "{:LABEL$}{first}{:left$}{middle}{:right$}{last}",
            "", "", ""
        )
    }
}

fn label(amount: Option<Bytes>) -> String {
    amount
        .map(|amount| format!("{:.0} MB", amount.as_mb()))
        .unwrap_or_default()
}

/// Which of so many places a share from 0 to 1 falls into.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "bounded by the number of places"
)]
fn place(share: f64, places: usize) -> usize {
    ((share.max(0.0) * places as f64) as usize).min(places.saturating_sub(1))
}

const PARTS: [char; 8] = ['·', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];

/// `██████▌···`: a share of so many cells.
#[must_use]
pub fn bar(share: f64, cells: usize) -> String {
    let eighths = place(share.clamp(0.0, 1.0), cells * 8 + 1);
    let cell = |cell: usize| match eighths.saturating_sub(cell * 8) {
        0 => '·',
        part if part >= 8 => '█',
        part => PARTS[part],
    };
    (0..cells).map(cell).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::SignedDuration;

    #[test]
    fn a_chart_fits_its_width_and_shows_what_is_over_a_line() {
        let from: Timestamp = "2026-03-02T00:00:00Z".parse().expect("an instant");
        let at = |minutes: i64| from + SignedDuration::from_mins(minutes);
        let points = (0..240).map(|minute| {
            let used = if minute < 200 {
                180 + minute
            } else {
                180 + minute - 200
            };
            (
                at(minute),
                Bytes::mb(u64::try_from(used).expect("positive")),
            )
        });
        let chart = Chart {
            title: "memory".to_owned(),
            from,
            until: at(240),
            zone: TimeZone::UTC,
            panels: vec![Panel {
                title: "web.1".to_owned(),
                lines: vec![Course {
                    name: "web.1".to_owned(),
                    points: points.collect(),
                }],
                quota: Some(Bytes::mb(512)),
                threshold: Some(Bytes::mb(360)),
                restarts: vec![at(200)],
            }],
        };
        for width in [40, 80, 120] {
            let text = chart.text(width);
            assert!(
                text.lines().all(|line| line.chars().count() <= width),
                "{text}"
            );
            assert!(
                text.contains("512 MB ─") && text.contains("360 MB ╌") && text.contains('↻'),
                "{text}"
            );
            assert!(text.ends_with("04:00"), "{text}");
        }
        assert_eq!(chart.text(80), chart.text(80).trim_end());
    }

    #[test]
    fn a_bar_is_as_long_as_its_share() {
        for (share, text) in [
            (0.0, "····"),
            (0.5, "██··"),
            (0.6, "██▍·"),
            (1.0, "████"),
            (2.0, "████"),
        ] {
            assert_eq!(bar(share, 4), text, "{share}");
        }
    }
}
