//! The token that a client holds: it may be rotated while a roll goes on.

use crate::credentials::{Credential, Secret};
use futures_util::future::BoxFuture;
use std::{
    fmt,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

/// Looks for the credential anew; nothing where there is none any more.
pub type Renewal = Arc<dyn Fn() -> BoxFuture<'static, Option<Credential>> + Send + Sync>;

/// Shared by all clones of a client.
pub(super) struct Held {
    /// The one in use, and every token so far.
    all: Mutex<(Credential, Vec<Secret>)>,
    renewal: Option<Renewal>,
    /// Set when Heroku refuses the token and there is no other.
    refused: AtomicBool,
}

impl fmt::Debug for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Held(..)")
    }
}

impl Held {
    pub fn new(credential: Credential, renewal: Option<Renewal>) -> Self {
        let tokens = vec![credential.token.clone()];
        Self {
            all: Mutex::new((credential, tokens)),
            renewal,
            refused: AtomicBool::new(false),
        }
    }

    fn lock(&self) -> MutexGuard<'_, (Credential, Vec<Secret>)> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn current(&self) -> Credential {
        self.lock().0.clone()
    }

    pub fn is_refused(&self) -> bool {
        self.refused.load(Ordering::Relaxed)
    }

    /// By the last answer.
    pub fn is_taken(&self, is_taken: bool) {
        self.refused.store(!is_taken, Ordering::Relaxed);
    }

    /// Every token that was held: none of them may be seen in a text from outside.
    pub fn tokens(&self) -> Vec<Secret> {
        self.lock().1.clone()
    }

    /// Whether there is another token than the one that Heroku has just refused.
    pub async fn renew(&self, refused: &Secret) -> bool {
        let is_other = |token: &Secret| token.expose() != refused.expose();
        if is_other(&self.current().token) {
            return true;
        }
        let Some(renewal) = &self.renewal else {
            return false;
        };
        let found = renewal().await;
        let Some(found) = found.filter(|found| is_other(&found.token)) else {
            return false;
        };
        let mut held = self.lock();
        held.1.push(found.token.clone());
        held.0 = found;
        true
    }
}
