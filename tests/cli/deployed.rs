//! A runner on Heroku over time: what breaks it, who else edits it, what it tells; and its removal, cut
//! off and under faults.

use crate::{
    deploy::{
        CLOCK, RUNNER, api, apps, authorizations, config, deploy, destroy, mishaps, patch, program,
        remove, run_as_dyno, scenario, words_of_deploy,
    },
    notify::{add, listener},
    process::{Home, Served, TOKEN, Told, block, on_time, schedule, told_on_time},
};
use nix::{sys::signal::Signal, unistd::Pid};
use serde_json::{Value, json};
use std::process::{Child, Stdio};

async fn set_config(served: &Served, vars: Value) {
    patch(served, &format!("/apps/{RUNNER}/config-vars"), &vars).await;
}

/// What the runner would have said.
async fn say(served: &Served, text: &str) {
    let line = json!({ "from": "app[runner.1]", "text": text });
    let path = format!("/sandbox/apps/{RUNNER}/log");
    served
        .heroku
        .send(reqwest::Method::POST, &path, &line)
        .await;
}

async fn beat(served: &Served) {
    say(served, "level=info event=heartbeat schedules=1").await;
}

async fn begun(home: &Home, served: &Served, words: &[&str]) -> Child {
    let mut command = on_time(home, served, words).await;
    let piped = command.stdout(Stdio::piped()).stderr(Stdio::piped());
    piped.spawn().expect("it starts")
}

fn ended(child: Child) -> Told {
    child.wait_with_output().expect("it ends").into()
}

/// Deploys, killed while it waits for the runner's first sign of life.
async fn cut_off(home: &Home, served: &Served) {
    let program = program(home);
    let words = words_of_deploy(&program);
    let mut child = begun(home, served, &words).await;
    loop {
        let formation = api(served, &format!("/apps/{RUNNER}/formation")).await;
        if formation[0]["quantity"] == json!(1) {
            break;
        }
        tokio::task::yield_now().await;
    }
    child.kill().expect("a signal");
    child.wait().expect("it ends");
}

/// One Heroku with a runner on it whose deploy was cut off, and its machine.
async fn half_made() -> (Home, Served) {
    let home = Home::new();
    let served = Served::start(&scenario(&home, ""), Some(CLOCK));
    home.write_schedules(&schedule("07:00"));
    cut_off(&home, &served).await;
    (home, served)
}

/// One Heroku with a runner on it, and its machine.
async fn deployed(more: &str) -> (Home, Served) {
    let home = Home::new();
    let served = Served::start(&scenario(&home, more), Some(CLOCK));
    home.write_schedules(&schedule("07:00"));
    let told = deploy(&home, &served, &["--yes"]).await;
    assert_eq!(told.code, Some(0), "{told:?}");
    (home, served)
}

#[test]
fn what_it_did_is_in_history_and_in_the_list() {
    block(async {
        let (home, served) = deployed("").await;
        let told = told_on_time(&home, &served, &[]).await;
        assert!(told.stdout.contains("never"), "{told:?}");
        say(&served, "level=info event=ended app=example-app dyno=web.1 schedule=default trigger=occurrence occurrence=2026-03-02T07:00:00Z outcome=restarted took_ms=8000 old_id=01 new_id=02").await;
        say(&served, "level=error event=missed app=example-app schedule=default occurrence=2026-03-01T07:00:00Z count=1 reason=\"no pass ran\"").await;
        // It died before it saw how this ended.
        say(&served, "level=info event=restarting app=example-app app_id=01 dyno=web.2 process_type=web schedule=default trigger=calendar occurrence=2026-03-02T07:00:00Z old_id=03").await;
        let told = told_on_time(&home, &served, &["history"]).await;
        assert_eq!(told.code, Some(0), "{told:?}");
        for part in [
            "web.1",
            "restarted",
            "8s",
            "missed",
            "no pass ran",
            "web.2",
            "its end was not seen",
        ] {
            assert!(told.stdout.contains(part), "{part}: {told:?}");
        }
        assert!(
            told.stderr.contains("Of ⬢ test-runner: what its log has"),
            "{told:?}"
        );
        let list = told_on_time(&home, &served, &["--json"]).await.json();
        assert_eq!(list[0]["last"]["event"], json!("missed"), "{list}");
    });
}

