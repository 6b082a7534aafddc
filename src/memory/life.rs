//! What is known of one dyno from its start on: its newest samples, and the course before.

use super::{Bytes, Course};
use jiff::{SignedDuration, Timestamp};
use std::collections::VecDeque;

/// What a dyno used at an instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Point {
    pub at: Timestamp,
    pub used: Bytes,
}

/// One dyno, from a start to the next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Life {
    /// The UUID in the log; new with every start.
    pub id: String,
    /// What three lines in a row told: it is the size of a dyno, and changes with none of its lines.
    pub quota: Option<Bytes>,
    /// What the last line told, and how many before it told the same.
    told: (Option<Bytes>, u8),
    recent: VecDeque<Point>,
    /// The first ones: what a start brings.
    early: Vec<Point>,
    course: Course,
}

/// How what was seen stands to a threshold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// Nothing is known that is new enough.
    Unknown,
    Below(Bytes),
    /// At or over it, and not yet for long enough.
    Rising(Bytes),
    /// At or over it for long enough, since then.
    Over {
        used: Bytes,
        since: Timestamp,
    },
}

/// Samples in a row that must be over a threshold to be believed, and how long that takes at least.
pub(super) const STRIKES: usize = 3;
pub(super) const SUSTAINED: SignedDuration = SignedDuration::from_secs(40);
/// Samples come every 20 to 22 seconds; with a longer gap between two nobody knows what was in it.
pub(super) const GAP: SignedDuration = SignedDuration::from_secs(90);
/// Newest samples that are kept one by one: five minutes of them.
const RECENT: usize = 16;
/// First samples that are kept: a quarter of an hour of them.
const EARLY: usize = 45;

impl Life {
    #[must_use]
    pub fn new(id: &str) -> Self {
        Self {
            id: id.to_owned(),
            quota: None,
            told: (None, 0),
            recent: VecDeque::with_capacity(RECENT),
            early: Vec::with_capacity(EARLY),
            course: Course::default(),
        }
    }

    /// Adds a sample; one that is not later than the last is known already, or too late.
    pub fn add(&mut self, at: Timestamp, used: Bytes, quota: Option<Bytes>) {
        if self.last().is_some_and(|last| at <= last.at) {
            return;
        }
        self.tell_quota(quota);
        let before = self.recent.iter().rev().take(STRIKES - 1);
        let sustained = before.map(|point| point.used).min().unwrap_or(used);
        self.course.add(at, used, sustained.min(used));
        if self.early.len() < EARLY {
            self.early.push(Point { at, used });
        }
        if self.recent.len() == RECENT {
            self.recent.pop_front();
        }
        self.recent.push_back(Point { at, used });
    }

    fn tell_quota(&mut self, quota: Option<Bytes>) {
        let (told, times) = self.told;
        let times = match quota {
            None => return,
            told_now if told_now == told => times.saturating_add(1),
            _ => 1,
        };
        self.told = (quota, times);
        if usize::from(times) >= STRIKES {
            self.quota = quota;
        }
    }

    #[must_use]
    pub fn last(&self) -> Option<Point> {
        self.recent.back().copied()
    }

    /// When it was first seen.
    #[must_use]
    pub fn first_at(&self) -> Option<Timestamp> {
        self.course.buckets().next().map(|bucket| bucket.from)
    }

    #[must_use]
    pub fn course(&self) -> &Course {
        &self.course
    }

    /// The newest samples, oldest first.
    #[must_use]
    pub fn recent(&self) -> impl DoubleEndedIterator<Item = Point> {
        self.recent.iter().copied()
    }

    /// The first samples, oldest first.
    #[must_use]
    pub fn early(&self) -> &[Point] {
        &self.early
    }

    /// What was seen from an instant on; what came before was another process of the same dyno.
    #[must_use]
    pub fn since(&self, at: Timestamp) -> Self {
        let mut later = Self {
            quota: self.quota,
            told: self.told,
            ..Self::new(&self.id)
        };
        later.recent = self.recent().filter(|point| at <= point.at).collect();
        later.early = self
            .early
            .iter()
            .copied()
            .filter(|point| at <= point.at)
            .collect();
        later.course = self.course.since(at);
        later
    }

