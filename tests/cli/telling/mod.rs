//! Who is told what went wrong: once, and when it is over; and that a receiver, whatever it does, changes
//! nothing of a restart.

mod at_once;

use crate::{
    notify::{add, add_with, listener, next},
    process::{Home, Served, Told, block, each_once, on_time, schedule, shop, told_on_time},
};
use serde_json::{Value, json};
use std::{
    io::{Read as _, Write as _},
    net::{TcpListener, TcpStream},
    process::Stdio,
    sync::mpsc::{Receiver, TryRecvError, channel},
};

const CLOCK: &str = "2026-03-02T07:00:10Z*60";

/// A schedule whose trouble is told to these names.
fn telling(names: &str) -> String {
    schedule("07:00") + &format!("notify = [{names}]\n")
}

/// A receiver of this name, which has had its test.
fn listening(home: &Home, host: &str, name: &str) -> (String, Receiver<(String, Value)>) {
    let (url, told) = listener("200 OK");
    assert_eq!(add(home, host, name, &url).code, Some(0));
    assert_eq!(next(&told).1["event"], json!("test"));
    (url, told)
}

async fn advance(served: &Served, by: &str) {
    let change = json!({ "advance": by });
    served.heroku.patch("/sandbox", &change).await;
}

/// Answers every connection with what `answer` writes; tells of each.
fn receiver(answer: impl Fn(&mut TcpStream) + Send + 'static) -> (String, Receiver<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let at = listener.local_addr().expect("an address");
    let (sender, came) = channel();
    std::thread::spawn(move || {
        let mut kept = vec![];
        for stream in listener.incoming() {
            let mut stream = stream.expect("a stream");
            let _ = stream.read(&mut [0; 4_096]);
            answer(&mut stream);
            kept.push(stream);
            if sender.send(()).is_err() {
                return;
            }
        }
    });
    (format!("http://{at}/s3cret-path"), came)
}

fn kinds() -> Vec<(&'static str, String, Receiver<()>, bool)> {
    let (elsewhere, elsewhere_came) = receiver(|_| {});
    let (hangs, of_hangs) = receiver(|_| {});
    let (redirects, of_redirects) = receiver(move |stream| {
        let _ = write!(
            stream,
            "HTTP/1.1 307 Temporary Redirect\r\nlocation: {elsewhere}\r\ncontent-length: 0\r\n\r\n"
        );
    });
    let (refuses, of_refuses) = receiver(|stream| {
        let _ = write!(
            stream,
            "HTTP/1.1 500 Internal Server Error\r\ncontent-length: 0\r\n\r\n"
        );
    });
    let (chatters, of_chatters) = receiver(|stream| {
        let _ = write!(stream, "HTTP/1.1 200 OK\r\ncontent-length: 1048576\r\n\r\n");
        let _ = stream.write_all(&vec![b'x'; 1 << 20]);
    });
    let (leaves, of_leaves) = receiver(|stream| {
        let _ = stream.shutdown(std::net::Shutdown::Both);
    });
    vec![
        ("hangs", hangs, of_hangs, false),
        ("redirects", redirects, of_redirects, false),
        ("redirected to", String::new(), elsewhere_came, false),
        ("answers 500", refuses, of_refuses, false),
        ("answers a megabyte", chatters, of_chatters, true),
        ("leaves", leaves, of_leaves, false),
    ]
}

/// A pass whose web dyno does not come up.
async fn failing_pass(home: &Home, served: &Served) -> Told {
    let habits = json!({ "habits": { "then": "crash-at-boot" } });
    served
        .heroku
        .patch("/sandbox/apps/example-app", &habits)
        .await;
    told_on_time(home, served, &["run", "--no-wait"]).await
}

