//! The credential of passes, as a process sets it up and uses it: nothing is left behind at Heroku,
//! nothing is used that is not meant, and what is wrong is said.

use crate::{
    control::Heroku,
    process::{FAST, Home, Served, Told, block, now},
};
use serde_json::{Value, json};
use std::{
    fs,
    os::unix::fs::{PermissionsExt as _, symlink},
    path::PathBuf,
    process::Command,
};

pub const LOGIN: &str = "HRKU-0c0ffee0-feed-4bad-8bad-5ec2e7000002";
pub const ME: &str = "me@example.com";

/// Accounts of every kind, and two apps that not all of them reach.
const WORLD: &str = r#"
account = "me@example.com"
token = "HRKU-0c0ffee0-feed-4bad-8bad-5ec2e7000002"
[[user]]
email = "other@example.com"
token = "HRKU-AAother0123456789"
[[user]]
email = "reader@example.com"
token = "HRKU-AAreader0123456789"
scope = ["read"]
[[user]]
email = "sso@example.com"
token = "HRKU-AAsso0123456789"
sso = true
[[user]]
email = "careful@example.com"
token = "HRKU-AAcareful0123456789"
second-factor = ["111111", "222222", "333333"]
[[app]]
name = "example-app"
collaborators = ["reader@example.com", "sso@example.com", "careful@example.com"]
habits = { boot = "5s" }
[[app.formation]]
type = "web"
quantity = 3
[[app]]
name = "other-app"
owner = "other@example.com"
[[app.formation]]
type = "web"
quantity = 1
"#;

/// A home, and a Heroku whose minute takes a second.
pub struct Place {
    pub home: Home,
    pub served: Served,
}

impl Place {
    pub fn new() -> Self {
        Self::with(ToOwned::to_owned)
    }

    /// With another world.
    pub fn with(world: impl Fn(&str) -> String) -> Self {
        let home = Home::new().without_offset();
        let scenario = home.path().join("world.toml");
        fs::write(&scenario, world(WORLD)).expect("a file");
        let served = Served::start(&scenario.display().to_string(), Some(FAST));
        let place = Self { home, served };
        place.log_in(ME, LOGIN);
        place
    }

    pub fn log_in(&self, account: &str, token: &str) {
        let machine = self.served.heroku.url.trim_start_matches("http://");
        let text = format!("machine {machine}\n  login {account}\n  password {token}\n");
        fs::write(self.home.path().join(".netrc"), text).expect("a file");
    }

    /// The binary with this home's login, on the sandbox's clock.
    pub async fn command(&self, words: &[&str]) -> Command {
        let mut command = self.home.command(&self.served.heroku.url, words);
        command
            .env_remove("HEROKU_API_KEY")
            .env("AUTORESTART_REQUEST_TIMEOUT", "1s")
            .env(
                "AUTORESTART_CLOCK",
                format!("{}*60", now(&self.served).await),
            );
        command
    }

    pub async fn told(&self, words: &[&str]) -> Told {
        let output = self.command(words).await.output();
        output.expect("it runs").into()
    }

    pub async fn given(&self, token: &str, words: &[&str]) -> Told {
        use std::io::Write as _;
        let mut command = self.command(words).await;
        command.stdin(std::process::Stdio::piped());
        let piped = std::process::Stdio::piped;
        let mut child = command
            .stdout(piped())
            .stderr(piped())
            .spawn()
            .expect("it starts");
        let mut stdin = child.stdin.take().expect("a pipe");
        writeln!(stdin, "{token}").expect("a line");
        drop(stdin);
        child.wait_with_output().expect("it ends").into()
    }

    fn file(&self, name: &str) -> PathBuf {
        self.home.path().join(".config/autorestart").join(name)
    }

    /// The one file with a token.
    fn token_file(&self) -> PathBuf {
        let mut files = fs::read_dir(self.file("tokens")).expect("a directory");
        files.next().expect("a token").expect("an entry").path()
    }

    pub fn records(&self) -> Value {
        let text = fs::read(self.file("credentials.json")).unwrap_or_default();
        serde_json::from_slice(&text).unwrap_or(Value::Null)
    }
}

/// Authorizations that we made.
pub async fn ours(heroku: &Heroku) -> Vec<Value> {
    let all: Vec<Value> = heroku.get("/sandbox/authorizations").await;
    let is_ours = |one: &Value| {
        let description = one["description"].as_str().unwrap_or_default();
        description.starts_with("heroku dynos:autorestart")
    };
    all.into_iter().filter(is_ours).collect()
}

