//! Every fault on every call, in turn: one restart of each dyno, or a non-zero exit with the reason;
//! never two. And two machines at the same moment.

use crate::{
    control::Heroku,
    simulation::{Machine, paused_at},
};
use autorestart::{clock::Clock, pass::Options, plan::Outcome, sandbox::Scenario, stop::Stop};
use jiff::SignedDuration;
use serde_json::{Value, json};

const START: &str = "2026-03-02T07:00:30Z";
const SCHEDULES: &str = "version = 1\n[[schedule]]\napp = \"example-app\"\nat = \"07:00\"\ntimezone = \"UTC\"\nsince = 2026-03-02T06:00:00Z\n";

fn clock() -> Clock {
    paused_at(START.parse().expect("an instant"))
}

fn world(web: u32) -> Scenario {
    let text = format!(
        "[[app]]\nname = \"example-app\"\n[[app.formation]]\ntype = \"web\"\nquantity = {web}\n"
    );
    Scenario::parse(&text).expect("a scenario")
}

/// The calls of a pass: method, part of the path, how many such calls go before.
const CALLS: [(&str, &str, u32); 8] = [
    ("GET", "/apps/example-app", 0),
    ("GET", "/formation", 0),
    ("GET", "/features/preboot", 0),
    ("GET", "/dynos", 0),
    ("GET", "/dynos", 1),
    ("GET", "/dynos", 2),
    ("GET", "/dynos", 4),
    ("DELETE", "/dynos/web.1", 0),
];

/// What a call may meet (HEROKU 1.2, and the network).
pub fn faults() -> Vec<Value> {
    let status = |status: u16, id: &str| json!({ "status": { "status": status, "id": id, "message": "Heroku says no." } });
    vec![
        status(500, "internal_server_error"),
        status(503, ""),
        json!({ "status": { "status": 429, "id": "rate_limit", "message": "Too many.", "retry-after": 20 } }),
        status(401, "unauthorized"),
        status(402, "delinquent"),
        status(403, "forbidden"),
        status(403, "suspended"),
        status(403, "two_factor"),
        status(404, "not_found"),
        status(409, "conflict"),
        status(422, "invalid_params"),
        json!({ "status-after": { "status": 502 } }),
        json!("reset-before"),
        json!("reset-after"),
        json!("hang"),
        json!("hang-after"),
        json!({ "delay": { "ms": 20_000 } }),
        json!({ "delay": { "ms": 90_000 } }),
        json!("garbage"),
        json!("truncate"),
    ]
}

#[tokio::test(start_paused = true)]
async fn one_restart_whatever_goes_wrong_with_whichever_call() {
    let mut rows = 0;
    for (method, path, skip) in CALLS {
        for kind in faults() {
            for times in [1, 50] {
                let what = format!("{method} {path} after {skip}: {kind} x{times}");
                let heroku = Heroku::start(&world(2), clock()).await;
                let machine = Machine::new(&heroku, clock(), SCHEDULES);
                heroku.faults(&json!([{ "method": method, "path": path, "skip": skip, "times": times, "kind": kind }])).await;
                let (_sender, stop) = Stop::new();
                let report = machine.pass(Options::default(), None, &stop).await;
                let record = heroku.record().await.restarts();
                assert!(
                    record.values().all(|count| *count == 1),
                    "{what}: {record:?}"
                );
                let ended: Vec<_> = report.apps.iter().flat_map(|app| &app.ended).collect();
                let restarted = ended
                    .iter()
                    .filter(|ended| ended.outcome == Outcome::Restarted)
                    .count();
                if report.exit_code() == 0 {
                    assert_eq!((restarted, record.len()), (2, 2), "{what}: {report:#?}");
                } else {
                    let is_said = report
                        .apps
                        .iter()
                        .any(|app| app.error.is_some() || app.due_skips().next().is_some())
                        || ended.iter().any(|ended| ended.detail.is_some());
                    assert!(is_said, "{what} is not explained: {report:#?}");
                }
                // The trouble is over: further passes finish what is left, and restart nothing twice.
                heroku
                    .send(reqwest::Method::DELETE, "/sandbox/faults", &json!({}))
                    .await;
                for _ in 0..2 {
                    machine.pass(Options::default(), None, &stop).await;
                }
                let record = heroku.record().await;
                assert!(
                    record.restarts().values().all(|count| *count == 1),
                    "{what}, afterwards: {:?}",
                    record.restarts
                );
                assert_eq!(
                    record.restarts().len(),
                    2,
                    "{what}: both are restarted in the end"
                );
                assert!(record.most_down() <= 1, "{what}");
                rows += 1;
            }
        }
    }
    println!("{rows} combinations of call and fault");
}

