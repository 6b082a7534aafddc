//! Many apps due at once, on a paused clock: no request is refused, each dyno restarts once, and it takes as
//! long as was foretold.

use crate::{
    control::Heroku,
    process::{FAST, Home, Served, block, block_paused, told_on_time},
    simulation::{Machine, paused_at},
};
use autorestart::{
    pass::Options,
    plan::{Outcome, RollAhead, Together, together},
    report::{AppReport, Report},
    sandbox::Scenario,
    stop::Stop,
};
use jiff::SignedDuration;
use serde_json::{Value, json};
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

/// One pass over all apps: how long it took, and what came of it. Each dyno is restarted once, and no request refused.
async fn roll(heroku: &Heroku, machine: &Machine) -> (SignedDuration, Report) {
    heroku
        .send(reqwest::Method::DELETE, "/sandbox/record", &Value::Null)
        .await;
    let (_sender, stop) = Stop::new();
    let began = machine.clock.now();
    let report = machine.pass(Options::default(), None, &stop).await;
    let took = machine.clock.now().duration_since(began);
    let record = heroku.record().await;
    let restarted = report.apps.iter().flat_map(|app| &app.ended);
    let restarted = restarted
        .filter(|ended| ended.outcome == Outcome::Restarted)
        .count();
    let mut counts: BTreeMap<(&str, &str), u32> = BTreeMap::new();
    for restart in record.restarts.iter().filter(|one| one.cause == "request") {
        *counts.entry((&restart.app, &restart.dyno)).or_default() += 1;
    }
    let refused = record.requests.iter().filter(|one| one.status == Some(429));
    let refused = refused.count();
    println!(
        "{} s, {} requests, {refused} refused, {:?} left",
        took.as_secs(),
        record.requests.len(),
        report.remaining
    );
    assert_eq!((counts.len(), restarted, refused), (1_000, 1_000, 0));
    assert!(counts.values().all(|count| *count == 1), "{counts:?}");
    assert!(record.most_down() <= 1);
    assert_eq!(report.exit_code(), 0);
    (took, report)
}

/// What the next occurrence takes, from how long this one's restarts took, as `plan` counts.
fn foretell(report: &Report, concurrency: usize) -> Together {
    let past = |app: &str| -> Vec<SignedDuration> {
        let of_it = report.apps.iter().filter(|report| report.app == app);
        let ended = of_it.flat_map(|report| &report.ended);
        ended.map(|ended| ended.took).collect()
    };
    let ahead = |app: &AppReport| {
        let steps: Vec<_> = app.ended.iter().map(|ended| ended.step.clone()).collect();
        RollAhead::new(&steps, &past(&app.app), SignedDuration::from_hours(1))
    };
    let rolls: Vec<RollAhead> = report.apps.iter().filter_map(ahead).collect();
    assert_eq!(rolls.len(), report.apps.len());
    together(&rolls, Some(4_500), concurrency)
}

#[tokio::test(start_paused = true)]
async fn a_hundred_apps_at_once_are_refused_no_request_and_the_next_time_takes_what_was_foretold() {
    const APPS: usize = 100;
    let start = START.parse().expect("an instant");
    let clock = paused_at(start);
    let scenario = Scenario::parse(&world(APPS, 10, 4_500)).expect("a world");
    let heroku = Heroku::start(&scenario, clock).await;
    let machine = Machine::new(&heroku, clock, &schedules(APPS, "1h"));
    let (_, first) = roll(&heroku, &machine).await;
    let foretold = foretell(&first, machine.concurrency);
    println!(
        "foretold for the next day: {} s, {} requests",
        foretold.length.as_secs(),
        foretold.requests
    );
    let next = start + SignedDuration::from_hours(24);
    clock.sleep(next.duration_since(clock.now())).await;
    let (took, _) = roll(&heroku, &machine).await;
    let off = (foretold.length - took).as_secs_f64().abs() / took.as_secs_f64();
    assert!(off < 0.2, "{off}: {foretold:?} and {took}");
}

