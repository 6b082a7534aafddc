//! What the dynos of an app use, where that leads, and when each is restarted next.

use super::{
    chart::{self, Chart, Course, Panel},
    human, table,
};
use crate::{
    memory::{Bytes, Forecast, Life, Lives, Outlook},
    plan::{self, OfLife, Plan, Skip, SkipReason, Weight},
    schedule::{Schedule, Span, Zone},
    snapshot::{Dyno, Generation, Snapshot},
};
use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use serde_json::{Value, json};
use std::fmt::Write as _;

/// An app at an instant.
#[derive(Debug, Clone)]
pub struct Status {
    pub app: String,
    pub now: Timestamp,
    pub zone: TimeZone,
    pub dynos: Vec<OfDyno>,
    /// Its log can tell of memory: on Fir it cannot.
    pub is_measurable: bool,
    pub is_in_maintenance: bool,
    /// Lines of the log that Heroku says it did not deliver.
    pub dropped: u64,
    pub chart: Chart,
}

/// One of its dynos.
#[derive(Debug, Clone)]
pub struct OfDyno {
    pub name: String,
    pub state: String,
    pub up_for: Span,
    pub used: Option<Bytes>,
    pub quota: Option<Bytes>,
    pub threshold: Option<Bytes>,
    pub outlook: Outlook,
    /// When it is restarted next, as far as can be told, and by what.
    pub next: Option<(Timestamp, String)>,
    /// It is due, and is restarted as soon as that may be: nobody can tell when.
    pub waits: bool,
    /// What a pass would do now, and why.
    pub why: String,
}

/// So far back a chart goes.
const CHARTED: SignedDuration = SignedDuration::from_hours(24);
/// Cells of a bar, where there is room and where there is little.
const BAR: usize = 10;
const SHORT_BAR: usize = 5;

impl Status {
    /// From what was seen of an app, what a pass would do, and what its log told.
    #[must_use]
    pub fn new(
        schedules: &[Schedule],
        snapshot: &Snapshot,
        plan: &Plan,
        lives: &Lives,
        zone: TimeZone,
    ) -> Self {
        let mut dynos: Vec<&Dyno> = snapshot.formation_dynos().collect();
        dynos.sort_by(|a, b| plan::place(&a.name).cmp(&plan::place(&b.name)));
        let of_dynos: Vec<OfDyno> = dynos
            .iter()
            .map(|dyno| of(schedules, snapshot, plan, dyno))
            .collect();
        let chart = charted(snapshot, &of_dynos, lives, zone.clone());
        Self {
            app: snapshot.app.name.clone(),
            now: snapshot.at,
            zone,
            dynos: of_dynos,
            is_measurable: snapshot.app.generation != Generation::Fir,
            is_in_maintenance: snapshot.app.is_in_maintenance,
            dropped: lives.dropped(),
            chart,
        }
    }

    /// Whether any dyno told what it uses.
    #[must_use]
    pub fn has_memory(&self) -> bool {
        self.dynos.iter().any(|dyno| dyno.used.is_some())
    }

    /// For people: a table and, of so many columns, a chart; of so many rows, no more than they have room
    /// for.
    #[must_use]
    pub fn text(&self, width: Option<u16>, rows: Option<u16>) -> String {
        let header = [
            "Dyno", "Up for", "Memory", "Of quota", "Trend", "Full in", "Next",
        ];
        // The interval is for those who have room for it; scripts have it in any case.
        let is_wide = width.is_none_or(|width| width >= 100);
        let dynos = self.dynos.iter().map(|dyno| self.row(dyno, is_wide));
        let mut text = format!(
            "⬢ {}  {}\n{}",
            self.app,
            human::instant(self.now, &self.zone),
            table(width, &header, dynos)
        );
        let told = self.dynos.iter().filter(|dyno| !dyno.why.is_empty());
        let told: Vec<Vec<String>> = told
            .map(|dyno| vec![dyno.name.clone(), dyno.why.clone()])
            .collect();
        if !told.is_empty() {
            text.push_str("\n\n");
            text.push_str(&table(width, &["Dyno", "Now"], told.into_iter()));
        }
        if self.is_in_maintenance {
            let _ = write!(text, "\n\n{}", human::maintenance(&self.app));
        }
        if self.dropped > 0 {
            let dropped = self.dropped;
            let _ = write!(
                text,
                "\n\nHeroku did not deliver {dropped} lines of this log (L10, L11): samples are missing"
            );
        }
        let Some(width) = width else { return text };
        let taken = text.lines().count() + 2;
        let chart = match rows {
            Some(rows) => self.chart.within(usize::from(rows).saturating_sub(taken)),
            None => self.chart.clone(),
        };
        if !chart.panels.is_empty() {
            text.push_str("\n\n");
            text.push_str(&chart.text(usize::from(width)));
        }
        let left_out = self.chart.panels.len() - chart.panels.len();
        if left_out > 0 {
            let charts = if left_out == 1 { "chart" } else { "charts" };
            let _ = write!(
                text,
                "\na taller window has room for the {charts} of {left_out} more"
            );
        }
        text
    }

