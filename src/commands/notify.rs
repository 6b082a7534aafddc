//! `notify`: where can be told what happens.

use super::Context;
use crate::{
    cli::{self, NotifyAdd, NotifyCommand, NotifyRemove},
    credentials::Secret,
    error::{Error, exit},
    heroku,
    notify::{self, Format, Kept, Names},
    report::table,
    schedule::Schedule,
    stop::Stop,
    store::Store,
};
use serde_json::{Value, json};

pub(super) async fn notify(context: &Context<'_>, flags: cli::Notify) -> Result<u8, Error> {
    match flags.command {
        None => list(context),
        Some(NotifyCommand::Add(flags)) => add(context, &flags, &super::stop()).await,
        Some(NotifyCommand::Remove(flags)) => remove(context, &flags).await,
    }
}

/// What is kept under a name that somebody gave, which must be there.
///
/// # Errors
/// When there is none of this name, or the file cannot be read.
pub(super) fn kept(context: &Context<'_>, name: &str) -> Result<Kept, Error> {
    notify::kept(context.env, name)?.ok_or_else(|| {
        Error::usage(
            format!("there is nothing to tell under the name {name}"),
            format!(
                "{} {name} keeps a URL under it; on a dyno the config var {} has it",
                context.verb("notify:add"),
                notify::variable(name)
            ),
        )
    })
}

fn list(context: &Context<'_>) -> Result<u8, Error> {
    let names = Names::read(context.env)?;
    let host = |kept: &Kept| heroku::host_of(&kept.url).unwrap_or_else(|| "no URL".to_owned());
    let tells = |kept: &Kept| {
        if kept.restarts {
            "trouble and restarts"
        } else {
            "trouble"
        }
    };
    context.ui.either(
        || {
            if names.iter().next().is_none() {
                return format!(
                    "Nothing is told to anybody; {} NAME keeps a URL to tell",
                    context.verb("notify:add")
                );
            }
            let row = |(name, kept): (&String, &Kept)| {
                vec![name.clone(), host(kept), word(kept.format), tells(kept).to_owned()]
            };
            let header = ["Name", "Host", "Format", "Tells"];
            table(context.ui.width(), &header, names.iter().map(row))
        },
        || {
            let one = |(name, kept): (&String, &Kept)| json!({ "name": name, "host": host(kept), "format": kept.format, "restarts": kept.restarts });
            names.iter().map(one).collect::<Value>()
        },
    );
    Ok(exit::DONE)
}

fn word(format: Format) -> String {
    let value = json!(format);
    value.as_str().unwrap_or_default().to_owned()
}

async fn add(context: &Context<'_>, flags: &NotifyAdd, stop: &Stop) -> Result<u8, Error> {
    let (ui, name) = (context.ui, &flags.name);
    let url = read(context, flags, stop).await?;
    // A parser of URLs drops line ends, and makes one of two.
    let is_one = !url.expose().contains(char::is_whitespace);
    let host = heroku::host_of(&url).filter(|_| is_one);
    let host = host.ok_or_else(|| {
        Error::usage(
            "that is no https URL",
            "give the URL that a service shows for it, for example https://hc-ping.com/...",
        )
    })?;
    let other = Names::read(context.env)?;
    let is_same =
        |other: &&String| *other != name && notify::variable(other) == notify::variable(name);
    if let Some(other) = other.iter().map(|(other, _)| other).find(is_same) {
        return Err(Error::usage(
            format!(
                "{name} and {other} would be one config var of a runner on Heroku, {}",
                notify::variable(name)
            ),
            "give it a name that differs in more than case and hyphens",
        ));
    }
    let mut kept = Kept::of_url(url);
    kept.format = flags.format.unwrap_or(kept.format);
    kept.restarts = flags.restarts;
    let format = kept.format;
    let options = context.options()?;
    let action = ui.action(&format!("Trying {host}"));
    let tried = stop.or(notify::test(&options, &kept)).await?;
    match tried {
        Ok(()) => action.done(),
        Err(error) => {
            drop(action);
            ui.warn(&format!("it is kept, and did not take a test: {error}"));
        }
    }
    let before = Names::edit(context.env, |names| names.insert(name.clone(), kept))?;
    let did = if before.is_some() { "Replaced" } else { "Kept" };
    ui.either(
        || format!("{did} {name}: {host}, {}", word(format)),
        || json!({ "name": name, "host": host, "format": format, "replaced": before.is_some() }),
    );
    if before.is_some() {
        former_url(context, flags).await;
    }
    ui.hint(&format!(
        "{} with all its flags and --notify {name} tells it what goes wrong with that schedule; {} --watch --ping {name} and {} --ping {name} tell it every ten minutes that the runner fares well",
        context.verb("set"),
        context.verb("run"),
        context.verb("deploy")
    ));
    Ok(exit::DONE)
}