#[test]
fn a_receiver_that_hangs_redirects_refuses_or_chatters_changes_no_restart() {
    block(async {
        for (kind, url, came, is_taken) in kinds() {
            if url.is_empty() {
                assert_eq!(
                    came.try_recv(),
                    Err(TryRecvError::Empty),
                    "nobody is sent on to another place"
                );
                continue;
            }
            for is_well in [true, false] {
                let home = Home::new().without_offset();
                let served = Served::start(&shop(&home, 1), Some(CLOCK));
                let kept = add_with(&home, &served.heroku.url, "ops", &url, &["--restarts"]);
                assert_eq!(kept.code, Some(0), "{kind}: {kept:?}");
                home.write_schedules(&telling("\"ops\""));
                let told = if is_well {
                    told_on_time(&home, &served, &["run"]).await
                } else {
                    failing_pass(&home, &served).await
                };
                let record = served.heroku.record().await;
                assert!(came.try_iter().count() >= 2, "{kind}: it was asked");
                if is_well {
                    assert_eq!(told.code, Some(0), "{kind}: {told:?}");
                    assert_eq!(record.restarts(), each_once(), "{kind}");
                } else {
                    assert_eq!(told.code, Some(3), "{kind}: {told:?}");
                    assert_eq!(record.restarts().len(), 1, "{kind}: {told:?}");
                }
                let is_said = told.stderr.contains("ops was not told yet: 127.0.0.1: ");
                assert_eq!(is_said, !is_taken, "{kind}: {told:?}");
                assert!(!format!("{told:?}{kept:?}").contains("s3cret"), "{kind}");
            }
        }
    });
}

fn kinds_of(list: &Value) -> Vec<(String, String)> {
    let of_one = |one: &Value| {
        let text = |key: &str| one[key].as_str().unwrap_or_default().to_owned();
        (text("kind"), text("app"))
    };
    let mut kinds: Vec<_> = list
        .as_array()
        .expect("a list")
        .iter()
        .map(of_one)
        .collect();
    kinds.sort();
    kinds
}

#[test]
fn the_same_trouble_is_told_once_and_then_that_it_is_over() {
    block(async {
        let home = Home::new().without_offset();
        let served = Served::start(&shop(&home, 1), Some(CLOCK));
        let host = &served.heroku.url;
        let (_, told) = listening(&home, host, "ops");
        let (chat, chatted) = listener("200 OK");
        let slack = ["--format", "slack"];
        assert_eq!(add_with(&home, host, "chat", &chat, &slack).code, Some(0));
        assert_eq!(
            next(&chatted).1.as_object().map(serde_json::Map::len),
            Some(1)
        );
        home.write_schedules(&telling("\"ops\", \"chat\""));
        let run = failing_pass(&home, &served).await;
        assert_eq!(run.code, Some(3), "{run:?}");
        let body = next(&told).1;
        assert_eq!(body["event"], json!("trouble"), "{body}");
        let example = |kind: &str| (kind.to_owned(), "example-app".to_owned());
        assert_eq!(
            kinds_of(&body["troubles"]),
            [example("failed"), example("held")],
            "{body}"
        );
        let text = body["text"].as_str().expect("a text");
        assert!(
            text.contains("example-app (default): failed: web.1 failed: the new dyno crashed"),
            "{text}"
        );
        assert_eq!(
            next(&chatted).1,
            json!({ "text": text }),
            "nothing to escape"
        );
        // As long as it lasts, nothing more is said.
        for _ in 0..3 {
            let run = told_on_time(&home, &served, &["run", "--no-wait"]).await;
            assert_eq!(run.code, Some(3), "{run:?}");
        }
        assert!(told.try_recv().is_err() && chatted.try_recv().is_err());
        // Mended, by a deploy that replaces the broken one.
        let habits = json!({ "habits": { "then": "stay" } });
        served
            .heroku
            .patch("/sandbox/apps/example-app", &habits)
            .await;
        let release = reqwest::Method::POST;
        let path = "/sandbox/apps/example-app/releases";
        served.heroku.send(release, path, &json!({})).await;
        advance(&served, "1d").await;
        let run = told_on_time(&home, &served, &["run"]).await;
        assert_eq!(run.code, Some(0), "{run:?}");
        let body = next(&told).1;
        assert_eq!(body["event"], json!("over"), "{body}");
        assert_eq!(
            kinds_of(&body["over"]),
            [example("failed"), example("held")],
            "{body}"
        );
        assert!(
            next(&chatted).1["text"]
                .as_str()
                .expect("a text")
                .contains("over after")
        );
        let state = std::fs::read_to_string(home.ledger().with_file_name("notify.json"));
        assert!(!state.expect("what was told").contains("s3cret"));
    });
}

