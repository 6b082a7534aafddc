//! What is known of a dyno's present life, and of whatever was heard last under a name.

use super::{
    Bytes,
    life::{GAP, Level, Life, Point, STRIKES},
    overs::Overs,
};
use jiff::{SignedDuration, Timestamp};

/// What is known of a dyno's present life.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Seen {
    pub life: Option<Life>,
    pub(super) overs: Overs,
}

/// What was heard last under a name, whichever dyno it is of.
#[derive(Debug, Clone, Copy)]
pub struct Newest<'a> {
    pub name: &'a str,
    pub process_type: &'a str,
    pub life: Option<&'a Life>,
    pub(super) has_predecessor: bool,
    pub(super) overs: &'a Overs,
}

/// The next sample is due within seconds: one that is older is not the last of a log that is being read.
const NEW: SignedDuration = SignedDuration::from_secs(45);

impl Seen {
    fn newest(&self) -> Newest<'_> {
        Newest {
            name: "",
            process_type: "",
            life: self.life.as_ref(),
            has_predecessor: false,
            overs: &self.overs,
        }
    }

    /// What the dyno may use, as far as its lines tell.
    #[must_use]
    pub fn quota(&self) -> Option<Bytes> {
        self.newest().quota()
    }

    /// How the dyno stands to a threshold at `now`: by its samples, and where it has none by what is
    /// printed beside R14.
    #[must_use]
    pub fn level(&self, threshold: Bytes, now: Timestamp) -> Level {
        self.newest().level(threshold, now)
    }

    /// Since when R14 has come again and again.
    #[must_use]
    pub fn exceeded_since(&self, now: Timestamp) -> Option<Timestamp> {
        self.overs.exceeded_since(now)
    }

    /// Takes an R14 of this dyno, and what is printed beside it.
    pub fn exceed(&mut self, at: Timestamp, used: Bytes, quota: Bytes) {
        self.overs.running(at, used, Some(quota));
        self.overs.exceeded(at);
    }

    fn last(&self) -> Option<Point> {
        self.life.as_ref().and_then(Life::last)
    }

    /// What it used when it was last heard of, if that is not long ago.
    #[must_use]
    pub fn used(&self, now: Timestamp) -> Option<Bytes> {
        let is_fresh = |last: &Point| now.duration_since(last.at) <= GAP;
        let sample = self.last().filter(is_fresh);
        sample
            .map(|last| last.used)
            .or_else(|| self.overs.used(now))
    }

    /// When it was last heard of.
    #[must_use]
    pub fn last_at(&self) -> Option<Timestamp> {
        let sample = self.last().map(|last| last.at);
        sample.max(self.overs.last_at())
    }

    /// Whether it was below its quota after the last R14.
    #[must_use]
    pub fn has_fallen_below(&self, quota: Option<Bytes>) -> bool {
        let error = self.overs.last_error();
        let is_later = |last: &Point| error.is_some_and(|error| error < last.at);
        let is_below = |last: Point| quota.is_some_and(|quota| last.used < quota);
        self.last().filter(is_later).is_some_and(is_below)
    }

    /// Whether anything was told at all.
    #[must_use]
    pub fn is_anything(&self) -> bool {
        self.life.is_some() || !self.overs.is_empty()
    }

    /// Whether there are enough fresh samples to judge by.
    #[must_use]
    pub fn is_known(&self, now: Timestamp) -> bool {
        let is_new = |last: Point| now.duration_since(last.at) <= NEW;
        let life = self.life.as_ref();
        life.is_some_and(|life| life.recent().count() >= STRIKES && life.last().is_some_and(is_new))
    }
}

impl Newest<'_> {
    #[must_use]
    pub fn quota(&self) -> Option<Bytes> {
        let told = self.life.and_then(|life| life.quota);
        told.or_else(|| self.overs.quota())
    }

    #[must_use]
    pub fn level(&self, threshold: Bytes, now: Timestamp) -> Level {
        match self.life.map(|life| life.level(threshold, now)) {
            Some(level) if level != Level::Unknown => level,
            _ => self.overs.level(threshold, now),
        }
    }

    #[must_use]
    pub fn exceeded_since(&self, now: Timestamp) -> Option<Timestamp> {
        self.overs.exceeded_since(now)
    }

    /// Whether its life began so short a time ago; one whose beginning was not heard may be old.
    #[must_use]
    pub fn is_younger_than(&self, age: SignedDuration, now: Timestamp) -> bool {
        let first = self.life.and_then(Life::first_at);
        self.has_predecessor && first.is_some_and(|first| now.duration_since(first) < age)
    }
}
