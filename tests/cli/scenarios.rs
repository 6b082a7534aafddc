//! Every file of `tests/scenarios` is one story: how the world begins, what happens, and what must
//! come of it. They run on a paused clock, so that an hour takes milliseconds.

use crate::{control::Heroku, process::alone, simulation::Machine};
use autorestart::{
    clock::Clock,
    pass::{Options, Request},
    plan::{Skip, due::Given},
    report::{AppReport, Report},
    sandbox::Scenario,
    schedule::{Span, Target},
    stop::Stop,
};
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    path::Path,
    sync::atomic::{AtomicI64, Ordering},
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Story {
    /// Heroku's time at the beginning.
    clock: Timestamp,
    /// How far this machine's clock is ahead of Heroku's.
    #[serde(default)]
    ahead: Option<String>,
    #[serde(default)]
    behind: Option<String>,
    schedules: String,
    world: Scenario,
    #[serde(rename = "step")]
    steps: Vec<Step>,
    end: End,
}

/// What happens next: changes to the world, and then a pass.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
struct Step {
    advance: Option<String>,
    /// The machines sleep for so long, and so does whatever waits on them; Heroku does not.
    suspend: Option<String>,
    bend: Option<Value>,
    app: Option<Value>,
    dyno: Option<BTreeMap<String, Value>>,
    scale: Option<BTreeMap<String, u32>>,
    deploy: bool,
    /// The first machine's schedules file from now on.
    schedules: Option<String>,
    faults: Option<Value>,
    pass: Option<PassStep>,
    /// Happens while the pass of this step goes on, each after so long; passes among them too.
    meanwhile: Vec<Step>,
    after: Option<String>,
    /// The pass is made so often.
    times: Option<u32>,
    // What must come of the pass.
    exit: Option<u8>,
    ended: Option<Vec<String>>,
    /// What a dry run would restart.
    planned: Option<Vec<String>>,
    skips: Option<Vec<String>>,
    /// Skips that people are told of, with those of dynos that are not due any more.
    told: Option<Vec<String>>,
    missed: Option<Vec<usize>>,
    /// Parts of the reasons why: of misses, of skips, and of ends.
    #[serde(default)]
    because: Vec<String>,
    skewed: Option<bool>,
    error: Option<String>,
    /// Parts of what is said beside the outcomes.
    #[serde(default)]
    notices: Vec<String>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a flag that a user may type"
)]
struct PassStep {
    no_wait: bool,
    dry_run: bool,
    /// `run --now` of the first app.
    now: bool,
    process_type: Option<String>,
    older_than: Option<String>,
    ignores_windows: bool,
    ignores_busy: bool,
    ignores_incident: bool,
    /// A runner that keeps nothing began then.
    without_disk_since: Option<Timestamp>,
    settle: Option<String>,
    /// Another machine, with its own state directory.
    machine: usize,
    /// The pass is dropped after so long, as by kill -9.
    dropped_after: Option<String>,
    /// Somebody wants it to leave after so long, as by Ctrl-C.
    interrupted_after: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct End {
    /// Restarts that were asked for, by dyno; all others had none.
    restarts: Option<BTreeMap<String, u32>>,
    /// How many were asked for in all, where names change.
    total: Option<u32>,
    #[serde(default = "one")]
    most_down: u32,
    deletes: Option<usize>,
    most_requests: Option<usize>,
    /// Dynos that Heroku's own daily cycle restarted.
    cycled: Option<usize>,
    /// The apps that the first machine's schedules file names.
    entries: Option<Vec<String>>,
}

fn one() -> u32 {
    1
}

fn span(text: &str) -> SignedDuration {
    text.parse::<Span>().expect(text).duration()
}

#[test]
fn every_story_ends_as_it_must() {
    alone("scenarios::every_story_ends_as_it_must", tell_all());
}

async fn tell_all() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios");
    let wanted = std::env::var("STORY").unwrap_or_default();
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .expect("stories")
        .map(|entry| entry.expect("a file").path())
        .collect();
    files.sort();
    let (mut told, mut failed) = (0, vec![]);
    for file in files
        .iter()
        .filter(|file| file.display().to_string().contains(&wanted))
    {
        let text = std::fs::read_to_string(file).expect("a story");
        let story: Story = toml_edit::de::from_str(&text)
            .unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        println!("{}", file.display());
        let outcome = tokio::task::LocalSet::new()
            .run_until(async { tokio::task::spawn_local(tell(story)).await })
            .await;
        if outcome.is_err() {
            failed.push(
                file.file_stem()
                    .unwrap_or_default()
                    .to_string_lossy()
                    .into_owned(),
            );
        }
        told += 1;
    }
    assert!(
        failed.is_empty(),
        "these stories end otherwise: {failed:#?}"
    );
    assert!(
        told >= if wanted.is_empty() { 20 } else { 1 },
        "only {told} stories were found"
    );
}

