//! Heroku's own daily cycle: where it can fire between restarts, and on a dyno as it is now.

use super::bounds::{bounds, schedule};
use autorestart::{
    plan::{
        Known, Plan, Question,
        daily_cycle::{Between, Cycle, Lateness, between, of_app},
    },
    schedule::{Calendar, Days, Recurrence, Schedule, Span, Zone},
    snapshot::{App, Dyno, Formation, Generation, Snapshot, State},
};
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;

fn at(text: &str) -> Timestamp {
    text.parse().expect(text)
}

fn new_york(times: &str) -> Schedule {
    let zone: Zone = "America/New_York".parse().expect("a zone");
    let times = times.parse().expect(times);
    let daily = Recurrence::At {
        times,
        days: Days::DAILY,
    };
    let calendar = Calendar::new(daily, zone.clone()).expect("a calendar");
    schedule(Some(calendar), bounds(&zone, &[], &[]))
}

/// The gaps from the middle of October on, for a month.
fn autumn(schedule: &Schedule, others: &[&Schedule]) -> Vec<Between> {
    let of_app: Vec<&Schedule> = others.iter().copied().chain([schedule]).collect();
    let (from, to) = (at("2026-10-15T12:00:00Z"), at("2026-11-15T12:00:00Z"));
    between(&schedule.target, &of_app, from, to)
}

#[test]
fn the_25_hours_of_autumn_are_found() {
    let gaps = autumn(&new_york("07"), &[]);
    // Every day is 24 hours to the second: nothing but a late pass opens those.
    assert!(gaps.len() > 25, "{}", gaps.len());
    let open: Vec<&Between> = gaps
        .iter()
        .filter(|between| between.gap.is_some())
        .collect();
    assert_eq!(open.len(), 1);
    let gap = open[0].gap.expect("a gap");
    assert_eq!(
        (open[0].restart, gap.from, gap.until),
        (
            at("2026-10-31T11:00:00Z"),
            at("2026-11-01T11:00:00Z"),
            at("2026-11-01T12:00:00Z")
        )
    );
    assert!((gap.chance - 60.0 / 216.0).abs() < 1e-9, "{}", gap.chance);
}

#[test]
fn they_are_closed_by_a_second_time_by_the_own_cycle_and_by_another_schedule() {
    assert_eq!(autumn(&new_york("07,19"), &[]), []);
    let mut own = new_york("07");
    own.own_daily_cycle = true;
    assert_eq!(autumn(&own, &[]), []);
    let mut uptime = new_york("07");
    uptime.max_uptime = Some(Span::hours(23));
    assert_eq!(autumn(&uptime, &[]), []);
    let mut evening = new_york("19");
    evening.name = "evening".parse().expect("a name");
    assert_eq!(autumn(&new_york("07"), &[&evening]), []);
    // One that is about fewer dynos closes nothing for the others.
    evening.target = autorestart::schedule::Target::ProcessType("web".to_owned());
    assert!(!autumn(&new_york("07"), &[&evening]).is_empty());
}

#[test]
fn a_skipped_young_dyno_opens_a_gap_unless_it_is_forestalled() {
    let mut often = new_york("07,14");
    often.guards.min_uptime = Some(Span::hours(10));
    assert!(
        autumn(&often, &[]).len() > 25,
        "14:00 is skipped, as the dyno is seven hours old"
    );
    often.own_daily_cycle = true;
    assert_eq!(autumn(&often, &[]), []);
}

fn dyno(name: &str, created_at: &str) -> Dyno {
    Dyno {
        id: name.to_owned(),
        name: name.to_owned(),
        process_type: "web".to_owned(),
        state: State::Up,
        created_at: at(created_at),
        updated_at: at(created_at),
        release: 7,
        is_attached: false,
        size: String::new(),
    }
}

fn snapshot(now: &str, dynos: Vec<Dyno>) -> Snapshot {
    let quantity = u32::try_from(dynos.len()).expect("few");
    Snapshot {
        at: at(now),
        app: App {
            id: "an-id".to_owned(),
            name: "example-app".to_owned(),
            is_in_maintenance: false,
            released_at: None,
            generation: Generation::Cedar,
            is_in_space: false,
        },
        formation: vec![Formation {
            process_type: "web".to_owned(),
            quantity,
        }],
        dynos,
        has_preboot: false,
        memory: BTreeMap::new(),
        sizes: vec![],
    }
}

fn answers(schedule: &Schedule, snapshot: &Snapshot, lateness: Lateness) -> Vec<Cycle> {
    let known = Known::default();
    let question = Question {
        schedules: std::slice::from_ref(schedule),
        snapshot,
        now: snapshot.at,
        local_now: snapshot.at,
        remaining: None,
        known: &known,
    };
    let answers = of_app(question, &Plan::default(), lateness);
    answers.into_iter().map(|(_, cycle)| cycle).collect()
}

const WATCHED: Lateness = Lateness {
    runner: Ok(SignedDuration::from_secs(30)),
    restart: Some(SignedDuration::from_mins(2)),
};

