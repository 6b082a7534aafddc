//! `install`: a timer of this machine that makes a pass every few minutes. Its command is tried before
//! it is put in place, as if nobody were logged in: a runner that would fail is not installed.

mod place;
mod uninstall;

pub(super) use uninstall::uninstall;

use super::{Context, auth};
use crate::{
    cli::{self, Printed, Timer},
    error::{Error, exit},
    execute::Stop,
    runner::install::{
        EVERY_MINUTES, Job, Piece, cron, elsewhere, launchd, note::Note, system, systemd,
    },
    state::StateDir,
    store::{Store, as_text},
};
use place::{first_here, put};
use serde_json::json;

/// Variables that a timer must be given, since it starts without those of a shell.
const BROUGHT: [&str; 11] = [
    "HEROKU_HOST",
    "XDG_CONFIG_HOME",
    "XDG_STATE_HOME",
    "XDG_DATA_HOME",
    "HEROKU_DATA_DIR",
    "AUTORESTART_STATE_DIR",
    "AUTORESTART_REQUEST_TIMEOUT",
    "NODE_EXTRA_CA_CERTS",
    "SSL_CERT_FILE",
    "HTTPS_PROXY",
    "NO_PROXY",
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

pub(super) async fn install(context: &Context<'_>, flags: cli::Install) -> Result<u8, Error> {
    let stop = super::stop();
    let store = context.store(flags.common.schedules.as_deref()).await?;
    if let Store::Environment(_) = store {
        return Err(Error::usage(
            "this is a dyno of a runner",
            "install on a machine of yours",
        ));
    }
    let job = job(context, &flags)?;
    let done = match flags.print {
        Some(kind) => print(context, kind, &job, &store).await,
        None => go(context, &flags, &job, &store, &stop).await,
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
fn job(context: &Context<'_>, flags: &cli::Install) -> Result<Job, Error> {
    let env = context.env;
    let binary = env.own_binary();
    let mut words = vec!["run".to_owned(), "--quiet".to_owned()];
    let named = flags
        .common
        .schedules
        .clone()
        .or_else(|| env.path("AUTORESTART_FILE"));
    if let Some(path) = named {
        let path = std::path::absolute(&path)
            .map_err(|error| Error::io(path.display().to_string(), error))?;
        words.extend(["--schedules".to_owned(), path.display().to_string()]);
    }
    let mut environment = vec![];
    for name in BROUGHT {
        let Some(value) = env.text(name) else {
            continue;
        };
        if value.contains('@') && name == "HTTPS_PROXY" {
            context
                .ui
                .warn("HTTPS_PROXY has a password in it, and is not written into the timer");
            continue;
        }
        environment.push((name.to_owned(), value.to_owned()));
    }
    Ok(Job {
        binary: binary.map_err(|error| Error::io("this program", error))?,
        words,
        environment,
        log: StateDir::open(env)?.path().join("run.log"),
    })
}

async fn print(
    context: &Context<'_>,
    kind: Printed,
    job: &Job,
    store: &Store,
) -> Result<u8, Error> {
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
            let schedules = as_text(&store.read().await?);
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
                &elsewhere::windows_task(job),
            ));
        }
    };
    let plan = Plan::of(context, timer, job)?;
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
    job: &Job,
    store: &Store,
    stop: &Stop,
) -> Result<u8, Error> {
    let ui = context.ui;
    let timer = match flags.on {
        Some(timer) => timer,
        None => first_here()?,
    };
    let plan = Plan::of(context, timer, job)?;
    if let Some(runner) = store.runner_app() {
        ui.say(&format!(
            "⬢ {} runs the schedules already; two runners do no harm",
            runner.name
        ));
    }
    let state = StateDir::open(context.env)?;
    let before = Note::read(state.path());
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
    ui.say(&plan.text(context));
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
    if timer == Timer::Systemd {
        place::explain_linger(context);
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

/// Tries the command in the timer's own environment; where it cannot read the credential, offers the
/// file that it can read.
async fn try_out(
    context: &Context<'_>,
    flags: &cli::Install,
    job: &Job,
    store: &Store,
    stop: &Stop,
) -> Result<(), Error> {
    let Err(why) = tried(context, job)? else {
        return Ok(());
    };
    let ui = context.ui;
    ui.warn(&format!(
        "as if nobody were logged in, a pass would fail: {why}"
    ));
    let fails = || Error::Other {
        code: "would_fail",
        message: "a runner that would fail is not installed".to_owned(),
        hint: Some(format!(
            "mend what is named above; a credential that a timer can read is set up by {} --create --keep-in file",
            context.verb("auth:setup")
        )),
    };
    if !ui.can_ask() {
        return Err(fails());
    }
    let question =
        "Keep a credential for passes in a file that only you can read, so that they can?";
    match ui.ask(question, true, stop).await {
        Some(true) => {}
        Some(false) => return Err(fails()),
        None => return Err(Error::Interrupted),
    }
    let schedules = store.read().await?;
    let account = schedules
        .iter()
        .find_map(|schedule| schedule.app.account.as_deref());
    auth::keep_in_file(context, stop, &flags.common, account).await?;
    match tried(context, job)? {
        Ok(()) => Ok(()),
        Err(why) => {
            ui.warn(&format!(
                "as if nobody were logged in, a pass would still fail: {why}"
            ));
            Err(fails())
        }
    }
}

/// What became of the trial: nothing, or why a pass would fail.
fn tried(context: &Context<'_>, job: &Job) -> Result<Result<(), String>, Error> {
    let action = context.ui.action("Trying it as if nobody were logged in");
    let words: Vec<&str> = job
        .words
        .iter()
        .map(String::as_str)
        .filter(|word| *word != "--quiet")
        .chain(["--check"])
        .collect();
    let home = context.env.home().unwrap_or_default().display().to_string();
    let user = context
        .env
        .text("USER")
        .or_else(|| context.env.text("LOGNAME"))
        .unwrap_or_default();
    let ended = system::try_out(job, &home, user, &words);
    let ended = ended.map_err(|error| Error::io(job.binary.display().to_string(), error))?;
    if ended.is_well {
        action.done();
        return Ok(Ok(()));
    }
    let said = ended
        .stderr
        .lines()
        .find_map(|line| line.strip_prefix("Error: "));
    Ok(Err(said.unwrap_or(&ended.stderr).to_owned()))
}
