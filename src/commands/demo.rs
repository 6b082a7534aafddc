//! `demo`: the main job on a simulated Heroku, command by command, as a person would type them.

use super::Context;
use crate::{
    cli::Demo,
    error::{Error, exit},
    sandbox::{Sandbox, Scenario, World, serve},
    signals,
};
use console::Style;
use jiff::{SignedDuration, tz::TimeZone};
use std::path::{Path, PathBuf};
use tokio::process::Command;

/// What is typed: words, and what they show.
const STEPS: [(&str, &str); 9] = [
    (
        "ps --app example-app",
        "a shop that leaks: two web dynos and a worker, up since yesterday",
    ),
    (
        "dynos:autorestart:set --app example-app --at NOW --timezone UTC --settle 3s",
        "restart them at this very minute, and every day",
    ),
    ("dynos:autorestart", "what is set, and what runs it"),
    (
        "dynos:autorestart:plan --app example-app --next 3",
        "what will happen, and what a pass would do now",
    ),
    (
        "dynos:autorestart:run",
        "one pass: the first dyno alone, then one of a process type at a time, each proven up",
    ),
    (
        "ps --app example-app",
        "new dynos; the one-offs were left alone",
    ),
    (
        "dynos:autorestart:run",
        "a second pass finds nothing left to do",
    ),
    (
        "dynos:autorestart:run --now --app example-app --dyno-name web.1 --settle 3s --yes",
        "one dyno, now",
    ),
    ("dynos:autorestart:history", "what happened, and why"),
];

pub(super) async fn demo(context: &Context<'_>, flags: &Demo) -> Result<u8, Error> {
    let home = tempfile::tempdir().map_err(|error| Error::io("a temporary home", error))?;
    let scenario = Scenario::built_in("leaky-shop").ok_or(Error::Interrupted)?;
    let sandbox = Sandbox::bind(0, World::new(&scenario, context.clock))
        .await
        .map_err(|error| Error::io("the sandbox", error))?;
    let host = sandbox
        .url()
        .map_err(|error| Error::io("the sandbox's address", error))?;
    tokio::spawn(serve(sandbox));
    context.ui.result(&format!(
        "A simulated Heroku listens on {host}; nothing here reaches the real one."
    ));
    let stopped = signals::stopped();
    tokio::pin!(stopped);
    for (line, what) in STEPS {
        let minute = if line.contains("NOW") {
            tokio::select! {
                minute = this_minute(context) => minute,
                () = &mut stopped => return Ok(exit::INTERRUPTED),
            }
        } else {
            String::new()
        };
        let line = line.replace("NOW", &minute);
        let Some((program, words, shown)) = command(flags.cli.as_deref(), &line)? else {
            continue;
        };
        let (title, typed) = (format!("# {what}"), format!("$ {shown}"));
        let (dim, bold) = (Style::new().dim(), Style::new().bold());
        context.ui.result(&format!(
            "\n{}\n{}",
            context.ui.paint(&title, &dim),
            context.ui.paint(&typed, &bold)
        ));
        let mut child = Command::new(program);
        child
            .args(words)
            .env("HEROKU_HOST", &host)
            .env("HEROKU_API_KEY", "00000000-0000-4000-8000-000000000000");
        // The Heroku CLI asks a second service who is logged in.
        child.env("HEROKU_PARTICLEBOARD_URL", &host);
        child.env("AUTORESTART_FILE", home.path().join("schedules.toml"));
        child.env("AUTORESTART_STATE_DIR", home.path().join("state"));
        let mut child = child
            .spawn()
            .map_err(|error| Error::io(shown.clone(), error))?;
        let status = tokio::select! {
            status = child.wait() => status,
            () = &mut stopped => {
                // It had the signal too, and leaves within seconds.
                let _ = child.wait().await;
                return Ok(exit::INTERRUPTED);
            }
        };
        let status = status.map_err(|error| Error::io(shown.clone(), error))?;
        if !status.success() {
            let message = format!("{shown} ended with {status}");
            return Err(Error::Other {
                code: "demo",
                message,
                hint: None,
            });
        }
    }
    Ok(exit::DONE)
}

/// The minute that it is, and will be for long enough to set it: in the next one, it would be an
/// occurrence that has passed.
async fn this_minute(context: &Context<'_>) -> String {
    const ENOUGH: i64 = 20;
    let seconds_left = 60 - context.clock.now().as_second().rem_euclid(60);
    if seconds_left < ENOUGH {
        context.ui.say(&format!(
            "Waiting {seconds_left} s for the next minute, which is the one that is set below."
        ));
        let wait = SignedDuration::from_secs(seconds_left);
        context.clock.sleep(wait).await;
    }
    let now = context.clock.now().to_zoned_datetime(TimeZone::UTC);
    now.strftime("%H:%M").to_string()
}

/// The program, its words and how it is shown; `None` for what only the Heroku CLI can do.
fn command(
    cli: Option<&Path>,
    line: &str,
) -> Result<Option<(PathBuf, Vec<String>, String)>, Error> {
    let words = |line: &str| {
        line.split_whitespace()
            .map(ToOwned::to_owned)
            .collect::<Vec<_>>()
    };
    if let Some(cli) = cli {
        return Ok(Some((
            cli.to_owned(),
            words(line),
            format!("heroku {line}"),
        )));
    }
    let Some(ours) = line.strip_prefix("dynos:autorestart") else {
        return Ok(None);
    };
    let ours = ours.trim_start_matches(':').trim_start().to_owned();
    let program = std::env::current_exe().map_err(|error| Error::io("this program", error))?;
    Ok(Some((
        program,
        words(&ours),
        format!("autorestart {ours}").trim_end().to_owned(),
    )))
}
