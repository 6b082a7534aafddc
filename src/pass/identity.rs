//! Which app a schedule means: found by its id, followed when renamed, locked while it is rolled.

use super::{HEROKU, ROLLED_ELSEWHERE, foreign_host, one_app::AppPass};
use crate::{
    error::Error,
    execute::Progress,
    heroku, observe,
    report::AppReport,
    schedule::{self, AppName, Membership, Schedule},
    snapshot::{App, Snapshot},
    state::{Lock, offset},
};
use jiff::{SignedDuration, Timestamp};

/// Requests for the whole of an app.
const FRESH_LOOK: u64 = 4;

impl AppPass<'_> {
    /// The app, its lock once nobody else of this machine has it, and when Heroku first answered;
    /// `None` when we do not wait, or have waited for as long as a pass may.
    pub(super) async fn lock(
        &mut self,
        report: &AppReport,
    ) -> Result<Option<(Option<Lock>, App, Timestamp)>, Error> {
        let (pass, tools) = (self.pass, &self.pass.tools);
        let stored = self
            .schedules
            .first()
            .and_then(|schedule| schedule.app.id.clone());
        let name = stored.unwrap_or_else(|| report.app.clone());
        let name = name.as_str();
        let first = tools.stop.unless(tools.client.app(name)).await;
        let mut app = first.map_err(|error| self.explain(error))?;
        let first_heard = tools.client.now();
        if pass.options.is_dry_run {
            return Ok(Some((None, app, first_heard)));
        }
        let mut has_waited = false;
        loop {
            if let Some(lock) = pass.state.lock(pass.host, &app.id)? {
                if has_waited {
                    app = tools.stop.unless(tools.client.app(name)).await?;
                }
                return Ok(Some((Some(lock), app, first_heard)));
            }
            tools.observer.progress(Progress::Waiting {
                app: &report.app,
                reason: ROLLED_ELSEWHERE,
            });
            let has_waited_enough =
                tools.client.now().duration_since(first_heard) >= self.longest_wait();
            // Meanwhile another app may be rolled in its place.
            drop(self.turn.take());
            if pass.options.no_wait
                || has_waited_enough
                || tools.pause(SignedDuration::from_secs(2)).await
            {
                return Ok(None);
            }
            self.take_turn().await?;
            has_waited = true;
        }
    }

    pub(super) async fn observe(&self, app: App, is_first: bool) -> Result<Snapshot, Error> {
        let (pass, client) = (self.pass, self.pass.tools.client);
        if is_first && pass.options.is_unattended && !pass.options.is_dry_run {
            // Two machines at one occurrence: each lets the other go first for a moment of its own.
            pass.tools.pause(offset(pass.runner_id)).await;
        }
        let gate = pass.tools.stop.or(client.gate(FRESH_LOOK)).await?;
        if let Some((_, wait)) = &gate
            && pass.tools.pause(*wait).await
        {
            return Err(Error::Interrupted);
        }
        let shape = observe::shape(client, &app);
        let shape = pass.tools.stop.unless(shape).await?;
        pass.tools
            .stop
            .unless(observe::dynos(client, app, shape))
            .await
    }

    pub(super) async fn observe_again(&self, before: &Snapshot) -> Result<Snapshot, Error> {
        let tools = &self.pass.tools;
        let app = tools.stop.unless(tools.client.app(&before.app.id)).await?;
        self.observe(app, false).await
    }

    fn explain(&self, error: Error) -> Error {
        let id = self
            .schedules
            .first()
            .and_then(|schedule| schedule.app.id.as_deref());
        match (&error, id) {
            (Error::Heroku(heroku::Error::Api { status: 404, .. }), Some(id)) => {
                let name = &self.schedules[0].app.name;
                Error::Other {
                    code: "app_gone",
                    message: format!("Heroku no longer shows this account an app with the id {id}"),
                    hint: Some(format!(
                        "if {name} was made anew, set its schedule again; if it is gone, remove the schedule"
                    )),
                }
            }
            _ => error,
        }
    }

    /// Fills in whose a schedule is that was written by hand, and follows a rename; says so. That
    /// it cannot be written down stops no restart.
    pub(super) async fn keep_identity(&mut self, report: &mut AppReport, app: &App) {
        let pass = self.pass;
        let is_renamed = |schedule: &Schedule| {
            schedule.app.name.as_str() != app.name && !schedule.app.name.is_id()
        };
        let Ok(name) = app.name.parse::<AppName>() else {
            return;
        };
        let identity = |schedule: &Schedule| schedule::App {
            name: name.clone(),
            id: Some(app.id.clone()),
            account: schedule
                .app
                .account
                .clone()
                .or_else(|| pass.account.map(ToOwned::to_owned)),
            host: schedule
                .app
                .host
                .clone()
                .or_else(|| (pass.host != HEROKU).then(|| pass.host.to_owned())),
            membership: schedule.app.membership.clone(),
        };
        let unknown: Vec<(Schedule, schedule::App)> = self
            .schedules
            .iter()
            .filter(|schedule| schedule.app.membership == Membership::Alone)
            .filter(|schedule| schedule.app.id.is_none() || is_renamed(schedule))
            .map(|schedule| (schedule.clone(), identity(schedule)))
            .collect();
        if unknown.is_empty() || pass.options.is_dry_run {
            return;
        }
        let written = match pass.identities.write(pass, &unknown).await {
            Ok(written) => written,
            Err(error) => {
                report.notices.push(format!(
                    "whose schedule it is could not be written down: {error}"
                ));
                return;
            }
        };
        for ((known, identity), is_written) in unknown.into_iter().zip(written) {
            let (was, is) = (&known.app.name, &app.name);
            match (is_written, is_renamed(&known)) {
                (true, true) => report
                    .notices
                    .push(format!("{was} is now called {is}; its schedule follows")),
                (false, true) => report.notices.push(format!(
                    "{was} is now called {is}, which has a schedule {} too: its entry was left",
                    known.name
                )),
                (_, false) => {}
            }
            let place = self
                .schedules
                .iter_mut()
                .find(|schedule| **schedule == known);
            if let Some(schedule) = place.filter(|_| is_written) {
                let mark = pass.state.mark(&known);
                schedule.app = identity;
                if let Err(error) = pass.state.set_mark(schedule, &mark) {
                    report.notices.push(error.to_string());
                }
            }
        }
    }

    /// The schedules as the store has them now: paused, changed or removed ones count at once.
    pub(super) async fn current(&self, app: &App) -> Option<Vec<Schedule>> {
        let all = self.pass.store.current().await.ok()?;
        Some(self.meant(&all, app))
    }

    /// The same without a request: nothing may come between the look at a dyno and its restart.
    pub(super) fn current_here(&self, app: &App) -> Option<Vec<Schedule>> {
        let all = self.pass.store.read_here()?;
        Some(self.meant(&all, app))
    }

    fn meant(&self, all: &[Schedule], app: &App) -> Vec<Schedule> {
        let mut meant = self.pass.fleets.of_app(all, &app.id, &app.name);
        meant.retain(|schedule| {
            let is_known = self.names.contains(&schedule.name);
            is_known && foreign_host(schedule, self.pass.host).is_none()
        });
        meant
    }
}
