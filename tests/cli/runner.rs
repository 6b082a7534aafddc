//! What a watch leaves behind: signs of life that others read, and none where there is no runner.

use crate::process::{
    FAST, Home, Served, Told, block, each_once, on_time, schedule, shop, told_on_time,
};
use serde_json::{Value, json};
use std::{
    io::{BufRead as _, BufReader},
    process::{Child, Command, Stdio},
};

/// A watch that has said that it watches.
async fn watch(home: &Home, served: &Served, more: &[&str]) -> Child {
    let words = [&["run", "--watch"], more].concat();
    let mut command = on_time(home, served, &words).await;
    let mut watch = command
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("it starts");
    let mut line = String::new();
    let mut said = BufReader::new(watch.stdout.take().expect("a pipe"));
    said.read_line(&mut line).expect("a line");
    assert!(line.contains(" event=watching "), "{line}");
    std::thread::spawn(move || said.lines().count());
    watch
}

fn ends(mut watch: Child) {
    let id = watch.id().to_string();
    Command::new("kill")
        .args(["-TERM", &id])
        .status()
        .expect("kill runs");
    assert_eq!(watch.wait().expect("it ends").code(), Some(130));
}

async fn listed(home: &Home, served: &Served) -> Value {
    let told: Told = told_on_time(home, served, &["--json"]).await;
    told.json()[0]["runner"].clone()
}

#[test]
fn a_watch_of_another_file_or_app_runs_nothing_here() {
    block(async {
        let home = Home::new();
        let served = Served::start(&shop(&home, 1), Some("2026-03-02T12:00:00Z*60"));
        home.write_schedules(
            &schedule("07:00").replace("at =", "since = 2026-03-02T11:00:00Z\nat ="),
        );
        let other = home.path().join("other.toml").display().to_string();
        for more in [&["--schedules", &other][..], &["--app", "another-app"]] {
            let watch = watch(&home, &served, more).await;
            assert_eq!(listed(&home, &served).await, Value::Null, "{more:?}");
            let list = told_on_time(&home, &served, &[]).await;
            assert!(
                list.stderr.contains("Nothing runs these schedules"),
                "{list:?}"
            );
            ends(watch);
        }
        for more in [&[][..], &["--app", "example-app"]] {
            let watch = watch(&home, &served, more).await;
            while listed(&home, &served).await["alive"] != json!(true) {
                tokio::task::yield_now().await;
            }
            let list = told_on_time(&home, &served, &[]).await;
            assert!(
                list.stderr.starts_with("Run by this machine: run --watch"),
                "{list:?}"
            );
            ends(watch);
            let rests = listed(&home, &served).await;
            assert_eq!(rests, Value::Null, "it took its sign away");
        }
    });
}

#[test]
fn a_watch_whose_passes_fail_is_listed_with_the_reason() {
    block(async {
        let home = Home::new().without_offset();
        let served = Served::start(&shop(&home, 1), Some(FAST));
        let refused = json!([{ "times": 100_000, "kind": { "status": { "status": 401, "id": "unauthorized", "message": "Invalid credentials provided." } } }]);
        served.heroku.faults(&refused).await;
        home.write_schedules(&schedule("07:00"));
        let watch = watch(&home, &served, &[]).await;
        let trouble = loop {
            let runner = listed(&home, &served).await;
            if let Some(trouble) = runner["trouble"].as_str() {
                break trouble.to_owned();
            }
        };
        assert!(trouble.contains("Invalid credentials"), "{trouble}");
        let list = told_on_time(&home, &served, &[]).await;
        assert!(list.stderr.contains("but its last pass failed"), "{list:?}");
        ends(watch);
    });
}

#[test]
fn a_sign_of_life_that_cannot_be_left_ends_no_roll() {
    block(async {
        let home = Home::new().without_offset();
        let served = Served::start(&shop(&home, 5), Some(FAST));
        home.write_schedules("version = 1\n");
        let mut watch = watch(&home, &served, &[]).await;
        let signs = home.path().join(".local/state/autorestart/heartbeats");
        // At once, whatever the watch is writing into it.
        std::fs::rename(&signs, signs.with_extension("away")).expect("a directory");
        std::fs::write(&signs, "").expect("a file in its place");
        home.write_schedules(&schedule("07:00"));
        while served.heroku.record().await.restarts() != each_once() {
            assert!(watch.try_wait().expect("a state").is_none(), "it stays");
            tokio::task::yield_now().await;
        }
        ends(watch);
    });
}
