//! Memory over time, as a chart in a terminal: one panel for each dyno or policy, with its quota, its
//! threshold and its restarts. Readable without colour, and in 80 columns.

use crate::memory::Bytes;
use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use std::fmt::Write as _;

/// Panels with one axis of time.
#[derive(Debug, Clone, PartialEq)]
pub struct Chart {
    pub title: String,
    pub from: Timestamp,
    pub until: Timestamp,
    pub zone: TimeZone,
    pub panels: Vec<Panel>,
    /// Rows of each panel in a terminal: [`HEIGHT`], or fewer.
    pub height: usize,
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

/// Rows of a panel, and of one where there is little room.
pub const HEIGHT: usize = 8;
const LITTLE: usize = 3;
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

impl Panel {
    /// What was used last, as a share of the quota.
    fn fullness(&self) -> f64 {
        let last = self.lines.iter().filter_map(|line| line.points.last());
        let most = last.map(|(_, used)| *used).max().unwrap_or_default();
        most.as_f64() / self.quota.unwrap_or(Bytes::mb(1)).as_f64()
    }

    fn rows(&self, height: usize) -> usize {
        1 + height + usize::from(!self.restarts.is_empty())
    }
}

impl Chart {
    /// How far apart two points may be to belong together; farther, nobody was heard in between.
    pub(super) fn gap(&self) -> SignedDuration {
        (self.until.duration_since(self.from) / 40).max(SignedDuration::from_mins(3))
    }

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

    /// With the panels that so many rows have room for: those of the fullest dynos, and low ones where no
    /// high one fits.
    #[must_use]
    pub fn within(&self, rows: usize) -> Self {
        let mut fullest: Vec<&Panel> = self.panels.iter().collect();
        fullest.sort_by(|a, b| b.fullness().total_cmp(&a.fullness()));
        let mut left = rows.saturating_sub(2);
        let has_room = |height: usize| {
            fullest
                .first()
                .is_some_and(|panel| panel.rows(height) <= left)
        };
        let height = if has_room(HEIGHT) { HEIGHT } else { LITTLE };
        fullest.retain(|panel| {
            let has_room = panel.rows(height) <= left;
            left -= if has_room { panel.rows(height) } else { left };
            has_room
        });
        let is_shown = |panel: &&Panel| fullest.contains(panel);
        Self {
            panels: self.panels.iter().filter(is_shown).cloned().collect(),
            height,
            ..self.clone()
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
        let (top, rows) = (self.top(), self.height);
        let height = |used: Bytes| place(used.as_f64() / top.as_f64(), rows * 8 + 1);
        let heights = self.heights(panel, columns, height);
        let row_of = |amount: Option<Bytes>| {
            amount.map(|amount| rows - 1 - place(amount.as_f64() / top.as_f64(), rows))
        };
        let (quota, threshold) = (row_of(panel.quota), row_of(panel.threshold));
        let mut text = panel.title.clone();
        for row in 0..rows {
            let (label, line) = match (Some(row) == quota, Some(row) == threshold) {
                // Both in one row: the space between them is less than that.
                (true, true) => (label(panel.quota), '═'),
                (true, _) => (label(panel.quota), '─'),
                (_, true) => (label(panel.threshold), '╌'),
                _ if row == rows - 1 => ("0 MB".to_owned(), ' '),
                _ => (String::new(), ' '),
            };
            let below = (rows - 1 - row) * 8;
            // What is below a line must not be seen over it.
            let marks = [(quota, panel.quota), (threshold, panel.threshold)];
            let of_row = marks.into_iter().filter(|(at, _)| *at == Some(row));
            let least = of_row
                .filter_map(|(_, amount)| amount)
                .min()
                .map_or(0, height);
            let cells = heights.iter().map(|height| match height {
                Some(height) if *height > below && *height >= least => {
                    BARS[(height - below).min(8)]
                }
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

    /// The highest of each column: what would be over a line must be seen over it. Between two points, on
    /// the straight line from one to the other.
    fn heights(
        &self,
        panel: &Panel,
        columns: usize,
        height: impl Fn(Bytes) -> usize,
    ) -> Vec<Option<usize>> {
        let mut heights: Vec<Option<usize>> = vec![None; columns];
        for line in &panel.lines {
            let mut before: Option<(Timestamp, usize, usize)> = None;
            for (at, used) in &line.points {
                let Some(column) = self.column(*at, columns) else {
                    continue;
                };
                let height = height(*used);
                heights[column] = heights[column].max(Some(height));
                if let Some((last_at, first, from)) = before
                    && at.duration_since(last_at) <= self.gap()
                {
                    let between = heights.iter_mut().enumerate().take(column).skip(first + 1);
                    for (place, cell) in between {
                        let (left, right) = (place - first, column - place);
                        let on_line = (from * right + height * left) / (left + right);
                        *cell = (*cell).max(Some(on_line));
                    }
                }
                before = Some((*at, column, height));
            }
        }
        heights
    }

    /// How instants are told on the axis, so that no two of them read the same.
    pub(super) fn hours_format(&self) -> &'static str {
        let whole = self.until.duration_since(self.from);
        if whole > SignedDuration::from_hours(48) {
            "%a %H:%M"
        } else if whole < SignedDuration::from_mins(10) {
            "%H:%M:%S"
        } else {
            "%H:%M"
        }
    }

    /// The hours below all panels.
    fn axis(&self, columns: usize) -> String {
        let format = self.hours_format();
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
            height: HEIGHT,
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

    /// A chart of two dynos, ten minutes long.
    fn young() -> Chart {
        let from: Timestamp = "2026-03-02T00:00:00Z".parse().expect("an instant");
        let at = |seconds: i64| from + SignedDuration::from_secs(seconds);
        let panel = |name: &str, used: u64| Panel {
            title: name.to_owned(),
            lines: vec![Course {
                name: name.to_owned(),
                points: (0..30)
                    .map(|place| (at(20 * place), Bytes::mb(used)))
                    .collect(),
            }],
            quota: Some(Bytes::mb(512)),
            threshold: Some(Bytes::mb(461)),
            restarts: vec![],
        };
        Chart {
            title: "memory".to_owned(),
            from,
            until: at(580),
            zone: TimeZone::UTC,
            panels: vec![panel("web.1", 300), panel("web.2", 436)],
            height: HEIGHT,
        }
    }

    #[test]
    fn between_two_samples_there_is_no_hole_and_what_is_below_a_line_leaves_it_free() {
        let text = young().text(80);
        let bottom = text.lines().filter(|line| line.contains("0 MB █"));
        for line in bottom {
            assert!(line.ends_with(&"█".repeat(70)), "{text}");
        }
        let threshold = text.lines().filter(|line| line.contains("461 MB"));
        for line in threshold {
            assert!(line.ends_with(&"╌".repeat(70)), "{text}");
        }
        assert!(
            text.ends_with("00:09:40"),
            "two labels would read the same: {text}"
        );
    }

    #[test]
    fn where_there_is_little_room_the_fullest_dyno_is_drawn() {
        let chart = young();
        let names = |rows: usize| {
            let within = chart.within(rows);
            assert!(
                rows < 2 || within.panels.is_empty() || within.text(80).lines().count() <= rows
            );
            let panels = within.panels.into_iter();
            panels.map(|panel| panel.title).collect::<Vec<_>>()
        };
        assert_eq!(names(20), ["web.1", "web.2"]);
        assert_eq!(names(19), ["web.2"]);
        assert_eq!(names(6), ["web.2"], "a low one");
        assert_eq!(names(5), Vec::<String>::new());
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
