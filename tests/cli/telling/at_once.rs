//! What became of one app is told while others are still rolled, or wait; and telling holds none of them.

use super::{CLOCK, advance, kinds_of, listening, receiver};
use crate::{
    notify::{add_with, next},
    process::{Home, Served, block, on_time, schedule, shop, told_on_time},
};
use serde_json::json;
use std::{io::Write as _, process::Stdio};

/// The shop, and beside it an app of one dyno.
fn two_apps(home: &Home) -> Served {
    let path = shop(home, 1);
    let other = "\n[[app]]\nname = \"other-app\"\nhabits = { boot = \"1s\" }\n[[app.formation]]\ntype = \"web\"\nquantity = 1\n";
    let mut world = std::fs::OpenOptions::new().append(true).open(&path);
    let world = world.as_mut().expect("a file");
    world.write_all(other.as_bytes()).expect("it is written");
    Served::start(&path, Some(CLOCK))
}

/// Schedules of both apps, told to `ops`; the one of the other app with more.
fn both(more: &str) -> String {
    let of_shop = schedule("07:00") + "notify = [\"ops\"]\n";
    let other = schedule("07:00").replace("example-app", "other-app");
    let other = other.replace("version = 1\n", "");
    format!("{of_shop}{other}notify = [\"ops\"]\n{more}")
}

#[test]
fn a_failure_is_told_while_another_app_waits_and_once_though_the_pass_is_killed() {
    block(async {
        let home = Home::new().without_offset();
        let served = two_apps(&home);
        let (_, told) = listening(&home, &served.heroku.url, "ops");
        let router = format!("{}/router/other-app", served.heroku.url);
        home.write_schedules(&both(&format!("busy-url = \"{router}/busy\"\n")));
        let busy = json!({ "answers": { "/busy": 503 } });
        served.heroku.patch("/sandbox/apps/other-app", &busy).await;
        let fails = json!({ "habits": { "then": "crash-at-boot" } });
        let shop = "/sandbox/apps/example-app";
        served.heroku.patch(shop, &fails).await;
        let mut run = on_time(&home, &served, &["run"]).await;
        let run = run.stdout(Stdio::null()).stderr(Stdio::null());
        let mut run = run.spawn().expect("it starts");
        let body = next(&told).1;
        assert_eq!(body["event"], json!("trouble"), "{body}");
        assert_eq!(body["troubles"][0]["app"], json!("example-app"), "{body}");
        // That it was taken is noted a moment later.
        let outbox = home.ledger().with_file_name("notify.json");
        while std::fs::read_to_string(&outbox).is_ok_and(|text| text.contains("\"to\":\"ops\"")) {
            tokio::task::yield_now().await;
        }
        // The other one may be put off for half an hour.
        assert!(run.try_wait().expect("a state").is_none(), "it still waits");
        let restarts = served.heroku.record().await.restarts;
        assert!(
            restarts.iter().all(|one| one.app == "example-app"),
            "{restarts:#?}"
        );
        run.kill().expect("killed");
        run.wait().expect("it is gone");
        // What lasts is not told again, and what comes is.
        told_on_time(&home, &served, &["run", "--no-wait"]).await;
        assert!(told.try_recv().is_err(), "once");
        advance(&served, "2h").await;
        told_on_time(&home, &served, &["run", "--no-wait"]).await;
        let later = told.try_iter().map(|(_, body)| body["troubles"].clone());
        let mut missed: Vec<(String, String)> = later.flat_map(|list| kinds_of(&list)).collect();
        missed.sort();
        let missed_of = |app: &str| ("missed".to_owned(), app.to_owned());
        assert_eq!(missed, [missed_of("example-app"), missed_of("other-app")]);
    });
}

