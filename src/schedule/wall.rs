//! A zone's wall clock: which instant a reading means, and which readings have come by an instant.
//!
//! A reading in a gap means the first instant after it; one that comes twice means the first. So a
//! later reading never means an earlier instant, and every calendar can search among readings alone.

use jiff::{
    SignedDuration, Timestamp, ToSpan,
    civil::DateTime,
    tz::{AmbiguousOffset, TimeZone},
};

/// Longer than any clock was ever set back (Pacific/Kwajalein 1969: 23 h).
const LONGEST_FOLD: SignedDuration = SignedDuration::from_hours(26);

/// The first instant at which a wall clock of this zone shows the reading; where it never does, the
/// first one after the gap.
#[must_use]
pub fn first_instant_of(wall: DateTime, zone: &TimeZone) -> Option<Timestamp> {
    match zone.to_ambiguous_timestamp(wall).offset() {
        AmbiguousOffset::Unambiguous { offset } => offset.to_timestamp(wall).ok(),
        AmbiguousOffset::Fold { before, .. } => before.to_timestamp(wall).ok(),
        AmbiguousOffset::Gap { before, .. } => {
            // Read with the offset from before the gap, the wall time lies at or after the
            // transition; the transition itself is the first instant after the gap.
            let read = before.to_timestamp(wall).ok()?;
            let after_gap = read.checked_add(1.nanosecond()).ok()?;
            let transition = zone.preceding(after_gap).next()?;
            Some(transition.timestamp())
        }
    }
}

/// The reading before which all readings have come by `now`, and from which on none has: the inverse
/// of [`first_instant_of`]. In the hour that comes twice, the second time, it is the end of that hour.
#[must_use]
pub(super) fn passed(now: Timestamp, zone: &TimeZone) -> Option<DateTime> {
    let just_after = zone.to_datetime(now).checked_add(1.nanosecond()).ok()?;
    let since = now.checked_sub(LONGEST_FOLD).ok()?;
    let through_now = now.checked_add(1.nanosecond()).ok()?;
    let transitions = zone
        .preceding(through_now)
        .take_while(|transition| transition.timestamp() > since);
    let set_back = transitions.filter_map(|transition| {
        let before = transition.timestamp().checked_sub(1.nanosecond()).ok()?;
        let offset = zone.to_offset(before);
        Some(offset.to_datetime(transition.timestamp()))
    });
    Some(set_back.fold(just_after, DateTime::max))
}
