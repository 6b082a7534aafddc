//! Which app a schedule means: found by its id, followed when renamed, locked while it is rolled.

use super::{ROLLED_ELSEWHERE, one_app::AppPass};
use crate::{
    error::Error,
    execute::Progress,
    heroku, observe,
    report::AppReport,
    snapshot::{App, Snapshot},
    state::offset,
};
use jiff::SignedDuration;
use std::fs::File;

impl AppPass<'_> {
    /// The app, and its lock once nobody else of this machine has it; `None` when we do not wait.
    pub(super) async fn lock(
        &self,
        report: &AppReport,
    ) -> Result<Option<(Option<File>, App)>, Error> {
        let (pass, tools) = (self.pass, &self.pass.tools);
        let stored = self
            .schedules
            .first()
            .and_then(|schedule| schedule.app.id.as_deref());
        let name = stored.unwrap_or(&report.app);
        let first = tools.unless_stopped(tools.client.app(name)).await;
        let mut app = first.map_err(|error| self.explain(error))?;
        if pass.options.is_dry_run {
            return Ok(Some((None, app)));
        }
        let mut has_waited = false;
        loop {
            if let Some(lock) = pass.state.lock(pass.host, &app.id)? {
                if has_waited {
                    app = tools.unless_stopped(tools.client.app(name)).await?;
                }
                return Ok(Some((Some(lock), app)));
            }
            tools.observer.progress(Progress::Waiting {
                app: &report.app,
                reason: ROLLED_ELSEWHERE,
            });
            if pass.options.no_wait || tools.pause(SignedDuration::from_secs(2)).await {
                return Ok(None);
            }
            has_waited = true;
        }
    }

    pub(super) async fn observe(&self, app: App, is_first: bool) -> Result<Snapshot, Error> {
        let (pass, client) = (self.pass, self.pass.tools.client);
        let shape = observe::shape(client, &app);
        let (formation, has_preboot) = pass.tools.unless_stopped(shape).await?;
        if is_first && pass.options.is_unattended && !pass.options.is_dry_run {
            // Two machines at one occurrence: each lets the other go first for a moment of its own.
            pass.tools.pause(offset(pass.runner_id)).await;
        }
        let dynos = pass.tools.unless_stopped(client.dynos(&app.id)).await?;
        Ok(Snapshot {
            at: client.now(),
            app,
            formation,
            dynos,
            has_preboot,
        })
    }

    pub(super) async fn observe_again(&self, before: &Snapshot) -> Result<Snapshot, Error> {
        let tools = &self.pass.tools;
        let app = tools
            .unless_stopped(tools.client.app(&before.app.id))
            .await?;
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
                    message: format!(
                        "{name}: Heroku no longer shows this account an app with the id {id}"
                    ),
                    hint: Some(format!(
                        "if {name} was made anew, set its schedule again; if it is gone, remove the schedule"
                    )),
                }
            }
            _ => error,
        }
    }

    /// Fills in the id of a schedule written by hand, and follows a rename, which is said.
    pub(super) async fn keep_identity(
        &mut self,
        report: &mut AppReport,
        app: &App,
    ) -> Result<(), Error> {
        for schedule in &mut self.schedules {
            let is_renamed = schedule.app.name.as_str() != app.name && !schedule.app.name.is_id();
            let Ok(name) = app.name.parse() else { continue };
            if (schedule.app.id.is_some() && !is_renamed) || self.pass.options.is_dry_run {
                continue;
            }
            if is_renamed {
                report.notices.push(format!(
                    "{} is now called {}; its schedule follows",
                    schedule.app.name, app.name
                ));
            }
            let mark = self.pass.state.mark(schedule);
            (schedule.app.name, schedule.app.id) = (name, Some(app.id.clone()));
            self.pass
                .store
                .put(&self.pass.tools.clock, schedule)
                .await?;
            self.pass.state.set_mark(schedule, &mark)?;
        }
        Ok(())
    }
}
