//! What holds for every plan, whatever the app looks like.

use autorestart::{
    plan::{self, Asked, Ended, Known, Outcome, Plan, Question},
    schedule::Schedule,
    snapshot::{App, Dyno, Formation, Generation, Snapshot, State},
};
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

const NOW: &str = "2026-03-02T07:10:00Z";

fn now() -> Timestamp {
    NOW.parse().expect("an instant")
}

fn schedules(text: &str) -> Vec<Schedule> {
    let home = tempfile::tempdir().expect("a directory");
    let path = home.path().join("schedules.toml");
    std::fs::write(&path, text).expect("a file");
    let env = autorestart::env::Env::default();
    autorestart::store::SchedulesFile::locate(Some(&path), &env)
        .expect("a place")
        .read()
        .expect("schedules")
}

prop_compose! {
    fn a_dyno()(
        place in 0..9_usize,
        state in prop_oneof![8 => Just(State::Up), 1 => Just(State::Starting), 1 => Just(State::Crashed), 1 => Just(State::Idle), 1 => Just(State::Other("down".into()))],
        age in 0..40_i64,
        since in 0..40_i64,
        release in 7..9_u64,
        is_attached in prop::bool::weighted(0.05),
    ) -> Dyno {
        let (name, process_type) = [
            ("web.1", "web"), ("web.2", "web"), ("web.3", "web"), ("web.9", "web"), ("worker.1", "worker"), ("worker.4021", "worker"),
            ("run.7", "run"), ("scheduler.3", "scheduler"), ("clock.1", "clock"),
        ][place];
        let created_at = now() - SignedDuration::from_mins(age * age);
        Dyno {
            id: format!("{name}-{age}-{since}"), name: name.into(), process_type: process_type.into(), state, created_at,
            updated_at: created_at.max(now() - SignedDuration::from_mins(since * since)), release: if release == 8 && age % 7 == 0 { 8 } else { 7 }, is_attached, size: String::new(),
        }
    }
}

prop_compose! {
    fn an_app()(
        dynos in prop::collection::vec(a_dyno(), 0..8),
        web in 0..4_u32,
        worker in 0..2_u32,
        is_in_maintenance in prop::bool::weighted(0.1),
        has_preboot in prop::bool::weighted(0.2),
        released in 0..60_i64,
    ) -> Snapshot {
        let quantities = [("web", web), ("worker", worker), ("clock", 0), ("run", 1)];
        let formation = quantities.map(|(process_type, quantity)| Formation { process_type: process_type.into(), quantity });
        let mut seen = BTreeSet::new();
        let dynos = dynos.into_iter().filter(|dyno| seen.insert(dyno.name.clone())).collect();
        Snapshot {
            at: now(),
            app: App {
                id: "an-id".into(), name: "example-app".into(), is_in_maintenance, generation: Generation::Cedar, is_in_space: false,
                released_at: Some(now() - SignedDuration::from_mins(released * released)),
            },
            formation: formation.to_vec(), dynos, has_preboot, memory: BTreeMap::new(), sizes: vec![],
        }
    }
}

fn plan_for(schedules: &[Schedule], snapshot: &Snapshot, known: &Known) -> Plan {
    plan::plan(Question {
        schedules,
        snapshot,
        now: snapshot.at,
        local_now: snapshot.at,
        remaining: None,
        known,
    })
}

