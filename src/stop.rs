//! That somebody wants us to leave, and what is broken off when he does.

use crate::error::Error;
use std::time::Duration;
use tokio::sync::watch;

/// How long an answer to a DELETE, and then the last read, may take once we are asked to leave.
pub const LAST_WORD: Duration = Duration::from_secs(3);

/// Set when somebody wants us to leave: no new DELETE from then on.
#[derive(Debug, Clone)]
pub struct Stop(watch::Receiver<bool>);

impl Stop {
    /// The stop, and what sets it.
    #[must_use]
    pub fn new() -> (watch::Sender<bool>, Self) {
        let (sender, receiver) = watch::channel(false);
        (sender, Self(receiver))
    }

    #[must_use]
    pub fn is_set(&self) -> bool {
        *self.0.borrow()
    }

    /// Returns when it is set; never, when nobody can set it any more.
    pub async fn set(&self) {
        let mut receiver = self.0.clone();
        if receiver.wait_for(|is_set| *is_set).await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// Returns a moment after it is set: for an answer that is on its way.
    pub async fn after_the_last_word(&self) {
        self.set().await;
        // Socket time, not schedule time: this ends within seconds on any clock.
        let _ = tokio::time::timeout(LAST_WORD, std::future::pending::<()>()).await;
    }

    /// What comes of something, unless it is asked to stop before.
    ///
    /// # Errors
    /// When it is.
    pub fn or<T>(&self, work: impl Future<Output = T>) -> impl Future<Output = Result<T, Error>> {
        // On the heap while it lasts: a pass over many apps holds many of those who wait for it, each as
        // large as the largest thing that it may ever wait for.
        let work = Box::pin(work);
        async move {
            tokio::select! {
                done = work => Ok(done),
                () = self.set() => Err(Error::Interrupted),
            }
        }
    }

    /// The same of something that may fail by itself.
    ///
    /// # Errors
    /// When it does, or is given up.
    pub fn unless<T, E>(
        &self,
        work: impl Future<Output = Result<T, E>>,
    ) -> impl Future<Output = Result<T, Error>>
    where
        Error: From<E>,
    {
        let work = self.or(work);
        async move { Ok(work.await??) }
    }
}
