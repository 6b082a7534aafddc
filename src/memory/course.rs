//! The course of one amount over hours, in bounded space: the longer it gets, the coarser.

use super::Bytes;
use jiff::{SignedDuration, Timestamp};

/// Amounts of a stretch of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bucket {
    /// Of its first amount.
    pub from: Timestamp,
    /// Of its last one.
    pub until: Timestamp,
    pub mean: Bytes,
    pub least: Bytes,
    pub most: Bytes,
    /// The most that three samples in a row had at least: what a threshold is held against.
    pub sustained: Bytes,
    pub count: u32,
}

/// Buckets of equal width, oldest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Course {
    /// Of the first amount.
    begin: Timestamp,
    buckets: Vec<Packed>,
    /// How often two buckets became one.
    coarsened: u32,
}

/// A bucket as it is kept, for there are hundreds of them of each dyno: tenths of a second after the
/// first amount, and kibibytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Packed {
    from: u32,
    until: u32,
    mean: u32,
    least: u32,
    most: u32,
    sustained: u32,
    count: u32,
}

/// With more buckets, each two become one.
const MOST: usize = 144;
/// With more than these there will be many: a Vec would take twice the room.
const FEW: usize = 32;
/// In tenths of a second. Narrower than two of Heroku's samples are apart: at first each is a bucket of
/// its own.
const FIRST_WIDTH: u32 = 150;
/// A day.
const WIDEST: u32 = 864_000;
const KIBIBYTE: u64 = 1 << 10;

impl Bucket {
    /// The middle of its time.
    #[must_use]
    pub fn at(&self) -> Timestamp {
        self.from + self.until.duration_since(self.from) / 2
    }
}

impl Packed {
    fn of(at: u32, amount: Bytes, sustained: Bytes) -> Self {
        let (amount, sustained) = (kibibytes(amount), kibibytes(sustained));
        Self {
            from: at,
            until: at,
            mean: amount,
            least: amount,
            most: amount,
            sustained,
            count: 1,
        }
    }

    /// Both as one.
    fn and(&self, later: &Self) -> Self {
        let count = self.count.saturating_add(later.count);
        let weighted = |one: &Self| u64::from(one.mean) * u64::from(one.count);
        let whole = weighted(self) + weighted(later) + u64::from(count / 2);
        Self {
            from: self.from,
            until: later.until,
            mean: u32::try_from(whole / u64::from(count)).unwrap_or(later.mean),
            least: self.least.min(later.least),
            most: self.most.max(later.most),
            sustained: self.sustained.max(later.sustained),
            count,
        }
    }
}

fn kibibytes(amount: Bytes) -> u32 {
    u32::try_from(amount.as_u64() / KIBIBYTE).unwrap_or(u32::MAX)
}

impl Course {
    /// Adds an amount, and what it and those before it have at least; it is later than all before.
    pub fn add(&mut self, at: Timestamp, amount: Bytes, sustained: Bytes) {
        if self.buckets.is_empty() {
            self.begin = at;
        }
        let fresh = Packed::of(self.tenths(at), amount, sustained);
        let width = self.width();
        let last = self.buckets.last_mut();
        if let Some(last) = last.filter(|last| fresh.from - last.from < width) {
            *last = last.and(&fresh);
            return;
        }
        if self.buckets.len() == FEW {
            self.buckets.reserve_exact(MOST + 1 - FEW);
        }
        self.buckets.push(fresh);
        if self.buckets.len() > MOST {
            self.coarsen();
        }
    }

    fn tenths(&self, at: Timestamp) -> u32 {
        let tenths = at.duration_since(self.begin).as_millis() / 100;
        u32::try_from(tenths.max(0)).unwrap_or(u32::MAX)
    }

    fn width(&self) -> u32 {
        (FIRST_WIDTH << self.coarsened.min(16)).min(WIDEST)
    }

    fn coarsen(&mut self) {
        self.coarsened += 1;
        let width = self.width();
        self.buckets.dedup_by(|later, last| {
            let is_one = later.until - last.from < width;
            if is_one {
                *last = last.and(later);
            }
            is_one
        });
        // Where gaps keep them apart, the oldest go.
        let surplus = self.buckets.len().saturating_sub(MOST);
        self.buckets.drain(..surplus);
    }

    /// The part of it from an instant on.
    #[must_use]
    pub fn since(&self, at: Timestamp) -> Self {
        let mut later = self.clone();
        if self.begin < at {
            let from = self.tenths(at);
            later.buckets.retain(|bucket| from < bucket.from);
        }
        later
    }

    #[must_use]
    pub fn buckets(&self) -> impl DoubleEndedIterator<Item = Bucket> + ExactSizeIterator {
        let amount = |kibibytes: u32| Bytes::new(u64::from(kibibytes) * KIBIBYTE);
        self.buckets.iter().map(move |packed| Bucket {
            from: self.instant(packed.from),
            until: self.instant(packed.until),
            mean: amount(packed.mean),
            least: amount(packed.least),
            most: amount(packed.most),
            sustained: amount(packed.sustained),
            count: packed.count,
        })
    }

    fn instant(&self, tenths: u32) -> Timestamp {
        self.begin + SignedDuration::from_millis(100 * i64::from(tenths))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_fits_and_loses_neither_its_ends_nor_its_peaks() {
        let begin: Timestamp = "2026-03-02T00:00:00Z".parse().expect("an instant");
        let mut course = Course::default();
        let at = |place: i64| begin + SignedDuration::from_secs(21 * place);
        for place in 0..4_114 {
            let amount = if place == 2_000 { 500 } else { 100 };
            course.add(at(place), Bytes::mb(amount), Bytes::mb(100));
        }
        let buckets: Vec<Bucket> = course.buckets().collect();
        assert!((60..=MOST).contains(&buckets.len()), "{}", buckets.len());
        assert_eq!(buckets[0].from, begin);
        assert_eq!(buckets[buckets.len() - 1].until, at(4_113));
        let most = buckets.iter().map(|bucket| bucket.most).max();
        assert_eq!(most, Some(Bytes::mb(500)));
        let count: u32 = buckets.iter().map(|bucket| bucket.count).sum();
        assert_eq!(count, 4_114);
    }

    #[test]
    fn samples_days_apart_are_bounded_too() {
        let begin: Timestamp = "2026-03-02T00:00:00Z".parse().expect("an instant");
        let mut course = Course::default();
        for day in 0..1_000 {
            course.add(
                begin + SignedDuration::from_hours(24 * day),
                Bytes::mb(1),
                Bytes::mb(1),
            );
        }
        assert!(course.buckets().len() <= MOST);
    }
}
