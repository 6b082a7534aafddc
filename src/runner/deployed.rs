//! The runner app as it is seen from outside: its dyno, and the signs of life in its log.

use super::slug::PROCESS_TYPE;
use crate::{
    heroku::{Client, Error, LogLine},
    report::logfmt::{self, HEARTBEAT},
    snapshot::State,
};
use jiff::{SignedDuration, Timestamp};

/// The newest sign of life of a runner app.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Beat {
    pub at: Timestamp,
    /// Why its newest pass could not look at an app.
    pub trouble: Option<String>,
}

/// What is seen of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// The state of its dyno; `None` where there is none.
    pub dyno: Option<State>,
    pub beat: Option<Beat>,
    /// The last lines of its log.
    pub tail: Vec<LogLine>,
}

/// A watch leaves a sign every ten minutes; one that is late by more than a restart of it is dead.
pub const ALIVE: SignedDuration = SignedDuration::from_mins(25);

impl Beat {
    #[must_use]
    pub fn is_alive(&self, now: Timestamp) -> bool {
        now.duration_since(self.at).abs() <= ALIVE
    }
}

/// The newest sign of life in these lines.
#[must_use]
pub fn beat(lines: &[LogLine]) -> Option<Beat> {
    let sign = |line: &LogLine| {
        let pairs = logfmt::parse(&line.text);
        let value = |key: &str| pairs.iter().find(|(name, _)| name == key);
        let is_ours = line.from != "app[api]" && line.from.starts_with("app[");
        let is_sign = value("event").is_some_and(|(_, event)| event == HEARTBEAT);
        let trouble = value("trouble").map(|(_, trouble)| trouble.clone());
        (is_ours && is_sign).then_some(Beat {
            at: line.at,
            trouble,
        })
    };
    lines.iter().rev().find_map(sign)
}

/// Looks at a runner app: its dynos, and its log.
///
/// # Errors
/// When Heroku cannot be asked, or answers with an error.
pub async fn look(client: &Client, app: &str) -> Result<Seen, Error> {
    let (dynos, lines) = futures_util::try_join!(client.dynos(app), client.log(app))?;
    let dyno = dynos
        .into_iter()
        .filter(|dyno| dyno.process_type == PROCESS_TYPE)
        .max_by_key(|dyno| dyno.created_at);
    let last = lines.len().saturating_sub(8);
    Ok(Seen {
        dyno: dyno.map(|dyno| dyno.state),
        beat: beat(&lines),
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
        let newest = beat(&lines).expect("a sign");
        assert_eq!(newest.at, lines[1].at);
        assert_eq!(newest.trouble.as_deref(), Some("no network"));
        assert!(newest.is_alive(lines[1].at + SignedDuration::from_mins(24)));
        assert!(!newest.is_alive(lines[1].at + SignedDuration::from_mins(26)));
        assert_eq!(beat(&lines[2..]), None);
    }
}
