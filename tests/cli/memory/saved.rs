//! A saved log with a line of another time, and a status whose schedules cannot be read.

use crate::{
    deploy::api,
    process::{Home, Served, block, shop, told_on_time},
};
use serde_json::{Value, json};

/// Nobody listens there.
const NOBODY: &str = "http://127.0.0.1:9";

#[test]
fn a_log_that_goes_over_a_century_is_refused_at_once() {
    let home = Home::new();
    let line = |year: u32| {
        format!(
            "{year}-03-02T07:00:10.000000+00:00 heroku[web.1]: source=web.1 dyno=heroku.1.7f9b14bc-1d3b-47f4-91c1-704964b8793f sample#memory_rss=100.00MB sample#memory_quota=512.00MB\n"
        )
    };
    let path = home.path().join("saved.log");
    std::fs::write(&path, line(2026) + &line(2126)).expect("a file");
    let told = home.run(NOBODY, &["simulate", "--file", &path.display().to_string()]);
    assert_eq!(told.code, Some(1), "{told:?}");
    assert!(
        told.stderr.contains("36524 days, and 400 are the most"),
        "{told:?}"
    );
}

#[test]
fn status_does_not_pass_over_a_file_that_cannot_be_read() {
    block(async {
        let home = Home::new();
        let served = Served::start(&shop(&home, 2), None);
        home.write_schedules("version = 1\ngarbage [[\n");
        let told = home.run(&served.heroku.url, &["status", "--app", "example-app"]);
        assert_eq!(told.code, Some(2), "{told:?}");
        assert!(told.stderr.contains("schedules.toml:2"), "{told:?}");
    });
}

#[test]
fn what_the_ledger_measured_after_a_restart_ends_the_loop_though_the_log_has_forgotten() {
    block(async {
        let home = Home::new();
        let world = home.path().join("world.toml");
        std::fs::write(&world, "[[app]]\nname = \"example-app\"\nmetrics = true\n[[app.formation]]\ntype = \"web\"\nquantity = 2\nup-for = \"9h\"\nleak = { from = 495 }\n").expect("a file");
        let served = Served::start(
            &world.display().to_string(),
            Some("2026-03-02T07:00:00Z*60"),
        );
        // Some samples.
        served
            .heroku
            .patch("/sandbox", &serde_json::json!({ "advance": "5m" }))
            .await;
        home.write_schedules(
            "version = 1\n[[schedule]]\napp = \"example-app\"\nmemory = \"90%\"\n",
        );
        let dynos = api(&served, "/apps/example-app/dynos").await;
        let app = api(&served, "/apps/example-app").await;
        let is_web_1 = |dyno: &&Value| dyno["name"] == "web.1";
        let dynos = dynos.as_array().expect("a list").iter();
        let dyno = dynos.clone().find(is_web_1).expect("web.1");
        let of = |event: &str, more: Value| {
            let mut record = json!({
                "at": "2026-03-01T22:00:00Z", "event": event, "app": "example-app", "app_id": app["id"],
                "schedule": "default", "occurrence": "2026-03-01T21:59:00Z", "dyno": "web.1",
                "process_type": "web", "trigger": "memory", "old_id": "00",
            });
            let more = more.as_object().expect("an object").clone();
            record.as_object_mut().expect("an object").extend(more);
            format!("{record}\n")
        };
        let ended = json!({ "outcome": "restarted", "new_id": dyno["id"] });
        let measured = json!({ "new_id": dyno["id"], "memory_after": 495 << 20 });
        let ledger = [
            of("requested", json!({})),
            of("ended", ended),
            of("measured", measured),
        ];
        std::fs::create_dir_all(home.ledger().parent().expect("a parent")).expect("a directory");
        std::fs::write(home.ledger(), ledger.concat()).expect("a file");
        let told = told_on_time(&home, &served, &["run", "--json"]).await;
        let restarts = served.heroku.record().await.restarts();
        assert_eq!(restarts.get("web.1"), None, "{told:?}");
        assert_eq!(
            restarts.get("web.2"),
            Some(&1),
            "of it nobody knows: {told:?}"
        );
        assert!(told.stdout.contains("restart_does_not_help"), "{told:?}");
    });
}