#[test]
fn a_url_that_is_replaced_here_is_still_the_former_one_there() {
    block(async {
        let (home, served) = deployed("").await;
        let host = &served.heroku.url;
        let (url, _told) = listener("200 OK");
        let first = add(&home, host, "ops", &url);
        let what = "⬢ test-runner tells the former URL until";
        assert!(!first.stderr.contains(what), "{first:?}");
        let second = add(&home, host, "ops", &url);
        assert!(second.stderr.contains(what), "{second:?}");
    });
}

#[test]
fn a_crashed_dyno_is_not_alive_however_fresh_its_last_sign_is() {
    block(async {
        let (home, served) = deployed("").await;
        let path = format!("/sandbox/apps/{RUNNER}/dynos/runner.1");
        served
            .heroku
            .patch(&path, &json!({ "state": "crashed" }))
            .await;
        let told = told_on_time(&home, &served, &[]).await;
        assert!(
            told.stderr.contains(
                "⬢ test-runner, which is to run these schedules, does not run: its dyno has crashed"
            ),
            "{told:?}"
        );
        let told = told_on_time(&home, &served, &["doctor"]).await;
        assert!(
            told.code == Some(1) && told.stdout.contains("its dyno has crashed"),
            "{told:?}"
        );
        let words = ["deploy", "--yes", "--binary", &program(&home)];
        let told = told_on_time(&home, &served, &words).await;
        assert_eq!(told.code, Some(1), "{told:?}");
        assert!(
            told.stderr.contains("its dyno has crashed")
                && told
                    .stderr
                    .contains("heroku releases:rollback --app test-runner"),
            "{told:?}"
        );
    });
}

#[test]
fn a_token_that_is_refused_is_found_by_doctor_and_replaced_by_deploy() {
    block(async {
        let home = Home::new();
        let only = format!("token = \"{TOKEN}\"\n");
        let path = scenario(&home, "");
        let world = std::fs::read_to_string(&path).expect("a world");
        std::fs::write(&path, only + &world).expect("a world");
        let served = Served::start(&path, Some(CLOCK));
        home.write_schedules(&schedule("07:00"));
        assert_eq!(deploy(&home, &served, &["--yes"]).await.code, Some(0));
        set_config(&served, json!({ "HEROKU_API_KEY": "garbage" })).await;
        beat(&served).await;
        let told = told_on_time(&home, &served, &["doctor"]).await;
        assert_eq!(told.code, Some(1), "{told:?}");
        assert!(
            told.stdout
                .contains("Heroku refuses the token of ⬢ test-runner"),
            "{told:?}"
        );
        let told = deploy(&home, &served, &["--yes", "--json"]).await;
        assert_eq!(told.json()["authorized"], json!(true), "{told:?}");
        let of_runner = |one: &&Value| {
            let description = one["description"].as_str();
            description.is_some_and(|text| text.contains("autorestart runner"))
        };
        let left = authorizations(&served).await;
        assert_eq!(left.iter().filter(of_runner).count(), 1, "{told:?}");
        beat(&served).await;
        let told = told_on_time(&home, &served, &["doctor"]).await;
        assert!(told.stdout.contains("ok       runner"), "{told:?}");
    });
}

#[test]
fn a_variable_of_it_that_was_taken_away_is_set_again() {
    block(async {
        let (home, served) = deployed("").await;
        set_config(&served, json!({ "AUTORESTART_RUNNER_APP": null })).await;
        // Its dyno knows what it is all the same.
        let said = run_as_dyno(&home, &served, "dyno").await;
        assert!(
            said.stdout.contains("event=heartbeat schedules=1"),
            "{said:?}"
        );
        let told = deploy(&home, &served, &["--yes"]).await;
        assert_eq!(told.code, Some(0), "{told:?}");
        assert_eq!(
            config(&served).await["AUTORESTART_RUNNER_APP"],
            json!(RUNNER)
        );
        assert_eq!(remove(&home, &served).await.code, Some(0));
        assert_eq!(apps(&served).await, ["example-app"]);
    });
}

