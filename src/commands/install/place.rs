//! Which timer this machine has; puts one in place, and takes it back where that fails half-way.

use super::{super::Context, Plan};
use crate::{
    cli::Timer,
    error::Error,
    runner::install::{
        Piece, cron,
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

/// Puts it in place; tells whether anything was changed. What fails on the way is as it was before.
pub fn put(
    context: &Context<'_>,
    plan: &Plan,
    schedules: &str,
    state: &Path,
) -> Result<bool, Error> {
    let note_before = Note::read(state)?;
    let crontab = match plan.timer {
        Timer::Cron => crontab()?,
        Timer::Systemd | Timer::Launchd => String::new(),
    };
    let files_before: Vec<Option<Vec<u8>>> = plan
        .pieces
        .iter()
        .map(Piece::before)
        .collect::<Result<_, _>>()?;
    let are_files_there = plan.pieces.iter().all(Piece::is_there);
    let ours = cron::ours(&crontab).map(|ours| format!("{ours}\n"));
    let are_lines_there = plan.lines == ours;
    if note_before.is_some() && are_files_there && are_lines_there && is_active(plan.timer) {
        return Ok(false);
    }
    refuse_others(
        context,
        plan,
        note_before.as_ref(),
        &files_before,
        ours.as_ref(),
    )?;
    let action = context
        .ui
        .action(&format!("Installing {}", plan.in_words()));
    let placed = place(plan, schedules, state, &crontab);
    if let Err(error) = placed {
        drop(action);
        if note_before.is_none() {
            // What links to the files goes before they do.
            let _ = stop(plan.word());
        }
        for (piece, before) in plan.pieces.iter().zip(&files_before) {
            piece.put_back(before.as_ref());
        }
        settle(plan.word());
        match &note_before {
            Some(note) => {
                note.keep(state)?;
                if plan.timer == Timer::Launchd && launchd_starts(plan).is_err() {
                    context.ui.warn(
                        "the agent that was there before could not be started again: it runs after the next login",
                    );
                }
            }
            None => Note::forget(state),
        }
        return Err(error);
    }
    action.done();
    Ok(true)
}

fn place(plan: &Plan, schedules: &str, state: &Path, crontab: &str) -> Result<(), Error> {
    let files: Result<Vec<Written>, Error> = plan.pieces.iter().map(Piece::write).collect();
    let note = Note {
        kind: plan.word().to_owned(),
        files: files?,
        lines: plan.lines.clone(),
        schedules: schedules.to_owned(),
    };
    // Noted before it is active: what is there can be taken away, whatever comes between.
    note.keep(state)?;
    match (plan.timer, &plan.lines) {
        (Timer::Cron, Some(lines)) => {
            system::must("crontab", &["-"], &cron::with(crontab, lines)).map(drop)
        }
        (Timer::Launchd, _) => launchd_starts(plan),
        (Timer::Systemd | Timer::Cron, _) => systemd_starts(),
    }
}

/// What somebody else wrote, or has changed since, is not overwritten.
fn refuse_others(
    context: &Context<'_>,
    plan: &Plan,
    note: Option<&Note>,
    files: &[Option<Vec<u8>>],
    lines: Option<&String>,
) -> Result<(), Error> {
    let theirs = |what: String| {
        Err(Error::Other {
            code: "not_ours",
            message: format!("{what} was not written by install, or was changed since"),
            hint: Some("move it out of the way, then run it again".to_owned()),
        })
    };
    for (piece, before) in plan.pieces.iter().zip(files) {
        let Some(bytes) = before else { continue };
        let mut written = note.iter().flat_map(|note| &note.files);
        if !written.any(|file| file.is_of(&piece.path, bytes)) && !piece.is_there() {
            return theirs(context.env.in_words(&piece.path));
        }
    }
    match lines {
        Some(lines)
            if note.is_none_or(|note| note.lines.as_ref() != Some(lines))
                && plan.lines.as_ref() != Some(lines) =>
        {
            theirs("what stands between the marks in your crontab".to_owned())
        }
        _ => Ok(()),
    }
}

/// The user's crontab, byte by byte.
pub fn crontab() -> Result<String, Error> {
    let failed = |message: String, hint: &str| {
        Err(Error::Other {
            code: "timer",
            message,
            hint: Some(hint.to_owned()),
        })
    };
    let ended = system::run("crontab", &["-l"], "").map_err(|error| Error::io("crontab", error))?;
    if !ended.is_well {
        // There is none yet: in the words of Vixie's cron, and of busybox.
        let is_none = ["no crontab", "No such file"]
            .iter()
            .any(|words| ended.stderr.contains(words));
        if is_none {
            return Ok(String::new());
        }
        return failed(
            format!("crontab -l failed: {}", ended.stderr),
            "ask who looks after this machine",
        );
    }
    let by_hand = "add the line by hand: install --print cron prints it";
    let Ok(text) = String::from_utf8(ended.bytes) else {
        return failed(
            "your crontab has bytes that are no UTF-8, and is not rewritten".to_owned(),
            by_hand,
        );
    };
    if cron::is_torn(&text) {
        return failed("your crontab has a mark of autorestart without its other end, so which lines are whose is not known".to_owned(), "take what is left of them away with crontab -e");
    }
    Ok(text)
}

/// How often it is looked whether an agent has left: some seconds.
const LAUNCHD_TRIES: u32 = 200;

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
    // One that is there already is not replaced, and leaves when it likes.
    let job = format!("{domain}/{LABEL}");
    let _ = system::run("launchctl", &["bootout", &job], "");
    let is_there = || system::run("launchctl", &["print", &job], "").is_ok_and(|it| it.is_well);
    let _left = (0..LAUNCHD_TRIES).find(|_| !is_there());
    let start = || system::must("launchctl", &["bootstrap", &domain, &path], "");
    start().or_else(|_| start()).map(drop)
}

/// Whether a timer of this kind may still run: it does, or that cannot be told.
pub fn may_run(kind: &str) -> bool {
    let is_well =
        |program, words: &[&str]| system::run(program, words, "").is_ok_and(|ended| ended.is_well);
    match kind {
        "systemd" => {
            !is_well("systemctl", &["--user", "show-environment"])
                || is_well("systemctl", &["--user", "is-active", &timer_unit()])
                || is_well("systemctl", &["--user", "is-enabled", &timer_unit()])
        }
        "launchd" => is_active(Timer::Launchd),
        _ => false,
    }
}

/// Whether the timer of this kind runs.
fn is_active(timer: Timer) -> bool {
    let is_well =
        |program, words: &[&str]| system::run(program, words, "").is_ok_and(|ended| ended.is_well);
    match timer {
        Timer::Systemd => {
            is_well("systemctl", &["--user", "is-active", &timer_unit()])
                && is_well("systemctl", &["--user", "is-enabled", &timer_unit()])
        }
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
    let Ok(user) = system::must("id", &["-u"], "") else {
        return;
    };
    let words = ["show-user", &user, "--property=Linger", "--value"];
    let shown = system::run("loginctl", &words, "").ok();
    let shown = shown
        .filter(|ended| ended.is_well)
        .map(|ended| ended.stdout);
    match shown.as_deref() {
        Some("yes") => {}
        Some("no") => {
            let ui = context.ui;
            ui.warn(
                "a systemd user timer stops when you log out, and does not start before you log in",
            );
            ui.hint("loginctl enable-linger keeps it running from boot on, whether or not you are logged in");
        }
        _ => context
            .ui
            .say("Where it is to run while you are logged out too: loginctl enable-linger"),
    }
}
