//! One dyno of a log, from a start to the next.

use crate::memory::Bytes;
use jiff::{SignedDuration, Timestamp};

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

const KB: u64 = 1 << 10;

impl Recorded {
    /// Of seconds of the epoch with what was used then, in order.
    pub(super) fn new(
        name: String,
        quota: Option<Bytes>,
        has_start: bool,
        points: &[(i64, Bytes)],
    ) -> Self {
        let begin = points.first().map_or(0, |(at, _)| *at);
        let point = |(at, used): &(i64, Bytes)| {
            let kilobytes = u32::try_from(used.as_u64() / KB).unwrap_or(u32::MAX);
            (u32::try_from(at - begin).unwrap_or(u32::MAX), kilobytes)
        };
        Self {
            name,
            from: Timestamp::from_second(begin).unwrap_or_default(),
            has_start,
            quota,
            points: points.iter().map(point).collect(),
        }
    }

    #[must_use]
    pub fn until(&self) -> Timestamp {
        self.from + self.lasted()
    }

    /// How long it was heard of.
    #[must_use]
    pub fn lasted(&self) -> SignedDuration {
        let last = self.points.last().map_or(0, |(age, _)| *age);
        SignedDuration::from_secs(i64::from(last))
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

    #[must_use]
    pub fn process_type(&self) -> &str {
        let place = self.name.rsplit_once('.');
        place.map_or(&self.name, |(kind, _)| kind)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn between_two_samples_memory_goes_straight_from_one_to_the_other() {
        let points =
            [(1_000, 100), (1_020, 120), (1_620, 60)].map(|(at, used)| (at, Bytes::mb(used)));
        let life = Recorded::new("web.1".to_owned(), None, true, &points);
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
