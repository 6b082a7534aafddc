//! How often many rolls of one account may look, so that its requests last.

use jiff::SignedDuration;

/// What flows into an account's pool: 75 requests a minute (Dev Center, "Platform API rate limits").
pub(super) const REFILL_PER_SECOND: f64 = 75.0 / 60.0;
/// What is left to whatever else the account does.
pub const RESERVE: u64 = 500;
/// What is beyond the reserve is spread over so long.
pub const HORIZON: SignedDuration = SignedDuration::from_mins(10);

/// How long each of so many rolls waits between two looks at least. Their requests then come to what flows
/// in, and to a share of what is left that gets smaller with it.
#[must_use]
pub fn pace(rolling: usize, remaining: Option<u64>) -> SignedDuration {
    let Some(remaining) = remaining else {
        return SignedDuration::ZERO;
    };
    let rate = rate(to_f64(remaining));
    #[expect(clippy::cast_precision_loss, reason = "apps are counted in thousands")]
    let rolling = rolling as f64;
    SignedDuration::try_from_secs_f64(rolling / rate).unwrap_or(HORIZON)
}

/// Requests a second that an account may be asked for, with so many left.
pub(super) fn rate(remaining: f64) -> f64 {
    let reserve = to_f64(RESERVE);
    // Below the reserve it is less than what flows in, so that it fills again.
    let inflow = REFILL_PER_SECOND * (remaining / reserve).clamp(0.1, 1.0);
    inflow + (remaining - reserve).max(0.0) / HORIZON.as_secs_f64()
}

/// How long whoever is about to ask so much, once, lets others go first; `None` while there is enough for
/// so many that do the same.
#[must_use]
pub fn breath(requests: u64, rolling: usize, remaining: Option<u64>) -> Option<SignedDuration> {
    let remaining = remaining?;
    let all = requests * u64::try_from(rolling).unwrap_or(u64::MAX);
    if remaining >= RESERVE + all {
        return None;
    }
    let seconds = if remaining < RESERVE {
        to_f64(requests) / rate(to_f64(remaining))
    } else {
        0.0
    };
    SignedDuration::try_from_secs_f64(seconds).ok()
}

#[expect(clippy::cast_precision_loss, reason = "a quota has four digits")]
fn to_f64(number: u64) -> f64 {
    number as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_roll_is_not_slowed_and_many_share() {
        assert_eq!(pace(1_000, None), SignedDuration::ZERO, "nobody counts");
        assert!(pace(1, Some(4_500)) < SignedDuration::from_millis(200));
        assert_eq!(pace(1, Some(0)), SignedDuration::from_secs(8));
        let seconds = |rolling, remaining| pace(rolling, Some(remaining)).as_secs_f64();
        assert!((12.0..14.0).contains(&seconds(100, 4_500)));
        assert!((79.0..81.0).contains(&seconds(100, 500)), "what flows in");
        assert!(
            (399.0..401.0).contains(&seconds(100, 100)),
            "it fills again"
        );
    }

    #[test]
    fn who_begins_lets_others_go_first_where_it_is_tight() {
        assert_eq!(breath(4, 1_000, None), None, "nobody counts");
        assert_eq!(breath(4, 100, Some(900)), None, "enough for all");
        assert_eq!(breath(4, 100, Some(899)), Some(SignedDuration::ZERO));
        assert_eq!(
            breath(4, 1, Some(250)),
            Some(SignedDuration::from_millis(6_400))
        );
    }
}
