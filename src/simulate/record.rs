//! What a log has of each dyno, from one start to the next.

use super::Recorded;
use crate::memory::{
    Bytes,
    line::{Line, Told},
};
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;

/// Everything that counts of a log, by time, however its lines were ordered.
#[derive(Debug, Clone, Default)]
pub struct Record {
    /// By their starts.
    pub lives: Vec<Recorded>,
    /// Samples of memory, each instant of a life once.
    pub samples: usize,
    /// R14 and R15: they tell of no UUID, and of nothing below the quota.
    pub exceeded: u64,
    /// Lines that Heroku says it did not deliver.
    pub dropped: u64,
    /// When no dyno told anything: from and until.
    pub silences: Vec<(Timestamp, Timestamp)>,
}

/// A log while it is read.
#[derive(Debug, Clone, Default)]
pub struct Recording {
    /// By UUID.
    lives: BTreeMap<String, Life>,
    /// By name: of which the percentage beside R14 was taken.
    quotas: BTreeMap<String, Bytes>,
    exceeded: u64,
    dropped: u64,
}

#[derive(Debug, Clone, Default)]
struct Life {
    name: String,
    quota: Option<Bytes>,
    /// Seconds of the epoch, and what was used then, in the order of the lines.
    points: Vec<(i64, Bytes)>,
}

/// Dynos tell every 20 seconds: after so long without a sample, there was no log, or no dyno.
pub(super) const SILENT: SignedDuration = SignedDuration::from_mins(5);
/// Within so long each dyno that is there has told something.
const ALL_TELL: SignedDuration = SignedDuration::from_mins(1);

impl Recording {
    /// Takes a line.
    pub fn tell(&mut self, line: Line<'_>) {
        match line.told {
            Told::Dropped { count } => self.dropped = self.dropped.saturating_add(count),
            Told::Exceeded { .. } => self.exceeded += 1,
            Told::Running { dyno, quota, .. } => {
                if let Some(quota) = quota {
                    self.quotas.insert(dyno.to_owned(), quota);
                }
            }
            Told::Sample {
                dyno,
                life,
                used,
                quota,
            } => {
                let kind = dyno.rsplit_once('.').map_or(dyno, |(kind, _)| kind);
                if crate::schedule::is_one_off(kind) {
                    return;
                }
                if !self.lives.contains_key(life) {
                    let fresh = Life {
                        name: dyno.to_owned(),
                        ..Life::default()
                    };
                    self.lives.insert(life.to_owned(), fresh);
                }
                if let Some(life) = self.lives.get_mut(life) {
                    life.quota = quota.or(life.quota);
                    life.points.push((line.at.as_second(), used));
                }
            }
        }
    }

    /// The log is over.
    #[must_use]
    pub fn end(mut self) -> Record {
        let mut told: Vec<i64> = vec![];
        for Life { points, .. } in self.lives.values_mut() {
            points.sort_by_key(|(at, _)| *at);
            points.dedup_by_key(|(at, _)| *at);
            told.extend(points.iter().map(|(at, _)| *at));
        }
        let samples = told.len();
        told.sort_unstable();
        let has_told_before = |at: i64| {
            let begin = told.partition_point(|told| *told < at - SILENT.as_secs());
            told.get(begin)
                .is_some_and(|told| *told + ALL_TELL.as_secs() < at)
        };
        let quotas = &self.quotas;
        let lives = self.lives.into_values().map(|life| {
            let quota = life.quota.or_else(|| quotas.get(&life.name).copied());
            let points = life.points;
            // What is first heard of while others tell, or the one before it did, has its start in the log.
            let has_start = points.first().is_some_and(|(at, _)| has_told_before(*at));
            Recorded::new(life.name, quota, has_start, &points)
        });
        let mut lives: Vec<Recorded> = lives.collect();
        lives.sort_by_key(|life| life.from);
        let instant = |second: i64| Timestamp::from_second(second).ok();
        let gaps = told.windows(2).map(|pair| (pair[0], pair[1]));
        let long = gaps.filter(|(from, until)| until - from > SILENT.as_secs());
        let silences = long.filter_map(|(from, until)| Some((instant(from)?, instant(until)?)));
        Record {
            silences: silences.collect(),
            lives,
            samples,
            exceeded: self.exceeded,
            dropped: self.dropped,
        }
    }
}

impl Record {
    /// Of the first and of the last sample.
    #[must_use]
    pub fn span(&self) -> Option<(Timestamp, Timestamp)> {
        let from = self.lives.iter().map(|life| life.from).min()?;
        let until = self.lives.iter().map(Recorded::until).max()?;
        Some((from, until))
    }