async fn tell(story: Story) {
    let start = |base| Clock::Moved {
        base,
        started: tokio::time::Instant::now(),
        rate: 1.0,
        set_by: None,
    };
    let slept: &'static AtomicI64 = Box::leak(Box::new(AtomicI64::new(0)));
    let ahead = story.ahead.as_deref().map(span).unwrap_or_default()
        - story.behind.as_deref().map(span).unwrap_or_default();
    let clock = Clock::Moved {
        base: story.clock + ahead,
        started: tokio::time::Instant::now(),
        rate: 1.0,
        set_by: Some(slept),
    };
    let heroku = Heroku::start(&story.world, start(story.clock)).await;
    let app = story.world.apps[0].name.clone();
    // Where the router of the sandbox is.
    let router = format!("{}/router", heroku.url);
    let schedules = story.schedules.replace("{router}", &router);
    let machines: Vec<Machine> = (0..2)
        .map(|_| Machine::new(&heroku, clock, &schedules))
        .collect();
    for (place, step) in story.steps.iter().enumerate() {
        for _ in 0..step.times.unwrap_or(1) {
            let label = format!("step {}", place + 1);
            let others = step
                .meanwhile
                .iter()
                .map(|other| take(&label, &heroku, &machines, &app, other));
            tokio::join!(
                take(&label, &heroku, &machines, &app, step),
                futures_util::future::join_all(others)
            );
        }
    }
    let record = heroku.record().await;
    let restarts = record.restarts();
    let total = restarts.values().sum::<u32>();
    let is_as_told = story
        .end
        .restarts
        .as_ref()
        .is_none_or(|wanted| *wanted == restarts)
        && story.end.total.is_none_or(|wanted| wanted == total);
    let is_told = story.end.restarts.is_some() || story.end.total.is_some();
    assert!(
        is_as_told && is_told,
        "by the sandbox's record {restarts:?}: {:#?}",
        record.restarts
    );
    assert!(
        record.most_down() <= story.end.most_down,
        "{} of a process type were down: {:#?}",
        record.most_down(),
        record.restarts
    );
    if let Some(deletes) = story.end.deletes {
        assert_eq!(
            record
                .requests
                .iter()
                .filter(|request| request.method == "DELETE")
                .count(),
            deletes,
            "requests to restart"
        );
    }
    if let Some(cycled) = story.end.cycled {
        let by_cycle = record
            .restarts
            .iter()
            .filter(|restart| restart.cause == "cycle");
        assert_eq!(by_cycle.count(), cycled, "{:#?}", record.restarts);
    }
    let requests = record.requests.len();
    assert!(
        story.end.most_requests.is_none_or(|most| requests <= most),
        "{requests} requests"
    );
    if let Some(entries) = &story.end.entries {
        let schedules = machines[0].store().read().await.expect("schedules");
        let apps: Vec<_> = schedules
            .iter()
            .map(|schedule| schedule.app.name.as_str())
            .collect();
        assert_eq!(apps, *entries);
    }
    // Only dynos of the formation, whatever else stands around.
    let allowed = |dyno: &str| {
        dyno.starts_with("web") || dyno.starts_with("worker") || dyno.starts_with("clock")
    };
    assert!(
        record
            .restarts
            .iter()
            .filter(|restart| restart.cause == "request")
            .all(|restart| allowed(&restart.dyno) && restart.dyno != "worker.4021")
    );
}

async fn take(label: &str, heroku: &Heroku, machines: &[Machine], app: &str, step: &Step) {
    if let Some(after) = &step.after {
        machines[0].clock.sleep(span(after)).await;
    }
    act(heroku, &machines[0], app, step).await;
    if let Some(pass) = &step.pass
        && let Some(report) = make(pass, machines, app).await
    {
        check(label, step, &report);
    }
}

async fn make(step: &PassStep, machines: &[Machine], app: &str) -> Option<Report> {
    let options = Options {
        is_dry_run: step.dry_run,
        no_wait: step.no_wait,
        is_unattended: false,
        reports_from: step.without_disk_since,
    };
    let target = step
        .process_type
        .clone()
        .map_or(Target::All, Target::ProcessType);
    let older_than = step
        .older_than
        .as_deref()
        .map(|text| text.parse().expect(text));
    let settle = step.settle.as_deref().map(|text| text.parse().expect(text));
    let request = step.now.then_some((
        app,
        Request {
            target,
            older_than,
            ignores_windows: step.ignores_windows,
            given: Given {
                settle,
                ignores_busy: step.ignores_busy,
                ignores_incident: step.ignores_incident,
                ..Given::default()
            },
            asked_at: None,
        },
    ));
    let (sender, leave) = Stop::new();
    let machine = &machines[step.machine];
    let interrupted = async {
        if let Some(after) = &step.interrupted_after {
            machine.clock.sleep(span(after)).await;
            let _ = sender.send(true);
        }
        std::future::pending::<()>().await;
    };
    let pass = async {
        tokio::select! {
            report = machine.pass(options, request, &leave) => report,
            () = interrupted => unreachable!("it never ends"),
        }
    };
    match step.dropped_after.as_deref().map(span) {
        Some(after) => tokio::time::timeout(after.unsigned_abs(), pass).await.ok(),
        None => Some(pass.await),
    }
}

