//! What came of worlds, counted.

use jiff::Timestamp;
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

/// What must have happened, also in the middle of rolls.
const EVENTS: [&str; 4] = ["config", "deploy", "scale", "bad boots"];

/// What came of one world, or of several.
#[derive(Debug, Default)]
pub struct Tally {
    pub app_days: i64,
    pub occurrences: usize,
    pub passes: usize,
    pub dropped: usize,
    pub restarts: Vec<(Timestamp, String, String)>,
    /// By call and kind.
    pub faults: BTreeMap<(String, String), usize>,
    pub releases: usize,
    /// Restarts that met a release of the seconds before.
    pub unforeseen: usize,
    /// Steps without room for a dyno that had fallen in the seconds before.
    pub fallen: usize,
    /// What happened, how often, and how often of that while its app was rolled.
    pub events: BTreeMap<&'static str, (usize, usize)>,
    /// Occurrences whose time was over when a pass looked: each was acted on, or told as missed.
    pub judged: usize,
    pub missed: usize,
    pub held: usize,
    pub failed: usize,
    pub wrong: Vec<String>,
}

impl Tally {
    pub fn add(&mut self, other: Self) {
        self.app_days += other.app_days;
        self.occurrences += other.occurrences;
        self.passes += other.passes;
        self.dropped += other.dropped;
        self.restarts.extend(other.restarts);
        for (kind, count) in other.faults {
            *self.faults.entry(kind).or_default() += count;
        }
        self.releases += other.releases;
        self.unforeseen += other.unforeseen;
        self.fallen += other.fallen;
        for (what, (all, of_rolls)) in other.events {
            let known = self.events.entry(what).or_default();
            *known = (known.0 + all, known.1 + of_rolls);
        }
        self.judged += other.judged;
        self.missed += other.missed;
        self.held += other.held;
        self.failed += other.failed;
        self.wrong.extend(other.wrong);
    }

    fn kinds(&self) -> usize {
        let kinds = self.faults.keys().map(|(_, kind)| kind);
        kinds.collect::<BTreeSet<_>>().len()
    }

    fn of_rolls(&self, what: &str) -> usize {
        self.events.get(what).map_or(0, |(_, of_rolls)| *of_rolls)
    }

    /// Every fault on every call, and everything in the middle of rolls.
    pub fn is_everything(&self) {
        for what in EVENTS {
            assert!(self.of_rolls(what) > 20, "{what}: {self}");
        }
        let calls: BTreeSet<&String> = self.faults.keys().map(|(call, _)| call).collect();
        let kinds: BTreeSet<&String> = self.faults.keys().map(|(_, kind)| kind).collect();
        let all = calls
            .iter()
            .flat_map(|call| kinds.iter().map(move |kind| (call, kind)));
        let lacking = all.filter(|(call, kind)| {
            !self
                .faults
                .contains_key(&((**call).clone(), (**kind).clone()))
        });
        let lacking: Vec<_> = lacking.collect();
        println!(
            "{} calls, {} kinds: {:?}",
            calls.len(),
            kinds.len(),
            self.faults
        );
        assert!(calls.len() >= 5 && lacking.is_empty(), "{lacking:?}");
    }

    /// One that shows nothing would hold as well.
    pub fn is_a_storm(&self) {
        assert!(
            self.dropped > 20 && self.missed > 0 && self.failed > 0,
            "{self}"
        );
        assert!(self.releases > 20 && self.judged > 100, "{self}");
        let of_rolls: usize = EVENTS.iter().map(|what| self.of_rolls(what)).sum();
        assert!(of_rolls > 5, "{self}");
        let excused = self.unforeseen + self.fallen;
        assert!(excused < 2 + self.restarts.len() / 1_000, "{self}");
        assert!(self.kinds() > 8 && self.faults.len() > 25, "{self}");
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let faults: usize = self.faults.values().sum();
        write!(
            f,
            "{} app-days, {} occurrences ({} judged when their time was over), {} restarts, {} passes of which {} were dropped, {faults} faults of {} kinds, {} failed steps, {} held, {} missed and told, {} that met a release of the seconds before, {} a fall, {} wrong; happened (of that in the middle of a roll): {:?}",
            self.app_days,
            self.occurrences,
            self.judged,
            self.restarts.len(),
            self.passes,
            self.dropped,
            self.kinds(),
            self.failed,
            self.held,
            self.missed,
            self.unforeseen,
            self.fallen,
            self.wrong.len(),
            self.events
        )
    }
}
