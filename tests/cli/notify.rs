//! Where is told what happens: URLs by name, and the ping of a runner that fares well.

use crate::{
    deploy::{CLOCK, config, deploy, run_as_dyno, scenario},
    process::{Home, Served, Told, block, on_time, schedule, shop, told_on_time},
};
use serde_json::{Value, json};
use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpListener,
    process::{Command, Stdio},
    sync::mpsc::{Receiver, channel},
    time::Duration,
};

/// Listens on this machine; what is told comes out of the channel, its path and its body.
pub fn listener(answer: &'static str) -> (String, Receiver<(String, Value)>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!(
        "http://{}/s3cret-path",
        listener.local_addr().expect("an address")
    );
    let (sender, told) = channel();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.expect("a stream");
            let mut reader = BufReader::new(stream.try_clone().expect("a stream"));
            let (mut first, mut length) = (String::new(), 0);
            reader.read_line(&mut first).expect("a line");
            loop {
                let mut line = String::new();
                reader.read_line(&mut line).expect("a line");
                if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                    length = value.trim().parse().expect("a length");
                }
                if line.trim().is_empty() {
                    break;
                }
            }
            let mut body = vec![0; length];
            reader.read_exact(&mut body).expect("a body");
            let _ = write!(
                stream,
                "HTTP/1.1 {answer}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
            );
            let body = serde_json::from_slice(&body).unwrap_or_default();
            if sender.send((first, body)).is_err() {
                return;
            }
        }
    });
    (url, told)
}

pub fn add(home: &Home, host: &str, name: &str, url: &str) -> Told {
    add_with(home, host, name, url, &[])
}

pub fn add_with(home: &Home, host: &str, name: &str, url: &str, more: &[&str]) -> Told {
    let words = [&["notify", "add", name, "--url-stdin"], more].concat();
    let mut command = home.command(host, &words);
    let piped = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = piped.spawn().expect("it starts");
    let mut stdin = child.stdin.take().expect("a pipe");
    // What refuses the name does not read the URL.
    let _ = stdin.write_all(url.as_bytes());
    drop(stdin);
    child.wait_with_output().expect("it ends").into()
}

pub fn next(told: &Receiver<(String, Value)>) -> (String, Value) {
    told.recv_timeout(Duration::from_secs(60))
        .expect("it is told")
}

#[test]
fn urls_are_kept_for_their_owner_alone_and_never_shown() {
    use std::os::unix::fs::PermissionsExt as _;
    let home = Home::new();
    let host = "http://127.0.0.1:9";
    let (url, told) = listener("200 OK");
    let kept = add(&home, host, "ops", &url);
    assert_eq!(kept.code, Some(0), "{kept:?}");
    assert_eq!(next(&told).1["event"], json!("test"));
    let place = home.path().join(".config/autorestart/notify.json");
    let mode = std::fs::metadata(&place)
        .expect("a file")
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    let list = home.run(host, &["notify", "--json"]);
    assert_eq!(
        list.json(),
        json!([{ "name": "ops", "host": "127.0.0.1", "format": "json", "restarts": false }])
    );
    let shown = home.run(host, &["notify"]);
    for told in [&kept, &list, &shown] {
        assert!(!format!("{told:?}").contains("s3cret"), "{told:?}");
    }
    for (name, url, said) in [
        ("ops", "http://example.com/x", "no https URL"),
        ("ops", "", "no URL on stdin"),
        ("a b", "https://example.com/x", "a name is 1 to 40"),
    ] {
        let refused = add(&home, host, name, url);
        assert_eq!(refused.code, Some(2), "{refused:?}");
        assert!(refused.stderr.contains(said), "{refused:?}");
    }
    let unknown = home.run(host, &["run", "--ping", "nobody"]);
    assert_eq!(
        unknown.code,
        Some(0),
        "a ping stops no restart: {unknown:?}"
    );
    assert!(
        unknown.stderr.contains("under the name nobody"),
        "{unknown:?}"
    );
    assert_eq!(home.run(host, &["notify", "remove", "ops"]).code, Some(0));
    assert_eq!(home.run(host, &["notify", "remove", "ops"]).code, Some(2));
    assert_eq!(home.run(host, &["notify", "--json"]).json(), json!([]));
}

