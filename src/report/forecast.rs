//! What `plan` shows of the time to come: occurrences with their local time, offset and UTC, what the
//! clock and blackouts do to them, and where Heroku's own cycle may fire.

use super::human;
use crate::{
    plan::daily_cycle::{Between, Cycle, Gap},
    schedule::{Bar, ClockChange, Foreseen, MOST_COUNTED, Schedule, Span, Void},
    snapshot::Dyno,
};
use jiff::{Timestamp, tz::TimeZone};
use serde::Serialize;
use serde_json::{Value, json};

/// One line, or two, of what is to come.
#[must_use]
pub fn line(foreseen: &Foreseen, zone: &TimeZone, now: Timestamp) -> String {
    match foreseen {
        Foreseen::Occurrence { at, due, change } => {
            let late = due.duration_since(*at);
            let of = at.to_zoned_datetime(zone.clone()).strftime("%H:%M");
            let late = if late.is_zero() {
                String::new()
            } else {
                format!(", {of} and {} of jitter", Span::whole_seconds_of(late))
            };
            let mark = if change.is_some() { "!" } else { " " };
            let line = format!(" {mark}{}", moment(*due, zone, now, &late));
            let note = change.map(|change| format!("\n    {}", in_words(change, *at, zone)));
            line + &note.unwrap_or_default()
        }
        Foreseen::OwnCycle { at, goes_on } => {
            let more = if *goes_on {
                "\n    and so on, until the next occurrence"
            } else {
                ""
            };
            let why = ", before Heroku's daily cycle";
            format!("  {}{more}", moment(*at, zone, now, why))
        }
        Foreseen::LeftOut { at, change } => {
            let why = left_out(*change, *at, zone);
            format!(" ×{}  void: {why}", human::instant(*at, zone))
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

/// `Sun 08 Mar 2026 03:00 EDT -04:00  07:00 UTC  (in 19h)`.
fn moment(at: Timestamp, zone: &TimeZone, now: Timestamp, more: &str) -> String {
    let local = at.to_zoned_datetime(zone.clone());
    let utc = if zone.iana_name() == Some("UTC") {
        String::new()
    } else {
        let utc = at.to_zoned_datetime(TimeZone::UTC);
        format!(" {}  {} UTC", local.strftime("%:z"), utc.strftime("%H:%M"))
    };
    let (shown, distance) = (human::instant(at, zone), human::distance(now, at));
    format!("{shown}{utc}  ({distance}{more})")
}

fn why_in_words(why: Void) -> String {
    match why {
        Void::Barred(Bar::Blackout(blackout)) => format!("except {}", blackout.in_words()),
        why => why.to_string(),
    }
}

/// That the clock leaves out the time of an occurrence, and with it the rest of its window.
fn left_out(change: ClockChange, at: Timestamp, zone: &TimeZone) -> String {
    let shown = at
        .to_zoned_datetime(zone.clone())
        .strftime("%H:%M")
        .to_string();
    match change {
        ClockChange::Skipped { reading, .. } => format!(
            "{} does not exist that day, and at {shown}, after the gap, the window is closed",
            reading.strftime("%H:%M")
        ),
        change => in_words(change, at, zone),
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

/// What is to come, as JSON has it.
#[derive(Debug, Default)]
pub struct Json<'a> {
    pub occurrences: Vec<Occurrence<'a>>,
    pub own_daily_cycle: Vec<Value>,
    pub void: Vec<Value>,
}

/// The JSON of what is to come of one schedule.
#[must_use]
pub fn json_of<'a>(schedule: &'a Schedule, foreseen: &[Foreseen]) -> Json<'a> {
    let zone = schedule.time_zone();
    let (app, name) = (schedule.app.name.as_str(), schedule.name.as_str());
    let (mut occurrences, mut own_daily_cycle, mut void) = (vec![], vec![], vec![]);
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
            Foreseen::OwnCycle { at, goes_on } => own_daily_cycle.push(json!({
                "app": app, "schedule": name, "utc": at, "goes_on": goes_on,
            })),
            Foreseen::LeftOut { at, change } => void.push(json!({
                "app": app, "schedule": name, "first": at, "last": at, "count": 1,
                "reason": "outside_window", "detail": left_out(change, at, &zone),
            })),
            Foreseen::Void {
                first,
                last,
                count,
                why,
            } => void.push(json!({
                "app": app, "schedule": name, "first": first, "last": last, "count": count,
                "reason": why.word(),
                "detail": why_in_words(why),
            })),
        }
    }
    Json {
        occurrences,
        own_daily_cycle,
        void,
    }
}