async fn act(heroku: &Heroku, machine: &Machine, app: &str, step: &Step) {
    if let Some(schedules) = &step.schedules {
        std::fs::write(machine.home.path().join("schedules.toml"), schedules).expect("a file");
    }
    if let Some(advance) = &step.advance {
        machine.clock.sleep(span(advance)).await;
    }
    if let Some(suspend) = &step.suspend {
        heroku
            .patch("/sandbox", &json!({ "advance": suspend }))
            .await;
        if let Clock::Moved {
            set_by: Some(slept),
            ..
        } = machine.clock
        {
            slept.fetch_add(span(suspend).as_secs(), Ordering::Relaxed);
        }
    }
    if let Some(bend) = &step.bend {
        heroku.patch("/sandbox", bend).await;
    }
    if let Some(change) = &step.app {
        heroku.patch(&format!("/sandbox/apps/{app}"), change).await;
    }
    for (dyno, change) in step.dyno.iter().flatten() {
        heroku
            .patch(&format!("/sandbox/apps/{app}/dynos/{dyno}"), change)
            .await;
    }
    for (process_type, quantity) in step.scale.iter().flatten() {
        heroku
            .send(
                reqwest::Method::POST,
                &format!("/sandbox/apps/{app}/formation"),
                &json!({ "type": process_type, "quantity": quantity }),
            )
            .await;
    }
    if step.deploy {
        heroku
            .send(
                reqwest::Method::POST,
                &format!("/sandbox/apps/{app}/releases"),
                &json!({}),
            )
            .await;
    }
    if let Some(faults) = &step.faults {
        heroku.faults(faults).await;
    }
}

fn check(place: &str, step: &Step, report: &Report) {
    let ended: Vec<String> = report
        .apps
        .iter()
        .flat_map(|app| &app.ended)
        .map(|ended| format!("{} {}", ended.step.dyno, ended.outcome.phrase()))
        .collect();
    let word = |skip: &Skip| format!("{} {}", skip.dyno, skip.reason.word());
    let of_apps = report.apps.iter();
    let skips: Vec<String> = of_apps
        .clone()
        .flat_map(AppReport::due_skips)
        .map(word)
        .collect();
    let told: Vec<String> = of_apps.flat_map(AppReport::told_skips).map(word).collect();
    let missed: Vec<usize> = report
        .apps
        .iter()
        .flat_map(|app| &app.missed)
        .map(|missed| missed.count)
        .collect();
    let errors: Vec<String> = report
        .apps
        .iter()
        .filter_map(|app| app.error.as_ref())
        .map(ToString::to_string)
        .collect();
    let saw = format!(
        "{place}: ended {ended:?}, skips {skips:?}, missed {missed:?}, errors {errors:?}, exit {}",
        report.exit_code()
    );
    println!("  {saw}");
    let sorted = |mut list: Vec<String>| {
        list.sort();
        list
    };
    if let Some(wanted) = &step.ended {
        assert_eq!(sorted(ended), sorted(wanted.clone()), "{saw}");
    }
    if let Some(wanted) = &step.planned {
        let planned = report.apps.iter().flat_map(|app| &app.planned);
        let planned = planned.map(|step| step.dyno.clone()).collect();
        assert_eq!(sorted(planned), sorted(wanted.clone()), "{saw}");
    }
    if let Some(wanted) = &step.skips {
        assert_eq!(sorted(skips), sorted(wanted.clone()), "{saw}");
    }
    if let Some(wanted) = &step.told {
        assert_eq!(sorted(told), sorted(wanted.clone()), "{saw}");
    }
    if let Some(wanted) = &step.missed {
        assert_eq!(missed, *wanted, "{saw}");
    }
    for wanted in &step.because {
        let mut reasons: Vec<String> = vec![];
        for app in &report.apps {
            reasons.extend(app.missed.iter().map(|missed| missed.reason.clone()));
            reasons.extend(app.skips.iter().map(|skip| skip.detail.clone()));
            reasons.extend(app.ended.iter().filter_map(|ended| ended.detail.clone()));
        }
        let has_part = reasons.iter().any(|reason| reason.contains(wanted));
        assert!(has_part, "{saw}: {reasons:?}");
    }
    if let Some(wanted) = step.exit {
        assert_eq!(report.exit_code(), wanted, "{saw}");
    }
    for wanted in &step.notices {
        let mut notices = report.apps.iter().flat_map(|app| &app.notices);
        assert!(notices.any(|notice| notice.contains(wanted)), "{saw}");
    }
    if let Some(wanted) = step.skewed {
        assert_eq!(report.skew.is_some(), wanted, "{saw}");
    }
    match &step.error {
        Some(wanted) => assert!(errors.iter().any(|error| error.contains(wanted)), "{saw}"),
        None => assert!(errors.is_empty(), "{saw}"),
    }
}
