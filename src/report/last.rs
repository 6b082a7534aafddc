//! What the last occurrence of a schedule came to.

use super::human;
use crate::{
    ledger::{Event, Record},
    plan::Outcome,
    schedule::Schedule,
};
use jiff::{SignedDuration, Timestamp};

/// What ended so long before is of the same roll, where no occurrence tells.
const ONE_ROLL: SignedDuration = SignedDuration::from_mins(30);

/// What came of the occurrence of a schedule that was last acted on: the worst of it.
#[derive(Clone, Copy)]
pub struct Last<'a> {
    worst: &'a Record,
    /// Dynos that ended so, of all that ended.
    count: usize,
    of: usize,
    /// Those that were left alone.
    skipped: usize,
}

impl<'a> Last<'a> {
    /// The line of the ledger that tells of it.
    #[must_use]
    pub fn record(self) -> &'a Record {
        self.worst
    }

    /// `1 of 3 failed 54s ago, 2 skipped`.
    #[must_use]
    pub fn in_words(self, now: Timestamp) -> String {
        let what = match self.worst.event {
            Event::Skipped => "skipped",
            _ => self.worst.outcome.map_or("missed", Outcome::phrase),
        };
        let ago = match human::distance(now, self.worst.at) {
            at_once if at_once == "now" => "just now".to_owned(),
            ago => ago,
        };
        let skipped = match self.skipped {
            0 => String::new(),
            skipped => format!(", {skipped} skipped"),
        };
        if self.count == self.of {
            format!("{what} {ago}{skipped}")
        } else {
            format!("{} of {} {what} {ago}{skipped}", self.count, self.of)
        }
    }

    /// Of these schedules, by the lines of the ledger, oldest first.
    #[must_use]
    pub fn of(schedules: &[Schedule], records: &'a [Record]) -> Option<Self> {
        let is_about_it = |record: &&Record| {
            let is_its = |schedule: &Schedule| {
                let is_app = schedule.app.is(&record.app) || schedule.app.is(&record.app_id);
                is_app && record.schedule == schedule.name.as_str()
            };
            let is_end = matches!(record.event, Event::Ended | Event::Missed | Event::Skipped);
            is_end && schedules.iter().any(is_its)
        };
        let mut newest_first = records.iter().rev().filter(is_about_it);
        let newest = newest_first.next()?;
        // Of other triggers each dyno has an instant of its own.
        let is_of_it = |record: &&Record| {
            let is_one_roll = record.trigger == newest.trigger
                && newest.trigger.as_deref() != Some("calendar")
                && newest.at.duration_since(record.at) <= ONE_ROLL;
            record.occurrence == newest.occurrence || is_one_roll
        };
        let mut dynos: Vec<&Record> = vec![newest];
        for record in newest_first.take_while(is_of_it) {
            let is_same =
                |other: &&Record| (&other.app, &other.dyno) == (&record.app, &record.dyno);
            if !dynos.iter().any(is_same) {
                dynos.push(record);
            }
        }
        let (skips, ended): (Vec<_>, Vec<_>) = dynos
            .into_iter()
            .partition(|record| record.event == Event::Skipped);
        let (dynos, skipped) = if ended.is_empty() {
            (skips, 0)
        } else {
            (ended, skips.len())
        };
        let rank = |record: &Record| match record.event {
            Event::Skipped => 0,
            _ => record.outcome.map_or(u8::MAX, Outcome::rank),
        };
        let worst = dynos
            .iter()
            .copied()
            .rev()
            .max_by_key(|record| rank(record))?;
        let is_so = |record: &&&Record| rank(record) == rank(worst);
        let count = dynos.iter().filter(is_so).count();
        // A miss is of the occurrence, and of no dyno.
        let of = match worst.event {
            Event::Missed => count,
            _ => dynos.len(),
        };
        Some(Self {
            worst,
            count,
            of,
            skipped,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn record(second: u32, dyno: &str, outcome: Option<&str>) -> Record {
        let event = if outcome.is_some() { "ended" } else { "missed" };
        let at = format!("2026-03-02T07:00:{second:02}Z");
        let hour = if second < 10 { "06" } else { "07" };
        serde_json::from_value(json!({
            "at": at, "event": event, "app": "example-app", "app_id": "1", "schedule": "default",
            "occurrence": format!("2026-03-02T{hour}:00:00Z"), "dyno": dyno, "process_type": "web",
            "trigger": "calendar", "old_id": "0", "outcome": outcome,
        }))
        .expect("a record")
    }

    fn told(records: &[Record]) -> Option<String> {
        let text = "version = 1\n[[schedule]]\napp = \"example-app\"\nat = \"07\"\n";
        let schedules = crate::store::parse(text).expect("schedules");
        let now = "2026-03-02T07:01:00Z".parse().expect("an instant");
        Last::of(&schedules, records).map(|last| last.in_words(now))
    }

    #[test]
    fn the_worst_of_the_last_occurrence_is_told() {
        let records = [
            record(1, "web.3", Some("failed")),
            record(20, "web.1", Some("restarted")),
            record(30, "web.2", Some("failed")),
            record(31, "web.3", Some("not_reached")),
        ];
        assert_eq!(told(&records).as_deref(), Some("1 of 3 failed 30s ago"));
        let good = told(&records[..2]);
        assert_eq!(good.as_deref(), Some("restarted 40s ago"));
    }

    #[test]
    fn a_dyno_that_was_tried_again_has_the_newer_outcome() {
        let records = [
            record(20, "web.1", Some("failed")),
            record(40, "web.1", Some("restarted")),
        ];
        assert_eq!(told(&records).as_deref(), Some("restarted 20s ago"));
        assert_eq!(
            told(&[record(40, "", None)]).as_deref(),
            Some("missed 20s ago")
        );
        assert_eq!(told(&[]), None);
        let mut skipped = record(30, "web.2", None);
        skipped.event = Event::Skipped;
        let mixed = [record(20, "web.1", Some("restarted")), skipped];
        assert_eq!(
            told(&mixed).as_deref(),
            Some("restarted 40s ago, 1 skipped")
        );
        assert_eq!(told(&mixed[1..]).as_deref(), Some("skipped 30s ago"));
        let begun = [mixed[0].clone(), mixed[1].clone(), record(40, "", None)];
        assert_eq!(told(&begun).as_deref(), Some("missed 20s ago, 1 skipped"));
    }
}