#[test]
fn a_receiver_that_was_away_hears_it_later_and_once() {
    block(async {
        let home = Home::new().without_offset();
        let served = Served::start(&shop(&home, 1), Some(CLOCK));
        let host = &served.heroku.url;
        // A port where nobody listens yet.
        let place = TcpListener::bind("127.0.0.1:0").expect("a port");
        let at = place.local_addr().expect("an address");
        drop(place);
        let kept = add(&home, host, "ops", &format!("http://{at}/hook"));
        assert!(kept.stderr.contains("did not take a test"), "{kept:?}");
        home.write_schedules(&telling("\"ops\""));
        let run = failing_pass(&home, &served).await;
        assert!(
            run.code == Some(3) && run.stderr.contains("ops was not told yet"),
            "{run:?}"
        );
        let (_, told) = listening(&home, host, "ops");
        // Also by a call that finds nothing due.
        home.write_schedules("version = 1\n");
        let run = told_on_time(&home, &served, &["run", "--no-wait"]).await;
        assert_eq!(run.code, Some(0), "{run:?}");
        assert_eq!(next(&told).1["event"], json!("trouble"));
        told_on_time(&home, &served, &["run", "--no-wait"]).await;
        assert!(told.try_recv().is_err(), "once");
    });
}

#[test]
fn a_name_without_a_url_is_refused_by_set_and_said_by_doctor() {
    block(async {
        let home = Home::new();
        let served = Served::start(&shop(&home, 1), None);
        let host = &served.heroku.url;
        let set = [
            "set",
            "--app",
            "example-app",
            "--at",
            "07",
            "--notify",
            "ops",
        ];
        let refused = home.run(host, &set);
        assert!(
            refused.code == Some(2) && refused.stderr.contains("under the name ops"),
            "{refused:?}"
        );
        assert!(!home.schedules().exists(), "nothing is half set");
        let (_, _told) = listening(&home, host, "ops");
        let done = home.run(host, &set);
        assert!(
            done.code == Some(0) && done.stdout.contains("tells ops what goes wrong"),
            "{done:?}"
        );
        let removed = home.run(host, &["notify", "remove", "ops"]);
        assert!(
            removed.code == Some(0) && removed.stderr.contains("schedules still tell it"),
            "{removed:?}"
        );
        let doctor = home.run(host, &["doctor"]);
        assert!(
            doctor.stdout.contains("no URL is kept here for ops"),
            "{doctor:?}"
        );
    });
}

/// Sends a failing pass, and returns what was told of it.
async fn told_of_a_failure(
    home: &Home,
    served: &Served,
    told: &Receiver<(String, Value)>,
) -> Vec<(String, String)> {
    let run = failing_pass(home, served).await;
    assert_eq!(run.code, Some(3), "{run:?}");
    kinds_of(&next(told).1["troubles"])
}

async fn mend(served: &Served) {
    let habits = json!({ "habits": { "then": "stay" } });
    let app = "/sandbox/apps/example-app";
    served.heroku.patch(app, &habits).await;
    let path = format!("{app}/releases");
    served
        .heroku
        .send(reqwest::Method::POST, &path, &json!({}))
        .await;
    advance(served, "1d").await;
}

#[test]
fn a_schedule_that_was_set_anew_is_another_one() {
    block(async {
        let home = Home::new().without_offset();
        let served = Served::start(&shop(&home, 1), Some(CLOCK));
        let host = &served.heroku.url;
        let (_, told) = listening(&home, host, "ops");
        home.write_schedules(&telling("\"ops\""));
        told_of_a_failure(&home, &served, &told).await;
        mend(&served).await;
        let removed = told_on_time(&home, &served, &["remove", "--app", "example-app"]).await;
        assert_eq!(removed.code, Some(0), "{removed:?}");
        let set = [
            "set",
            "--app",
            "example-app",
            "--at",
            "07:00",
            "--notify",
            "ops",
        ];
        let set = told_on_time(&home, &served, &set).await;
        assert_eq!(set.code, Some(0), "{set:?}");
        advance(&served, "1d").await;
        let again = told_of_a_failure(&home, &served, &told).await;
        assert!(again.iter().any(|(kind, _)| kind == "failed"), "{again:?}");
    });
}