const CREATE: [&str; 5] = ["auth", "setup", "--create", "--app", "example-app"];

#[test]
fn no_fault_leaves_an_authorization_behind() {
    let kinds = [
        json!({ "status": { "status": 500 } }),
        json!({ "status": { "status": 403, "id": "forbidden", "message": "No." } }),
        json!({ "status": { "status": 429, "id": "rate_limit", "message": "Wait." } }),
        json!({ "status-after": { "status": 502 } }),
        json!({ "answer": { "body": { "id": 1 } } }),
        json!("reset-before"),
        json!("reset-after"),
        json!("hang"),
        json!("hang-after"),
        json!("garbage"),
        json!("truncate"),
    ];
    // The creating request; the first and the second use of the new token.
    let requests = [
        ("POST", "/oauth/authorizations", 0),
        ("GET", "/apps", 0),
        ("GET", "/apps/example-app", 0),
    ];
    block(async {
        let mut tried = 0;
        for kind in &kinds {
            for (method, path, skip) in requests {
                for times in [1, 99] {
                    let place = Place::new();
                    let heroku = &place.served.heroku;
                    let fault = json!([{ "method": method, "path": path, "skip": skip, "times": times, "kind": kind }]);
                    heroku.faults(&fault).await;
                    let told = place.told(&CREATE).await;
                    let left = ours(heroku).await;
                    let case = format!("{kind} x {times} to {method} {path}: {left:?} {told:?}");
                    if told.code == Some(0) {
                        assert_eq!(left.len(), 1, "{case}");
                        assert_eq!(
                            place.records()["credentials"][0]["authorization"],
                            left[0]["id"],
                            "{case}"
                        );
                    } else {
                        assert_eq!(told.code, Some(1), "{case}");
                        assert!(left.is_empty(), "{case}");
                        assert!(told.stderr.contains("hint: "), "{case}");
                        assert!(
                            !place.file("tokens").exists()
                                || fs::read_dir(place.file("tokens"))
                                    .expect("a directory")
                                    .next()
                                    .is_none(),
                            "{case}"
                        );
                    }
                    assert!(!format!("{told:?}").contains("HRKU"), "{case}");
                    tried += 1;
                }
            }
        }
        println!("{tried} combinations of request, fault and repetition");
    });
}

#[test]
fn what_cannot_be_told_at_once_is_revoked_by_the_next_command() {
    block(async {
        let place = Place::new();
        let heroku = &place.served.heroku;
        // Made, and then nothing can be asked any more.
        heroku
            .faults(&json!([
                { "method": "POST", "path": "/oauth/authorizations", "kind": "reset-after" },
                { "path": "/oauth/authorizations", "times": 99, "kind": "reset-before" },
            ]))
            .await;
        let told = place.told(&CREATE).await;
        assert_eq!(told.code, Some(1), "{told:?}");
        assert!(
            told.stderr
                .contains("the next autorestart auth setup looks again"),
            "{told:?}"
        );
        let [left] = &ours(heroku).await[..] else {
            panic!("one is left: {told:?}")
        };
        assert!(
            told.stderr
                .replace('\n', " ")
                .contains(left["description"].as_str().expect("a text")),
            "{told:?}"
        );
        heroku
            .send(reqwest::Method::DELETE, "/sandbox/faults", &Value::Null)
            .await;
        let told = place.told(&CREATE).await;
        assert_eq!(told.code, Some(0), "{told:?}");
        assert!(
            told.stderr
                .contains("which an earlier command left behind, was revoked"),
            "{told:?}"
        );
        let [made] = &ours(heroku).await[..] else {
            panic!("{told:?}")
        };
        assert_ne!(made["id"], left["id"]);
        assert_eq!(place.records()["to_revoke"], json!([]));
    });
}

