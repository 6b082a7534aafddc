//! What a log has of each dyno, from one start to the next.

use crate::memory::{
    Bytes,
    line::{Line, Told},
};
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;

/// Everything that counts of a log.
#[derive(Debug, Clone, Default)]
pub struct Record {
    pub lives: Vec<Recorded>,
    /// Of each name, the life that told last; and of each UUID, its life.
    newest: BTreeMap<String, usize>,
    known: BTreeMap<String, usize>,
    pub from: Option<Timestamp>,
    pub until: Option<Timestamp>,
    pub samples: u64,
    /// R14 and R15: they tell of no UUID, and of nothing below the quota.
    pub exceeded: u64,
    /// Lines that Heroku says it did not deliver.
    pub dropped: u64,
}

/// One dyno, from a start to the next.
#[derive(Debug, Clone)]
pub struct Recorded {
    pub name: String,
    pub from: Timestamp,
    /// The log has its start.
    pub has_start: bool,
    pub quota: Option<Bytes>,
    /// Seconds since `from`, and what was used, in KB.
    points: Vec<(u32, u32)>,
}

/// A life that is first heard of so long after the log began has its start in it.
const BEGUN_BEFORE: SignedDuration = SignedDuration::from_mins(3);
const KB: u64 = 1 << 10;

impl Record {
    /// Takes a line.
    pub fn tell(&mut self, line: Line<'_>) {
        let (name, id, used, quota) = match line.told {
            Told::Sample {
                dyno,
                life,
                used,
                quota,
            } => (dyno, life, used, quota),
            Told::Dropped { count } => {
                self.dropped = self.dropped.saturating_add(count);
                return;
            }
            Told::Exceeded { .. } => {
                self.exceeded += 1;
                return;
            }
            Told::Running { .. } => return,
        };
        let kind = name.rsplit_once('.').map_or(name, |(kind, _)| kind);
        if crate::schedule::is_one_off(kind) {
            return;
        }
        self.from = self
            .from
            .map_or(Some(line.at), |from| Some(from.min(line.at)));
        self.until = self.until.max(Some(line.at));
        self.samples += 1;
        let place = self.known.get(id).copied().unwrap_or_else(|| {
            let begin = self.from.unwrap_or(line.at);
            let is_first = !self.newest.contains_key(name);
            self.lives.push(Recorded {
                name: name.to_owned(),
                from: line.at,
                has_start: !is_first || line.at.duration_since(begin) > BEGUN_BEFORE,
                quota,
                points: vec![],
            });
            self.known.insert(id.to_owned(), self.lives.len() - 1);
            self.newest.insert(name.to_owned(), self.lives.len() - 1);
            self.lives.len() - 1
        });
        self.lives[place].add(line.at, used, quota);
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
}

impl Recorded {
    fn add(&mut self, at: Timestamp, used: Bytes, quota: Option<Bytes>) {
        self.quota = quota.or(self.quota);
        let age = at.duration_since(self.from).as_secs();
        let age = u32::try_from(age).unwrap_or(0);
        let kilobytes = u32::try_from(used.as_u64() / KB).unwrap_or(u32::MAX);
        if self.points.last().is_none_or(|(last, _)| *last < age) {
            self.points.push((age, kilobytes));
        }
    }

    #[must_use]
    pub fn until(&self) -> Timestamp {
        let last = self.points.last().map_or(0, |(age, _)| *age);
        self.from + SignedDuration::from_secs(i64::from(last))
    }

    /// When it told what it used.
    pub fn instants(&self) -> impl Iterator<Item = Timestamp> {
        let at = |(age, _): &(u32, u32)| self.from + SignedDuration::from_secs(i64::from(*age));
        self.points.iter().map(at)
    }

    /// What it used at an age, on the straight line between two samples; what it used last, for a greater
    /// one.
    #[must_use]
    pub fn used_at(&self, age: SignedDuration) -> Bytes {
        let age = u32::try_from(age.as_secs()).unwrap_or(0);
        let next = self.points.partition_point(|(at, _)| *at < age);
        let at = |place: usize| self.points.get(place).copied();
        let before = next.checked_sub(1).and_then(at);
        let kilobytes = match (before, at(next)) {
            (Some((begin, first)), Some((end, last))) => {
                let part = i64::from(age - begin) * (i64::from(last) - i64::from(first));
                i64::from(first) + part / i64::from(end - begin)
            }
            (one, other) => one.or(other).map_or(0, |(_, used)| i64::from(used)),
        };
        Bytes::new(u64::try_from(kilobytes).unwrap_or(0) * KB)
    }

    /// How long it was heard of.
    #[must_use]
    pub fn lasted(&self) -> SignedDuration {
        self.until().duration_since(self.from)
    }

    #[must_use]
    pub fn process_type(&self) -> &str {
        self.name
            .rsplit_once('.')
            .map_or(&self.name, |(kind, _)| kind)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn between_two_samples_memory_goes_straight_from_one_to_the_other() {
        let from: Timestamp = "2026-03-02T07:00:00Z".parse().expect("an instant");
        let life = Recorded {
            name: "web.1".to_owned(),
            from,
            has_start: true,
            quota: None,
            points: vec![(0, 100 << 10), (20, 120 << 10), (620, 60 << 10)],
        };
        let used = |age: i64| life.used_at(SignedDuration::from_secs(age)).as_mb();
        let expected = [
            (0, 100.0),
            (10, 110.0),
            (20, 120.0),
            (320, 90.0),
            (9_999, 60.0),
        ];
        for (age, megabytes) in expected {
            assert!((used(age) - megabytes).abs() < 0.01, "{age}: {}", used(age));
        }
    }
}
