//! `deploy`: a runner on Heroku. Looks at what there is, says what it is about to do and what that
//! costs, does it step by step, and believes it when the runner's first sign of life is in the log.

mod changes;
mod found;
mod made;
mod remove;
mod steps;
mod words;

use super::{Context, auth};
use crate::{
    cli::{Deploy, DeployCommand},
    error::{Error, exit},
    execute::Stop,
    heroku::Options,
    runner::slug::Package,
    schedule::Schedule,
    store::{SchedulesFile, Store},
};
use changes::{Changes, Wanted, Way, changes};
use found::Found;
use serde_json::json;
use std::path::Path;
pub(super) use words::cents;

/// The config var with the id of the runner's authorization, and the one that says whose it is.
const AUTHORIZATION: &str = "AUTORESTART_AUTHORIZATION";
const ACCOUNT: &str = "AUTORESTART_ACCOUNT";
/// The add-on that is Heroku's scheduler.
const SCHEDULER: &str = "scheduler:";
/// Under which the name is noted that an app is being made with.
const NOTE: &str = "deploying";
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Everything that is known before it is begun.
pub struct Deployment<'a> {
    context: &'a Context<'a>,
    stop: &'a Stop,
    flags: &'a Deploy,
    options: &'a Options,
    login: &'a auth::Login,
    file: &'a SchedulesFile,
    file_in_words: String,
    /// Of this machine's file; they move.
    schedules: &'a [Schedule],
    name: String,
    found: Option<Found>,
    package: &'a Package,
    way: Way,
    size: String,
    /// Cents a month, and in words.
    cost: (u64, String),
    readers: Vec<String>,
}

pub(super) async fn deploy(context: &Context<'_>, deploy: Deploy) -> Result<u8, Error> {
    let stop = super::stop();
    let done = match &deploy.command {
        None => Box::pin(put(context, &deploy, &stop)).await,
        Some(DeployCommand::Remove(flags)) => Box::pin(remove::remove(context, flags, &stop)).await,
    };
    match done {
        Err(Error::Declined) => {
            context.ui.say("Nothing was changed");
            Ok(exit::DONE)
        }
        done => done,
    }
}

async fn put(context: &Context<'_>, flags: &Deploy, stop: &Stop) -> Result<u8, Error> {
    let file = file(context, flags.common.schedules.as_deref())?;
    let options = context.options()?;
    let host = options.host.machine();
    let known = file.runner_app()?.filter(|runner| runner.host == host);
    let name = name(
        context,
        flags,
        known.as_ref().map(|runner| runner.name.as_str()),
    )?;
    let package = package(context, flags.binary.as_deref())?;
    let login = stop.unless(login(context, &options)).await?;
    let schedules = stop.unless(identified(&file, &login, &options)).await?;
    let action = context.ui.action("Looking at what there is");
    let found = stop
        .unless(Box::pin(Found::look(&login.client, &name, host)))
        .await?;
    let is_gone = match &found {
        Some(found) => {
            stop.unless(is_authorization_gone(context, &login, found))
                .await?
        }
        None => false,
    };
    auth::sweep(context, stop, &login, host).await;
    let prices = stop.or(login.client.prices()).await?.unwrap_or_default();
    let team = found
        .as_ref()
        .map_or(flags.team.as_deref(), |found| found.app.team.as_deref());
    let app = found.as_ref().map(|found| found.app.id.as_str());
    let mut readers = stop.or(words::readers(&login.client, app, team)).await?;
    if readers.is_empty() {
        readers.extend(login.email().map(ToOwned::to_owned));
    }
    action.done();
    let way = match (flags.scheduler, flags.eco) {
        (true, _) => Way::Scheduler,
        (false, true) => Way::Dyno(Some("Eco")),
        (false, false) => Way::Dyno(None),
    };
    let wanted = Wanted {
        name: &name,
        package: &package,
        version: VERSION,
        way,
        schedules: &schedules,
        host: context
            .env
            .text("HEROKU_HOST")
            .filter(|_| options.host.machine() != crate::pass::HEROKU),
        is_authorization_gone: is_gone,
    };
    let changes = changes(found.as_ref(), &wanted).map_err(|conflict| {
        let (app, schedule) = (conflict.app, conflict.schedule);
        Error::usage(
            format!(
                "schedule {schedule} of ⬢ {app} is in {} and in ⬢ {name}, and they differ",
                context.env.in_words(file.path())
            ),
            "remove one of them first, or give it another name",
        )
    })?;
    let size = changes.scales.as_ref().map(|(_, size)| size.clone());
    let there = || Some(found.as_ref()?.scale.as_ref()?.size.clone());
    let size = size.or_else(there).unwrap_or_else(|| "Basic".to_owned());
    let deployment = Deployment {
        context,
        stop,
        flags,
        options: &options,
        login: &login,
        file_in_words: context.env.in_words(file.path()),
        file: &file,
        schedules: &schedules,
        cost: words::cost(&prices, way, &size),
        name,
        package: &package,
        found,
        way,
        size,
        readers,
    };
    deployment.go(&changes).await
}

