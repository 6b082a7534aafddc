//! No token is seen: every command at its most talkative, with tokens of every form where they are
//! kept, and in what Heroku says.

use crate::{
    auth::{ME, Place},
    process::{Told, block},
};
use serde_json::{Value, json};
use std::{fs, process::Command};

/// The login's and the pasted one, in each form that tokens have or had. One that is in no such form
/// is known only to the client that uses it (a test of `redact`).
const FORMS: [(&str, &str); 3] = [
    (
        "HRKU-0c0ffee0-feed-4bad-8bad-5ec2e7000002",
        "HRKU-5ec2e700-feed-4bad-8bad-0c0ffee00003",
    ),
    (
        "HRKU-AA5ec2e7_login-0123456789",
        "HRKU-AA5ec2e7_given-0123456789",
    ),
    (
        "5ec2e701-feed-4bad-8bad-0c0ffee00004",
        "5ec2e702-feed-4bad-8bad-0c0ffee00005",
    ),
];

const EVERY: [&[&str]; 23] = [
    &[
        "set",
        "--app",
        "example-app",
        "--at",
        "07",
        "--timezone",
        "UTC",
    ],
    &[],
    &["--json"],
    &["plan"],
    &["plan", "--json"],
    &["run"],
    &["run", "--json"],
    &[
        "run",
        "--now",
        "--app",
        "example-app",
        "--dyno-name",
        "web.1",
        "--yes",
        "--settle",
        "0s",
    ],
    &["pause", "--app", "example-app"],
    &["resume", "--app", "example-app"],
    &["history", "--json"],
    &["auth"],
    &["auth", "--json"],
    &["auth", "rotate", "--json"],
    &["auth", "setup", "--use-cli-login"],
    &["auth", "setup", "--create", "--json"],
    &["doctor"],
    &["doctor", "--json"],
    &["export"],
    &["install", "--print", "kubernetes"],
    &["run", "--check", "--json"],
    &["deploy", "remove", "--confirm", "no-runner"],
    &["auth", "remove", "--confirm", ME],
];

fn faults(login: &str, given: &str) -> Vec<Option<Value>> {
    let said = format!("The tokens {login} and {given} may not do this.");
    let escaped = given.chars().fold(String::new(), |text, c| {
        format!("{text}\\u{:04x}", u32::from(c))
    });
    // A token in the form of an id cannot be told from the id of a request.
    let is_id = uuid::Uuid::try_parse(given).is_ok();
    let id = if is_id { "5ec2e7" } else { given };
    let headers = json!({ "request-id": id, "oauth-scope": given, "oauth-scope-accepted": login, "location": login });
    vec![
        None,
        Some(json!({ "status": { "status": 403, "id": given, "message": said } })),
        Some(json!({ "headers": { "headers": headers } })),
        Some(json!({ "status": { "status": 401, "id": "unauthorized", "message": said } })),
        Some(json!({ "answer": { "body": { "id": "x", "name": said, "maintenance": given } } })),
        Some(json!({ "answer": { "body": [{ "id": given, "name": login, "state": given }] } })),
        Some(
            json!({ "text": { "body": format!("[{{\"id\":\"{escaped}\",\"name\":\"{escaped}\"}}]") } }),
        ),
        Some(json!({ "text": { "body": format!("<html>{login} {given}") } })),
    ]
}