#[test]
fn a_runner_that_fares_well_pings_and_one_in_trouble_does_not() {
    block(async {
        let home = Home::new();
        let served = Served::start(&shop(&home, 1), Some("2026-03-02T06:00:00Z*600"));
        let (url, told) = listener("200 OK");
        assert_eq!(add(&home, &served.heroku.url, "ops", &url).code, Some(0));
        next(&told);
        home.write_schedules(&schedule("07:00"));
        let once = told_on_time(&home, &served, &["run", "--ping", "ops"]).await;
        assert_eq!(once.code, Some(0), "{once:?}");
        let (line, body) = next(&told);
        assert!(line.starts_with("POST /s3cret-path "), "{line}");
        assert_eq!(
            (&body["event"], &body["schedules"]),
            (&json!("heartbeat"), &json!(1))
        );
        // A watch does so every ten minutes.
        let mut command = on_time(&home, &served, &["run", "--watch", "--ping", "ops"]).await;
        let clock = format!("{}*600", crate::process::now(&served).await);
        let mut watch = command
            .env("AUTORESTART_CLOCK", clock)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("it starts");
        for _ in 0..3 {
            assert_eq!(next(&told).1["event"], json!("heartbeat"));
        }
        let id = watch.id().to_string();
        let killed = Command::new("kill").args(["-TERM", &id]).status();
        assert!(killed.expect("kill runs").success());
        assert_eq!(watch.wait().expect("it ends").code(), Some(130));
        while told.try_recv().is_ok() {}
        // Silence is the alarm.
        let refuses = json!([{ "times": 99, "kind": { "status": { "status": 503 } } }]);
        served.heroku.faults(&refuses).await;
        served
            .heroku
            .patch("/sandbox", &json!({ "advance": "2h" }))
            .await;
        let failed = told_on_time(&home, &served, &["run", "--ping", "ops"]).await;
        assert_ne!(failed.code, Some(0), "{failed:?}");
        assert!(told.try_recv().is_err(), "it says nothing");
    });
}

#[test]
fn a_long_roll_pings_unless_another_app_has_failed_meanwhile() {
    block(async {
        for is_well in [true, false] {
            let home = Home::new().without_offset();
            let path = home.path().join("two.toml");
            let slow = include_str!("../../src/sandbox/leaky-shop.toml")
                .replace("boot = \"2s\"", "boot = \"250s\"")
                .replace("quantity = 2", "quantity = 4");
            let more = "\n[[app]]\nname = \"other-app\"\n[[app.formation]]\ntype = \"web\"\nquantity = 1\n";
            std::fs::write(&path, slow + more).expect("a file");
            let path = path.display().to_string();
            let served = Served::start(&path, Some("2026-03-02T07:00:05Z*120"));
            let (url, told) = listener("200 OK");
            let kept = add(&home, &served.heroku.url, "ops", &url);
            assert_eq!(kept.code, Some(0), "{kept:?}");
            next(&told);
            let other = schedule("07:02")
                .replace("example-app", "other-app\"\nsince = \"2026-03-02T07:01:00Z")
                .replace("version = 1\n", "");
            home.write_schedules(&(schedule("07:00") + &other));
            if !is_well {
                let gone = json!({ "status": { "status": 404, "id": "not_found", "message": "Couldn't find that app." } });
                let gone = json!([{ "times": 99, "path": "/apps/other-app", "kind": gone }]);
                served.heroku.faults(&gone).await;
            }
            let clock = format!("{}*120", crate::process::now(&served).await);
            let mut run = home.command(&served.heroku.url, &["run", "--ping", "ops"]);
            let run = run.env("AUTORESTART_CLOCK", clock).output();
            let run = Told::from(run.expect("it runs"));
            let pings: Vec<Value> = told.try_iter().map(|(_, body)| body).collect();
            if is_well {
                assert_eq!(run.code, Some(0), "{run:?}");
                assert!(pings.len() >= 2, "one of them while it rolled: {pings:?}");
                assert!(
                    pings.iter().all(|ping| ping["schedules"] == json!(2)),
                    "{pings:?}"
                );
            } else {
                assert_ne!(run.code, Some(0), "{run:?}");
                assert!(pings.is_empty(), "{pings:?} {run:?}");
            }
        }
    });
}

