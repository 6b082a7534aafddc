//! `deploy` against the sandbox: what it makes, what it leaves behind when a call fails, and the runner
//! that it leaves running.

use crate::process::{
    Home, Served, TOKEN, Told, block, each_once, now, on_time, schedule, shop, told_on_time,
};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use std::{
    path::PathBuf,
    process::{Command, Stdio},
    sync::OnceLock,
};

pub const RUNNER: &str = "test-runner";

/// A call of the account itself.
fn call(served: &Served, method: Method, path: &str) -> RequestBuilder {
    let http = reqwest::Client::builder().no_proxy().build();
    http.expect("a client")
        .request(method, format!("{}{path}", served.heroku.url))
        .bearer_auth(TOKEN)
        .header("accept", "application/vnd.heroku+json; version=3")
}

async fn succeeds(call: RequestBuilder) {
    let answer = call.send().await.expect("an answer");
    assert!(answer.status().is_success(), "{answer:?}");
}

/// What Heroku says to the account itself.
pub async fn api(served: &Served, path: &str) -> Value {
    let answer = call(served, Method::GET, path).send().await;
    answer.expect("an answer").json().await.expect("JSON")
}

/// An app that somebody destroys without us.
pub async fn destroy(served: &Served, app: &str) {
    succeeds(call(served, Method::DELETE, &format!("/apps/{app}"))).await;
}

pub async fn patch(served: &Served, path: &str, body: &Value) {
    succeeds(call(served, Method::PATCH, path).json(body)).await;
}

pub async fn config(served: &Served) -> Value {
    api(served, &format!("/apps/{RUNNER}/config-vars")).await
}

/// A pass of the runner's dyno, as Heroku would start it; `disk` is what it has of one.
pub async fn run_as_dyno(home: &Home, served: &Served, disk: &str) -> Told {
    let mut dyno = on_time(home, served, &["run"]).await;
    for (name, value) in config(served).await.as_object().expect("an object") {
        dyno.env(name, value.as_str().expect("a text"));
    }
    let dyno = dyno
        .env("DYNO", "runner.1")
        .env("HOME", home.path().join(disk));
    dyno.output().expect("it runs").into()
}

/// What can go wrong with a call.
pub fn mishaps() -> [Value; 7] {
    let refused = |status: u16, id: &str| json!({ "status": { "status": status, "id": id, "message": "no luck" } });
    [
        refused(500, "internal"),
        refused(422, "invalid_params"),
        refused(404, "not_found"),
        json!("reset-before"),
        json!("reset-after"),
        json!("garbage"),
        json!({ "answer": { "body": {} } }),
    ]
}

pub async fn apps(served: &Served) -> Vec<String> {
    let apps = api(served, "/apps").await;
    let apps = apps.as_array().expect("a list").iter();
    apps.map(|app| app["name"].as_str().expect("a name").to_owned())
        .collect()
}

pub async fn authorizations(served: &Served) -> Vec<Value> {
    served.heroku.get("/sandbox/authorizations").await
}

/// A program for Linux on x86-64 that needs nothing, and does nothing.
pub fn program(home: &Home) -> String {
    let mut bytes = vec![0; 64];
    bytes[..7].copy_from_slice(b"\x7fELF\x02\x01\x01");
    (bytes[16], bytes[18], bytes[20]) = (2, 62, 1);
    (bytes[52], bytes[54], bytes[58]) = (64, 56, 64);
    let path = home.path().join("program");
    std::fs::write(&path, bytes).expect("a file");
    path.display().to_string()
}

