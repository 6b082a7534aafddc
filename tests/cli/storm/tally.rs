//! What came of worlds, counted.

use jiff::Timestamp;
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

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
        self.missed += other.missed;
        self.held += other.held;
        self.failed += other.failed;
        self.wrong.extend(other.wrong);
    }

    fn kinds(&self) -> usize {
        let kinds = self.faults.keys().map(|(_, kind)| kind);
        kinds.collect::<BTreeSet<_>>().len()
    }

    /// Every fault on every call.
    pub fn is_every_fault(&self) {
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
        assert!(self.releases > 20, "{self}");
        assert!(self.kinds() > 8 && self.faults.len() > 25, "{self}");
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let faults: usize = self.faults.values().sum();
        write!(
            f,
            "{} app-days, {} occurrences, {} restarts, {} passes of which {} were dropped, {faults} faults of {} kinds, {} failed steps, {} held, {} missed and told, {} wrong",
            self.app_days,
            self.occurrences,
            self.restarts.len(),
            self.passes,
            self.dropped,
            self.kinds(),
            self.failed,
            self.held,
            self.missed,
            self.wrong.len()
        )
    }
}
