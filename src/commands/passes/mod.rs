//! Makes passes, with the credential of each account; accounts side by side, so that one without a
//! credential holds no other.

mod credential;
mod fleets;

use super::Context;
use crate::{
    credentials::Use,
    error::Error,
    execute::Tools,
    fleet::Fleets,
    heroku::{self, Client, Platform, Pool},
    ledger::{self, Ledger},
    listen,
    pass::{self, Heard, Identities, Listened, Options, Pass, Request},
    report::{AppReport, Report},
    runner::deployed,
    schedule::{AppName, Schedule},
    state::{self, StateDir},
    stop::Stop,
    store::{RUNNER_APP, Store},
};
use jiff::{SignedDuration, Timestamp};
use std::{
    cell::{Cell, OnceCell, RefCell},
    collections::BTreeMap,
    rc::Rc,
    sync::Arc,
};
use tokio::sync::Semaphore;

pub(super) struct Passes<'a> {
    /// When this process began to make passes.
    pub began: Timestamp,
    /// On a dyno, when the runner before this one was last alive, once that is known.
    pub since: Cell<Option<Timestamp>>,
    /// What the log of a runner tells of restarts that its ledger has lost.
    pub told: RefCell<Vec<ledger::Record>>,
    /// What logs are listened to with, by account: one for all of its apps.
    pub ears: RefCell<BTreeMap<Option<String>, Rc<Client>>>,
    /// One for all passes, so that it is not read anew.
    pub ledger: OnceCell<Ledger>,
    /// How many apps may be rolled side by side.
    pub turns: Semaphore,
    /// Who spends the requests of each account.
    pub pools: RefCell<BTreeMap<Option<String>, Arc<Pool>>>,
    /// How Heroku fares, asked for all apps.
    pub platform: Platform,
    /// Which apps fleets have, and what has changed of it.
    pub fleets: Fleets,
    pub ended: &'a dyn Fn(&mut AppReport, &[Schedule], Timestamp),
    pub news: RefCell<Vec<AppReport>>,
    pub context: &'a Context<'a>,
    pub store: &'a Store,
    pub state: &'a StateDir,
    pub stop: &'a Stop,
    pub is_watch: bool,
    pub no_wait: bool,
    /// Which process this is.
    pub process: String,
}

