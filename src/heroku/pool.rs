//! How many rolls share the requests of one account.

use super::Client;
use crate::plan;
use jiff::SignedDuration;
use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};
use tokio::sync::{Mutex, MutexGuard};

/// The rolls of one account that this process makes.
#[derive(Debug, Default)]
pub struct Pool {
    rolling: AtomicUsize,
    /// Held by whoever asks much at once while there is little.
    gate: Mutex<()>,
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

    /// Where there is little, whoever is about to ask so much goes when it is his turn, and after this long.
    pub async fn gate(&self, requests: u64) -> Option<(MutexGuard<'_, ()>, SignedDuration)> {
        let breath = || {
            let rolling = self.pool.rolling.load(Ordering::Relaxed);
            plan::breath(requests, rolling, self.usage().1)
        };
        breath()?;
        let turn = self.pool.gate.lock().await;
        // Others have asked meanwhile.
        Some((turn, breath().unwrap_or_default()))
    }
}
