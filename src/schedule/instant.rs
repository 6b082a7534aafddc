//! Instants that can be meant: far enough from the ends of time for any arithmetic.

use super::Invalid;
use jiff::Timestamp;

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