#[test]
fn a_receiver_that_hangs_delays_no_restart_of_another_app() {
    block(async {
        let home = Home::new().without_offset();
        let served = two_apps(&home);
        let (hangs, came) = receiver(|_| {});
        let kept = add_with(&home, &served.heroku.url, "ops", &hangs, &["--restarts"]);
        assert_eq!(kept.code, Some(0), "{kept:?}");
        came.try_iter().for_each(drop);
        home.write_schedules(&both(""));
        let run = told_on_time(&home, &served, &["run", "--concurrency", "1"]).await;
        assert_eq!(run.code, Some(0), "{run:?}");
        assert!(came.try_iter().count() >= 1, "it was asked");
        let restarts = served.heroku.record().await.restarts;
        assert_eq!(restarts.len(), 4, "{restarts:#?}");
        let at = || restarts.iter().map(|restart| restart.at);
        let (first, last) = (at().min().expect("one"), at().max().expect("one"));
        // It hangs for ten seconds, which are ten minutes of these clocks.
        let lasted = last.duration_since(first);
        assert!(lasted.as_mins() < 8, "{lasted:?}: {restarts:#?}");
    });
}

/// Of a runner that its platform ends nobody knows but who is told.
#[cfg(unix)]
#[test]
fn a_restart_whose_proof_a_signal_cut_short_is_told() {
    block(async {
        let home = Home::new().without_offset();
        let served = Served::start(&shop(&home, 60), Some(CLOCK));
        let (_, told) = listening(&home, &served.heroku.url, "ops");
        home.write_schedules(&(schedule("07:00") + "notify = [\"ops\"]\n"));
        let mut run = on_time(&home, &served, &["run"]).await;
        let run = run.stdout(Stdio::null()).stderr(Stdio::null());
        let mut run = run.spawn().expect("it starts");
        while !std::fs::read_to_string(home.ledger())
            .is_ok_and(|text| text.contains("\"accepted\""))
        {
            tokio::task::yield_now().await;
        }
        let id = nix::unistd::Pid::from_raw(run.id().cast_signed());
        nix::sys::signal::kill(id, nix::sys::signal::Signal::SIGTERM).expect("a signal");
        assert_eq!(run.wait().expect("it ends").code(), Some(130));
        let body = next(&told).1;
        assert_eq!(body["troubles"][0]["kind"], json!("failed"), "{body}");
        let detail = body["troubles"][0]["detail"].as_str().expect("a detail");
        assert!(detail.starts_with("web.1 unverified: "), "{body}");
    });
}

#[test]
fn what_waited_is_sent_as_one_message_of_each_event() {
    block(async {
        let home = Home::new().without_offset();
        let served = two_apps(&home);
        let fails = json!({ "habits": { "then": "crash-at-boot" } });
        for app in ["example-app", "other-app"] {
            let app = format!("/sandbox/apps/{app}");
            served.heroku.patch(&app, &fails).await;
        }
        // Nobody listens there.
        let url = "http://127.0.0.1:9/hook";
        let kept = add_with(&home, &served.heroku.url, "ops", url, &[]);
        assert_eq!(kept.code, Some(0), "{kept:?}");
        home.write_schedules(&both(""));
        let run = told_on_time(&home, &served, &["run", "--no-wait"]).await;
        assert_eq!(run.code, Some(3), "{run:?}");
        let (_, told) = listening(&home, &served.heroku.url, "ops");
        advance(&served, "1m").await;
        told_on_time(&home, &served, &["run", "--no-wait"]).await;
        let body = next(&told).1;
        let apps = body["troubles"].as_array().expect("a list").iter();
        let apps = apps.filter(|one| one["kind"] == json!("failed"));
        let mut apps: Vec<&str> = apps.filter_map(|one| one["app"].as_str()).collect();
        apps.sort_unstable();
        assert_eq!(apps, ["example-app", "other-app"], "{body}");
        let text = body["text"].as_str().expect("a text");
        assert_eq!(text.matches("web.1 failed").count(), 2, "{text}");
        assert_eq!(text.matches("autorestart on").count(), 1, "{text}");
        assert!(told.try_recv().is_err(), "one message");
    });
}