    fn row(&self, dyno: &OfDyno, is_wide: bool) -> Vec<String> {
        let up = if dyno.state == "up" {
            dyno.up_for.to_string()
        } else {
            dyno.state.clone()
        };
        let memory = match (dyno.used, dyno.quota) {
            (Some(used), Some(quota)) => format!("{:.0}/{:.0} MB", used.as_mb(), quota.as_mb()),
            (Some(used), None) => format!("{:.0} MB", used.as_mb()),
            (None, _) => "unknown".to_owned(),
        };
        let share = dyno
            .used
            .zip(dyno.quota)
            .map(|(used, quota)| used.percent_of(quota));
        let cells = if is_wide { BAR } else { SHORT_BAR };
        let bar = share.map(|share| format!("{} {share:3.0}%", chart::bar(share / 100.0, cells)));
        let (trend, reached) = match dyno.outlook {
            Outlook::Unknown => (String::new(), String::new()),
            Outlook::Steady => ("steady".to_owned(), "-".to_owned()),
            Outlook::Reaches(forecast) if forecast.at <= self.now => {
                (trend(&forecast), "full".to_owned())
            }
            Outlook::Reaches(forecast) => (trend(&forecast), self.reached(&forecast, is_wide)),
        };
        let next = dyno
            .next
            .as_ref()
            .map(|(at, why)| format!("{}, {why}", human::distance(self.now, *at)))
            .or_else(|| dyno.waits.then(|| "as soon as it may".to_owned()));
        vec![
            dyno.name.clone(),
            up,
            memory,
            bar.unwrap_or_default(),
            trend,
            reached,
            next.unwrap_or_else(|| "-".to_owned()),
        ]
    }

    fn reached(&self, forecast: &Forecast, is_wide: bool) -> String {
        let within = |at: Timestamp| human::span(at.duration_since(self.now));
        let latest = forecast.latest.map_or("never".to_owned(), within);
        if !is_wide {
            return within(forecast.at);
        }
        format!(
            "{} ({}-{latest})",
            within(forecast.at),
            within(forecast.earliest)
        )
    }

    /// For scripts: sizes in bytes, growth in bytes an hour.
    #[must_use]
    pub fn json(&self) -> Value {
        let dyno = |dyno: &OfDyno| {
            let forecast = match dyno.outlook {
                Outlook::Reaches(forecast) => Some(forecast),
                Outlook::Steady | Outlook::Unknown => None,
            };
            let outlook = match dyno.outlook {
                Outlook::Unknown => "unknown",
                Outlook::Steady => "steady",
                Outlook::Reaches(_) => "grows",
            };
            json!({
                "dyno": dyno.name, "state": dyno.state, "uptime_seconds": dyno.up_for.as_secs(),
                "memory": dyno.used, "quota": dyno.quota, "threshold": dyno.threshold, "outlook": outlook,
                "per_hour": forecast.map(|forecast| forecast.per_hour.round()),
                "quota_at": forecast.map(|forecast| forecast.at),
                "quota_earliest": forecast.map(|forecast| forecast.earliest),
                "quota_latest": forecast.and_then(|forecast| forecast.latest),
                "next": dyno.next.as_ref().map(|(at, _)| at),
                "next_by": dyno.next.as_ref().map(|(_, why)| why), "waits": dyno.waits, "now": dyno.why,
            })
        };
        json!({ "app": self.app, "now": self.now, "maintenance": self.is_in_maintenance, "dropped_lines": self.dropped, "dynos": self.dynos.iter().map(dyno).collect::<Vec<_>>() })
    }
}

fn trend(forecast: &Forecast) -> String {
    let megabytes = forecast.per_hour / Bytes::mb(1).as_f64();
    format!("{megabytes:+.0} MB/h")
}

