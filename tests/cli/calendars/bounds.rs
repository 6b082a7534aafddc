//! Windows and blackouts: an occurrence outside is void, whatever the clock does that night.

use super::{
    brute_force::{Reading, Rule, Walked, date_of},
    property::{Random, first_named, instant, last_named, rule, zones},
};
use autorestart::schedule::{
    App, Bounds, Calendar, Days, Guards, Membership, OfMemory, Recurrence, Schedule, Target, Zone,
};
use jiff::{SignedDuration, Timestamp, ToSpan as _, civil::Date};

pub fn schedule(calendar: Option<Calendar>, bounds: Bounds) -> Schedule {
    Schedule {
        name: "default".parse().expect("a name"),
        app: App {
            name: "example-app".parse().expect("a name"),
            id: None,
            account: None,
            host: None,
            membership: Membership::Alone,
        },
        target: Target::All,
        calendar,
        max_uptime: None,
        jitter: None,
        own_daily_cycle: false,
        memory: OfMemory::default(),
        bounds,
        guards: Guards::default(),
        notify: vec![],
        since: None,
        pause: None,
    }
}

pub fn bounds(zone: &Zone, windows: &[&str], blackouts: &[&str]) -> Bounds {
    Bounds {
        windows: windows
            .iter()
            .map(|text| text.parse().expect(text))
            .collect(),
        blackouts: blackouts
            .iter()
            .map(|text| text.parse().expect(text))
            .collect(),
        zone: zone.clone(),
    }
}

fn at(text: &str) -> Timestamp {
    text.parse().expect(text)
}

#[test]
fn a_window_over_midnight_belongs_to_the_day_on_which_it_opens() {
    let zone: Zone = "Europe/Paris".parse().expect("a zone");
    let saturday = bounds(&zone, &["sat 22:00-06:00"], &[]);
    for (instant, is_open) in [
        ("2026-11-28T02:00:00Z", false), // Saturday 03:00
        ("2026-11-28T20:59:59Z", false),
        ("2026-11-28T21:00:00Z", true), // Saturday 22:00
        ("2026-11-29T02:00:00Z", true), // Sunday 03:00
        ("2026-11-29T04:59:59Z", true),
        ("2026-11-29T05:00:00Z", false), // Sunday 06:00
        ("2026-11-29T21:30:00Z", false), // Sunday 22:30
    ] {
        assert_eq!(saturday.bar(at(instant)).is_none(), is_open, "{instant}");
    }
    assert_eq!(
        saturday.next_allowed(at("2026-11-25T12:00:00Z")),
        Some(at("2026-11-28T21:00:00Z"))
    );
    assert_eq!(
        saturday.allowed_until(at("2026-11-29T02:00:00Z")),
        Some(at("2026-11-29T05:00:00Z"))
    );
    assert_eq!(
        saturday.allowed_since(at("2026-11-29T02:00:00Z")),
        Some(at("2026-11-28T21:00:00Z"))
    );
}

#[test]
fn windows_that_touch_are_one_and_a_blackout_cuts_them() {
    let utc = Zone::utc();
    let two = bounds(
        &utc,
        &["22:00-24:00", "00:00-06:00"],
        &["2026-12-24..2026-12-26"],
    );
    assert_eq!(
        two.allowed_until(at("2026-11-25T23:00:00Z")),
        Some(at("2026-11-26T06:00:00Z"))
    );
    assert_eq!(
        two.allowed_since(at("2026-11-26T05:00:00Z")),
        Some(at("2026-11-25T22:00:00Z"))
    );
    assert_eq!(
        two.allowed_until(at("2026-12-23T23:00:00Z")),
        Some(at("2026-12-24T00:00:00Z"))
    );
    assert_eq!(
        two.next_allowed(at("2026-12-24T01:00:00Z")),
        Some(at("2026-12-27T00:00:00Z"))
    );
    let last = two
        .last_allowed(at("2026-12-25T01:00:00Z"))
        .expect("an instant");
    assert_eq!(
        last + SignedDuration::from_nanos(1),
        at("2026-12-24T00:00:00Z")
    );
    let always = bounds(&utc, &["00:00-24:00"], &[]);
    assert_eq!(always.allowed_until(at("2026-11-25T23:00:00Z")), None);
}

#[test]
fn a_weekly_window_closes_although_a_gap_of_the_clock_swallows_the_next() {
    let zone: Zone = "America/New_York".parse().expect("a zone");
    let sunday = bounds(&zone, &["sun 02:00-03:00"], &[]);
    // On 8 March there is no such hour.
    let inside = at("2026-03-01T07:30:00Z");
    assert_eq!(
        sunday.allowed_until(inside),
        Some(at("2026-03-01T08:00:00Z"))
    );
    assert_eq!(
        sunday.next_allowed(at("2026-03-02T00:00:00Z")),
        Some(at("2026-03-15T06:00:00Z"))
    );
    assert_eq!(
        sunday.allowed_since(at("2026-03-15T06:30:00Z")),
        Some(at("2026-03-15T06:00:00Z"))
    );
}

