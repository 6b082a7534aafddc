//! What a person at a terminal sees and is asked: a real pty.

use crate::process::{Home, Served, shop};
use expectrl::{ControlCode, Eof, Expect as _, Session, session::OsSession};
use nix::{
    sys::{signal::Signal, termios::tcgetattr, wait::WaitStatus},
    unistd::Pid,
};
use std::time::Duration;

fn at_a_terminal(home: &Home, served: &Served, words: &[&str]) -> OsSession {
    let mut command = home.command(&served.heroku.url, words);
    command.env("TERM", "xterm");
    let mut session = Session::spawn(command).expect("a pty");
    session.set_expect_timeout(Some(Duration::from_secs(30)));
    session
}

#[test]
fn now_asks_and_a_no_restarts_nothing() {
    let home = Home::new();
    let served = Served::start(&shop(&home, 1), None);
    let mut session = at_a_terminal(&home, &served, &["run", "--now", "--app", "example-app"]);
    session
        .expect("Restart web.1, worker.1, web.2 of ⬢ example-app, one of a process type at a time")
        .expect("what is asked");
    session.expect("Do it?").expect("the question");
    session.send("n\n").expect("an answer");
    session.expect("Nothing was restarted").expect("its answer");
    session.expect(Eof).expect("the end");
    let record = tokio::runtime::Runtime::new()
        .expect("a runtime")
        .block_on(served.heroku.record());
    assert!(record.restarts.is_empty(), "{record:?}");
}

#[test]
fn what_was_typed_before_a_question_answers_none() {
    let home = Home::new();
    let served = Served::start(&shop(&home, 1), None);
    let mut session = at_a_terminal(&home, &served, &["run", "--now", "--app", "example-app"]);
    session.send("y\n").expect("typed ahead");
    session.expect("Do it?").expect("the question");
    session.send("n\n").expect("an answer");
    session.expect("Nothing was restarted").expect("its answer");
    session.expect(Eof).expect("the end");
}

#[test]
fn a_yes_rolls_with_a_bar_and_ends_with_the_result() {
    let home = Home::new();
    let served = Served::start(&shop(&home, 1), None);
    let words = [
        "run",
        "--now",
        "--app",
        "example-app",
        "--dyno-name",
        "web.1",
        "--settle",
        "1s",
    ];
    let mut session = at_a_terminal(&home, &served, &words);
    session.expect("Restart web.1 of").expect("the question");
    session.send("y\n").expect("an answer");
    session.expect("0/1").expect("the bar");
    session.expect("web.1 restarted in").expect("the result");
    session.expect(Eof).expect("the end");
}

#[test]
fn ctrl_c_at_the_question_restarts_nothing_and_leaves_the_terminal_as_it_was() {
    leaves_at_the_question(|session| session.send(ControlCode::EndOfText).expect("Ctrl-C"));
}

#[test]
fn sigterm_at_the_question_restarts_nothing_and_leaves_the_terminal_as_it_was() {
    leaves_at_the_question(|session| {
        nix::sys::signal::kill(pid(session), Signal::SIGTERM).expect("a signal");
    });
}

fn leaves_at_the_question(leave: impl FnOnce(&mut OsSession)) {
    let home = Home::new();
    let served = Served::start(&shop(&home, 1), None);
    let mut session = at_a_terminal(&home, &served, &["run", "--now", "--app", "example-app"]);
    let pty = session.get_process().get_raw_handle().expect("the pty");
    let before = tcgetattr(&pty).expect("settings");
    session
        .expect("one of a process type at a time")
        .expect("what is asked");
    session.expect("Do it?").expect("the question");
    leave(&mut session);
    // "Show cursor" is the last thing that a terminal must have been told of it.
    session
        .expect("\u{1b}[?25h")
        .expect("the cursor is shown again");
    session.expect(Eof).expect("the end");
    let status = nix::sys::wait::waitpid(pid(&session), None).expect("an exit");
    assert_eq!(status, WaitStatus::Exited(pid(&session), 130));
    let after = tcgetattr(&pty).expect("settings");
    assert_eq!(after.local_flags, before.local_flags);
    assert_eq!(after.input_flags, before.input_flags);
    let record = tokio::runtime::Runtime::new()
        .expect("a runtime")
        .block_on(served.heroku.record());
    assert!(record.restarts.is_empty(), "{record:?}");
}

fn pid(session: &OsSession) -> Pid {
    Pid::from_raw(session.get_process().pid().as_raw())
}

#[test]
fn the_page_of_heroku_scheduler_opens_when_somebody_wants_it() {
    use std::os::unix::fs::PermissionsExt as _;
    let home = Home::new();
    let served = Served::start(&shop(&home, 1), None);
    home.write_schedules(&crate::process::schedule("07:00"));
    let (programs, opened) = (home.path().join("bin"), home.path().join("opened"));
    std::fs::create_dir(&programs).expect("a directory");
    let browser = programs.join("xdg-open");
    let script = format!(
        "#!/bin/sh\necho \"$1\" > '{0}.new' && mv '{0}.new' '{0}'\n",
        opened.display()
    );
    std::fs::write(&browser, script).expect("a file");
    let all = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(&browser, all).expect("a mode");
    let path = std::env::var("PATH").expect("a path");
    let words = [
        "deploy",
        "--scheduler",
        "--runner-app",
        "test-runner",
        "--binary",
        &crate::deploy::program(&home),
    ];
    let mut command = home.command(&served.heroku.url, &words);
    command
        .env("TERM", "xterm")
        .env("PATH", format!("{}:{path}", programs.display()));
    let mut session = Session::spawn(command).expect("a pty");
    session.set_expect_timeout(Some(Duration::from_secs(30)));
    session.expect("Do it?").expect("the question");
    session.send("y\n").expect("an answer");
    session
        .expect("Open that page in the browser?")
        .expect("the question");
    session.send("y\n").expect("an answer");
    session.expect(Eof).expect("the end");
    while !opened.exists() {
        std::thread::yield_now();
    }
    let url = std::fs::read_to_string(opened).expect("a URL");
    assert_eq!(
        url.trim(),
        "https://dashboard.heroku.com/apps/test-runner/scheduler"
    );
}
