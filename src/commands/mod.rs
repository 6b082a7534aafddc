//! One file per verb: gather, call, report; no decisions.

mod apply;
mod auth;
mod daily_cycle;
mod demo;
mod deploy;
mod describe;
mod described;
mod doctor;
mod fleets;
mod foresee;
mod history;
mod index;
mod install;
mod notify;
mod notifying;
mod passes;
mod pause;
mod plan;
mod remove;
mod run;
mod runners;
mod sandbox;
mod set;
mod simulate;
mod status;
mod tell;
mod void;

use crate::{
    cli::{AppFlags, Cli, Command, Common},
    clock::Clock,
    credentials::{self, Credential, Use, records::is_same},
    env::Env,
    error::{Error, exit},
    heroku::{self, Client, Options, Renewal},
    pass,
    schedule::{self, AppName, Schedule, ScheduleName},
    signals,
    stop::Stop,
    store::{self, ConfigVars, Store, narrow},
    ui::Ui,
};
use jiff::{Timestamp, tz::TimeZone};
use std::{path::Path, sync::Arc};

/// What every command works with.
pub struct Context<'a> {
    pub env: &'a Env,
    pub ui: &'a Ui,
    pub clock: Clock,
}

/// Does what was typed; returns the exit code.
///
/// # Errors
/// When it cannot be done.
pub async fn dispatch(cli: Cli, context: &Context<'_>) -> Result<u8, Error> {
    match cli.command {
        None => index::index(context, &cli.index).await,
        Some(Command::Set(set)) => Box::pin(set::set(context, *set)).await,
        Some(Command::Remove(named)) => remove::remove(context, named).await,
        Some(Command::Pause(pause)) => pause::pause(context, pause).await,
        Some(Command::Resume(named)) => pause::resume(context, named).await,
        Some(Command::Plan(plan)) => plan::plan(context, plan).await,
        Some(Command::Run(run)) => Box::pin(run::run(context, run)).await,
        Some(Command::Auth(auth)) => auth::auth(context, auth).await,
        Some(Command::Notify(flags)) => Box::pin(notify::notify(context, flags)).await,
        Some(Command::Doctor(doctor)) => doctor::doctor(context, &doctor).await,
        Some(Command::Deploy(deploy)) => Box::pin(deploy::deploy(context, deploy)).await,
        Some(Command::Install(flags)) => Box::pin(install::install(context, flags)).await,
        Some(Command::Apply(flags)) => match Box::pin(apply::apply(context, flags)).await {
            Err(Error::Declined) => {
                context.ui.say("Nothing was changed");
                Ok(exit::DONE)
            }
            done => done,
        },
        Some(Command::Export(flags)) => apply::export(context, flags).await,
        Some(Command::Uninstall(flags)) => install::uninstall(context, flags).await,
        Some(Command::History(history)) => history::history(context, &history).await,
        Some(Command::Status(flags)) => Box::pin(status::status(context, flags)).await,
        Some(Command::Simulate(flags)) => simulate::simulate(context, &flags),
        Some(Command::Sandbox(sandbox)) => sandbox::sandbox(context, &sandbox).await,
        Some(Command::Demo(demo)) => demo::demo(context, &demo).await,
        Some(Command::Completions(completions)) => described::completions(&completions),
        Some(Command::Man(man)) => described::man(&man),
        Some(Command::Commands(_)) => Ok(describe::describe(context)),
    }
}

/// Set when somebody wants us to leave; signals count from the call on.
fn stop() -> Stop {
    let (sender, stop) = Stop::new();
    let stopped = signals::stopped();
    tokio::spawn(async move {
        stopped.await;
        let _ = sender.send(true);
        std::future::pending::<()>().await;
    });
    stop
}

