//! What `plan` shows of the time to come: occurrences with their local time, offset and UTC, what the
//! clock and blackouts do to them, and where Heroku's own cycle may fire.

use super::human;
use crate::{
    plan::daily_cycle::{Between, Cycle, Gap},
    schedule::{ClockChange, Foreseen, MOST_COUNTED, Schedule, Span, WhyVoid},
    snapshot::Dyno,
};
use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use serde::Serialize;
use serde_json::{Value, json};

/// One line, or two, of what is to come.
#[must_use]
pub fn line(foreseen: &Foreseen, zone: &TimeZone, now: Timestamp) -> String {
    match foreseen {
        Foreseen::Occurrence { at, due, change } => {
            let local = at.to_zoned_datetime(zone.clone());
            let is_utc = local.time_zone().iana_name() == Some("UTC");
            let utc = at.to_zoned_datetime(TimeZone::UTC);
            let utc = if is_utc {
                String::new()
            } else {
                utc.strftime(" %:z  %H:%M UTC").to_string().replacen(
                    "+00:00",
                    &local.strftime("%:z").to_string(),
                    1,
                )
            };
            let late = due.duration_since(*at);
            let late = if late.is_zero() {
                String::new()
            } else {
                format!(", {} later by jitter", Span::whole_seconds_of(late))
            };
            let mark = if change.is_some() { "!" } else { " " };
            let distance = human::distance(now, *at);
            let line = format!(
                " {mark}{}{utc}  ({distance}{late})",
                human::instant(*at, zone)
            );
            let note = change.map(|change| format!("\n    {}", in_words(change, *at, zone)));
            line + &note.unwrap_or_default()
        }
        Foreseen::Void {
            first,
            last,
            count,
            why,
        } => {
            let (first, last) = (human::instant(*first, zone), human::instant(*last, zone));
            let count = match count {
                1 => return format!(" ×{first}  void: {}", why_in_words(*why)),
                &MOST_COUNTED => format!("{MOST_COUNTED} and more"),
                count => count.to_string(),
            };
            format!(" ×{first} to {last}  {count} void: {}", why_in_words(*why))
        }
    }
}

fn why_in_words(why: WhyVoid) -> String {
    match why {
        WhyVoid::Paused => "paused".to_owned(),
        WhyVoid::Blackout(blackout) => format!("except {}", blackout.in_words()),
    }
}

/// What the clock does to an occurrence, as a sentence.
#[must_use]
pub fn in_words(change: ClockChange, at: Timestamp, zone: &TimeZone) -> String {
    let shown = at.to_zoned_datetime(zone.clone());
    let time = |time: jiff::civil::Time| time.strftime("%H:%M").to_string();
    match change {
        ClockChange::Skipped { reading, from, to } => format!(
            "{} does not exist that day, since clocks go from {} to {}: it runs at {}",
            time(reading.time()),
            time(from),
            time(to),
            time(shown.time())
        ),
        ClockChange::Twice { is_second } => format!(
            "{} comes twice that day, since clocks go back: this is the {}",
            time(shown.time()),
            if is_second { "second" } else { "first" }
        ),
        ClockChange::Moved { reading, by } => format!(
            "clocks go {} {} on {} at {}",
            if by.is_negative() { "back" } else { "forward" },
            Span::whole_seconds_of(by.abs()),
            reading.strftime("%a %-d %b"),
            time(reading.time())
        ),
    }
}

/// One occurrence as JSON has it. There can be thousands.
#[derive(Debug, Serialize)]
pub struct Occurrence<'a> {
    app: &'a str,
    schedule: &'a str,
    local: String,
    offset: String,
    utc: Timestamp,
    due: Timestamp,
    note: Option<String>,
}

/// The JSON of what is to come: occurrences, and void ones.
#[must_use]
pub fn json_of<'a>(
    schedule: &'a Schedule,
    foreseen: &[Foreseen],
) -> (Vec<Occurrence<'a>>, Vec<Value>) {
    let zone = schedule.time_zone();
    let (app, name) = (schedule.app.name.as_str(), schedule.name.as_str());
    let (mut occurrences, mut void) = (vec![], vec![]);
    for entry in foreseen {
        match *entry {
            Foreseen::Occurrence { at, due, change } => {
                let local = at.to_zoned_datetime(zone.clone());
                occurrences.push(Occurrence {
                    app,
                    schedule: name,
                    local: local.to_string(),
                    offset: local.strftime("%:z").to_string(),
                    utc: at,
                    due,
                    note: change.map(|change| in_words(change, at, &zone)),
                });
            }
            Foreseen::Void {
                first,
                last,
                count,
                why,
            } => void.push(json!({
                "app": app, "schedule": name, "first": first, "last": last, "count": count,
                "reason": match why { WhyVoid::Paused => "paused", WhyVoid::Blackout(_) => "blackout" },
                "detail": why_in_words(why),
            })),
        }
    }
    (occurrences, void)
}