#[test]
fn a_refusal_says_what_can_be_done_instead() {
    block(async {
        let place = Place::new();
        for (account, token, code, words) in [
            (
                "sso@example.com",
                "HRKU-AAsso0123456789",
                "forbidden",
                &["identity provider", "--token-stdin"][..],
            ),
            (
                "careful@example.com",
                "HRKU-AAcareful0123456789",
                "two_factor",
                &["second", "run it at a terminal"],
            ),
            (
                ME,
                "HRKU-AAwrong0123456789",
                "unauthorized",
                &["run heroku login"],
            ),
            (
                "reader@example.com",
                "HRKU-AAreader0123456789",
                "forbidden",
                &["may not make authorizations"],
            ),
        ] {
            place.log_in(account, token);
            let told = place.told(&["auth", "setup", "--create", "--json"]).await;
            assert_eq!(
                (told.code, &told.json()["error"]["code"]),
                (Some(1), &json!(code)),
                "{told:?}"
            );
            for word in words {
                assert!(told.stdout.contains(word), "{word}: {told:?}");
            }
        }
        fs::remove_file(place.home.path().join(".netrc")).expect("logged out");
        let told = place.told(&["auth", "setup", "--create", "--json"]).await;
        assert_eq!(
            (told.code, &told.json()["error"]["code"]),
            (Some(1), &json!("not_logged_in")),
            "{told:?}"
        );
        for (token, code) in [
            ("HRKU-AAreader0123456789", "scope_too_small"),
            ("HRKU-AAwrong0123456789", "unauthorized"),
            ("HRKU-AAother0123456789", "no_access"),
        ] {
            let words = [
                "auth",
                "setup",
                "--token-stdin",
                "--app",
                "example-app",
                "--json",
            ];
            let told = place.given(token, &words).await;
            assert_eq!(
                (told.code, &told.json()["error"]["code"]),
                (Some(1), &json!(code)),
                "{told:?}"
            );
        }
        for words in [
            &["auth", "setup"][..],
            &["auth", "setup", "--create", "--scope", "read"],
            &["auth", "setup", "--expires-in", "90d"],
            &["auth", "setup", "--create", "--expires-in", "5m"],
            &["auth", "setup", "--create", "--use-cli-login"],
        ] {
            let told = place.told(words).await;
            assert_eq!(told.code, Some(2), "{told:?}");
            assert!(told.stderr.contains("hint: "), "{told:?}");
        }
        let told = place
            .given("two words", &["auth", "setup", "--token-stdin"])
            .await;
        assert_eq!(told.code, Some(2), "{told:?}");
        assert_eq!(ours(&place.served.heroku).await, Vec::<Value>::new());
        assert_eq!(
            place.records()["credentials"]
                .as_array()
                .map_or(0, Vec::len),
            0
        );
    });
}

#[test]
fn a_revoked_or_expired_token_fails_loudly_with_the_command_that_mends_it() {
    block(async {
        let place = Place::new();
        let heroku = &place.served.heroku;
        assert_eq!(place.told(&CREATE).await.code, Some(0));
        assert_eq!(
            place
                .told(&["set", "--app", "example-app", "--max-uptime", "1h"])
                .await
                .code,
            Some(0)
        );
        let id = |all: &[Value]| all[0]["id"].as_str().expect("an id").to_owned();
        for expire in [true, false] {
            let path = format!("/sandbox/authorizations/{}", id(&ours(heroku).await));
            if expire {
                heroku.patch(&path, &json!({ "expires-in": "0s" })).await;
            } else {
                heroku
                    .send(reqwest::Method::DELETE, &path, &Value::Null)
                    .await;
            }
            for words in [&["run"][..], &["plan"], &["auth"], &["doctor"]] {
                let told = place.told(words).await;
                assert_eq!(told.code, Some(1), "{told:?}");
                let all = format!("{}{}", told.stdout, told.stderr).replace('\n', " ");
                assert!(
                    all.contains("autorestart auth rotate --account me@example.com")
                        || all.contains("autorestart auth rotate --account [account]"),
                    "{told:?}"
                );
            }
            assert!(
                heroku.record().await.restarts.is_empty(),
                "nothing was restarted with the login"
            );
            let told = place.told(&["auth", "rotate"]).await;
            assert_eq!(told.code, Some(0), "{told:?}");
            assert_eq!(ours(heroku).await.len(), 1);
        }
        let told = place.told(&["run"]).await;
        assert_eq!(told.code, Some(0), "{told:?}");
        assert_eq!(heroku.record().await.restarts().len(), 3);
    });
}

