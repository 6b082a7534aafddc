//! `tests/data/calendar-facts.tsv`: each line is a cron expression, an instant, and what comes next.

use autorestart::schedule::{Calendar, Recurrence, first_instant_of};
use jiff::{Timestamp, civil::DateTime, tz::TimeZone};

const FACTS: &str = include_str!("../../data/calendar-facts.tsv");

fn calendar(cron: &str, zone: &str) -> Calendar {
    let cron = cron.parse().expect(cron);
    Calendar::new(Recurrence::Cron(Box::new(cron)), zone.parse().expect(zone)).expect("a calendar")
}

fn shown(instant: Timestamp, zone: &TimeZone) -> String {
    let shown = instant.to_zoned_datetime(zone.clone());
    shown.strftime("%Y-%m-%dT%H:%M%:z").to_string()
}

#[test]
fn every_fact_holds_forwards_and_backwards() {
    let mut count = 0;
    for line in FACTS.lines().filter(|line| !line.starts_with('#')) {
        let [name, cron, zone, after, expected] = line.split('\t').collect::<Vec<_>>()[..] else {
            panic!("five columns: {line}");
        };
        let calendar = calendar(cron, zone);
        let zone = calendar.zone().time_zone();
        let after: DateTime = after.parse().expect(after);
        let after = first_instant_of(after, zone).expect("an instant");
        let expected: Vec<&str> = expected.split(' ').collect();
        let found = std::iter::successors(calendar.next(after), |last| calendar.next(*last));
        let found: Vec<Timestamp> = found.take(expected.len()).collect();
        let texts: Vec<String> = found.iter().map(|at| shown(*at, zone)).collect();
        assert_eq!(texts, expected, "{name}");
        let last = *found.last().expect("occurrences");
        let back = std::iter::successors(calendar.latest(last), |next| {
            calendar.latest(*next - jiff::SignedDuration::from_nanos(1))
        });
        let mut back: Vec<Timestamp> = back.take(expected.len()).collect();
        back.reverse();
        assert_eq!(back, found, "{name}, backwards");
        count += 1;
    }
    assert_eq!(count, 20, "the file has its lines");
}

#[test]
fn a_leap_day_is_found_over_a_century_that_has_none() {
    let calendar = calendar("0 0 29 2 *", "UTC");
    let after: Timestamp = "2096-03-01T00:00:00Z".parse().expect("an instant");
    let next: Timestamp = "2104-02-29T00:00:00Z".parse().expect("an instant");
    assert_eq!(calendar.next(after), Some(next));
}

#[test]
fn zones_with_odd_gaps_and_folds_run_each_time_once() {
    // (cron, zone, after, next three): half an hour, a whole day, midnight, two hours.
    for (cron, zone, after, expected) in [
        (
            "15 2 * * *",
            "Australia/Lord_Howe",
            "2026-10-03T15:00:00Z",
            [
                "2026-10-03T15:30:00Z",
                "2026-10-04T15:15:00Z",
                "2026-10-05T15:15:00Z",
            ],
        ),
        (
            "45 1 * * *",
            "Australia/Lord_Howe",
            "2026-04-04T12:00:00Z",
            [
                "2026-04-04T14:45:00Z",
                "2026-04-05T15:15:00Z",
                "2026-04-06T15:15:00Z",
            ],
        ),
        (
            "0 7 * * *",
            "Pacific/Apia",
            "2011-12-29T18:00:00Z",
            [
                "2011-12-30T10:00:00Z",
                "2011-12-30T17:00:00Z",
                "2011-12-31T17:00:00Z",
            ],
        ),
        (
            "0 */6 * * *",
            "Pacific/Apia",
            "2011-12-30T00:00:00Z",
            [
                "2011-12-30T04:00:00Z",
                "2011-12-30T10:00:00Z",
                "2011-12-30T16:00:00Z",
            ],
        ),
        (
            "30 0 * * *",
            "America/Havana",
            "2026-03-07T12:00:00Z",
            [
                "2026-03-08T05:00:00Z",
                "2026-03-09T04:30:00Z",
                "2026-03-10T04:30:00Z",
            ],
        ),
        (
            "30 0 * * *",
            "America/Havana",
            "2026-10-31T12:00:00Z",
            [
                "2026-11-01T04:30:00Z",
                "2026-11-02T05:30:00Z",
                "2026-11-03T05:30:00Z",
            ],
        ),
        (
            "30 1 * * *",
            "Antarctica/Troll",
            "2026-03-28T12:00:00Z",
            [
                "2026-03-29T01:00:00Z",
                "2026-03-29T23:30:00Z",
                "2026-03-30T23:30:00Z",
            ],
        ),
    ] {
        let calendar = calendar(cron, zone);
        let after: Timestamp = after.parse().expect(after);
        let found = std::iter::successors(calendar.next(after), |last| calendar.next(*last));
        let found: Vec<String> = found.take(3).map(|at| at.to_string()).collect();
        assert_eq!(found, expected, "{cron} {zone}");
    }
}

#[test]
fn an_expression_is_read_back_as_it_is_shown() {
    for cron in [
        "0 7,14 * * mon-fri",
        "@daily",
        "*/15 9-17 * jan,jul 1-5",
        "0 0 LW * *",
        "0 3 15W 2 fri#2",
    ] {
        let read: autorestart::schedule::Cron = cron.parse().expect(cron);
        let again: autorestart::schedule::Cron = read.to_string().parse().expect("what was shown");
        assert_eq!(read, again);
    }
}
