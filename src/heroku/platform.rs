//! Heroku's own word on how it fares, asked now and then, and shared by all that this process restarts.

use super::Client;
use jiff::{SignedDuration, Timestamp};
use std::cell::{Cell, RefCell};
use tokio::sync::Mutex;

/// What Heroku's status page told last.
#[derive(Debug, Default)]
pub struct Platform {
    /// The incident, and when the page last told of it.
    incident: RefCell<Option<(String, Timestamp)>>,
    again: Cell<Option<Timestamp>>,
    /// How often in a row it has not answered.
    failures: Cell<u32>,
    /// Who else wants to know waits for the answer that is on its way.
    asking: Mutex<()>,
}

/// How often it is asked, while something is to be restarted.
const EVERY: SignedDuration = SignedDuration::from_mins(1);
/// How often, once it has not answered so many times in a row: then nothing is known, and it holds nothing.
const UNREACHED: SignedDuration = SignedDuration::from_mins(10);
const TRIES: u32 = 3;
/// An incident that it told of is taken to last for so long while it does not answer: a page is likeliest
/// to fail then.
const LASTS: SignedDuration = SignedDuration::from_mins(15);

impl Platform {
    /// Asks, where the last word is old.
    pub async fn look(&self, client: &Client) {
        let _asking = self.asking.lock().await;
        let now = client.now();
        if self.again.get().is_some_and(|again| now < again) {
            return;
        }
        self.again.set(Some(now + EVERY));
        match client.incident().await {
            Ok(incident) => {
                self.failures.set(0);
                self.incident.replace(incident.map(|said| (said, now)));
            }
            Err(why) => {
                tracing::debug!(why, "Heroku's status page does not answer");
                let mut incident = self.incident.borrow_mut();
                incident.take_if(|(_, told)| now.duration_since(*told) > LASTS);
                self.failures.set(self.failures.get() + 1);
                if incident.is_none() && self.failures.get() >= TRIES {
                    self.again.set(Some(now + UNREACHED));
                }
            }
        }
    }

    /// Takes over what another process was told, and when, where the last word of this one is old by `now`.
    pub fn recall(&self, now: Timestamp, incident: impl FnOnce() -> Option<(String, Timestamp)>) {
        let is_old = self.again.get().is_none_or(|again| now >= again);
        if is_old && self.incident.borrow().is_none() {
            self.incident.replace(incident());
        }
    }

    /// The incident that affects apps, and when the page last told of it.
    #[must_use]
    pub fn told(&self) -> Option<(String, Timestamp)> {
        self.incident.borrow().clone()
    }

    /// The incident that affects apps, in a few words.
    #[must_use]
    pub fn incident(&self) -> Option<String> {
        let incident = self.incident.borrow();
        incident.as_ref().map(|(said, _)| said.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_another_process_was_told_is_taken_over_where_the_own_word_is_old() {
        let at = |second: i64| Timestamp::from_second(1_772_434_800 + second).expect("an instant");
        let told = Some(("red".to_owned(), at(30)));
        let page = Platform::default();
        page.again.set(Some(at(60)));
        page.recall(at(59), || told.clone());
        assert_eq!(page.told(), None, "its own word is fresh");
        page.recall(at(60), || told.clone());
        assert_eq!(page.told(), told);
        page.recall(at(90), || Some(("older".to_owned(), at(0))));
        assert_eq!(page.told(), told);
    }
}
