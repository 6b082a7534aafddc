//! How long a roll takes, from how long past restarts took.

use super::Step;
use jiff::SignedDuration;
use std::{collections::BTreeMap, sync::Arc};

/// How long a restart usually takes: the median, since one slow boot says little.
pub(super) fn usual(past: &[SignedDuration]) -> Option<SignedDuration> {
    let mut past = past.to_vec();
    past.sort_unstable();
    past.get(past.len() / 2).copied()
}

/// How long a restart took at worst: what is promised must hold for that one too.
#[must_use]
pub fn longest(past: &[SignedDuration]) -> Option<SignedDuration> {
    past.iter().max().copied()
}

/// The length of a roll of these steps. `None` when no past restart is known.
#[must_use]
pub fn length(steps: &[Arc<Step>], past: &[SignedDuration]) -> Option<SignedDuration> {
    let usual = usual(past)?;
    (!steps.is_empty()).then_some(usual * i32::try_from(turns(steps)).ok()?)
}

/// How many restarts come one after the other: the canary alone, then process types side by side, each as
/// many at a time as its budget allows.
pub(super) fn turns(steps: &[Arc<Step>]) -> usize {
    let Some((_, rest)) = steps.split_first() else {
        return 0;
    };
    let mut by_type: BTreeMap<&str, (usize, u32)> = BTreeMap::new();
    for step in rest {
        let entry = by_type
            .entry(&step.process_type)
            .or_insert((0, step.limits.max_unavailable));
        *entry = (entry.0 + 1, entry.1.min(step.limits.max_unavailable));
    }
    let turns = by_type
        .values()
        .map(|(count, budget)| count.div_ceil(*budget as usize));
    turns.max().unwrap_or(0) + 1
}