/// The binary for Linux that `AUTORESTART_LINUX_BINARY` names, or this very one without what a debugger
/// wants, which takes a hundredth of the time to pack.
fn ours() -> &'static str {
    static OURS: OnceLock<PathBuf> = OnceLock::new();
    let path = OURS.get_or_init(|| {
        if let Some(named) = std::env::var_os("AUTORESTART_LINUX_BINARY") {
            return named.into();
        }
        let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("autorestart-stripped");
        let fresh = path.with_extension(std::process::id().to_string());
        let stripped = Command::new("strip")
            .args([
                "-o".as_ref(),
                fresh.as_os_str(),
                crate::process::binary().as_os_str(),
            ])
            .status();
        assert!(stripped.expect("strip runs").success());
        std::fs::rename(fresh, &path).expect("a file");
        path
    });
    path.to_str().expect("a path")
}

/// What is typed to deploy a binary without being asked.
pub fn words_of_deploy(binary: &str) -> [&str; 6] {
    [
        "deploy",
        "--runner-app",
        RUNNER,
        "--yes",
        "--binary",
        binary,
    ]
}

/// Deploys this very binary to where twenty seconds pass in one, and slugs run.
pub async fn deploy_this(home: &Home, served: &Served) -> Told {
    let words = words_of_deploy(ours());
    let clock = format!("{}*20", now(served).await);
    let mut command = home.command(&served.heroku.url, &words);
    let told = command.env("AUTORESTART_CLOCK", clock).output();
    told.expect("it runs").into()
}

/// Deploys, while the runner that is not there says that it is alive.
pub async fn deploy(home: &Home, served: &Served, more: &[&str]) -> Told {
    deploy_while(home, served, more, || {}).await
}

/// The same, while something else is done once its app is there.
pub async fn deploy_while(
    home: &Home,
    served: &Served,
    more: &[&str],
    meanwhile: impl Fn(),
) -> Told {
    let program = program(home);
    let words = [
        &["deploy", "--runner-app", RUNNER, "--binary", &program][..],
        more,
    ]
    .concat();
    let mut command = on_time(home, served, &words).await;
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    let said = |event: &str| json!({ "from": "app[runner.1]", "text": format!("level=info event={event} schedules=1") });
    let http = reqwest::Client::builder()
        .no_proxy()
        .build()
        .expect("a client");
    while child.try_wait().expect("a state").is_none() {
        let url = format!("{}/sandbox/apps/{RUNNER}/log", served.heroku.url);
        let watching = http.post(&url).json(&said("watching")).send().await;
        if watching.is_ok_and(|answer| answer.status().is_success()) {
            // Before the sign that it waits for, not after.
            meanwhile();
            // It may have been taken back by then.
            let _ = http.post(&url).json(&said("heartbeat")).send().await;
        }
        tokio::task::yield_now().await;
    }
    child.wait_with_output().expect("it ends").into()
}

pub async fn remove(home: &Home, served: &Served) -> Told {
    told_on_time(home, served, &["deploy", "remove", "--confirm", RUNNER]).await
}

pub fn scenario(home: &Home, more: &str) -> String {
    let path = home.path().join("world.toml");
    let shop = include_str!("../../src/sandbox/leaky-shop.toml");
    std::fs::write(&path, shop.to_owned() + more).expect("a file");
    path.display().to_string()
}

pub const CLOCK: &str = "2026-03-02T06:00:00Z*60";