    /// The starts of each name, oldest first.
    #[must_use]
    pub fn by_name(&self) -> BTreeMap<&str, Vec<&Recorded>> {
        let mut by_name: BTreeMap<&str, Vec<&Recorded>> = BTreeMap::new();
        for life in &self.lives {
            by_name.entry(&life.name).or_default().push(life);
        }
        by_name
    }

    /// Whether the log tells of this instant.
    #[must_use]
    pub fn tells_of(&self, at: Timestamp) -> bool {
        let next = self.silences.partition_point(|(_, until)| *until <= at);
        self.silences.get(next).is_none_or(|(from, _)| at <= *from)
    }

    /// For how long nobody told anything.
    #[must_use]
    pub fn silent_for(&self) -> SignedDuration {
        let each = self.silences.iter();
        each.fold(SignedDuration::ZERO, |sum, (from, until)| {
            sum + until.duration_since(*from)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::line;

    const OLD: &str = "7f9b14bc-1d3b-47f4-91c1-704964b8793f";
    const NEW: &str = "d97d0ea7-cf3d-411b-b453-d2943a50b456";

    fn at(seconds: i64) -> Timestamp {
        let begin: Timestamp = "2026-03-02T07:00:00Z".parse().expect("an instant");
        begin + SignedDuration::from_secs(seconds)
    }

    fn tell(recording: &mut Recording, id: &str, seconds: i64, used: i64) {
        let when = at(seconds);
        let text = format!(
            "{when} heroku[web.1]: source=web.1 dyno=heroku.1.{id} sample#memory_rss={used}.00MB"
        );
        recording.tell(line::read(text.as_bytes()).expect("a sample"));
    }

    #[test]
    fn lines_count_by_their_time_however_they_are_ordered() {
        let lines: Vec<(&str, i64)> = (0..60)
            .map(|place| (if place < 30 { OLD } else { NEW }, place * 20))
            .collect();
        let record = |lines: &[(&str, i64)]| {
            let mut recording = Recording::default();
            for (id, seconds) in lines {
                tell(&mut recording, id, *seconds, 100 + *seconds);
            }
            recording.end()
        };
        let in_order = record(&lines);
        let backwards: Vec<_> = lines.iter().rev().copied().collect();
        let twice = [&backwards[20..], &lines[..]].concat();
        for record in [&in_order, &record(&backwards), &record(&twice)] {
            assert_eq!(record.samples, 60);
            assert_eq!(record.span(), Some((at(0), at(1_180))));
            let starts: Vec<_> = record.lives.iter().map(|life| life.has_start).collect();
            assert_eq!(starts, [false, true], "the first was there before the log");
            let used = record.lives[1].used_at(SignedDuration::from_secs(10));
            assert_eq!(used, Bytes::mb(710));
        }
    }

    #[test]
    fn what_tells_first_as_the_log_begins_has_no_start_in_it() {
        let mut recording = Recording::default();
        for (id, seconds) in [(OLD, 0), (NEW, 19), (OLD, 20), (NEW, 39)] {
            tell(&mut recording, id, seconds, 100);
        }
        let lives = recording.end().lives;
        assert!(lives.iter().all(|life| !life.has_start), "{lives:?}");
    }

    #[test]
    fn a_hole_is_told_and_what_is_first_heard_of_after_it_has_no_start() {
        let mut recording = Recording::default();
        for (id, seconds) in [(OLD, 0), (OLD, 300), (NEW, 601), (NEW, 621)] {
            tell(&mut recording, id, seconds, 100);
        }
        let record = recording.end();
        assert_eq!(record.silences, [(at(300), at(601))]);
        assert_eq!(record.silent_for().as_secs(), 301);
        assert!(!record.lives[1].has_start);
        let told = [
            (0, true),
            (300, true),
            (301, false),
            (600, false),
            (601, true),
            (700, true),
        ];
        for (seconds, is_told) in told {
            assert_eq!(record.tells_of(at(seconds)), is_told, "{seconds}");
        }
    }

    #[test]
    fn what_is_beside_r14_tells_the_quota_that_lines_lack() {
        let mut recording = Recording::default();
        tell(&mut recording, OLD, 0, 590);
        let text = "2026-03-02T07:00:01Z heroku[web.1]: Process running mem=590M(115.2%)";
        recording.tell(line::read(text.as_bytes()).expect("a line"));
        assert_eq!(recording.end().lives[0].quota, Some(Bytes::mb(512)));
    }
}
