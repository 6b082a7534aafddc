//! A month of `run --watch` on a paused clock, in one runtime with the sandbox: killed in the middle of
//! passes, put to sleep, its clock set forward and back, Heroku away for minutes and for a day. Every
//! occurrence is acted on once, or reported missed.

use crate::{calendars::property::Random, control::Heroku, simulation::Machine};
use autorestart::{
    clock::Clock,
    error::Error,
    ledger::{Event, Ledger},
    pass::{Listened, Options},
    report::Report,
    runner::{Ear, Passes, Watch},
    sandbox::Scenario,
    schedule::Schedule,
    stop::Stop,
    ui::Ui,
};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use std::{
    cell::{Cell, RefCell},
    collections::{BTreeMap, BTreeSet},
    future::{Future, poll_fn},
    pin::pin,
    process::Command,
    rc::Rc,
    sync::atomic::{AtomicI64, Ordering},
    task::Poll,
};
use tokio::sync::Notify;

const BEGIN: &str = "2026-03-01T00:00:00Z";

/// A month with 200 kills for `npm run test:deep`; a week of it, and as many kills a day, each time.
fn days() -> i64 {
    std::env::var("AUTORESTART_TEST_DAYS").map_or(7, |days| days.parse().expect("a number"))
}

fn kills() -> usize {
    usize::try_from(days() * 200 / 30).expect("a number")
}

/// Ends a watch at some point of a pass, as SIGKILL does.
#[derive(Default)]
struct Killer {
    /// How often a pass is polled before.
    left: Cell<Option<i64>>,
    now: Notify,
    kills: Cell<usize>,
}

impl Killer {
    async fn endangers<T>(&self, pass: impl Future<Output = T>) -> T {
        let mut pass = pin!(pass);
        poll_fn(|context| {
            match self.left.get() {
                Some(0) => {
                    self.left.set(None);
                    self.kills.set(self.kills.get() + 1);
                    self.now.notify_one();
                    return Poll::Pending;
                }
                Some(left) => self.left.set(Some(left - 1)),
                None => {}
            }
            pass.as_mut().poll(context)
        })
        .await
    }
}

struct Watched<'a> {
    machine: &'a Machine,
    killer: &'a Killer,
    stop: &'a Stop,
    /// (app, newest occurrence, how many)
    missed: RefCell<Vec<(String, Timestamp, usize)>>,
    passes: Cell<usize>,
}

