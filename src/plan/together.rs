//! How long many rolls take together, which share the requests of one account.

use super::{Step, length::turns, length::usual, pace};
use jiff::SignedDuration;
use std::sync::Arc;

/// The roll of one app, as far as its length goes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RollAhead {
    /// Restarts, one after the other, of the longest process type.
    turns: usize,
    restarts: usize,
    /// How long one takes.
    usual: SignedDuration,
    /// How late it may begin.
    catch_up: SignedDuration,
}

/// What all of them come to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Together {
    pub length: SignedDuration,
    pub requests: u64,
    /// Apps whose turn comes later than they may begin.
    pub late: usize,
}

impl RollAhead {
    /// `None` when no past restart is known.
    #[must_use]
    pub fn new(
        steps: &[Arc<Step>],
        past: &[SignedDuration],
        catch_up: SignedDuration,
    ) -> Option<Self> {
        let usual = usual(past)?;
        (!steps.is_empty()).then(|| Self {
            turns: turns(steps),
            restarts: steps.len(),
            usual,
            catch_up,
        })
    }
}

/// Looks at the beginning: the app, its formation, preboot, its dynos.
const FIRST_LOOK: f64 = 4.0;
/// Between two looks where requests are plenty, on the average of a restart.
const LOOK: f64 = 5.0;
/// How often the app and its formation are read again, and how many requests that is.
const SHAPE: (f64, f64) = (30.0, 2.0);
/// Nobody waits for longer.
const LONGEST: f64 = 48.0 * 3_600.0;

/// Follows them by the second, at the pace that they would have.
#[must_use]
pub fn together(rolls: &[RollAhead], remaining: Option<u64>, concurrency: usize) -> Together {
    let mut left: Vec<f64> = rolls.iter().map(|roll| to_f64(roll.turns)).collect();
    let mut has_begun = vec![false; rolls.len()];
    let mut remaining = remaining.map(|count| to_f64(usize::try_from(count).unwrap_or(0)));
    let (mut now, mut requests, mut late) = (0.0, 0.0, 0);
    while left.iter().any(|turns| *turns > 0.0) && now < LONGEST {
        let open = (0..rolls.len()).filter(|place| left[*place] > 0.0);
        let open: Vec<usize> = open.take(concurrency.max(1)).collect();
        let pace = remaining.map_or(0.0, |left| to_f64(open.len()) / pace::rate(left));
        let mut spent = 0.0;
        for place in open {
            let roll = &rolls[place];
            if !has_begun[place] {
                has_begun[place] = true;
                spent += FIRST_LOOK;
                late += usize::from(now > roll.catch_up.as_secs_f64());
            }
            let usual = roll.usual.as_secs_f64().max(1.0);
            // It is noticed at the next look; what it took before has the wait for one in it.
            let look = pace.max(LOOK);
            let takes = if pace > LOOK {
                usual.max(((usual - LOOK) / pace).ceil() * pace)
            } else {
                usual
            };
            let fresh = SHAPE.0.max(pace * 4.0);
            let of_turn = to_f64(roll.restarts) / to_f64(roll.turns);
            spent += of_turn / takes + 1.0 / look + SHAPE.1 / fresh;
            left[place] -= 1.0 / takes;
        }
        requests += spent;
        remaining = remaining.map(|left| (left + pace::REFILL_PER_SECOND - spent).max(0.0));
        now += 1.0;
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a count of requests"
    )]
    let requests = requests as u64;
    Together {
        length: SignedDuration::try_from_secs_f64(now).unwrap_or_default(),
        requests,
        late,
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts of dynos and requests")]
fn to_f64(count: usize) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn roll(turns: usize) -> RollAhead {
        RollAhead {
            turns,
            restarts: turns,
            usual: SignedDuration::from_secs(30),
            catch_up: SignedDuration::from_hours(1),
        }
    }

    #[test]
    fn one_roll_takes_what_its_restarts_take_and_many_share() {
        let one = together(&[roll(10)], Some(4_500), 100);
        assert!((299..=301).contains(&one.length.as_secs()), "{one:?}");
        let many = together(&vec![roll(10); 100], Some(4_500), 100);
        assert!(many.length > one.length && many.late == 0, "{many:?}");
        let free = together(&vec![roll(10); 100], None, 100);
        assert_eq!(free.length, one.length, "where nobody counts");
        let poor = together(&vec![roll(10); 100], Some(600), 100);
        assert!(poor.length > many.length * 2, "{poor:?} {many:?}");
        let narrow = together(&vec![roll(10); 100], None, 4);
        let seconds = narrow.length.as_secs();
        assert!((7_450..7_600).contains(&seconds), "{narrow:?}");
        assert!(narrow.late > 0, "{narrow:?}");
    }
}
