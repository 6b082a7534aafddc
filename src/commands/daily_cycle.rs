//! What `set` says of Heroku's own daily cycle: whether it can come between the restarts of a schedule,
//! and what would come before it.

use super::foresee::Trouble;
use crate::{
    plan::daily_cycle::{self, Between},
    report::forecast,
    schedule::{Calendar, Days, Recurrence, Schedule, Span, TimeOfDay},
};
use jiff::{SignedDuration, Timestamp};

/// Whoever sets a schedule looks at it again before that.
const TWO_MONTHS: SignedDuration = SignedDuration::from_hours(62 * 24);

/// The first gap between restarts of a schedule, beside all others of its app; `None` where there is none.
pub fn foresee(schedule: &Schedule, all: &[Schedule], now: Timestamp) -> Option<Trouble> {
    let gaps = |schedule: &Schedule| {
        let is_other =
            |other: &&Schedule| other.app.is_same(&schedule.app) && other.name != schedule.name;
        let of_app: Vec<&Schedule> = all.iter().filter(is_other).chain([schedule]).collect();
        daily_cycle::between(&schedule.target, &of_app, now, now + TWO_MONTHS)
    };
    let found = gaps(schedule);
    let (told, is_open) = forecast::gaps(&found, &schedule.time_zone())?;
    let open = |gaps: Vec<Between>| gaps.into_iter().find(|between| between.gap.is_some());
    let until = open(found).and_then(|between| between.next);
    // The gap that is told of is closed: a blackout in a month may leave another one.
    let helps = |changed: &Schedule| {
        let left = gaps(changed);
        if is_open {
            open(left).is_none_or(|next| until.is_some_and(|until| until <= next.restart))
        } else {
            left.is_empty()
        }
    };
    let is_meant = |(_, changed): &(String, Schedule)| changed.contradiction(Some(now)).is_none();
    let ways = ways(schedule).into_iter().filter(is_meant);
    let ways: Vec<String> = ways
        .filter_map(|(way, changed)| helps(&changed).then_some(way))
        .collect();
    let or_memory = if schedule.memory.is_trigger() {
        ", unless memory has the dynos restarted before"
    } else {
        ""
    };
    Some(Trouble {
        warning: format!("Heroku's own daily cycle {told}{or_memory}"),
        hint: Some(match &ways[..] {
            [] => "its windows and blackouts leave no room to come before that".to_owned(),
            [way] => format!("{way} comes before it"),
            [ways @ .., last] => format!("{}, or {last}, comes before it", ways.join(", ")),
        }),
        is_mild: !is_open,
    })
}

/// What may come before the cycle: in words, and the schedule with it.
fn ways(schedule: &Schedule) -> Vec<(String, Schedule)> {
    let mut ways = vec![];
    if schedule.calendar.is_some() && !schedule.own_daily_cycle {
        let changed = Schedule {
            own_daily_cycle: true,
            ..schedule.clone()
        };
        ways.push(("--own-daily-cycle".to_owned(), changed));
    }
    if schedule.max_uptime.is_none_or(|age| age > Span::hours(23)) {
        let changed = Schedule {
            max_uptime: Some(Span::hours(23)),
            ..schedule.clone()
        };
        ways.push(("--max-uptime 23h".to_owned(), changed));
    }
    let Some(Recurrence::At { times, days }) = schedule.calendar.as_ref().map(Calendar::recurrence)
    else {
        return ways;
    };
    let again = times.iter().next().map(TimeOfDay::opposite);
    let twice = again.and_then(|again| format!("{times},{again}").parse().ok());
    let other = if days.is_daily() {
        twice.map(|times| (format!("--at {times}"), times))
    } else {
        Some((format!("--at {times} on every day"), times.clone()))
    };
    let Some((way, times)) = other else {
        return ways;
    };
    let zone = schedule.zone().clone();
    let recurrence = Recurrence::At {
        times,
        days: Days::DAILY,
    };
    if let Ok(calendar) = Calendar::new(recurrence, zone) {
        let changed = Schedule {
            calendar: Some(calendar),
            ..schedule.clone()
        };
        ways.push((way, changed));
    }
    ways
}
