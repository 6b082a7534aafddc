//! The runner app as it is seen from outside: its dyno, and the signs of life in its log.

use super::slug::PROCESS_TYPE;
use crate::{
    heroku::{Client, Error, LogLine},
    ledger::{Event, Record},
    memory::Bytes,
    report::logfmt::{self, HEARTBEAT, RESTARTING},
    snapshot::State,
};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value};

/// The newest sign of life of a runner app.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Beat {
    pub at: Timestamp,
    /// Why its newest pass could not look at an app.
    pub trouble: Option<String>,
}

/// What is seen of it.
#[derive(Debug, Clone)]
pub struct Seen {
    /// The state of its dyno; `None` where there is none.
    pub dyno: Option<State>,
    /// Of its dyno.
    pub beat: Option<Beat>,
    /// Of a job of Heroku Scheduler.
    pub job: Option<Beat>,
    /// What its log tells of restarts and misses.
    pub told: Told,
    /// The last lines of its log.
    pub tail: Vec<LogLine>,
}

/// Restarts and misses, as far back as a log goes.
#[derive(Debug, Clone, Default)]
pub struct Told {
    pub records: Vec<Record>,
    /// When its oldest line is of: Heroku keeps 1,500.
    pub since: Option<Timestamp>,
}

/// The process type of Heroku Scheduler's one-off dynos.
const JOB: &str = "scheduler";

/// A watch leaves a sign every ten minutes; one that is late by more than a restart of it is dead.
pub const ALIVE: SignedDuration = SignedDuration::from_mins(25);

impl Beat {
    #[must_use]
    pub fn is_alive(&self, now: Timestamp) -> bool {
        now.duration_since(self.at).abs() <= ALIVE
    }
}

/// When a runner was last alive before this one began: its newest line that tells so. Where there was
/// none, what its log begins with: nothing was missed by a runner before there was one.
#[must_use]
pub fn alive_before(lines: &[LogLine], began: Timestamp) -> Option<Timestamp> {
    // One that only says that it is in trouble, or that it starts, may have judged nothing.
    let is_at_work = |line: &&LogLine| {
        let pairs = logfmt::parse(&line.text);
        let value = |key: &str| {
            let found = pairs.iter().find(|(name, _)| name == key);
            found.map(|(_, value)| value.as_str())
        };
        let of_type = |process_type| line.from.starts_with(&format!("app[{process_type}."));
        let is_well = match value("event") {
            Some(HEARTBEAT) => value("trouble").is_none(),
            event => matches!(event, Some("ended" | "missed")),
        };
        (of_type(PROCESS_TYPE) || of_type(JOB)) && is_well
    };
    let before = || lines.iter().filter(|line| line.at < began);
    let last = before().rev().find(is_at_work).or_else(|| before().next());
    Some(last.map_or(began, |line| line.at))
}

/// The newest sign of life of a process type in these lines.
#[must_use]
pub fn beat(lines: &[LogLine], process_type: &str) -> Option<Beat> {
    let begin = format!("app[{process_type}.");
    let sign = |line: &LogLine| {
        let pairs = logfmt::parse(&line.text);
        let value = |key: &str| pairs.iter().find(|(name, _)| name == key);
        let is_sign = value("event").is_some_and(|(_, event)| event == HEARTBEAT);
        let trouble = value("trouble").map(|(_, trouble)| trouble.clone());
        (line.from.starts_with(&begin) && is_sign).then_some(Beat {
            at: line.at,
            trouble,
        })
    };
    lines.iter().rev().find_map(sign)
}

/// Whether the app itself said it.
fn is_ours(line: &LogLine) -> bool {
    line.from != "app[api]" && line.from.starts_with("app[")
}