#[test]
fn the_runner_restarts_on_time_and_a_second_deploy_changes_nothing_and_nothing_is_left_of_it() {
    block(async {
        let home = Home::new();
        let served = Served::running_slugs(&shop(&home, 5), "2026-03-02T06:57:00Z*20");
        home.write_schedules(&schedule("07:00"));
        let words = words_of_deploy(ours());
        let told = deploy_this(&home, &served).await;
        assert_eq!(told.code, Some(0), "{told:?}");
        assert!(told.stderr.contains("$7.00 a month"), "{told:?}");
        let file = std::fs::read_to_string(home.schedules()).expect("the file");
        assert!(
            file.contains("[runner-app]") && !file.contains("[[schedule]]"),
            "{file}"
        );
        // It is a process of its own that does it: nothing else runs here.
        // Half an hour of the sandbox, and it is too late.
        while served.heroku.record().await.restarts() != each_once() {
            assert!(now(&served).await.as_str() < "2026-03-02T07:30", "in time");
        }
        assert_eq!(served.heroku.record().await.restarts(), each_once());
        let before = served.heroku.record().await.requests.len();
        let told = told_on_time(&home, &served, &words).await;
        assert_eq!(told.code, Some(0), "{told:?}");
        assert!(told.stdout.contains("nothing was changed"), "{told:?}");
        let requests = served.heroku.record().await.requests;
        let is_change = |request: &&crate::control::Request| {
            request.method != "GET" && !request.path.ends_with("/log-sessions")
        };
        let ours = requests[before..].iter().filter(is_change);
        let changes: Vec<_> = ours
            .filter(|request| request.path.contains(RUNNER))
            .collect();
        assert!(changes.is_empty(), "{changes:?}");
        let list = told_on_time(&home, &served, &["--json"]).await.json();
        assert_eq!(
            (&list[0]["runner"]["mode"], &list[0]["runner"]["alive"]),
            (&json!("dyno"), &json!(true))
        );
        let told = remove(&home, &served).await;
        assert_eq!(told.code, Some(0), "{told:?}");
        assert_eq!(
            (apps(&served).await, authorizations(&served).await),
            (vec!["example-app".to_owned()], vec![])
        );
        let list = told_on_time(&home, &served, &["--json"]).await.json();
        assert_eq!(
            (&list[0]["app"], &list[0]["triggers"]["at"]),
            (&json!("example-app"), &json!("07:00"))
        );
        assert_eq!(list[0]["runner"], Value::Null, "nothing runs it any more");
        assert_eq!(
            served.heroku.record().await.restarts(),
            each_once(),
            "once, and not again"
        );
    });
}

/// A fault at each of its calls in turn: nothing is left, or it is said what is.
#[test]
fn a_fault_at_any_of_its_calls_leaves_nothing_unreported() {
    block(async {
        let home = Home::new();
        let served = Served::start(&scenario(&home, ""), Some(CLOCK));
        home.write_schedules(&schedule("07:00"));
        let told = deploy(&home, &served, &["--yes"]).await;
        assert_eq!(told.code, Some(0), "{told:?}");
        let calls = served.heroku.record().await.requests.len();
        assert!(calls >= 14, "{calls} calls");
        assert_eq!(remove(&home, &served).await.code, Some(0));
        let kinds = mishaps();
        let (mut failed, mut done) = (0, 0);
        for call in 0..calls {
            for kind in &kinds {
                let what = format!("call {call}, {kind}");
                let home = Home::new();
                home.write_schedules(&schedule("07:00"));
                let fault = json!([{ "skip": call, "kind": kind }]);
                served.heroku.faults(&fault).await;
                let told = deploy(&home, &served, &["--yes"]).await;
                served.heroku.no_faults().await;
                let left = apps(&served).await.contains(&RUNNER.to_owned());
                let authorizations = authorizations(&served).await;
                if told.code == Some(0) {
                    done += 1;
                    assert!(left && authorizations.len() == 1, "{what}: {told:?}");
                    let told = remove(&home, &served).await;
                    assert_eq!(told.code, Some(0), "{what}: {told:?}");
                    continue;
                }
                failed += 1;
                assert!(matches!(told.code, Some(1 | 2)), "{what}: {told:?}");
                let file = std::fs::read_to_string(home.schedules()).expect("the file");
                assert!(
                    file.contains("[[schedule]]"),
                    "{what}: the schedules are where they were"
                );
                if left {
                    assert!(
                        told.stderr
                            .contains(&format!("apps:destroy --app {RUNNER}"))
                            || told.stderr.contains(&format!("apps:info --app {RUNNER}")),
                        "{what}: {told:?}"
                    );
                }
                for one in &authorizations {
                    let named = ["id", "description"].map(|key| one[key].as_str().expect("a text"));
                    assert!(
                        named.iter().any(|name| told.stderr.contains(name)),
                        "{what}: {told:?}"
                    );
                }
                // What is left, the next commands take away.
                for one in &authorizations {
                    served
                        .heroku
                        .revoke(one["id"].as_str().expect("an id"))
                        .await;
                }
                if left {
                    let told = remove(&home, &served).await;
                    assert_eq!(told.code, Some(0), "{what}: {told:?}");
                }
                assert_eq!(apps(&served).await, ["example-app"], "{what}");
            }
        }
        println!(
            "{calls} calls, {} faults: {failed} deploys failed, {done} went through",
            calls * kinds.len()
        );
        assert!(failed > 20 && done > 20, "{failed} {done}");
    });
}

