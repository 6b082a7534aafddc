//! What a schedule will do, occurrence by occurrence: with what the clock does between them, and what
//! blackouts and a pause take away.

use super::{Bar, Blackout, Bounds, Calendar, Schedule, Void, occurrences::LONGEST_SEARCH};
use jiff::{
    SignedDuration, Timestamp, ToSpan,
    civil::{DateTime, Time},
    tz::TimeZone,
};
use std::ops::Range;

/// One line of what is to come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Foreseen {
    Occurrence {
        at: Timestamp,
        /// Later than the occurrence by the jitter's share.
        due: Timestamp,
        change: Option<ClockChange>,
    },
    /// A dyno that the occurrence before restarted is restarted then, to forestall Heroku's cycle.
    OwnCycle { at: Timestamp },
    /// Occurrences in a row that do not count; `count` stops at [`MOST_COUNTED`].
    Void {
        first: Timestamp,
        last: Timestamp,
        count: usize,
        why: WhyVoid,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WhyVoid {
    Paused,
    Blackout(Blackout),
}

/// What the clock of the zone does to an occurrence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClockChange {
    /// The reading is in a gap from one time of day to another.
    Skipped {
        reading: DateTime,
        from: Time,
        to: Time,
    },
    /// The reading comes twice that day.
    Twice { is_second: bool },
    /// Since the occurrence before, the clock was moved, at this reading and by so much.
    Moved {
        reading: DateTime,
        by: SignedDuration,
    },
}

/// Occurrences that are missed, or void in a row, are counted up to so many: who slept through a year of
/// every minute need not know how many those were.
pub const MOST_COUNTED: usize = 1_000;
/// Occurrences that are looked at for that, those outside the windows included.
const LONGEST_LOOK: usize = 20_000;

impl Schedule {
    /// The occurrences due after `from` and up to `to`, at most `limit` of them, with the void ones in
    /// between. Those outside the windows are nothing that anybody waits for, and are left out.
    #[must_use]
    pub fn foresee(&self, from: Timestamp, to: Option<Timestamp>, limit: usize) -> Vec<Foreseen> {
        let Some(calendar) = &self.calendar else {
            return vec![];
        };
        let is_in_time = |at: &Timestamp| to.is_none_or(|to| *at <= to);
        let is_own_in_time =
            |own: &Foreseen| !matches!(own, Foreseen::OwnCycle { at } if !is_in_time(at));
        let (mut foreseen, mut after, mut previous) = (vec![], from, from);
        let mut calm = from..from;
        // With jitter, one that has come may be due yet.
        let mut waiting = self.next_occurrence(from).filter(|next| *next <= from);
        let (mut count, mut idle) = (0, 0);
        // As long a search as for the next one: what never comes is not looked for to the end of time.
        while count < limit && idle < LONGEST_SEARCH {
            let named = waiting.take().or_else(|| calendar.next(after));
            let Some(at) = named.filter(is_in_time) else {
                break;
            };
            let (why, end) = match self.void(at) {
                None => {
                    let is_calm = calm.contains(&previous) && calm.contains(&at);
                    let change = if is_calm {
                        None
                    } else {
                        change(calendar, previous, at)
                    };
                    if !is_calm {
                        calm = calm_around(at, calendar.zone().time_zone());
                    }
                    let due = self.due_at(at);
                    foreseen.push(Foreseen::Occurrence { at, due, change });
                    foreseen.extend(self.own_cycles_after(due).filter(is_own_in_time));
                    (previous, count, idle) = (at, count + 1, 0);
                    after = after.max(at);
                    continue;
                }
                // Without an end there is nothing to show but the pause itself.
                Some(Void::Paused) if self.pause.is_some_and(|pause| pause.until.is_none()) => {
                    break;
                }
                Some(Void::Paused) => (
                    Some(WhyVoid::Paused),
                    self.pause.and_then(|pause| pause.until),
                ),
                Some(Void::BeforeItWasSet) => (None, self.since),
                Some(Void::Barred(bar)) => {
                    let why = match bar {
                        Bar::Blackout(blackout) => Some(WhyVoid::Blackout(blackout)),
                        Bar::OutsideWindow => None,
                    };
                    (why, self.end_of(bar, at))
                }
            };
            idle += 1;
            let until = end.into_iter().chain(to).min();
            foreseen.extend(why.and_then(|why| self.void_from(calendar, at, until, why)));
            let Some(before_end) = end.and_then(|end| end.checked_sub(1.nanosecond()).ok()) else {
                break;
            };
            after = before_end;
            if why.is_none() {
                // What the clock did before it was set, or while no window was open, is not its concern.
                previous = previous.max(self.since.unwrap_or(previous));
            }
        }
        foreseen
    }

