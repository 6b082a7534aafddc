//! What a zone's clock does to an occurrence: to be told beside it.

use super::Calendar;
use jiff::{
    SignedDuration, Timestamp, ToSpan,
    civil::{DateTime, Time},
    tz::TimeZone,
};
use std::ops::Range;

/// What the clock of the zone does to an occurrence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClockChange {
    /// The reading is in a gap from one time of day to another.
    Skipped {
        reading: DateTime,
        from: Time,
        to: Time,
    },
    /// The reading comes twice that day.
    Twice { is_second: bool },
    /// Since the occurrence before, the clock was moved, at this reading and by so much.
    Moved {
        reading: DateTime,
        by: SignedDuration,
    },
}

/// What it does to an occurrence, seen from the one before.
#[must_use]
pub(super) fn change(
    calendar: &Calendar,
    previous: Timestamp,
    at: Timestamp,
) -> Option<ClockChange> {
    let zone = calendar.zone().time_zone();
    let (shown, reading) = (zone.to_datetime(at), calendar.reading_of(at)?);
    let offset = zone.to_offset(at);
    if reading < shown {
        let (before, _) = last_change(zone, at)?;
        return Some(ClockChange::Skipped {
            reading,
            from: before.time(),
            to: shown.time(),
        });
    }
    let ambiguous = zone.to_ambiguous_timestamp(shown);
    if let jiff::tz::AmbiguousOffset::Fold { after, .. } = ambiguous.offset() {
        return Some(ClockChange::Twice {
            is_second: after == offset,
        });
    }
    let by = i64::from(offset.seconds()) - i64::from(zone.to_offset(previous).seconds());
    let (reading, _) = last_change(zone, at).filter(|(_, change)| by != 0 && *change > previous)?;
    Some(ClockChange::Moved {
        reading,
        by: SignedDuration::from_secs(by),
    })
}

/// The time around an instant in which the clock does nothing; none near a change of it.
#[must_use]
pub(super) fn calm_around(at: Timestamp, zone: &TimeZone) -> Range<Timestamp> {
    const NEAR: SignedDuration = SignedDuration::from_hours(26);
    let through = at.checked_add(1.nanosecond()).unwrap_or(at);
    let last = zone
        .preceding(through)
        .next()
        .map(|change| change.timestamp());
    let next = zone.following(at).next().map(|change| change.timestamp());
    let begin = last.and_then(|last| last.checked_add(NEAR).ok());
    let end = next.and_then(|next| next.checked_sub(NEAR).ok());
    begin.unwrap_or(Timestamp::MIN)..end.unwrap_or(Timestamp::MAX)
}

/// The last change of the clock by an instant: what it showed then, and when that was.
fn last_change(zone: &TimeZone, at: Timestamp) -> Option<(DateTime, Timestamp)> {
    let through = at.checked_add(1.nanosecond()).ok()?;
    let change = zone.preceding(through).next()?.timestamp();
    let before = zone.to_offset(change.checked_sub(1.nanosecond()).ok()?);
    Some((before.to_datetime(change), change))
}
