//! What a dyno's age means to a schedule: when it is due by it (`--max-uptime`; `--own-daily-cycle`, which
//! comes before Heroku's own cycle, 24 hours after its start at the earliest, can), and when it is too
//! young for an occurrence.

use super::{Schedule, Span};
use jiff::{SignedDuration, Timestamp};

/// Heroku restarts every dyno so long after its start, and up to [`CYCLE_SPREAD`] later (Dev Center,
/// "Dyno restarts").
pub const CYCLE_AFTER: SignedDuration = SignedDuration::from_hours(24);
/// 216 minutes, at random.
pub const CYCLE_SPREAD: SignedDuration = SignedDuration::from_mins(216);
/// The age at which `--own-daily-cycle` restarts a dyno: an hour is for a late pass and a long roll.
pub const OWN_CYCLE: SignedDuration = SignedDuration::from_hours(23);
/// How long before a window closes a roll should begin, at the latest.
const BEFORE_CLOSE: SignedDuration = SignedDuration::from_hours(1);
/// How long before Heroku's cycle a window must open to come before it.
const IN_TIME: SignedDuration = SignedDuration::from_mins(15);
/// A dyno is not restarted for the sake of a cycle that is so far away.
const YOUNG: SignedDuration = SignedDuration::from_hours(6);

impl Schedule {
    /// When a dyno that started then reaches the max uptime.
    #[must_use]
    pub fn max_uptime_of(&self, created_at: Timestamp) -> Option<Timestamp> {
        Some(created_at + self.max_uptime?.duration())
    }

    /// When a dyno that started then is to be restarted to forestall Heroku's cycle: at 23 hours, or in
    /// the last window before, an hour before it closes. Never earlier for one that started later.
    /// `None` without `--own-daily-cycle`.
    #[must_use]
    pub fn own_cycle_of(&self, created_at: Timestamp) -> Option<Timestamp> {
        if !self.own_daily_cycle {
            return None;
        }
        let latest = created_at + OWN_CYCLE;
        // A window that opens in time will do; else the last one before, if the dyno is not young then.
        let opens = self.bounds.next_allowed(latest);
        let is_in_time =
            |opens: &Timestamp| latest < *opens && *opens + IN_TIME <= created_at + CYCLE_AFTER;
        if let Some(opens) = opens.filter(is_in_time) {
            return Some(opens);
        }
        let before = || {
            let inside = self.bounds.last_allowed(latest)?;
            let closes = self.bounds.allowed_until(inside)?;
            let begin = closes - BEFORE_CLOSE;
            let opens = self.bounds.allowed_since(inside);
            let begin = opens.map_or(begin, |opens| opens.max(begin)).min(latest);
            let least = self.guards.min_uptime.unwrap_or_default().duration();
            (begin.duration_since(created_at) >= least.max(YOUNG)).then_some(begin)
        };
        // Where nothing closes, or no window lies in between, the next allowed instant is all there is.
        Some(before().unwrap_or(latest))
    }

    /// When a dyno that started then is due by its age, before Heroku's cycle, for want of an
    /// occurrence after this instant that comes before.
    #[must_use]
    pub fn own_cycle_due(&self, created_at: Timestamp, after: Timestamp) -> Option<Timestamp> {
        let own = self.own_cycle_of(created_at)?;
        (!self.forestalls(created_at, after)).then_some(own)
    }

    /// Whether an occurrence still to come restarts a dyno of this age before Heroku's cycle can.
    fn forestalls(&self, created_at: Timestamp, after: Timestamp) -> bool {
        // One that heeds memory may leave the dyno alone.
        if self.memory.if_needed {
            return false;
        }
        let next = self.next_of_dyno(created_at, after);
        next.is_some_and(|next| self.due_at(next) <= created_at + OWN_CYCLE)
    }