    /// When what bars an instant ends.
    fn end_of(&self, bar: Bar, at: Timestamp) -> Option<Timestamp> {
        let Bar::Blackout(blackout) = bar else {
            // A blackout meanwhile is told by itself.
            return self.windows_alone().next_allowed(at);
        };
        let mut dark = self.bounds.instants_of_blackouts();
        let (_, dark) = dark.find(|(other, _)| *other == blackout)?;
        Some(dark.end)
    }

    fn windows_alone(&self) -> Bounds {
        Bounds {
            blackouts: vec![],
            ..self.bounds.clone()
        }
    }

    /// The occurrences from one on that a blackout or a pause makes void, those outside the windows
    /// left out.
    fn void_from(
        &self,
        calendar: &Calendar,
        first: Timestamp,
        end: Option<Timestamp>,
        why: WhyVoid,
    ) -> Option<Foreseen> {
        let windows = self.windows_alone();
        let all = std::iter::successors(Some(first), |last| calendar.next(*last));
        let all = all
            .take(LONGEST_LOOK)
            .take_while(|at| end.is_none_or(|end| *at < end))
            .filter(|at| windows.bar(*at).is_none());
        let void: Vec<Timestamp> = all.take(MOST_COUNTED).collect();
        Some(Foreseen::Void {
            first: *void.first()?,
            last: *void.last()?,
            count: void.len(),
            why,
        })
    }

    /// The restarts that forestall Heroku's cycle between an occurrence and the next one.
    fn own_cycles_after(&self, due: Timestamp) -> impl Iterator<Item = Foreseen> {
        const MOST: usize = 8;
        let next_due = self.next_due(due);
        let after = move |start: Timestamp| {
            let own = self
                .own_cycle_of(start)
                .filter(|_| !self.forestalls(start, start))?;
            let own = self.bounds.next_allowed(own)?;
            next_due.is_none_or(|next| own < next).then_some(own)
        };
        let all = std::iter::successors(after(due), move |last| after(*last));
        all.take(MOST).map(|at| Foreseen::OwnCycle { at })
    }
}

fn change(calendar: &Calendar, previous: Timestamp, at: Timestamp) -> Option<ClockChange> {
    let zone = calendar.zone().time_zone();
    let (shown, reading) = (zone.to_datetime(at), calendar.reading_of(at)?);
    let offset = zone.to_offset(at);
    if reading < shown {
        let (before, _) = last_change(zone, at)?;
        return Some(ClockChange::Skipped {
            reading,
            from: before.time(),
            to: shown.time(),
        });
    }
    let ambiguous = zone.to_ambiguous_timestamp(shown);
    if let jiff::tz::AmbiguousOffset::Fold { after, .. } = ambiguous.offset() {
        return Some(ClockChange::Twice {
            is_second: after == offset,
        });
    }
    let by = i64::from(offset.seconds()) - i64::from(zone.to_offset(previous).seconds());
    let (reading, _) = last_change(zone, at).filter(|(_, change)| by != 0 && *change > previous)?;
    Some(ClockChange::Moved {
        reading,
        by: SignedDuration::from_secs(by),
    })
}

/// The time around an instant in which the clock does nothing; none near a change of it.
fn calm_around(at: Timestamp, zone: &TimeZone) -> Range<Timestamp> {
    const NEAR: SignedDuration = SignedDuration::from_hours(26);
    let through = at.checked_add(1.nanosecond()).unwrap_or(at);
    let last = zone
        .preceding(through)
        .next()
        .map(|change| change.timestamp());
    let next = zone.following(at).next().map(|change| change.timestamp());
    let begin = last.and_then(|last| last.checked_add(NEAR).ok());
    let end = next.and_then(|next| next.checked_sub(NEAR).ok());
    begin.unwrap_or(Timestamp::MIN)..end.unwrap_or(Timestamp::MAX)
}

/// The last change of the clock by an instant: what it showed then, and when that was.
fn last_change(zone: &TimeZone, at: Timestamp) -> Option<(DateTime, Timestamp)> {
    let through = at.checked_add(1.nanosecond()).ok()?;
    let change = zone.preceding(through).next()?.timestamp();
    let before = zone.to_offset(change.checked_sub(1.nanosecond()).ok()?);
    Some((before.to_datetime(change), change))
}
