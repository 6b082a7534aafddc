//! The only reader of time. `AUTORESTART_CLOCK=<RFC 3339>[*RATE]` moves it, and the waits with it;
//! it never moves socket time-outs.

use crate::{env::Env, error::Error};
use jiff::{SignedDuration, Timestamp};
use std::{str::FromStr, time::Duration};
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
    },
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
            } => *base + SignedDuration::from_secs_f64(started.elapsed().as_secs_f64() * rate),
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