const SCHEDULES: [&str; 4] = [
    "version = 1\n[[schedule]]\napp = \"example-app\"\nat = \"07:00\"\n",
    "version = 1\n[[schedule]]\napp = \"example-app\"\nmax-uptime = \"6h\"\nmax-unavailable = 2\n",
    "version = 1\n[[schedule]]\napp = \"example-app\"\nat = \"07:00\"\nprocess-type = \"web\"\nmin-uptime = \"1h\"\n",
    "version = 1\n[[schedule]]\napp = \"example-app\"\nname = \"a\"\nat = \"07:00\"\ndyno-name = \"web.1\"\nmax-unavailable = \"50%\"\n[[schedule]]\napp = \"example-app\"\nname = \"b\"\nmax-uptime = \"12h\"\n",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_dyno_is_a_step_or_a_skip_with_its_reason(snapshot in an_app(), which in 0..4_usize) {
        let plan = plan_for(&schedules(SCHEDULES[which]), &snapshot, &Known::default());
        let mut names: Vec<&str> = plan.steps.iter().map(|step| step.dyno.as_str()).chain(plan.skips.iter().map(|skip| skip.dyno.as_str())).collect();
        names.sort_unstable();
        let mut dynos: Vec<&str> = snapshot.dynos.iter().map(|dyno| dyno.name.as_str()).collect();
        dynos.sort_unstable();
        prop_assert_eq!(names, dynos);
        prop_assert!(plan.skips.iter().all(|skip| !skip.detail.is_empty()));
    }

    #[test]
    fn only_dynos_of_the_formation_that_are_up_and_older_than_the_occurrence_are_restarted(snapshot in an_app(), which in 0..4_usize) {
        for step in plan_for(&schedules(SCHEDULES[which]), &snapshot, &Known::default()).steps {
            let dyno = snapshot.dynos.iter().find(|dyno| dyno.id == step.old_id).expect("a dyno of the snapshot");
            prop_assert!(snapshot.is_in_formation(dyno) && dyno.is_up() && !dyno.is_attached, "{:?}", dyno);
            prop_assert!(dyno.created_at < step.occurrence || step.trigger == plan::Trigger::MaxUptime);
            prop_assert!(!snapshot.app.is_in_maintenance);
            prop_assert!(!["run", "scheduler", "release"].contains(&dyno.process_type.as_str()) && dyno.name != "worker.4021" && dyno.name != "web.9");
        }
    }

    #[test]
    fn a_plan_after_an_execute_without_failure_is_empty(snapshot in an_app(), which in 0..4_usize) {
        let schedules = schedules(SCHEDULES[which]);
        let plan = plan_for(&schedules, &snapshot, &Known::default());
        let mut after = snapshot.clone();
        let mut known = Known::default();
        after.at = snapshot.at + SignedDuration::from_mins(5);
        for step in &plan.steps {
            let dyno = after.dynos.iter_mut().find(|dyno| dyno.id == step.old_id).expect("a dyno of the snapshot");
            (dyno.created_at, dyno.updated_at) = (snapshot.at, snapshot.at);
            dyno.id = format!("new-{}", dyno.id);
            known.seen.prove(Arc::new(Ended {
                step: step.clone(), outcome: Outcome::Restarted, new_id: Some(dyno.id.clone()),
                took: SignedDuration::ZERO, detail: None,
                request_ids: vec![],
            }));
        }
        let restarted: BTreeSet<&str> = plan.steps.iter().map(|step| step.dyno.as_str()).collect();
        let again = plan_for(&schedules, &after, &known);
        prop_assert!(again.steps.iter().all(|step| !restarted.contains(step.dyno.as_str())), "{:#?}", again.steps);
    }

    #[test]
    fn what_the_ledger_says_can_only_prevent(snapshot in an_app(), which in 0..4_usize, minutes in 0..30_i64, is_accepted: bool, has_failed: bool, is_of_before: bool) {
        let schedules = schedules(SCHEDULES[which]);
        let without = plan_for(&schedules, &snapshot, &Known::default());
        let asked = without.steps.first().map(|step| Asked {
            dyno: step.dyno.clone(), occurrence: step.occurrence,
            old_id: if is_of_before { "before".to_owned() } else { step.old_id.clone() },
            new_id: None,
            at: snapshot.at - SignedDuration::from_mins(minutes), is_accepted, outcome: has_failed.then_some(Outcome::Failed), is_for_memory: false, memory_after: None,
        });
        let known = Known { asked: asked.into_iter().collect(), ..Known::default() };
        let with = plan_for(&schedules, &snapshot, &known);
        let names = |plan: &Plan| plan.steps.iter().map(|step| step.dyno.clone()).collect::<BTreeSet<_>>();
        prop_assert!(names(&with).is_subset(&names(&without)));
        prop_assert!(!is_of_before || names(&with).is_empty(), "asked for once, and due again with another id");
    }

    #[test]
    fn a_type_with_no_room_is_left_alone(snapshot in an_app()) {
        let plan = plan_for(&schedules(SCHEDULES[0]), &snapshot, &Known::default());
        for step in &plan.steps {
            let of_type = snapshot.formation_dynos().filter(|dyno| dyno.process_type == step.process_type);
            let up = of_type.filter(|dyno| dyno.is_up()).count();
            let wanted = snapshot.quantity(&step.process_type) as usize;
            prop_assert!(up >= wanted, "{} of {} {} are up, and one more would go down", up, wanted, step.process_type);
        }
    }
}