impl Deployment<'_> {
    async fn go(&self, changes: &Changes) -> Result<u8, Error> {
        let (ui, name) = (self.context.ui, &self.name);
        if !changes.is_nothing() {
            self.announce(changes);
            self.agree().await?;
        }
        let done = self.carry_out(changes).await?;
        let url = format!("https://dashboard.heroku.com/apps/{name}/scheduler");
        ui.either(
            || {
                let mut text = if changes.is_nothing() {
                    format!("⬢ {name} is as it should be: nothing was changed")
                } else {
                    format!("⬢ {name} runs the schedules")
                };
                if let Some(at) = done.alive_at {
                    text = format!("{text}; its newest sign of life: {at:.0}");
                }
                text
            },
            || {
                json!({
                    "runner_app": name, "changed": !changes.is_nothing(), "created": changes.makes_app, "released": changes.releases,
                    "authorized": changes.authorizes, "schedules": done.schedules, "process": match self.way {
                        Way::Scheduler => "scheduler",
                        Way::Dyno(_) => "dyno",
                    },
                    "size": self.size, "cost_cents_per_month": self.cost.0, "alive_at": done.alive_at,
                })
            },
        );
        if let Some(kept) = &done.kept {
            ui.say(&format!(
                "The schedules are in its config vars now; {} is the file as it was",
                self.context.env.in_words(kept)
            ));
        }
        if self.way == Way::Scheduler {
            ui.say(&format!(
                "One step is yours, since Heroku Scheduler has no API: at {url} add a job, every 10 minutes, with this command:\n\n  {}\n",
                crate::runner::slug::COMMAND
            ));
            ui.hint(&format!(
                "heroku addons:open scheduler --app {name} opens that page"
            ));
        } else if !ui.is_json {
            ui.hint(&format!(
                "heroku logs --app {name} shows what it does; {} shows what it will do",
                self.context.verb("plan")
            ));
        }
        Ok(exit::DONE)
    }

    fn announce(&self, changes: &Changes) {
        let ui = self.context.ui;
        ui.say(if changes.makes_app {
            "A runner on Heroku:"
        } else {
            "The runner on Heroku is brought up to date:"
        });
        ui.say(&auth::lines(&words::lines(self, changes)));
        if changes.authorizes {
            ui.say("A scope is for every app that the account reaches. Where others can read the token: deploy as a user of its own, invited to these apps only (heroku access:add).");
        }
    }

    async fn agree(&self) -> Result<(), Error> {
        let ui = self.context.ui;
        if self.flags.yes {
            return Ok(());
        }
        if !ui.can_ask() {
            return Err(Error::usage(
                "deploy asks before it acts, and there is nobody to ask",
                "add --yes",
            ));
        }
        match ui.ask("Do it?", true, self.stop).await {
            Some(true) => Ok(()),
            Some(false) => Err(Error::Declined),
            None => Err(Error::Interrupted),
        }
    }
}

/// The schedules file of this machine; a dyno of the runner has none.
fn file(context: &Context<'_>, named: Option<&Path>) -> Result<SchedulesFile, Error> {
    match Store::locate(named, context.env)? {
        Store::File(file) => Ok(file),
        _ => Err(Error::usage(
            "this is a dyno of a runner",
            "deploy from a machine of yours",
        )),
    }
}

