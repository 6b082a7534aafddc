//! A credential that ends, or cannot do what it is for: foreseen, said, and mended.

use super::{CREATE, ME, Place, end, ours};
use crate::process::{Told, block};
use serde_json::{Value, json};

#[test]
fn a_revoked_or_expired_token_fails_loudly_with_the_command_that_mends_it() {
    block(async {
        let place = Place::set_up().await;
        let heroku = &place.served.heroku;
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
fn fourteen_days_before_its_end_a_pass_says_so_once_a_day() {
    block(async {
        let place = Place::new();
        let heroku = &place.served.heroku;
        let words = [&CREATE[..], &["--expires-in", "10d"]].concat();
        place.does(&words).await;
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
fn that_it_ends_is_said_although_nothing_is_due() {
    block(async {
        let place = Place::new();
        let words = [&CREATE[..], &["--expires-in", "10d"]].concat();
        place.does(&words).await;
        place
            .does(&["set", "--app", "example-app", "--max-uptime", "48h"])
            .await;
        let told = place.does(&["run", "--json"]).await;
        let warnings = told.json()["warnings"].to_string();
        assert!(warnings.contains("auth rotate"), "{told:?}");
        assert_eq!(told.json()["steps"], json!([]), "{told:?}");
        let told = place.does(&["run", "--json"]).await;
        assert_eq!(
            (&told.json()["warnings"], &told.json()["api"]["requests"]),
            (&json!([]), &json!(0)),
            "{told:?}"
        );
        // A watch says it too.
        let heroku = &place.served.heroku;
        heroku.patch("/sandbox", &json!({ "advance": "25h" })).await;
        let watch = place.start(&["run", "--watch", "--json"], "1s").await;
        let pid = nix::unistd::Pid::from_raw(watch.id().cast_signed());
        let mark = place.home.path().join(".local/state/autorestart");
        let is_said = || {
            let files = std::fs::read_dir(&mark).expect("a directory").flatten();
            let names = files.filter(|file| {
                file.file_name()
                    .to_string_lossy()
                    .starts_with("credential.")
            });
            let texts = names.filter_map(|file| std::fs::read_to_string(file.path()).ok());
            texts.into_iter().any(|text| text.contains("2026-03-03"))
        };
        while !is_said() {
            tokio::task::yield_now().await;
        }
        nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGINT).expect("a signal");
        let told = end(watch);
        assert_eq!(told.code, Some(130), "{told:?}");
        assert!(told.stdout.contains("auth rotate"), "{told:?}");
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
        place.does(&CREATE).await;
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
fn doctor_tells_what_is_broken_and_no_address() {
    block(async {
        let place = Place::new();
        place
            .does(&[
                "set",
                "--app",
                "example-app",
                "--at",
                "07",
                "--timezone",
                "UTC",
            ])
            .await;
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
        place.does(&CREATE).await;
        place.does(&["run"]).await;
        let told = place.told(&["doctor", "--json"]).await;
        for check in [
            "version",
            "zone data",
            "schedules",
            "state",
            "runner",
            "host",
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
