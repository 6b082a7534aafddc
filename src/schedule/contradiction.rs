//! Flags that are each right and cannot be meant together; the same for `set` and for the file.

use super::{Calendar, Recurrence, Schedule, Span, TimeOfDay, Times};
use jiff::Timestamp;

/// What is left of catch-up when the patience with an app is over: a runner looks every five minutes.
const LAST_CHANCE: Span = Span::minutes(5);

/// Flags with their values, which a file has as keys.
type Example = &'static [(&'static str, &'static str)];

/// A flag, or a key of the file, that stands against another one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contradiction {
    pub key: &'static str,
    pub problem: String,
    /// What would be right.
    pub example: Example,
}

impl Contradiction {
    fn new(key: &'static str, problem: impl Into<String>, example: Example) -> Self {
        let problem = problem.into();
        Self {
            key,
            problem,
            example,
        }
    }
}

impl Schedule {
    /// The flag (and key) that stands against another one, and why. What blackouts leave is looked for
    /// from an instant on, if one is given: a file is right whenever it is read.
    #[must_use]
    pub fn contradiction(&self, from: Option<Timestamp>) -> Option<Contradiction> {
        let least = self.guards.min_uptime;
        let of_calendar: [(_, _, Example); 3] = [
            (
                "if-needed",
                self.memory.if_needed,
                &[("at", "07,14"), ("if-needed", "true")],
            ),
            (
                "jitter",
                self.jitter.is_some(),
                &[("at", "07"), ("jitter", "10m")],
            ),
            // Which does the same.
            (
                "own-daily-cycle",
                self.own_daily_cycle,
                &[("max-uptime", "23h")],
            ),
        ];
        let stray = of_calendar.into_iter().find(|(_, is_given, _)| *is_given);
        if let (None, Some((key, _, example))) = (&self.calendar, stray) {
            let problem = "it belongs to a calendar (at or cron), which is missing";
            return Some(Contradiction::new(key, problem, example));
        }
        if let (Some(least), Some(longest)) = (least, self.max_uptime)
            && least > longest
        {
            let problem = format!("{least} is longer than max-uptime {longest}");
            let example = &[("min-uptime", "1h"), ("max-uptime", "6h")];
            return Some(Contradiction::new("min-uptime", problem, example));
        }
        if self.memory.max_per_day.is_some() && !self.memory.is_trigger() {
            let problem = "it belongs to memory, on-r14 or before-limit, which are missing";
            let example = &[("memory", "90%"), ("max-per-day", "4")];
            return Some(Contradiction::new("max-per-day", problem, example));
        }
        if self.guards.busy_max.is_some() && self.guards.busy_url.is_none() {
            let problem = "it belongs to busy-url, which is missing";
            let example = &[
                ("busy-url", "https://example-app.herokuapp.com/busy"),
                ("busy-max", "30m"),
            ];
            return Some(Contradiction::new("busy-max", problem, example));
        }
        if let Some(max) = self.guards.busy_max
            && self.calendar.is_some()
            && max.as_secs() + LAST_CHANCE.as_secs() > self.guards.catch_up.as_secs()
        {
            let catch_up = self.guards.catch_up;
            let problem = format!(
                "{max} leaves less than {LAST_CHANCE} of catch-up {catch_up}: an occurrence that is put off for so long is missed"
            );
            let example = &[("busy-max", "30m"), ("catch-up", "1h")];
            return Some(Contradiction::new("busy-max", problem, example));
        }
        let nothing = if self.max_uptime.is_some() || self.memory.is_trigger() {
            "no occurrence would ever be acted on"
        } else {
            "nothing would ever be restarted"
        };
        if self.calendar.is_some() && !self.has_occurrence_in_window() {
            let problem = format!("no occurrence falls into it, so that {nothing}");
            let example = &[("at", "03"), ("window", "01:00-06:00")];
            return Some(Contradiction::new("window", problem, example));
        }
        if self.is_blacked_out(from.unwrap_or_else(origin)) {
            let problem = format!("it covers everything, so that {nothing}");
            let example = &[("at", "07"), ("except", "2026-12-24..2026-12-26")];
            return Some(Contradiction::new("except", problem, example));
        }
        None
    }

    /// The times of `--at` that no window ever lets pass.
    #[must_use]
    pub fn idle_times(&self) -> Vec<TimeOfDay> {
        /// More than anybody names one by one.
        const MOST: usize = 24;
        let Some(calendar) = self
            .calendar
            .as_ref()
            .filter(|_| !self.bounds.windows.is_empty())
        else {
            return vec![];
        };
        let Recurrence::At { times, days } = calendar.recurrence() else {
            return vec![];
        };
        let is_idle = |time: &TimeOfDay| {
            let recurrence = Recurrence::At {
                times: Times::of(*time),
                days: *days,
            };
            let alone = Calendar::new(recurrence, calendar.zone().clone());
            let alone = Self {
                calendar: alone.ok(),
                ..self.clone()
            };
            !alone.has_occurrence_in_window()
        };
        times.iter().take(MOST).filter(is_idle).collect()
    }

    /// Whether any occurrence of the calendar, at any time, falls into a window.
    fn has_occurrence_in_window(&self) -> bool {
        let mut undated = self.clone();
        (undated.since, undated.pause) = (None, None);
        undated.bounds.blackouts = vec![];
        undated.next_occurrence(origin()).is_some()
    }

    /// Whether its blackouts leave nothing: no occurrence, or no instant, from `now` on.
    fn is_blacked_out(&self, now: Timestamp) -> bool {
        if self.bounds.blackouts.is_empty() {
            return false;
        }
        let mut awake = self.clone();
        (awake.since, awake.pause) = (None, None);
        let next = match self.calendar {
            Some(_) => awake.next_occurrence(now),
            None => self.bounds.next_allowed(now),
        };
        next.is_none_or(|next| !super::is_meant(next))
    }
}

/// The beginning of a cycle of weekdays and leap years: 2024.
fn origin() -> Timestamp {
    Timestamp::from_second(1_704_067_200).unwrap_or_default()
}