/// A runner on Heroku has a copy of what was replaced here.
async fn former_url(context: &Context<'_>, flags: &NotifyAdd) {
    let store = context.store(flags.common.schedules.as_deref()).await;
    if let Some(runner) = store.ok().as_ref().and_then(Store::runner_app) {
        context.ui.warn(&format!(
            "⬢ {} tells the former URL until {} is run again",
            runner.name,
            context.verb("deploy")
        ));
    }
}

async fn read(context: &Context<'_>, flags: &NotifyAdd, stop: &Stop) -> Result<Secret, Error> {
    let ui = context.ui;
    if ui.can_ask() && !flags.url_stdin {
        let typed = ui.secret("URL (it is not shown)", stop).await;
        return typed.map(|url| url.trimmed()).ok_or(Error::Interrupted);
    }
    let pipe = || {
        Err(Error::usage(
            "there is no URL on stdin",
            format!(
                "pipe it in: {} {} --url-stdin < FILE",
                context.verb("notify:add"),
                flags.name
            ),
        ))
    };
    if !flags.url_stdin || ui.has_keyboard() {
        return pipe();
    }
    match stop.or(ui.input()).await? {
        Ok(text) if !text.expose().trim().is_empty() => Ok(text.trimmed()),
        _ => pipe(),
    }
}

async fn remove(context: &Context<'_>, flags: &NotifyRemove) -> Result<u8, Error> {
    let name = &flags.name;
    let before = Names::edit(context.env, |names| names.remove(name))?;
    if before.is_none() {
        return Err(Error::usage(
            format!("there is nothing to tell under the name {name}"),
            format!("{} lists what there is", context.verb("notify")),
        ));
    }
    context.ui.either(
        || format!("Forgot {name}"),
        || json!({ "name": name, "removed": true }),
    );
    still_meant(context, flags).await;
    Ok(exit::DONE)
}

/// Schedules that tell a name which is forgotten, and a runner that has it still, are worth a warning.
async fn still_meant(context: &Context<'_>, flags: &NotifyRemove) {
    let (ui, name) = (context.ui, &flags.name);
    let Ok(store) = context.store(flags.common.schedules.as_deref()).await else {
        return;
    };
    let schedules = store.read().await.unwrap_or_default();
    let tells = |schedule: &&Schedule| schedule.notify.iter().any(|one| one.as_str() == name);
    let told: Vec<String> = schedules
        .iter()
        .filter(tells)
        .map(|schedule| format!("{} of ⬢ {}", schedule.name, schedule.app.name))
        .collect();
    if let Some(runner) = store.runner_app() {
        ui.warn(&format!(
            "⬢ {} has its URL still, in the config var {}",
            runner.name,
            notify::variable(name)
        ));
        ui.hint(&format!(
            "heroku config:unset {} --app {} takes it away",
            notify::variable(name),
            runner.name
        ));
    } else if !told.is_empty() {
        ui.warn(&format!(
            "schedules still tell it, and nobody hears of their trouble: {}",
            told.join(", ")
        ));
    }
}
