//! The binary as a process, in a hermetic environment: its own home, loopback only.

use crate::control::Heroku;
use nix::{
    sys::signal::{self, Signal},
    unistd::Pid,
};
use serde_json::Value;
use std::{
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
};
use tempfile::TempDir;

pub const TOKEN: &str = "HRKU-0c0ffee0-feed-4bad-8bad-5ec2e7000001";

/// `AUTORESTART_TEST_BINARY` tries another build, such as the release one.
pub fn binary() -> PathBuf {
    std::env::var_os("AUTORESTART_TEST_BINARY")
        .map_or_else(|| env!("CARGO_BIN_EXE_autorestart").into(), PathBuf::from)
}

/// A sandbox in a process of its own; it ends with this value.
pub struct Served {
    child: Child,
    pub heroku: Heroku,
}

impl Served {
    pub fn start(scenario: &str, clock: Option<&str>) -> Self {
        Self::with(scenario, clock, &[])
    }

    /// One that runs the slugs which are deployed to it.
    pub fn running_slugs(scenario: &str, clock: &str) -> Self {
        Self::with(scenario, Some(clock), &["--run-slugs"])
    }

    fn with(scenario: &str, clock: Option<&str>, more: &[&str]) -> Self {
        let mut command = Command::new(binary());
        command
            .args(["sandbox", "--port", "0", "--scenario", scenario])
            .args(more)
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        if let Some(clock) = clock {
            command.args(["--clock", clock]);
        }
        let mut child = command.env_clear().spawn().expect("the sandbox starts");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("a pipe"))
            .read_line(&mut line)
            .expect("a line");
        let url = line
            .trim()
            .strip_prefix("HEROKU_HOST=")
            .expect("an address")
            .to_owned();
        Self {
            child,
            heroku: Heroku::at(url),
        }
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // Asked, it ends the processes of its dynos, and removes what it unpacked.
        let id = Pid::from_raw(self.child.id().cast_signed());
        let _ = signal::kill(id, Signal::SIGTERM);
        let _ = self.child.wait();
    }
}

/// Where one user's files are.
pub struct Home(pub TempDir);

impl Home {
    pub fn new() -> Self {
        Self(tempfile::tempdir().expect("a directory"))
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }

    pub fn schedules(&self) -> PathBuf {
        self.path().join(".config/autorestart/schedules.toml")
    }

    pub fn write_schedules(&self, text: &str) {
        std::fs::create_dir_all(self.schedules().parent().expect("a parent")).expect("a directory");
        // Whole or not at all, as a product that reads it meanwhile may expect.
        let aside = self.schedules().with_extension("new");
        std::fs::write(&aside, text).expect("a file");
        std::fs::rename(aside, self.schedules()).expect("a file");
    }

    pub fn ledger(&self) -> PathBuf {
        self.path().join(".local/state/autorestart/ledger.jsonl")
    }

    /// A runner that lets nobody go first, so that tests do not wait.
    pub fn without_offset(self) -> Self {
        let state = self.path().join(".local/state/autorestart");
        std::fs::create_dir_all(&state).expect("a directory");
        let id = (0..1_000_000)
            .map(|n| n.to_string())
            .find(|id| autorestart::state::offset(id).as_millis() < 5);
        std::fs::write(state.join("runner-id"), id.expect("an id")).expect("a file");
        self
    }

    /// The binary with nothing of this machine's environment.
    pub fn command(&self, host: &str, words: &[&str]) -> Command {
        let mut command = Command::new(binary());
        command.args(words).env_clear();
        command
            .env("HOME", self.path())
            .env("TZ", "UTC")
            .env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command
            .env("HEROKU_HOST", host)
            .env("HEROKU_API_KEY", TOKEN);
        command
    }

    pub fn run(&self, host: &str, words: &[&str]) -> Told {
        self.command(host, words)
            .output()
            .expect("the binary runs")
            .into()
    }
}

/// What a process said.
#[derive(Debug)]
pub struct Told {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl From<Output> for Told {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).expect("UTF-8"),
            stderr: String::from_utf8(output.stderr).expect("UTF-8"),
        }
    }
}

impl Told {
    /// The one JSON document on stdout.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

/// The shop of the demo, as a scenario file whose dynos boot in this many seconds.
pub fn shop(home: &Home, boot: u32) -> String {
    let path = home.path().join("shop.toml");
    let text = include_str!("../../src/sandbox/leaky-shop.toml")
        .replace("boot = \"2s\"", &format!("boot = \"{boot}s\""));
    std::fs::write(&path, text).expect("a file");
    path.display().to_string()
}

/// A minute of the sandbox takes a second.
pub const FAST: &str = "2026-03-02T07:00:10Z*60";

pub fn block<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime")
        .block_on(future)
}

/// The same, on a clock that stands still while there is something to do.
pub fn block_paused<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .expect("a runtime")
        .block_on(future)
}

pub async fn now(served: &Served) -> String {
    let text = reqwest::get(format!("{}/sandbox/clock", served.heroku.url))
        .await
        .expect("an answer")
        .text()
        .await
        .expect("text");
    serde_json::from_str::<Value>(&text).expect("JSON")["now"]
        .as_str()
        .expect("an instant")
        .to_owned()
}

/// The binary on the sandbox's clock.
pub async fn on_time(home: &Home, served: &Served, words: &[&str]) -> Command {
    let mut command = home.command(&served.heroku.url, words);
    command.env("AUTORESTART_CLOCK", format!("{}*60", now(served).await));
    command
}

/// What the binary says on the sandbox's clock.
pub async fn told_on_time(home: &Home, served: &Served, words: &[&str]) -> Told {
    let output = on_time(home, served, words).await.output();
    output.expect("it runs").into()
}

pub fn schedule(at: &str) -> String {
    format!("version = 1\n[[schedule]]\napp = \"example-app\"\nat = \"{at}\"\ntimezone = \"UTC\"\n")
}

const EACH_ONCE: [(&str, u32); 3] = [("web.1", 1), ("web.2", 1), ("worker.1", 1)];

pub fn each_once() -> std::collections::BTreeMap<String, u32> {
    EACH_ONCE
        .map(|(dyno, count)| (dyno.to_owned(), count))
        .into()
}

/// Runs a block alone in a process of its own, on a paused clock: what a watch says is not for the eyes of
/// whoever runs the tests, and no program that another test starts just then holds a lock for a moment.
pub fn alone(name: &str, work: impl Future<Output = ()>) {
    const INNER: &str = "AUTORESTART_TEST_ALONE";
    if std::env::var_os(INNER).is_none() {
        let this = std::env::current_exe().expect("this program");
        let mut inner = Command::new(this);
        inner.args(["--exact", name, "--nocapture"]).env(INNER, "1");
        let told = inner.output().expect("it runs");
        let text = String::from_utf8_lossy(&told.stdout);
        for line in text.lines().filter_map(|line| line.strip_prefix("told: ")) {
            println!("{line}");
        }
        let errors = String::from_utf8_lossy(&told.stderr);
        let last: Vec<&str> = errors.lines().rev().take(30).collect();
        let last: Vec<&str> = last.into_iter().rev().collect();
        assert!(told.status.success(), "{text}\n{}", last.join("\n"));
        assert!(text.contains("1 passed"), "{name} is no test: {text}");
        return;
    }
    block_paused(work);
}