#[test]
fn schedules_are_edited_in_its_config_vars_and_nothing_else_of_them_is_touched() {
    block(async {
        let home = Home::new();
        let served = Served::start(&scenario(&home, ""), Some(CLOCK));
        home.write_schedules(&schedule("07:00"));
        assert_eq!(deploy(&home, &served, &["--yes"]).await.code, Some(0));
        let config = async || api(&served, &format!("/apps/{RUNNER}/config-vars")).await;
        let before = config().await;
        let set = [
            "set",
            "--app",
            "example-app",
            "--name",
            "late",
            "--at",
            "22",
            "--timezone",
            "UTC",
        ];
        assert_eq!(told_on_time(&home, &served, &set).await.code, Some(0));
        let pause = ["pause", "--app", "example-app", "--name", "late"];
        assert_eq!(told_on_time(&home, &served, &pause).await.code, Some(0));
        let mut after = config().await;
        let fresh = "AUTORESTART_SCHEDULE_EXAMPLE_APP__LATE";
        let value = after[fresh].as_str().expect("a variable");
        assert!(
            value.contains("at = \"22:00\"") && value.contains("paused = true"),
            "{value}"
        );
        after.as_object_mut().expect("an object").remove(fresh);
        assert_eq!(after, before, "the token too is as it was");
        let list = told_on_time(&home, &served, &["--json"]).await.json();
        assert_eq!(
            (list.as_array().expect("a list").len(), &list[1]["paused"]),
            (2, &json!(true))
        );
        let drop = ["remove", "--app", "example-app", "--name", "late"];
        assert_eq!(told_on_time(&home, &served, &drop).await.code, Some(0));
        assert_eq!(config().await, before);
        // The last one: its runner goes on, and costs money.
        let only = ["remove", "--app", "example-app"];
        for words in [&only[..], &[]] {
            let told = told_on_time(&home, &served, words).await;
            let said = "⬢ test-runner still runs, and has nothing left to do";
            assert!(told.stderr.contains(said), "{words:?}: {told:?}");
            assert!(
                told.stderr.contains("deploy:remove --confirm test-runner")
                    || told.stderr.contains("deploy remove --confirm test-runner"),
                "{told:?}"
            );
        }
        let variables = format!("/apps/{RUNNER}/config-vars");
        patch(&served, &variables, &before).await;
        // A colleague's slip is named, stops nobody else, and is not overwritten.
        let slip = "{ app = \"example-app\", at = \"25\" }";
        let wrong = json!({ "AUTORESTART_SCHEDULE_EXAMPLE_APP__LATE": slip });
        patch(&served, &format!("/apps/{RUNNER}/config-vars"), &wrong).await;
        let told = told_on_time(&home, &served, &[]).await;
        assert_eq!(told.code, Some(0), "{told:?}");
        assert!(
            told.stdout.contains("07:00")
                && told.stderr.contains(
                    "config var AUTORESTART_SCHEDULE_EXAMPLE_APP__LATE of ⬢ test-runner: at '25'"
                )
                && told.stderr.contains(
                    "heroku config:unset AUTORESTART_SCHEDULE_EXAMPLE_APP__LATE --app test-runner"
                ),
            "{told:?}"
        );
        assert!(!told.stderr.contains("HRKU-AA"), "{told:?}");
        assert_eq!(told_on_time(&home, &served, &set).await.code, Some(0));
        let after = config().await;
        assert_eq!(after[fresh], json!(slip), "it is theirs to mend");
        assert!(
            after["AUTORESTART_SCHEDULE_EXAMPLE_APP__LATE_2"].is_string(),
            "{after}"
        );
        let told = remove(&home, &served).await;
        assert_eq!(told.code, Some(0), "{told:?}");
        assert!(
            told.stderr.contains(&format!("{fresh}={slip}")),
            "what goes with the app is shown: {told:?}"
        );
    });
}

