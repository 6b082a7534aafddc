//! What a roll makes of the app's answers, however late its next look comes.

use autorestart::{
    plan::{
        self, Ask, Known, Question, Seen, Word,
        roll::{Action, Roll},
    },
    schedule::Schedule,
    snapshot::{App, Dyno, Formation, Generation, Snapshot, State},
};
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;

const SCHEDULES: &str = "version = 1\n[[schedule]]\napp = \"example-app\"\nat = \"07:00\"\ntimezone = \"UTC\"\nbusy-url = \"https://example.com/busy\"\n";

fn schedules() -> Vec<Schedule> {
    let home = tempfile::tempdir().expect("a directory");
    let path = home.path().join("schedules.toml");
    std::fs::write(&path, SCHEDULES).expect("a file");
    let env = autorestart::env::Env::default();
    let file = autorestart::store::SchedulesFile::locate(Some(&path), &env).expect("a place");
    file.read().expect("schedules")
}

fn snapshot(at: Timestamp) -> Snapshot {
    let created_at = at - SignedDuration::from_hours(20);
    let dyno = Dyno {
        id: "an-id".into(),
        name: "web.1".into(),
        process_type: "web".into(),
        state: State::Up,
        created_at,
        updated_at: created_at,
        release: 7,
        is_attached: false,
        size: String::new(),
    };
    Snapshot {
        at,
        app: App {
            id: "an-app".into(),
            name: "example-app".into(),
            is_in_maintenance: false,
            generation: Generation::Cedar,
            is_in_space: false,
            released_at: Some(created_at),
        },
        formation: vec![Formation {
            process_type: "web".into(),
            quantity: 1,
        }],
        dynos: vec![dyno],
        has_preboot: false,
        memory: BTreeMap::new(),
        sizes: vec![],
    }
}

/// What a roll does so long after the app has said this.
fn after(word: &Word, seconds: i64) -> Action {
    let at: Timestamp = "2026-03-02T07:00:30Z".parse().expect("an instant");
    let (schedules, first) = (schedules(), snapshot(at));
    let plan = plan::plan(Question {
        schedules: &schedules,
        snapshot: &first,
        now: at,
        local_now: at,
        remaining: None,
        known: &Known::default(),
    });
    let mut roll = Roll::new(&plan.steps, None, Seen::default());
    let Action::Ask(asks) = roll.next(&first, at) else {
        panic!("it asks first");
    };
    assert!(matches!(asks[..], [Ask::Busy(..)]), "{asks:?}");
    roll.told(&asks[0], word, at);
    let later = Snapshot {
        at: at + SignedDuration::from_secs(seconds),
        ..first
    };
    roll.next(&later, later.at)
}

#[test]
fn a_no_holds_the_step_however_slow_the_next_list_is() {
    let no = Word::No("answered 503".to_owned());
    for seconds in [0, 9, 11, 19, 119] {
        assert_eq!(after(&no, seconds), Action::Replan, "after {seconds} s");
    }
    // Older than a round, it is asked again.
    assert!(matches!(after(&no, 121), Action::Ask(_)));
}

#[test]
fn a_yes_and_no_answer_hold_nothing() {
    for word in [Word::Yes, Word::Nothing("did not answer".to_owned())] {
        for seconds in [0, 11, 119] {
            let action = after(&word, seconds);
            assert!(matches!(action, Action::Restart(_)), "{word:?}: {action:?}");
        }
    }
}
