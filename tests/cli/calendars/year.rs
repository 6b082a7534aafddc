//! A whole year on a paused clock: planner, executor and sandbox in one runtime, passes at random
//! moments, and none for days. Every occurrence is acted on once, or reported missed.

use super::{
    brute_force::Rule,
    property::{Random, zones},
};
use crate::{
    control::{Heroku, Restart},
    simulation::{Machine, paused_at},
};
use autorestart::{pass::Options, sandbox::Scenario, schedule::Zone, stop::Stop};
use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
};

/// A roll of three dynos that boot in seconds and settle in ten.
const ROLL: SignedDuration = SignedDuration::from_mins(2);

fn at(text: &str) -> Timestamp {
    text.parse().expect(text)
}

fn begin() -> Timestamp {
    at("2026-01-01T00:00:00Z")
}

fn end() -> Timestamp {
    at("2027-01-01T00:00:00Z")
}

/// The zones whose clock moves in 2026, those of one clock together.
fn zones_with_dst() -> Vec<Vec<Zone>> {
    let mut by_clock: BTreeMap<Vec<(Timestamp, i32)>, Vec<Zone>> = BTreeMap::new();
    for zone in zones() {
        let clock = zone.time_zone();
        let offset = |at: Timestamp| (at, clock.to_offset(at).seconds());
        let changes = clock.following(begin()).map(|change| change.timestamp());
        let mut changes: Vec<_> = changes.take_while(|at| *at < end()).map(offset).collect();
        changes.insert(0, offset(begin()));
        let is_moved = changes.iter().any(|(_, offset)| *offset != changes[0].1);
        if is_moved {
            by_clock.entry(changes).or_default().push(zone);
        }
    }
    by_clock.into_values().collect()
}

/// What comes between two passes: minutes, hours, now and then days.
fn gap(random: &mut Random) -> SignedDuration {
    let minutes = match random.below(20) {
        0 => 24 * 60 + random.below(3 * 24 * 60),
        1..=5 => 120 + random.below(600),
        _ => 5 + random.below(55),
    };
    SignedDuration::from_mins(minutes)
}

struct Year {
    restarts: Vec<Restart>,
    /// (app, occurrence, how many)
    missed: Vec<(String, Timestamp, usize)>,
    /// When passes began, the last one long after everything that was due.
    passes: Vec<Timestamp>,
    /// What became of steps that did not end well, by their pass.
    unwell: BTreeMap<Timestamp, Vec<String>>,
}

impl Year {
    fn over(&self) -> Timestamp {
        *self.passes.last().expect("passes")
    }
}

async fn live(schedules: &str, apps: &[(String, usize)], random: &mut Random) -> Year {
    let mut world = String::new();
    for (app, dynos) in apps {
        let _ = write!(
            world,
            "[[app]]\nname = \"{app}\"\n[[app.formation]]\ntype = \"web\"\nquantity = {dynos}\nup-for = \"20h\"\n"
        );
    }
    let clock = paused_at(begin());
    let heroku = Heroku::start(&Scenario::parse(&world).expect("a world"), clock).await;
    let machine = Machine::new(&heroku, clock, schedules);
    let (_sender, stop) = Stop::new();
    let (mut missed, mut passes) = (vec![], vec![]);
    let mut unwell: BTreeMap<Timestamp, Vec<String>> = BTreeMap::new();
    while clock.now() < end() {
        passes.push(clock.now());
        let report = machine.pass(Options::default(), None, &stop).await;
        for app in &report.apps {
            assert!(app.error.is_none(), "{}: {:?}", app.app, app.error);
            for ended in app.ended.iter().filter(|ended| !ended.outcome.is_good()) {
                let began = *passes.last().expect("this pass");
                let said = format!("{} {:?} {:?}", ended.step.dyno, ended.outcome, ended.detail);
                unwell.entry(began).or_default().push(said);
            }
            missed.extend(
                app.missed
                    .iter()
                    .map(|missed| (app.app.clone(), missed.occurrence, missed.count)),
            );
        }
        if passes.len() % 40 == 0 {
            // It grows, and is read whole; what it says can only prevent restarts.
            let _ = std::fs::remove_file(machine.state().ledger());
        }
        clock.sleep(gap(random)).await;
    }
    // Whatever was due is over by then.
    clock.sleep(SignedDuration::from_hours(12)).await;
    passes.push(clock.now());
    let report = machine.pass(Options::default(), None, &stop).await;
    for app in &report.apps {
        missed.extend(
            app.missed
                .iter()
                .map(|missed| (app.app.clone(), missed.occurrence, missed.count)),
        );
    }
    let restarts = heroku.record().await.restarts;
    Year {
        restarts,
        missed,
        passes,
        unwell,
    }
}

#[tokio::test(start_paused = true)]
async fn every_occurrence_of_a_year_is_acted_on_once_or_reported_missed() {
    let classes = zones_with_dst();
    let count: usize = classes.iter().map(Vec::len).sum();
    let seed = 20_261_125;
    let mut schedules = "version = 1\n".to_owned();
    // Every third app has three dynos, which are rolled one by one.
    let apps: Vec<(String, usize)> = (0..classes.len())
        .map(|number| (format!("app-{number}"), 1 + number % 3 / 2 * 2))
        .collect();
    for ((app, _), class) in apps.iter().zip(&classes) {
        let zone = &class[0];
        let _ = write!(
            schedules,
            "[[schedule]]\napp = \"{app}\"\nat = \"02:30\"\ntimezone = \"{zone}\"\nsince = {}\n",
            begin()
        );
    }
    let year = tokio::task::LocalSet::new()
        .run_until(Box::pin(live(&schedules, &apps, &mut Random(seed))))
        .await;
    let (mut acted, mut missed) = (0, 0);
    for ((app, dynos), class) in apps.iter().zip(&classes) {
        let occurrences = named(class[0].time_zone(), year.over());
        let (of_app, reported) = judge(&year, app, *dynos, &occurrences, class[0].name());
        (acted, missed) = (acted + of_app, missed + reported);
    }
    println!(
        "seed {seed}: {count} zones with DST, {} clocks, {} passes; {acted} occurrences acted on, {missed} reported missed",
        classes.len(),
        year.passes.len()
    );
    assert!(classes.len() > 25 && acted > 1_000 && missed > 1_000);
}

