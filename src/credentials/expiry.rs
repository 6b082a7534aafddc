//! When a credential ends, and from when on that is said. Pure.

use jiff::{SignedDuration, Timestamp};

/// Passes begin to say so when no more than this is left.
const SOON: SignedDuration = SignedDuration::from_hours(14 * 24);
/// They say it again after this: less than a day, so that a daily timer says it daily.
const AGAIN: SignedDuration = SignedDuration::from_hours(20);

/// Whether it ends so soon that somebody should know.
#[must_use]
pub fn is_soon(expires_at: Timestamp, now: Timestamp) -> bool {
    expires_at.duration_since(now) <= SOON
}

/// Whether it is to be said now, when it was last said then: once a day.
#[must_use]
pub fn is_to_be_said(warned: Option<Timestamp>, now: Timestamp) -> bool {
    warned.is_none_or(|warned| now.duration_since(warned).abs() >= AGAIN)
}

/// How long until, or since, in whole days where there are several: `in 90 days`.
#[must_use]
pub fn distance(now: Timestamp, at: Timestamp) -> String {
    let seconds = at.duration_since(now).as_secs();
    // A minute that went by meanwhile makes no day less.
    let whole = |unit: i64| (seconds.abs() + 60) / unit;
    let (count, unit) = match whole(86_400) {
        0 | 1 if whole(3_600) >= 1 => (whole(3_600), "hour"),
        0 | 1 => (whole(60).max(1), "minute"),
        days => (days, "day"),
    };
    let plural = if count == 1 { "" } else { "s" };
    if seconds < 0 {
        format!("{count} {unit}{plural} ago")
    } else {
        format!("in {count} {unit}{plural}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fourteen_days_before_its_end_and_then_once_a_day_it_is_said() {
        let now = Timestamp::UNIX_EPOCH;
        let hours = |hours: i64| now + SignedDuration::from_hours(hours);
        assert!(is_soon(hours(14 * 24), now) && !is_soon(hours(14 * 24 + 1), now));
        assert!(is_soon(hours(-1), now));
        assert!(is_to_be_said(None, now));
        assert!(!is_to_be_said(Some(now), hours(19)) && is_to_be_said(Some(now), hours(20)));
        // A clock that was set back does not silence it for good.
        assert!(is_to_be_said(Some(hours(1_000)), now));
    }

    #[test]
    fn distances_are_told_in_the_unit_that_people_count_in() {
        let now = Timestamp::UNIX_EPOCH;
        for (seconds, said) in [
            (90 * 86_400, "in 90 days"),
            (90 * 86_400 - 2, "in 90 days"),
            (86_400, "in 24 hours"),
            (8 * 3_600 - 5, "in 8 hours"),
            (61, "in 2 minutes"),
            (-86_400 * 3, "3 days ago"),
        ] {
            assert_eq!(
                distance(now, now + SignedDuration::from_secs(seconds)),
                said
            );
        }
    }
}