/// Whether Heroku's own cycle may restart a dyno, as `plan` says it.
#[must_use]
pub fn cycle(cycle: &Cycle, zone: &TimeZone) -> String {
    match cycle {
        Cycle::CannotFire { restart } => {
            let restart = restart.to_zoned_datetime(zone.clone());
            format!(
                "cannot fire, since it is restarted by {}",
                restart.strftime("%a %d %b %H:%M %Z")
            )
        }
        Cycle::MayFire(gap) => fires(gap, zone),
        Cycle::Unknown(why) => format!("unknown, since {why}"),
    }
}

/// `may fire between Sun 01 Nov 06:00 and 07:00 EST (chance 28 %)`.
fn fires(gap: &Gap, zone: &TimeZone) -> String {
    let from = gap.from.to_zoned_datetime(zone.clone());
    let until = gap.until.to_zoned_datetime(zone.clone());
    let until = if from.date() == until.date() {
        until.strftime("%H:%M %Z")
    } else {
        until.strftime("%a %d %b %H:%M %Z")
    };
    let (percent, least) = (
        gap.chance * 100.0,
        if gap.is_at_least { "at least " } else { "" },
    );
    let (verb, chance) = if percent > 99.5 {
        ("fires", String::new())
    } else if percent < 0.5 {
        ("may fire", " (chance under 1 %)".to_owned())
    } else {
        ("may fire", format!(" (chance {least}{percent:.0} %)"))
    };
    format!(
        "{verb} between {} and {until}{chance}",
        from.strftime("%a %d %b %H:%M")
    )
}

/// One dyno's answer, as JSON has it.
#[must_use]
pub fn json_of_cycle(app: &str, dyno: &Dyno, cycle: &Cycle) -> Value {
    let (verdict, restart, gap, why) = match cycle {
        Cycle::CannotFire { restart } => ("cannot_fire", Some(*restart), None, None),
        Cycle::MayFire(gap) => ("may_fire", gap.restart, Some(gap), None),
        Cycle::Unknown(why) => ("unknown", None, None, Some(why)),
    };
    json!({
        "app": app, "dyno": dyno.name, "verdict": verdict,
        "from": gap.map(|gap| gap.from), "until": gap.map(|gap| gap.until),
        "chance": gap.map(|gap| gap.chance), "at_least": gap.map(|gap| gap.is_at_least), "reason": why,
        "restart": restart,
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

/// Where Heroku's own cycle comes between restarts of a schedule: the first gap, in one sentence; and
/// whether it is more than a late restart that opens it. `None` where there is none.
#[must_use]
pub fn gaps(gaps: &[Between], zone: &TimeZone) -> Option<(String, bool)> {
    let Some((between, gap)) = gaps
        .iter()
        .find_map(|between| Some((between, between.gap?)))
    else {
        gaps.first()?;
        let barely = "may come first when a restart is late, since 24h lie between restarts";
        return Some((barely.to_owned(), false));
    };
    let length = match between.next {
        Some(next) => {
            let minutes = next.duration_since(between.restart).as_mins();
            format!(
                "{} pass",
                Span::minutes(u64::try_from(minutes).unwrap_or(0))
            )
        }
        None => "more than a month passes".to_owned(),
    };
    let at = human::instant(between.restart, zone);
    let text = format!(
        "{}: {length} from {at} to the next restart",
        fires(&gap, zone)
    );
    Some((text, true))
}