/// The restarts and misses in these lines: the same words as the ledger of a machine has.
#[must_use]
pub fn told(lines: &[LogLine]) -> Told {
    let record = |line: &LogLine| {
        let is_miss = line.text.contains("event=missed");
        let value = |(key, value): (String, String)| match &*key {
            "memory_before" | "memory_after" => (
                key,
                Value::from(value.parse::<Bytes>().map(Bytes::as_u64).ok()),
            ),
            // As it is called in a ledger.
            "event" if value == RESTARTING => (key, Value::from("requested")),
            "took_ms" | "count" => (key, Value::from(value.parse::<u64>().ok())),
            // Of a miss it is all that there is to say.
            "reason" if is_miss => ("detail".to_owned(), Value::from(value)),
            "request_ids" => (key, value.split(',').collect()),
            _ => (key, Value::from(value)),
        };
        let pairs = logfmt::parse(&line.text).into_iter();
        let mut record: Map<String, Value> = pairs.map(value).collect();
        record.insert("at".to_owned(), line.at.to_string().into());
        record.insert("runner".to_owned(), line.from.clone().into());
        let record: Record = serde_json::from_value(record.into()).ok()?;
        let is_told = matches!(
            record.event,
            Event::Requested | Event::Ended | Event::Missed | Event::Measured | Event::Skipped
        );
        is_told.then_some(record)
    };
    Told {
        records: lines
            .iter()
            .filter(|line| is_ours(line))
            .filter_map(record)
            .collect(),
        since: lines.first().map(|line| line.at),
    }
}

/// Looks at a runner app: its dynos, and its log.
///
/// # Errors
/// When Heroku cannot be asked, or answers with an error.
pub async fn look(client: &Client, app: &str) -> Result<Seen, Error> {
    let ((dynos, _), lines) = tokio::try_join!(client.dynos(app), client.log(app))?;
    let dyno = dynos
        .into_iter()
        .filter(|dyno| dyno.process_type == PROCESS_TYPE)
        .max_by_key(|dyno| dyno.created_at);
    let last = lines.len().saturating_sub(8);
    Ok(Seen {
        dyno: dyno.map(|dyno| dyno.state),
        beat: beat(&lines, PROCESS_TYPE),
        job: beat(&lines, JOB),
        told: told(&lines),
        tail: lines[last..].to_vec(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(at: &str, text: &str) -> LogLine {
        LogLine {
            at: at.parse().expect("an instant"),
            from: "app[runner.1]".to_owned(),
            text: text.to_owned(),
        }
    }

    #[test]
    fn restarts_and_misses_are_read_as_the_ledger_has_them() {
        let lines = [
            line(
                "2026-03-02T07:00:00Z",
                "level=info event=roll app=a dynos=1",
            ),
            line(
                "2026-03-02T07:00:09Z",
                "level=info event=ended app=a dyno=web.1 schedule=default trigger=occurrence occurrence=2026-03-02T07:00:00Z outcome=restarted took_ms=8000 old_id=01 new_id=02",
            ),
            line(
                "2026-03-02T16:00:00Z",
                "level=error event=missed app=a schedule=default occurrence=2026-03-02T14:00:00Z count=2 reason=\"it slept\"",
            ),
            line(
                "2026-03-02T16:00:01Z",
                "event=ended app=a schedule=default occurrence=never",
            ),
        ];
        let told = told(&lines);
        assert_eq!(told.since, Some(lines[0].at));
        let [ended, missed] = &told.records[..] else {
            panic!("{told:?}");
        };
        assert_eq!(
            (ended.event, ended.at, ended.took_ms, ended.dyno.as_deref()),
            (Event::Ended, lines[1].at, Some(8000), Some("web.1"))
        );
        assert_eq!(
            (missed.event, missed.count, missed.detail.as_deref()),
            (Event::Missed, Some(2), Some("it slept"))
        );
        let mut of_others = lines.clone();
        of_others[1].from = "app[api]".to_owned();
        assert_eq!(super::told(&of_others).records.len(), 1);
    }

    #[test]
    fn the_newest_sign_counts_and_other_lines_do_not() {
        let lines = [
            line(
                "2026-03-02T07:00:00Z",
                "level=info event=heartbeat schedules=2",
            ),
            line(
                "2026-03-02T07:10:00Z",
                "level=info event=heartbeat schedules=2 trouble=\"no network\"",
            ),
            line("2026-03-02T07:11:00Z", "level=info event=pass restarted=1"),
            line("2026-03-02T07:12:00Z", "bash: event: command not found"),
        ];
        let newest = beat(&lines, PROCESS_TYPE).expect("a sign");
        assert_eq!(newest.at, lines[1].at);
        assert_eq!(newest.trouble.as_deref(), Some("no network"));
        assert!(newest.is_alive(lines[1].at + SignedDuration::from_mins(24)));
        assert!(!newest.is_alive(lines[1].at + SignedDuration::from_mins(26)));
        assert_eq!(beat(&lines[2..], PROCESS_TYPE), None);
        assert_eq!(beat(&lines, JOB), None, "it is of another process type");
    }
}
