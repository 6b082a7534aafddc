//! How the memory of a simulated dyno grows with its age. A function of time: nothing ticks.

use serde::Deserialize;

/// Of a process type, in MB and minutes.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Leak {
    pub shape: Shape,
    /// Once it has warmed up, without what leaks.
    pub from: f64,
    pub per_hour: f64,
    /// At most so much more or less at each sample, at random.
    pub noise: f64,
    /// Of a tooth, a spike, a high start.
    pub swing: f64,
    /// Minutes from one step, tooth or spike to the next; of a curve, how long it takes to bend.
    pub every: f64,
    /// Minutes from the start until it has warmed up.
    pub warm_up: f64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Shape {
    #[default]
    Line,
    /// All of an interval's growth at its end.
    Step,
    /// Garbage is collected now and then.
    Sawtooth,
    /// Three minutes of a large request, now and then.
    Spike,
    /// It uses more for ten minutes after its start.
    StartHigh,
    /// It grows faster and faster.
    Faster,
    /// It grows more and more slowly.
    Slower,
    /// It grows by day and rests by night.
    Day,
}

impl Default for Leak {
    fn default() -> Self {
        Self {
            shape: Shape::Line,
            from: 150.0,
            per_hour: 0.0,
            noise: 2.0,
            swing: 0.0,
            every: 60.0,
            warm_up: 3.0,
        }
    }
}

impl Leak {
    /// MB in use at an age in seconds; `hour` is the hour of the day at its start, `chance` is from -1
    /// to 1.
    #[must_use]
    pub fn used(&self, age: f64, hour: f64, chance: f64) -> f64 {
        let (minutes, hours) = (age / 60.0, age / 3_600.0);
        let every = self.every.max(1.0);
        let part = (minutes / every).fract() * every;
        let grown = match self.shape {
            Shape::Line => self.per_hour * hours,
            Shape::Step => self.per_hour * (minutes / every).floor() * every / 60.0,
            Shape::Sawtooth => self.per_hour * hours + self.swing * part / every,
            Shape::Spike => {
                let is_on = minutes > every && part < 3.0;
                self.per_hour * hours + if is_on { self.swing } else { 0.0 }
            }
            Shape::StartHigh => {
                self.per_hour * hours + self.swing * (1.0 - minutes / 10.0).max(0.0)
            }
            Shape::Faster => self.per_hour * hours * (1.0 + minutes / every) / 2.0,
            Shape::Slower => self.per_hour * every / 60.0 * (1.0 - (-minutes / every).exp()),
            Shape::Day => {
                // At 14:00 twice as fast as on average, at 02:00 not at all.
                let wave = |hour: f64| (std::f64::consts::TAU * (hour - 8.0) / 24.0).cos();
                let by_wave = 24.0 / std::f64::consts::TAU * (wave(hour) - wave(hour + hours));
                self.per_hour * (hours + by_wave)
            }
        };
        let warm = if self.warm_up > 0.0 {
            (minutes / self.warm_up).min(1.0)
        } else {
            1.0
        };
        (self.from * (0.4 + 0.6 * warm) + grown + self.noise * chance).max(1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shape_grows_by_what_it_says_in_a_day() {
        for shape in [
            Shape::Line,
            Shape::Step,
            Shape::Sawtooth,
            Shape::Spike,
            Shape::StartHigh,
            Shape::Day,
        ] {
            let leak = Leak {
                shape,
                per_hour: 10.0,
                noise: 0.0,
                ..Leak::default()
            };
            let day = leak.used(86_400.0, 5.0, 0.0) - leak.used(3_600.0, 5.0, 0.0);
            assert!((200.0..260.0).contains(&day), "{shape:?} grew by {day}");
        }
    }
}
