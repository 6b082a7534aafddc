//! What a schedule will do, occurrence by occurrence: with what the clock does between them, and what
//! blackouts and a pause take away.

use super::{
    Bar, Bounds, Calendar, ClockChange, Schedule, Void,
    clock_change::{calm_around, change},
    occurrences::LONGEST_SEARCH,
};
use jiff::{Timestamp, ToSpan, civil::DateTime};

/// One line of what is to come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Foreseen {
    Occurrence {
        at: Timestamp,
        /// Later than the occurrence by the jitter's share.
        due: Timestamp,
        change: Option<ClockChange>,
    },
    /// A dyno that the restart before was of is restarted then, before Heroku's cycle.
    OwnCycle {
        at: Timestamp,
        /// More of them follow before the next occurrence, and are not listed.
        goes_on: bool,
    },
    /// Occurrences in a row that do not count; `count` stops at [`MOST_COUNTED`].
    Void {
        first: Timestamp,
        last: Timestamp,
        count: usize,
        why: Void,
    },
    /// An occurrence whose time lies in a window, which the clock leaves out that day.
    LeftOut { at: Timestamp, change: ClockChange },
}

impl Foreseen {
    fn begins(&self) -> Timestamp {
        match *self {
            Self::Occurrence { at, .. } | Self::OwnCycle { at, .. } | Self::LeftOut { at, .. } => {
                at
            }
            Self::Void { first, .. } => first,
        }
    }
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
            |own: &Foreseen| !matches!(own, Foreseen::OwnCycle { at, .. } if !is_in_time(at));
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
                Some(why @ Void::Paused) => (Some(why), self.pause.and_then(|pause| pause.until)),
                Some(Void::BeforeItWasSet) => (None, self.since),
                Some(Void::Barred(Bar::OutsideWindow)) => {
                    // A blackout meanwhile is told by itself.
                    let opens = self.windows_alone().next_allowed(at);
                    let until = opens.into_iter().chain(to).min();
                    foreseen.extend(self.left_out(calendar, at, until));
                    (None, opens)
                }
                Some(why @ Void::Barred(Bar::Blackout(blackout))) => {
                    let mut dark = self.bounds.instants_of_blackouts();
                    let dark = dark.find(|(other, _)| *other == blackout);
                    (Some(why), dark.map(|(_, dark)| dark.end))
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
                // What the clock did before it was set is not its concern.
                previous = previous.max(self.since.unwrap_or(previous));
            }
        }
        // What forestalls Heroku's cycle may come after a blackout that is told later.
        foreseen.sort_by_key(Foreseen::begins);
        foreseen
    }

    /// Occurrences outside the windows of which nobody thinks so: their time lies in one of them, and in
    /// a gap of the clock, after which that window is closed.
    fn left_out(
        &self,
        calendar: &Calendar,
        from: Timestamp,
        end: Option<Timestamp>,
    ) -> impl Iterator<Item = Foreseen> {
        let before = from.checked_sub(1.nanosecond()).unwrap_or(from);
        let changes = calendar.zone().time_zone().following(before);
        let instants = changes.map(|transition| transition.timestamp());
        let instants = instants.take_while(move |at| end.is_some_and(|end| *at < end));
        instants.filter_map(move |at| {
            calendar.latest(at).filter(|latest| *latest == at)?;
            let change = change(calendar, at, at)?;
            let ClockChange::Skipped { from, to, .. } = change else {
                return None;
            };
            let is_open_at = |reading: &DateTime| {
                let mut windows = self.bounds.windows.iter();
                windows.any(|window| window.is_open_at(*reading))
            };
            let reading = calendar.readings_of(at).find(is_open_at)?;
            let change = ClockChange::Skipped { reading, from, to };
            let is_outside = self.bounds.bar(at) == Some(Bar::OutsideWindow);
            is_outside.then_some(Foreseen::LeftOut { at, change })
        })
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
        why: Void,
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
        /// More than anybody reads.
        const MOST: usize = 8;
        let next_due = self.next_due(due);
        let after = move |start: Timestamp| {
            let own = self.own_cycle_due(start, start)?;
            let own = self.bounds.next_allowed(own)?;
            let is_first = self.max_uptime_of(start).is_none_or(|age| own < age);
            (is_first && next_due.is_none_or(|next| own < next)).then_some(own)
        };
        let all = std::iter::successors(after(due), move |last| after(*last));
        all.take(MOST).enumerate().map(move |(place, at)| {
            let goes_on = place + 1 == MOST && after(at).is_some();
            Foreseen::OwnCycle { at, goes_on }
        })
    }
}
