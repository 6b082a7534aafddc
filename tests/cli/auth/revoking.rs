//! Revoking: as the account that it is of, and noted until it is done.

use super::{CREATE, LOGIN, ME, Place, ours};
use crate::process::block;
use serde_json::{Value, json};
use std::fs;

#[test]
fn removing_says_when_only_one_of_the_two_was_done() {
    block(async {
        let place = Place::new();
        let heroku = &place.served.heroku;
        place.does(&CREATE).await;
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
        heroku.no_faults().await;
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
        place.does(&CREATE).await;
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
fn only_the_account_that_it_is_of_revokes_an_authorization() {
    block(async {
        let place = Place::new();
        let heroku = &place.served.heroku;
        place.does(&CREATE).await;
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
        place.does(&CREATE).await;
        assert_eq!(
            ours(heroku).await.len(),
            1,
            "the new one; the one left behind is gone"
        );
    });
}

#[test]
fn a_command_that_is_killed_while_it_revokes_leaves_nothing_for_good() {
    block(async {
        let place = Place::new();
        let heroku = &place.served.heroku;
        place.does(&CREATE).await;
        heroku
            .faults(&json!([{ "method": "DELETE", "kind": "hang" }]))
            .await;
        let mut rotate = place.start(&["auth", "rotate"], "60s").await;
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
fn removing_says_done_only_of_what_was_done() {
    block(async {
        let place = Place::new();
        let heroku = &place.served.heroku;
        place.does(&CREATE).await;
        let fault = json!([{ "method": "DELETE", "times": 9, "kind": "reset-before" }]);
        heroku.faults(&fault).await;
        assert_eq!(place.told(&["auth", "rotate"]).await.code, Some(1));
        heroku.no_faults().await;
        assert_eq!(ours(heroku).await.len(), 2, "the old one is noted");
        // Another name is not this one.
        let told = place
            .told(&["auth", "remove", "--confirm", "typo@example.com"])
            .await;
        assert_eq!(told.code, Some(1), "{told:?}");
        assert!(
            told.stderr
                .contains("no credential is set up for typo@example.com"),
            "{told:?}"
        );
        place.does(&["auth", "remove", "--confirm", ME]).await;
        assert_eq!(ours(heroku).await, Vec::<Value>::new());

        // What is noted is of its account, whoever is logged in.
        place.does(&CREATE).await;
        heroku.faults(&fault).await;
        assert_eq!(
            place.told(&["auth", "remove", "--confirm", ME]).await.code,
            Some(1)
        );
        heroku.no_faults().await;
        place.log_in("other@example.com", "HRKU-AAother0123456789");
        let told = place.told(&["auth", "remove"]).await;
        assert_eq!(told.code, Some(1), "{told:?}");
        assert!(
            told.stderr.contains("heroku login as me@example.com"),
            "{told:?}"
        );
        assert_eq!(ours(heroku).await.len(), 1);
    });
}

#[test]
fn a_token_that_is_given_is_not_revoked_for_an_earlier_note() {
    block(async {
        let place = Place::new();
        let heroku = &place.served.heroku;
        place.does(&CREATE).await;
        let token = std::fs::read_to_string(place.token_file()).expect("a token");
        heroku
            .faults(&json!([{ "method": "DELETE", "times": 9, "kind": "reset-before" }]))
            .await;
        assert_eq!(
            place.told(&["auth", "remove", "--confirm", ME]).await.code,
            Some(1)
        );
        heroku.no_faults().await;
        let told = place
            .given(
                token.trim(),
                &["auth", "setup", "--token-stdin", "--app", "example-app"],
            )
            .await;
        assert_eq!(told.code, Some(0), "{told:?}");
        assert_eq!(ours(heroku).await.len(), 1);
        place.does(&["auth"]).await;
    });
}