#[test]
fn a_runner_that_is_dead_for_two_hours_is_listed_as_dead() {
    block(async {
        let home = Home::new();
        let served = Served::start(&scenario(&home, ""), Some(CLOCK));
        home.write_schedules(&schedule("07:00"));
        assert_eq!(deploy(&home, &served, &["--yes"]).await.code, Some(0));
        let told = told_on_time(&home, &served, &[]).await;
        assert!(
            told.stderr
                .contains("Run by ⬢ test-runner: one Basic dyno, about $7 a month"),
            "{told:?}"
        );
        served
            .heroku
            .patch("/sandbox", &json!({ "advance": "2h" }))
            .await;
        let told = told_on_time(&home, &served, &[]).await;
        assert!(told.stderr.starts_with("Warning: ⬢ test-runner, which is to run these schedules, has shown no sign of life for 2h"), "{told:?}");
        let list = told_on_time(&home, &served, &["--json"]).await.json();
        assert_eq!(list[0]["runner"]["alive"], json!(false));
        let doctor = told_on_time(&home, &served, &["doctor"]).await;
        assert!(
            doctor.stdout.contains("broken   runner") && doctor.code == Some(1),
            "{doctor:?}"
        );
    });
}

#[test]
fn an_authorization_that_was_revoked_is_made_anew_by_the_next_deploy() {
    block(async {
        let home = Home::new();
        let served = Served::start(&scenario(&home, ""), Some(CLOCK));
        home.write_schedules(&schedule("07:00"));
        assert_eq!(deploy(&home, &served, &["--yes"]).await.code, Some(0));
        let first = authorizations(&served).await;
        served
            .heroku
            .revoke(first[0]["id"].as_str().expect("an id"))
            .await;
        let told = deploy(&home, &served, &["--yes", "--json"]).await;
        let document = told.json();
        assert_eq!(
            (
                &document["authorized"],
                &document["created"],
                &document["released"]
            ),
            (&json!(true), &json!(false), &json!(false))
        );
        let second = authorizations(&served).await;
        assert_eq!((second.len(), &second[0]["scope"]), (1, &json!(["write"])));
        let config = api(&served, &format!("/apps/{RUNNER}/config-vars")).await;
        assert_eq!(config["HEROKU_API_KEY"], second[0]["access_token"]["token"]);
        assert!(!told.stdout.contains("HRKU-AA") && !told.stderr.contains("HRKU-AA"));
    });
}