fn of(schedules: &[Schedule], snapshot: &Snapshot, plan: &Plan, dyno: &Dyno) -> OfDyno {
    let (now, seen) = (snapshot.at, snapshot.memory.get(&dyno.id));
    let quota = snapshot.quota(dyno);
    let life = seen.and_then(|seen| seen.life.as_ref());
    let about: Vec<&Schedule> = schedules
        .iter()
        .filter(|schedule| schedule.target.includes(&dyno.name, &dyno.process_type))
        .collect();
    let is_ended = snapshot.app.is_ended_at_quota();
    let thresholds = about.iter().filter(|schedule| schedule.memory.is_needed());
    let thresholds =
        thresholds.filter_map(|schedule| schedule.memory.threshold().of(quota, is_ended));
    let threshold = thresholds.min();
    let outlook = life
        .zip(quota)
        .map(|(life, quota)| life.outlook(quota, now));
    let step = plan.steps.iter().find(|step| step.dyno == dyno.name);
    let skip = plan.skips.iter().find(|skip| skip.dyno == dyno.name);
    let known = OfLife {
        life,
        quota,
        is_ended_at_quota: is_ended,
    };
    let waits = skip.is_some_and(is_waiting);
    let why = step.map(|step| format!("due now: {}", step.why()));
    let zone = about
        .first()
        .map_or_else(Zone::utc, |one| one.zone().clone());
    let left = plan::left_by_its_owner(snapshot, dyno, &zone).filter(|_| !about.is_empty());
    let is_left = left.is_some();
    let words = |(reason, detail): (SkipReason, String)| format!("{}: {detail}", reason.phrase());
    let skipped = || skip.map(|skip| (skip.reason, skip.detail.clone()));
    let why = why.or_else(|| left.or_else(skipped).map(words));
    OfDyno {
        name: dyno.name.clone(),
        state: dyno.state.as_str().to_owned(),
        up_for: Span::whole_seconds_of(now.duration_since(dyno.began_at())).rounded(),
        used: seen.and_then(|seen| seen.used(now)),
        quota,
        threshold,
        outlook: outlook.unwrap_or(Outlook::Unknown),
        next: step
            .map(|step| (now, step.trigger.of(&step.schedule)))
            .or_else(|| next(&about, dyno, known, now).filter(|_| !waits && !is_left)),
        waits,
        why: why.unwrap_or_default(),
    }
}

/// Whether a dyno is due, and restarted once a reason is over that passes, or that somebody ends.
fn is_waiting(skip: &Skip) -> bool {
    let passes = skip.reason.weight() == Weight::Passing || skip.reason == SkipReason::Maintenance;
    skip.occurrence.is_some() && passes
}

/// The first of what its schedules expect, and of what its memory is forecast to come to.
fn next(
    about: &[&Schedule],
    dyno: &Dyno,
    known: OfLife<'_>,
    now: Timestamp,
) -> Option<(Timestamp, String)> {
    let of_one = |schedule: &&Schedule| {
        let (at, what) = plan::expected(schedule, dyno, known, now)?;
        Some((at, by_name(what, schedule)))
    };
    about.iter().filter_map(of_one).min()
}

/// `memory`, or `memory of nightly`.
fn by_name(what: &str, schedule: &Schedule) -> String {
    if schedule.name.is_default() {
        what.to_owned()
    } else {
        format!("{what} of {}", schedule.name)
    }
}

/// A panel for each dyno that told what it used.
fn charted(snapshot: &Snapshot, dynos: &[OfDyno], lives: &Lives, zone: TimeZone) -> Chart {
    let now = snapshot.at;
    let begin = now - CHARTED;
    let panel = |dyno: &OfDyno| {
        let of_name = lives.iter().filter(|(name, _)| *name == dyno.name);
        let of_name: Vec<&Life> = of_name.map(|(_, life)| life).collect();
        let buckets = of_name.iter().flat_map(|life| life.course().buckets());
        let mut points: Vec<(Timestamp, Bytes)> =
            buckets.map(|bucket| (bucket.at(), bucket.most)).collect();
        points.retain(|(at, _)| begin <= *at);
        points.sort_by_key(|(at, _)| *at);
        // Its first life began before anybody listened.
        let starts = of_name.iter().skip(1).filter_map(|life| life.first_at());
        (points.len() > 1).then(|| Panel {
            title: dyno.name.clone(),
            quota: dyno.quota,
            threshold: dyno.threshold,
            restarts: starts.filter(|at| begin <= *at).collect(),
            lines: vec![Course {
                name: dyno.name.clone(),
                points,
            }],
        })
    };
    let panels: Vec<Panel> = dynos.iter().filter_map(panel).collect();
    let points = panels
        .iter()
        .flat_map(|panel| &panel.lines)
        .flat_map(|line| &line.points);
    let from = points.map(|(at, _)| *at).min().unwrap_or(begin);
    Chart {
        title: format!("{}: memory of its dynos", snapshot.app.name),
        from,
        until: now,
        zone,
        panels,
        height: chart::HEIGHT,
    }
}
