//! The programs of this machine that a timer is put in place with, and the trial of its command.

use super::Job;
use crate::error::Error;
use std::{
    io::{self, Write as _},
    process::{Command, Stdio},
};

/// How a program ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    pub is_well: bool,
    /// As it came.
    pub bytes: Vec<u8>,
    pub stdout: String,
    pub stderr: String,
}

/// Runs a program to its end, with this on its stdin.
///
/// # Errors
/// When it cannot be started.
pub fn run(program: &str, words: &[&str], input: &str) -> io::Result<Ended> {
    let mut command = Command::new(program);
    command.args(words);
    finish(&mut command, input)
}

fn finish(command: &mut Command, input: &str) -> io::Result<Ended> {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    if let Some(mut stdin) = child.stdin.take() {
        // One that does not read it says so by its code.
        let _ = stdin.write_all(input.as_bytes());
    }
    let output = child.wait_with_output()?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim_end().to_owned();
    Ok(Ended {
        is_well: output.status.success(),
        stdout: text(&output.stdout),
        stderr: text(&output.stderr),
        bytes: output.stdout,
    })
}

/// Runs a program that must end well.
///
/// # Errors
/// When it cannot be started, or does not.
pub fn must(program: &str, words: &[&str], input: &str) -> Result<String, Error> {
    let shown = format!("{program} {}", words.join(" "));
    let ended = run(program, words, input).map_err(|error| Error::io(&shown, error))?;
    if ended.is_well {
        return Ok(ended.stdout);
    }
    Err(Error::Other {
        code: "timer",
        message: format!("{shown} failed: {}", ended.stderr),
        hint: Some("mend what it names, then run it again".to_owned()),
    })
}

/// Tries the command of a job as its timer would call it while nobody is logged in: with a home, a
/// path and what the job brings, without a session, a keyring's bus or a terminal.
///
/// # Errors
/// When it cannot be started.
pub fn try_out(job: &Job, home: &str, user: &str, words: &[&str]) -> io::Result<Ended> {
    let mut command = Command::new(&job.binary);
    command
        .args(words)
        .env_clear()
        .env("HOME", home)
        .env("PATH", "/usr/bin:/bin")
        .env("USER", user)
        .env("LOGNAME", user)
        .envs(job.environment.iter().map(|(name, value)| (name, value)))
        .current_dir("/");
    finish(&mut command, "")
}
