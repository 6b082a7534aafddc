//! What a change to a schedule does to the occurrences that lie behind it, and what a watch outlives.

use crate::process::{
    FAST, Home, Served, Told, block, each_once, on_time, schedule, shop, told_on_time,
};
use serde_json::{Value, json};
use std::{
    io::{BufRead as _, BufReader},
    process::{Command, Stdio},
};

const CHANGES: [&[&str]; 3] = [
    &[
        "set",
        "--app",
        "example-app",
        "--at",
        "14",
        "--timezone",
        "UTC",
    ],
    &["pause", "--app", "example-app"],
    &["remove", "--app", "example-app"],
];
const WARNING: &str =
    "no pass has acted on Mon 02 Mar 2026 07:00 UTC (and 2 earlier) of schedule default";

fn three_days() -> String {
    schedule("07:00") + "since = 2026-02-28T06:00:00Z\n"
}

fn missed(home: &Home, host: &str) -> Vec<(Value, Value)> {
    let history = home.run(host, &["history", "--json"]).json();
    let lines = history.as_array().expect("lines").iter();
    lines
        .map(|line| (line["event"].clone(), line["occurrence"].clone()))
        .collect()
}

fn the_missed_one() -> Vec<(Value, Value)> {
    vec![(json!("missed"), json!("2026-03-02T07:00:00Z"))]
}

#[test]
fn a_change_that_makes_an_unjudged_occurrence_void_says_so_and_records_it() {
    block(async {
        for words in CHANGES {
            let home = Home::new();
            let served = Served::start(&shop(&home, 1), Some("2026-03-02T09:00:00Z*60"));
            home.write_schedules(&three_days());
            let changed = told_on_time(&home, &served, words).await;
            assert_eq!(changed.code, Some(0), "{changed:?}");
            let void = format!("{WARNING}, and {} makes it void", words[0]);
            assert!(changed.stderr.contains(&void), "{changed:?}");
            assert!(
                changed.stderr.contains("run --now --app example-app"),
                "{changed:?}"
            );
            assert_eq!(
                missed(&home, &served.heroku.url),
                the_missed_one(),
                "{words:?}"
            );
            let set = told_on_time(&home, &served, CHANGES[0]).await;
            assert!(
                set.code == Some(0) && !set.stderr.contains("no pass has acted on"),
                "once: {set:?}"
            );
        }
    });
}

#[test]
fn a_change_says_how_far_an_occurrence_had_come() {
    block(async {
        let home = Home::new();
        let served = Served::start(&shop(&home, 1), Some("2026-03-02T09:00:00Z*60"));
        let path = "/sandbox/apps/example-app/dynos/web.1";
        served.heroku.patch(path, &json!({ "up-for": "1h" })).await;
        home.write_schedules(&three_days());
        let changed = told_on_time(&home, &served, CHANGES[0]).await;
        assert!(
            changed.stderr.contains("1 of 3 dynos have started since Mon 02 Mar 2026 07:00 UTC (and 2 earlier) of schedule default, and set makes the rest of it void"),
            "{changed:?}"
        );
        let history = home.run(&served.heroku.url, &["history", "--json"]).json();
        assert_eq!(
            history[0]["detail"],
            "1 of 3 dynos had started since when set made it void"
        );
    });
}

#[test]
fn a_change_says_nothing_of_an_occurrence_after_which_every_dyno_was_restarted() {
    block(async {
        for words in CHANGES {
            let home = Home::new();
            let served = Served::start(&shop(&home, 1), Some("2026-03-02T09:00:00Z*60"));
            for dyno in ["web.1", "web.2", "worker.1"] {
                let path = format!("/sandbox/apps/example-app/dynos/{dyno}");
                served.heroku.patch(&path, &json!({ "up-for": "1h" })).await;
            }
            home.write_schedules(&three_days());
            let changed = told_on_time(&home, &served, words).await;
            assert!(
                changed.code == Some(0) && !changed.stderr.contains("no pass has acted on"),
                "{changed:?}"
            );
            assert_eq!(missed(&home, &served.heroku.url), []);
        }
    });
}

#[test]
fn a_change_that_cannot_ask_heroku_says_what_no_pass_of_this_machine_acted_on() {
    const NOBODY: &str = "http://127.0.0.1:9";
    for words in CHANGES {
        let home = Home::new();
        home.write_schedules(&three_days());
        let mut command = home.command(NOBODY, words);
        command.env("AUTORESTART_CLOCK", "2026-03-02T09:00:00Z");
        let changed: Told = command.output().expect("it runs").into();
        assert!(
            changed.code == Some(0) && changed.stderr.contains(WARNING),
            "{changed:?}"
        );
        assert_eq!(missed(&home, NOBODY), the_missed_one(), "{words:?}");
    }
}

#[test]
fn what_a_change_keeps_it_does_not_call_void() {
    block(async {
        let home = Home::new();
        let served = Served::start(&shop(&home, 1), Some("2026-03-02T07:00:05Z"));
        home.write_schedules(&schedule("07:00"));
        let again = [
            "set",
            "--app",
            "example-app",
            "--at",
            "07",
            "--timezone",
            "UTC",
        ];
        let mut command = home.command(&served.heroku.url, &again);
        command.env("AUTORESTART_CLOCK", "2026-03-02T07:00:05Z");
        let set: Told = command.output().expect("it runs").into();
        assert!(
            set.stdout.contains("now   Mon 02 Mar 2026 07:00 UTC"),
            "{set:?}"
        );
        assert!(!set.stderr.contains("no pass has acted on"), "{set:?}");
        assert_eq!(missed(&home, &served.heroku.url), []);
    });
}