#[test]
fn a_url_in_the_place_of_a_name_is_not_said_back() {
    let home = Home::new();
    home.write_schedules(&schedule("07:00").replace("at = \"07:00\"", "max-uptime = \"99d\""));
    let url = "https://example.com/path?key=s3cret";
    let flag = format!("--ping={url}");
    for (variable, words) in [
        (Some(url), &["run"][..]),
        (None, &["run", "--ping", url]),
        (None, &["deploy", &flag]),
    ] {
        let mut command = home.command("http://127.0.0.1:9", words);
        command.envs(variable.map(|url| ("AUTORESTART_PING", url)));
        let told = Told::from(command.output().expect("it runs"));
        assert!(told.stderr.contains("a name is 1 to 40"), "{told:?}");
        assert!(!format!("{told:?}").contains("s3cret"), "{told:?}");
    }
}

#[test]
fn a_ping_that_is_refused_changes_nothing_else_and_its_url_is_not_said() {
    block(async {
        let home = Home::new();
        let served = Served::start(&shop(&home, 1), None);
        let (url, told) = listener("500 Internal Server Error");
        let kept = add(&home, &served.heroku.url, "ops", &url);
        assert_eq!(kept.code, Some(0), "{kept:?}");
        assert!(kept.stderr.contains("did not take a test"), "{kept:?}");
        next(&told);
        home.write_schedules(&schedule("07:00").replace("at = \"07:00\"", "max-uptime = \"99d\""));
        let once = home.run(&served.heroku.url, &["run", "--ping", "ops"]);
        assert_eq!(once.code, Some(0), "{once:?}");
        assert!(
            once.stderr.contains(
                "ops was not told that the runner fares well: 127.0.0.1: it answered 500"
            ),
            "{once:?}"
        );
        assert!(!format!("{once:?}{kept:?}").contains("s3cret"), "{once:?}");
    });
}

#[test]
fn a_deployed_runner_has_the_url_and_twice_changes_nothing() {
    block(async {
        let home = Home::new();
        let served = Served::start(&scenario(&home, ""), Some(CLOCK));
        let (url, told) = listener("200 OK");
        assert_eq!(
            add(&home, &served.heroku.url, "on-call", &url).code,
            Some(0)
        );
        next(&told);
        home.write_schedules(&schedule("07:00"));
        let first = deploy(&home, &served, &["--yes", "--ping", "on-call"]).await;
        assert_eq!(first.code, Some(0), "{first:?}");
        let config = config(&served).await;
        assert_eq!(
            (
                &config["AUTORESTART_PING"],
                &config["AUTORESTART_NOTIFY_ON_CALL"]
            ),
            (&json!("on-call"), &json!(url))
        );
        let again = deploy(&home, &served, &["--yes", "--json", "--ping", "on-call"]).await;
        assert_eq!(again.json()["changed"], json!(false), "{again:?}");
        assert!(
            !format!("{first:?}{again:?}").contains("s3cret"),
            "{first:?}"
        );
        // As its dyno does it.
        let said = run_as_dyno(&home, &served, "dyno").await;
        assert_eq!(said.code, Some(0), "{said:?}");
        assert_eq!(next(&told).1["event"], json!("heartbeat"));
    });
}
