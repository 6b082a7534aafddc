//! What a log reads: a line of `key=value` for each thing that happened, the same words as in JSON.

use super::{AppReport, Report};
use crate::{
    execute::Progress,
    ledger::Record,
    plan::{Ended, Outcome, Skip, Step, missed::Missed},
};
use jiff::Timestamp;
use serde::Serialize;
use std::fmt::Write as _;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    Info,
    Warn,
    Error,
}

/// One line, but for its time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    pub level: Level,
    pairs: Vec<(&'static str, String)>,
}

/// The event of a sign of life, which others look for.
pub const HEARTBEAT: &str = "heartbeat";
/// A restart is asked for.
pub const RESTARTING: &str = "restarting";

impl Line {
    #[must_use]
    pub fn new(level: Level, event: &str) -> Self {
        Self {
            level,
            pairs: vec![("event", event.to_owned())],
        }
    }

    #[must_use]
    #[expect(clippy::needless_pass_by_value, reason = "a number is given as it is")]
    pub fn with(mut self, key: &'static str, value: impl ToString) -> Self {
        self.pairs.push((key, value.to_string()));
        self
    }

    /// The same where there is a value.
    #[must_use]
    pub fn and(self, key: &'static str, value: Option<impl ToString>) -> Self {
        match value {
            Some(value) => self.with(key, value),
            None => self,
        }
    }

    /// The line, without its end.
    #[must_use]
    pub fn at(&self, at: Timestamp) -> String {
        let level = match self.level {
            Level::Info => "info",
            Level::Warn => "warn",
            Level::Error => "error",
        };
        let mut text = format!("ts={at:.3} level={level}");
        for (key, value) in &self.pairs {
            let _ = write!(text, " {key}={}", quoted(value));
        }
        text
    }
}

/// As it is, where that can be told from what follows.
fn quoted(value: &str) -> String {
    let is_plain = |c: char| !c.is_whitespace() && !c.is_control() && c != '"' && c != '=';
    if !value.is_empty() && value.chars().all(is_plain) {
        value.to_owned()
    } else {
        serde_json::Value::from(value).to_string()
    }
}

/// The pairs of a line that [`Line::at`] made; pairs of other lines, as far as they have any.
#[must_use]
pub fn parse(text: &str) -> Vec<(String, String)> {
    let (mut pairs, mut rest) = (vec![], text.trim_start());
    while let Some((key, after)) = rest.split_once('=') {
        let mut values = serde_json::Deserializer::from_str(after).into_iter::<String>();
        let is_quoted = after.starts_with('"');
        let (value, length) = if let Some(Ok(value)) = values.next().filter(|_| is_quoted) {
            (value, values.byte_offset())
        } else {
            let length = after.find(' ').unwrap_or(after.len());
            (after[..length].to_owned(), length)
        };
        let key = key.rsplit(' ').next().unwrap_or(key);
        pairs.push((key.to_owned(), value));
        rest = &after[length..];
    }
    pairs
}

/// A word as JSON has it: `already_restarted`.
fn word(value: &impl Serialize) -> String {
    let value = serde_json::to_value(value).unwrap_or_default();
    value.as_str().unwrap_or_default().to_owned()
}

fn of_step(level: Level, event: &str, step: &Step) -> Line {
    Line::new(level, event)
        .with("app", &step.app)
        .with("app_id", &step.app_id)
        .with("dyno", &step.dyno)
        .with("process_type", &step.process_type)
        .with("schedule", &step.schedule)
        .with("trigger", word(&step.trigger))
        .with("occurrence", step.occurrence)
        .and("memory_before", step.used)
        .and("in_doubt", step.is_in_doubt.then_some(true))
}

/// What a restart bought: read back by whoever asks the runner's log for its history.
#[must_use]
pub fn measured(record: &Record) -> Line {
    Line::new(Level::Info, "measured")
        .with("app", &record.app)
        .and("dyno", record.dyno.as_ref())
        .with("schedule", &record.schedule)
        .with("occurrence", record.occurrence)
        .and("memory_before", record.memory_before)
        .and("memory_after", record.memory_after)
        .and("new_id", record.new_id.as_ref())
}

/// What is being done.
#[must_use]
pub fn progress(progress: &Progress<'_>) -> Option<Line> {
    Some(match progress {
        Progress::Begun { app, steps } => Line::new(Level::Info, "roll")
            .with("app", app)
            .with("dynos", steps.len()),
        Progress::Requested(step) => {
            of_step(Level::Info, RESTARTING, step).with("old_id", &step.old_id)
        }
        Progress::Ended(ended) => self::ended(ended),
        Progress::Waiting { app, reason } => Line::new(Level::Info, "waiting")
            .with("app", app)
            .with("reason", reason),
        Progress::Seen { .. } | Progress::Over { .. } => return None,
    })
}