#[test]
fn one_that_was_cut_off_is_named_and_what_is_changed_meanwhile_stays() {
    block(async {
        let (home, served) = half_made().await;
        for words in [
            &[][..],
            &["pause", "--app", "example-app"],
            &["plan"],
            &["resume", "--app", "example-app"],
        ] {
            let told = told_on_time(&home, &served, words).await;
            assert!(
                told.stderr.contains(
                    "⬢ test-runner is a runner that was not made, or not removed, to the end"
                ) && told.stderr.contains("--confirm test-runner takes it away"),
                "{words:?}: {told:?}"
            );
        }
        let doctor = told_on_time(&home, &served, &["doctor"]).await;
        assert!(doctor.stdout.contains("broken   runner"), "{doctor:?}");
        home.write_schedules(&schedule("09:00"));
        let told = remove(&home, &served).await;
        assert_eq!(told.code, Some(0), "{told:?}");
        let file = std::fs::read_to_string(home.schedules()).expect("the file");
        assert_eq!(file, schedule("09:00"), "what is here is what is meant");
        assert_eq!(
            (apps(&served).await, authorizations(&served).await.len()),
            (vec!["example-app".to_owned()], 0)
        );
        let told = told_on_time(&home, &served, &[]).await;
        assert!(!told.stderr.contains("test-runner"), "{told:?}");
    });
}

#[test]
fn two_commands_of_one_machine_do_not_undo_each_other() {
    block(async {
        let home = Home::new();
        let served = Served::start(&scenario(&home, ""), Some(CLOCK));
        home.write_schedules(&schedule("07:00"));
        let program = program(&home);
        let words = ["deploy", "--yes", "--binary", &program];
        let named = [&words[..], &["--runner-app", RUNNER]].concat();
        let mut first = begun(&home, &served, &named).await;
        let mut second = begun(&home, &served, &words).await;
        while first.try_wait().expect("a state").is_none()
            || second.try_wait().expect("a state").is_none()
        {
            for app in apps(&served).await {
                let line = json!({ "from": "app[runner.1]", "text": "level=info event=heartbeat" });
                let path = format!("/sandbox/apps/{app}/log");
                let post = reqwest::Method::POST;
                served.heroku.send(post, &path, &line).await;
            }
        }
        let both = [ended(first), ended(second)];
        assert!(both.iter().all(|told| told.code == Some(0)), "{both:?}");
        assert_eq!(apps(&served).await.len(), 2, "one runner: {both:?}");
        let list = told_on_time(&home, &served, &["--json"]).await.json();
        assert_eq!(list.as_array().map(Vec::len), Some(1));
        let name = list[0]["runner"]["app"]
            .as_str()
            .expect("a runner")
            .to_owned();
        let words = ["deploy", "remove", "--confirm", &name];
        let both = [
            begun(&home, &served, &words).await,
            begun(&home, &served, &words).await,
        ];
        let mut codes = both.map(|child| ended(child).code);
        codes.sort_unstable();
        assert_eq!(codes, [Some(0), Some(1)], "the other one finds none");
        let file = std::fs::read_to_string(home.schedules()).expect("the file");
        assert!(file.contains("07:00"), "{file}");
    });
}

#[test]
fn a_runner_that_is_gone_does_not_start_what_was_before_it_unseen() {
    block(async {
        let (home, served) = deployed("").await;
        let set = ["pause", "--app", "example-app"];
        assert_eq!(told_on_time(&home, &served, &set).await.code, Some(0));
        destroy(&served, RUNNER).await;
        for words in [&[][..], &["deploy", "--yes", "--binary", &program(&home)]] {
            let told = told_on_time(&home, &served, words).await;
            assert_eq!(told.code, Some(1), "{told:?}");
            assert!(
                told.stderr.contains("--confirm test-runner brings back"),
                "{words:?}: {told:?}"
            );
        }
        let told = remove(&home, &served).await;
        assert_eq!(told.code, Some(0), "{told:?}");
        assert!(told.stderr.contains("is gone already"), "{told:?}");
        assert_eq!(
            authorizations(&served).await.len(),
            0,
            "its token is of no use"
        );
        let list = told_on_time(&home, &served, &["--json"]).await.json();
        assert_eq!(list[0]["triggers"]["at"], json!("07:00"));
    });
}

