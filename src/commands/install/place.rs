//! Which timer this machine has; puts one in place, and takes it back where that fails half-way.

use super::{super::Context, Plan};
use crate::{
    cli::Timer,
    error::Error,
    runner::install::{
        cron,
        launchd::LABEL,
        note::{Note, Written},
        system,
        systemd::NAME,
    },
};
use std::path::Path;

/// The first that this machine has.
pub fn first_here() -> Result<Timer, Error> {
    if cfg!(target_os = "macos") {
        return Ok(Timer::Launchd);
    }
    let is_well =
        |program, words: &[&str]| system::run(program, words, "").is_ok_and(|ended| ended.is_well);
    if is_well("systemctl", &["--user", "show-environment"]) {
        return Ok(Timer::Systemd);
    }
    // Without a crontab yet it ends with 1, and is there all the same.
    if system::run("crontab", &["-l"], "").is_ok() {
        return Ok(Timer::Cron);
    }
    Err(Error::Other {
        code: "no_timer",
        message: "this machine has no systemd for users, no launchd and no crontab".to_owned(),
        hint: Some("--print github-actions, kubernetes or windows-task prints a runner for another place; run --watch makes passes for as long as it runs".to_owned()),
    })
}

/// Puts it in place; tells whether anything was changed.
pub fn put(
    context: &Context<'_>,
    plan: &Plan,
    schedules: &str,
    state: &Path,
) -> Result<bool, Error> {
    let before = Note::read(state);
    let crontab = match plan.timer {
        Timer::Cron => crontab()?,
        _ => String::new(),
    };
    let are_files_there = plan
        .pieces
        .iter()
        .all(crate::runner::install::Piece::is_there);
    let are_lines_there = plan.lines == cron::ours(&crontab).filter(|_| plan.lines.is_some());
    if before.is_some() && are_files_there && are_lines_there && is_active(plan.timer) {
        return Ok(false);
    }
    let action = context
        .ui
        .action(&format!("Installing {}", plan.in_words()));
    let files: Result<Vec<Written>, Error> = plan
        .pieces
        .iter()
        .map(crate::runner::install::Piece::write)
        .collect();
    let note = Note {
        kind: plan.word().to_owned(),
        files: files?,
        lines: plan.lines.clone(),
        schedules: schedules.to_owned(),
    };
    // Noted before it is active: what is there can be taken away, whatever comes between.
    note.keep(state)?;
    let active = match (plan.timer, &plan.lines) {
        (Timer::Cron, Some(lines)) => {
            system::must("crontab", &["-"], &cron::with(&crontab, lines)).map(drop)
        }
        (Timer::Launchd, _) => launchd_starts(plan),
        (Timer::Systemd | Timer::Cron, _) => systemd_starts(),
    };
    if let Err(error) = active {
        drop(action);
        for file in &note.files {
            let _ = file.take();
        }
        Note::forget(state);
        return Err(error);
    }
    action.done();
    Ok(true)
}

pub fn crontab() -> Result<String, Error> {
    let ended = system::run("crontab", &["-l"], "").map_err(|error| Error::io("crontab", error))?;
    if ended.is_well {
        return Ok(if ended.stdout.is_empty() {
            String::new()
        } else {
            ended.stdout + "\n"
        });
    }
    if ended.stderr.contains("no crontab") || ended.stderr.is_empty() {
        return Ok(String::new());
    }
    Err(Error::Other {
        code: "timer",
        message: format!("crontab -l failed: {}", ended.stderr),
        hint: Some("ask who looks after this machine".to_owned()),
    })
}

fn timer_unit() -> String {
    format!("{NAME}.timer")
}

fn systemd_starts() -> Result<(), Error> {
    system::must("systemctl", &["--user", "daemon-reload"], "")?;
    system::must(
        "systemctl",
        &["--user", "enable", "--now", &timer_unit()],
        "",
    )?;
    Ok(())
}

/// Where an agent of this user is: `gui/501`.
fn domain() -> Result<String, Error> {
    Ok(format!("gui/{}", system::must("id", &["-u"], "")?))
}

fn launchd_starts(plan: &Plan) -> Result<(), Error> {
    let domain = domain()?;
    let path = plan
        .pieces
        .iter()
        .map(|piece| piece.path.display().to_string())
        .next()
        .unwrap_or_default();
    // One that is there already is not replaced.
    let _ = system::run("launchctl", &["bootout", &format!("{domain}/{LABEL}")], "");
    system::must("launchctl", &["bootstrap", &domain, &path], "").map(drop)
}

/// Whether the timer of this kind runs.
fn is_active(timer: Timer) -> bool {
    let is_well =
        |program, words: &[&str]| system::run(program, words, "").is_ok_and(|ended| ended.is_well);
    match timer {
        Timer::Systemd => is_well("systemctl", &["--user", "is-active", &timer_unit()]),
        Timer::Launchd => domain()
            .is_ok_and(|domain| is_well("launchctl", &["print", &format!("{domain}/{LABEL}")])),
        Timer::Cron => true,
    }
}

/// Ends the timer of this kind, before its files go.
pub fn stop(kind: &str) -> Result<(), Error> {
    match kind {
        "systemd" => system::must(
            "systemctl",
            &["--user", "disable", "--now", &timer_unit()],
            "",
        )
        .map(drop),
        "launchd" => {
            let job = format!("{}/{LABEL}", domain()?);
            system::must("launchctl", &["bootout", &job], "").map(drop)
        }
        _ => Ok(()),
    }
}

/// After the files of systemd's are gone.
pub fn settle(kind: &str) {
    if kind == "systemd" {
        let _ = system::run("systemctl", &["--user", "daemon-reload"], "");
    }
}

/// That a user's timers stop when the user logs out, and what keeps them.
pub fn explain_linger(context: &Context<'_>) {
    let shown = system::run(
        "loginctl",
        &["show-user", "--property=Linger", "--value"],
        "",
    );
    let lingers = shown
        .ok()
        .filter(|ended| ended.is_well)
        .map(|ended| ended.stdout == "yes");
    if lingers == Some(true) {
        return;
    }
    context
        .ui
        .warn("a systemd user timer stops when you log out, and does not start before you log in");
    context.ui.hint(
        "loginctl enable-linger keeps it running from boot on, whether or not you are logged in",
    );
}
