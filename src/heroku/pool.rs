//! How many rolls share the requests of one account.

use super::Client;
use crate::plan;
use jiff::SignedDuration;
use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

/// The rolls of one account that this process makes.
#[derive(Debug, Default)]
pub struct Pool {
    rolling: AtomicUsize,
}

/// One of them, for as long as it lasts.
#[derive(Debug)]
pub struct Share(Arc<Pool>);

impl Drop for Share {
    fn drop(&mut self) {
        self.0.rolling.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Client {
    /// The same client, sharing its account's requests with all others of this pool.
    #[must_use]
    pub fn sharing(self, pool: &Arc<Pool>) -> Self {
        Self {
            pool: Arc::clone(pool),
            ..self
        }
    }

    /// Takes part, until the share is dropped.
    #[must_use]
    pub fn share(&self) -> Share {
        self.pool.rolling.fetch_add(1, Ordering::Relaxed);
        Share(Arc::clone(&self.pool))
    }

    /// How long each of them waits between two looks at least.
    #[must_use]
    pub fn pace(&self) -> SignedDuration {
        let rolling = self.pool.rolling.load(Ordering::Relaxed);
        plan::pace(rolling, self.usage().1)
    }
}