#[test]
fn the_own_cycle_takes_a_window_that_opens_in_time_and_never_a_young_dyno() {
    let utc = Zone::utc();
    let of = |at_text: &str, windows: &[&str], dark: &[&str], created: &str| {
        let times = at_text.parse().expect(at_text);
        let daily = Recurrence::At {
            times,
            days: Days::DAILY,
        };
        let calendar = Calendar::new(daily, utc.clone()).expect("a calendar");
        let mut schedule = schedule(Some(calendar), bounds(&utc, windows, dark));
        schedule.own_daily_cycle = true;
        schedule.own_cycle_of(at(created))
    };
    // 23 hours are 21:30; the window opens half an hour later, and the one of the start is not used again.
    let late = of("22:30", &["22:00-24:00"], &[], "2026-03-02T22:30:00Z");
    assert_eq!(late, Some(at("2026-03-03T22:00:00Z")));
    // The evening before a blackout, an hour before it begins.
    let dark = of(
        "10",
        &[],
        &["2026-12-24..2026-12-26"],
        "2026-12-23T10:00:00Z",
    );
    assert_eq!(dark, Some(at("2026-12-23T23:00:00Z")));
    // In the window of the start, six hours later at the earliest.
    let young = of("22:30", &["22:00-23:00"], &[], "2026-03-02T22:00:10Z");
    assert_eq!(
        young,
        Some(at("2026-03-03T21:00:10Z")),
        "it waits for the next window"
    );
}

/// The minute of a reading on its date.
fn minute(reading: Reading) -> i64 {
    reading.rem_euclid(24 * 60)
}

struct Plain {
    opens: i64,
    closes: i64,
    days: &'static [i64],
    dark: Option<(Date, Date)>,
}

impl Plain {
    /// Whether the window of the latest reading ever shown, or of the day before, is open.
    fn is_allowed(&self, latest: Reading) -> bool {
        let date = date_of(latest);
        let is_dark = self
            .dark
            .is_some_and(|(first, last)| first <= date && date <= last);
        let is_on = |date: Date| {
            let weekday = i64::from(date.weekday().to_sunday_zero_offset());
            self.days.contains(&weekday)
        };
        let (minute, yesterday) = (minute(latest), date - 1.day());
        let is_open = if self.opens < self.closes {
            is_on(date) && (self.opens..self.closes).contains(&minute)
        } else {
            (is_on(date) && minute >= self.opens) || (is_on(yesterday) && minute < self.closes)
        };
        is_open && !is_dark
    }
}

#[test]
fn valid_occurrences_are_what_a_walk_over_every_minute_finds() {
    const DAYS: [(&str, &[i64]); 4] = [
        ("", &[0, 1, 2, 3, 4, 5, 6]),
        ("sat ", &[6]),
        ("mon-fri ", &[1, 2, 3, 4, 5]),
        ("sat,sun ", &[6, 0]),
    ];
    let zones = zones();
    let clock = |minute: i64| format!("{:02}:{:02}", minute / 60, minute % 60);
    let (mut found, mut void) = (0, 0);
    for case in 0..1_000_u64 {
        let mut random = Random(case.wrapping_mul(0x0055_aa11_77cd));
        let zone = random.among(&zones).clone();
        let (recurrence, rule, text) = rule(&mut random);
        let Ok(calendar) = Calendar::new(recurrence, zone.clone()) else {
            continue;
        };
        let now = instant(&mut random, zone.time_zone());
        let (days, numbers) = *random.among(&DAYS);
        let (opens, closes) = (random.below(96) * 15, random.below(96) * 15);
        if opens == closes {
            continue;
        }
        let today = now.to_zoned_datetime(zone.time_zone().clone()).date();
        let first = today + (random.below(7) - 3).days();
        let dark = (random.below(2) == 0).then(|| (first, first + random.below(3).days()));
        let window = format!("{days}{}-{}", clock(opens), clock(closes));
        let except = dark.map(|(first, last)| format!("{first}..{last}"));
        let except: Vec<&str> = except.iter().map(String::as_str).collect();
        let schedule = schedule(Some(calendar), bounds(&zone, &[&window], &except));
        let plain = Plain {
            opens,
            closes,
            days: numbers,
            dark,
        };
        let reach = SignedDuration::from_hours(24 * *random.among(&[2, 9]));
        let walked = valid(&rule, &plain, (now - reach, now + reach), &zone);
        let story = || {
            format!(
                "case {case}: {text} within {window} except {except:?} in {} at {now}",
                zone.name()
            )
        };
        let (latest, next) = (
            schedule.latest_occurrence(now),
            schedule.next_occurrence(now),
        );
        match last_named(&walked, now) {
            Some(expected) => assert_eq!(latest, Some(expected), "latest, {}", story()),
            None => assert!(
                latest.is_none_or(|latest| latest < now - reach),
                "latest {latest:?}, {}",
                story()
            ),
        }
        if let Some(expected) = first_named(&walked, now) {
            assert_eq!(next, Some(expected), "next, {}", story());
            found += 1;
        } else {
            let is_later = next.is_none_or(|next| next > now + reach);
            assert!(is_later, "next {next:?}, {}", story());
            void += 1;
        }
    }
    assert!(
        found > 100 && void > 100,
        "{found} found, {void} without any"
    );
}

fn valid(
    rule: &Rule,
    plain: &Plain,
    (from, to): (Timestamp, Timestamp),
    zone: &Zone,
) -> Vec<Walked> {
    let mut walked = rule.walk(from, to, zone.time_zone());
    for minute in &mut walked {
        minute.is_named &= plain.is_allowed(minute.latest);
    }
    walked
}
