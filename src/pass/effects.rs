//! What a restart bought: what the dyno used before it, and what the one in its place uses once it has
//! warmed up.

use crate::{
    error::Error,
    ledger::{Ledger, Record},
    memory::{Bytes, Lives},
};
use jiff::{SignedDuration, Timestamp};

/// How late after a restart its dyno may be heard of for the first time.
const SOON: SignedDuration = SignedDuration::from_mins(3);
/// Older restarts are not measured any more.
const OLDEST: SignedDuration = SignedDuration::from_hours(24);

/// Notes in the ledger what recent restarts of an app bought, as far as its log tells by now, each once;
/// returns what was noted.
///
/// # Errors
/// When the ledger cannot be read or written.
pub fn measure(
    ledger: &Ledger,
    app_id: &str,
    lives: &Lives,
    now: Timestamp,
) -> Result<Vec<Record>, Error> {
    let mut measured = vec![];
    for record in ledger.unmeasured(app_id, now - OLDEST)? {
        if let Some(after) = after(&record, lives) {
            measured.push(ledger.measured(record, after, now)?);
        }
    }
    Ok(measured)
}

fn after(restart: &Record, lives: &Lives) -> Option<Bytes> {
    let new_id = restart.new_id.as_ref()?;
    let (_, life) = lives.iter().find(|(_, life)| life.id == *new_id)?;
    let first = life.first_at()?;
    // The record is of its end: the dyno started when it was asked for.
    let took = SignedDuration::from_millis(restart.took_ms.unwrap_or(0));
    let is_from_its_start = first.duration_since(restart.at - took).abs() <= SOON;
    is_from_its_start.then(|| life.baseline(first)).flatten()
}