impl Passes for Watched<'_> {
    async fn pass(&self, schedules: Vec<Schedule>, _: &Listened) -> Result<Report, Error> {
        self.passes.set(self.passes.get() + 1);
        let options = Options {
            is_unattended: true,
            ..Options::default()
        };
        let pass = self.machine.pass_over(options, &schedules, None, self.stop);
        Ok(self.killer.endangers(Box::pin(pass)).await)
    }

    async fn listen(&self, _: Vec<Schedule>, _: Rc<Ear>) {}

    fn measure(&self, _: &Ear) {}

    fn tell(&self, report: &Report) {
        for missed in report.apps.iter().flat_map(|app| &app.missed) {
            let one = (missed.app.clone(), missed.occurrence, missed.count);
            self.missed.borrow_mut().push(one);
        }
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

/// What happens to the machine or to Heroku.
#[derive(Debug, Clone, Copy)]
enum Incident {
    Suspend(SignedDuration),
    Set(i64),
    Outage(SignedDuration),
}

fn incident(random: &mut Random, set_by: i64) -> Incident {
    let minutes = SignedDuration::from_mins;
    match random.below(60) {
        0..26 => Incident::Suspend(minutes(5 + random.below(600))),
        26..46 if set_by == 0 => Incident::Set(if random.below(2) == 0 { 7_200 } else { -7_200 }),
        26..46 => Incident::Set(-set_by),
        46..59 => Incident::Outage(minutes(1 + random.below(90))),
        _ => Incident::Outage(minutes(600 + random.below(840))),
    }
}

const WORLD: &str = "[[app]]\nname = \"daily-app\"\n[[app.formation]]\ntype = \"web\"\nquantity = 2\nup-for = \"20h\"\n[[app]]\nname = \"often-app\"\n[[app.formation]]\ntype = \"worker\"\nquantity = 1\nup-for = \"20h\"\n[[app]]\nname = \"aged-app\"\n[[app.formation]]\ntype = \"web\"\nquantity = 1\nup-for = \"2h\"\n";
const SCHEDULES: &str = "version = 1\n[[schedule]]\napp = \"daily-app\"\nat = \"07,14\"\ntimezone = \"Europe/Paris\"\nsince = 2026-03-01T00:00:00Z\n[[schedule]]\napp = \"often-app\"\ncron = \"0 */4 * * *\"\ntimezone = \"UTC\"\nsince = 2026-03-01T00:00:00Z\n[[schedule]]\napp = \"aged-app\"\nmax-uptime = \"6h\"\n";

struct Month {
    heroku: Heroku,
    machine: Machine,
    missed: BTreeSet<(String, Timestamp, usize)>,
    /// When something was wrong, by Heroku's clock: from and until.
    disturbed: Vec<(Timestamp, Timestamp)>,
    /// The same of kills, which are over within minutes.
    killed: Vec<(Timestamp, Timestamp)>,
    told: String,
}

#[expect(
    clippy::too_many_lines,
    reason = "one life, from its first minute to its last"
)]
async fn live(random: &mut Random) -> Month {
    let set_by: &'static AtomicI64 = Box::leak(Box::new(AtomicI64::new(0)));
    let clock = |set_by| Clock::Moved {
        base: BEGIN.parse().expect("an instant"),
        started: tokio::time::Instant::now(),
        rate: 1.0,
        set_by,
    };
    let real = clock(None);
    let heroku = Heroku::start(&Scenario::parse(WORLD).expect("a world"), real).await;
    let machine = Machine::new(&heroku, clock(Some(set_by)), SCHEDULES);
    let (state, store) = (machine.state(), machine.store());
    let ui = Ui::new(false, &machine.env);
    let (_sender, stop) = Stop::new();
    let killer = Killer::default();
    let watched = Watched {
        machine: &machine,
        killer: &killer,
        stop: &stop,
        missed: RefCell::default(),
        passes: Cell::new(0),
    };
    let mut counts = BTreeMap::<&str, usize>::new();
    let end = real.now() + SignedDuration::from_hours(24 * days());
    let mut outage_until: Option<Timestamp> = None;
    let mut next_incident = real.now() + SignedDuration::from_hours(1);
    // How far the clock is from right, beside what sleep has taken.
    let mut wrong_by = 0;
    // What sleep has taken: Heroku went on meanwhile.
    let mut slept = SignedDuration::ZERO;
    let (mut disturbed, mut dead_at) = (vec![], vec![]);
    let (mut wrong_since, mut out_since) = (None, None);
    while real.now() < end + SignedDuration::from_hours(30) {
        let is_over = real.now() >= end;
        if killer.kills.get() < kills() && !is_over {
            killer.left.set(Some(random.below(200)));
        }
        let watch = Watch {
            clock: machine.clock,
            stop: &stop,
            ui: &ui,
            state: &state,
            store: &store,
            app: None,
        };
        let mut life = pin!(watch.run(&watched));
        loop {
            let until = outage_until.map_or(next_incident, |over| over.min(next_incident));
            let until = until.min(end + SignedDuration::from_hours(30));
            let wait = until.duration_since(real.now());
            tokio::select! {
                biased;
                () = killer.now.notified() => break,
                ended = &mut life => panic!("it left: {ended:?}"),
                () = real.sleep(wait) => {}
            }
            let now = real.now() + slept;
            if outage_until.is_some_and(|over| over <= real.now()) {
                heroku.no_faults().await;
                outage_until = None;
                // Asked less and less often, it is asked again within the quarter of an hour.
                let over = now + SignedDuration::from_mins(16);
                disturbed.extend(out_since.take().map(|since| (since, over)));
            }
            if real.now() >= end + SignedDuration::from_hours(30) {
                break;
            }
            if next_incident > real.now() {
                continue;
            }
            next_incident = real.now() + SignedDuration::from_mins(30 + random.below(660));
            if real.now() >= end {
                // It ends well: the clock is right, and Heroku is there.
                if wrong_by != 0 {
                    set_by.fetch_sub(wrong_by, Ordering::Relaxed);
                    wrong_by = 0;
                    disturbed.extend(wrong_since.take().map(|since| (since, now)));
                }
                continue;
            }
            match incident(random, wrong_by) {
                Incident::Suspend(span) => {
                    *counts.entry("suspends").or_default() += 1;
                    let seconds = span.as_secs();
                    heroku
                        .patch("/sandbox", &json!({ "advance": format!("{seconds}s") }))
                        .await;
                    set_by.fetch_add(seconds, Ordering::Relaxed);
                    slept += span;
                    disturbed.push((now, now + span));
                }
                Incident::Set(by) => {
                    *counts.entry("clock steps").or_default() += 1;
                    set_by.fetch_add(by, Ordering::Relaxed);
                    wrong_by += by;
                    if wrong_by == 0 {
                        disturbed.extend(wrong_since.take().map(|since| (since, now)));
                    } else {
                        wrong_since = Some(now);
                    }
                }
                Incident::Outage(span) if outage_until.is_none() => {
                    *counts.entry("outages").or_default() += 1;
                    let kinds = [
                        json!("reset-before"),
                        json!({ "status": { "status": 503 } }),
                    ];
                    let kind = &kinds[usize::try_from(random.below(2)).expect("an index")];
                    heroku
                        .faults(&json!([{ "times": 4_000_000_000_u32, "kind": kind }]))
                        .await;
                    outage_until = Some(real.now() + span);
                    out_since = Some(now);
                }
                Incident::Outage(_) => {}
            }
        }
        // The supervisor takes its time.
        let dead = SignedDuration::from_secs(1 + random.below(300));
        let now = real.now() + slept;
        dead_at.push((now, now + dead));
        real.sleep(dead).await;
    }
    let mut missed: BTreeSet<_> = watched.missed.borrow().iter().cloned().collect();
    let (records, torn) = Ledger::new(state.ledger(), String::new())
        .read()
        .expect("a ledger");
    assert_eq!(torn, 0);
    // What was killed before it could tell stands in the ledger.
    for record in records
        .iter()
        .filter(|record| record.event == Event::Missed)
    {
        let is_told = missed
            .iter()
            .any(|(app, at, _)| *app == record.app && *at == record.occurrence);
        if !is_told {
            missed.insert((
                record.app.clone(),
                record.occurrence,
                record.count.unwrap_or(1),
            ));
        }
    }
    let incidents: Vec<String> = counts
        .iter()
        .map(|(what, count)| format!("{count} {what}"))
        .collect();
    let told = format!(
        "{} passes, {} of them killed, {}",
        watched.passes.get(),
        killer.kills.get(),
        incidents.join(", ")
    );
    // How many passes there are, and so how many can be killed, differs from life to life.
    let least = if days() < 30 { kills() / 2 } else { kills() };
    assert!(killer.kills.get() >= least, "{told}");
    Month {
        heroku,
        machine,
        missed,
        disturbed,
        killed: dead_at,
        told,
    }
}

