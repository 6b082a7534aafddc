//! One name of a dyno: what the log has of it, and where the simulation is.

use super::{Record, Recorded, record::SILENT};
use crate::{
    memory::Bytes,
    snapshot::{Dyno, State},
};
use jiff::{SignedDuration, Timestamp};

pub(super) struct Place<'a> {
    pub name: &'a str,
    lives: Vec<&'a Recorded>,
    /// A life whose start the log has, for those whose start it has not.
    model: Option<&'a Recorded>,
    /// Which of its lives it is in, and when that, or the simulation, last started it.
    life: usize,
    pub started_at: Timestamp,
    is_restarted: bool,
    starts: u64,
}

/// A sample is heard of until the next pass.
const TICK: SignedDuration = SignedDuration::from_secs(60);
/// A dyno that was there before the log is older by at least so much: it is not warming up.
const OLDER: SignedDuration = SignedDuration::from_mins(15);
pub(super) const BOOT: SignedDuration = SignedDuration::from_secs(10);

impl<'a> Place<'a> {
    /// The names of a log, before anything happened.
    pub fn all(record: &'a Record) -> Vec<Self> {
        let by_name = record.by_name();
        let with_start = |life: &&&Recorded| life.has_start;
        let longest = |a: &&&Recorded, b: &&&Recorded| a.lasted().cmp(&b.lasted());
        let place = |(name, lives): (&&'a str, &Vec<&'a Recorded>)| {
            let own = lives.iter().filter(with_start).max_by(longest).copied();
            let kind = lives[0].process_type();
            let of_kind = || {
                let all = by_name.values().flatten();
                let of_kind = all.filter(|life| life.process_type() == kind);
                of_kind.filter(with_start).max_by(longest).copied()
            };
            Self {
                name,
                model: own.or_else(of_kind),
                started_at: lives[0].from,
                lives: lives.clone(),
                life: 0,
                is_restarted: false,
                starts: 0,
            }
        };
        by_name.iter().map(place).collect()
    }

    fn current(&self) -> &'a Recorded {
        self.lives[self.life]
    }

    pub fn quota(&self) -> Option<Bytes> {
        self.current().quota
    }

    /// What it uses at an instant.
    pub fn used(&self, at: Timestamp) -> Bytes {
        let age = at.duration_since(self.started_at);
        let current = self.current();
        if !self.is_restarted || current.has_start {
            return current.used_at(age);
        }
        self.model.unwrap_or(current).used_at(age)
    }

    /// Follows the restarts that the log has.
    pub fn follow(&mut self, at: Timestamp) -> bool {
        let next = self.lives.get(self.life + 1).filter(|next| next.from <= at);
        if let Some(next) = next {
            (self.started_at, self.is_restarted) = (next.from, false);
            (self.life, self.starts) = (self.life + 1, self.starts + 1);
            return true;
        }
        false
    }

    /// Whether the log has this dyno at an instant: while the life tells that it is in, and until the
    /// next one does, if that is soon.
    pub fn is_there(&self, at: Timestamp) -> bool {
        let current = self.current();
        let next = self.lives.get(self.life + 1);
        let is_next_soon = next.is_some_and(|next| next.from <= current.until() + SILENT);
        current.from <= at && (is_next_soon || at <= current.until() + TICK)
    }

    pub fn restart(&mut self, at: Timestamp) {
        (self.started_at, self.is_restarted) = (at, true);
        self.starts += 1;
    }

    pub fn id(&self) -> String {
        format!("{}#{}", self.name, self.starts)
    }

    pub fn dyno(&self) -> Dyno {
        let kind = self.current().process_type();
        let is_older = !self.is_restarted && !self.current().has_start;
        let age = if is_older {
            OLDER
        } else {
            SignedDuration::ZERO
        };
        Dyno {
            id: self.id(),
            name: self.name.to_owned(),
            process_type: kind.to_owned(),
            state: State::Up,
            created_at: self.started_at - age,
            updated_at: self.started_at + BOOT - age,
            release: 1,
            is_attached: false,
            size: String::new(),
        }
    }
}
