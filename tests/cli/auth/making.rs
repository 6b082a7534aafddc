//! Making a credential: nothing is left behind at Heroku, whatever comes between.

use super::{CREATE, ME, Place, end, ours};
use crate::process::{Told, block};
use serde_json::{Value, json};
use std::fs;

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
        heroku.no_faults().await;
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
            &["auth", "setup", "--use-cli-login", "--scope", "write"],
            &["auth", "setup", "--use-cli-login", "--keep-in", "file"],
            &["auth", "setup", "--token-stdin", "--expires-in", "90d"],
            &["auth", "setup", "--create", "--account", "anybody"],
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
fn commands_at_the_same_time_leave_one_authorization_that_works() {
    block(async {
        let place = Place::new();
        let heroku = &place.served.heroku;
        // The first is slow where it tries its token.
        heroku.faults(&json!([{ "method": "GET", "path": "/apps", "times": 2, "kind": { "delay": { "ms": 600 } } }])).await;
        let mut running = vec![];
        for words in [&CREATE[..], &CREATE, &["auth", "rotate"], &CREATE] {
            running.push(place.start(words, "30s").await);
        }
        let told: Vec<Told> = running.into_iter().map(end).collect();
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
fn the_token_that_is_kept_already_is_not_revoked_when_it_is_given_again() {
    block(async {
        let place = Place::new();
        place.does(&CREATE).await;
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
fn whoever_wants_it_to_leave_is_heard_although_heroku_is_silent() {
    block(async {
        let place = Place::new();
        let heroku = &place.served.heroku;
        place.does(&CREATE).await;
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
            let child = place.start(words, "600s").await;
            while heroku.record().await.requests.len() == before {
                tokio::task::yield_now().await;
            }
            let pid = nix::unistd::Pid::from_raw(child.id().cast_signed());
            nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGINT).expect("a signal");
            let told = end(child);
            assert_eq!(told.code, Some(130), "{words:?}: {told:?}");
            assert_eq!(ours(heroku).await.len(), 1, "{words:?}: {told:?}");
            let kept = place.records()["credentials"].as_array().map(Vec::len);
            assert_eq!(kept, Some(1), "{words:?}: {told:?}");
            heroku.no_faults().await;
        }
    });
}