/// The name that is meant: that of the runner which there is, one that was chosen, that of a deploy
/// which was cut off, or a new one.
fn name(context: &Context<'_>, flags: &Deploy, known: Option<&str>) -> Result<String, Error> {
    let typed = flags.runner_app.as_ref().map(ToString::to_string);
    match (known, typed) {
        (Some(known), Some(typed)) if known != typed => Err(Error::usage(
            format!("the schedules are in the config vars of ⬢ {known}, not of ⬢ {typed}"),
            format!("{} brings them back first", context.verb("deploy:remove")),
        )),
        (Some(name), _) => Ok(name.to_owned()),
        (None, Some(typed)) => Ok(typed),
        (None, None) => {
            let state = crate::state::StateDir::open(context.env)?;
            let fresh = || {
                let id = uuid::Uuid::new_v4().simple().to_string();
                format!("autorestart-{}", &id[..8])
            };
            Ok(state.noted(NOTE).unwrap_or_else(fresh))
        }
    }
}

fn package(context: &Context<'_>, named: Option<&Path>) -> Result<Package, Error> {
    let path = match named {
        Some(path) => path.to_owned(),
        None => context
            .env
            .own_binary()
            .map_err(|error| Error::io("this program", error))?,
    };
    let shown = context.env.in_words(&path);
    let binary = Package::read(&path).map_err(|error| Error::io(&shown, error))?;
    let action = context.ui.action("Packing the binary");
    let packed = Package::of(&binary).map_err(|why| {
        Error::usage(
            format!("{shown} cannot run on a dyno: {why}"),
            "name a binary for Linux on x86-64 with --binary PATH",
        )
    });
    if packed.is_ok() {
        action.done();
    }
    packed
}

/// The login, which must be the account's own: only that makes authorizations.
async fn login(context: &Context<'_>, options: &Options) -> Result<auth::Login, Error> {
    let login = auth::login(context, options).await?;
    let login = login.filter(|login| login.account.is_some());
    login.ok_or_else(|| Error::Other {
        code: "not_logged_in",
        message: "deploy makes an app and an authorization, which takes the login of an account"
            .to_owned(),
        hint: Some(
            "run heroku login first, and unset HEROKU_API_KEY where it is set to less".to_owned(),
        ),
    })
}

/// The schedules of the file, each with the id of its app; every app is within reach.
async fn identified(
    file: &SchedulesFile,
    login: &auth::Login,
    options: &Options,
) -> Result<Vec<Schedule>, Error> {
    let mut schedules = file.read()?;
    for schedule in &mut schedules {
        if let Some(error) = crate::pass::foreign_host(schedule, options.host.machine()) {
            return Err(error);
        }
        let name = schedule.app.id_or_name().to_owned();
        let app = login.client.app(&name).await.map_err(|error| match error {
            crate::heroku::Error::Api { status: 403 | 404, .. } => Error::usage(
                format!("⬢ {} has a schedule, and this account has no access to it: {error}", schedule.app.name),
                "deploy as an account that reaches every app with a schedule, or remove that schedule",
            ),
            error => error.into(),
        })?;
        if schedule.app.id.is_none() {
            // As its first pass would have written it down.
            schedule.app.id = Some(app.id);
            schedule.app.account = login.email().map(ToOwned::to_owned);
            let host = options.host.machine();
            schedule.app.host = (host != crate::pass::HEROKU).then(|| host.to_owned());
        }
    }
    Ok(schedules)
}

/// Whether the authorization of the runner is known not to be there any more: only its own account can
/// tell.
async fn is_authorization_gone(
    context: &Context<'_>,
    login: &auth::Login,
    found: &Found,
) -> Result<bool, Error> {
    let Some((id, account)) = found.authorization() else {
        return Ok(true);
    };
    if account != login.email() {
        return Ok(false);
    }
    auth::adopt(context, login, id).await?;
    Ok(!login.client.has_authorization(id).await?)
}