#[test]
fn resume_in_the_minute_of_an_occurrence_does_not_catch_it_up() {
    block(async {
        let home = Home::new().without_offset();
        let served = Served::start(&shop(&home, 1), Some("2026-03-02T07:00:20Z"));
        home.write_schedules(&(schedule("07:00") + "paused = true\n"));
        for words in [&["resume", "--app", "example-app"][..], &["run", "--json"]] {
            let mut command = home.command(&served.heroku.url, words);
            command.env("AUTORESTART_CLOCK", "2026-03-02T07:00:20Z");
            let told: Told = command.output().expect("it runs").into();
            assert_eq!(told.code, Some(0), "{told:?}");
        }
        assert!(served.heroku.record().await.restarts().is_empty());
    });
}

#[test]
fn a_change_while_a_pass_rolls_is_recorded_too() {
    block(async {
        let home = Home::new().without_offset();
        let served = Served::start(&shop(&home, 60), Some(FAST));
        home.write_schedules(&schedule("07:00"));
        let mut roll = on_time(&home, &served, &["run"]).await;
        let roll = roll
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("it starts");
        while served.heroku.record().await.restarts().is_empty() {
            tokio::task::yield_now().await;
        }
        let pause = told_on_time(&home, &served, CHANGES[1]).await;
        assert!(
            pause.code == Some(0) && pause.stderr.contains("A pass is at work on"),
            "{pause:?}"
        );
        let rolled: Told = roll.wait_with_output().expect("it ends").into();
        assert!(
            rolled.stdout.contains("web.2 left alone, paused"),
            "{rolled:?}"
        );
        let history = home.run(&served.heroku.url, &["history", "--json"]).json();
        let events = history
            .as_array()
            .expect("lines")
            .iter()
            .map(|line| line["event"].clone());
        // That web.2 was left at 07:00 is not lost either.
        assert_eq!(
            events.collect::<Vec<_>>(),
            [json!("missed"), json!("ended")]
        );
    });
}

#[test]
fn a_change_while_a_pass_is_about_something_else_is_recorded() {
    block(async {
        let home = Home::new().without_offset();
        let served = Served::start(&shop(&home, 60), Some("2026-03-02T09:00:00Z*60"));
        home.write_schedules(&schedule("07:00"));
        let now = ["run", "--now", "--app", "example-app", "--yes"];
        let mut roll = on_time(&home, &served, &now).await;
        let mut roll = roll
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("it starts");
        while served.heroku.record().await.restarts().is_empty() {
            tokio::task::yield_now().await;
        }
        let removed = told_on_time(&home, &served, CHANGES[2]).await;
        assert_eq!(removed.code, Some(0), "{removed:?}");
        roll.wait().expect("it ends");
        let void = missed(&home, &served.heroku.url);
        assert!(void.contains(&the_missed_one()[0]), "{void:?}");
    });
}

#[test]
fn resume_after_a_pause_that_ended_by_itself_keeps_what_came_due_since() {
    block(async {
        let home = Home::new().without_offset();
        let served = Served::start(&shop(&home, 5), Some("2026-03-02T07:20:00Z*60"));
        home.write_schedules(&(schedule("07:00") + "paused-until = 2026-03-02T06:30:00Z\n"));
        let resume = &["resume", "--app", "example-app"];
        let resumed = told_on_time(&home, &served, resume).await;
        assert!(resumed.stdout.starts_with("Not paused:"), "{resumed:?}");
        let ran = told_on_time(&home, &served, &["run", "--json"]).await;
        assert_eq!(
            (ran.code, served.heroku.record().await.restarts()),
            (Some(0), each_once()),
            "{ran:?}"
        );
    });
}

/// As `nohup` starts it: with SIGHUP ignored.
#[test]
fn a_hang_up_ends_a_watch_but_not_one_under_nohup() {
    block(async {
        for (trap, survives) in [("", false), ("trap '' HUP;", true)] {
            let home = Home::new().without_offset();
            let served = Served::start(&shop(&home, 5), Some(FAST));
            home.write_schedules("version = 1\n");
            let direct = on_time(&home, &served, &["run", "--watch"]).await;
            let mut command = Command::new("sh");
            command
                .args(["-c", &format!("{trap} exec \"$0\" run --watch")])
                .arg(direct.get_program())
                .env_clear();
            command.envs(
                direct
                    .get_envs()
                    .filter_map(|(name, value)| Some((name, value?))),
            );
            let mut watch = command
                .stdout(Stdio::piped())
                .stderr(Stdio::null())
                .spawn()
                .expect("it starts");
            let mut said = BufReader::new(watch.stdout.take().expect("a pipe"));
            let mut line = String::new();
            said.read_line(&mut line).expect("a line");
            assert!(line.contains(" event=watching "), "{line}");
            let signal = |name: &str| {
                let id = watch.id().to_string();
                Command::new("kill")
                    .args([name, &id])
                    .status()
                    .expect("kill runs");
            };
            signal("-HUP");
            if survives {
                home.write_schedules(&schedule("07:00"));
                while served.heroku.record().await.restarts() != each_once() {
                    tokio::task::yield_now().await;
                }
                signal("-TERM");
            }
            assert_eq!(watch.wait().expect("it ends").code(), Some(130));
            assert_eq!(
                !served.heroku.record().await.restarts().is_empty(),
                survives
            );
        }
    });
}
