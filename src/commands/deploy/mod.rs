//! `deploy`: a runner on Heroku. Looks at what there is, says what it is about to do and what that
//! costs, does it step by step, and believes it when the runner's first sign of life is in the log.

mod before;
mod begun;
mod changes;
mod found;
mod made;
mod remove;
mod signs;
mod steps;
pub(super) mod token;
mod words;

use super::{Context, auth};
use crate::{
    cli::{Deploy, DeployCommand},
    error::{Error, exit},
    heroku::Options,
    runner::slug::Package,
    schedule::Schedule,
    state::StateDir,
    stop::Stop,
    store::SchedulesFile,
};
use before::{file, identified, is_authorization_gone, known, login, name, package, told, way};
use begun::Begun;
use changes::{Changes, Wanted, Way, changes};
use found::Found;
use serde_json::json;
pub(super) use words::{cents, readers};

/// The config var with the id of the runner's authorization, and the one that says whose it is.
const AUTHORIZATION: &str = "AUTORESTART_AUTHORIZATION";
pub(super) const ACCOUNT: &str = "AUTORESTART_ACCOUNT";
/// The add-on that is Heroku's scheduler.
pub(super) const SCHEDULER: &str = "scheduler:";
/// What the descriptions of the authorizations of all runners begin with.
pub(super) const RUNNER: &str = "heroku dynos:autorestart runner ";
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
    /// Whether this machine's file names the runner already.
    is_known: bool,
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
    if let Some(missing) = file.missing() {
        return Err(missing.into());
    }
    let options = context.options()?;
    let host = options.host.machine();
    let package = package(context, flags.binary.as_deref())?;
    let login = stop.unless(login(context, &options)).await?;
    // One deploy at a time, from its first look on.
    let _alone = auth::alone(context, stop).await?;
    let known = known(&file, host)?;
    let name = name(context, flags, known.as_ref(), &login, host, stop);
    let name = stop.unless(name).await?;
    let action = context.ui.action("Looking at what there is");
    let found = before::look(context, &login, known.as_ref(), &name, host);
    let found = stop.unless(found).await?;
    // Its name may be another one by now.
    let name = found.as_ref().map_or(name, |found| found.app.name.clone());
    if let (Some(known), None) = (&known, &found) {
        return Err(gone(context, &known.name));
    }
    before::fits(flags, &name, found.as_ref())?;
    let begun = before::begun(context, host, known.as_ref(), found.as_ref())?;
    let schedules = identified(file.read()?, &login, &options);
    let schedules = stop.unless(schedules).await?;
    let is_gone = match &found {
        Some(found) => {
            let gone = is_authorization_gone(context, &options, &login, found);
            stop.unless(gone).await?
        }
        None => false,
    };
    auth::sweep_runners(context, stop, &login, host).await;
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
    if let Some(found) = &found {
        context.tell_wrong(&found.wrong);
    }
    let way = way(flags, found.as_ref(), &name)?;
    let told = stop
        .unless(told(context, flags, &login, found.as_ref(), &schedules))
        .await?;
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
        told,
        begun: begun.as_ref(),
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
        is_known: known.is_some(),
        way,
        size,
        readers,
    };
    deployment.go(&changes).await
}

/// A runner that is gone took schedules with it; those of before it are not started unseen.
fn gone(context: &Context<'_>, name: &str) -> Error {
    let (remove, deploy) = (context.verb("deploy:remove"), context.verb("deploy"));
    Error::Other {
        code: "runner_gone",
        message: format!("⬢ {name} is gone, and the schedules in its config vars with it"),
        hint: Some(format!(
            "{remove} --confirm {name} brings back those of before it was deployed; look at them, then run {deploy} again"
        )),
    }
}

/// What a deploy, or its removal, has left half made: words, and the next command.
pub(super) fn half_made(context: &Context<'_>) -> Option<(String, String)> {
    let begun = Begun::read(&StateDir::open(context.env).ok()?)?;
    let name = begun.name;
    let (remove, deploy) = (context.verb("deploy:remove"), context.verb("deploy"));
    if begun.is_joined {
        return Some((
            format!(
                "⬢ {name} may have schedules of this machine, and restart by them whatever is changed here: a deploy to it was cut off"
            ),
            format!("{deploy} goes on with it"),
        ));
    }
    Some((
        format!(
            "⬢ {name} is a runner that was not made, or not removed, to the end: it may restart by the schedules that it has, whatever is changed here"
        ),
        format!("{deploy} goes on with it, {remove} --confirm {name} takes it away"),
    ))
}

