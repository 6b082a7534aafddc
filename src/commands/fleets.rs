//! Commands that are about several apps: which flags name them, and which apps they are now.

use super::Context;
use crate::{
    cli::{AppFlags, FleetFlags},
    error::Error,
    fleet::Fleets,
    schedule::{AppName, Fleet, Membership, Schedule},
    state::StateDir,
};

impl Context<'_> {
    /// The app that is meant, or what several of them are called.
    pub(super) fn meant(
        &self,
        flags: &AppFlags,
        fleet: &FleetFlags,
    ) -> Result<(AppName, Membership), Error> {
        let given = Fleet {
            apps: fleet.apps.iter().cloned().collect(),
            team: fleet.team.clone(),
            pipeline: fleet.pipeline.clone(),
            stage: fleet.stage,
            matching: fleet.apps_matching.clone(),
        };
        if given.is_empty() {
            return Ok((self.app(flags)?, Membership::Alone));
        }
        let example = "for example --pipeline shop --stage production, or --apps one,two";
        if let Some((key, problem)) = given.problem() {
            return Err(Error::usage(format!("--{key}: {problem}"), example));
        }
        if flags.app.is_some() || flags.remote.is_some() {
            return Err(Error::usage(
                "--app names one app, and --apps, --team, --pipeline or --apps-matching several",
                format!("give one of them, {example}"),
            ));
        }
        Ok((given.label(), Membership::Fleet(Box::new(given))))
    }

    /// The schedule that an app has as one of a fleet, as far as fleets are known here, in place of one of
    /// its own of this name.
    pub(super) fn of_fleet(&self, schedules: &[Schedule], own: &Schedule) -> Option<Schedule> {
        let fleets = Fleets::open(&StateDir::to_read(self.env).ok()?);
        let (id, name) = (own.app.id.as_deref(), own.app.name.as_str());
        let all = fleets.of_app(schedules, id.unwrap_or_default(), name);
        all.into_iter().find(|one| {
            let is_member = matches!(one.app.membership, Membership::Member(_));
            one.name == own.name && is_member
        })
    }

    /// The schedules with those of a fleet's apps in its place. Heroku is asked about fleets that are not
    /// known; what is known is kept by passes alone.
    pub(super) async fn expanded(&self, schedules: &[Schedule]) -> Result<Vec<Schedule>, Error> {
        let state = StateDir::to_read(self.env)?;
        let fleets = Fleets::open(&state);
        for one in schedules {
            let Some(fleet) = one.app.fleet() else {
                continue;
            };
            let found = async {
                let client = self.client_for(one).await?;
                fleets.found(&client, &one.app, fleet).await
            };
            match found.await {
                Ok(found) => {
                    let now = self.clock.now();
                    fleets.take(&one.app, Some(found), now, false);
                }
                Err(error) => {
                    let label = &one.app.name;
                    self.ui
                        .warn(&format!("the apps of {label} could not be listed: {error}"));
                    error.hint().iter().for_each(|hint| self.ui.hint(hint));
                }
            }
        }
        Ok(fleets.expand(schedules))
    }
}