/// The occurrences of 02:30 that the brute force finds in the year.
fn named(zone: &TimeZone, over: Timestamp) -> Vec<Timestamp> {
    let rule = Rule {
        minutes: vec![30],
        hours: vec![2],
        is_on: Box::new(|_| true),
        is_interval: false,
    };
    let walked = rule.walk(begin(), over, zone);
    walked
        .into_iter()
        .filter(|minute| minute.is_named)
        .map(|minute| minute.at)
        .collect()
}

/// How many of an app's occurrences were acted on, once for each of its dynos, and how many reported;
/// none both, none neither.
fn judge(
    year: &Year,
    app: &str,
    dynos: usize,
    occurrences: &[Timestamp],
    zone: &str,
) -> (usize, usize) {
    let place = |at: Timestamp| {
        occurrences
            .partition_point(|occurrence| *occurrence <= at)
            .checked_sub(1)
    };
    let (mut acted, mut reported) = (BTreeMap::<usize, BTreeSet<&str>>::new(), BTreeSet::new());
    for restart in year.restarts.iter().filter(|restart| restart.app == app) {
        assert_eq!(restart.cause, "request");
        let place = place(restart.at)
            .unwrap_or_else(|| panic!("{zone}: nothing was due at {}", restart.at));
        assert!(
            acted.entry(place).or_default().insert(&restart.dyno),
            "{zone}: {} twice for {}",
            restart.dyno,
            occurrences[place]
        );
        let late = restart.at.duration_since(occurrences[place]);
        assert!(
            late <= SignedDuration::from_mins(60) + ROLL,
            "{zone}: {late} late"
        );
    }
    for (place, restarted) in &acted {
        assert_eq!(restarted.len(), dynos, "{zone}: {}", occurrences[*place]);
    }
    let acted: BTreeSet<usize> = acted.into_keys().collect();
    for (_, occurrence, count) in year.missed.iter().filter(|(of, _, _)| of == app) {
        let last = place(*occurrence).expect("an occurrence");
        assert_eq!(
            occurrences[last], *occurrence,
            "{zone}: no occurrence was missed then"
        );
        let first = last + 1 - count;
        for (place, occurrence) in occurrences.iter().enumerate().take(last + 1).skip(first) {
            assert!(
                reported.insert(place),
                "{zone}: {occurrence} is reported twice"
            );
        }
    }
    let both: Vec<_> = acted
        .intersection(&reported)
        .map(|place| occurrences[*place])
        .collect();
    let of_them = |at: &Timestamp| {
        both.iter()
            .any(|both| at.duration_since(*both).abs() < SignedDuration::from_hours(30))
    };
    let restarts = year.restarts.iter().filter(|restart| restart.app == app);
    let restarts: Vec<_> = restarts.map(|restart| restart.at).filter(of_them).collect();
    let passes: Vec<_> = year.passes.iter().filter(|at| of_them(at)).collect();
    assert!(
        both.is_empty(),
        "{zone}: acted on, and reported missed: {both:?}; restarts {restarts:?}, passes {passes:?}"
    );
    let all: BTreeSet<usize> = acted.union(&reported).copied().collect();
    let lost: Vec<_> = (0..occurrences.len())
        .filter(|place| !all.contains(place))
        .map(|place| occurrences[place])
        .collect();
    assert!(
        lost.is_empty(),
        "{zone}: neither acted on nor reported: {lost:?}"
    );
    (acted.len(), reported.len())
}

#[tokio::test(start_paused = true)]
async fn no_dyno_of_a_year_is_older_than_its_max_uptime_but_for_a_late_pass() {
    let schedules = "version = 1\n[[schedule]]\napp = \"app-0\"\nmax-uptime = \"6h\"\n";
    let apps = [("app-0".to_owned(), 3)];
    let longest = SignedDuration::from_hours(6);
    let year = tokio::task::LocalSet::new()
        .run_until(Box::pin(live(schedules, &apps, &mut Random(7))))
        .await;
    let first = begin() - SignedDuration::from_hours(20);
    let mut started = BTreeMap::new();
    for restart in &year.restarts {
        let started = started.entry(&restart.dyno).or_insert(first);
        let age = restart.at.duration_since(*started);
        assert!(age >= longest, "restarted at {age}, before its time");
        // The first pass that could: the one before came too early.
        let place = year.passes.partition_point(|pass| *pass <= restart.at);
        let before = place.checked_sub(2).map(|place| year.passes[place]);
        let could_be = before.map_or(longest, |before| before.duration_since(*started));
        assert!(
            could_be < longest + ROLL,
            "a pass at {before:?} left a dyno of {could_be}; what did not end well: {:?}",
            year.unwell
        );
        *started = restart.at;
    }
    let oldest = started.values().min().expect("dynos");
    let rest = year.over().duration_since(*oldest);
    println!(
        "{} restarts of 3 dynos in {} passes, the oldest of them {rest} old at the end",
        year.restarts.len(),
        year.passes.len()
    );
    assert!(year.restarts.len() > 1_200);
}