#[test]
fn a_renamed_app_keeps_its_trouble() {
    block(async {
        let home = Home::new().without_offset();
        let served = Served::start(&shop(&home, 1), Some(CLOCK));
        let host = &served.heroku.url;
        let (_, told) = listening(&home, host, "ops");
        home.write_schedules(&telling("\"ops\""));
        told_of_a_failure(&home, &served, &told).await;
        served
            .heroku
            .patch("/sandbox/apps/example-app", &json!({ "name": "new-name" }))
            .await;
        let run = told_on_time(&home, &served, &["run", "--no-wait"]).await;
        assert_eq!(run.code, Some(3), "{run:?}");
        assert!(told.try_recv().is_err(), "it is the same trouble");
        let habits = json!({ "habits": { "then": "stay" } });
        served.heroku.patch("/sandbox/apps/new-name", &habits).await;
        let path = "/sandbox/apps/new-name/releases";
        served
            .heroku
            .send(reqwest::Method::POST, path, &json!({}))
            .await;
        advance(&served, "1d").await;
        let run = told_on_time(&home, &served, &["run"]).await;
        assert_eq!(run.code, Some(0), "{run:?}");
        let over = kinds_of(&next(&told).1["over"]);
        assert_eq!(over.len(), 2, "{over:?}");
        assert!(over.iter().all(|(_, app)| app == "new-name"), "{over:?}");
    });
}

#[test]
fn what_nobody_took_within_a_day_is_news_again_where_it_lasts() {
    block(async {
        let home = Home::new().without_offset();
        let served = Served::start(&shop(&home, 1), Some(CLOCK));
        let host = &served.heroku.url;
        let (refuses, _of_refuses) = listener("500 Internal Server Error");
        add(&home, host, "ops", &refuses);
        let at = "at = \"07:00,07:50\"";
        let often = telling("\"ops\"").replace("at = \"07:00\"", at);
        home.write_schedules(&often.replace("07:50", "08:00"));
        let run = failing_pass(&home, &served).await;
        assert_eq!(run.code, Some(3), "{run:?}");
        advance(&served, "24h30m").await;
        let (_, told) = listening(&home, host, "ops");
        // It is held still, at the next day's occurrence.
        let run = told_on_time(&home, &served, &["run", "--no-wait"]).await;
        assert_eq!(run.code, Some(3), "{run:?}");
        let kinds = kinds_of(&next(&told).1["troubles"]);
        assert!(kinds.iter().any(|(kind, _)| kind == "held"), "{kinds:?}");
    });
}

#[test]
fn names_that_would_be_one_variable_are_refused_and_urls_in_their_place_not_shown() {
    let home = Home::new();
    let host = "http://127.0.0.1:9";
    let (url, _told) = listening(&home, host, "on-call");
    let refused = add(&home, host, "on_call", &url);
    assert!(
        refused.code == Some(2) && refused.stderr.contains("AUTORESTART_NOTIFY_ON_CALL"),
        "{refused:?}"
    );
    home.write_schedules(&telling("\"https://hooks.example.com/services/s3cret\""));
    for words in [&["run"][..], &["plan", "--json"], &["doctor"]] {
        let told = home.run(host, words);
        assert!(
            !format!("{told:?}").contains("s3cret"),
            "{words:?}: {told:?}"
        );
    }
}

#[test]
fn plan_asks_whoever_may_say_no_as_a_pass_does() {
    block(async {
        let home = Home::new().without_offset();
        let served = Served::start(&shop(&home, 1), Some(CLOCK));
        let router = format!("{}/router/example-app", served.heroku.url);
        home.write_schedules(&format!(
            "{}busy-url = \"{router}/busy\"\n",
            schedule("07:00")
        ));
        let busy = json!({ "answers": { "/busy": 503 } });
        let free = json!({ "answers": {} });
        for (path, change, undo, reason) in [
            ("/sandbox/apps/example-app", busy, free, "app_busy"),
            (
                "/sandbox",
                json!({ "incident": "Routing errors" }),
                json!({ "incident": "" }),
                "heroku_incident",
            ),
        ] {
            served.heroku.patch(path, &change).await;
            let plan = told_on_time(&home, &served, &["plan", "--json"]).await;
            let plan = plan.json();
            assert_eq!(plan["steps"], json!([]), "{plan}");
            let skips = plan["skips"].as_array().expect("skips").iter();
            let reasons: Vec<&Value> = skips.map(|skip| &skip["reason"]).collect();
            assert_eq!(
                reasons.iter().filter(|one| ***one == json!(reason)).count(),
                3,
                "{plan}"
            );
            // And so does status.
            let status = ["status", "--app", "example-app"];
            let status = told_on_time(&home, &served, &status).await.stdout;
            let words = reason.replace('_', " ");
            assert_eq!(status.matches(&format!("{words}: ")).count(), 3, "{status}");
            assert_eq!(status.matches("as soon as it may").count(), 3, "{status}");
            assert!(!status.contains("due now"), "{status}");
            served.heroku.patch(path, &undo).await;
        }
    });
}

