//! Next and latest occurrences against the brute force: random calendars in every zone of the IANA
//! database, 2020 to 2037, every other one around the next change of the clock where the zone has one
//! to come. `CALENDAR_CASES` and `CALENDAR_SEED` set how many, and which.

use super::brute_force::{Rule, Walked};
use autorestart::schedule::{Calendar, Recurrence, Zone};
use jiff::{SignedDuration, Timestamp, civil::Date, tz::TimeZone};

/// A small generator of our own, so that a seed means the same for ever (`SplitMix64`).
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, end: i64) -> i64 {
        i64::try_from(self.next() % end.unsigned_abs()).expect("small")
    }

    pub fn among<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[usize::try_from(self.next() % all.len() as u64).expect("small")]
    }
}

pub fn zones() -> Vec<Zone> {
    let names = jiff::tz::db().available();
    let mut zones: Vec<Zone> = names
        .filter_map(|name| name.as_str().parse().ok())
        .collect();
    zones.sort_by(|a, b| a.name().cmp(b.name()));
    zones
}

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name)
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(default)
}

/// An instant of 2020 to 2037 at a whole minute; every other time near a change of the clock.
pub fn instant(random: &mut Random, zone: &TimeZone) -> Timestamp {
    const FIRST: i64 = 1_577_836_800;
    const YEARS: i64 = 17 * 365 * 24 * 60;
    let minutes = random.below(YEARS);
    let at = Timestamp::from_second(FIRST + minutes * 60).expect("an instant");
    let change = zone.following(at).next().map(|change| change.timestamp());
    let change =
        change.filter(|change| change.as_second() < FIRST + YEARS * 60 && minutes % 2 == 0);
    let Some(change) = change else { return at };
    let whole = change.as_second().div_euclid(60) * 60;
    let around = Timestamp::from_second(whole).expect("an instant");
    around + SignedDuration::from_mins(random.below(2 * 36 * 60) - 36 * 60)
}

/// A field as text, and the numbers that it means.
fn field(random: &mut Random, first: i64, last: i64) -> (String, Vec<i64>) {
    let value = |random: &mut Random| first + random.below(last - first + 1);
    match random.below(5) {
        0 => ("*".to_owned(), (first..=last).collect()),
        1 => {
            let step = 2 + random.below((last - first) / 2);
            let numbers = (first..=last)
                .step_by(usize::try_from(step).expect("small"))
                .collect();
            (format!("*/{step}"), numbers)
        }
        2 => {
            let (a, b) = (value(random), value(random));
            let (a, b) = (a.min(b), a.max(b));
            (format!("{a}-{b}"), (a..=b).collect())
        }
        3 => {
            let numbers = [value(random), value(random)];
            (format!("{},{}", numbers[0], numbers[1]), numbers.to_vec())
        }
        _ => {
            let number = value(random);
            (number.to_string(), vec![number])
        }
    }
}

type OnDate = Box<dyn Fn(Date) -> bool>;

fn weekday(date: Date) -> i64 {
    i64::from(date.weekday().to_sunday_zero_offset())
}

fn last_of_month(date: Date) -> i64 {
    i64::from(date.days_in_month())
}

/// The working day nearest a day of the month, inside the month.
fn nearest(date: Date, day: i64) -> Option<i64> {
    let last = last_of_month(date);
    let weekday = |day: i64| (weekday(date) + day - i64::from(date.day())).rem_euclid(7);
    let is_working = |day: &i64| (1..=last).contains(day) && (1..=5).contains(&weekday(*day));
    (day <= last).then_some(())?;
    [day, day - 1, day + 1, day + 2, day - 2]
        .into_iter()
        .find(is_working)
}

fn day_of_month(random: &mut Random) -> (String, OnDate) {
    match random.below(8) {
        0 => (
            "L".to_owned(),
            Box::new(|date| i64::from(date.day()) == last_of_month(date)),
        ),
        1 => (
            "LW".to_owned(),
            Box::new(|date| {
                let last = (1..=last_of_month(date)).rev();
                let weekday =
                    |day: i64| (weekday(date) + day - i64::from(date.day())).rem_euclid(7);
                last.into_iter()
                    .find(|day| (1..=5).contains(&weekday(*day)))
                    == Some(i64::from(date.day()))
            }),
        ),
        2 => {
            let day = 1 + random.below(31);
            (
                format!("{day}W"),
                Box::new(move |date| nearest(date, day) == Some(i64::from(date.day()))),
            )
        }
        _ => {
            let (text, numbers) = field(random, 1, 31);
            (
                text,
                Box::new(move |date| numbers.contains(&i64::from(date.day()))),
            )
        }
    }
}

fn day_of_week(random: &mut Random) -> (String, OnDate) {
    const NAMES: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];
    match random.below(7) {
        0 => {
            let (day, which) = (random.below(7), 1 + random.below(5));
            let text = format!("{}#{which}", NAMES[usize::try_from(day).expect("small")]);
            (
                text,
                Box::new(move |date| {
                    weekday(date) == day && (i64::from(date.day()) + 6) / 7 == which
                }),
            )
        }
        1 => {
            let day = random.below(7);
            (
                format!("{day}L"),
                Box::new(move |date| {
                    weekday(date) == day && i64::from(date.day()) + 7 > last_of_month(date)
                }),
            )
        }
        _ => {
            let (text, numbers) = field(random, 0, 6);
            (text, Box::new(move |date| numbers.contains(&weekday(date))))
        }
    }
}