impl Context<'_> {
    /// Where the schedules live: here, or where the schedules file says that they have moved to.
    async fn store(&self, named: Option<&Path>) -> Result<Store, Error> {
        let store = Store::locate(named, self.env)?;
        let runner = match store.file() {
            Some(file) => file.runner_app()?,
            None => None,
        };
        let Some(runner) = runner else {
            return Ok(store);
        };
        let (client, options, _) = self.client(Use::Person).await?;
        if options.host.machine() != runner.host {
            let (runner, host) = (runner.name, runner.host);
            return Err(store::Error::OtherHost { runner, host }.into());
        }
        let vars = ConfigVars::new(client.brief(), runner);
        Ok(Store::ConfigVars(Box::new(vars)))
    }

    /// The schedules of a store; what is wrong beside them is said, and what may act on others.
    async fn read(&self, store: &Store) -> Result<Vec<Schedule>, Error> {
        let (schedules, wrong) = store.read_all().await?;
        self.tell_wrong(&wrong);
        if let Some((problem, hint)) = deploy::half_made(self).filter(|_| store.file().is_some()) {
            self.ui.warn(&problem);
            self.ui.hint(&hint);
        }
        Ok(schedules)
    }

    /// Config vars that are no schedules.
    fn tell_wrong(&self, wrong: &[store::Error]) {
        for error in wrong {
            self.ui.warn(&error.to_string());
            error.hint().iter().for_each(|hint| self.ui.hint(hint));
        }
    }

    /// The schedules, wherever they live.
    async fn schedules_of(&self, common: &Common) -> Result<Vec<Schedule>, Error> {
        let store = self.store(common.schedules.as_deref()).await?;
        self.read(&store).await
    }

    /// The same for what goes on without them: those that are not on this machine may not be had
    /// before there is a credential.
    async fn schedules_within_reach(&self, common: &Common) -> Result<Vec<Schedule>, Error> {
        match self.schedules_of(common).await {
            Err(Error::Credential(_) | Error::Heroku(_)) => Ok(vec![]),
            Err(Error::Store(store::Error::Runner { runner, why })) => {
                self.ui.warn(&format!(
                    "the schedules in the config vars of ⬢ {runner} cannot be read: {why}"
                ));
                Ok(vec![])
            }
            read => read,
        }
    }

    /// How Heroku is reached.
    fn options(&self) -> Result<Options, Error> {
        let options = self.options_in_silence()?;
        if let Some(ignored) = options.ignored_host() {
            let ignored = heroku::redact::known(ignored, &[]);
            self.ui.warn(&format!(
                "HEROKU_HOST '{ignored}' is not a Heroku domain, using heroku.com"
            ));
        }
        Ok(options)
    }

    /// The same, without a word about a host that is passed over: it was said.
    fn options_in_silence(&self) -> Result<Options, Error> {
        Ok(Options::from_env(self.env)?)
    }

    /// A client with the credential that is wanted; a pass finds another one by itself, should it be
    /// rotated meanwhile.
    async fn client(&self, wanted: Use<'_>) -> Result<(Client, Options, Credential), Error> {
        let options = self.options()?;
        let credential = credentials::resolve(self.env, &options.host, wanted).await?;
        // One of ours that was removed meanwhile is not replaced by a login.
        let renewal = self.renewal(&options, wanted, &credential);
        let renewal = (wanted != Use::Person).then_some(renewal);
        let client = Client::renewed_by(&options, &credential, self.clock, renewal)?;
        Ok((client, options, credential))
    }

    fn renewal(&self, options: &Options, wanted: Use<'_>, first: &Credential) -> Renewal {
        let (is_own, of) = (first.source.is_own(), first.account.clone());
        // The login that the CLI handed over is that of the beginning.
        let (env, host) = (self.env.without_handed_over(), options.host.clone());
        let (is_pass, account) = match wanted {
            Use::Pass(account) => (true, account.map(ToOwned::to_owned)),
            Use::Now(account) => (false, account.map(ToOwned::to_owned)),
            Use::Person => (false, None),
        };
        Arc::new(move || {
            let (env, host, account) = (env.clone(), host.clone(), account.clone());
            let of = of.clone();
            Box::pin(async move {
                let account = account.as_deref();
                let wanted = if is_pass {
                    Use::Pass(account)
                } else {
                    Use::Now(account)
                };
                let found = credentials::resolve(&env, &host, wanted).await.ok();
                // Of the same kind, and of the same account.
                found.filter(|found| {
                    found.source.is_own() == is_own
                        && is_same(found.account.as_deref(), of.as_deref())
                })
            })
        })
    }

    /// A client for the app of a schedule: none where its token would go to another host.
    async fn client_for(&self, schedule: &Schedule) -> Result<Client, Error> {
        let (client, options, _) = self.client(Use::Person).await?;
        match pass::foreign_host(schedule, options.host.machine()) {
            Some(error) => Err(error),
            None => Ok(client),
        }
    }

    /// The app that is meant: typed, or resolved by the Heroku CLI, or `HEROKU_APP`.
    fn app(&self, flags: &AppFlags) -> Result<AppName, Error> {
        if let Some(app) = &flags.app {
            return Ok(app.clone());
        }
        if let Some(why) = self.env.text("AUTORESTART_CLI_APP_ERROR") {
            return Err(Error::usage(
                cli_words(why),
                "name the app with --app example-app",
            ));
        }
        if flags.remote.is_some() && !self.env.is_under_cli() {
            return Err(Error::usage(
                "--remote: git remotes are read by the Heroku CLI",
                "name the app with --app, or go through heroku dynos:autorestart",
            ));
        }
        let named = self
            .env
            .text("AUTORESTART_CLI_APP")
            .map(|app| ("the app of HEROKU_APP or of a git remote", app))
            .or_else(|| Some(("HEROKU_APP", self.env.text("HEROKU_APP")?)));
        let Some((from, app)) = named else {
            return Err(Error::usage(
                "no app: --app is missing",
                "name the app with --app example-app, or set HEROKU_APP",
            ));
        };
        app.parse().map_err(|invalid| {
            Error::usage(
                format!("{from} '{app}': {invalid}"),
                "name the app with --app example-app",
            )
        })
    }

    /// A command of ours as the user would type it.
    #[must_use]
    pub fn verb(&self, verb: &str) -> String {
        self.env.verb(verb)
    }

    /// The one schedule that is meant.
    fn one(
        &self,
        schedules: Vec<Schedule>,
        app: &AppName,
        name: Option<&ScheduleName>,
    ) -> Result<Schedule, Error> {
        let fleets = schedules.iter().filter(|one| one.app.is_fleet());
        let flags: Vec<String> = fleets.map(|one| one.app.flags()).collect();
        let mut found = narrow(schedules, Some(app), name);
        match (found.len(), name) {
            (1, _) => Ok(found.remove(0)),
            (0, Some(name)) => Err(self.no_such(format!("{app} has no schedule '{name}'"))),
            (0, None) if flags.is_empty() => Err(self.no_such(format!("{app} has no schedule"))),
            (0, None) => Err(Error::Other {
                code: "no_such_schedule",
                message: format!("{app} has no schedule of its own"),
                hint: Some(format!(
                    "a schedule of several apps is named as it was set: {}",
                    flags.join(", or ")
                )),
            }),
            _ => {
                let names: Vec<_> = found
                    .iter()
                    .map(|schedule| schedule.name.to_string())
                    .collect();
                let message = format!("{app} has {} schedules: {}", names.len(), names.join(", "));
                Err(Error::usage(
                    message,
                    format!("name one with --name {}", names[0]),
                ))
            }
        }
    }

    fn no_such(&self, message: String) -> Error {
        Error::Other {
            code: "no_such_schedule",
            message,
            hint: Some(format!("{} lists what there is", self.verb(""))),
        }
    }
}

/// What the Heroku CLI says of an app that it cannot resolve, without what it frames that with.
fn cli_words(text: &str) -> String {
    let is_frame =
        |line: &&str| line.starts_with("The following error") || line.starts_with("See more help");
    text.lines()
        .map(str::trim_end)
        .filter(|line| !line.is_empty() && !is_frame(line))
        .collect::<Vec<_>>()
        .join("\n")
        .trim()
        .to_owned()
}

/// An instant that a flag names.
fn instant(flag: &str, text: &str, zone: &TimeZone) -> Result<Timestamp, Error> {
    schedule::instant_in(text, zone).map_err(|invalid| {
        let (problem, example) = (invalid.problem, invalid.example);
        Error::usage(
            format!("{flag} '{text}': {problem}"),
            format!("give a date or a date with a time, for example {example}"),
        )
    })
}