/// `plan` itself, of what is due: the rolls go side by side, so that all of them take as long as the longest.
#[test]
fn plan_tells_what_the_rolls_of_several_apps_come_to() {
    block(async {
        let home = Home::new().without_offset();
        let path = home.path().join("world.toml");
        let boot = |text: String| text.replace("boot = \"20s\"", "boot = \"1s\"");
        std::fs::write(&path, boot(world(3, 2, 4_500))).expect("a file");
        home.write_schedules(&schedules(3, "1h"));
        let served = Served::start(&path.display().to_string(), Some(FAST));
        let plan = async |words: &[&str]| {
            let told = told_on_time(&home, &served, words).await;
            assert_eq!(told.code, Some(0), "{told:?}");
            told
        };
        let first = plan(&["plan", "--json"]).await.json();
        assert_eq!(first["together"], Value::Null, "no restart is known yet");
        let run = told_on_time(&home, &served, &["run"]).await;
        assert_eq!(run.code, Some(0), "{run:?}");
        served
            .heroku
            .patch("/sandbox", &json!({ "advance": "24h" }))
            .await;
        let json = plan(&["plan", "--json"]).await.json();
        let (all, rolls) = (&json["together"], json["rolls"].as_array().expect("rolls"));
        let seconds = |one: &Value| one["seconds"].as_u64().unwrap_or_else(|| panic!("{json}"));
        let (longest, sum) = (
            rolls.iter().map(seconds).max().expect("one"),
            rolls.iter().map(seconds).sum::<u64>(),
        );
        assert_eq!((rolls.len(), &all["apps"]), (3, &json!(3)), "{json}");
        assert!(
            (longest * 8 / 10..sum).contains(&seconds(all)),
            "{longest}, {sum}: {json}"
        );
        let requests = all["requests"].as_u64().expect("a count");
        assert!((6 * 2..6 * 20).contains(&requests), "{json}");
        let left = all["remaining"].as_u64().expect("a count");
        assert!((4_000..4_500).contains(&left), "{json}");
        let text = plan(&["plan"]).await.stdout;
        assert!(text.contains("All 3 apps together take about "), "{text}");
    });
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

/// When the last dyno of each app was asked to restart, where this is the matter with the first one.
async fn last_asked(fault: Option<(&str, &Value)>) -> BTreeMap<String, SignedDuration> {
    let start = START.parse().expect("an instant");
    let clock = paused_at(start);
    let scenario = Scenario::parse(&world(6, 3, 4_500)).expect("a world");
    let heroku = Heroku::start(&scenario, clock).await;
    let machine = Machine::new(&heroku, clock, &schedules(6, "1h"));
    if let Some((call, kind)) = fault {
        let url = format!("{}/apps/app-000", heroku.url);
        let app = reqwest::Client::new().get(url).bearer_auth("a-token");
        let app = app.header("accept", "application/vnd.heroku+json; version=3");
        let app: Value = app
            .send()
            .await
            .expect("sent")
            .json()
            .await
            .expect("an app");
        let id = app["id"].as_str().expect("an id");
        let of = |app: &str| json!({ "path": format!("/apps/{app}{call}"), "times": 1_000, "kind": kind });
        heroku.faults(&json!([of("app-000"), of(id)])).await;
    }
    let (_sender, stop) = Stop::new();
    let report = machine.pass(Options::default(), None, &stop).await;
    let is_said = report.apps.iter().any(|app| {
        let is_bad = app.ended.iter().any(|ended| !ended.outcome.is_good());
        app.app == "app-000" && (app.error.is_some() || is_bad)
    });
    assert_eq!(is_said, fault.is_some(), "{fault:?}: {report:?}");
    let mut last = BTreeMap::new();
    for restart in heroku.record().await.restarts {
        last.insert(restart.app, restart.asked_at.duration_since(start));
    }
    last
}

#[test]
fn one_app_that_hangs_or_fails_holds_no_other() {
    let status = |status: u16, id: &str| json!({ "status": { "status": status, "id": id, "message": "no" } });
    let kinds = [
        json!("hang"),
        json!("reset-before"),
        status(500, "internal_server_error"),
        status(403, "forbidden"),
    ];
    let asked = |fault| block_paused(last_asked(fault));
    let unbroken = asked(None);
    assert_eq!(unbroken.len(), 6);
    for kind in &kinds {
        for call in ["", "/formation", "/dynos"] {
            let broken = asked(Some((call, kind)));
            for (app, at) in unbroken.iter().filter(|(app, _)| *app != "app-000") {
                let later = broken.get(app).map(|late| *late - *at);
                let is_held = later.is_none_or(|later| later > SignedDuration::from_secs(10));
                assert!(!is_held, "{app} after {kind} of {call}: {later:?} later");
            }
        }
    }
}
