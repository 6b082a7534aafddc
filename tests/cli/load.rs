//! Many apps due at once, on a paused clock: no request is refused, each dyno restarts once, and it takes as
//! long as was foretold.

use crate::{
    control::Heroku,
    simulation::{Machine, paused_at},
};
use autorestart::{
    execute::Stop,
    pass::Options,
    plan::{Outcome, RollAhead, together},
    sandbox::Scenario,
};
use jiff::SignedDuration;
use serde_json::json;
use std::collections::BTreeMap;

const START: &str = "2026-03-02T07:00:10Z";

fn world(apps: usize, dynos: usize, quota: u64) -> String {
    let app = |number: usize| {
        format!(
            "[[app]]\nname = \"app-{number:03}\"\n[app.habits]\nboot = \"20s\"\n[[app.formation]]\ntype = \"web\"\nquantity = {dynos}\n"
        )
    };
    let apps: String = (0..apps).map(app).collect();
    format!("seed = 1\nquota = {quota}\n{apps}")
}

fn schedules(apps: usize, catch_up: &str) -> String {
    let one = |number: usize| {
        format!(
            "[[schedule]]\napp = \"app-{number:03}\"\nat = \"07:00\"\ntimezone = \"UTC\"\ncatch-up = \"{catch_up}\"\nsince = 2026-03-02T06:00:00Z\n"
        )
    };
    let all: String = (0..apps).map(one).collect();
    format!("version = 1\n{all}")
}

#[tokio::test(start_paused = true)]
async fn a_hundred_apps_at_once_are_refused_no_request() {
    const APPS: usize = 100;
    let clock = paused_at(START.parse().expect("an instant"));
    let scenario = Scenario::parse(&world(APPS, 10, 4_500)).expect("a world");
    let heroku = Heroku::start(&scenario, clock).await;
    let machine = Machine::new(&heroku, clock, &schedules(APPS, "1h"));
    let (_sender, stop) = Stop::new();
    let began = clock.now();
    let report = machine.pass(Options::default(), None, &stop).await;
    let took = clock.now().duration_since(began);
    let record = heroku.record().await;
    let restarted = report.apps.iter().flat_map(|app| &app.ended);
    let restarted = restarted.filter(|ended| ended.outcome == Outcome::Restarted);
    let mut counts: BTreeMap<(&str, &str), u32> = BTreeMap::new();
    for restart in &record.restarts {
        *counts.entry((&restart.app, &restart.dyno)).or_default() += 1;
    }
    let refused = record.requests.iter().filter(|one| one.status == Some(429));
    println!(
        "{APPS} apps: {} s, {} requests, {} refused, {:?} left",
        took.as_secs(),
        record.requests.len(),
        refused.clone().count(),
        report.remaining
    );
    assert_eq!(refused.count(), 0);
    // What the next occurrence takes is foretold from how long these took, with what is left by then.
    let past = |app: &str| -> Vec<SignedDuration> {
        let of_it = report.apps.iter().filter(|report| report.app == app);
        let ended = of_it.flat_map(|report| &report.ended);
        ended.map(|ended| ended.took).collect()
    };
    let rolls: Vec<RollAhead> = report
        .apps
        .iter()
        .filter_map(|app| {
            let steps: Vec<_> = app.ended.iter().map(|ended| ended.step.clone()).collect();
            RollAhead::new(&steps, &past(&app.app), SignedDuration::from_hours(1))
        })
        .collect();
    assert_eq!(rolls.len(), APPS);
    let foretold = together(&rolls, Some(4_500), machine.concurrency);
    println!(
        "foretold: {} s, {} requests",
        foretold.length.as_secs(),
        foretold.requests
    );
    let off = (foretold.length - took).as_secs_f64().abs() / took.as_secs_f64();
    assert!(off < 0.2, "{off}: {foretold:?} and {took}");
    assert_eq!((counts.len(), restarted.count()), (1_000, 1_000));
    assert!(counts.values().all(|count| *count == 1), "{counts:?}");
    assert!(record.most_down() <= 1);
    assert_eq!(report.exit_code(), 0);
}

#[tokio::test(start_paused = true)]
async fn where_few_requests_are_left_none_is_refused_and_every_dyno_is_restarted_in_time() {
    const APPS: usize = 100;
    for left in [150, 600, 1_500] {
        let clock = paused_at(START.parse().expect("an instant"));
        let scenario = Scenario::parse(&world(APPS, 5, 4_500)).expect("a world");
        let heroku = Heroku::start(&scenario, clock).await;
        heroku
            .patch("/sandbox", &json!({ "remaining": left }))
            .await;
        let machine = Machine::new(&heroku, clock, &schedules(APPS, "3h"));
        let (_sender, stop) = Stop::new();
        let report = machine.pass(Options::default(), None, &stop).await;
        let took = clock
            .now()
            .duration_since(START.parse().expect("an instant"));
        let record = heroku.record().await;
        let refused = record.requests.iter().filter(|one| one.status == Some(429));
        let (restarts, refused) = (record.restarts.len(), refused.count());
        println!(
            "{left} left at first: {restarts} of 500 dynos in {took:#}, {} requests, {refused} refused, {:?} left",
            record.requests.len(),
            report.remaining
        );
        assert_eq!((restarts, refused, report.exit_code()), (500, 0, 0));
        assert!(record.most_down() <= 1);
    }
}
