//! `install`: a timer of this machine that makes a pass every few minutes. Its command is tried before
//! it is put in place, as if nobody were logged in: a runner that would fail is not installed.

mod place;
mod trial;
mod uninstall;

pub(super) use uninstall::uninstall;

use super::Context;
use crate::{
    cli::{self, Printed, Timer},
    error::{Error, exit},
    notify::{self, Names},
    runner::install::{EVERY_MINUTES, Job, Piece, cron, elsewhere, launchd, note::Note, systemd},
    state::StateDir,
    stop::Stop,
    store::{Store, as_text},
};
use place::{first_here, put};
use serde_json::json;
use std::path::Path;
use trial::try_out;

/// Variables that a timer must be given, since it starts without those of a shell.
const BROUGHT: [&str; 16] = [
    "HEROKU_HOST",
    "XDG_CONFIG_HOME",
    "XDG_STATE_HOME",
    "XDG_DATA_HOME",
    "HEROKU_DATA_DIR",
    "AUTORESTART_STATE_DIR",
    "AUTORESTART_REQUEST_TIMEOUT",
    "AUTORESTART_PING",
    "NODE_EXTRA_CA_CERTS",
    "SSL_CERT_FILE",
    "HTTPS_PROXY",
    "https_proxy",
    "ALL_PROXY",
    "all_proxy",
    "NO_PROXY",
    "no_proxy",
];

/// Those that name a path.
const PATHS: [&str; 7] = [
    "XDG_CONFIG_HOME",
    "XDG_STATE_HOME",
    "XDG_DATA_HOME",
    "HEROKU_DATA_DIR",
    "AUTORESTART_STATE_DIR",
    "NODE_EXTRA_CA_CERTS",
    "SSL_CERT_FILE",
];

/// What is put in place.
struct Plan {
    timer: Timer,
    pieces: Vec<Piece>,
    /// Of the crontab.
    lines: Option<String>,
}

impl Plan {
    fn of(context: &Context<'_>, timer: Timer, job: &Job) -> Result<Self, Error> {
        let none = || {
            Error::usage(
                "there is no home directory to install anything in",
                "set HOME",
            )
        };
        let home = context.env.home().ok_or_else(none)?;
        let (pieces, lines) = match timer {
            Timer::Systemd if systemd::impossible(job) => {
                return Err(Error::usage(
                    format!(
                        "{}: systemd starts no program with a quote or a backslash in its path",
                        job.binary.display()
                    ),
                    "install the plugin in another directory, or choose --on cron",
                ));
            }
            Timer::Systemd => {
                let config = context.env.config_home().ok_or_else(none)?;
                (systemd::pieces(job, &config), None)
            }
            Timer::Launchd => (vec![launchd::piece(job, &home)], None),
            Timer::Cron => (vec![], Some(cron::lines(job))),
        };
        Ok(Self {
            timer,
            pieces,
            lines,
        })
    }

    fn word(&self) -> &'static str {
        match self.timer {
            Timer::Systemd => "systemd",
            Timer::Launchd => "launchd",
            Timer::Cron => "cron",
        }
    }

    fn in_words(&self) -> &'static str {
        match self.timer {
            Timer::Systemd => "a systemd user timer",
            Timer::Launchd => "a launchd agent",
            Timer::Cron => "a line of your crontab",
        }
    }

    /// The files, each under its path.
    fn text(&self, context: &Context<'_>) -> String {
        let files = self
            .pieces
            .iter()
            .map(|piece| format!("{}:\n\n{}", context.env.in_words(&piece.path), piece.text));
        let lines = self.lines.iter().cloned();
        files.chain(lines).collect::<Vec<_>>().join("\n")
    }
}

/// Whether this machine has anything that could call it.
pub(super) fn is_possible() -> bool {
    first_here().is_ok()
}

pub(super) async fn install(context: &Context<'_>, flags: cli::Install) -> Result<u8, Error> {
    let stop = super::stop();
    let store = context.store(flags.common.schedules.as_deref()).await?;
    if let Store::Environment(_) = store {
        return Err(Error::usage(
            "this is a dyno of a runner",
            "install on a machine of yours",
        ));
    }
    let done = match flags.print {
        Some(kind) => print(context, kind, &flags, &store).await,
        None => go(context, &flags, &store, &stop).await,
    };
    match done {
        Err(Error::Declined) => {
            context.ui.say("Nothing was changed");
            Ok(exit::DONE)
        }
        done => done,
    }
}

/// What the timer is to call.
fn job(context: &Context<'_>, flags: &cli::Install, timer: Option<Timer>) -> Result<Job, Error> {
    let env = context.env;
    let binary = env.own_binary();
    let absolute = |path: &Path| {
        let shown = path.display().to_string();
        std::path::absolute(path)
            .map(|path| path.display().to_string())
            .map_err(|error| Error::io(shown, error))
    };
    // What waits is for the next call: calls do not pile up, and one app holds no other.
    let mut words = ["run", "--quiet", "--no-wait"]
        .map(ToOwned::to_owned)
        .to_vec();
    let named = flags
        .common
        .schedules
        .clone()
        .or_else(|| env.path("AUTORESTART_FILE"));
    if let Some(path) = named {
        words.extend(["--schedules".to_owned(), absolute(&path)?]);
    }
    if timer != Some(Timer::Systemd) {
        // Only systemd keeps what is said, with its time.
        let log = StateDir::open(env)?.path().join("run.log");
        words.extend(["--log".to_owned(), absolute(&log)?]);
    }
    if let Some(name) = env.text(notify::PING)
        && !Names::read(env)?.has(name)
    {
        return Err(Error::usage(
            format!("{}={name}: no URL is kept under that name", notify::PING),
            format!(
                "{} {name} keeps one, which a timer can read",
                context.verb("notify:add")
            ),
        ));
    }
    let mut environment = vec![];
    for name in BROUGHT {
        let Some(value) = env.text(name) else {
            continue;
        };
        let is_address = name.to_ascii_lowercase().ends_with("_proxy") || value.contains("://");
        if is_address && value.contains('@') {
            context.ui.warn(&format!(
                "{name} has a password in it, and is not written into the timer"
            ));
            continue;
        }
        let value = if PATHS.contains(&name) {
            absolute(Path::new(value))?
        } else {
            value.to_owned()
        };
        environment.push((name.to_owned(), value));
    }
    let job = Job {
        binary: binary.map_err(|error| Error::io("this program", error))?,
        words,
        environment,
    };
    match job.impossible() {
        None => Ok(job),
        Some(part) => Err(Error::usage(
            format!(
                "{part:?} has a line break or another control character in it, which no timer can be given"
            ),
            "use a path, or a variable, without it",
        )),
    }
}

