//! Passes use the credential of their schedules, and no other.

use super::{CREATE, LOGIN, ME, Place, end, ours};
use crate::process::block;
use serde_json::json;
use std::{
    fs,
    os::unix::fs::{PermissionsExt as _, symlink},
    path::PathBuf,
};

#[test]
fn each_schedule_is_acted_on_with_its_own_account_s_credential() {
    block(async {
        let place = Place::new();
        let heroku = &place.served.heroku;
        let set = |app: &'static str| ["set", "--app", app, "--max-uptime", "1h", "--settle", "0s"];
        place.does(&set("example-app")).await;
        place
            .does(&["auth", "setup", "--create", "--keep-in", "file"])
            .await;
        place.log_in("other@example.com", "HRKU-AAother0123456789");
        place.does(&set("other-app")).await;
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
            place.does(&words).await;
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
        let place = Place::set_up().await;
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
            place.does(&CREATE).await;
            place
                .does(&["set", "--app", "example-app", "--max-uptime", "1h"])
                .await;
            let run = place.start(&["run", "--json"], "1s").await;
            place.restarted().await;
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
            let told = end(run);
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
fn a_token_that_is_revoked_in_the_middle_of_a_roll_is_told_with_what_mends_it() {
    block(async {
        let place = Place::set_up().await;
        let heroku = &place.served.heroku;
        let run = place.start(&["run"], "1s").await;
        place.restarted().await;
        let id = ours(heroku).await[0]["id"]
            .as_str()
            .expect("an id")
            .to_owned();
        heroku.revoke(&id).await;
        let told = end(run);
        assert_eq!(told.code, Some(3), "{told:?}");
        assert!(
            told.stderr
                .contains("is revoked or expired: autorestart auth rotate"),
            "{told:?}"
        );
        assert!(!told.stderr.contains("goes on"), "{told:?}");
        let done = heroku.record().await.restarts.len();
        assert!(done < 3, "it went no further: {done} {told:?}");
    });
}

#[test]
fn a_credential_that_is_removed_in_the_middle_of_a_roll_is_not_replaced_by_the_login() {
    block(async {
        let place = Place::set_up().await;
        let heroku = &place.served.heroku;
        let run = place.start(&["run"], "1s").await;
        place.restarted().await;
        place.does(&["auth", "remove", "--confirm", ME]).await;
        let told = end(run);
        assert_eq!(told.code, Some(3), "{told:?}");
        let done = heroku.record().await.restarts.len();
        assert!(done < 3, "it went no further: {done} {told:?}");
    });
}

#[test]
fn now_takes_up_a_rotation_too_and_acts_with_the_credential_of_its_schedules() {
    block(async {
        let place = Place::new();
        let heroku = &place.served.heroku;
        place.does(&CREATE).await;
        place
            .does(&[
                "set",
                "--app",
                "example-app",
                "--at",
                "03",
                "--timezone",
                "UTC",
            ])
            .await;
        let now = [
            "run",
            "--now",
            "--app",
            "example-app",
            "--yes",
            "--settle",
            "0s",
        ];
        let run = place.start(&now, "1s").await;
        place.restarted().await;
        place.does(&["auth", "rotate"]).await;
        let told = end(run);
        assert_eq!(told.code, Some(0), "{told:?}");
        assert_eq!(heroku.record().await.restarts().len(), 3);
        // With the login of another account, which reaches nothing of it.
        place.log_in("other@example.com", "HRKU-AAother0123456789");
        let told = place
            .does(&[&now[..], &["--dyno-name", "web.1"]].concat())
            .await;
        assert!(told.stdout.contains("web.1 restarted"), "{told:?}");
    });
}

#[test]
fn an_account_in_upper_and_lower_case_is_one() {
    block(async {
        let place = Place::new();
        place.log_in("Me@Example.com", LOGIN);
        place
            .does(&[
                "set",
                "--app",
                "example-app",
                "--max-uptime",
                "1h",
                "--settle",
                "0s",
            ])
            .await;
        place.log_in(ME, LOGIN);
        place.does(&CREATE).await;
        let told = place.does(&["auth", "--json"]).await;
        let all = told.json()["credentials"]
            .as_array()
            .expect("a list")
            .clone();
        assert_eq!(all.len(), 1, "{told:?}");
        assert_eq!(all[0]["source"], json!("own"), "{told:?}");
        place.does(&["run"]).await;
        assert_eq!(place.served.heroku.record().await.restarts().len(), 3);
    });
}

#[test]
fn an_app_with_schedules_of_two_accounts_is_told_and_not_restarted() {
    block(async {
        let place = Place::with(|world| {
            world.replace(
                "collaborators = [",
                "collaborators = [\"other@example.com\", ",
            )
        });
        let set = |name: &'static str| {
            [
                "set",
                "--app",
                "example-app",
                "--name",
                name,
                "--max-uptime",
                "1h",
            ]
        };
        place.does(&CREATE).await;
        place.does(&set("mine")).await;
        place.log_in("other@example.com", "HRKU-AAother0123456789");
        place.does(&set("theirs")).await;
        let told = place.told(&["run", "--json"]).await;
        assert_eq!(
            (told.code, &told.json()["errors"][0]["code"]),
            (Some(1), &json!("two_accounts")),
            "{told:?}"
        );
        assert!(place.served.heroku.record().await.restarts.is_empty());
    });
}

#[test]
fn now_on_an_app_without_a_schedule_acts_as_whoever_asks() {
    block(async {
        let place = Place::new();
        place.does(&CREATE).await;
        place.log_in("other@example.com", "HRKU-AAother0123456789");
        let now = [
            "run",
            "--now",
            "--app",
            "other-app",
            "--yes",
            "--settle",
            "0s",
        ];
        let told = place.does(&now).await;
        assert!(told.stdout.contains("web.1 restarted"), "{told:?}");
    });
}