#[test]
fn a_fault_at_any_call_of_its_removal_loses_no_schedule_and_leaves_nothing_unreported() {
    block(async {
        let (home, served) = deployed("").await;
        let before = served.heroku.record().await.requests.len();
        assert_eq!(remove(&home, &served).await.code, Some(0));
        let calls = served.heroku.record().await.requests.len() - before;
        assert!(calls >= 8, "{calls} calls");
        let kinds = mishaps();
        let (mut failed, mut done) = (0, 0);
        for call in 0..calls {
            for kind in &kinds {
                let what = format!("call {call}, {kind}");
                let home = Home::new();
                home.write_schedules(&schedule("07:00"));
                let told = deploy(&home, &served, &["--yes"]).await;
                assert_eq!(told.code, Some(0), "{what}: {told:?}");
                let fault = json!([{ "skip": call, "kind": kind }]);
                served.heroku.faults(&fault).await;
                let told = remove(&home, &served).await;
                served.heroku.no_faults().await;
                let is_left = apps(&served).await.contains(&RUNNER.to_owned());
                let authorizations = authorizations(&served).await.len();
                if told.code == Some(0) {
                    done += 1;
                    assert!(!is_left && authorizations == 0, "{what}: {told:?}");
                } else {
                    failed += 1;
                    assert!(matches!(told.code, Some(1 | 2)), "{what}: {told:?}");
                    assert!(!told.stderr.trim().is_empty(), "{what}");
                    // Once more takes the rest away.
                    let told = remove(&home, &served).await;
                    assert!(
                        told.code == Some(0) || !is_left && authorizations == 0,
                        "{what}: {told:?}"
                    );
                }
                let file = std::fs::read_to_string(home.schedules()).expect("the file");
                assert_eq!(file, schedule("07:00"), "{what}: {told:?}");
                assert_eq!(apps(&served).await, ["example-app"], "{what}");
                let left = crate::deploy::authorizations(&served).await;
                assert!(left.is_empty(), "{what}: {left:?}");
            }
        }
        println!(
            "{calls} calls, {} faults: {failed} removals failed, {done} went through",
            calls * kinds.len()
        );
        assert!(failed > 0 && done > 0);
    });
}

#[test]
fn an_app_that_its_account_does_not_reach_is_named_when_a_schedule_is_set_for_it() {
    block(async {
        let me = format!("\n[[user]]\nemail = \"me@example.com\"\ntoken = \"{TOKEN}\"\n");
        let more = me
            + "[[user]]\nemail = \"ann@example.com\"\ntoken = \"ann\"\n[[app]]\nname = \"her-app\"\nowner = \"ann@example.com\"\n[[app.formation]]\ntype = \"web\"\nquantity = 1\n";
        let (home, served) = deployed(&more).await;
        let with = json!({ "collaborators": ["ann@example.com"] });
        let path = format!("/sandbox/apps/{RUNNER}");
        served.heroku.patch(&path, &with).await;
        let words = ["set", "--app", "her-app", "--at", "22", "--timezone", "UTC"];
        let mut ann = on_time(&home, &served, &words).await;
        let told: Told = ann
            .env("HEROKU_API_KEY", "ann")
            .output()
            .expect("it runs")
            .into();
        assert_eq!(told.code, Some(0), "{told:?}");
        assert!(
            told.stderr
                .contains("⬢ test-runner acts as me@example.com, who has no access to ⬢ her-app")
                && told
                    .stderr
                    .contains("heroku access:add me@example.com --app her-app"),
            "{told:?}"
        );
        let words = ["set", "--app", RUNNER, "--at", "22", "--timezone", "UTC"];
        let told = told_on_time(&home, &served, &words).await;
        assert_eq!(told.code, Some(2), "{told:?}");
        assert!(told.stderr.contains("is the runner itself"), "{told:?}");
    });
}

#[test]
fn a_miss_while_no_runner_lived_is_reported_by_the_next_one() {
    block(async {
        let (home, served) = deployed("").await;
        // The last sign is of six; nothing lives at seven.
        served
            .heroku
            .patch("/sandbox", &json!({ "advance": "4h" }))
            .await;
        let told = run_as_dyno(&home, &served, "first").await;
        assert!(
            told.stdout.contains(
                "event=missed app=example-app schedule=default occurrence=2026-03-02T07:00:00Z"
            ),
            "{told:?}"
        );
        // The runner of tomorrow is not the one to say it again.
        let sign = told
            .stdout
            .lines()
            .find(|line| line.contains("event=heartbeat"));
        say(&served, sign.expect("a sign of life")).await;
        let told = run_as_dyno(&home, &served, "second").await;
        assert!(!told.stdout.contains("event=missed"), "{told:?}");
    });
}

