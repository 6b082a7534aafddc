//! The growth of memory over a life: slopes, falls, and how far it strays.

use super::Bucket;
use jiff::Timestamp;

/// A course as seconds before now and bytes.
#[derive(Debug)]
pub(super) struct Trend {
    points: Vec<Point>,
    /// The bottoms of its falls, and where it began; fewer than two where it never fell.
    bottoms: Vec<(f64, f64)>,
    /// How far a point is from the middle of its neighbours.
    noise: f64,
    slope_of_life: f64,
}

#[derive(Debug, Clone, Copy)]
struct Point {
    /// Of its middle; negative.
    at: f64,
    mean: f64,
    /// The most that three samples in a row had.
    sustained: f64,
}

/// Where memory goes from now.
#[derive(Debug, Clone, Copy)]
pub(super) struct Line {
    /// Bytes a second, from now to the limit.
    pub slope: f64,
    pub slope_of_life: f64,
    /// What it stays at, at this moment: a quarter of the time it is higher,
    pub level: f64,
    /// half of the time,
    pub middle: f64,
    /// and never.
    pub highest: f64,
    /// Seconds until the limit.
    pub ahead: f64,
}

/// With fewer points nothing is said.
const LEAST_POINTS: usize = 8;
/// The shortest stretch that a line is laid through, in seconds.
const SHORTEST: f64 = 3_600.0;
/// Teeth that must have been seen to believe that their bottoms rise.
const LEAST_BOTTOMS: usize = 4;
const MB: f64 = 1_048_576.0;

impl Trend {
    pub fn of(buckets: &[Bucket], now: Timestamp) -> Option<Self> {
        if buckets.len() < LEAST_POINTS {
            return None;
        }
        let point = |bucket: &Bucket| Point {
            at: bucket.at().duration_since(now).as_secs_f64(),
            mean: bucket.mean.as_f64(),
            sustained: bucket.sustained.as_f64(),
        };
        let points: Vec<Point> = buckets.iter().map(point).collect();
        let off =
            |three: &[Point]| (three[1].mean - f64::midpoint(three[0].mean, three[2].mean)).abs();
        let noise = quantile(&mut points.windows(3).map(off).collect::<Vec<_>>(), 0.5);
        let means: Vec<(f64, f64)> = points.iter().map(|point| (point.at, point.mean)).collect();
        let lowest = buckets.iter().map(|bucket| bucket.least.as_f64());
        let lowest: Vec<f64> = lowest.collect();
        let bottoms = bottoms(&means, &lowest, noise);
        Some(Self {
            slope_of_life: slope(&means),
            points,
            bottoms,
            noise,
        })
    }

    /// Seconds that were seen.
    pub fn span(&self) -> f64 {
        -self.points[0].at
    }

    fn falls(&self) -> bool {
        self.bottoms.len() > 1
    }

    /// Points of the last so many seconds, and of more where these are too few.
    fn last(&self, seconds: f64) -> &[Point] {
        let begin = self.points.partition_point(|point| point.at < -seconds);
        let enough = self.points.len().saturating_sub(LEAST_POINTS);
        &self.points[begin.min(enough)..]
    }

    fn slope_of(&self, seconds: f64) -> f64 {
        if self.falls() {
            let begin = self.bottoms.partition_point(|(at, _)| *at < -seconds);
            let enough = self.bottoms.len().saturating_sub(5);
            // Two bottoms of mere noise do not outweigh a life.
            return slope(&self.bottoms[begin.min(enough)..]).min(self.slope_of_life);
        }
        slope(&means(self.last(seconds)))
    }

    /// What it stays above a line through now with this slope, at this quantile.
    fn level(&self, slope: f64, seconds: f64, quantile_: f64) -> f64 {
        let points = self.last(seconds).iter();
        let mut levels: Vec<f64> = points
            .map(|point| point.sustained - slope * point.at)
            .collect();
        quantile(&mut levels, quantile_)
    }

    /// The line to a limit; `None` where it does not grow by more than it strays.
    pub fn line(&self, limit: f64) -> Option<Line> {
        /// The stretch and what lies ahead depend on each other.
        const ROUNDS: usize = 4;
        const TWO_HOURS: f64 = 7_200.0;
        let span = self.span();
        let (mut seconds, mut found) = (span, None);
        for _ in 0..ROUNDS {
            let slope = self.slope_of(seconds);
            if slope <= f64::EPSILON {
                if seconds >= span {
                    return None;
                }
                (found, seconds) = (None, span);
                continue;
            }
            let of_level = if self.falls() {
                seconds.max(TWO_HOURS)
            } else {
                seconds.clamp(SHORTEST, TWO_HOURS)
            };
            let level = self.level(slope, of_level, 0.75);
            let ahead = ((limit - level) / slope).max(0.0);
            found = Some((slope, level, ahead, seconds));
            seconds = (2.0 * ahead).clamp(SHORTEST, span.max(SHORTEST));
        }
        let (slope, level, ahead, seconds) = found?;
        if !self.is_growth(slope, seconds) {
            return None;
        }
        let slope = (slope + self.bend(slope, ahead, seconds)).clamp(0.1 * slope, 2.5 * slope);
        Some(Line {
            slope,
            slope_of_life: if self.falls() {
                self.slope_of(span)
            } else {
                self.slope_of_life
            },
            level,
            middle: self.level(slope, seconds.max(SHORTEST), 0.5),
            highest: self.level(slope, seconds.max(TWO_HOURS), 1.0),
            ahead: ((limit - level) / slope).max(0.0),
        })
    }