#[test]
fn bad_input_of_deploy_is_refused_before_anything_is_made() {
    block(async {
        let home = Home::new();
        let more = "\n[[user]]\nemail = \"other@example.com\"\n[[app]]\nname = \"taken-app\"\nowner = \"other@example.com\"\n";
        let served = Served::start(&scenario(&home, more), Some(CLOCK));
        home.write_schedules(&schedule("07:00"));
        let program = program(&home);
        let script = home.path().join("script");
        std::fs::write(&script, "#!/bin/sh\n").expect("a file");
        let script = script.display().to_string();
        let cases: [(&[&str], &str); 9] = [
            (&["deploy", "--binary", &program], "there is nobody to ask"),
            (&["deploy", "-a", "example-app"], "unexpected argument '-a'"),
            (
                &["deploy", "--yes", "--binary", &script],
                "it is no program for Linux on x86-64",
            ),
            (
                &["deploy", "--yes", "--runner-app", "Bad_Name"],
                "an app name has no upper case",
            ),
            (
                &[
                    "deploy",
                    "--yes",
                    "--binary",
                    &program,
                    "--runner-app",
                    "example-app",
                ],
                "something else runs on",
            ),
            (
                &[
                    "deploy",
                    "--yes",
                    "--binary",
                    &program,
                    "--runner-app",
                    "taken-app",
                ],
                "no access to",
            ),
            (&["deploy", "--eco", "--scheduler"], "cannot be used with"),
            (&["deploy", "remove"], "no runner on Heroku is known"),
            (
                &["deploy", "remove", "--confirm", "no-such-app"],
                "no-such-app",
            ),
        ];
        for (words, said) in cases {
            let told = told_on_time(&home, &served, words).await;
            let is_unknown = words.contains(&"remove");
            assert_eq!(
                told.code,
                Some(if is_unknown { 1 } else { 2 }),
                "{words:?}: {told:?}"
            );
            assert!(told.stderr.contains(said), "{words:?}: {told:?}");
        }
        let made = served.heroku.record().await.requests;
        let is_made = |request: &&crate::control::Request| {
            matches!(request.method.as_str(), "POST" | "PATCH" | "DELETE")
        };
        assert_eq!(made.iter().filter(is_made).count(), 0);
        assert_eq!(
            std::fs::read_to_string(home.schedules()).expect("the file"),
            schedule("07:00")
        );
    });
}

/// The packages for other machines have the binary for dynos beside their own.
#[test]
fn the_binary_that_lies_beside_is_the_one_that_is_deployed() {
    block(async {
        let home = Home::new();
        let served = Served::start(&scenario(&home, ""), Some(CLOCK));
        home.write_schedules(&schedule("07:00"));
        let here = home.path().join("autorestart");
        if std::fs::hard_link(crate::process::binary(), &here).is_err() {
            std::fs::copy(crate::process::binary(), &here).expect("a copy");
        }
        let beside = home.path().join("autorestart-linux-x64");
        std::fs::write(&beside, "#!/bin/sh\n").expect("a file");
        let usual = on_time(&home, &served, &["deploy", "--yes"]).await;
        let mut command = Command::new(&here);
        let env = usual
            .get_envs()
            .filter_map(|(name, value)| Some((name, value?)));
        command.args(usual.get_args()).env_clear().envs(env);
        let told: Told = command.output().expect("it runs").into();
        assert_eq!(told.code, Some(2), "{told:?}");
        let said = "autorestart-linux-x64 cannot run on a dyno: it is no program for Linux";
        assert!(told.stderr.contains(said), "{told:?}");
    });
}

/// What Heroku refuses after the app was made: Eco without its pool, an account that pays nothing.
#[test]
fn what_heroku_refuses_late_is_undone() {
    block(async {
        for (more, flag, said) in [
            ("", "--eco", "Subscribe to Eco dynos"),
            (
                "\n[[user]]\nemail = \"me@example.com\"\nunverified = true\n",
                "--yes",
                "Please verify your account",
            ),
        ] {
            let home = Home::new();
            let served = Served::start(&scenario(&home, more), Some(CLOCK));
            home.write_schedules(&schedule("07:00"));
            let told = deploy(
                &home,
                &served,
                &["--yes", flag][usize::from(flag == "--yes")..],
            )
            .await;
            assert_eq!(told.code, Some(1), "{told:?}");
            assert!(
                told.stderr.contains(said) && told.stderr.contains("was removed again"),
                "{told:?}"
            );
            assert_eq!(
                (apps(&served).await, authorizations(&served).await),
                (vec!["example-app".to_owned()], vec![])
            );
        }
    });
}