#[test]
fn a_deploy_shifts_the_age_and_the_answer_with_it() {
    let schedule = new_york("07");
    // Deployed at 15:00 the day before: sixteen hours at 07:00.
    let young = snapshot(
        "2026-10-20T02:00:00Z",
        vec![dyno("web.1", "2026-10-19T19:00:00Z")],
    );
    let restart = at("2026-10-20T11:00:30Z");
    assert_eq!(
        answers(&schedule, &young, WATCHED),
        [Cycle::CannotFire { restart }]
    );
    // Restarted at 07:00: half a minute is left to chance.
    let daily = snapshot(
        "2026-10-20T02:00:00Z",
        vec![dyno("web.1", "2026-10-19T11:00:00Z")],
    );
    let [Cycle::MayFire(gap)] = answers(&schedule, &daily, WATCHED)[..] else {
        panic!("it may fire");
    };
    assert_eq!(
        (gap.from, gap.until),
        (at("2026-10-20T11:00:00Z"), at("2026-10-20T11:00:30Z"))
    );
    assert!(gap.chance < 0.003 && !gap.is_at_least);
}

#[test]
fn the_place_in_the_roll_counts() {
    let schedule = new_york("07");
    let created = [
        "2026-10-19T11:30:00Z",
        "2026-10-19T11:30:10Z",
        "2026-10-19T11:01:00Z",
    ];
    let dynos = created
        .iter()
        .zip(["web.1", "web.2", "web.3"])
        .map(|(at, name)| dyno(name, at));
    let rolled = snapshot("2026-10-20T02:00:00Z", dynos.collect());
    // Oldest first: web.3 at once, web.1 after two minutes, web.2 after four.
    let late = |minutes: i64| at("2026-10-20T11:00:30Z") + SignedDuration::from_mins(minutes);
    let cannot = |minutes: i64| Cycle::CannotFire {
        restart: late(minutes),
    };
    assert_eq!(
        answers(&schedule, &rolled, WATCHED),
        [cannot(0), cannot(2), cannot(4)]
    );
}

#[test]
fn what_is_not_known_is_called_unknown() {
    let schedule = new_york("07,19");
    let two = snapshot(
        "2026-10-20T02:00:00Z",
        vec![
            dyno("web.1", "2026-10-19T23:00:00Z"),
            dyno("web.2", "2026-10-19T23:01:00Z"),
        ],
    );
    let unknown = |cycle: &Cycle| matches!(cycle, Cycle::Unknown(_));
    let no_runner = Lateness {
        runner: Err("nothing runs it"),
        ..WATCHED
    };
    assert!(answers(&schedule, &two, no_runner).iter().all(unknown));
    // Without a past restart only the first of a roll is known.
    let no_past = Lateness {
        restart: None,
        ..WATCHED
    };
    let found = answers(&schedule, &two, no_past);
    assert!(
        matches!(found[0], Cycle::CannotFire { .. }) && unknown(&found[1]),
        "{found:?}"
    );
    let mut fir = two.clone();
    fir.app.generation = Generation::Fir;
    for dyno in &mut fir.dynos {
        dyno.name = format!("web-848cd4f64d-pvp{}r", &dyno.name[4..]);
    }
    assert!(answers(&schedule, &fir, WATCHED).iter().all(unknown));
    // Older than the cycle lets a dyno become.
    let old = snapshot(
        "2026-10-20T02:00:00Z",
        vec![dyno("web.1", "2026-10-18T19:00:00Z")],
    );
    assert!(answers(&schedule, &old, WATCHED).iter().all(unknown));
    // Where the gap is open whatever the lateness, that is said.
    let autumn = snapshot(
        "2026-11-01T02:00:00Z",
        vec![dyno("web.1", "2026-10-31T11:00:00Z")],
    );
    let [Cycle::MayFire(gap)] = answers(&new_york("07"), &autumn, no_runner)[..] else {
        panic!("it may fire");
    };
    assert!(gap.is_at_least);
}

/// A dyno that a deploy starts anew is due by its age no earlier than the one before: so a mark that was
/// set for the old one never lies too late.
#[test]
fn who_starts_later_is_due_no_earlier_and_before_the_window_closes() {
    let zone: Zone = "America/New_York".parse().expect("a zone");
    for windows in [
        &["02:00-04:00"][..],
        &["02:00-04:00", "09:00-10:00"],
        &["22:00-06:00"],
        &["12:00-12:20", "sat 22:00-06:00"],
        &[],
    ] {
        let mut own = new_york("03");
        own.bounds = bounds(&zone, windows, &["2026-11-04"]);
        own.own_daily_cycle = true;
        let starts = std::iter::successors(Some(at("2026-10-24T12:00:00Z")), |start| {
            Some(*start + SignedDuration::from_mins(7))
        });
        let mut last = Timestamp::MIN;
        for start in starts.take(14 * 24 * 60 / 7) {
            let due = own.own_cycle_of(start).expect("an instant");
            assert!(last <= due, "{windows:?}: {start} after {last}: {due}");
            last = due;
            let hours = |hours| start + SignedDuration::from_hours(hours);
            let has_room = own
                .bounds
                .next_allowed(hours(7))
                .is_some_and(|at| at < hours(23));
            let comes = own.bounds.next_allowed(due).expect("a restart");
            assert!(
                !has_room || comes < hours(24),
                "{windows:?}: {start}: {comes}"
            );
            let closes = own.bounds.allowed_until(due);
            if let (None, Some(closes)) = (own.bounds.bar(due), closes) {
                let an_hour = SignedDuration::from_hours(1);
                let opens = own.bounds.allowed_since(due);
                let whole = opens.map_or(an_hour, |opens| closes.duration_since(opens));
                let room = closes.duration_since(due);
                assert!(room >= whole.min(an_hour), "{windows:?}: {due}");
            }
        }
    }
}

