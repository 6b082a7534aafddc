//! The steps of a deploy, one after the other; what was made is undone when one fails.

use super::{
    ACCOUNT, AUTHORIZATION, Deployment, SCHEDULER, VERSION,
    begun::Begun,
    changes::{Changes, Way},
    found::{look_again, runner},
    made::Made,
    words,
};
use crate::{
    commands::auth::{self, Wish},
    error::Error,
    heroku::{Fate, NewSlug, OwnApp, Place},
    runner::slug::{PROCESS_TYPE, process_types},
    state::StateDir,
    store,
};
use jiff::Timestamp;
use std::{collections::BTreeMap, path::PathBuf};

/// What came of it.
pub struct Done {
    pub schedules: usize,
    pub alive_at: Option<Timestamp>,
    /// The schedules file as it was.
    pub kept: Option<PathBuf>,
}

impl Deployment<'_> {
    /// # Errors
    /// When a step fails; what was made by then is undone.
    pub(super) async fn carry_out(&self, changes: &Changes) -> Result<Done, Error> {
        let mut made = Made::default();
        match self.take_steps(changes, &mut made).await {
            Ok(done) => Ok(done),
            Err(error) => {
                // Why comes first, what is undone after.
                if made.app.is_some() || made.authorization.is_some() {
                    self.context.ui.say("Taking back what was made");
                }
                if made.is_joined
                    && let Some(found) = &self.found
                {
                    self.take_back(&found.app.id, changes, made.was_begun).await;
                }
                let is_old = made.app.is_none();
                made.undo(self.context, self.stop, &self.login.client).await;
                if let Some((problem, hint)) = super::half_made(self.context).filter(|_| is_old) {
                    self.context.ui.warn(&problem);
                    self.context.ui.hint(&hint);
                }
                Err(error)
            }
        }
    }

    async fn take_steps(&self, changes: &Changes, made: &mut Made) -> Result<Done, Error> {
        let (client, ui) = (&self.login.client, self.context.ui);
        let app = self.app(changes, made).await?;
        let id = app.id.as_str();
        made.on = Some(app.id.clone());
        self.go_on()?;
        if changes.authorizes {
            made.authorization = Some(self.authorize(&app).await?);
        }
        self.go_on()?;
        let slug = if changes.releases {
            Some(self.upload(&app).await?)
        } else {
            None
        };
        let mut since = client.now();
        self.set(id, changes, made).await?;
        self.go_on()?;
        if let Some(slug) = slug {
            let action = ui.action(&format!("Releasing version {VERSION}"));
            client
                .release(id, &slug, &format!("autorestart {VERSION}"))
                .await?;
            action.done();
        }
        if let Some((quantity, size)) = &changes.scales {
            let action = ui.action(&match quantity {
                0 => "Stopping its dyno".to_owned(),
                _ => format!("Starting one {size} dyno"),
            });
            let scaled = client.scale(id, PROCESS_TYPE, *quantity, size).await;
            scaled.map_err(|error| words::no_dyno(self, error, size))?;
            action.done();
        }
        if changes.releases || changes.scales.is_some() {
            // What ran before may still speak of itself until now.
            since = client.now();
        }
        if changes.adds_scheduler {
            let action = ui.action("Adding Heroku Scheduler");
            client.add(id, &format!("{SCHEDULER}standard")).await?;
            action.done();
        }
        self.go_on()?;
        let alive_at = match self.way {
            Way::Scheduler => None,
            Way::Dyno(_) if changes.is_nothing() => match self.last_sign(id).await? {
                // Before this machine leaves its schedules to it, it must live.
                None if !self.is_known => Some(self.first_sign(id, client.now()).await?),
                last => last,
            },
            Way::Dyno(_) => Some(self.first_sign(id, since).await?),
        };
        let runner = runner(&app, self.options.host.machine());
        let kept = self
            .file
            .move_to(&self.context.clock, &runner, self.schedules)
            .await?;
        // From here on it runs, and nothing of it is to be undone.
        (made.app, made.authorization, made.is_joined) = (None, None, false);
        let state = StateDir::open(self.context.env)?;
        if Begun::read(&state).is_some_and(|begun| begun.is_of(&app)) {
            Begun::forget(&state);
        }
        let there = self.found.as_ref().map_or(0, |found| found.schedules.len());
        let moved = |is_there: bool| {
            let of_schedules = changes
                .sets
                .iter()
                .filter(|(name, _)| store::is_schedule(name));
            of_schedules
                .filter(|(_, value)| value.is_some() == is_there)
                .count()
        };
        Ok(Done {
            schedules: there + moved(true) - moved(false),
            alive_at,
            kept,
        })
    }

    fn begun(&self, id: Option<&str>) -> Begun {
        let host = self.options.host.machine();
        Begun::new(&self.name, id, self.login, host).with(self.schedules)
    }

    /// Sets its config vars, and with them the token that it has from now on.
    async fn set(&self, app: &str, changes: &Changes, made: &mut Made) -> Result<(), Error> {
        let mut sets = changes.sets.clone();
        if let Some(made) = &made.authorization {
            let text = |text: &str| Some(text.to_owned());
            sets.extend([
                ("HEROKU_API_KEY".to_owned(), text(made.token.expose())),
                (AUTHORIZATION.to_owned(), text(&made.authorization.id)),
                (ACCOUNT.to_owned(), self.login.email().and_then(text)),
            ]);
        }
        let moves = sets.keys().any(|name| store::is_schedule(name));
        if moves && made.app.is_none() {
            // Should we be cut off: it acts on them from now on.
            let state = StateDir::open(self.context.env)?;
            let before = Begun::read_on(&state, self.options.host.machine());
            let before = before.filter(|begun| begun.id.as_deref() == Some(app));
            made.was_begun = before.is_some();
            let begun = before.unwrap_or_else(|| self.begun(Some(app)).joined());
            begun.with(self.schedules).keep(&state)?;
            made.is_joined = true;
        }
        if !sets.is_empty() {
            let action = self.context.ui.action("Setting its config vars");
            let after = self.login.client.set_config_vars(app, &sets).await?;
            let is_as_set = |(name, value): (&String, &Option<String>)| {
                after.contains_key(name) == value.is_some()
            };
            if !sets.iter().all(is_as_set) {
                return Err(Error::Other {
                    code: "not_set",
                    message: "Heroku's answer lacks the config vars that were set".to_owned(),
                    hint: Some("run it again".to_owned()),
                });
            }
            action.done();
        }
        if let Some(authorization) = &made.authorization {
            // It is in use from now on, whatever comes: no later command takes it for left behind.
            auth::forget(self.context, &authorization.note);
            made.is_token_set = true;
            if made.app.is_none() {
                self.revoke_others(app, &authorization.authorization.id)
                    .await;
            }
        }
        Ok(())
    }

    /// Schedules that did not move after all: the runner that was there must not act on them.
    async fn take_back(&self, app: &str, changes: &Changes, was_begun: bool) {
        let sets = changes.sets.keys().filter(|name| store::is_schedule(name));
        let unsets: BTreeMap<String, Option<String>> =
            sets.map(|name| (name.clone(), None)).collect();
        if unsets.is_empty() {
            return;
        }
        let (ui, name) = (self.context.ui, &self.name);
        match self.login.client.set_config_vars(app, &unsets).await {
            Ok(_) => {
                ui.say(&format!(
                    "The schedules were taken out of the config vars of ⬢ {name} again"
                ));
                // The app itself may be left of a deploy that was cut off.
                if let Ok(state) = StateDir::open(self.context.env)
                    && !was_begun
                {
                    Begun::forget(&state);
                }
            }
            Err(error) => {
                let names: Vec<&str> = unsets.keys().map(String::as_str).collect();
                let names = names.join(" ");
                ui.warn(&format!(
                    "⬢ {name} acts on the schedules that were to move: they could not be taken out again: {error}"
                ));
                ui.hint(&format!("heroku config:unset {names} --app {name} does it"));
            }
        }
    }

    /// Authorizations that runners of this name had before are of no use any more.
    async fn revoke_others(&self, app: &str, made: &str) {
        // A colleague, or another machine, may have given it another one since.
        let (begin, client) = (super::mark(app), &self.login.client);
        let revoked = match client.config_vars(app).await {
            Ok(config) => {
                let in_use = config.get(AUTHORIZATION).map_or(made, String::as_str);
                let but = [made, in_use];
                auth::revoke_described(self.context, self.stop, client, &begin, &but).await
            }
            Err(error) => Err(error.into()),
        };
        match revoked {
            Ok(0) => {}
            Ok(_) => self
                .context
                .ui
                .say("The authorization that it had before was revoked"),
            Err(error) => {
                self.context.ui.warn(&format!(
                    "whether an authorization that it had before is left is not known: {error}"
                ));
                self.context.ui.hint(&format!(
                    "heroku authorizations lists those that begin with \"{begin}\"; heroku authorizations:revoke ID takes one away"
                ));
            }
        }
    }

    /// # Errors
    /// When somebody wants us to leave.
    fn go_on(&self) -> Result<(), Error> {
        if self.stop.is_set() {
            return Err(Error::Interrupted);
        }
        Ok(())
    }

    /// The app that there is, or a new one.
    async fn app(&self, changes: &Changes, made: &mut Made) -> Result<OwnApp, Error> {
        if let (false, Some(found)) = (changes.makes_app, &self.found) {
            return Ok(found.app.clone());
        }
        let (client, flags, name) = (&self.login.client, self.flags, &self.name);
        let place = Place {
            team: flags.team.as_deref(),
            space: flags.space.as_deref(),
            region: flags.region.as_deref(),
        };
        let state = StateDir::open(self.context.env)?;
        self.begun(None).keep(&state)?;
        let action = self.context.ui.action(&format!("Creating ⬢ {name}"));
        let app = match client.make_app(name, &place).await {
            Ok(app) => app,
            // It may have been made all the same: nobody else had the name a moment ago.
            Err(error) if matches!(error.fate(), Fate::Broken | Fate::Silent) => {
                match look_again(client, name).await {
                    Ok(Some(app)) => app,
                    Ok(None) => return Err(error.into()),
                    Err(_) => {
                        return Err(Error::Other {
                            code: error.code(),
                            message: format!("whether ⬢ {name} was made is not known: {error}"),
                            hint: Some(format!(
                                "heroku apps:info --app {name} tells; the next {} goes on with it",
                                self.context.verb("deploy")
                            )),
                        });
                    }
                }
            }
            Err(error) => {
                Begun::forget(&state);
                return Err(error.into());
            }
        };
        made.app = Some(app.clone());
        self.begun(Some(&app.id)).keep(&state)?;
        if app.is_fir {
            return Err(Error::usage(
                "the app is of the Fir generation, which takes no slugs",
                "leave --space out, or name a space of the Cedar generation",
            ));
        }
        action.done();
        Ok(app)
    }

    async fn authorize(&self, app: &OwnApp) -> Result<auth::Made, Error> {
        let mark = uuid::Uuid::new_v4().simple().to_string();
        let wish = Wish {
            scope: "write".to_owned(),
            lifetime: None,
            description: format!("{}({}, {})", super::mark(&app.id), app.name, &mark[..6]),
        };
        auth::create(
            self.context,
            self.stop,
            self.login,
            self.options.host.machine(),
            &wish,
        )
        .await
        .map_err(|error| words::refused(self, error))
    }

    /// Makes a slug and puts its bytes where Heroku says; returns its id.
    async fn upload(&self, app: &OwnApp) -> Result<String, Error> {
        let client = &self.login.client;
        #[expect(clippy::cast_precision_loss, reason = "it is shown with one digit")]
        let megabytes = self.package.bytes.len() as f64 / 1e6;
        let action = self
            .context
            .ui
            .action(&format!("Uploading {megabytes:.1} MB"));
        let slug = NewSlug {
            process_types: process_types(),
            stack: &app.stack,
            checksum: &self.package.checksum,
            commit: VERSION,
        };
        let slug = client.make_slug(&app.id, &slug).await?;
        let mut sent = self
            .stop
            .or(client.upload(&slug, self.package.bytes.clone()))
            .await?;
        if sent.is_err() {
            // The same bytes to the same place.
            sent = self
                .stop
                .or(client.upload(&slug, self.package.bytes.clone()))
                .await?;
        }
        sent?;
        action.done();
        Ok(slug.id)
    }
}