/// A list is as old as the question: what was up when Heroku wrote it may be down when it comes.
#[tokio::test(start_paused = true)]
async fn no_restart_is_begun_on_a_list_that_came_late() {
    let slow = json!([{ "path": "/dynos", "skip": 3, "times": 40, "kind": { "delay": { "ms": 20_000 } } }]);
    for crash_after in [2, 5, 8, 11, 14, 17, 20, 26, 32] {
        let heroku = Heroku::start(&world(3), clock()).await;
        let then = json!({ "crash-after": format!("{crash_after}s") });
        let habits = json!({ "habits": { "boot": "8s", "then": then } });
        heroku.patch("/sandbox/apps/example-app", &habits).await;
        let machine = Machine::new(&heroku, clock(), SCHEDULES);
        heroku.faults(&slow).await;
        let (_sender, stop) = Stop::new();
        let report = machine.pass(Options::default(), None, &stop).await;
        let record = heroku.record().await;
        assert_eq!(record.restarts().len(), 1, "{crash_after} s: {report:#?}");
        assert_eq!(record.most_down(), 1, "{crash_after} s: {report:#?}");
        assert_eq!(report.exit_code(), 3, "{crash_after} s: {report:#?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_list_that_always_comes_late_is_told_as_the_reason() {
    let heroku = Heroku::start(&world(2), clock()).await;
    let machine = Machine::new(&heroku, clock(), SCHEDULES);
    let slow = json!([{ "path": "/dynos", "times": 1_000, "kind": { "delay": { "ms": 6_000 } } }]);
    heroku.faults(&slow).await;
    let (_sender, stop) = Stop::new();
    let once = Options {
        no_wait: true,
        ..Options::default()
    };
    let report = machine.pass(once, None, &stop).await;
    assert_eq!(report.exit_code(), 3, "{report:#?}");
    let why = format!("{report:?}");
    assert!(why.contains("Heroku takes long to list the dynos"), "{why}");
    assert!(heroku.record().await.restarts().is_empty());
    heroku.no_faults().await;
    let report = machine.pass(Options::default(), None, &stop).await;
    assert_eq!(report.exit_code(), 0, "{report:#?}");
    assert_eq!(heroku.record().await.restarts().len(), 2);
}

/// Two machines begin within 50 ms of each other, replies take 100 ms: how many dynos are restarted
/// once too often. The README quotes what this prints.
#[tokio::test(start_paused = true)]
async fn two_machines_at_the_same_moment_rarely_restart_a_dyno_twice() {
    const TRIALS: usize = 200;
    let (mut doubles, mut dynos, mut trials_with_doubles, mut too_many_down) = (0, 0, 0, 0);
    for trial in 0..TRIALS {
        let heroku = Heroku::start(&world(3), clock()).await;
        heroku
            .patch("/sandbox", &json!({ "latency-ms": 100 }))
            .await;
        let machines: Vec<Machine> = (0..2)
            .map(|_| Machine::new(&heroku, clock(), SCHEDULES))
            .collect();
        for (place, machine) in machines.iter().enumerate() {
            let state = machine.home.path().join("state");
            std::fs::create_dir_all(&state).expect("a directory");
            std::fs::write(
                state.join("runner-id"),
                format!("trial-{trial}-runner-{place}"),
            )
            .expect("a file");
        }
        let (_sender, stop) = Stop::new();
        let options = Options {
            is_unattended: true,
            ..Options::default()
        };
        let late = SignedDuration::from_millis(i64::try_from(trial % 51).expect("small"));
        let second = async {
            clock().sleep(late).await;
            machines[1].pass(options.clone(), None, &stop).await
        };
        tokio::join!(machines[0].pass(options.clone(), None, &stop), second);
        let record = heroku.record().await;
        let counts = record.restarts();
        assert_eq!(counts.len(), 3, "every dyno is restarted: {counts:?}");
        let extra: u32 = counts.values().map(|count| count - 1).sum();
        doubles += extra;
        dynos += counts.len();
        trials_with_doubles += usize::from(extra > 0);
        too_many_down += usize::from(record.most_down() > 1);
    }
    println!(
        "{TRIALS} trials: {doubles} of {dynos} dynos restarted once too often, in {trials_with_doubles} trials; more than one down in {too_many_down}"
    );
    assert_eq!(
        too_many_down, 0,
        "never more than one of a process type down"
    );
    assert!(
        trials_with_doubles * 20 <= TRIALS,
        "at most one trial in twenty"
    );
}