fn ended(ended: &Ended) -> Line {
    let level = match ended.outcome {
        outcome if outcome.is_good() => Level::Info,
        // We had to leave: the next pass goes on.
        Outcome::NotReached | Outcome::Unverified => Level::Warn,
        _ => Level::Error,
    };
    let request_ids = Some(ended.request_ids.join(",")).filter(|ids| !ids.is_empty());
    of_step(level, "ended", &ended.step)
        .with("outcome", word(&ended.outcome))
        .with("took_ms", ended.took.as_millis())
        .with("old_id", &ended.step.old_id)
        .and("new_id", ended.new_id.as_ref())
        .and("detail", ended.detail.as_ref())
        .and("schedule_hash", ended.step.schedule_hash.as_ref())
        .and("request_ids", request_ids.as_ref())
}

/// What a pass came to, but for what was said while it was done.
#[must_use]
pub fn run(report: &Report) -> Vec<Line> {
    let mut lines: Vec<Line> = report.apps.iter().flat_map(app).collect();
    let warnings = report.warnings.iter();
    lines.extend(warnings.map(|text| Line::new(Level::Warn, "warning").with("msg", text)));
    let refusals = report.refusals().into_iter();
    lines.extend(refusals.map(|text| Line::new(Level::Error, "refused").with("msg", text)));
    let count = |is_good: bool| {
        let ended = report.apps.iter().flat_map(|app| &app.ended);
        ended
            .filter(|ended| ended.outcome.is_good() == is_good)
            .count()
    };
    let missed = report.apps.iter().map(|app| app.missed.len());
    let pass = Line::new(Level::Info, "pass")
        .with("restarted", count(true))
        .with("failed", count(false))
        .with("missed", missed.sum::<usize>())
        .with("requests", report.requests)
        .and("remaining", report.remaining)
        .and("clock_skew_seconds", report.skew.map(|skew| skew.as_secs()))
        .and("next", report.next.as_ref().map(|(next, _)| next));
    lines.push(pass);
    lines
}

fn app(report: &AppReport) -> Vec<Line> {
    let name = &report.app;
    let missed = report.missed.iter().map(missed);
    let skips = report.told_skips().map(|entry| skip(name, entry));
    let notices = report.notices.iter();
    let notices = notices.map(|text| {
        Line::new(Level::Info, "notice")
            .with("app", name)
            .with("msg", text)
    });
    let error = report.error.iter().map(|error| {
        Line::new(Level::Error, "error")
            .with("app", name)
            .with("code", error.code())
            .with("msg", error)
            .and("hint", error.hint())
    });
    let measured = report.measured.iter().map(measured);
    let told = missed.chain(skips).chain(measured);
    told.chain(notices).chain(error).collect()
}

fn skip(app: &str, skip: &Skip) -> Line {
    Line::new(Level::Warn, "skipped")
        .with("app", app)
        .with("dyno", &skip.dyno)
        .and("schedule", skip.schedule.as_ref())
        .and("occurrence", skip.occurrence)
        .with("reason", word(&skip.reason))
        .with("detail", &skip.detail)
}

fn missed(missed: &Missed) -> Line {
    Line::new(Level::Error, "missed")
        .with("app", &missed.app)
        .with("schedule", &missed.schedule)
        .with("occurrence", missed.occurrence)
        .with("count", missed.count)
        .with("reason", &missed.reason)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_read_as_it_was_written() {
        let line = Line::new(Level::Warn, "said")
            .with("app", "example-app")
            .with("msg", "a \"quoted\" thing\nand = another")
            .with("empty", "")
            .and("none", None::<u8>);
        let at: Timestamp = "2026-03-02T07:00:00Z".parse().expect("an instant");
        let text = line.at(at);
        assert_eq!(
            text,
            "ts=2026-03-02T07:00:00.000Z level=warn event=said app=example-app msg=\"a \\\"quoted\\\" thing\\nand = another\" empty=\"\""
        );
        let pairs = parse(&text);
        let value = |key: &str| {
            pairs
                .iter()
                .find(|(name, _)| name == key)
                .map(|(_, value)| value.as_str())
        };
        assert_eq!(value("msg"), Some("a \"quoted\" thing\nand = another"));
        assert_eq!(
            (value("event"), value("empty"), value("none")),
            (Some("said"), Some(""), None)
        );
    }

    #[test]
    fn other_lines_are_no_pairs_and_no_harm() {
        for text in [
            "",
            "Started GET /",
            "a==b",
            "x=\"open",
            "=",
            "ü=ü \"",
            "  k=v  ",
        ] {
            let _ = parse(text);
        }
        assert_eq!(
            parse("Completed in=5ms"),
            [("in".to_owned(), "5ms".to_owned())]
        );
    }
}