    /// The next occurrence that a dyno does not satisfy already: one whose jitter is not over it may.
    fn next_of_dyno(&self, created_at: Timestamp, after: Timestamp) -> Option<Timestamp> {
        let next = self.next_occurrence(after)?;
        if next > created_at {
            return Some(next);
        }
        self.next_occurrence(self.due_at(next))
    }

    /// Whether a dyno that started then is too young at an occurrence. One that Heroku's cycle would
    /// reach before the next is not, where that is to be forestalled.
    #[must_use]
    pub fn is_young(&self, created_at: Timestamp, occurrence: Timestamp) -> bool {
        let least = self.guards.min_uptime.unwrap_or_default().duration();
        let is_younger = occurrence.duration_since(created_at) < least;
        is_younger
            && (!self.own_daily_cycle || self.forestalls(created_at, self.due_at(occurrence)))
    }

    /// When a dyno that started then is restarted next by this schedule, after this instant, by a
    /// runner that is never late; `None` when it is not within days.
    #[must_use]
    pub fn expected_restart(&self, created_at: Timestamp, after: Timestamp) -> Option<Timestamp> {
        const DAYS: SignedDuration = SignedDuration::from_hours(30 * 24);
        let horizon = after + DAYS;
        let next = |last: &Timestamp| self.next_occurrence(self.due_at(*last));
        let occurrences = std::iter::successors(self.next_occurrence(after), next);
        let calendar = occurrences
            .take_while(|occurrence| *occurrence <= horizon)
            .find(|occurrence| *occurrence > created_at && !self.is_young(created_at, *occurrence));
        let calendar = calendar.filter(|_| !self.memory.if_needed);
        let calendar = calendar.map(|occurrence| self.due_at(occurrence));
        let own = self.own_cycle_due(created_at, after);
        let ages = [self.max_uptime_of(created_at), own].into_iter().flatten();
        let is_at_rest = self.pause.is_some_and(|pause| pause.until.is_none());
        let rests_until = self.pause.and_then(|pause| pause.until);
        let age = ages.min().filter(|_| !is_at_rest).and_then(|age| {
            let from = age.max(after).max(rests_until.unwrap_or(after));
            self.bounds.next_allowed(from)
        });
        [calendar, age].into_iter().flatten().min()
    }

    /// When a dyno that started then must be looked at for its age, or for what forestalls that.
    #[must_use]
    pub fn look_at(&self, created_at: Timestamp, now: Timestamp) -> Option<Timestamp> {
        let own = self.own_cycle_of(created_at).map(|own| {
            let forestalled = self
                .next_of_dyno(created_at, now)
                .map(|next| self.due_at(next))
                .filter(|next| *next <= created_at + OWN_CYCLE);
            own.max(forestalled.unwrap_or(own))
        });
        let ages = [self.max_uptime_of(created_at), own];
        ages.into_iter().flatten().min()
    }

    /// Whether it restarts dynos at times that are known beforehand.
    #[must_use]
    pub fn is_expected(&self) -> bool {
        let by_calendar = self.calendar.is_some() && !self.memory.if_needed;
        by_calendar || self.has_age_trigger()
    }

    /// Whether a dyno can be due by its age alone.
    #[must_use]
    pub fn has_age_trigger(&self) -> bool {
        self.max_uptime.is_some() || self.own_daily_cycle
    }

    /// When a dyno is due by its age, in words: `once a dyno is up for 6h`.
    #[must_use]
    pub fn age_in_words(&self) -> Option<String> {
        let own = Span::whole_seconds_of(OWN_CYCLE);
        let is_own_first = self.own_daily_cycle && self.max_uptime.is_none_or(|age| own < age);
        if is_own_first && !self.bounds.is_free() {
            return Some("before a dyno is up for 24h, where that is allowed".to_owned());
        }
        let age = if is_own_first {
            Some(own)
        } else {
            self.max_uptime
        };
        Some(format!("once a dyno is up for {}", age?))
    }
}