#[test]
fn each_schedule_is_acted_on_with_its_own_account_s_credential() {
    block(async {
        let place = Place::new();
        let heroku = &place.served.heroku;
        let set = |app: &'static str| ["set", "--app", app, "--max-uptime", "1h", "--settle", "0s"];
        assert_eq!(place.told(&set("example-app")).await.code, Some(0));
        assert_eq!(
            place
                .told(&["auth", "setup", "--create", "--keep-in", "file"])
                .await
                .code,
            Some(0)
        );
        place.log_in("other@example.com", "HRKU-AAother0123456789");
        assert_eq!(place.told(&set("other-app")).await.code, Some(0));
        // One has a credential of its own, the other is logged in.
        let told = place.told(&["run", "--json"]).await;
        assert_eq!(
            (told.code, &told.json()["errors"]),
            (Some(0), &json!([])),
            "{told:?}"
        );
        let record = heroku.record().await;
        assert_eq!(record.restarts.len(), 4, "{record:?}");
        // Without its own, it does not act as whoever happens to be logged in; the other goes on.
        assert_eq!(
            place
                .told(&["auth", "remove", "--confirm", "me@example.com"])
                .await
                .code,
            Some(1),
            "another account cannot revoke it"
        );
        heroku.patch("/sandbox", &json!({ "advance": "25h" })).await;
        let told = place.told(&["run", "--json"]).await;
        let (errors, steps) = (&told.json()["errors"], &told.json()["steps"]);
        assert_eq!(told.code, Some(1), "{told:?}");
        assert_eq!(
            (&errors[0]["app"], &errors[0]["code"]),
            (&json!("example-app"), &json!("other_account")),
            "{told:?}"
        );
        assert_eq!(steps.as_array().map(Vec::len), Some(1), "{told:?}");
        let told = place.told(&["plan"]).await;
        assert!(told.stderr.contains("the schedule is of me@example.com, and the Heroku CLI is logged in as other@example.com"), "{told:?}");
        // A schedule that tells nobody, and credentials of two accounts.
        place.home.write_schedules(
            "version = 1\n[[schedule]]\napp = \"example-app\"\nmax-uptime = \"1h\"\n",
        );
        for (account, token) in [(ME, LOGIN), ("other@example.com", "HRKU-AAother0123456789")] {
            place.log_in(account, token);
            let words = [
                "auth",
                "setup",
                "--create",
                "--app",
                if account == ME {
                    "example-app"
                } else {
                    "other-app"
                },
            ];
            assert_eq!(place.told(&words).await.code, Some(0));
        }
        let told = place.told(&["run", "--json"]).await;
        assert_eq!(
            (told.code, &told.json()["error"]["code"]),
            (Some(1), &json!("account_ambiguous")),
            "{told:?}"
        );
    });
}