impl Passes<'_> {
    /// One pass over these schedules.
    /// Of logs that are listened to, `listened` has what they told.
    pub async fn over(
        &self,
        schedules: &[Schedule],
        is_dry_run: bool,
        listened: Option<&Listened>,
    ) -> Result<Report, Error> {
        let now = self.context.clock.now();
        let mut accounts = pass::by_account(schedules);
        let is_open = |schedule: &Schedule| pass::may_be_due(schedule, self.state, now);
        // Without anything to look at, no credential is needed.
        accounts.retain(|(_, schedules)| schedules.iter().any(is_open));
        let next = Schedule::next_of(schedules.iter(), now);
        if let [(account, schedules)] = &accounts[..] {
            let wanted = Use::Pass(account.as_deref());
            let made = self
                .go(wanted, schedules, None, (is_dry_run, listened))
                .await;
            return made.map(|report| {
                let of_all = Report::of_all(vec![report], now, None, is_dry_run);
                Report { next, ..of_all }
            });
        }
        let passes = accounts.iter().map(async |(account, schedules)| {
            let wanted = Use::Pass(account.as_deref());
            let made = self
                .go(wanted, schedules, None, (is_dry_run, listened))
                .await;
            made.unwrap_or_else(|error| match error {
                Error::Interrupted => Report {
                    is_interrupted: true,
                    ..Report::empty(now, is_dry_run)
                },
                error => failed(schedules, now, &error, is_dry_run),
            })
        });
        let reports = futures_util::future::join_all(passes).await;
        Ok(Report::of_all(reports, now, next, is_dry_run))
    }

    /// Listens to the log of these schedules' app for good. Why that cannot be done is said once.
    pub async fn listen(&self, schedules: &[Schedule], heard: &Heard) {
        /// Until a credential is looked for again.
        const LATER: SignedDuration = SignedDuration::from_mins(5);
        let Some(first) = schedules.first() else {
            return;
        };
        let (context, app) = (self.context, &first.app);
        let said: RefCell<Option<String>> = RefCell::default();
        let say = |why: Option<String>| {
            let is_news = *said.borrow() != why;
            let since = heard.unread.borrow().as_ref().map(|(since, _)| *since);
            let unread = why.as_ref().map(|why| {
                let since = since.unwrap_or_else(|| context.clock.now());
                (since, format!("{}: {why}", app.name))
            });
            heard.unread.replace(unread);
            if let Some(why) = why.as_ref().filter(|_| is_news) {
                let name = &app.name;
                context.ui.warn(&format!(
                    "{name}: its log cannot be read, so its memory is not watched: {why}"
                ));
            }
            said.replace(why);
        };
        let accounts = schedules
            .iter()
            .filter_map(|one| one.app.account.as_deref());
        let account = accounts.into_iter().next();
        loop {
            match self.ear(account).await {
                Ok(client) => {
                    let tell = |error: Option<&heroku::Error>| say(error.map(ToString::to_string));
                    listen::follow(&client, context.clock, app.id_or_name(), &heard.lives, tell)
                        .await;
                }
                Err(error) => say(Some(error.to_string())),
            }
            context.clock.sleep(LATER).await;
        }
    }

    async fn ear(&self, account: Option<&str>) -> Result<Rc<Client>, Error> {
        let of = account.map(ToOwned::to_owned);
        if let Some(client) = self.ears.borrow().get(&of) {
            return Ok(Rc::clone(client));
        }
        let (client, ..) = self.context.client(Use::Pass(account)).await?;
        let client = Rc::new(client);
        self.ears.borrow_mut().insert(of, Rc::clone(&client));
        Ok(client)
    }

    /// What somebody asks for now.
    pub async fn asked(
        &self,
        app: &AppName,
        schedules: &[Schedule],
        request: Request,
        is_dry_run: bool,
    ) -> Result<Report, Error> {
        let request = Some((app, request));
        let mut told = schedules
            .iter()
            .filter_map(|one| one.app.account.as_deref());
        // Of an app without a schedule nobody tells whose it is: it is whoever asks.
        let wanted = told.next().map_or(Use::Person, |of| Use::Now(Some(of)));
        self.go(wanted, schedules, request, (is_dry_run, None))
            .await
    }

    async fn go(
        &self,
        wanted: Use<'_>,
        schedules: &[Schedule],
        request: Option<(&AppName, Request)>,
        (is_dry_run, listened): (bool, Option<&Listened>),
    ) -> Result<Report, Error> {
        let context = self.context;
        let client = self.stop.unless(context.client(wanted)).await;
        if let (Err(error), None, false) = (&client, &request, is_dry_run) {
            pass::keep_trouble(self.state, schedules, context.clock.now(), error);
        }
        let (client, options, credential) = client?;
        let pool = credential.account.clone();
        let pool = Arc::clone(self.pools.borrow_mut().entry(pool).or_default());
        let client = client.sharing(&pool);
        let runner_id = self.state.runner_id()?;
        let ledger = self
            .ledger
            .get_or_init(|| Ledger::new(self.state.ledger(), runner_id.clone()));
        let has_nobody = self.is_watch || !context.ui.is_watched();
        let is_unattended = request.is_none() && has_nobody;
        let reports_from = self.reports_from(&client).await;
        let told = self.told.borrow().clone();
        let identities = Identities::default();
        let pass = Pass {
            told: &told,
            tools: Tools {
                client: &client,
                clock: context.clock,
                ledger,
                stop: self.stop,
                observer: context.ui,
                platform: &self.platform,
                lag: if is_unattended {
                    state::lag(&runner_id)
                } else {
                    SignedDuration::ZERO
                },
            },
            state: self.state,
            store: self.store,
            runner_id: &runner_id,
            process: &self.process,
            host: options.host.machine(),
            account: credential.account.as_deref(),
            turns: &self.turns,
            identities: &identities,
            fleets: &self.fleets,
            ended: self.ended,
            listened,
            options: Options {
                is_dry_run,
                no_wait: self.no_wait,
                is_unattended,
                reports_from,
            },
        };
        let mut report = match request {
            Some((app, request)) => pass.run_now(app.as_str(), schedules, request).await,
            None => pass.run(schedules).await,
        };
        if let Some(refused) = client.refused() {
            let changed = self.changed(wanted, options.host.machine());
            let refused = changed
                .filter(|_| credential.source.is_own())
                .unwrap_or(refused);
            // What an error has said already, with its hint, is not said again.
            let is_told = |app: &AppReport| {
                let code = app.error.as_ref().map(Error::code);
                code == Some("unauthorized")
            };
            for app in report.apps.iter_mut().filter(|app| !is_told(app)) {
                app.refusal = Some(refused.clone());
            }
        }
        if !is_dry_run {
            let warning = self.note_use(wanted, &client, &options, &credential).await;
            report.warnings.extend(warning);
        }
        Ok(report)
    }

    /// A Heroku dyno has no disk that outlives it: what was over when the runner before this one was
    /// last alive is not to be reported again. Its log tells when that was; where it cannot be read, a
    /// miss that was told already is told twice rather than never.
    async fn reports_from(&self, client: &Client) -> Option<Timestamp> {
        let env = self.context.env;
        env.text("DYNO")?;
        if let (None, Some(app)) = (self.since.get(), env.text(RUNNER_APP)) {
            match client.log(app).await {
                Ok(lines) => {
                    self.since.set(deployed::alive_before(&lines, self.began));
                    self.told.replace(deployed::told(&lines).records);
                }
                Err(error) => tracing::debug!(%error, "the log of the runner is not read"),
            }
        }
        self.since.get()
    }
}

/// What a pass would have reported that found no credential.
pub(super) fn failed(
    schedules: &[Schedule],
    now: Timestamp,
    error: &Error,
    is_dry_run: bool,
) -> Report {
    let apps = pass::by_app(schedules.iter()).into_values().map(|of_app| {
        let mut report = AppReport::of(of_app[0].app.name.as_str());
        report.error = Some(error.retold());
        report
    });
    Report {
        apps: apps.collect(),
        ..Report::empty(now, is_dry_run)
    }
}
