//! The binary against a sandbox of its own: what only a process can show.

use crate::process::{
    FAST, Home, Served, TOKEN, Told, binary, block, each_once, now, on_time, schedule, shop,
    told_on_time,
};
use serde_json::{Value, json};
use std::{
    process::{Command, Stdio},
    time::Duration,
};

#[test]
fn two_passes_at_once_on_one_machine_restart_each_dyno_once() {
    block(async {
        let home = Home::new().without_offset();
        let served = Served::start(&shop(&home, 5), Some(FAST));
        home.write_schedules(&schedule("07:00"));
        let passes: Vec<_> = [
            on_time(&home, &served, &["run", "--json"]).await,
            on_time(&home, &served, &["run", "--json"]).await,
        ]
        .map(|mut command| command.stdout(Stdio::piped()).spawn().expect("it starts"))
        .into();
        let told: Vec<Told> = passes
            .into_iter()
            .map(|pass| pass.wait_with_output().expect("it ends").into())
            .collect();
        assert!(told.iter().all(|told| told.code == Some(0)), "{told:?}");
        let steps: usize = told
            .iter()
            .map(|told| told.json()["steps"].as_array().expect("steps").len())
            .sum();
        assert_eq!(
            (steps, served.heroku.record().await.restarts()),
            (3, each_once()),
            "{told:?}"
        );
    });
}

/// `AUTORESTART_TEST_BINARY` makes this the release binary.
#[test]
fn thirty_kills_in_the_middle_of_a_roll_and_every_dyno_is_restarted_once() {
    block(async {
        let setup = Home::new();
        let served = Served::start(&shop(&setup, 20), Some(FAST));
        for kill in 0..30 {
            let home = Home::new().without_offset();
            for dyno in ["web.1", "web.2", "worker.1"] {
                served
                    .heroku
                    .patch(
                        &format!("/sandbox/apps/example-app/dynos/{dyno}"),
                        &json!({ "up-for": "20h" }),
                    )
                    .await;
            }
            served
                .heroku
                .send(reqwest::Method::DELETE, "/sandbox/record", &json!({}))
                .await;
            home.write_schedules(&schedule(&now(&served).await[11..16]));
            let mut roll = on_time(&home, &served, &["run"])
                .await
                .stderr(Stdio::null())
                .stdout(Stdio::null())
                .spawn()
                .expect("it starts");
            // At the first request, at the second, and so on: every phase of a pass has its turn.
            while served.heroku.record().await.requests.len() < kill {
                if roll.try_wait().expect("a state").is_some() {
                    break;
                }
            }
            let _ = roll.kill();
            let _ = roll.wait();
            let told = told_on_time(&home, &served, &["run"]).await;
            let record = served.heroku.record().await;
            assert_eq!(
                (told.code, record.restarts()),
                (Some(0), each_once()),
                "kill {kill}: {told:?}"
            );
            assert!(record.most_down() <= 1, "kill {kill}");
        }
    });
}

/// As a supervisor does it: what was killed is started again, and goes on from what it finds.
#[test]
fn thirty_kills_of_a_watch_and_every_dyno_is_restarted_once() {
    block(async {
        let setup = Home::new();
        let served = Served::start(&shop(&setup, 20), Some(FAST));
        for kill in 0..30 {
            let home = Home::new().without_offset();
            for dyno in ["web.1", "web.2", "worker.1"] {
                let path = format!("/sandbox/apps/example-app/dynos/{dyno}");
                let aged = json!({ "up-for": "20h" });
                served.heroku.patch(&path, &aged).await;
            }
            let delete = reqwest::Method::DELETE;
            served
                .heroku
                .send(delete, "/sandbox/record", &json!({}))
                .await;
            home.write_schedules(&schedule(&now(&served).await[11..16]));
            let watch = async || {
                let mut command = on_time(&home, &served, &["run", "--watch"]).await;
                let command = command.stderr(Stdio::null()).stdout(Stdio::null());
                command.spawn().expect("it starts")
            };
            let mut first = watch().await;
            while served.heroku.record().await.requests.len() < kill {
                assert!(first.try_wait().expect("a state").is_none(), "it stays");
            }
            first.kill().expect("SIGKILL");
            let _ = first.wait();
            let mut second = watch().await;
            // At a minute of the sandbox's in each second, that is a while.
            for _ in 0..20_000 {
                if served.heroku.record().await.restarts() == each_once() {
                    break;
                }
            }
            let _ = second.kill();
            let _ = second.wait();
            let record = served.heroku.record().await;
            assert_eq!(record.restarts(), each_once(), "kill {kill}");
            assert!(record.most_down() <= 1, "kill {kill}");
        }
    });
}

