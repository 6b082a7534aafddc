//! A week of a leaking app, in one runtime with the sandbox: what each policy comes to.

use crate::{
    control::Heroku,
    process::alone,
    simulation::{Machine, client, paused_at},
};
use autorestart::{
    error::Error,
    heroku::LogQuery,
    ledger::Ledger,
    listen,
    memory::{Bytes, Extract, line::Told},
    pass::{Listened, Options, measure},
    report::{
        AppReport, Report,
        chart::{Chart, Course, HEIGHT, Panel},
    },
    runner::{Ear, Passes, Watch},
    sandbox::Scenario,
    schedule::Schedule,
    stop::Stop,
    ui::Ui,
};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
    ffi::OsString,
    pin::pin,
    rc::Rc,
};

const BEGIN: &str = "2026-03-01T00:00:00Z";
const WEEK: SignedDuration = SignedDuration::from_hours(7 * 24);

/// A watch whose passes and logs are those of a machine.
pub struct Watched<'a> {
    pub machine: &'a Machine,
    pub stop: &'a Stop,
    /// Dynos that were left alone although they were due, and why: each once.
    pub told: RefCell<BTreeSet<String>>,
}

impl Passes for Watched<'_> {
    async fn pass(&self, schedules: Vec<Schedule>, listened: &Listened) -> Result<Report, Error> {
        let options = Options {
            is_unattended: true,
            ..Options::default()
        };
        let pass = self
            .machine
            .pass_over(options, &schedules, Some(listened), self.stop);
        Ok(Box::pin(pass).await)
    }

    async fn listen(&self, schedules: Vec<Schedule>, ear: Rc<Ear>) {
        let client = client(&self.machine.env, self.machine.clock).await;
        let app = schedules[0].app.id_or_name();
        let lives = &ear.heard.lives;
        tokio::select! {
            () = listen::follow(&client, self.machine.clock, app, lives, |_| {}) => {}
            () = ear.ended() => {}
        }
    }

    fn measure(&self, ear: &Ear) {
        let ledger = Ledger::new(self.machine.state().ledger(), String::new());
        let app_id = ear.heard.app_id.borrow().clone().expect("a pass was made");
        let lives = ear.heard.lives.borrow();
        measure(&ledger, &app_id, &lives, self.machine.clock.now()).expect("a ledger");
    }

    fn tell(&self, report: &Report) {
        let skips = report.apps.iter().flat_map(AppReport::due_skips);
        let told =
            skips.map(|skip| format!("{}: {}: {}", skip.dyno, skip.reason.phrase(), skip.detail));
        self.told.borrow_mut().extend(told);
        let notices = report.apps.iter().flat_map(|app| app.notices.clone());
        self.told.borrow_mut().extend(notices);
    }

    fn endings(&self, _: &[Schedule]) -> Vec<String> {
        vec![]
    }

    async fn readable(&self, _: &[Schedule]) -> Result<(), Error> {
        Ok(())
    }

    async fn ping(&self, _: usize) -> Option<String> {
        None
    }
}

/// What a policy came to.
#[derive(Debug)]
pub struct Came {
    pub r14: u64,
    /// The largest share of its quota that a dyno used, in percent.
    pub worst: f64,
    pub restarts: Vec<(Timestamp, String)>,
    /// Restarts of ours, by trigger.
    pub triggers: Vec<String>,
    /// The most dynos of one process type that were down at once.
    pub most_down: u64,
    pub requests: usize,
    pub told: BTreeSet<String>,
    pub courses: BTreeMap<String, Vec<(Timestamp, Bytes)>>,
}

/// What each dyno used, a point every ten minutes, from a log of our own beside that of the watch.
async fn record(machine: &Machine, courses: &RefCell<BTreeMap<String, Vec<(Timestamp, Bytes)>>>) {
    const APART: SignedDuration = SignedDuration::from_mins(10);
    let client = client(&machine.env, machine.clock).await;
    let query = LogQuery {
        is_heroku_only: true,
        lines: 1,
        is_tail: true,
    };
    loop {
        let mut log = client.open_log("example-app", query).await.expect("a log");
        let mut extract = Extract::default();
        while let Ok(Some(piece)) = log.next().await {
            extract.push(&piece, |line| {
                if let Told::Sample { dyno, used, .. } = line.told {
                    let mut courses = courses.borrow_mut();
                    let course = courses.entry(dyno.to_owned()).or_default();
                    let last = course.last();
                    if last.is_none_or(|(at, _)| line.at.duration_since(*at) >= APART) {
                        course.push((line.at, used));
                    }
                }
            });
        }
    }
}

/// Where a picture is wanted: a second log takes its time.
fn drawn() -> Option<OsString> {
    std::env::var_os("AUTORESTART_TEST_CHART")
}

/// Policies side by side, as a chart; a picture of it where `AUTORESTART_TEST_CHART` names a file.
fn chart(policies: &[(&str, &Came)]) -> String {
    let from: Timestamp = BEGIN.parse().expect("an instant");
    let panel = |(policy, came): &(&str, &Came)| {
        let line = |(name, points): (&String, &Vec<_>)| Course {
            name: name.clone(),
            points: points.clone(),
        };
        let restarts = came.restarts.iter().map(|(at, _)| *at);
        Panel {
            title: format!(
                "{policy}: {} restarts, R14 {} times",
                came.restarts.len(),
                came.r14
            ),
            lines: came.courses.iter().map(line).collect(),
            quota: Some(Bytes::mb(512)),
            threshold: policy.contains("90%").then(|| Bytes::mb(512).percent(90)),
            restarts: restarts.collect(),
        }
    };
    let chart = Chart {
        height: HEIGHT,
        title: "a week of two web dynos that leak 25 MB an hour".to_owned(),
        from,
        until: from + WEEK,
        zone: jiff::tz::TimeZone::UTC,
        panels: policies.iter().map(panel).collect(),
    };
    if let Some(path) = drawn() {
        std::fs::write(path, chart.svg()).expect("a file");
    }
    chart.text(100)
}

