//! The only reader of time. `AUTORESTART_CLOCK=<RFC 3339>[*RATE]` moves it, and the waits with it;
//! it never moves socket time-outs.

use crate::{env::Env, error::Error};
use jiff::{SignedDuration, Timestamp};
use std::{
    str::FromStr,
    sync::atomic::{AtomicI64, Ordering},
    time::Duration,
};
use tokio::time::Instant;

/// Tells and waits.
#[derive(Debug, Clone, Copy)]
pub enum Clock {
    System,
    /// Began at `base` when `started`, and runs `rate` times as fast as the machine's.
    Moved {
        base: Timestamp,
        started: Instant,
        rate: f64,
        /// Seconds by which somebody has set it forward or back since.
        set_by: Option<&'static AtomicI64>,
    },
}

/// Two readings of a clock and of the time that has really passed, to be compared.
#[derive(Debug, Clone, Copy)]
pub struct Stopwatch {
    clock: Clock,
    wall: Timestamp,
    started: Instant,
}

/// What no wait is off by: a clock that differs by more was set, or the machine slept.
const JUMP: SignedDuration = SignedDuration::from_secs(30);

impl Stopwatch {
    /// By how much the clock has gone further than the time that has passed since: forward when the
    /// machine slept, either way when the clock was set. `None` where it has not.
    #[must_use]
    pub fn jump(&self) -> Option<SignedDuration> {
        let rate = match self.clock {
            Clock::System => 1.0,
            Clock::Moved { rate, .. } => rate,
        };
        let passed = SignedDuration::from_secs_f64(self.started.elapsed().as_secs_f64() * rate);
        let jump = self.clock.now().duration_since(self.wall) - passed;
        // On a fast clock a moment of ours is long.
        let tolerance = JUMP.max(SignedDuration::from_secs_f64(rate));
        (jump.abs() >= tolerance).then_some(jump)
    }
}

/// The moved clock as text: where it begins, and how fast it runs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Moved {
    pub base: Timestamp,
    pub rate: f64,
}

impl FromStr for Moved {
    type Err = crate::schedule::Invalid;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let invalid = |problem: &str| {
            crate::schedule::Invalid::new(
                problem,
                "2026-03-01T07:00:00Z or 2026-03-01T07:00:00Z*60",
            )
        };
        let (base, rate) = text.split_once('*').unwrap_or((text, "1"));
        let base = crate::schedule::instant(base)
            .map_err(|_| invalid("a clock begins with an RFC 3339 instant of this time"))?;
        let rate = rate
            .parse::<f64>()
            .ok()
            .filter(|rate| (0.001..=100_000.0).contains(rate));
        Ok(Self {
            base,
            rate: rate.ok_or_else(|| invalid("the rate after * is a positive number"))?,
        })
    }
}

impl From<Moved> for Clock {
    fn from(moved: Moved) -> Self {
        Self::Moved {
            base: moved.base,
            started: Instant::now(),
            rate: moved.rate,
            set_by: None,
        }
    }
}

impl Clock {
    /// The machine's clock, or the one of `AUTORESTART_CLOCK`.
    ///
    /// # Errors
    /// When the variable is no clock.
    pub fn from_env(env: &Env) -> Result<Self, Error> {
        let Some(text) = env.text("AUTORESTART_CLOCK") else {
            return Ok(Self::System);
        };
        let moved = text.parse::<Moved>();
        moved.map(Self::from).map_err(|invalid| {
            Error::usage(
                format!("AUTORESTART_CLOCK '{text}': {invalid}"),
                "mend the variable, or unset it",
            )
        })
    }

    #[must_use]
    pub fn now(&self) -> Timestamp {
        match self {
            #[expect(
                clippy::disallowed_methods,
                reason = "the one home of the machine's clock"
            )]
            Self::System => Timestamp::now(),
            Self::Moved {
                base,
                started,
                rate,
                set_by,
            } => {
                let passed = SignedDuration::from_secs_f64(started.elapsed().as_secs_f64() * rate);
                let set_by = set_by.map_or(0, |seconds| seconds.load(Ordering::Relaxed));
                *base + passed + SignedDuration::from_secs(set_by)
            }
        }
    }

    #[must_use]
    pub fn stopwatch(&self) -> Stopwatch {
        Stopwatch {
            clock: *self,
            wall: self.now(),
            started: Instant::now(),
        }
    }

    /// Waits for this long on this clock.
    #[expect(clippy::disallowed_methods, reason = "the one home of waiting")]
    pub async fn sleep(&self, duration: SignedDuration) {
        let seconds = duration.as_secs_f64().max(0.0);
        let rate = match self {
            Self::System => 1.0,
            Self::Moved { rate, .. } => *rate,
        };
        tokio::time::sleep(Duration::from_secs_f64(seconds / rate)).await;
    }
}