    /// Whether it told anything of late.
    #[must_use]
    pub fn is_fresh(&self, now: Timestamp) -> bool {
        self.last()
            .is_some_and(|last| now.duration_since(last.at) <= GAP)
    }

    /// How many samples there are.
    #[must_use]
    pub fn count(&self) -> u32 {
        self.course.buckets().map(|bucket| bucket.count).sum()
    }

    /// How it stands to a threshold at `now`.
    #[must_use]
    pub fn level(&self, threshold: Bytes, now: Timestamp) -> Level {
        let level = level(self.recent(), threshold, now);
        match level {
            // The run may have begun before the newest samples.
            Level::Over { used, since }
                if self.recent().next().map(|first| first.at) == Some(since) =>
            {
                let before = self.course.buckets().rev();
                let over = before.take_while(|bucket| bucket.least >= threshold);
                let since = over.map(|bucket| bucket.from).min().unwrap_or(since);
                Level::Over { used, since }
            }
            level => level,
        }
    }
}

/// How points, oldest first, stand to a threshold.
pub(super) fn level(
    points: impl DoubleEndedIterator<Item = Point>,
    threshold: Bytes,
    now: Timestamp,
) -> Level {
    let mut points = points.rev();
    let Some(last) = points
        .next()
        .filter(|last| now.duration_since(last.at) <= GAP)
    else {
        return Level::Unknown;
    };
    if last.used < threshold {
        return Level::Below(last.used);
    }
    let (mut since, mut count) = (last.at, 1);
    for point in points {
        if point.used < threshold || since.duration_since(point.at) > GAP {
            break;
        }
        (since, count) = (point.at, count + 1);
    }
    if count >= STRIKES && last.at.duration_since(since) >= SUSTAINED {
        Level::Over {
            used: last.used,
            since,
        }
    } else {
        Level::Rising(last.used)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn begin() -> Timestamp {
        "2026-03-02T07:00:00Z".parse().expect("an instant")
    }

    fn at(seconds: i64) -> Timestamp {
        begin() + SignedDuration::from_secs(seconds)
    }

    fn life(samples: &[(i64, u64)]) -> Life {
        let mut life = Life::new("id");
        for (seconds, used) in samples {
            life.add(at(*seconds), Bytes::mb(*used), None);
        }
        life
    }

    #[test]
    fn three_samples_over_forty_seconds_are_believed_and_fewer_are_not() {
        let over = |samples: &[(i64, u64)], now| life(samples).level(Bytes::mb(90), at(now));
        let (used, since) = (Bytes::mb(95), at(20));
        let three = [(0, 50), (20, 95), (41, 95), (62, 95)];
        assert_eq!(over(&three, 63), Level::Over { used, since });
        assert_eq!(over(&three[..3], 42), Level::Rising(used), "two samples");
        assert_eq!(
            over(&[(20, 95), (30, 95), (40, 95)], 41),
            Level::Rising(used),
            "in 20 seconds"
        );
        assert_eq!(
            over(&[(0, 95), (20, 95), (40, 89), (60, 95)], 61),
            Level::Rising(used),
            "a dip"
        );
        assert_eq!(
            over(&[(0, 95), (20, 95), (140, 95)], 141),
            Level::Rising(used),
            "a gap"
        );
        assert_eq!(
            over(&[(0, 95), (20, 95), (40, 89)], 41),
            Level::Below(Bytes::mb(89))
        );
        assert_eq!(over(&three, 62 + 91), Level::Unknown, "an old sample");
        assert_eq!(over(&[], 0), Level::Unknown);
    }

    #[test]
    fn the_instant_since_when_it_is_over_hardly_moves_with_the_samples() {
        let mut life = life(&[(0, 50)]);
        for place in 1..200 {
            life.add(at(20 * place), Bytes::mb(95), None);
            if let Level::Over { since, .. } = life.level(Bytes::mb(90), at(20 * place)) {
                let moved = since.duration_since(at(20));
                assert!(moved.as_secs() <= 20, "by {moved} after {place} samples");
            }
        }
    }

    #[test]
    fn a_sample_that_is_told_twice_or_late_counts_once() {
        let twice = life(&[(0, 50), (20, 60), (0, 50), (20, 60), (10, 99)]);
        assert_eq!(twice, life(&[(0, 50), (20, 60)]));
        assert_eq!(twice.count(), 2);
    }
}
