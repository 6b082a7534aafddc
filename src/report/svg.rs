//! The same chart as a picture: SVG 1.1, without scripts, fonts or anything from elsewhere.

use super::chart::{Chart, Panel};
use crate::memory::Bytes;
use jiff::{SignedDuration, Timestamp};
use std::fmt::Write as _;

const WIDTH: f64 = 860.0;
const LEFT: f64 = 66.0;
const RIGHT: f64 = 96.0;
const HEAD: f64 = 40.0;
const PANEL: f64 = 150.0;
const GAP: f64 = 34.0;
const FOOT: f64 = 34.0;
/// Told apart by those who see few colours too (Okabe and Ito).
const COLOURS: [&str; 6] = [
    "#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00",
];

const STYLE: &str = "text{font:12px system-ui,-apple-system,'Segoe UI',Helvetica,Arial,sans-serif;fill:#3c4257}.t{font-size:15px;font-weight:600;fill:#1a1f36}.p{font-weight:600;fill:#1a1f36}.q{stroke:#b3093c;stroke-width:1.2}.h{stroke:#bb5504;stroke-width:1.2;stroke-dasharray:5 4}.g{stroke:#e3e8ee}.r{stroke:#697386;stroke-dasharray:1 3}.ql{fill:#b3093c}.hl{fill:#bb5504}.c{fill:none;stroke-width:1.6;stroke-linejoin:round}";

