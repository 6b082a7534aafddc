//! The steps of a deploy, one after the other; what was made is undone when one fails.

use super::{
    ACCOUNT, AUTHORIZATION, Deployment, NOTE, SCHEDULER, VERSION,
    changes::{Changes, Way},
    found::runner,
    made::Made,
};
use crate::{
    commands::auth::{self, Wish},
    error::Error,
    heroku::{Client, Fate, NewSlug, OwnApp, Place},
    runner::{
        deployed,
        slug::{PROCESS_TYPE, process_types},
    },
    snapshot::State,
    state::StateDir,
    store,
};
use jiff::{SignedDuration, Timestamp};
use std::path::PathBuf;

/// What came of it.
pub struct Done {
    pub schedules: usize,
    pub alive_at: Option<Timestamp>,
    /// The schedules file as it was.
    pub kept: Option<PathBuf>,
}

/// How long a new runner may take to its first sign of life: a dyno starts within a minute.
const FIRST_SIGN: SignedDuration = SignedDuration::from_mins(3);

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
                made.undo(self.context, self.stop, &self.login.client).await;
                Err(error)
            }
        }
    }

    async fn take_steps(&self, changes: &Changes, made: &mut Made) -> Result<Done, Error> {
        let (client, ui) = (&self.login.client, self.context.ui);
        let app = self.app(changes, made).await?;
        let id = app.id.as_str();
        self.go_on()?;
        let mut sets = changes.sets.clone();
        if changes.authorizes {
            let authorization = self.authorize(&app).await?;
            let token = authorization.token.expose().to_owned();
            sets.insert("HEROKU_API_KEY".to_owned(), Some(token));
            sets.insert(
                AUTHORIZATION.to_owned(),
                Some(authorization.authorization.id.clone()),
            );
            sets.insert(
                ACCOUNT.to_owned(),
                self.login.email().map(ToOwned::to_owned),
            );
            made.authorization = Some(authorization);
        }
        self.go_on()?;
        let slug = if changes.releases {
            Some(self.upload(&app).await?)
        } else {
            None
        };
        let mut since = client.now();
        if !sets.is_empty() {
            let action = ui.action("Setting its config vars");
            client.set_config_vars(id, &sets).await?;
            action.done();
        }
        if let Some(authorization) = &made.authorization {
            // It is in use from now on, whatever comes: no later command takes it for left behind.
            auth::forget(self.context, &authorization.note);
            made.is_token_set = true;
        }
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
            client.scale(id, PROCESS_TYPE, *quantity, size).await?;
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
            Way::Dyno(_) if changes.is_nothing() => self.last_sign(id).await?,
            Way::Dyno(_) => Some(self.first_sign(id, since).await?),
        };
        let runner = runner(&app, self.options.host.machine());
        let kept = self
            .file
            .move_to(&self.context.clock, &runner, self.schedules)
            .await?;
        // From here on it runs, and nothing of it is to be undone.
        let authorization = made.authorization.take();
        made.app = None;
        if let Some(authorization) = authorization {
            self.revoke_others(id, &authorization.authorization.id)
                .await;
        }
        StateDir::open(self.context.env)?.forget_note(NOTE);
        let there = self.found.as_ref().map_or(0, |found| found.schedules.len());
        let moved = changes.sets.keys().filter(|name| store::is_schedule(name));
        Ok(Done {
            schedules: there + moved.count(),
            alive_at,
            kept,
        })
    }

    /// Authorizations that runners of this name had before are of no use any more.
    async fn revoke_others(&self, app: &str, but: &str) {
        for id in std::iter::once(app).chain(self.lost.as_deref()) {
            let begin = super::mark(id);
            let client = &self.login.client;
            match auth::revoke_described(self.context, self.stop, client, &begin, Some(but)).await {
                Ok(0) => {}
                Ok(_) => self
                    .context
                    .ui
                    .say("The authorization that it had before was revoked"),
                Err(error) => self.context.ui.warn(&format!(
                    "whether an authorization that it had before is left is not known: {error}"
                )),
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
        StateDir::open(self.context.env)?.note(NOTE, name)?;
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
                StateDir::open(self.context.env)?.forget_note(NOTE);
                return Err(error.into());
            }
        };
        made.app = Some(app.clone());
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

    async fn last_sign(&self, app: &str) -> Result<Option<Timestamp>, Error> {
        let seen = self
            .stop
            .unless(deployed::look(&self.login.client, app))
            .await?;
        let now = self.login.client.now();
        let alive = seen.beat.filter(|beat| beat.is_alive(now));
        if alive.is_none() {
            let (ui, name) = (self.context.ui, &self.name);
            ui.warn(&format!(
                "⬢ {name} is as it should be, and shows no sign of life"
            ));
            ui.hint(&format!(
                "heroku ps:restart --app {name} starts it anew; heroku logs --app {name} shows why"
            ));
        }
        Ok(alive.map(|beat| beat.at))
    }

    /// Waits for a sign of life that is newer than this.
    async fn first_sign(&self, app: &str, since: Timestamp) -> Result<Timestamp, Error> {
        let (client, clock) = (&self.login.client, self.context.clock);
        let action = self.context.ui.action("Waiting for its first sign of life");
        let (mut problem, mut tail, mut crashes) = (None, vec![], 0);
        // A dyno that crashed is started once more at once, and then not for a while.
        while client.now().duration_since(since) < FIRST_SIGN && crashes < 3 {
            match self.stop.or(deployed::look(client, app)).await? {
                Ok(seen) => {
                    if let Some(beat) = seen.beat.filter(|beat| beat.at >= since) {
                        action.done();
                        if let Some(trouble) = beat.trouble {
                            self.context
                                .ui
                                .warn(&format!("it runs, and has trouble: {trouble}"));
                        }
                        return Ok(beat.at);
                    }
                    let has_crashed = seen.dyno == Some(State::Crashed);
                    crashes = if has_crashed { crashes + 1 } else { 0 };
                    problem = has_crashed.then(|| "its dyno crashed".to_owned());
                    tail = seen.tail;
                }
                // Logs come when they come.
                Err(error) => problem = Some(error.to_string()),
            }
            self.stop
                .or(clock.sleep(SignedDuration::from_secs(2)))
                .await?;
        }
        drop(action);
        for line in &tail {
            self.context
                .ui
                .say(&format!("  {}: {}", line.from, line.text));
        }
        let why = problem.map_or(String::new(), |problem| format!(": {problem}"));
        Err(Error::Other {
            code: "no_sign_of_life",
            message: format!(
                "⬢ {} has shown no sign of life within 3 minutes{why}",
                self.name
            ),
            hint: Some("the lines above are the end of its log; run it again".to_owned()),
        })
    }
}

/// Looks a few times for an app that may show late.
async fn look_again(client: &Client, name: &str) -> Result<Option<OwnApp>, crate::heroku::Error> {
    for _ in 0..2 {
        if let Some(app) = client.own_app(name).await? {
            return Ok(Some(app));
        }
    }
    Ok(None)
}