/// Whether Heroku's own cycle may restart a dyno, as `plan` says it.
#[must_use]
pub fn cycle(cycle: &Cycle, zone: &TimeZone) -> String {
    match cycle {
        Cycle::CannotFire { restart } => format!(
            "cannot fire: restarted by {}",
            restart
                .to_zoned_datetime(zone.clone())
                .strftime("%a %d %b %H:%M %Z")
        ),
        Cycle::MayFire(gap) => format!("may fire {}", time_of(gap, zone)),
        Cycle::Unknown(why) => format!("unknown: {why}"),
    }
}

/// `Sun 01 Nov 06:00-07:00 EST, chance 28 %`.
#[must_use]
pub fn time_of(gap: &Gap, zone: &TimeZone) -> String {
    let from = gap.from.to_zoned_datetime(zone.clone());
    let until = gap.until.to_zoned_datetime(zone.clone());
    let until = if from.date() == until.date() {
        until.strftime("%H:%M %Z")
    } else {
        until.strftime("%a %d %b %H:%M %Z")
    };
    let percent = (gap.chance * 100.0).round();
    let chance = match percent {
        _ if gap.is_at_least => format!("chance at least {percent} %"),
        0.0 => "chance under 1 %".to_owned(),
        _ => format!("chance {percent} %"),
    };
    format!("{}-{until}, {chance}", from.strftime("%a %d %b %H:%M"))
}

/// One dyno's answer, as JSON has it.
#[must_use]
pub fn json_of_cycle(app: &str, dyno: &Dyno, cycle: &Cycle) -> Value {
    let (verdict, gap, why) = match cycle {
        Cycle::CannotFire { .. } => ("cannot_fire", None, None),
        Cycle::MayFire(gap) => ("may_fire", Some(gap), None),
        Cycle::Unknown(why) => ("unknown", None, Some(why)),
    };
    json!({
        "app": app, "dyno": dyno.name, "verdict": verdict,
        "from": gap.map(|gap| gap.from), "until": gap.map(|gap| gap.until),
        "chance": gap.map(|gap| gap.chance), "at_least": gap.map(|gap| gap.is_at_least), "reason": why,
    })
}

/// The gaps between restarts of a schedule, as JSON has them: of those that only lateness opens the first.
pub fn json_of_gaps(schedule: &Schedule, gaps: &[Between]) -> impl Iterator<Item = Value> {
    let barely = gaps.iter().find(|between| between.gap.is_none());
    let open = gaps.iter().filter(|between| between.gap.is_some());
    barely.into_iter().chain(open).map(|between| {
        json!({
            "app": schedule.app.name.as_str(), "schedule": schedule.name.as_str(),
            "restart": between.restart, "next": between.next,
            "from": between.gap.map(|gap| gap.from), "until": between.gap.map(|gap| gap.until),
            "chance": between.gap.map(|gap| gap.chance),
        })
    })
}

/// The gaps that a schedule leaves, in one sentence; `None` where it leaves none.
#[must_use]
pub fn gaps(gaps: &[Between], zone: &TimeZone) -> Option<String> {
    let worst = gaps
        .iter()
        .filter(|between| between.gap.is_some())
        .max_by_key(|between| {
            let next = between.next.map_or(SignedDuration::MAX, |next| {
                next.duration_since(between.restart)
            });
            // Of equal ones the first.
            (next, std::cmp::Reverse(between.restart))
        });
    let first = gaps.first()?;
    let Some(Between {
        restart,
        next,
        gap: Some(gap),
    }) = worst
    else {
        let at = human::instant(first.restart, zone);
        return Some(format!(
            "24h pass from one restart to the next, and a little more when one comes late, in which it may fire (first after {at})"
        ));
    };
    let length = match next {
        Some(next) => format!(
            "{} pass",
            Span::whole_seconds_of(next.duration_since(*restart)).rounded()
        ),
        None => "more than a month passes".to_owned(),
    };
    Some(format!(
        "{length} from the restarts of {} to the next ones, and it may fire {}",
        human::instant(*restart, zone),
        time_of(gap, zone)
    ))
}
