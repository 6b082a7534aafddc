//! What is to be told and was not taken yet, and what was told before: kept, so that a receiver that is away
//! hears it later, and the same is not told twice.

use super::{message::together, told::Told, trouble::Key};
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
    fn is_good(&self) -> bool {
        self.said["event"] == "restarted"
    }

    /// Takes over another one that follows soon and is of the same name and event.
    fn take(&mut self, next: Self) -> Option<Self> {
        let is_same = self.to == next.to && self.said["event"] == next.said["event"];
        if !is_same || next.at.duration_since(self.at).abs() > SOON {
            return Some(next);
        }
        self.said = together(&[&self.said, &next.said]);
        self.keys.extend(next.keys);
        None
    }

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
/// Letters that are further apart stay two.
const SOON: SignedDuration = SignedDuration::from_hours(1);
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

    /// Puts a letter to those that wait. Where none of them may be on its way, it becomes one with the last
    /// to its name.
    pub fn put(&mut self, letter: Letter, is_any_on_its_way: bool) {
        let last = self.letters.iter_mut().rfind(|one| one.to == letter.to);
        let rest = match last.filter(|_| !is_any_on_its_way) {
            Some(last) => last.take(letter),
            None => Some(letter),
        };
        self.letters.extend(rest);
    }

    /// What nobody took for too long was not told: where it still lasts it is news.
    pub fn drop_old(&mut self, now: Timestamp) {
        let is_old = |letter: &Letter| now.duration_since(letter.at) > OLDEST;
        let (mut dropped, kept): (Vec<Letter>, Vec<Letter>) =
            self.letters.drain(..).partition(is_old);
        self.letters = kept;
        let mut surplus = self.letters.len().saturating_sub(MOST);
        // What went well is let go first.
        for is_let_go in [Letter::is_good, |_: &Letter| true] {
            self.letters.retain(|letter| {
                let is_dropped = surplus > 0 && is_let_go(letter);
                surplus -= usize::from(is_dropped);
                dropped.extend(is_dropped.then(|| letter.clone()));
                !is_dropped
            });
        }
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