#[test]
fn a_signal_in_the_middle_of_a_roll_leaves_quickly_and_says_what_is_unverified() {
    block(async {
        for (signal, fault) in [
            ("TERM", None),
            ("INT", None),
            ("TERM", Some("DELETE")),
            ("INT", Some("GET")),
        ] {
            let home = Home::new().without_offset();
            let served = Served::start(&shop(&home, 600), None);
            if let Some(method) = fault {
                let skip = if method == "GET" { 6 } else { 0 };
                served.heroku.faults(&json!([{ "method": method, "path": "/dynos", "skip": skip, "times": 9, "kind": "hang" }])).await;
            }
            let mut command = home.command(
                &served.heroku.url,
                &["run", "--now", "--app", "example-app", "--yes", "--json"],
            );
            let roll = command
                .stdout(Stdio::piped())
                .stderr(Stdio::piped())
                .spawn()
                .expect("it starts");
            loop {
                let requests = served.heroku.record().await.requests;
                if requests.iter().any(|request| request.method == "DELETE")
                    && (fault != Some("GET") || requests.len() > 11)
                {
                    break;
                }
                tokio::task::yield_now().await;
            }
            Command::new("kill")
                .args([&format!("-{signal}"), &roll.id().to_string()])
                .status()
                .expect("kill runs");
            let ended = tokio::time::timeout(
                Duration::from_secs(10),
                tokio::task::spawn_blocking(move || roll.wait_with_output()),
            )
            .await;
            let told: Told = ended
                .expect("it leaves within 10 s")
                .expect("joined")
                .expect("output")
                .into();
            assert_eq!(told.code, Some(130), "{signal} {fault:?}: {told:?}");
            let deletes = served
                .heroku
                .record()
                .await
                .requests
                .iter()
                .filter(|request| request.method == "DELETE")
                .count();
            assert_eq!(deletes, 1, "no new DELETE");
            let ledger = std::fs::read_to_string(home.ledger()).expect("a ledger");
            assert!(
                ledger.contains("\"outcome\":\"unverified\"") && told.stdout.contains("unverified"),
                "{signal} {fault:?}: {ledger} {told:?}"
            );
        }
    });
}

#[test]
fn nothing_due_asks_nobody_and_one_dyno_costs_six_requests_besides_polling() {
    block(async {
        let home = Home::new().without_offset();
        let path = home.path().join("one.toml");
        std::fs::write(
            &path,
            "[[app]]\nname = \"example-app\"\n[[app.formation]]\ntype = \"web\"\nquantity = 1\n",
        )
        .expect("a file");
        let served = Served::start(&path.display().to_string(), Some(FAST));
        home.write_schedules(&format!(
            "{}since = 2026-03-02T06:00:00Z\n",
            schedule("07:00")
        ));
        let told = told_on_time(&home, &served, &["run", "--json"]).await;
        assert_eq!(told.code, Some(0), "{told:?}");
        let requests = served.heroku.record().await.requests;
        let restart = requests
            .iter()
            .position(|request| request.method == "DELETE")
            .expect("a restart");
        assert!(
            restart < 6,
            "{restart} reads before the restart: {requests:?}"
        );
        assert!(
            requests[restart + 1..]
                .iter()
                .all(|request| request.path.ends_with("/dynos")),
            "only polling after it: {requests:?}"
        );
        let told = told_on_time(&home, &served, &["run", "--json"]).await;
        assert_eq!(
            (told.code, told.json()["api"]["requests"].as_u64()),
            (Some(0), Some(0)),
            "{told:?}"
        );
        assert_eq!(served.heroku.record().await.requests.len(), requests.len());
    });
}

