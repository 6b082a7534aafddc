//! When restarts are allowed at all: inside the windows, if there are any, and on no day of a blackout.

use super::{Blackout, Window, Zone, days::join_with_and};
use jiff::{SignedDuration, Timestamp, ToSpan};
use std::{
    fmt,
    ops::{Range, RangeInclusive},
};

/// `--window` and `--except` of a schedule, in its zone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bounds {
    pub windows: Vec<Window>,
    pub blackouts: Vec<Blackout>,
    pub zone: Zone,
}

/// What forbids an instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bar {
    OutsideWindow,
    Blackout(Blackout),
}

/// Days in which the next or the last opening lies: a week, and another one, since a gap of the clock may
/// swallow one that comes weekly.
const FAR: i32 = 17;
/// What is allowed for so long at a stretch is not bounded by windows, which come again every week.
const MORE_THAN_A_WEEK: SignedDuration = SignedDuration::from_hours(8 * 24);

impl Default for Bounds {
    fn default() -> Self {
        Self {
            windows: vec![],
            blackouts: vec![],
            zone: Zone::utc(),
        }
    }
}

impl Bounds {
    #[must_use]
    pub fn is_free(&self) -> bool {
        self.windows.is_empty() && self.blackouts.is_empty()
    }

    /// What forbids a restart at this instant.
    #[must_use]
    pub fn bar(&self, instant: Timestamp) -> Option<Bar> {
        if let Some((blackout, _)) = self.blackout(instant) {
            return Some(Bar::Blackout(blackout));
        }
        // One that opened yesterday, or before a date that the zone left out.
        let is_inside = || {
            let mut openings = self.openings(instant, -2..=0);
            openings.any(|open| open.contains(&instant))
        };
        (!self.windows.is_empty() && !is_inside()).then_some(Bar::OutsideWindow)
    }

    /// The first allowed instant at or after this one; `None` when there is none.
    #[must_use]
    pub fn next_allowed(&self, instant: Timestamp) -> Option<Timestamp> {
        let mut at = instant;
        // Each turn leaves a blackout, of which there are few, or a closed window for an open one.
        for _ in 0..=2 * self.blackouts.len() + 1 {
            at = match self.bar(at) {
                None => return Some(at),
                Some(Bar::Blackout(_)) => self.blackout(at)?.1.end,
                Some(Bar::OutsideWindow) => {
                    let zone = self.zone.time_zone();
                    let next = |window: &Window| {
                        let mut openings = window.around(at, -1..=FAR, zone);
                        openings.find(|open| open.start > at)
                    };
                    let opens = self.windows.iter().filter_map(next);
                    opens.map(|open| open.start).min()?
                }
            };
        }
        None
    }

    /// The last allowed instant at or before this one, to the nanosecond; `None` when there is none.
    #[must_use]
    pub fn last_allowed(&self, instant: Timestamp) -> Option<Timestamp> {
        let mut at = instant;
        for _ in 0..=2 * self.blackouts.len() + 1 {
            let end = match self.bar(at) {
                None => return Some(at),
                Some(Bar::Blackout(_)) => self.blackout(at)?.1.start,
                Some(Bar::OutsideWindow) => {
                    let zone = self.zone.time_zone();
                    let last = |window: &Window| {
                        let mut days = (-FAR..=0).rev();
                        days.find_map(|day| {
                            let mut openings = window.around(at, day..=day, zone);
                            openings.find(|open| open.end <= at)
                        })
                    };
                    let closes = self.windows.iter().filter_map(last);
                    closes.map(|open| open.end).max()?
                }
            };
            at = end.checked_sub(1.nanosecond()).ok()?;
        }
        None
    }

    /// When what is allowed at this instant ends: a window closes, or a blackout begins, however far
    /// ahead. `None` when neither does.
    #[must_use]
    pub fn allowed_until(&self, instant: Timestamp) -> Option<Timestamp> {
        let blackout = self.instants_of_blackouts();
        let blackout = blackout.map(|(_, dark)| dark.start);
        let blackout = blackout.filter(|begin| *begin > instant).min();
        // Windows that touch are one.
        let mut closes = instant;
        let reaches = |at: Timestamp| {
            let openings = self.openings(at, -2..=0);
            openings
                .filter(|open| open.contains(&at))
                .map(|open| open.end)
                .max()
        };
        while closes.duration_since(instant) < MORE_THAN_A_WEEK
            && let Some(end) = reaches(closes)
        {
            closes = end;
        }
        let is_bounded = closes.duration_since(instant) < MORE_THAN_A_WEEK;
        let window = (!self.windows.is_empty() && is_bounded).then_some(closes);
        [blackout, window].into_iter().flatten().min()
    }

    /// When what is allowed at this instant began: a window opened, or a blackout ended. `None` when
    /// neither did.
    #[must_use]
    pub fn allowed_since(&self, instant: Timestamp) -> Option<Timestamp> {
        let dark = self.instants_of_blackouts().map(|(_, dark)| dark.end);
        let dark = dark.filter(|end| *end <= instant).max();
        let mut opens = instant;
        let reaches = |at: Timestamp| {
            let openings = self.openings(at, -2..=0);
            let reaching = openings.filter(|open| open.start < at && at <= open.end);
            reaching.map(|open| open.start).min()
        };
        while instant.duration_since(opens) < MORE_THAN_A_WEEK
            && let Some(start) = reaches(opens)
        {
            opens = start;
        }
        let is_bounded = instant.duration_since(opens) < MORE_THAN_A_WEEK;
        let window = (!self.windows.is_empty() && is_bounded).then_some(opens);
        [dark, window].into_iter().flatten().max()
    }

    fn blackout(&self, instant: Timestamp) -> Option<(Blackout, Range<Timestamp>)> {
        let mut dark = self.instants_of_blackouts();
        dark.find(|(_, dark)| dark.contains(&instant))
    }

    /// The blackouts as instants.
    pub fn instants_of_blackouts(&self) -> impl Iterator<Item = (Blackout, Range<Timestamp>)> {
        let zone = self.zone.time_zone();
        let dark = self.blackouts.iter();
        dark.filter_map(|blackout| Some((*blackout, blackout.instants(zone)?)))
    }

    fn openings(
        &self,
        instant: Timestamp,
        days: RangeInclusive<i32>,
    ) -> impl Iterator<Item = Range<Timestamp>> {
        let zone = self.zone.time_zone();
        let windows = self.windows.iter();
        windows.flat_map(move |window| window.around(instant, days.clone(), zone))
    }

    /// The bounds in words: `between 22:00-06:00, except 24 to 26 December 2026`.
    #[must_use]
    pub fn in_words(&self) -> Vec<String> {
        let windows: Vec<String> = self
            .windows
            .iter()
            .map(|window| window.in_words())
            .collect();
        let dark: Vec<String> = self.blackouts.iter().map(|dark| dark.in_words()).collect();
        let windows = (!windows.is_empty()).then(|| format!("only {}", join_with_and(&windows)));
        let dark = (!dark.is_empty()).then(|| format!("except {}", join_with_and(&dark)));
        windows.into_iter().chain(dark).collect()
    }
}

impl fmt::Display for Bar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OutsideWindow => f.write_str("outside the window"),
            Self::Blackout(blackout) => write!(f, "blackout {blackout}"),
        }
    }
}