#[test]
fn no_token_is_in_any_output_or_file_but_where_it_is_kept() {
    block(async {
        for (number, (login, given)) in FORMS.into_iter().enumerate() {
            let place = Place::with(|world| {
                world
                    .replace("HRKU-0c0ffee0-feed-4bad-8bad-5ec2e7000002", login)
                    .replace("HRKU-AAother0123456789", given)
                    .replace(
                        "collaborators = [",
                        "collaborators = [\"other@example.com\", ",
                    )
            });
            place.log_in(ME, login);
            let heroku = &place.served.heroku;
            let mut all = String::new();
            for words in EVERY {
                // All that may be said, with the first form; what differs by form, with the others.
                let few = if number == 0 { usize::MAX } else { 3 };
                for fault in faults(login, given).into_iter().take(few) {
                    heroku.no_faults().await;
                    // The given one is kept and used, whatever the last command has done.
                    let setup = ["auth", "setup", "--token-stdin", "--app", "example-app"];
                    let told = place.given(given, &setup).await;
                    assert_eq!(told.code, Some(0), "{told:?}");
                    all.extend([told.stdout, told.stderr]);
                    if let Some(kind) = fault {
                        let fault = json!([{ "times": 99, "kind": kind }]);
                        heroku.faults(&fault).await;
                    }
                    let mut command = place.command(words).await;
                    let command = command.env("HEROKU_DEBUG", "1");
                    let told: Told = command.output().expect("it runs").into();
                    all.extend([format!("{words:?} "), told.stdout, told.stderr]);
                }
                // The same from the environment, as the user or the Heroku CLI puts it there.
                for variable in ["HEROKU_API_KEY", "AUTORESTART_CLI_TOKEN"] {
                    let fault = json!([{ "times": 99, "kind": faults(login, given)[1] }]);
                    heroku.faults(&fault).await;
                    let mut command = place.command(words).await;
                    command.env("HEROKU_DEBUG", "1").env(variable, login);
                    let told: Told = command.output().expect("it runs").into();
                    all.extend([format!("{words:?} "), told.stdout, told.stderr]);
                }
            }
            let part = "5ec2e7";
            for (token, name) in [(login, "login"), (given, "given")] {
                let around = all
                    .find(token)
                    .map(|at| &all[at.saturating_sub(300)..(at + 60).min(all.len())]);
                assert_eq!(around, None, "the {name} token is in the output");
            }
            assert!(
                !all.contains("HRKU-"),
                "a token of another form is in the output"
            );
            assert!(
                all.contains("[redacted]") && all.contains("request"),
                "Heroku's words are passed on"
            );
            let grep = Command::new("grep")
                .args(["-rl", part])
                .arg(place.home.path())
                .output();
            let found = String::from_utf8(grep.expect("grep runs").stdout).expect("UTF-8");
            let is_kept = |file: &&str| {
                file.ends_with("/.netrc")
                    || file.ends_with("/world.toml")
                    || file.contains("/tokens/")
            };
            let elsewhere: Vec<&str> = found.lines().filter(|file| !is_kept(file)).collect();
            assert_eq!(elsewhere, Vec::<&str>::new(), "a token is in a file");
        }
    });
}

#[test]
fn a_token_in_the_wrong_place_is_not_said_back_and_no_core_is_left() {
    block(async {
        let place = Place::new();
        let told = place
            .told(&["auth", "setup", "--token-stdin", "HRKU-AAsecret0123456789"])
            .await;
        assert_eq!(told.code, Some(2), "{told:?}");
        assert!(!told.stderr.contains("AAsecret"), "{told:?}");
        let mut sandbox = place.command(&["sandbox", "--port", "0"]).await;
        let mut running = sandbox
            .stdout(std::process::Stdio::piped())
            .spawn()
            .expect("it starts");
        let mut line = String::new();
        let stdout = running.stdout.take().expect("a pipe");
        std::io::BufRead::read_line(&mut std::io::BufReader::new(stdout), &mut line)
            .expect("a line");
        let limits = fs::read_to_string(format!("/proc/{}/limits", running.id()));
        running.kill().expect("killed");
        running.wait().expect("over");
        if cfg!(target_os = "linux") {
            let limits = limits.expect("limits");
            let core = limits
                .lines()
                .find(|line| line.starts_with("Max core file size"))
                .expect("a line");
            let words: Vec<&str> = core.split_whitespace().collect();
            assert_eq!(&words[4..6], ["0", "0"], "{core}");
        }
    });
}