    /// Whether a slope over so many seconds is more than chance.
    fn is_growth(&self, slope: f64, seconds: f64) -> bool {
        let risen = slope * seconds.min(self.span());
        let swing = || {
            let seconds = seconds.max(7_200.0);
            self.level(slope, seconds, 0.9) - self.level(slope, seconds, 0.1)
        };
        let is_proven =
            !self.falls() || (self.bottoms.len() >= LEAST_BOTTOMS && risen >= 0.25 * swing());
        risen >= 2.5 * self.noise + 4.0 * MB && is_proven
    }

    /// How much faster, or slower, it will grow on the way than it did: what the younger half of the
    /// stretch has over the older one, carried on.
    fn bend(&self, slope_: f64, ahead: f64, seconds: f64) -> f64 {
        const ENOUGH: usize = 6;
        let half = seconds / 2.0;
        let points = means(self.last(seconds));
        let (older, younger) = points.split_at(points.partition_point(|(at, _)| *at < -half));
        if self.falls() || older.len() < ENOUGH || younger.len() < ENOUGH {
            return 0.0;
        }
        let bend = slope(younger) - slope(older);
        let chance = 2.0 * self.noise / half + 0.05 * slope_;
        let bend = bend.signum() * (bend.abs() - chance).max(0.0);
        // From the middle of the stretch to the middle of what lies ahead.
        bend / half * (half + ahead / 2.0)
    }

    /// The slowest and the fastest growth over stretches as long as what lies ahead; nine in ten are
    /// in between.
    pub fn slopes_over(&self, ahead: f64) -> (f64, f64) {
        let mut slopes = if self.falls() {
            slopes(&self.bottoms, |_| true)
        } else {
            let long = ahead.min(self.span() / 2.0).max(600.0);
            slopes(&means(&self.points), |apart| {
                (0.7 * long..=1.4 * long).contains(&apart)
            })
        };
        if slopes.is_empty() {
            return (self.slope_of_life, self.slope_of_life);
        }
        (quantile(&mut slopes, 0.08), quantile(&mut slopes, 0.92))
    }
}

fn means(points: &[Point]) -> Vec<(f64, f64)> {
    points.iter().map(|point| (point.at, point.mean)).collect()
}

/// Where memory has fallen by more than noise: the lowest point of each fall, after the lowest of the
/// first points.
fn bottoms(points: &[(f64, f64)], lowest: &[f64], noise: f64) -> Vec<(f64, f64)> {
    let least = (5.0 * noise).max(6.0 * MB);
    let (mut bottoms, mut place) = (vec![], 0);
    while place + 1 < points.len() {
        let soon = points[place + 1]
            .1
            .min(points[(place + 2).min(points.len() - 1)].1);
        if points[place].1 - soon > least {
            place += 1;
            while place + 1 < points.len() && points[place + 1].1 < points[place].1 {
                place += 1;
            }
            // A fall in the midst of a bucket makes its mean one of before and after.
            let least = lowest[place - 1].min(lowest[place]);
            bottoms.push((points[place].0, least));
        } else {
            place += 1;
        }
    }
    let first = points.iter().take(3).min_by(|a, b| a.1.total_cmp(&b.1));
    if let (Some(first), Some(bottom)) = (first, bottoms.first())
        && first.0 < bottom.0
    {
        bottoms.insert(0, *first);
    }
    bottoms
}

/// All slopes between two points that are so far apart.
fn slopes(points: &[(f64, f64)], is_apart: impl Fn(f64) -> bool) -> Vec<f64> {
    let mut slopes = vec![];
    for (place, first) in points.iter().enumerate() {
        for second in &points[place + 1..] {
            let apart = second.0 - first.0;
            if apart > 0.0 && is_apart(apart) {
                slopes.push((second.1 - first.1) / apart);
            }
        }
    }
    slopes
}

/// The median of all slopes between two points (Theil 1950, Sen 1968).
fn slope(points: &[(f64, f64)]) -> f64 {
    quantile(&mut slopes(points, |_| true), 0.5)
}

/// A quantile, between two values where it falls there; 0 of none.
pub(super) fn quantile(values: &mut [f64], share: f64) -> f64 {
    if values.is_empty() {
        return 0.0;
    }
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a place in some thousands of values"
    )]
    let (place, part) = {
        let place = share * (values.len() - 1) as f64;
        (place as usize, place.fract())
    };
    let (_, low, higher) = values.select_nth_unstable_by(place, f64::total_cmp);
    let low = *low;
    let next = higher.iter().copied().min_by(f64::total_cmp);
    low + part * (next.unwrap_or(low) - low)
}