#[test]
fn a_file_that_others_can_read_is_refused_and_no_other_credential_is_taken() {
    block(async {
        let place = Place::new();
        assert_eq!(place.told(&CREATE).await.code, Some(0));
        assert_eq!(
            place
                .told(&["set", "--app", "example-app", "--max-uptime", "1h"])
                .await
                .code,
            Some(0)
        );
        let token = place.token_file();
        let mode = |path: &PathBuf, mode: u32| {
            fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("a mode");
        };
        let refused = async |why: &str| {
            let told = place.told(&["run"]).await;
            assert_eq!(told.code, Some(1), "{told:?}");
            assert!(told.stderr.contains(why), "{why}: {told:?}");
            assert!(place.served.heroku.record().await.restarts.is_empty());
        };
        for path in [&token, &place.file("credentials.json")] {
            mode(path, 0o644);
            refused("its mode 0644 lets others at it").await;
            mode(path, 0o600);
        }
        let elsewhere = place.home.path().join("elsewhere");
        fs::rename(&token, &elsewhere).expect("moved");
        refused("the token is no longer in").await;
        symlink(&elsewhere, &token).expect("a link");
        refused("it is a link").await;
        fs::remove_file(&token).expect("removed");
        fs::write(&token, "").expect("a file");
        mode(&token, 0o600);
        refused("what is in it is no token").await;
        fs::write(place.file("credentials.json"), "{").expect("a file");
        refused("it is not as we wrote it").await;
        fs::write(place.file("credentials.json"), r#"{"version":2}"#).expect("a file");
        refused("it is of a newer autorestart").await;
    });
}

#[test]
fn fourteen_days_before_its_end_a_pass_says_so_once_a_day() {
    block(async {
        let place = Place::new();
        let heroku = &place.served.heroku;
        let words = [&CREATE[..], &["--expires-in", "10d"]].concat();
        assert_eq!(place.told(&words).await.code, Some(0));
        let told = place
            .told(&[
                "set",
                "--app",
                "example-app",
                "--max-uptime",
                "1h",
                "--settle",
                "0s",
            ])
            .await;
        assert!(
            told.stderr.contains("the credential of passes ends"),
            "{told:?}"
        );
        let warnings = async || {
            let told = place.told(&["run", "--json"]).await;
            assert_eq!(told.code, Some(0), "{told:?}");
            let warnings = told.json()["warnings"].as_array().expect("a list").clone();
            assert!(
                warnings
                    .iter()
                    .all(|one| one.to_string().contains("auth rotate")),
                "{told:?}"
            );
            warnings.len()
        };
        assert_eq!(warnings().await, 1);
        heroku.patch("/sandbox", &json!({ "advance": "2h" })).await;
        assert_eq!(warnings().await, 0);
        heroku.patch("/sandbox", &json!({ "advance": "24h" })).await;
        assert_eq!(warnings().await, 1);
    });
}

#[test]
fn set_foresees_what_will_stand_against_a_restart() {
    block(async {
        let place = Place::new();
        let heroku = &place.served.heroku;
        let set = [
            "set",
            "--app",
            "example-app",
            "--at",
            "07",
            "--timezone",
            "UTC",
        ];
        let told = place.told(&set).await;
        assert!(!told.stderr.contains("cannot restart"), "{told:?}");
        assert_eq!(place.told(&CREATE).await.code, Some(0));
        let id = ours(heroku).await[0]["id"]
            .as_str()
            .expect("an id")
            .to_owned();
        heroku
            .patch(
                &format!("/sandbox/authorizations/{id}"),
                &json!({ "scope": ["read"] }),
            )
            .await;
        let told = place.told(&set).await;
        assert!(
            told.stderr
                .contains("passes cannot restart ⬢ example-app: their token has the scope read"),
            "{told:?}"
        );
        heroku
            .patch(
                &format!("/sandbox/authorizations/{id}"),
                &json!({ "scope": ["write"], "expires-in": "1h" }),
            )
            .await;
        heroku
            .patch(
                "/sandbox/apps/example-app",
                &json!({ "second-factor": true }),
            )
            .await;
        let told = place.told(&set).await;
        // Whoever is logged in cannot look at it either.
        assert_eq!(told.code, Some(0), "{told:?}");
        assert!(
            told.stderr
                .contains("⬢ example-app demands a second factor"),
            "{told:?}"
        );
        heroku
            .patch(
                "/sandbox/apps/example-app",
                &json!({ "second-factor": false }),
            )
            .await;
        heroku
            .patch(
                &format!("/sandbox/authorizations/{id}"),
                &json!({ "scope": ["read"] }),
            )
            .await;
        let json = [&set[..], &["--json"]].concat();
        let told = place.told(&json).await;
        let warnings = told.json()["warnings"].to_string();
        assert!(warnings.contains("the scope read"), "{told:?}");
    });
}

#[test]
fn a_rotation_in_the_middle_of_a_roll_is_taken_up() {
    block(async {
        for pause in [0, 150, 300, 450] {
            let place = Place::new();
            let heroku = &place.served.heroku;
            heroku
                .patch(
                    "/sandbox/apps/example-app",
                    &json!({ "habits": { "boot": "20s" } }),
                )
                .await;
            assert_eq!(place.told(&CREATE).await.code, Some(0));
            assert_eq!(
                place
                    .told(&["set", "--app", "example-app", "--max-uptime", "1h"])
                    .await
                    .code,
                Some(0)
            );
            let mut run = place.command(&["run", "--json"]).await;
            let run = run
                .stdout(std::process::Stdio::piped())
                .stderr(std::process::Stdio::piped())
                .spawn()
                .expect("it starts");
            while heroku.record().await.restarts.is_empty() {
                tokio::task::yield_now().await;
            }
            let first = ours(heroku).await[0]["id"].clone();
            heroku
                .patch("/sandbox", &json!({ "latency-ms": pause }))
                .await;
            let told = place.told(&["auth", "rotate"]).await;
            assert_eq!(told.code, Some(0), "{told:?}");
            let [now] = &ours(heroku).await[..] else {
                panic!("{told:?}")
            };
            assert_ne!(now["id"], first);
            let told: Told = run.wait_with_output().expect("it ends").into();
            assert_eq!(told.code, Some(0), "{told:?}");
            let restarts = heroku.record().await.restarts();
            assert!(
                restarts.len() == 3 && restarts.values().all(|count| *count == 1),
                "{restarts:?}"
            );
        }
    });
}

#[test]
fn removing_says_when_only_one_of_the_two_was_done() {
    block(async {
        let place = Place::new();
        let heroku = &place.served.heroku;
        assert_eq!(place.told(&CREATE).await.code, Some(0));
        let id = ours(heroku).await[0]["id"]
            .as_str()
            .expect("an id")
            .to_owned();
        heroku.faults(&json!([{ "method": "DELETE", "times": 9, "kind": { "status": { "status": 500 } } }])).await;
        let told = place.told(&["auth", "remove", "--confirm", ME]).await;
        assert_eq!(told.code, Some(1), "{told:?}");
        assert!(
            told.stderr.contains("was not revoked at Heroku") && told.stderr.contains(&id),
            "{told:?}"
        );
        assert!(told.stdout.contains("Deleted from"), "{told:?}");
        assert_eq!(place.records()["credentials"], json!([]));
        heroku
            .send(reqwest::Method::DELETE, "/sandbox/faults", &Value::Null)
            .await;
        let told = place.told(&["auth"]).await;
        assert!(
            told.stderr.contains("may still be valid at Heroku"),
            "{told:?}"
        );
        let told = place.told(&["auth", "remove"]).await;
        assert_eq!(told.code, Some(0), "what was left behind goes: {told:?}");
        assert_eq!(ours(heroku).await, Vec::<Value>::new());
        assert_eq!(
            place.told(&["auth", "remove"]).await.code,
            Some(1),
            "there is none any more"
        );
        // The other way round: gone at Heroku, and it cannot be deleted here.
        assert_eq!(place.told(&CREATE).await.code, Some(0));
        let token = place.token_file();
        fs::remove_file(&token).expect("removed");
        fs::create_dir(&token).expect("in its place");
        let told = place.told(&["auth", "remove", "--confirm", ME]).await;
        assert_eq!(told.code, Some(1), "{told:?}");
        assert!(
            told.stdout.contains("Revoked at Heroku")
                && told.stderr.contains("could not be deleted"),
            "{told:?}"
        );
    });
}

#[test]
fn doctor_tells_what_is_broken_and_no_address() {
    block(async {
        let place = Place::new();
        assert_eq!(
            place
                .told(&[
                    "set",
                    "--app",
                    "example-app",
                    "--at",
                    "07",
                    "--timezone",
                    "UTC"
                ])
                .await
                .code,
            Some(0)
        );
        let level = |told: &Told, check: &str| {
            let all = told.json()["checks"].as_array().expect("checks").clone();
            let found = all.into_iter().find(|one| one["check"] == check);
            found.map(|one| one["level"].as_str().expect("a level").to_owned())
        };
        let told = place.told(&["doctor", "--json"]).await;
        assert_eq!(
            level(&told, "credential").as_deref(),
            Some("warning"),
            "{told:?}"
        );
        assert_eq!(
            (told.code, level(&told, "runner").as_deref()),
            (Some(1), Some("broken")),
            "{told:?}"
        );
        assert_eq!(place.told(&CREATE).await.code, Some(0));
        assert_eq!(place.told(&["run"]).await.code, Some(0));
        let told = place.told(&["doctor", "--json"]).await;
        for check in [
            "version",
            "zone data",
            "schedules",
            "state",
            "runner",
            "network",
            "credential",
            "scope",
            "expiry",
            "second factor",
            "reachability",
            "clock",
            "API quota",
        ] {
            assert_eq!(
                level(&told, check).as_deref(),
                Some("ok"),
                "{check}: {told:?}"
            );
        }
        assert_eq!(
            (told.code, &told.json()["broken"]),
            (Some(0), &json!(false))
        );
        let text = place.told(&["doctor"]).await;
        assert!(
            !text.stdout.contains("example.com") && !text.stdout.contains("HRKU"),
            "{text:?}"
        );
        let text = place.told(&["doctor", "--show-accounts"]).await;
        assert_eq!(text.code, Some(0), "{text:?}");
    });
}

#[test]
fn only_the_account_that_it_is_of_revokes_an_authorization() {
    block(async {
        let place = Place::new();
        let heroku = &place.served.heroku;
        assert_eq!(place.told(&CREATE).await.code, Some(0));
        place.log_in("other@example.com", "HRKU-AAother0123456789");
        assert_eq!(place.told(&["auth", "rotate"]).await.code, Some(1));
        let told = place.told(&["auth", "remove", "--confirm", ME]).await;
        assert_eq!(told.code, Some(1), "{told:?}");
        assert!(
            told.stderr
                .contains("the Heroku CLI is logged in as other@example.com"),
            "{told:?}"
        );
        assert_eq!(ours(heroku).await.len(), 1);
        place.log_in(ME, LOGIN);
        assert_eq!(place.told(&CREATE).await.code, Some(0));
        assert_eq!(
            ours(heroku).await.len(),
            1,
            "the new one; the one left behind is gone"
        );
    });
}

#[test]
fn commands_at_the_same_time_leave_one_authorization_that_works() {
    block(async {
        let place = Place::new();
        let heroku = &place.served.heroku;
        // The first is slow where it tries its token.
        heroku.faults(&json!([{ "method": "GET", "path": "/apps", "times": 2, "kind": { "delay": { "ms": 600 } } }])).await;
        let mut running = vec![];
        for words in [&CREATE[..], &CREATE, &["auth", "rotate"], &CREATE] {
            let mut command = place.command(words).await;
            command.env("AUTORESTART_REQUEST_TIMEOUT", "30s");
            let piped = std::process::Stdio::piped;
            running.push(
                command
                    .stdout(piped())
                    .stderr(piped())
                    .spawn()
                    .expect("it starts"),
            );
        }
        let told: Vec<Told> = running
            .into_iter()
            .map(|one| one.wait_with_output().expect("it ends").into())
            .collect();
        assert!(
            told.iter().filter(|one| one.code == Some(0)).count() >= 3,
            "{told:?}"
        );
        let [one] = &ours(heroku).await[..] else {
            panic!("{told:?}")
        };
        assert_eq!(
            place.records()["credentials"][0]["authorization"],
            one["id"]
        );
        assert_eq!(place.records()["to_revoke"], json!([]));
        assert_eq!(
            place.told(&["auth", "--json"]).await.json()["credentials"][0]["works"],
            json!(true)
        );
    });
}

#[test]
fn a_command_that_is_killed_while_it_revokes_leaves_nothing_for_good() {
    block(async {
        let place = Place::new();
        let heroku = &place.served.heroku;
        assert_eq!(place.told(&CREATE).await.code, Some(0));
        heroku
            .faults(&json!([{ "method": "DELETE", "kind": "hang" }]))
            .await;
        let mut command = place.command(&["auth", "rotate"]).await;
        command.env("AUTORESTART_REQUEST_TIMEOUT", "60s");
        let mut rotate = command.spawn().expect("it starts");
        while !heroku
            .record()
            .await
            .requests
            .iter()
            .any(|request| request.method == "DELETE")
        {
            tokio::task::yield_now().await;
        }
        rotate.kill().expect("killed");
        rotate.wait().expect("over");
        assert_eq!(ours(heroku).await.len(), 2);
        assert_eq!(
            place.told(&["auth", "--json"]).await.json()["to_revoke"]
                .as_array()
                .map(Vec::len),
            Some(1)
        );
        let told = place.told(&["auth", "rotate"]).await;
        assert_eq!(told.code, Some(0), "{told:?}");
        assert_eq!(ours(heroku).await.len(), 1);
        assert_eq!(place.records()["to_revoke"], json!([]));
    });
}

#[test]
fn the_token_that_is_kept_already_is_not_revoked_when_it_is_given_again() {
    block(async {
        let place = Place::new();
        assert_eq!(place.told(&CREATE).await.code, Some(0));
        let token = fs::read_to_string(place.token_file()).expect("a token");
        let told = place
            .given(token.trim(), &["auth", "setup", "--token-stdin"])
            .await;
        assert_eq!(told.code, Some(0), "{told:?}");
        assert_eq!(ours(&place.served.heroku).await.len(), 1);
        assert_eq!(
            place.told(&["auth", "--json"]).await.json()["credentials"][0]["kind"],
            json!("authorization")
        );
    });
}

#[test]
fn a_token_that_is_revoked_in_the_middle_of_a_roll_is_told_with_what_mends_it() {
    block(async {
        let place = Place::new();
        let heroku = &place.served.heroku;
        assert_eq!(place.told(&CREATE).await.code, Some(0));
        assert_eq!(
            place
                .told(&["set", "--app", "example-app", "--max-uptime", "1h"])
                .await
                .code,
            Some(0)
        );
        let piped = std::process::Stdio::piped;
        let mut run = place.command(&["run"]).await;
        let run = run
            .stdout(piped())
            .stderr(piped())
            .spawn()
            .expect("it starts");
        while heroku.record().await.restarts.is_empty() {
            tokio::task::yield_now().await;
        }
        let id = ours(heroku).await[0]["id"]
            .as_str()
            .expect("an id")
            .to_owned();
        heroku
            .send(
                reqwest::Method::DELETE,
                &format!("/sandbox/authorizations/{id}"),
                &Value::Null,
            )
            .await;
        let told: Told = run.wait_with_output().expect("it ends").into();
        assert_eq!(told.code, Some(3), "{told:?}");
        assert!(
            told.stderr
                .contains("is revoked or expired: autorestart auth rotate"),
            "{told:?}"
        );
        assert!(!told.stderr.contains("goes on"), "{told:?}");
        assert_eq!(heroku.record().await.restarts.len(), 1);
    });
}

#[test]
fn when_a_login_ends_is_found_out_and_said() {
    block(async {
        let place = Place::new();
        let heroku = &place.served.heroku;
        let all: Vec<Value> = heroku.get("/sandbox/authorizations").await;
        let is_login = |one: &&Value| one["user"]["email"] == ME;
        let id = all.iter().find(is_login).expect("a login")["id"]
            .as_str()
            .expect("an id")
            .to_owned();
        heroku
            .patch(
                &format!("/sandbox/authorizations/{id}"),
                &json!({ "expires-in": "8h" }),
            )
            .await;
        let told = place
            .told(&[
                "set",
                "--app",
                "example-app",
                "--max-uptime",
                "1h",
                "--settle",
                "0s",
            ])
            .await;
        assert!(
            told.stderr.contains("the credential of passes ends")
                && told.stderr.contains("(in 8 hours)"),
            "{told:?}"
        );
        let told = place.told(&["auth"]).await;
        assert!(told.stdout.contains("(in 8 hours)"), "{told:?}");
        for times in [1, 0] {
            let told = place.told(&["run", "--json"]).await;
            let warnings = told.json()["warnings"].as_array().expect("a list").clone();
            assert_eq!(warnings.len(), times, "{told:?}");
        }
        let told = place
            .told(&["auth", "setup", "--use-cli-login", "--json"])
            .await;
        assert_eq!(
            (told.code, told.json()["expires_at"].is_string()),
            (Some(0), true),
            "{told:?}"
        );
    });
}

#[test]
fn whoever_wants_it_to_leave_is_heard_although_heroku_is_silent() {
    block(async {
        let place = Place::new();
        let heroku = &place.served.heroku;
        assert_eq!(place.told(&CREATE).await.code, Some(0));
        for words in [
            &["auth"][..],
            &["auth", "rotate"],
            &["auth", "remove", "--confirm", ME],
            &["auth", "setup", "--create"],
            &["doctor"],
        ] {
            heroku
                .faults(&json!([{ "method": "GET", "times": 99, "kind": "hang" }]))
                .await;
            let before = heroku.record().await.requests.len();
            let mut command = place.command(words).await;
            let piped = std::process::Stdio::piped;
            command
                .env("AUTORESTART_REQUEST_TIMEOUT", "600s")
                .stdout(piped())
                .stderr(piped());
            let child = command.spawn().expect("it starts");
            while heroku.record().await.requests.len() == before {
                tokio::task::yield_now().await;
            }
            let pid = nix::unistd::Pid::from_raw(child.id().cast_signed());
            nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGINT).expect("a signal");
            let told: Told = child.wait_with_output().expect("it ends").into();
            let is_told =
                told.code == Some(130) || (words.contains(&"remove") && told.code == Some(1));
            assert!(is_told, "{words:?}: {told:?}");
            heroku
                .send(reqwest::Method::DELETE, "/sandbox/faults", &Value::Null)
                .await;
        }
    });
}
