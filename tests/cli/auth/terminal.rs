//! A second factor, asked for on a real pty.

use super::{Place, ours};
use crate::process::block;
use expectrl::{ControlCode, Eof, Expect as _, Session, session::OsSession};
use nix::{
    sys::{termios::tcgetattr, wait::WaitStatus},
    unistd::Pid,
};
use serde_json::json;
use std::time::Duration;

const CAREFUL: (&str, &str) = ("careful@example.com", "HRKU-AAcareful0123456789");

/// `auth setup --create` as an account with a second factor, whose codes are 111111, 222222, 333333.
async fn setup(place: &Place, words: &[&str]) -> OsSession {
    place.log_in(CAREFUL.0, CAREFUL.1);
    let words = [
        &["auth", "setup", "--create", "--app", "example-app"],
        words,
    ]
    .concat();
    let mut command = place.command(&words).await;
    command
        .env("TERM", "xterm")
        .env("AUTORESTART_REQUEST_TIMEOUT", "10s");
    let mut session = Session::spawn(command).expect("a pty");
    session.set_expect_timeout(Some(Duration::from_secs(30)));
    session
}

/// Types a code, again where it came before the question was ready: what is typed before that is
/// thrown away, as is what is typed twice.
fn give(session: &mut OsSession, code: &str) {
    session.expect("Two-factor code").expect("the question");
    session.set_expect_timeout(Some(Duration::from_secs(3)));
    let is_taken = (0..10).any(|_| {
        session.send_line(code).expect("a code");
        session.expect("[hidden]").is_ok()
    });
    assert!(is_taken, "the code {code} is taken");
    session.set_expect_timeout(Some(Duration::from_secs(30)));
}

/// What was printed since, to the end; and the exit code.
fn end(session: &mut OsSession) -> (String, i32) {
    let rest = session.expect(Eof).expect("the end");
    let text = String::from_utf8_lossy(rest.as_bytes()).into_owned();
    let pid = Pid::from_raw(session.get_process().pid().as_raw());
    match nix::sys::wait::waitpid(pid, None).expect("an exit") {
        WaitStatus::Exited(_, code) => (text, code),
        other => panic!("{other:?}: {text}"),
    }
}

#[test]
fn the_account_s_code_is_asked_for_and_not_shown() {
    block(async {
        let place = Place::new();
        let mut session = setup(&place, &[]).await;
        give(&mut session, "000000");
        session
            .expect("That code was not accepted; 2 more can be given")
            .expect("a refusal");
        give(&mut session, "111111");
        let (text, code) = end(&mut session);
        assert_eq!(code, 0, "{text}");
        assert!(!text.contains("111111"), "{text}");
        assert_eq!(ours(&place.served.heroku).await.len(), 1);
        let files = std::process::Command::new("grep")
            .args(["-r", "111111"])
            .arg(place.home.path().join(".config"))
            .output();
        assert!(
            files.expect("grep runs").stdout.is_empty(),
            "the code is in no file"
        );
    });
}

#[test]
fn three_wrong_codes_end_it_with_nothing_made() {
    block(async {
        let place = Place::new();
        let mut session = setup(&place, &[]).await;
        for code in ["000000", "999999", "12"] {
            give(&mut session, code);
        }
        let (text, code) = end(&mut session);
        assert_eq!(code, 1, "{text}");
        assert!(
            text.contains("3 codes of the second factor were not accepted"),
            "{text}"
        );
        assert!(ours(&place.served.heroku).await.is_empty());
        assert_eq!(place.records()["to_revoke"], json!([]));
    });
}

#[test]
fn ctrl_c_where_a_code_is_asked_for_makes_nothing_and_leaves_the_terminal_as_it_was() {
    block(async {
        let place = Place::new();
        let mut session = setup(&place, &[]).await;
        let pty = session.get_process().get_raw_handle().expect("the pty");
        let before = tcgetattr(&pty).expect("settings");
        session.expect("Two-factor code").expect("the question");
        session.send(ControlCode::EndOfText).expect("Ctrl-C");
        let (text, code) = end(&mut session);
        assert_eq!(code, 130, "{text}");
        assert_eq!(
            tcgetattr(&pty).expect("settings").local_flags,
            before.local_flags
        );
        assert!(ours(&place.served.heroku).await.is_empty());
    });
}

#[test]
fn an_app_s_second_factor_is_given_and_said_to_end() {
    block(async {
        let place = Place::new();
        let heroku = &place.served.heroku;
        heroku
            .patch(
                "/sandbox/apps/example-app",
                &json!({ "second-factor": true }),
            )
            .await;
        let mut session = setup(&place, &[]).await;
        give(&mut session, "111111");
        session
            .expect("example-app demands a second factor")
            .expect("which app it is");
        give(&mut session, "222222");
        let (text, code) = end(&mut session);
        assert_eq!(code, 0, "{text}");
        let words: Vec<&str> = text.split_whitespace().collect();
        assert!(words.join(" ").contains("for a while only"), "{text}");
        assert_eq!(ours(heroku).await.len(), 1);

        // Broken off there, what was made is revoked again.
        place.log_in(CAREFUL.0, CAREFUL.1);
        heroku
            .patch(
                "/sandbox/users/careful@example.com",
                &json!({ "second-factor": ["444444"] }),
            )
            .await;
        let kept = ours(heroku).await[0]["id"].clone();
        let mut session = setup(&place, &[]).await;
        give(&mut session, "444444");
        session
            .expect("example-app demands a second factor")
            .expect("which app it is");
        session.expect("Two-factor code").expect("the question");
        session.send(ControlCode::EndOfText).expect("Ctrl-C");
        let (text, code) = end(&mut session);
        assert_eq!(code, 130, "{text}");
        let left = ours(heroku).await;
        assert_eq!(left.len(), 1, "{text}");
        assert_eq!(left[0]["id"], kept, "the old one is still there: {text}");
    });
}