impl Deployment<'_> {
    async fn go(&self, changes: &Changes) -> Result<u8, Error> {
        let (ui, name) = (self.context.ui, &self.name);
        if changes.authorizes && self.login.is_federated() {
            return Err(words::federated(self));
        }
        if !changes.is_nothing() {
            self.announce(changes);
            self.agree().await?;
        }
        if !changes.is_nothing() && !self.flags.yes {
            self.look_again().await?;
        }
        let done = self.carry_out(changes).await?;
        ui.either(
            || {
                let mut text = if changes.is_nothing() && done.kept.is_none() {
                    format!("⬢ {name} is as it should be: nothing was changed")
                } else if self.way == Way::Scheduler {
                    format!("⬢ {name} is ready, and runs nothing before its job is there")
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
            self.lead_to_scheduler().await;
        } else if !ui.is_json {
            if self.found.as_ref().is_some_and(|found| found.has_scheduler) {
                ui.hint(&format!(
                    "Heroku Scheduler is still there, and its job does no harm: heroku addons:destroy scheduler --app {name} takes both away"
                ));
            }
            ui.hint(&format!(
                "heroku logs --app {name} shows what it does; {} shows what it will do",
                self.context.verb("plan")
            ));
        }
        Ok(exit::DONE)
    }

    /// The one step that has no API, and its page.
    async fn lead_to_scheduler(&self) {
        let (ui, name) = (self.context.ui, &self.name);
        let url = format!("https://dashboard.heroku.com/apps/{name}/scheduler");
        ui.say(&format!(
            "One step is yours, since Heroku Scheduler has no API: at {url} add a job, every 10 minutes, with this command:\n\n  {}\n",
            crate::runner::slug::COMMAND
        ));
        let may_open = ui.can_ask() && !self.flags.yes;
        let question = "Open that page in the browser?";
        if may_open && ui.ask(question, true, self.stop).await == Some(true) {
            match open::that_detached(&url) {
                Ok(()) => return,
                Err(error) => ui.warn(&format!("no browser could be opened: {error}")),
            }
        }
        ui.hint(&format!(
            "heroku addons:open scheduler --app {name} opens that page"
        ));
    }

    fn announce(&self, changes: &Changes) {
        let ui = self.context.ui;
        ui.say(if changes.makes_app {
            "A runner on Heroku:"
        } else {
            "The runner on Heroku is brought up to date:"
        });
        ui.say(&auth::lines(&words::lines(self, changes)));
        let there = self.found.as_ref().map_or(0, |found| found.schedules.len());
        if there + self.schedules.len() == 0 {
            ui.warn(&format!(
                "There are no schedules yet: it has nothing to do until {} makes one",
                self.context.verb("set")
            ));
        }
        if changes.authorizes {
            ui.say("A scope is for every app that the account reaches. Where others can read the token: deploy as a user of its own, invited to these apps only (heroku access:add).");
        }
    }

    /// What was agreed to is what is done: somebody may have changed it while it was asked.
    async fn look_again(&self) -> Result<(), Error> {
        let (client, host) = (&self.login.client, self.options.host.machine());
        let meant = self
            .found
            .as_ref()
            .map_or(&self.name, |found| &found.app.id);
        let is_ours = self.found.is_some();
        let look = Box::pin(Found::look(client, meant, host, is_ours));
        let fresh = self.stop.unless(look).await?;
        if fresh.as_ref().map(Found::seen) == self.found.as_ref().map(Found::seen) {
            return Ok(());
        }
        Err(Error::Other {
            code: "changed_meanwhile",
            message: format!("⬢ {} was changed while it was asked", self.name),
            hint: Some("run it again: it takes what is there now".to_owned()),
        })
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

/// What the descriptions of a runner's authorizations have, whatever its app is called by then: the
/// beginning of the app's id.
fn mark(app_id: &str) -> String {
    let id = app_id.get(..8).unwrap_or(app_id);
    format!("{RUNNER}{id} ")
}
