//! `notify`: where can be told what happens.

use super::Context;
use crate::{
    cli::{self, NotifyAdd, NotifyCommand, NotifyRemove},
    credentials::Secret,
    error::{Error, exit},
    execute::Stop,
    heroku,
    notify::{self, Names},
    report::table,
};
use serde_json::{Value, json};

pub(super) async fn notify(context: &Context<'_>, flags: cli::Notify) -> Result<u8, Error> {
    match flags.command {
        None => list(context),
        Some(NotifyCommand::Add(flags)) => add(context, &flags, &super::stop()).await,
        Some(NotifyCommand::Remove(flags)) => remove(context, &flags),
    }
}

/// The URL of a name that somebody gave, which must be there.
///
/// # Errors
/// When there is none of this name, or the file cannot be read.
pub(super) fn url(context: &Context<'_>, name: &str) -> Result<Secret, Error> {
    notify::url(context.env, name)?.ok_or_else(|| {
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
    let hosts = Names::read(context.env)?.hosts();
    context.ui.either(
        || match hosts[..] {
            [] => format!(
                "Nothing is told to anybody; {} NAME keeps a URL to tell",
                context.verb("notify:add")
            ),
            _ => table(
                context.ui.width(),
                &["Name", "Host"],
                hosts
                    .iter()
                    .map(|(name, host)| vec![name.clone(), host.clone()]),
            ),
        },
        || {
            let one = |(name, host): &(String, String)| json!({ "name": name, "host": host });
            hosts.iter().map(one).collect::<Value>()
        },
    );
    Ok(exit::DONE)
}

async fn add(context: &Context<'_>, flags: &NotifyAdd, stop: &Stop) -> Result<u8, Error> {
    let (ui, name) = (context.ui, &flags.name);
    let url = read(context, flags, stop).await?;
    let host = heroku::host_of(&url).ok_or_else(|| {
        Error::usage(
            "that is no https URL",
            "give the URL that a service shows for it, for example https://hc-ping.com/...",
        )
    })?;
    let options = context.options()?;
    let action = ui.action(&format!("Trying {host}"));
    let tried = stop.or(notify::test(&options, &url)).await?;
    match tried {
        Ok(()) => action.done(),
        Err(error) => {
            drop(action);
            ui.warn(&format!("it is kept, and did not take a test: {error}"));
        }
    }
    let before = Names::edit(context.env, |names| names.insert(name.clone(), url))?;
    let did = if before.is_some() { "Replaced" } else { "Kept" };
    ui.either(
        || format!("{did} {name}: {host}"),
        || json!({ "name": name, "host": host, "replaced": before.is_some() }),
    );
    ui.hint(&format!(
        "{} --watch --ping {name} and {} --ping {name} tell it every ten minutes that the runner fares well",
        context.verb("run"),
        context.verb("deploy")
    ));
    Ok(exit::DONE)
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

fn remove(context: &Context<'_>, flags: &NotifyRemove) -> Result<u8, Error> {
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
    Ok(exit::DONE)
}