#[test]
fn who_is_asked_to_leave_while_the_app_is_destroyed_says_what_is_not_known() {
    block(async {
        let (home, served) = deployed("").await;
        let hangs = json!([{ "method": "DELETE", "path": "/apps/", "kind": "hang" }]);
        served.heroku.faults(&hangs).await;
        let words = ["deploy", "remove", "--confirm", RUNNER];
        let child = begun(&home, &served, &words).await;
        while !served
            .heroku
            .record()
            .await
            .requests
            .iter()
            .any(|request| request.method == "DELETE")
        {
            tokio::task::yield_now().await;
        }
        let pid = Pid::from_raw(i32::try_from(child.id()).expect("a pid"));
        nix::sys::signal::kill(pid, Signal::SIGINT).expect("a signal");
        let told = ended(child);
        assert_eq!(told.code, Some(130), "{told:?}");
        served.heroku.no_faults().await;
        assert_eq!(remove(&home, &served).await.code, Some(0));
        assert_eq!(apps(&served).await, ["example-app"]);
    });
}

#[test]
fn no_token_is_in_what_is_said_of_a_runner() {
    block(async {
        let home = Home::new();
        let served = Served::start(&scenario(&home, ""), Some(CLOCK));
        home.write_schedules(&schedule("07:00"));
        let program = program(&home);
        let deploys = [
            "deploy",
            "--runner-app",
            RUNNER,
            "--scheduler",
            "--yes",
            "--binary",
            &program,
        ];
        let removes = ["deploy", "remove", "--confirm", RUNNER];
        let list: [&[&str]; 6] = [
            &deploys,
            &["--json"],
            &["doctor"],
            &["history"],
            &["plan"],
            &removes,
        ];
        let mut all = String::new();
        let mut seen = vec![];
        for round in 0..4 {
            for words in list {
                served.heroku.no_faults().await;
                // What Heroku says back may have the runner's token in it.
                let token = config(&served).await["HEROKU_API_KEY"].clone();
                let token = token.as_str().unwrap_or(TOKEN).to_owned();
                let message = format!("The token {token} may not do this.");
                let kinds = [
                    Value::Null,
                    json!({ "status": { "status": 403, "id": token, "message": message } }),
                    json!({ "text": { "body": format!("<html>{token}") } }),
                    json!({ "headers": { "headers": { "request-id": token } } }),
                ];
                if !kinds[round].is_null() {
                    let fault = json!([{ "skip": round, "times": 9, "kind": kinds[round] }]);
                    served.heroku.faults(&fault).await;
                }
                let mut command = on_time(&home, &served, words).await;
                let output = command.env("HEROKU_DEBUG", "1").output();
                let told: Told = output.expect("it runs").into();
                all.extend([format!("{words:?} "), told.stdout, told.stderr]);
                seen.push(token);
            }
        }
        served.heroku.no_faults().await;
        assert!(
            seen.iter().any(|token| token.starts_with("HRKU-")),
            "a runner had one"
        );
        for token in seen.iter().filter(|token| *token != TOKEN) {
            assert!(
                !all.contains(token.as_str()),
                "a runner's token is in the output"
            );
        }
        assert!(
            !all.contains("HRKU-") && all.contains("config-vars"),
            "{all}"
        );
    });
}

/// Whoever removes a runner from a machine that does not know it.
#[test]
fn a_removal_that_is_refused_stays_refused_and_loses_nothing() {
    block(async {
        let (_first, served) = deployed("").await;
        let other = Home::new();
        other.write_schedules(&schedule("09:00"));
        for _ in 0..2 {
            let told = remove(&other, &served).await;
            assert_eq!(told.code, Some(2), "{told:?}");
            assert!(told.stderr.contains("and they differ"), "{told:?}");
        }
        assert_eq!(apps(&served).await.len(), 2, "it is still there");
        let third = Home::new();
        let told = remove(&third, &served).await;
        assert_eq!(told.code, Some(0), "{told:?}");
        let file = std::fs::read_to_string(third.schedules()).expect("the file");
        assert!(file.contains("07:00"), "{file}");
    });
}

#[test]
fn what_a_colleague_put_into_a_half_made_runner_comes_back_with_its_removal() {
    block(async {
        let (home, served) = half_made().await;
        let theirs = "{ app = \"example-app\", name = \"late\", at = \"22\", timezone = \"UTC\" }";
        set_config(
            &served,
            json!({ "AUTORESTART_SCHEDULE_EXAMPLE_APP__LATE": theirs }),
        )
        .await;
        // Ours is what the file says by now; theirs is only there.
        home.write_schedules("version = 1\n");
        let told = remove(&home, &served).await;
        assert_eq!(told.code, Some(0), "{told:?}");
        let list = told_on_time(&home, &served, &["--json"]).await.json();
        let names: Vec<&str> = list
            .as_array()
            .expect("a list")
            .iter()
            .filter_map(|one| one["name"].as_str())
            .collect();
        assert_eq!(names, ["late"]);
    });
}

