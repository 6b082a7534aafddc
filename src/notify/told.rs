//! What was told to whom: the same trouble is told once, and then that it is over.

use super::trouble::{Found, Key, Kind};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// An occurrence that is missed so long after the last one that was told is told too: one of the next day.
const MISSED_AGAIN: SignedDuration = SignedDuration::from_hours(20);

/// One trouble that was told, and since when it lasts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    #[serde(flatten)]
    pub key: Key,
    pub since: Timestamp,
}

/// By the name of whoever was told.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told(BTreeMap<String, Vec<Entry>>);

/// What is to be told to one name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct News {
    /// Each with what is wrong.
    pub troubles: Vec<(Entry, String)>,
    pub over: Vec<Entry>,
}

impl Told {
    /// Everything that anybody was told and that is not over.
    #[must_use]
    pub fn keys(&self) -> Vec<Key> {
        let entries = self.0.values().flatten();
        let mut keys: Vec<Key> = entries.map(|entry| entry.key.clone()).collect();
        keys.sort();
        keys.dedup();
        keys
    }

    /// What is news for this name of what a pass found; `is_meant` tells whether a trouble is for it.
    #[must_use]
    pub fn news(
        &self,
        name: &str,
        found: &Found,
        is_meant: impl Fn(&Key) -> bool,
        now: Timestamp,
    ) -> News {
        let empty = vec![];
        let told = self.0.get(name).unwrap_or(&empty);
        // Each occurrence that is missed is another one; told for each of them, whoever is to hear it would
        // hear nothing else.
        let is_told = |entry: &Entry, key: &Key| {
            let is_later = now.duration_since(entry.since) > MISSED_AGAIN;
            entry.key == *key && !(key.kind == Kind::Missed && is_later)
        };
        let fresh = found
            .troubles
            .iter()
            .filter(|(key, _)| is_meant(key) && !told.iter().any(|entry| is_told(entry, key)));
        let entry = |key: &Key| Entry {
            key: key.clone(),
            since: now,
        };
        let is_over = |entry: &&Entry| found.over.contains(&entry.key);
        News {
            troubles: fresh
                .map(|(key, said)| (entry(key), said.clone()))
                .collect(),
            over: told.iter().filter(is_over).cloned().collect(),
        }
    }

    /// An app is called otherwise now.
    pub fn rename(&mut self, from: &str, to: &str) {
        for entry in self.0.values_mut().flatten() {
            if entry.key.app == from {
                to.clone_into(&mut entry.key.app);
            }
        }
    }

    /// Keeps what still has somebody who wants to know.
    pub fn keep(&mut self, mut is_kept: impl FnMut(&str, &Entry) -> bool) {
        for (name, told) in &mut self.0 {
            told.retain(|entry| is_kept(name, entry));
        }
    }

    /// Notes that it was told.
    pub fn note(&mut self, name: &str, news: &News) {
        let told = self.0.entry(name.to_owned()).or_default();
        let is_anew = |entry: &Entry| news.troubles.iter().any(|(new, _)| new.key == entry.key);
        told.retain(|entry| !news.over.contains(entry) && !is_anew(entry));
        let fresh = news.troubles.iter().map(|(entry, _)| entry.clone());
        told.extend(fresh);
    }
}

impl News {
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.troubles.is_empty() && self.over.is_empty()
    }
}