impl Chart {
    /// The chart as an SVG document.
    #[must_use]
    pub fn svg(&self) -> String {
        let panels = self.panels.iter().map(|_| PANEL + GAP).sum::<f64>();
        let height = HEAD + panels + FOOT;
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"{height}\" viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" aria-label=\"{title}\"><title>{title}</title><style>{STYLE}</style><rect width=\"100%\" height=\"100%\" rx=\"6\" fill=\"#fff\"/><text class=\"t\" x=\"{LEFT}\" y=\"25\">{title}</text><text x=\"{}\" y=\"25\" text-anchor=\"end\">{when}</text>\n",
            WIDTH - 16.0,
            title = escaped(&self.title),
            when = escaped(&self.when()),
        );
        let mut top = HEAD;
        for panel in &self.panels {
            self.draw(&mut svg, panel, top + GAP - 12.0);
            top += PANEL + GAP;
        }
        self.hours(&mut svg, top + 6.0);
        svg.push_str("</svg>\n");
        svg
    }

    /// The days that it is about, and the zone of its hours.
    fn when(&self) -> String {
        let day = |at: Timestamp| {
            let local = at.to_zoned_datetime(self.zone.clone());
            local.strftime("%a %d %b %Y").to_string()
        };
        let zone = self.until.to_zoned_datetime(self.zone.clone());
        let zone = zone.strftime("%Z").to_string();
        let (first, last) = (day(self.from), day(self.until));
        if first == last {
            format!("{first}, {zone}")
        } else {
            format!("{first} to {last}, {zone}")
        }
    }

    fn x(&self, at: Timestamp) -> f64 {
        LEFT + self.share(at).clamp(0.0, 1.0) * (WIDTH - LEFT - RIGHT)
    }

    fn draw(&self, svg: &mut String, panel: &Panel, top: f64) {
        let highest = self.top().as_f64();
        let y = |used: Bytes| top + PANEL * (1.0 - used.as_f64() / highest);
        let (left, right, bottom) = (LEFT, WIDTH - RIGHT, top + PANEL);
        let _ = writeln!(
            svg,
            "<text class=\"p\" x=\"{left}\" y=\"{:.0}\">{}</text>",
            top - 6.0,
            escaped(&panel.title)
        );
        let step = step(self.top());
        let ticks = std::iter::successors(Some(Bytes::default()), |last| Some(last.plus(step)));
        for used in ticks.take_while(|used| used.as_f64() <= highest) {
            let (level, megabytes) = (y(used), used.as_mb());
            let _ = writeln!(
                svg,
                "<path class=\"g\" d=\"M{left} {level:.1}H{right}\"/><text x=\"{:.0}\" y=\"{:.1}\" text-anchor=\"end\">{megabytes:.0} MB</text>",
                left - 8.0,
                level + 4.0
            );
        }
        for at in panel
            .restarts
            .iter()
            .filter(|at| (self.from..=self.until).contains(at))
        {
            let x = self.x(*at);
            let _ = writeln!(
                svg,
                "<path class=\"r\" d=\"M{x:.1} {top:.1}V{bottom:.1}\"/><path fill=\"#697386\" d=\"M{x:.1} {bottom:.1}l-4 7h8z\"/>"
            );
        }
        for (place, line) in panel.lines.iter().enumerate() {
            let colour = COLOURS[place % COLOURS.len()];
            let _ = writeln!(
                svg,
                "<path class=\"c\" stroke=\"{colour}\" d=\"{}\"><title>{}</title></path>",
                self.path(line, y),
                escaped(&line.name)
            );
        }
        let marks = [
            (panel.quota, "q", "quota"),
            (panel.threshold, "h", "restart at"),
        ];
        for (amount, class, word) in marks {
            let Some(amount) = amount else { continue };
            let level = y(amount);
            let below = if class == "h" { 13.0 } else { -3.0 };
            let _ = writeln!(
                svg,
                "<path class=\"{class}\" d=\"M{left} {level:.1}H{right}\"/><text class=\"{class}l\" x=\"{:.0}\" y=\"{:.1}\">{word} {:.0}</text>",
                right + 6.0,
                level + below,
                amount.as_mb()
            );
        }
        if panel.lines.len() > COLOURS.len() {
            let count = panel.lines.len();
            let _ = writeln!(
                svg,
                "<text x=\"{right}\" y=\"{:.0}\" text-anchor=\"end\">{count} dynos</text>",
                top - 6.0
            );
        } else if panel.lines.len() > 1 {
            let mut x = right;
            for (place, line) in panel.lines.iter().enumerate().rev() {
                let colour = COLOURS[place % COLOURS.len()];
                let _ = writeln!(
                    svg,
                    "<text x=\"{x:.0}\" y=\"{:.0}\" text-anchor=\"end\" style=\"fill:{colour}\">{}</text>",
                    top - 6.0,
                    escaped(&line.name)
                );
                x -= 16.0 + 7.0 * f64::from(u32::try_from(line.name.chars().count()).unwrap_or(0));
            }
        }
    }

    /// The line; where nothing was heard for long, or a dyno began anew, it breaks off.
    fn path(&self, line: &super::chart::Course, y: impl Fn(Bytes) -> f64) -> String {
        let gap = self.gap();
        let mut path = String::new();
        let mut last: Option<Timestamp> = None;
        for (at, used) in &line.points {
            let is_next = last.is_some_and(|last| at.duration_since(last) <= gap);
            let command = if is_next { 'L' } else { 'M' };
            let _ = write!(path, "{command}{:.1} {:.1}", self.x(*at), y(*used));
            last = Some(*at);
        }
        path
    }

    fn hours(&self, svg: &mut String, top: f64) {
        let format = self.hours_format();
        for at in self.ticks() {
            let told = at.to_zoned_datetime(self.zone.clone()).strftime(format);
            let anchor = match self.share(at) {
                ..0.02 => "start",
                0.98.. => "end",
                _ => "middle",
            };
            let _ = writeln!(
                svg,
                "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"{anchor}\">{told}</text>",
                self.x(at),
                top + 14.0
            );
        }
    }

    /// Round times of its zone, eight at most; its ends where it is too short for any.
    fn ticks(&self) -> Vec<Timestamp> {
        let whole = self.until.duration_since(self.from);
        let weeks = (1..).map(|weeks| weeks * WEEK);
        let mut steps = STEPS
            .into_iter()
            .chain(weeks)
            .map(SignedDuration::from_mins);
        let step = steps.find(|step| *step * 7 >= whole).unwrap_or(whole);
        let first = self.from.to_zoned_datetime(self.zone.clone());
        let midnight = first
            .start_of_day()
            .map_or(self.from, |day| day.timestamp());
        let round = std::iter::successors(Some(midnight), |at| at.checked_add(step).ok());
        let inside = round.take_while(|at| *at <= self.until);
        let ticks: Vec<Timestamp> = inside.skip_while(|at| *at < self.from).collect();
        if ticks.is_empty() {
            vec![self.from, self.until]
        } else {
            ticks
        }
    }
}

/// Minutes from one mark of the hours to the next.
const STEPS: [i64; 13] = [1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1_440, 2_880];
const WEEK: i64 = 10_080;

/// Round amounts, three or four of them up to the top of an axis.
fn step(top: Bytes) -> Bytes {
    let round = (0..).flat_map(|power| [50, 100, 250].map(|mb| Bytes::mb(mb * 10_u64.pow(power))));
    let few = |step: &Bytes| step.as_f64() * 4.0 > top.as_f64();
    round.take(24).find(few).unwrap_or(top)
}

/// A text as XML has it.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            control if control.is_control() => escaped.push(' '),
            other => escaped.push(other),
        }
    }
    escaped
}
