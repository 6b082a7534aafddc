//! What is to be told and was not taken yet, and what was told before: kept, so that a receiver that is away
//! hears it later, and the same is not told twice.

use super::{told::Told, trouble::Key};
use crate::{error::Error, state::StateDir};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One message to one name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Letter {
    pub to: String,
    pub at: Timestamp,
    /// As the generic JSON has it; its `text` is what a chat gets.
    pub said: Value,
    /// The troubles that it tells of.
    #[serde(default)]
    pub keys: Vec<Key>,
}

#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Outbox {
    #[serde(default)]
    pub told: Told,
    #[serde(default)]
    pub letters: Vec<Letter>,
}

impl Letter {
    /// What follows one another and is of one event is sent as one: after a receiver was away, or where many
    /// apps end at once.
    #[must_use]
    pub fn grouped(letters: Vec<Self>) -> Vec<Vec<Self>> {
        let mut groups: Vec<Vec<Self>> = vec![];
        for letter in letters {
            let last = groups.last_mut();
            match last.filter(|group| group[0].said["event"] == letter.said["event"]) {
                Some(group) => group.push(letter),
                None => groups.push(vec![letter]),
            }
        }
        groups
    }
}

const FILE: &str = "notify.json";
/// Letters that wait; of more the oldest are dropped.
const MOST: usize = 1_000;
/// What is older is no news.
const OLDEST: SignedDuration = SignedDuration::from_hours(24);

impl Outbox {
    /// What there is; nothing where it cannot be read.
    #[must_use]
    pub fn read(state: &StateDir) -> Self {
        let text = state.noted(FILE).unwrap_or_default();
        serde_json::from_str(&text).unwrap_or_default()
    }

    /// Changes it, whatever was read before.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn edit<T>(
        state: &StateDir,
        now: Timestamp,
        change: impl FnOnce(&mut Self) -> T,
    ) -> Result<T, Error> {
        let _turn = state.turn("notify")?;
        let mut outbox = Self::read(state);
        outbox.drop_old(now);
        let result = change(&mut outbox);
        outbox.drop_old(now);
        let text = serde_json::to_string(&outbox).unwrap_or_default();
        state.note(FILE, &text)?;
        Ok(result)
    }

    /// What nobody took for too long was not told: where it still lasts it is news.
    pub fn drop_old(&mut self, now: Timestamp) {
        let is_old = |letter: &Letter| now.duration_since(letter.at) > OLDEST;
        let (mut dropped, kept): (Vec<Letter>, Vec<Letter>) =
            self.letters.drain(..).partition(is_old);
        self.letters = kept;
        let surplus = self.letters.len().saturating_sub(MOST);
        dropped.extend(self.letters.drain(..surplus));
        let was_dropped = |name: &str, key: &Key| {
            let mut letters = dropped.iter();
            letters.any(|letter| letter.to == name && letter.keys.contains(key))
        };
        self.told.keep(|name, entry| !was_dropped(name, &entry.key));
    }

    /// The names that something waits for, each with its letters from the oldest on.
    #[must_use]
    pub fn by_name(&self) -> Vec<(String, Vec<Letter>)> {
        let mut names: Vec<(String, Vec<Letter>)> = vec![];
        for letter in &self.letters {
            match names.iter_mut().find(|(name, _)| *name == letter.to) {
                Some((_, letters)) => letters.push(letter.clone()),
                None => names.push((letter.to.clone(), vec![letter.clone()])),
            }
        }
        names
    }
}
