//! The course of one amount over hours, in bounded space: the longer it gets, the coarser.

use super::Bytes;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// Amounts of a stretch of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
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
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Course {
    buckets: Vec<Bucket>,
    /// In seconds.
    width: i64,
}

/// With more buckets, each two become one.
const MOST: usize = 144;
/// Narrower than two of Heroku's samples are apart: at first each is a bucket of its own.
const FIRST_WIDTH: i64 = 15;
/// A day.
const WIDEST: i64 = 86_400;

impl Default for Course {
    fn default() -> Self {
        Self {
            buckets: vec![],
            width: FIRST_WIDTH,
        }
    }
}

impl Bucket {
    fn of(at: Timestamp, amount: Bytes, sustained: Bytes) -> Self {
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

    /// The middle of its time.
    #[must_use]
    pub fn at(&self) -> Timestamp {
        self.from + self.until.duration_since(self.from) / 2
    }

    /// Both as one.
    fn and(&self, later: &Self) -> Self {
        let count = self.count.saturating_add(later.count);
        let weighted = |one: &Self| one.mean.as_f64() * f64::from(one.count);
        let mean = (weighted(self) + weighted(later)) / f64::from(count);
        Self {
            from: self.from,
            until: later.until,
            mean: Bytes::of(mean).unwrap_or(later.mean),
            least: self.least.min(later.least),
            most: self.most.max(later.most),
            sustained: self.sustained.max(later.sustained),
            count,
        }
    }
}

impl Course {
    /// Adds an amount, and what it and those before it have at least; it is later than all before.
    pub fn add(&mut self, at: Timestamp, amount: Bytes, sustained: Bytes) {
        let fresh = Bucket::of(at, amount, sustained);
        let last = self.buckets.last_mut();
        let width = SignedDuration::from_secs(self.width);
        match last.filter(|last| at.duration_since(last.from) < width) {
            Some(last) => *last = last.and(&fresh),
            None => self.buckets.push(fresh),
        }
        if self.buckets.len() > MOST {
            self.coarsen();
        }
    }

    fn coarsen(&mut self) {
        self.width = (self.width * 2).min(WIDEST);
        let width = SignedDuration::from_secs(self.width);
        let mut coarse: Vec<Bucket> = Vec::with_capacity(MOST);
        for bucket in self.buckets.drain(..) {
            let last = coarse.last_mut();
            match last.filter(|last| bucket.until.duration_since(last.from) < width) {
                Some(last) => *last = last.and(&bucket),
                None => coarse.push(bucket),
            }
        }
        self.buckets = coarse;
        // Where gaps keep them apart, the oldest go.
        let surplus = self.buckets.len().saturating_sub(MOST);
        self.buckets.drain(..surplus);
    }

    /// The part of it from an instant on.
    #[must_use]
    pub fn since(&self, at: Timestamp) -> Self {
        let later = self.buckets.iter().filter(|bucket| at <= bucket.from);
        Self {
            buckets: later.copied().collect(),
            width: self.width,
        }
    }

    #[must_use]
    pub fn buckets(&self) -> &[Bucket] {
        &self.buckets
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
        let buckets = course.buckets();
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