#[test]
fn every_occurrence_of_a_month_of_watching_is_acted_on_once_or_reported_missed() {
    const INNER: &str = "AUTORESTART_TEST_MONTH";
    const NAME: &str =
        "month::every_occurrence_of_a_month_of_watching_is_acted_on_once_or_reported_missed";
    if std::env::var_os(INNER).is_none() {
        // What the watch says of each failure is not for the eyes of whoever runs the tests.
        let this = std::env::current_exe().expect("this program");
        let mut inner = Command::new(this);
        inner
            .args(["--exact", NAME, "--nocapture"])
            .env(INNER, "1")
            .env("RUST_BACKTRACE", "0");
        // Its ledger is flushed thousands of times: to a disk that is none, where there is one.
        if std::path::Path::new("/dev/shm").is_dir() {
            inner.env("TMPDIR", "/dev/shm");
        }
        let inner = inner.output().expect("it runs");
        let stdout = String::from_utf8_lossy(&inner.stdout);
        for line in stdout.lines().filter(|line| line.starts_with("month:")) {
            println!("{line}");
        }
        let stderr = String::from_utf8_lossy(&inner.stderr);
        let why = stderr
            .find("panicked at")
            .map_or(&*stderr, |at| &stderr[at..]);
        assert!(inner.status.success(), "{why}");
        return;
    }
    let month = crate::process::block_paused(async {
        let month = tokio::task::LocalSet::new()
            .run_until(Box::pin(live(&mut Random(20_261_126))))
            .await;
        judge(&month).await;
        month
    });
    println!("month: {}", month.told);
}

/// What happened within half a day of an occurrence, for whoever looks for why it was lost.
fn around(month: &Month, restarts: &[crate::control::Restart], app: &str, at: Timestamp) -> String {
    let is_near = |other: Timestamp| other.duration_since(at).as_hours().abs() <= 12;
    let near = restarts
        .iter()
        .filter(|one| one.app == app && is_near(one.at));
    let near: Vec<_> = near.map(|one| (one.at, &one.dyno)).collect();
    let missed: Vec<_> = month.missed.iter().filter(|one| is_near(one.1)).collect();
    let all = month.disturbed.iter().chain(&month.killed);
    let wrong: Vec<_> = all.filter(|one| is_near(one.0) || is_near(one.1)).collect();
    let ledger = Ledger::new(month.machine.state().ledger(), String::new());
    let (records, _) = ledger.read().expect("a ledger");
    let records: Vec<_> = records
        .iter()
        .filter(|one| one.app == app && is_near(one.at))
        .map(|one| (one.at, &one.event, one.occurrence, one.count, &one.detail))
        .collect();
    format!("restarts {near:?}, missed {missed:?}, in the way {wrong:?}, ledger {records:?}")
}

