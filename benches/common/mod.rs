//! What the benchmarks share: the binary that is measured, and a simulated Heroku for it.

#![allow(dead_code, reason = "each benchmark takes what it needs")]
#![expect(
    clippy::disallowed_methods,
    reason = "a benchmark is about processes, and reads the environment"
)]

use std::{
    ffi::OsString,
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
};

/// The binary that is measured: `AUTORESTART_BINARY`, such as the packed one, else the one built for this.
pub fn program() -> OsString {
    std::env::var_os("AUTORESTART_BINARY")
        .unwrap_or_else(|| env!("CARGO_BIN_EXE_autorestart").into())
}

/// A simulated Heroku, for as long as it is not dropped.
pub struct Sandbox {
    pub host: String,
    child: Child,
}

impl Sandbox {
    pub fn start(scenario: &Path) -> Self {
        let mut child = Command::new(program())
            .args(["sandbox", "--port", "0", "--scenario"])
            .arg(scenario)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("it starts");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("a pipe"))
            .read_line(&mut line)
            .expect("its address");
        let host = line.trim().trim_start_matches("HEROKU_HOST=").to_owned();
        Self { host, child }
    }

    /// A command of the binary that acts on it, with these schedules.
    pub fn command(&self, words: &[&str], schedules: &Path, state: &Path) -> Command {
        let mut command = Command::new(program());
        command
            .args(words)
            .env_clear()
            .env("HEROKU_HOST", &self.host)
            .env("HEROKU_API_KEY", "a-token")
            .env("AUTORESTART_FILE", schedules)
            .env("AUTORESTART_STATE_DIR", state)
            .stderr(Stdio::null());
        command
    }

    /// The requests that there were so far.
    pub fn requests(&self) -> Vec<serde_json::Value> {
        let record = Command::new("curl")
            .args(["--silent", &format!("{}/sandbox/record", self.host)])
            .output();
        let record = record.expect("curl runs").stdout;
        let mut record: serde_json::Value = serde_json::from_slice(&record).expect("a record");
        match record["requests"].take() {
            serde_json::Value::Array(requests) => requests,
            other => panic!("no list of requests: {other}"),
        }
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