/// `--at` and `--days`, or `--cron`.
pub fn rule(random: &mut Random) -> (Recurrence, Rule, String) {
    if random.below(4) == 0 {
        return at(random);
    }
    let (minute, minutes) = field(random, 0, 59);
    let (hour, hours) = field(random, 0, 23);
    let every = || ("*".to_owned(), Box::new(|_| true) as OnDate);
    let (dom, on_month) = if random.below(3) == 0 {
        day_of_month(random)
    } else {
        every()
    };
    let (month, months) = if random.below(8) == 0 {
        field(random, 1, 12)
    } else {
        ("*".to_owned(), (1..=12).collect())
    };
    let (dow, on_week) = if random.below(3) == 0 {
        day_of_week(random)
    } else {
        every()
    };
    let text = format!("{minute} {hour} {dom} {month} {dow}");
    let is_both = dom.starts_with('*') || dow.starts_with('*');
    let is_interval = minute.starts_with('*') || hour.starts_with('*');
    let is_on = move |date: Date| {
        let is_day = if is_both {
            on_month(date) && on_week(date)
        } else {
            on_month(date) || on_week(date)
        };
        months.contains(&i64::from(date.month())) && is_day
    };
    let cron = text
        .parse()
        .unwrap_or_else(|invalid| panic!("{text}: {invalid}"));
    let rule = Rule {
        minutes,
        hours,
        is_on: Box::new(is_on),
        is_interval,
    };
    (Recurrence::Cron(Box::new(cron)), rule, text)
}

fn at(random: &mut Random) -> (Recurrence, Rule, String) {
    const DAYS: [(&str, &[i64]); 6] = [
        ("daily", &[0, 1, 2, 3, 4, 5, 6]),
        ("weekdays", &[1, 2, 3, 4, 5]),
        ("weekends", &[0, 6]),
        ("sat-mon", &[6, 0, 1]),
        ("sun", &[0]),
        ("tue,fri", &[2, 5]),
    ];
    let (hour, minute) = (random.below(24), random.below(60));
    let other = (hour + 1 + random.below(23)) % 24;
    let (days, numbers) = *random.among(&DAYS);
    let times = format!("{hour:02}:{minute:02},{other:02}:{minute:02}");
    let rule = Rule {
        minutes: vec![minute],
        hours: vec![hour, other],
        is_on: Box::new(move |date| numbers.contains(&weekday(date))),
        is_interval: false,
    };
    let text = format!("--at {times} --days {days}");
    let recurrence = Recurrence::At {
        times: times.parse().expect("times"),
        days: days.parse().expect("days"),
    };
    (recurrence, rule, text)
}

pub fn last_named(walked: &[Walked], now: Timestamp) -> Option<Timestamp> {
    walked
        .iter()
        .filter(|minute| minute.is_named && minute.at <= now)
        .map(|minute| minute.at)
        .next_back()
}

pub fn first_named(walked: &[Walked], now: Timestamp) -> Option<Timestamp> {
    walked
        .iter()
        .find(|minute| minute.is_named && minute.at > now)
        .map(|minute| minute.at)
}

#[test]
fn next_and_latest_are_what_a_walk_over_every_minute_finds() {
    let (cases, seed) = (
        setting("CALENDAR_CASES", 10_000),
        setting("CALENDAR_SEED", 20_261_125),
    );
    let zones = zones();
    assert!(zones.len() > 400, "the IANA database: {}", zones.len());
    let (mut compared, mut impossible) = (0, 0);
    for case in 0..cases {
        let mut random = Random(seed.wrapping_add(case.wrapping_mul(0x0012_3456_789b)));
        let zone = &zones[usize::try_from(case).expect("small") % zones.len()];
        let (recurrence, rule, text) = rule(&mut random);
        let Ok(calendar) = Calendar::new(recurrence, zone.clone()) else {
            impossible += 1;
            continue;
        };
        let now = instant(&mut random, zone.time_zone());
        // Monthly and yearly calendars need a longer walk now and then.
        let reach = SignedDuration::from_hours(24 * *random.among(&[2, 2, 2, 9, 9, 40]));
        let (from, to) = (now - reach, now + reach);
        let walked = rule.walk(from, to, zone.time_zone());
        let (latest, next) = (calendar.latest(now), calendar.next(now));
        let story = || {
            format!(
                "case {case} of seed {seed}: {text} in {} at {now}",
                zone.name()
            )
        };
        match last_named(&walked, now) {
            Some(expected) => assert_eq!(latest, Some(expected), "latest, {}", story()),
            None => assert!(
                latest.is_none_or(|latest| latest < from),
                "latest {latest:?}, {}",
                story()
            ),
        }
        match first_named(&walked, now) {
            Some(expected) => assert_eq!(next, Some(expected), "next, {}", story()),
            None => assert!(
                next.is_none_or(|next| next > to),
                "next {next:?}, {}",
                story()
            ),
        }
        compared += 1;
    }
    println!(
        "seed {seed}: {compared} calendars compared in {} zones, {impossible} name no date",
        zones.len()
    );
    assert!(compared * 100 > cases * 95, "{compared} of {cases}");
}