/// Watches these schedules over this world for so long.
pub async fn watch(world: &str, schedules: &str, span: SignedDuration) -> Came {
    let clock = paused_at(BEGIN.parse().expect("an instant"));
    let heroku = Heroku::start(&Scenario::parse(world).expect("a world"), clock).await;
    let machine = Machine::new(&heroku, clock, schedules);
    let (state, store) = (machine.state(), machine.store());
    let ui = Ui::new(false, &machine.env);
    let (sender, stop) = Stop::new();
    let watched = Watched {
        machine: &machine,
        stop: &stop,
        told: RefCell::default(),
    };
    let courses = RefCell::default();
    let watch = Watch {
        clock,
        stop: &stop,
        ui: &ui,
        state: &state,
        store: &store,
        app: None,
    };
    {
        let mut life = pin!(watch.run(&watched));
        tokio::select! {
            () = record(&machine, &courses), if drawn().is_some() => {}
            ended = &mut life => panic!("it left: {ended:?}"),
            () = clock.sleep(span) => {}
        }
        sender.send_replace(true);
        life.await.expect("a watch");
    }
    let (records, _) = Ledger::new(state.ledger(), String::new())
        .read()
        .expect("a ledger");
    let ended = records.iter().filter(|record| record.outcome.is_some());
    let triggers = ended.filter_map(|record| record.trigger.clone()).collect();
    let record: Value = heroku.get("/sandbox/record").await;
    let memory = &record["memory"]["example-app"];
    let list = |key: &str| record[key].as_array().cloned().unwrap_or_default();
    let restarts = list("restarts").into_iter().map(|one| {
        let at = one["at"]
            .as_str()
            .expect("an instant")
            .parse()
            .expect("an instant");
        (at, one["dyno"].as_str().expect("a dyno").to_owned())
    });
    Came {
        r14: memory["r14"].as_u64().expect("a number"),
        worst: memory["worst_percent"].as_f64().expect("a number"),
        most_down: list("restarts")
            .iter()
            .filter_map(|one| one["down"].as_u64())
            .max()
            .unwrap_or(0),
        restarts: restarts.collect(),
        triggers,
        requests: list("requests").len(),
        told: watched.told.into_inner(),
        courses: courses.into_inner(),
    }
}

fn world(per_hour: &str) -> String {
    format!(
        "[[app]]\nname = \"example-app\"\nmetrics = true\nhabits = {{ boot = \"8s\", log-delay = \"10s\" }}\n[[app.formation]]\ntype = \"web\"\nquantity = 2\nup-for = \"1h\"\nleak = {{ from = 180, per-hour = {per_hour}, noise = 6 }}\n"
    )
}

fn schedule(keys: &str) -> String {
    format!(
        "version = 1\n[[schedule]]\napp = \"example-app\"\nsince = 2026-03-01T00:00:00Z\ntimezone = \"UTC\"\n{keys}\n"
    )
}

const TWICE: &str = "at = \"07,14\"";

#[test]
fn a_week_at_90_percent_has_no_r14_where_the_calendar_alone_has() {
    alone(
        "memory::week::a_week_at_90_percent_has_no_r14_where_the_calendar_alone_has",
        async {
            let fast = world("25");
            let memory = watch(&fast, &schedule("memory = \"90%\""), WEEK).await;
            let calendar = watch(&fast, &schedule(TWICE), WEEK).await;
            let nothing = watch(&fast, "version = 1\n", WEEK).await;
            let policies = [
                ("--memory 90%", &memory),
                ("--at 07,14", &calendar),
                ("nothing", &nothing),
            ];
            let chart = drawn().map(|_| chart(&policies)).unwrap_or_default();
            for line in chart.lines() {
                println!("told: {line}");
            }
            for (policy, came) in policies {
                println!(
                    "told: {policy}: {} restarts, R14 {} times, at most {} % of the quota, at most {} web dynos down",
                    came.restarts.len(),
                    came.r14,
                    came.worst,
                    came.most_down
                );
            }
            assert_eq!((memory.r14, memory.most_down), (0, 1), "{memory:?}");
            assert!(memory.worst < 100.0, "{memory:?}");
            assert!(
                memory.restarts.len() >= 10
                    && memory.triggers.iter().all(|trigger| trigger == "memory")
            );
            assert!(
                calendar.r14 > 100 && nothing.r14 > 1_000,
                "{calendar:?} {nothing:?}"
            );
        },
    );
}

#[test]
fn if_needed_makes_fewer_restarts_than_the_calendar_alone_and_has_no_r14() {
    alone(
        "memory::week::if_needed_makes_fewer_restarts_than_the_calendar_alone_and_has_no_r14",
        async {
            let slow = world("12");
            let calendar = watch(&slow, &schedule(TWICE), WEEK).await;
            let needed = watch(
                &slow,
                &schedule(&format!("{TWICE}\nif-needed = true")),
                WEEK,
            )
            .await;
            println!(
                "told: --at 07,14: {} restarts, R14 {} times; with --if-needed: {} restarts, R14 {} times, at most {} %",
                calendar.restarts.len(),
                calendar.r14,
                needed.restarts.len(),
                needed.r14,
                needed.worst
            );
            assert_eq!((calendar.r14, needed.r14), (0, 0));
            assert!(
                needed.restarts.len() * 3 <= calendar.restarts.len() * 2,
                "{needed:?}"
            );
            assert!(needed.restarts.len() >= 8, "{needed:?}");
        },
    );
}