async fn judge(month: &Month) {
    let schedules = month.machine.store().read().await.expect("schedules");
    let restarts = month.heroku.record().await.restarts;
    assert!(restarts.iter().all(|restart| restart.cause == "request"));
    for (app, dynos) in [
        ("daily-app", &["web.1", "web.2"][..]),
        ("often-app", &["worker.1"]),
    ] {
        let schedule = schedules
            .iter()
            .find(|schedule| schedule.app.name.as_str() == app)
            .expect(app);
        let begin: Timestamp = BEGIN.parse().expect("an instant");
        let last = restarts
            .iter()
            .map(|restart| restart.at)
            .max()
            .expect("restarts");
        let mut occurrences = vec![];
        let mut next = schedule.next_occurrence(begin - SignedDuration::from_secs(1));
        while let Some(at) = next.filter(|at| *at <= last) {
            occurrences.push(at);
            next = schedule.next_occurrence(at);
        }
        let place = |at: Timestamp| {
            occurrences
                .partition_point(|occurrence| *occurrence <= at)
                .checked_sub(1)
        };
        let mut acted = BTreeMap::<(usize, &str), usize>::new();
        let (mut latest, mut undisturbed, mut late) = (SignedDuration::ZERO, 0, 0);
        for restart in restarts.iter().filter(|restart| restart.app == app) {
            let place = place(restart.at)
                .unwrap_or_else(|| panic!("{app}: nothing was due at {}", restart.at));
            let due = occurrences[place];
            let is_in_the_way =
                |(from, until): &(Timestamp, Timestamp)| *from <= restart.at && *until >= due;
            let mut all = month.disturbed.iter().chain(&month.killed);
            if restart.dyno == dynos[0] && !all.any(is_in_the_way) {
                undisturbed += 1;
                let by = restart.at.duration_since(due);
                latest = latest.max(by);
                late += usize::from(by > autorestart::runner::LATENESS);
            }
            *acted.entry((place, &restart.dyno)).or_default() += 1;
        }
        let mut reported = BTreeSet::new();
        for (of, newest, count) in &month.missed {
            if of == app {
                let newest = place(*newest).expect("an occurrence");
                reported.extend(newest + 1 - count..=newest);
            }
        }
        let (mut on_time, mut both) = (0, 0);
        // The last one may not be over.
        let over = occurrences.partition_point(|at| *at + SignedDuration::from_hours(2) < last);
        for (number, occurrence) in occurrences[..over].iter().enumerate() {
            let counts: Vec<usize> = dynos
                .iter()
                .map(|dyno| acted.get(&(number, *dyno)).copied().unwrap_or(0))
                .collect();
            assert!(
                counts.iter().all(|count| *count <= 1),
                "{app}: {occurrence} was acted on twice: {counts:?}"
            );
            let is_acted_on = counts.iter().all(|count| *count == 1);
            let is_reported = reported.contains(&number);
            assert!(
                is_acted_on || is_reported,
                "{app}: {occurrence} was lost: {counts:?}; {}",
                around(month, &restarts, app, *occurrence)
            );
            // The hour in which it is caught up with was not an hour of rest: for a kill alone none is missed.
            let may_miss = |(from, until): &(Timestamp, Timestamp)| {
                *from <= *occurrence + SignedDuration::from_hours(1) && *until >= *occurrence
            };
            assert!(
                is_acted_on || month.disturbed.iter().any(may_miss),
                "{app}: {occurrence} was missed for nothing"
            );
            on_time += usize::from(is_acted_on);
            both += usize::from(is_acted_on && is_reported);
        }
        // The paused clock may run ahead of an answer that is on its way, on a busy machine: not of many.
        assert!(
            late <= 1 + undisturbed / 10 && undisturbed > 0,
            "{app}: {late} of {undisturbed} with nothing in the way came late, one by {latest:?}"
        );
        println!(
            "month: {app}: {undisturbed} had nothing in the way: {} s late at most",
            latest.as_secs()
        );
        println!(
            "month: {app}: {} occurrences, {on_time} acted on, {} reported missed, {both} both",
            over,
            reported.len()
        );
        assert!(on_time > 0 && over > 0, "some are acted on");
        assert_eq!(both, 0, "{app}: what was acted on is not reported");
    }
    judge_ages(&restarts);
}

fn judge_ages(restarts: &[crate::control::Restart]) {
    // By age: never before the six hours are over.
    let ages: Vec<Timestamp> = restarts
        .iter()
        .filter(|restart| restart.app == "aged-app")
        .map(|restart| restart.at)
        .collect();
    for pair in ages.windows(2) {
        assert!(
            pair[1].duration_since(pair[0]) >= SignedDuration::from_hours(6),
            "{pair:?}"
        );
    }
    println!("month: aged-app: {} restarts", ages.len());
    let least = usize::try_from(2 * days()).expect("a number");
    assert!(ages.len() > least, "{} restarts", ages.len());
}
