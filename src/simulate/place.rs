//! One name of a dyno: what the log has of it, and where the simulation is.

use super::{Record, Recorded, record::SILENT};
use crate::{
    memory::Bytes,
    schedule::{CYCLE_AFTER, CYCLE_SPREAD},
    snapshot::{Dyno, Formation, Snapshot, State},
};
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;

pub(super) struct Place<'a> {
    pub name: &'a str,
    lives: Vec<&'a Recorded>,
    /// Of each of them, whether it began with Heroku's own daily cycle, as far as that can be told.
    is_of_cycle: Vec<bool>,
    /// A life whose start the log has: what a start brings, for those whose start it has not.
    model: Option<&'a Recorded>,
    /// Which of its lives it is in, and when that, or the simulation, last started it.
    life: usize,
    /// The life by which it grows: the one in which it was started.
    grows_as: usize,
    pub started_at: Timestamp,
    is_restarted: bool,
    starts: u64,
}

/// A sample is heard of until the next pass.
const TICK: SignedDuration = SignedDuration::from_secs(60);
/// A dyno that was there before the log is older by at least so much: it is not warming up.
const OLDER: SignedDuration = SignedDuration::from_mins(15);
/// When what a dyno uses is what its start brings.
const WARM: SignedDuration = SignedDuration::from_mins(5);
/// What restarts every dyno of an app, as a release does, is over by then.
const AT_ONCE: SignedDuration = SignedDuration::from_mins(5);
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
                is_of_cycle: is_of_cycle(&by_name, lives),
                lives: lives.clone(),
                life: 0,
                grows_as: 0,
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
        let mut life = self.lives[self.grows_as];
        // Older than the log has it: as one that it has longer.
        if age > life.lasted() && life.lasted() < self.current().lasted() {
            life = self.current();
        }
        let used = life.used_at(age);
        if !self.is_restarted || life.has_start {
            return used;
        }
        // It grows as it did, from what a start brings.
        let begun = self.model.map(|model| model.used_at(WARM));
        let saved = begun.map(|begun| life.used_at(SignedDuration::ZERO).less(begun));
        used.less(saved.unwrap_or_default())
    }

    /// Follows the restarts that the log has.
    pub fn follow(&mut self, at: Timestamp) -> bool {
        let next = self.lives.get(self.life + 1).filter(|next| next.from <= at);
        let Some(next) = next else { return false };
        self.life += 1;
        // The cycle goes by the age of a dyno: one that was restarted since would have been too young.
        let is_young = at.duration_since(self.started_at) < CYCLE_AFTER;
        if self.is_restarted && is_young && self.is_of_cycle[self.life] {
            return false;
        }
        (self.started_at, self.is_restarted) = (next.from, false);
        (self.grows_as, self.starts) = (self.life, self.starts + 1);
        true
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
        (self.grows_as, self.starts) = (self.life, self.starts + 1);
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

/// Of the lives of one name: Heroku's cycle comes to a dyno when it is a day old, and not to all of them at
/// once, as a release does. One whose start the log does not have may have been as old as that, if there are
/// others to compare it with.
fn is_of_cycle(all: &BTreeMap<&str, Vec<&Recorded>>, lives: &[&Recorded]) -> Vec<bool> {
    let was_there =
        |life: &&Recorded, at: Timestamp| life.from <= at && at <= life.until() + SILENT;
    let is_near = |one: &Recorded, at: Timestamp| one.from.duration_since(at).abs() < AT_ONCE;
    let is_cycle = |before: &Recorded, life: &Recorded| {
        let at = life.from;
        let others = all.iter().filter(|(name, _)| **name != life.name);
        let mut others = others
            .map(|(_, lives)| lives)
            .filter(|lives| lives.iter().any(|one| was_there(one, at - AT_ONCE)))
            .peekable();
        let has_others = others.peek().is_some();
        let is_release = has_others && others.all(|lives| lives.iter().any(|one| is_near(one, at)));
        let age = at.duration_since(before.from);
        let is_not_too_old = age <= CYCLE_AFTER + CYCLE_SPREAD + AT_ONCE;
        let is_old = age >= CYCLE_AFTER || !before.has_start && has_others;
        is_not_too_old && is_old && !is_release
    };
    let after = lives.windows(2).map(|pair| is_cycle(pair[0], pair[1]));
    std::iter::once(false).chain(after).collect()
}

/// The number of `web.3`.
fn number(dyno: &Dyno) -> Option<u32> {
    dyno.name.rsplit_once('.')?.1.parse().ok()
}

/// What is wanted: web.3 is there where two more are, whether the log tells of them or not.
pub(super) fn formation(dynos: &[Dyno]) -> Vec<Formation> {
    let mut quantities: BTreeMap<&str, u32> = BTreeMap::new();
    for dyno in dynos {
        let quantity = quantities.entry(&dyno.process_type).or_default();
        *quantity = number(dyno).unwrap_or(*quantity + 1).max(*quantity);
    }
    let entry = |(process_type, quantity): (&str, u32)| Formation {
        process_type: process_type.to_owned(),
        quantity,
    };
    quantities.into_iter().map(entry).collect()
}

/// The dynos of which the log does not tell: they have long been up, as far as what may be down is
/// counted, and are too young to be due for anything.
pub(super) fn silent(snapshot: &Snapshot) -> Vec<Dyno> {
    let all = snapshot.formation.iter().flat_map(|entry| {
        let name = |number: u32| {
            (
                format!("{}.{number}", entry.process_type),
                &entry.process_type,
            )
        };
        (1..=entry.quantity).map(name)
    });
    let is_silent = |(name, kind): &(String, &String)| {
        let mut told = snapshot.dynos.iter();
        let mut of_kind = snapshot
            .dynos
            .iter()
            .filter(|dyno| dyno.process_type == **kind);
        !told.any(|dyno| dyno.name == *name) && of_kind.all(|dyno| number(dyno).is_some())
    };
    let dyno = |(name, kind): (String, &String)| Dyno {
        id: name.clone(),
        name,
        process_type: kind.clone(),
        state: State::Up,
        created_at: snapshot.at,
        updated_at: snapshot.at - SignedDuration::from_hours(24),
        release: 1,
        is_attached: false,
        size: String::new(),
    };
    all.filter(is_silent).map(dyno).collect()
}