#[test]
fn the_token_is_in_no_output_and_no_file() {
    block(async {
        let home = Home::new().without_offset();
        let served = Served::start(&shop(&home, 5), Some(FAST));
        home.write_schedules(&schedule("07:00"));
        let echo = json!({ "status": { "status": 403, "id": "forbidden", "message": format!("The token {TOKEN} may not do this.") } });
        // A success that cannot be read quotes what it holds.
        let quote = json!({ "answer": { "body": { "id": "x", "name": "example-app", "maintenance": format!("Bearer {TOKEN}") } } });
        let mut all = String::new();
        for words in [
            &["run", "--json"][..],
            &["run"],
            &["plan"],
            &["plan", "--json"],
            &[],
            &["--json"],
            &["history", "--json"],
            &["set", "--app", "example-app", "--at", "07"],
            &["run", "--now", "--app", "example-app", "--yes"],
            &["pause", "--app", "example-app"],
        ] {
            for fault in [None, Some(&echo), Some(&quote)] {
                if let Some(kind) = fault {
                    let faults = json!([{ "times": 1, "kind": kind }]);
                    served.heroku.faults(&faults).await;
                }
                let mut command = on_time(&home, &served, words).await;
                let output = command
                    .env("HEROKU_DEBUG", "1")
                    .env("HEROKU_DEBUG_HEADERS", "1")
                    .env("RUST_LOG", "trace")
                    .output();
                let told: Told = output.expect("it runs").into();
                all.extend([format!("{words:?} "), told.stdout, told.stderr]);
            }
        }
        assert!(
            all.contains("The token [redacted] may not do this."),
            "Heroku's words are passed on: {all}"
        );
        assert!(
            all.contains("Bearer [redacted]"),
            "what cannot be read is quoted: {all}"
        );
        assert!(all.contains("request"), "HEROKU_DEBUG shows requests");
        assert!(!all.contains("0c0ffee0-feed"), "the token is in the output");
        let grep = Command::new("grep")
            .args(["-r", "0c0ffee0-feed"])
            .arg(home.path())
            .output()
            .expect("grep runs");
        assert_eq!(
            String::from_utf8_lossy(&grep.stdout),
            "",
            "the token is in a file"
        );
    });
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let home = Home::new();
    home.write_schedules(&schedule("07:00"));
    // Nobody reads any more when it writes, whatever fits into a pipe.
    let script = format!(
        "for words in --help 'commands --json' ''; do {} $words | exec 0<&- true; codes=\"$codes ${{PIPESTATUS[0]}}\"; done; echo $codes",
        binary().display(),
    );
    let told: Told = Command::new("bash")
        .args(["-c", &script])
        .env_clear()
        .env("HOME", home.path())
        .env("PATH", "/usr/bin:/bin")
        .output()
        .expect("bash runs")
        .into();
    assert!(
        told.stdout == "0 0 0\n" && !told.stderr.contains("panicked"),
        "{told:?}"
    );
}

#[cfg(target_os = "linux")]
#[test]
fn a_result_that_cannot_be_written_is_a_failure() {
    let home = Home::new();
    home.write_schedules(&schedule("07:00"));
    let full = std::fs::File::options().write(true).open("/dev/full");
    let mut list = home.command("http://127.0.0.1:9", &["--json"]);
    let told: Told = list
        .stdout(full.expect("a device without room"))
        .stderr(Stdio::piped())
        .spawn()
        .and_then(std::process::Child::wait_with_output)
        .expect("it runs")
        .into();
    assert!(
        told.code == Some(1) && told.stderr.contains("could not be written"),
        "{told:?}"
    );
}

#[test]
fn a_torn_last_line_of_the_ledger_is_tolerated_and_said() {
    let home = Home::new();
    std::fs::create_dir_all(home.ledger().parent().expect("a parent")).expect("a directory");
    std::fs::write(home.ledger(), "{\"at\":\"2026-03-02T07:00:30Z\",\"event\":\"ended\",\"app\":\"example-app\",\"schedule\":\"default\",\"occurrence\":\"2026-03-02T07:00:00Z\",\"dyno\":\"web.1\",\"outcome\":\"restarted\"}\n{\"at\":\"2026-03").expect("a file");
    let told = home.run("http://127.0.0.1:9", &["history"]);
    assert!(
        told.code == Some(0)
            && told.stdout.contains("web.1")
            && told.stderr.contains("1 line of the ledger is torn"),
        "{told:?}"
    );
}