#[test]
fn a_pass_without_a_credential_is_told() {
    block(async {
        let home = Home::new().without_offset();
        let served = Served::start(&shop(&home, 1), Some(CLOCK));
        let host = &served.heroku.url;
        let (_, told) = listening(&home, host, "ops");
        home.write_schedules(&telling("\"ops\""));
        let mut run = crate::process::on_time(&home, &served, &["run", "--no-wait"]).await;
        let run = run.env("HEROKU_API_KEY", "").output().expect("it runs");
        let run = Told::from(run);
        assert_eq!(run.code, Some(1), "{run:?}");
        let kinds = kinds_of(&next(&told).1["troubles"]);
        assert_eq!(kinds, [("error".to_owned(), "example-app".to_owned())]);
        // With one, it is over.
        let run = told_on_time(&home, &served, &["run"]).await;
        assert_eq!(run.code, Some(0), "{run:?}");
        assert_eq!(next(&told).1["event"], json!("over"));
    });
}

#[test]
fn a_miss_is_told_and_one_of_the_next_day_too() {
    block(async {
        let home = Home::new().without_offset();
        let served = Served::start(&shop(&home, 1), Some(CLOCK));
        let (_, told) = listening(&home, &served.heroku.url, "ops");
        home.write_schedules(&(schedule("07:00,09:00,11:00") + "notify = [\"ops\"]\n"));
        let is_down = json!({ "maintenance": true });
        served
            .heroku
            .patch("/sandbox/apps/example-app", &is_down)
            .await;
        let mut days = vec![];
        // Of Monday's three the first is told, of Tuesday's the newest, which speaks for those before it.
        for by in ["0s", "1h30m", "2h", "2h", "22h"] {
            advance(&served, by).await;
            told_on_time(&home, &served, &["run", "--no-wait"]).await;
            for (_, body) in told.try_iter() {
                let troubles = body["troubles"].as_array().expect("troubles").iter();
                let missed = troubles.filter(|trouble| trouble["kind"] == json!("missed"));
                days.extend(missed.map(|trouble| {
                    trouble["detail"]
                        .as_str()
                        .unwrap_or_else(|| panic!("{trouble}"))[..10]
                        .to_owned()
                }));
            }
        }
        assert_eq!(days, ["Mon 02 Mar", "Tue 03 Mar"]);
    });
}

#[test]
fn who_took_a_message_does_not_get_it_again_because_of_another_who_hangs() {
    block(async {
        let home = Home::new().without_offset();
        let served = Served::start(&shop(&home, 1), Some(CLOCK));
        let host = &served.heroku.url;
        let (_, fast) = listening(&home, host, "fast");
        let (hangs, came) = receiver(|_| {});
        let slow = add(&home, host, "slow", &hangs);
        assert_eq!(slow.code, Some(0), "{slow:?}");
        came.try_iter().for_each(drop);
        home.write_schedules(&telling("\"fast\", \"slow\""));
        let habits = json!({ "habits": { "then": "crash-at-boot" } });
        served
            .heroku
            .patch("/sandbox/apps/example-app", &habits)
            .await;
        let mut run = on_time(&home, &served, &["run", "--no-wait"]).await;
        let mut run = run
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("it starts");
        // One has it, and the other has been asked.
        assert_eq!(next(&fast).1["event"], json!("trouble"));
        came.recv().expect("it was asked");
        while std::fs::read_to_string(home.path().join(".local/state/autorestart/notify.json"))
            .is_ok_and(|outbox| outbox.contains("\"to\":\"fast\""))
        {
            tokio::task::yield_now().await;
        }
        run.kill().expect("killed");
        run.wait().expect("it is gone");
        advance(&served, "2m").await;
        told_on_time(&home, &served, &["run", "--no-wait"]).await;
        assert!(fast.try_recv().is_err(), "once");
    });
}