#[test]
fn a_team_s_runner_is_joined_by_a_colleague_and_says_who_can_read_its_token() {
    block(async {
        let home = Home::new();
        let more =
            "\n[[team]]\nname = \"acme\"\nmembers = [\"me@example.com\", \"ann@example.com\"]\n";
        let served = Served::start(&scenario(&home, more), Some(CLOCK));
        home.write_schedules(&schedule("07:00"));
        let told = deploy(&home, &served, &["--yes", "--team", "acme"]).await;
        assert_eq!(told.code, Some(0), "{told:?}");
        assert!(
            told.stderr
                .contains("read by   ann@example.com, me@example.com"),
            "{told:?}"
        );
        // Another machine, with a schedule of its own.
        let other = Home::new();
        other.write_schedules(&schedule("22:00").replace("at =", "name = \"late\"\nat ="));
        let told = deploy(&other, &served, &["--yes", "--json"]).await;
        assert_eq!(told.json()["schedules"], json!(2), "{told:?}");
        let list = told_on_time(&home, &served, &["--json"]).await.json();
        assert_eq!(list.as_array().expect("a list").len(), 2, "each sees both");
        // One of the same name that is another one: nobody's is lost.
        let third = Home::new();
        third.write_schedules(&schedule("09:00"));
        let told = deploy(&third, &served, &["--yes"]).await;
        assert_eq!(told.code, Some(2), "{told:?}");
        assert!(told.stderr.contains("and they differ"), "{told:?}");
        assert_eq!(authorizations(&served).await.len(), 1);
    });
}

#[test]
fn heroku_scheduler_runs_it_without_a_dyno_once_its_job_is_there() {
    block(async {
        let home = Home::new();
        let served = Served::start(&scenario(&home, ""), Some(CLOCK));
        home.write_schedules(&schedule("07:00"));
        let told = deploy(&home, &served, &["--yes", "--scheduler"]).await;
        assert_eq!(told.code, Some(0), "{told:?}");
        assert!(
            told.stderr.contains("\n  ./bin/autorestart run\n"),
            "the job's command: {told:?}"
        );
        let formation = api(&served, &format!("/apps/{RUNNER}/formation")).await;
        assert_eq!(formation[0]["quantity"], json!(0));
        let addons = api(&served, &format!("/apps/{RUNNER}/addons")).await;
        assert_eq!(addons[0]["plan"]["name"], json!("scheduler:standard"));
        // A one-off dyno of it, with the app's config vars.
        let config = api(&served, &format!("/apps/{RUNNER}/config-vars")).await;
        let mut job = on_time(&home, &served, &["run"]).await;
        for (name, value) in config.as_object().expect("an object") {
            job.env(name, value.as_str().expect("a text"));
        }
        let said: Told = job
            .env("HOME", home.path().join("dyno"))
            .output()
            .expect("it runs")
            .into();
        assert_eq!(said.code, Some(0), "{said:?}");
        let sign = said
            .stdout
            .lines()
            .find(|line| line.contains(" event=heartbeat "));
        let sign = sign.unwrap_or_else(|| panic!("{said:?}"));
        let late = json!({ "advance": "2h" });
        served.heroku.patch("/sandbox", &late).await;
        let told = told_on_time(&home, &served, &[]).await;
        assert!(
            told.stderr.contains("heroku addons:open scheduler"),
            "{told:?}"
        );
        let line = json!({ "from": "app[scheduler.4711]", "text": sign });
        let path = format!("/sandbox/apps/{RUNNER}/log");
        served
            .heroku
            .send(reqwest::Method::POST, &path, &line)
            .await;
        let told = told_on_time(&home, &served, &[]).await;
        assert!(
            told.stderr
                .contains("Run by ⬢ test-runner: Heroku Scheduler")
                && told.stderr.contains("up to 11 minutes late"),
            "{told:?}"
        );
        // Once more changes nothing, and makes no dyno of it.
        let told = deploy(&home, &served, &["--yes", "--json"]).await;
        assert_eq!(told.json()["changed"], json!(false), "{told:?}");
    });
}