#[test]
fn watch_makes_a_pass_when_a_schedule_comes_due_and_notices_a_new_one() {
    block(async {
        let home = Home::new().without_offset();
        let served = Served::start(&shop(&home, 5), Some("2026-03-02T06:58:00Z*60"));
        home.write_schedules("version = 1\n");
        let mut command = on_time(&home, &served, &["run", "--watch", "--json"]).await;
        let mut watch = command
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("it starts");
        home.write_schedules(&schedule("07:00"));
        while served.heroku.record().await.restarts() != each_once() {
            assert!(watch.try_wait().expect("a state").is_none(), "it stays");
            tokio::task::yield_now().await;
        }
        Command::new("kill")
            .args(["-TERM", &watch.id().to_string()])
            .status()
            .expect("kill runs");
        let told: Told = watch.wait_with_output().expect("it ends").into();
        assert_eq!(told.code, Some(130), "{told:?}");
        assert!(
            told.stdout
                .lines()
                .all(|line| serde_json::from_str::<Value>(line).is_ok()),
            "one document a line: {told:?}"
        );
    });
}

/// A scenario of two apps with one web dyno each.
fn two_apps(home: &Home) -> String {
    let path = home.path().join("two.toml");
    let app = |name: &str| {
        format!("[[app]]\nname = \"{name}\"\n[[app.formation]]\ntype = \"web\"\nquantity = 1\n")
    };
    std::fs::write(&path, app("sick-app") + &app("well-app")).expect("a file");
    path.display().to_string()
}

#[test]
fn an_app_that_waits_holds_no_other_in_a_watch() {
    block(async {
        let home = Home::new().without_offset();
        let served = Served::start(&two_apps(&home), Some("2026-03-02T06:59:30Z*60"));
        let starting = json!({ "state": "starting" });
        let sick = "/sandbox/apps/sick-app/dynos/web.1";
        served.heroku.patch(sick, &starting).await;
        home.write_schedules(
            "version = 1\n[[schedule]]\napp = \"sick-app\"\nat = \"07:00\"\nsince = 2026-03-02T06:00:00Z\n[[schedule]]\napp = \"well-app\"\nat = \"07:05\"\nsince = 2026-03-02T06:00:00Z\n",
        );
        let mut command = on_time(&home, &served, &["run", "--watch", "--json"]).await;
        let mut watch = command
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("it starts");
        while served.heroku.record().await.restarts().is_empty() {
            assert!(watch.try_wait().expect("a state").is_none(), "it stays");
            let time = now(&served).await;
            assert!(
                time.as_str() < "2026-03-02T07:20",
                "well-app is held until {time}"
            );
            tokio::task::yield_now().await;
        }
        let listed = home
            .command(&served.heroku.url, &["--json"])
            .env("AUTORESTART_CLOCK", format!("{}*60", now(&served).await))
            .output();
        let listed: Told = listed.expect("it runs").into();
        assert_eq!(
            listed.json()[0]["runner"]["alive"],
            json!(true),
            "{listed:?}"
        );
        Command::new("kill")
            .args(["-TERM", &watch.id().to_string()])
            .status()
            .expect("kill runs");
        assert_eq!(watch.wait().expect("it ends").code(), Some(130));
    });
}

#[test]
fn a_file_that_cannot_be_written_stops_no_restart() {
    block(async {
        let home = Home::new().without_offset();
        let served = Served::start(&shop(&home, 5), Some(FAST));
        home.write_schedules(&schedule("07:00"));
        let mut permissions = std::fs::metadata(home.schedules())
            .expect("the file")
            .permissions();
        permissions.set_readonly(true);
        std::fs::set_permissions(home.schedules(), permissions).expect("read-only");
        let told = told_on_time(&home, &served, &["run", "--json"]).await;
        assert_eq!(
            (told.code, served.heroku.record().await.restarts()),
            (Some(0), each_once()),
            "{told:?}"
        );
        assert!(
            told.json()["notices"][0]
                .as_str()
                .is_some_and(|notice| notice.contains("could not be written down")),
            "{told:?}"
        );
    });
}