#[test]
fn who_joins_a_runner_and_fails_takes_the_own_schedules_out_of_it_again() {
    block(async {
        let (_first, served) = deployed("").await;
        let before = config(&served).await;
        let other = Home::new();
        other.write_schedules(&schedule("22:00").replace("at =", "name = \"late\"\nat ="));
        // Another binary makes a release, which fails.
        let path = other.path().join("another");
        let mut bytes = std::fs::read(program(&other)).expect("a program");
        bytes.extend([0; 8]);
        std::fs::write(&path, bytes).expect("a file");
        let fault = json!([{ "method": "POST", "path": "/releases", "times": 9, "kind": { "status": { "status": 422, "id": "invalid_params", "message": "no way" } } }]);
        served.heroku.faults(&fault).await;
        let binary = path.display().to_string();
        let words = [
            "deploy",
            "--runner-app",
            RUNNER,
            "--yes",
            "--binary",
            &binary,
        ];
        let told = told_on_time(&other, &served, &words).await;
        served.heroku.no_faults().await;
        assert_eq!(told.code, Some(1), "{told:?}");
        assert!(
            told.stderr
                .contains("taken out of the config vars of ⬢ test-runner again"),
            "{told:?}"
        );
        assert_eq!(config(&served).await, before);
        let file = std::fs::read_to_string(other.schedules()).expect("the file");
        assert!(file.contains("late"), "{file}");
        let told = told_on_time(&other, &served, &[]).await;
        assert!(!told.stderr.contains("to the end"), "{told:?}");
    });
}

#[test]
fn what_was_begun_and_is_gone_leaves_no_authorization_to_the_next_deploy() {
    block(async {
        let (home, served) = half_made().await;
        destroy(&served, RUNNER).await;
        assert_eq!(authorizations(&served).await.len(), 1, "left behind");
        let told = deploy(&home, &served, &["--yes"]).await;
        assert_eq!(told.code, Some(0), "{told:?}");
        assert_eq!(authorizations(&served).await.len(), 1, "its own");
        assert_eq!(apps(&served).await.len(), 2);
    });
}

#[test]
fn what_was_begun_is_not_gone_on_one_word() {
    block(async {
        let (home, served) = half_made().await;
        let id = api(&served, &format!("/apps/{RUNNER}")).await["id"].clone();
        let path = format!("/apps/{}", id.as_str().expect("an id"));
        let lie =
            json!({ "status": { "status": 404, "id": "not_found", "message": "There is none." } });
        let lie = json!([{ "method": "GET", "path": path, "kind": lie }]);
        served.heroku.faults(&lie).await;
        let other = [
            "deploy",
            "--yes",
            "--runner-app",
            "another-runner",
            "--binary",
            &program(&home),
        ];
        let told = told_on_time(&home, &served, &other).await;
        served.heroku.no_faults().await;
        assert_eq!(told.code, Some(2), "{told:?}");
        assert!(
            told.stderr.contains("was cut off, and left ⬢ test-runner"),
            "{told:?}"
        );
        assert_eq!(apps(&served).await, ["example-app", RUNNER]);
    });
}

#[test]
fn a_deploy_that_was_cut_off_at_its_very_end_loses_no_schedule() {
    block(async {
        let (home, served) = half_made().await;
        let note = home
            .path()
            .join(".local/state/autorestart/begun-runner.json");
        let begun = std::fs::read_to_string(&note).expect("a note");
        let told = deploy(&home, &served, &["--yes"]).await;
        assert_eq!(told.code, Some(0), "{told:?}");
        assert!(!note.exists(), "all is done");
        // As if it had been killed between the last two of its steps.
        std::fs::write(&note, begun).expect("a file");
        let before = config(&served).await;
        let told = deploy(&home, &served, &["--yes"]).await;
        assert_eq!(told.code, Some(0), "{told:?}");
        assert_eq!(config(&served).await, before);
        assert!(!note.exists(), "{told:?}");
    });
}

