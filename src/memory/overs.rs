//! R14 and R15 of a name, and what is printed beside them. They name no start of the dyno.

use super::{
    Bytes,
    life::{GAP, Level, Point, STRIKES, SUSTAINED, level},
};
use jiff::{SignedDuration, Timestamp};
use std::collections::VecDeque;

/// One error, or what is printed beside it, or both.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Over {
    at: Timestamp,
    used: Option<Bytes>,
    quota: Option<Bytes>,
    /// The error itself has been seen.
    is_exceeded: bool,
}

/// What is known of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Overs {
    /// The newest ones, oldest first.
    kept: VecDeque<Over>,
    /// Of the errors that came again and again: the first and the last.
    run: Option<(Timestamp, Timestamp)>,
}

/// The two lines of a pair come in either order, at nearly the same instant.
const PAIR: SignedDuration = SignedDuration::from_secs(5);
/// Errors that are kept.
const MOST: usize = 16;

impl Overs {
    /// Takes an R14 or R15.
    pub(super) fn exceeded(&mut self, at: Timestamp) {
        self.put(at, |over| over.is_exceeded = true);
        self.run = match self.run {
            Some((_, last)) if at <= last => self.run,
            Some((first, last)) if at.duration_since(last) <= GAP => Some((first, at)),
            _ => Some((at, at)),
        };
    }

    /// Takes what is printed beside it.
    pub(super) fn running(&mut self, at: Timestamp, used: Bytes, quota: Option<Bytes>) {
        self.put(at, |over| (over.used, over.quota) = (Some(used), quota));
    }

    fn put(&mut self, at: Timestamp, put: impl FnOnce(&mut Over)) {
        let is_pair = |over: &&mut Over| over.at.duration_since(at).abs() <= PAIR;
        if let Some(over) = self.kept.iter_mut().rev().find(is_pair) {
            return put(over);
        }
        if self.last_at().is_some_and(|last| at <= last) {
            return;
        }
        let mut over = Over {
            at,
            used: None,
            quota: None,
            is_exceeded: false,
        };
        put(&mut over);
        if self.kept.len() == MOST {
            self.kept.pop_front();
        }
        self.kept.push_back(over);
    }

    /// Those from an instant on.
    pub(super) fn since(&self, at: Timestamp) -> Self {
        let run = self.run.filter(|(_, last)| at <= *last);
        Self {
            kept: self
                .kept
                .iter()
                .copied()
                .filter(|over| at <= over.at)
                .collect(),
            run: run.map(|(first, last)| (first.max(at), last)),
        }
    }

    pub(super) fn last_at(&self) -> Option<Timestamp> {
        self.kept.back().map(|last| last.at)
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.kept.is_empty()
    }

    /// The newest quota that one of them told.
    pub(super) fn quota(&self) -> Option<Bytes> {
        self.kept.iter().rev().find_map(|over| over.quota)
    }

    /// What the last one told of what is used, if that is not long ago.
    pub(super) fn used(&self, now: Timestamp) -> Option<Bytes> {
        let last = self.kept.back();
        last.filter(|last| now.duration_since(last.at) <= GAP)?.used
    }

    /// How what is printed beside them stands to a threshold.
    pub(super) fn level(&self, threshold: Bytes, now: Timestamp) -> Level {
        let point = |over: &Over| {
            Some(Point {
                at: over.at,
                used: over.used?,
            })
        };
        level(self.kept.iter().filter_map(point), threshold, now)
    }

    /// When the last error came.
    pub(super) fn last_error(&self) -> Option<Timestamp> {
        self.run.map(|(_, last)| last)
    }

    /// Since when errors have come again and again.
    pub(super) fn exceeded_since(&self, now: Timestamp) -> Option<Timestamp> {
        let (first, last) = self.run?;
        let errors = self
            .kept
            .iter()
            .filter(|over| over.is_exceeded && first <= over.at + PAIR);
        let is_sustained = errors.count() >= STRIKES && last.duration_since(first) >= SUSTAINED;
        (is_sustained && now.duration_since(last) <= GAP).then_some(first)
    }
}
