//! What the memory of a dyno means to a schedule.

use super::{Schedule, Span, Threshold};

/// Triggers by memory, and how a calendar heeds it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct OfMemory {
    /// A dyno whose memory stays at or over this is due.
    pub threshold: Option<Threshold>,
    /// A dyno that exceeds its quota (R14) again and again is due.
    pub on_r14: bool,
    /// The calendar restarts only dynos that are forecast to reach the threshold before its next
    /// occurrence.
    pub if_needed: bool,
    /// A dyno is due so long before it is forecast to reach its quota, or in the last window before.
    pub before_limit: Option<Span>,
    /// Restarts of one dyno for its memory, in 24 hours.
    pub max_per_day: Option<u32>,
}

/// A dyno is left to warm up for so long, where no `--min-uptime` says otherwise.
pub const WARM_UP: Span = Span::minutes(10);
/// Restarts of one dyno for its memory that may help, in 24 hours.
pub const MAX_PER_DAY: u32 = 4;

impl OfMemory {
    /// Whether a dyno can be due by its memory.
    #[must_use]
    pub fn is_trigger(&self) -> bool {
        self.threshold.is_some() || self.on_r14 || self.before_limit.is_some()
    }

    /// Whether a pass must know of the memory of dynos.
    #[must_use]
    pub fn is_needed(&self) -> bool {
        self.is_trigger() || self.if_needed
    }

    /// The threshold that counts: the one that was given, or `auto`.
    #[must_use]
    pub fn threshold(&self) -> Threshold {
        self.threshold.unwrap_or(Threshold::Auto)
    }

    #[must_use]
    pub fn max_per_day(&self) -> u32 {
        self.max_per_day.unwrap_or(MAX_PER_DAY)
    }
}

impl Schedule {
    /// How long a dyno must have been up to be due by its memory.
    #[must_use]
    pub fn warm_up(&self) -> Span {
        self.guards.min_uptime.unwrap_or(WARM_UP)
    }

    /// The triggers by memory in words, each.
    #[must_use]
    pub(super) fn when_by_memory(&self) -> Vec<String> {
        let memory = &self.memory;
        let threshold = memory.threshold.map(|threshold| {
            let threshold = threshold.in_words();
            format!("when memory stays at {threshold} or more")
        });
        let r14 = memory.on_r14.then(|| "when R14 goes on".to_owned());
        let before = memory
            .before_limit
            .map(|span| format!("{span} before memory is forecast to reach the quota"));
        [threshold, r14, before].into_iter().flatten().collect()
    }
}
