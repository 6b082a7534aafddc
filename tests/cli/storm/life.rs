//! One world, lived: what happens to it, and the passes that are made meanwhile.

use super::{
    judge::{Judge, TrueDyno, Truth},
    tally::Tally,
    weather::{self, AppPlan, Event},
};
use crate::{
    calendars::property::Random,
    control::Heroku,
    simulation::{Machine, paused_at},
};
use autorestart::{clock::Clock, pass::Options, report::Report, sandbox::Scenario, stop::Stop};
use futures_util::stream::{FuturesUnordered, StreamExt as _};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use std::{
    cell::{Cell, RefCell},
    future::{Future, poll_fn},
    pin::pin,
    sync::atomic::{AtomicU64, Ordering},
    task::Poll,
};

pub const BEGIN: &str = "2026-03-02T00:00:00Z";
pub const DAYS: i64 = 5;
/// A timer calls so often.
const TICK: SignedDuration = SignedDuration::from_mins(5);
/// How often it is looked whether an app is rolled.
const AMBUSH: SignedDuration = SignedDuration::from_secs(10);
/// After the last of what happens: what is left is caught up with, or told.
const QUIET: SignedDuration = SignedDuration::from_hours(5);

pub struct Life {
    seed: u64,
    random: Random,
    apps: Vec<AppPlan>,
    events: Vec<(SignedDuration, Event)>,
}

/// Passes that were dropped, as by SIGKILL.
async fn endangered<T>(polls: Option<i64>, pass: impl Future<Output = T>) -> Option<T> {
    let left = Cell::new(polls);
    let mut pass = pin!(pass);
    poll_fn(|context| {
        match left.get() {
            Some(0) => return Poll::Ready(None),
            Some(more) => left.set(Some(more - 1)),
            None => {}
        }
        pass.as_mut().poll(context).map(Some)
    })
    .await
}

impl Life {
    pub fn of(seed: u64) -> Self {
        let mut random = Random(seed);
        let apps = weather::apps(&mut random);
        let events = weather::events(&mut random, &apps, DAYS);
        Self {
            seed,
            random,
            apps,
            events,
        }
    }

    pub async fn live(mut self) -> Tally {
        let start: Timestamp = BEGIN.parse().expect("an instant");
        let clock = paused_at(start);
        let apps: String = self.apps.iter().map(AppPlan::scenario).collect();
        let world = format!("seed = {}\n{apps}", self.seed);
        let scenario = Scenario::parse(&world).expect("a world");
        let heroku = Heroku::start(&scenario, clock).await;
        let router = format!("{}/router", heroku.url);
        let schedules: String = self.apps.iter().map(|app| app.schedule(&router)).collect();
        let machine = Machine::new(&heroku, clock, &format!("version = 1\n{schedules}"));
        let state = machine.home.path().join("state");
        std::fs::create_dir_all(&state).expect("a directory");
        std::fs::write(state.join("runner-id"), self.seed.to_string()).expect("a file");
        let schedules = machine.store().read().await.expect("schedules");
        let mut judge = Judge::new(&self.apps, schedules);
        let events = std::mem::take(&mut self.events);
        let apps = self.apps.clone();
        let (happened, kept) = (RefCell::new(vec![]), RefCell::new(vec![]));
        let happens = async {
            let mut waiting = FuturesUnordered::new();
            for (after, event) in &events {
                let wait = (start + *after).duration_since(clock.now());
                let mut wait = pin!(clock.sleep(wait));
                loop {
                    tokio::select! {
                        () = &mut wait => break,
                        Some(()) = waiting.next() => {}
                    }
                }
                let one = async {
                    let Some(event) = in_time(&heroku, &apps, clock, event).await else {
                        return;
                    };
                    show(&apps, clock.now(), event);
                    let at = clock.now();
                    if let Some((app, keeps)) = event.keeps_created_at() {
                        kept.borrow_mut()
                            .push((clock.now(), apps[app].name.clone(), keeps));
                    }
                    if happen(&heroku, &apps, event).await {
                        let what = event.what().map(|what| (at, what));
                        happened.borrow_mut().extend(what);
                    }
                };
                // None is awaited alone: whoever waits for an answer holds the clock for all others.
                waiting.push(one);
            }
            while waiting.next().await.is_some() {}
            std::future::pending::<()>().await;
        };
        let end = start + SignedDuration::from_hours(24 * DAYS);
        let passes = async {
            while clock.now() < end + QUIET {
                let began = clock.now();
                // Every other one is dropped, at any of the places where it waits, should it wait so often.
                let is_doomed = began < end && self.random.below(2) == 0;
                // Some early, some late in a long roll.
                let most = *self.random.among(&[60, 120, 600, 2_000]);
                let polls = is_doomed.then(|| self.random.below(most));
                let report = endangered(polls, Box::pin(self.pass(&machine))).await;
                let is_dropped = report.is_none();
                judge.count((began, clock.now()), is_dropped);
                if let Some(report) = report {
                    judge.look(&heroku, &report, began, clock.now()).await;
                }
                // Whoever was dropped is called again soon, the others by their timer.
                let passed = clock.now().duration_since(began);
                let soon = SignedDuration::from_secs(1 + self.random.below(20));
                let wait = if is_dropped { soon } else { TICK - passed };
                clock.sleep(wait.max(SignedDuration::ZERO)).await;
            }
        };
        tokio::select! {
            () = passes => {}
            () = happens => unreachable!("it goes on for good"),
        }
        let happened = happened.take();
        judge.happened(&heroku, &happened).await;
        judge.kept = kept.take();
        judge.end(&heroku, self.seed, clock.now()).await
    }