#[test]
fn who_passes_leave_alone_or_whose_window_closes_is_not_promised_anything() {
    let now = "2026-10-20T02:00:00Z";
    let up = dyno("web.1", "2026-10-19T19:00:00Z");
    let schedule = new_york("07");
    let is_promised = |snapshot: &Snapshot| {
        let found = answers(&schedule, snapshot, WATCHED);
        matches!(found[..], [Cycle::CannotFire { .. }])
    };
    assert!(is_promised(&snapshot(now, vec![up.clone()])));
    for state in [State::Crashed, State::Idle] {
        let dyno = Dyno {
            state: state.clone(),
            ..up.clone()
        };
        let left = answers(&schedule, &snapshot(now, vec![dyno]), WATCHED);
        assert!(
            matches!(left[..], [Cycle::Unknown(_)]),
            "{state:?}: {left:?}"
        );
    }
    let mut maintenance = snapshot(now, vec![up.clone()]);
    maintenance.app.is_in_maintenance = true;
    assert!(!is_promised(&maintenance));
    // Two dynos are due a minute before the window closes: the second one's turn comes after that.
    let zone: Zone = "America/New_York".parse().expect("a zone");
    let mut windowed = new_york("05");
    windowed.bounds = bounds(&zone, &["04:00-06:00"], &[]);
    let dynos = vec![up, dyno("web.2", "2026-10-19T19:00:01Z")];
    let snapshot = snapshot("2026-10-20T09:59:00Z", dynos);
    let known = Known::default();
    let question = Question {
        schedules: std::slice::from_ref(&windowed),
        snapshot: &snapshot,
        now: snapshot.at,
        local_now: snapshot.at,
        remaining: None,
        known: &known,
    };
    let plan = autorestart::plan::plan(question);
    assert_eq!(plan.steps.len(), 2);
    let found = of_app(question, &plan, WATCHED);
    let found: Vec<Cycle> = found.into_iter().map(|(_, cycle)| cycle).collect();
    assert!(
        matches!(found[..], [Cycle::CannotFire { .. }, Cycle::Unknown(_)]),
        "{found:?}"
    );
}

/// With jitter the instant of an occurrence may be to come, which a dyno that started after the
/// occurrence satisfies: it forestalls nothing.
#[test]
fn an_occurrence_that_is_satisfied_before_its_turn_forestalls_nothing() {
    for jitter in [1, 3, 24] {
        let mut own = new_york("07");
        own.jitter = Some(Span::hours(jitter));
        own.own_daily_cycle = true;
        assert_eq!(autumn(&own, &[]), [], "{jitter}h");
        // Started a minute after the occurrence, and looked at at once.
        let start = at("2026-10-20T11:01:00Z");
        let restart = own.expected_restart(start, start).expect("a restart");
        let age = restart.duration_since(start);
        assert!(age <= SignedDuration::from_hours(23), "{jitter}h: {age}");
    }
}

/// While one dyno is due and left alone, the next one's age is waited for to the second.
#[tokio::test(start_paused = true)]
async fn a_dyno_that_is_left_alone_makes_no_other_late() {
    let world = "[[app]]\nname = \"example-app\"\n[[app.formation]]\ntype = \"web\"\nquantity = 1\nup-for = \"30h\"\n[[app.formation]]\ntype = \"worker\"\nquantity = 1\nup-for = \"22h\"\n";
    let clock = crate::simulation::paused_at(at("2026-10-20T02:00:00Z"));
    let world = autorestart::sandbox::Scenario::parse(world).expect("a world");
    let heroku = crate::control::Heroku::start(&world, clock).await;
    let crash = serde_json::json!({ "state": "crashed" });
    heroku
        .patch("/sandbox/apps/example-app/dynos/web.1", &crash)
        .await;
    let text = "version = 1\n[[schedule]]\napp = \"example-app\"\nmax-uptime = \"23h\"\n";
    let machine = crate::simulation::Machine::new(&heroku, clock, text);
    let (_sender, stop) = autorestart::stop::Stop::new();
    let options = autorestart::pass::Options::default();
    let report = machine.pass(options, None, &stop).await;
    assert!(report.is_at_rest(), "one is crashed, and one is not due");
    let schedules = machine.store().read().await.expect("schedules");
    let next = autorestart::pass::next_look(&schedules, &machine.state(), clock.now());
    let away = next.expect("a look").duration_since(clock.now());
    assert!(
        (SignedDuration::from_mins(59)..=SignedDuration::from_mins(61)).contains(&away),
        "{away}"
    );
}
