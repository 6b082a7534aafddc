//! When a dyno's memory will stay at a limit or over it, from the course of its life so far.
//!
//! A line is laid through the part of the course that is as long as twice what lies ahead, by the median
//! of all slopes between two points (Theil and Sen), which spikes and noise hardly move. Where memory
//! falls back now and then, the line is laid through the bottoms. How high it will stay above the line is
//! what it has stayed above it. The interval comes of the slopes over stretches as long as what lies ahead.

use super::{Bucket, Bytes, Life, trend::Trend};
use jiff::{SignedDuration, Timestamp};

/// What is expected of a dyno that nobody restarts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Forecast {
    /// Growth, in bytes an hour.
    pub per_hour: f64,
    /// When the limit is reached; most likely.
    pub at: Timestamp,
    /// With nine chances in ten not before this,
    pub earliest: Timestamp,
    /// and not after this; `None` where it may never be.
    pub latest: Option<Timestamp>,
    /// The same by the growth of the whole life.
    by_whole_life: Option<Timestamp>,
}

/// What can be said of a limit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Outlook {
    /// The life is too short, or too little of it was seen.
    Unknown,
    /// It does not grow, as far as can be told.
    Steady,
    Reaches(Forecast),
}

/// What a dyno uses while it starts says nothing of what it loses later.
pub(super) const WARM_UP: f64 = 600.0;
/// Seconds after the warm-up before which nothing is forecast,
const LEAST: f64 = 1_200.0;
/// and before which a forecast is not enough to leave a dyno alone, or to restart it: memory that falls
/// back every hour has fallen back by then.
const RIPE: f64 = 4_500.0;
/// Farther ahead nothing is said: 60 days, in seconds.
const FARTHEST: f64 = 5_184_000.0;

impl Life {
    /// What can be said at `now` of when it stays at a limit or over it.
    #[must_use]
    pub fn outlook(&self, limit: Bytes, now: Timestamp) -> Outlook {
        if !self.is_fresh(now) {
            return Outlook::Unknown;
        }
        let buckets = self.after_warm_up();
        match Trend::of(&buckets, now) {
            None => Outlook::Unknown,
            Some(trend) if trend.span() < LEAST => Outlook::Unknown,
            Some(trend) => forecast(&trend, limit, now).map_or(Outlook::Steady, Outlook::Reaches),
        }
    }

    /// Whether it will reach a limit before an instant; `None` where nobody knows.
    #[must_use]
    pub fn reaches(&self, limit: Bytes, before: Timestamp, now: Timestamp) -> Option<bool> {
        if !self.is_fresh(now) {
            return None;
        }
        if self.last().is_some_and(|last| last.used >= limit) {
            return Some(true);
        }
        let buckets = self.after_warm_up();
        let seen_for = buckets
            .first()
            .map_or(0.0, |first| now.duration_since(first.from).as_secs_f64());
        if seen_for < RIPE {
            return None;
        }
        match self.outlook(limit, now) {
            Outlook::Unknown => None,
            Outlook::Steady => Some(false),
            Outlook::Reaches(forecast) => {
                // A burst of growth is believed where the whole life has some of it.
                let ahead = before.duration_since(now);
                let is_old_news = forecast
                    .by_whole_life
                    .is_some_and(|at| at <= now + ahead * 3);
                let is_certain = forecast.latest.is_some_and(|latest| latest <= before);
                Some(is_certain || forecast.at <= before && is_old_news)
            }
        }
    }

    fn after_warm_up(&self) -> Vec<Bucket> {
        let Some(first) = self.first_at() else {
            return vec![];
        };
        let warm = first + SignedDuration::from_secs_f64(WARM_UP);
        let buckets = self.course().buckets();
        buckets.filter(|bucket| warm <= bucket.from).collect()
    }

    /// What it used once it had warmed up, where its beginning was seen: what a restart brings.
    #[must_use]
    pub fn baseline(&self, began_at: Timestamp) -> Option<Bytes> {
        /// From the second minute to the twelfth.
        const BEGIN: SignedDuration = SignedDuration::from_mins(2);
        const END: SignedDuration = SignedDuration::from_mins(12);
        const ENOUGH: usize = 6;
        let warm = began_at + BEGIN..=began_at + END;
        let warm = self.early().iter().filter(|point| warm.contains(&point.at));
        let mut used: Vec<f64> = warm.map(|point| point.used.as_f64()).collect();
        (used.len() >= ENOUGH)
            .then(|| super::trend::quantile(&mut used, 0.5))
            .and_then(Bytes::of)
    }
}

fn forecast(trend: &Trend, limit: Bytes, now: Timestamp) -> Option<Forecast> {
    let limit = limit.as_f64();
    let line = trend.line(limit)?;
    let ahead = line.ahead;
    let (slow, fast) = trend.slopes_over(ahead);
    let reach = |slope: f64, level: f64| {
        if slope <= f64::EPSILON {
            f64::INFINITY
        } else {
            ((limit - level) / slope).max(0.0)
        }
    };
    let earliest = reach(fast.max(line.slope * 1.15), line.highest).min(ahead * 0.92);
    let latest = reach(slow.min(line.slope * 0.85), line.middle.min(line.level)).max(ahead * 1.08);
    let at = |seconds: f64| {
        let is_near = seconds < FARTHEST;
        is_near.then(|| now + SignedDuration::from_secs_f64(seconds))
    };
    Some(Forecast {
        per_hour: line.slope * 3_600.0,
        at: at(ahead)?,
        earliest: at(earliest)?,
        latest: at(latest),
        by_whole_life: at(reach(line.slope_of_life, line.level)),
    })
}