#[test]
fn plan_says_who_would_be_left_out_of_the_next_roll_and_promises_nothing_of_him() {
    let home = Home::new();
    let served = Served::start(&shop(&home, 5), Some("2026-03-02T07:10:00Z*60"));
    home.write_schedules(&schedule("14:00"));
    block(async {
        let path = "/sandbox/apps/example-app/dynos/web.2";
        served
            .heroku
            .patch(path, &json!({ "state": "crashed" }))
            .await;
        let plan = told_on_time(&home, &served, &["plan", "--json"])
            .await
            .json();
        let next = &plan["rolls"][0]["next"];
        let out: Vec<_> = next["left_out"]
            .as_array()
            .expect("a list")
            .iter()
            .map(|one| (&one["dyno"], &one["reason"]))
            .collect();
        assert_eq!(
            out,
            [
                (&json!("web.1"), &json!("too_few_up")),
                (&json!("web.2"), &json!("crashed"))
            ],
            "{plan}"
        );
        assert_eq!(next["dynos"], json!(["worker.1"]), "{plan}");
        let words = ["status", "--app", "example-app", "--json"];
        let status = told_on_time(&home, &served, &words).await.json();
        let crashed = &status["dynos"][1];
        assert_eq!(crashed["next"], json!(null), "{status}");
        let now = crashed["now"].as_str().expect("words");
        assert!(now.starts_with("crashed: since "), "{status}");
        let told = told_on_time(&home, &served, &["plan"]).await;
        assert!(
            told.stdout.contains(
                "web.1 would be left out, too few up: 1 of 2 web dynos not up, 1 allowed"
            ),
            "{told:?}"
        );
        assert!(
            told.stdout
                .contains("daily cycle of web.1: unknown, since the next roll would leave it out"),
            "{told:?}"
        );
    });
}

#[test]
fn plan_foretells_the_roll_of_the_next_occurrence_from_past_boots() {
    let home = Home::new();
    let served = Served::start(&shop(&home, 5), Some("2026-03-02T07:00:10Z*60"));
    home.write_schedules(&schedule("07:00"));
    block(async {
        let told = told_on_time(&home, &served, &["plan"]).await;
        assert!(
            told.stdout
                .contains("; how long it takes is not known before the first restart"),
            "no boot is known: {told:?}"
        );
        assert_eq!(told_on_time(&home, &served, &["run"]).await.code, Some(0));
        let told = told_on_time(&home, &served, &["plan"]).await;
        let said = "The roll of Tue 03 Mar 2026 07:00 UTC, with dynos as they are now: ";
        assert!(told.stdout.contains(said), "{told:?}");
        let plan = told_on_time(&home, &served, &["plan", "--json"])
            .await
            .json();
        let next = &plan["rolls"][0]["next"];
        let seconds = next["seconds"].as_u64().expect("seconds");
        let advance = json!({ "advance": "1d" });
        served.heroku.patch("/sandbox", &advance).await;
        let before = served.heroku.record().await.restarts.len();
        assert_eq!(told_on_time(&home, &served, &["run"]).await.code, Some(0));
        let restarts = served.heroku.record().await.restarts.split_off(before);
        assert_eq!(next["steps"], json!(restarts.len()), "{plan}");
        let maintenance = json!({ "maintenance": true });
        let app = "/sandbox/apps/example-app";
        served.heroku.patch(app, &maintenance).await;
        let told = told_on_time(&home, &served, &["plan"]).await;
        let said = "⬢ example-app is in maintenance mode: passes leave it alone";
        assert!(told.stdout.contains(said), "{told:?}");
        let (first, last) = (restarts[0].at, restarts[restarts.len() - 1].at);
        // The last restart is proven after it was begun.
        let took = last.duration_since(first).as_secs().unsigned_abs();
        assert!(
            took < seconds && seconds < took * 3,
            "{took} s, foretold {seconds} s"
        );
        println!(
            "foretold {seconds} s; {took} s until the last of {} was begun",
            restarts.len()
        );
    });
}

#[test]
fn the_manual_has_a_page_for_each_command_and_the_exit_codes() {
    let home = Home::new();
    let folder = home.path().join("man/man1");
    let words = ["man", "--to", folder.to_str().expect("a path")];
    let told = home.run("http://127.0.0.1:9", &words);
    assert_eq!(told.code, Some(0), "{told:?}");
    let page = std::fs::read_to_string(folder.join("autorestart.1")).expect("the page");
    for code in ["0", "1", "2", "3", "130"] {
        assert!(page.contains(&format!("\\fB{code}\\fR\n")), "{page}");
    }
    for name in ["set", "deploy-remove", "auth-setup"] {
        let page = folder.join(format!("autorestart-{name}.1"));
        let page = std::fs::read_to_string(page).expect("a page");
        let title = format!(".TH autorestart-{name} 1  \"autorestart ");
        assert!(
            page.contains(&title) && page.contains("EXIT STATUS"),
            "{page}"
        );
    }
    let printed = home.run("http://127.0.0.1:9", &["man"]);
    assert_eq!(printed.stdout, page);
}