    async fn pass(&self, machine: &Machine) -> Report {
        let (_sender, stop) = Stop::new();
        let options = Options {
            is_unattended: true,
            // Some stay, as `run` of a person or CI does.
            no_wait: !(self.seed + machine.clock.now().as_second().unsigned_abs())
                .is_multiple_of(3),
            ..Options::default()
        };
        machine.pass(options, None, &stop).await
    }
}

/// What is to happen, once it is time for it: an ambush waits until a dyno of its app has just been started,
/// and not for ever.
async fn in_time<'a>(
    heroku: &Heroku,
    apps: &[AppPlan],
    clock: Clock,
    event: &'a Event,
) -> Option<&'a Event> {
    let Event::Ambush(app, event) = event else {
        return Some(event);
    };
    for _ in 0..60 {
        let truth: Truth = heroku
            .get(&format!("/sandbox/apps/{}", apps[*app].name))
            .await;
        let now = clock.now();
        let is_young = |dyno: &TrueDyno| now.duration_since(dyno.created_at) < AMBUSH;
        if truth.dynos.iter().any(is_young) {
            return Some(event);
        }
        clock.sleep(AMBUSH).await;
    }
    None
}

/// Which app somebody wants to see.
pub fn shown() -> Option<String> {
    std::env::var("AUTORESTART_TEST_SHOW").ok()
}

fn show(apps: &[AppPlan], now: Timestamp, event: &Event) {
    if let Some(shown) = shown() {
        let of = match event {
            Event::Deploy(app)
            | Event::Config(app)
            | Event::Scale(app, ..)
            | Event::Habits(app, _)
            | Event::Maintenance(app, _)
            | Event::Answers(app, _)
            | Event::Ambush(app, _)
            | Event::Dyno(app, ..) => Some(apps[*app].name.as_str()),
            Event::Faults(_)
            | Event::Clear
            | Event::Incident(_)
            | Event::Latency(_)
            | Event::Remaining(_) => None,
        };
        if of.is_none_or(|name| name == shown) {
            println!("{now} {event:?}");
        }
    }
}

/// Only what is another value makes a release.
static CHANGES: AtomicU64 = AtomicU64::new(0);

/// Lets it happen; tells whether it has.
async fn happen(heroku: &Heroku, apps: &[AppPlan], event: &Event) -> bool {
    let path = |app: &usize| format!("/sandbox/apps/{}", apps[*app].name);
    match event {
        Event::Ambush(..) => {} // what it is happens when it is time for it
        Event::Deploy(app) => {
            let path = format!("{}/releases", path(app));
            heroku.send(reqwest::Method::POST, &path, &json!({})).await;
        }
        Event::Scale(app, kind, quantity) => {
            let path = format!("{}/formation", path(app));
            let body = json!({ "type": kind, "quantity": quantity });
            heroku.send(reqwest::Method::POST, &path, &body).await;
        }
        Event::Habits(app, habits) => {
            let body = json!({ "habits": habits });
            heroku.patch(&path(app), &body).await;
        }
        Event::Maintenance(app, is_on) => {
            let body = json!({ "maintenance": is_on });
            heroku.patch(&path(app), &body).await;
        }
        Event::Answers(app, answers) => {
            let body = json!({ "answers": answers });
            heroku.patch(&path(app), &body).await;
        }
        Event::Dyno(app, name, state) => {
            let path = format!("{}/dynos/{name}", path(app));
            heroku.patch(&path, &json!({ "state": state })).await;
        }
        Event::Config(app) => {
            let url = format!("{}/apps/{}/config-vars", heroku.url, apps[*app].name);
            let http = reqwest::Client::builder().no_proxy().build();
            let set = http.expect("a client").patch(url).bearer_auth("a-token");
            let set = set.header("accept", "application/vnd.heroku+json; version=3");
            let fresh = CHANGES.fetch_add(1, Ordering::Relaxed).to_string();
            let set = set.json(&json!({ "CHANGED": fresh })).send();
            // Its owner meets the weather, too.
            let set = tokio::time::timeout(std::time::Duration::from_secs(5), set).await;
            return matches!(set, Ok(Ok(answer)) if answer.status().is_success());
        }
        Event::Latency(ms) => heroku.patch("/sandbox", &json!({ "latency-ms": ms })).await,
        Event::Remaining(left) => {
            heroku
                .patch("/sandbox", &json!({ "remaining": left }))
                .await;
        }
        Event::Faults(faults) => heroku.faults(faults).await,
        Event::Clear => heroku.no_faults().await,
        Event::Incident(is_open) => {
            let title = if *is_open { "Routing errors" } else { "" };
            heroku
                .patch("/sandbox", &json!({ "incident": title }))
                .await;
        }
    }
    true
}