async fn print(
    context: &Context<'_>,
    kind: Printed,
    flags: &cli::Install,
    store: &Store,
) -> Result<u8, Error> {
    if let Some(runner) = store.runner_app() {
        let name = &runner.name;
        context.ui.warn(&format!(
            "the schedules are in the config vars of ⬢ {name}, which runs them: what this runs needs a credential that reads them"
        ));
    }
    let timer = match kind {
        Printed::Systemd => Timer::Systemd,
        Printed::Launchd => Timer::Launchd,
        Printed::Cron => Timer::Cron,
        Printed::Here => first_here()?,
        Printed::GithubActions => {
            return Ok(printed(
                context,
                "github-actions",
                &elsewhere::github_actions(),
            ));
        }
        Printed::Kubernetes => {
            let schedules = as_text(&context.read(store).await?);
            return Ok(printed(
                context,
                "kubernetes",
                &elsewhere::kubernetes(&schedules),
            ));
        }
        Printed::WindowsTask => {
            return Ok(printed(
                context,
                "windows-task",
                &elsewhere::windows_task(&job(context, flags, None)?),
            ));
        }
    };
    let plan = Plan::of(context, timer, &job(context, flags, Some(timer))?)?;
    Ok(printed(context, plan.word(), &plan.text(context)))
}

fn printed(context: &Context<'_>, kind: &str, text: &str) -> u8 {
    if context.ui.is_json {
        context.ui.json(&json!({ "kind": kind, "text": text }));
    } else {
        context.ui.as_it_is(text.trim_end());
    }
    exit::DONE
}

async fn go(
    context: &Context<'_>,
    flags: &cli::Install,
    store: &Store,
    stop: &Stop,
) -> Result<u8, Error> {
    let ui = context.ui;
    if let Some(runner) = store.runner_app() {
        let name = &runner.name;
        return Err(Error::usage(
            format!("the schedules are in the config vars of ⬢ {name}, which runs them"),
            format!(
                "{} brings them back to this machine first",
                context.verb("deploy:remove")
            ),
        ));
    }
    let timer = match flags.on {
        Some(Timer::Launchd) if !cfg!(target_os = "macos") => {
            return Err(Error::usage(
                "--on launchd: this is no Mac",
                "--on systemd, or --on cron",
            ));
        }
        Some(timer) => timer,
        None => first_here()?,
    };
    let job = &job(context, flags, Some(timer))?;
    let plan = Plan::of(context, timer, job)?;
    let state = StateDir::open(context.env)?;
    let before = Note::read(state.path())?;
    if let Some(other) = before.as_ref().filter(|note| note.kind != plan.word()) {
        return Err(Error::usage(
            format!("a runner of another kind is installed here: {}", other.kind),
            format!("{} takes it away first", context.verb("uninstall")),
        ));
    }
    ui.say(&format!(
        "{}, every {EVERY_MINUTES} minutes:\n",
        capital(plan.in_words())
    ));
    ui.say_as_it_is(&plan.text(context));
    agree(context, flags, "Install it?", stop).await?;
    try_out(context, flags, job, store, stop).await?;
    let is_new = put(context, &plan, &store.key(), state.path())?;
    ui.either(
        || {
            let did = if is_new { "Installed" } else { "It is there already:" };
            format!("{did} {}: a pass every {EVERY_MINUTES} minutes", plan.in_words())
        },
        || json!({ "kind": plan.word(), "changed": is_new, "every_minutes": EVERY_MINUTES, "files": plan.pieces.iter().map(|piece| &piece.path).collect::<Vec<_>>() }),
    );
    match timer {
        Timer::Systemd => place::explain_linger(context),
        Timer::Launchd => ui.say("A launchd agent runs while you are logged in"),
        Timer::Cron => {}
    }
    ui.hint(&format!(
        "{} takes it away; the list tells when it last made a pass",
        context.verb("uninstall")
    ));
    Ok(exit::DONE)
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(char::to_uppercase);
    first.into_iter().flatten().chain(letters).collect()
}

async fn agree(
    context: &Context<'_>,
    flags: &cli::Install,
    question: &str,
    stop: &Stop,
) -> Result<(), Error> {
    if flags.yes {
        return Ok(());
    }
    if !context.ui.can_ask() {
        return Err(Error::usage(
            "install asks before it writes, and there is nobody to ask",
            "add --yes; or --print, which writes nothing",
        ));
    }
    match context.ui.ask(question, true, stop).await {
        Some(true) => Ok(()),
        Some(false) => Err(Error::Declined),
        None => Err(Error::Interrupted),
    }
}