/// What a second reader found: each of these left something behind, or took too much away.
#[test]
fn renames_other_hosts_and_cut_off_deploys_leave_no_second_runner() {
    block(async {
        let home = Home::new();
        let served = Served::start(&scenario(&home, ""), Some(CLOCK));
        home.write_schedules(&format!("# why we do this\n{}", schedule("07:00")));
        assert_eq!(deploy(&home, &served, &["--yes"]).await.code, Some(0));
        // Another Heroku is another one's affair.
        let other = Served::start(&scenario(&home, ""), Some(CLOCK));
        let told = told_on_time(
            &home,
            &other,
            &["deploy", "--yes", "--binary", &program(&home)],
        )
        .await;
        assert_eq!(told.code, Some(1), "{told:?}");
        assert!(told.stderr.contains("HEROKU_HOST is another"), "{told:?}");
        // Renamed: it is the same one.
        let rename = json!({ "name": "team-restarts" });
        served
            .heroku
            .patch(&format!("/sandbox/apps/{RUNNER}"), &rename)
            .await;
        let words = ["deploy", "--yes", "--json", "--binary", &program(&home)];
        let mut command = on_time(&home, &served, &words).await;
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("it starts");
        let sign =
            json!({ "from": "app[runner.1]", "text": "level=info event=heartbeat schedules=1" });
        while child.try_wait().expect("a state").is_none() {
            served
                .heroku
                .send(
                    reqwest::Method::POST,
                    "/sandbox/apps/team-restarts/log",
                    &sign,
                )
                .await;
            tokio::task::yield_now().await;
        }
        let told: Told = child.wait_with_output().expect("it ends").into();
        assert_eq!(
            (
                told.json()["created"].clone(),
                told.json()["runner_app"].clone()
            ),
            (json!(false), json!("team-restarts")),
            "{told:?}"
        );
        assert_eq!(apps(&served).await, ["example-app", "team-restarts"]);
        // Gone behind our back: what it had is made again from the file of before, and its token is revoked.
        destroy(&served, "team-restarts").await;
        let told = told_on_time(
            &home,
            &served,
            &["deploy", "remove", "--confirm", "team-restarts"],
        )
        .await;
        assert_eq!(told.code, Some(0), "{told:?}");
        assert_eq!(authorizations(&served).await, Vec::<Value>::new());
        let file = std::fs::read_to_string(home.schedules()).expect("the file");
        assert!(file.starts_with("# why we do this"), "{file}");
    });
}

#[test]
fn what_is_set_while_it_is_deployed_is_not_lost() {
    block(async {
        let home = Home::new();
        let served = Served::start(&scenario(&home, ""), Some(CLOCK));
        // Changed, or taken out: what is moved is no longer what is meant.
        for other in [&*schedule("09:00"), "version = 1\n"] {
            home.write_schedules(&schedule("07:00"));
            let told =
                deploy_while(&home, &served, &["--yes"], || home.write_schedules(other)).await;
            assert_eq!(told.code, Some(1), "{told:?}");
            assert!(
                told.stderr
                    .contains("was changed while its schedules were moved"),
                "{told:?}"
            );
            assert_eq!(
                std::fs::read_to_string(home.schedules()).expect("the file"),
                other
            );
            assert_eq!(
                (apps(&served).await, authorizations(&served).await.len()),
                (vec!["example-app".to_owned()], 0)
            );
        }
        assert_eq!(
            deploy(&home, &served, &["--yes"]).await.code,
            Some(0),
            "and again"
        );
    });
}
