//! Ids, random or by a seed.

use sha2::{Digest as _, Sha256};
use std::cell::Cell;

thread_local! {
    /// Where the next id comes from, where a scenario has a seed.
    static SEED: Cell<Option<u64>> = const { Cell::new(None) };
}

/// Ids of this thread's worlds follow from a seed from now on, so that a run can be repeated.
pub(super) fn seed_ids(seed: Option<u64>) {
    SEED.set(seed);
}

pub(super) fn uuid() -> String {
    let Some(seed) = SEED.get() else {
        return uuid::Uuid::new_v4().to_string();
    };
    SEED.set(Some(seed.wrapping_add(1)));
    let digest = Sha256::digest(seed.to_be_bytes());
    let bytes: [u8; 16] = std::array::from_fn(|place| digest[place]);
    uuid::Builder::from_random_bytes(bytes)
        .into_uuid()
        .to_string()
}
