//! Instants that can be meant: far enough from the ends of time for any arithmetic.

use super::{Invalid, wall::first_instant_of};
use jiff::{Timestamp, ZonedDateTime, civil::DateTime, tz::TimeZone};

/// 2000-01-01 to 2200-01-01, in seconds of Unix time.
const MEANT: std::ops::Range<i64> = 946_684_800..7_258_118_400;

/// Whether an instant lies in this or the last century, or in the next.
#[must_use]
pub fn is_meant(instant: Timestamp) -> bool {
    MEANT.contains(&instant.as_second())
}

/// Reads an RFC 3339 instant with its offset.
///
/// # Errors
/// When it is none, or lies before 2000 or after 2199.
pub fn instant(text: &str) -> Result<Timestamp, Invalid> {
    let invalid = |problem: &str| Invalid::new(problem, "2026-03-01T07:00:00Z");
    let instant: Timestamp = text
        .parse()
        .map_err(|_| invalid("it is no instant with an offset"))?;
    if is_meant(instant) {
        Ok(instant)
    } else {
        Err(invalid("its year is not between 2000 and 2199"))
    }
}

/// Reads an instant as people write it: RFC 3339 with an offset, or with a zone in brackets, or what the
/// clock of `zone` shows, or a date.
///
/// # Errors
/// When it is none of them, or lies before 2000 or after 2199.
pub fn instant_in(text: &str, zone: &TimeZone) -> Result<Timestamp, Invalid> {
    // With a zone of its own in brackets, which a wall clock reading would pass over.
    let zoned = || Some(text.parse::<ZonedDateTime>().ok()?.timestamp());
    let wall = || {
        let wall = text.parse::<DateTime>().ok();
        first_instant_of(wall.filter(|_| !text.contains('['))?, zone)
    };
    let instant = text.parse::<Timestamp>().ok().or_else(zoned).or_else(wall);
    instant.filter(|instant| is_meant(*instant)).ok_or_else(|| {
        let problem = "it is no date, and no date with a time, of the years 2000 to 2199";
        Invalid::new(problem, "2026-12-01T09:00")
    })
}

/// The minute in which an instant lies.
#[must_use]
pub fn minute_of(instant: Timestamp) -> Timestamp {
    Timestamp::from_second(instant.as_second().div_euclid(60) * 60).unwrap_or(instant)
}