#[test]
fn what_was_begun_and_is_gone_is_forgotten_by_its_removal() {
    block(async {
        let (home, served) = half_made().await;
        destroy(&served, RUNNER).await;
        let told = remove(&home, &served).await;
        assert_eq!(told.code, Some(0), "{told:?}");
        assert_eq!(authorizations(&served).await.len(), 0, "{told:?}");
        let told = told_on_time(&home, &served, &[]).await;
        assert!(!told.stderr.contains("test-runner"), "{told:?}");
    });
}

#[test]
fn who_cannot_deploy_is_told_what_to_do_instead() {
    block(async {
        let cases: [(&str, &[&str], &str); 3] = [
            ("", &["--eco"], "without --eco: a Basic dyno"),
            ("sso = true\n", &[], "invite a user without SSO"),
            (
                "second-factor = [\"123456\"]\n",
                &[],
                "at a terminal, where it asks for the code",
            ),
        ];
        for (more, flags, hint) in cases {
            let home = Home::new();
            let me = format!("\n[[user]]\nemail = \"me@example.com\"\ntoken = \"{TOKEN}\"\n{more}");
            let served = Served::start(&scenario(&home, &me), Some(CLOCK));
            home.write_schedules(&schedule("07:00"));
            let told = deploy(&home, &served, &[&["--yes"], flags].concat()).await;
            assert_eq!(told.code, Some(1), "{told:?}");
            assert!(told.stderr.contains(hint), "{told:?}");
            assert_eq!(apps(&served).await, ["example-app"], "{told:?}");
        }
    });
}

#[test]
fn a_deploy_that_goes_on_takes_the_file_as_it_is_by_now() {
    block(async {
        let (home, served) = half_made().await;
        let late = schedule("22:00").replace("at =", "name = \"late\"\nat =");
        home.write_schedules(&late);
        let told = deploy(&home, &served, &["--yes", "--json"]).await;
        assert_eq!(told.json()["schedules"], json!(1), "{told:?}");
        let list = told_on_time(&home, &served, &["--json"]).await.json();
        let names: Vec<&str> = list
            .as_array()
            .expect("a list")
            .iter()
            .filter_map(|one| one["name"].as_str())
            .collect();
        assert_eq!(names, ["late"], "what was taken out stays out");
        // And what was changed is changed.
        assert_eq!(remove(&home, &served).await.code, Some(0));
        home.write_schedules(&schedule("07:00"));
        cut_off(&home, &served).await;
        home.write_schedules(&schedule("09:00"));
        let told = deploy(&home, &served, &["--yes"]).await;
        assert_eq!(told.code, Some(0), "{told:?}");
        let list = told_on_time(&home, &served, &["--json"]).await.json();
        assert_eq!(
            (list.as_array().map(Vec::len), &list[0]["triggers"]["at"]),
            (Some(1), &json!("09:00"))
        );
    });
}

#[test]
fn what_is_taken_back_is_gone_and_not_only_said_to_be() {
    block(async {
        let lies = [
            json!({ "status": { "status": 404, "id": "not_found", "message": "There is none." } }),
            json!({ "answer": { "body": {} } }),
            json!({ "text": { "body": "<html>Sign in to this network" } }),
        ];
        for path in ["/apps/", "/oauth/"] {
            for lie in &lies {
                let home = Home::new();
                let served = Served::start(&scenario(&home, ""), Some(CLOCK));
                home.write_schedules(&schedule("07:00"));
                let refused = json!({ "status": { "status": 422, "id": "invalid_params", "message": "no way" } });
                let faults = json!([
                    { "method": "POST", "path": "/slugs", "times": 9, "kind": refused },
                    { "method": "DELETE", "path": path, "kind": lie },
                ]);
                served.heroku.faults(&faults).await;
                let told = deploy(&home, &served, &["--yes"]).await;
                served.heroku.no_faults().await;
                assert_eq!(told.code, Some(1), "{told:?}");
                let left = (apps(&served).await, authorizations(&served).await.len());
                assert_eq!(
                    left,
                    (vec!["example-app".to_owned()], 0),
                    "{path} {lie}: {told:?}"
                );
            }
        }
        // And of a removal.
        for lie in &lies {
            let (home, served) = deployed("").await;
            let faults = json!([{ "method": "DELETE", "path": "/apps/", "kind": lie }]);
            served.heroku.faults(&faults).await;
            let told = remove(&home, &served).await;
            served.heroku.no_faults().await;
            assert_eq!(told.code, Some(0), "{told:?}");
            assert_eq!(apps(&served).await, ["example-app"], "{lie}: {told:?}");
        }
    });
}
