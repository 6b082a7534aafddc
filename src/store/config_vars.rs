//! Schedules in config vars of the runner app, one each: edits of different ones never collide; of
//! the same one the last wins, and reading back tells.
//!
//! A change of a config var is a release, which restarts the runner; its next pass goes on from what it
//! finds. Other config vars of the app are not kept, and one of them is a token.

use super::{Error, RunnerApp, find, has_id_of, identified, variable};
use crate::{
    heroku::Client,
    schedule::{App, Schedule},
};
use std::collections::BTreeMap;

#[derive(Debug, Clone)]
pub struct ConfigVars {
    client: Client,
    runner: RunnerApp,
}

/// Entries, and the variables that they are in.
struct Entries {
    names: Vec<String>,
    schedules: Vec<Schedule>,
    /// Variables that are no schedules, and why. They are left as they are: one person's slip must not
    /// stop the others.
    wrong: Vec<(String, String)>,
}

impl Entries {
    /// A variable for a schedule that is not there yet, beside these.
    fn free(&self, schedule: &Schedule, beside: &Changes) -> String {
        let wrong = self.wrong.iter().map(|(name, _)| name);
        let taken = self.names.iter().chain(wrong).chain(beside.keys());
        let taken: Vec<&str> = taken.map(String::as_str).collect();
        variable::name(schedule, &taken)
    }
}

type Changes = BTreeMap<String, Option<String>>;

impl ConfigVars {
    #[must_use]
    pub fn new(client: Client, runner: RunnerApp) -> Self {
        Self { client, runner }
    }

    #[must_use]
    pub fn runner(&self) -> &RunnerApp {
        &self.runner
    }

    /// What acts on the runner app.
    #[must_use]
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// All schedules, in the order of the names of their variables, and what is wrong with others.
    ///
    /// # Errors
    /// When Heroku cannot be asked.
    pub async fn read(&self) -> Result<(Vec<Schedule>, Vec<Error>), Error> {
        let entries = self.entries().await?;
        let wrong = entries.wrong.into_iter();
        let wrong = wrong.map(|(name, problem)| variable::wrong(&self.runner, &name, problem));
        Ok((entries.schedules, wrong.collect()))
    }

    async fn entries(&self) -> Result<Entries, Error> {
        let variables = self.client.config_vars(&self.runner.id).await;
        let variables = variables.map_err(|error| self.explain(error))?;
        let (mut names, mut schedules, mut wrong) = (vec![], vec![], vec![]);
        for (name, read) in variable::read(&variables) {
            match read {
                Ok(schedule) => {
                    schedules.push(schedule);
                    names.push(name);
                }
                Err(problem) => wrong.push((name, problem)),
            }
        }
        Ok(Entries {
            names,
            schedules,
            wrong,
        })
    }

    pub(super) async fn put(&self, schedule: &Schedule) -> Result<bool, Error> {
        let entries = self.entries().await?;
        let place = find(&entries.schedules, schedule);
        let name = match place {
            Some(place) => entries.names[place].clone(),
            None => entries.free(schedule, &Changes::new()),
        };
        let mut changes = Changes::from([(name, Some(variable::value(schedule)))]);
        for (other, entry) in entries.schedules.iter().enumerate() {
            if Some(other) != place && has_id_of(entry, schedule) {
                changes.insert(entries.names[other].clone(), None);
            }
        }
        self.write(&changes).await?;
        Ok(place.is_some())
    }

    pub(super) async fn change(
        &self,
        known: &Schedule,
        change: impl FnOnce(Schedule) -> Schedule,
    ) -> Result<Option<(Schedule, Schedule)>, Error> {
        let entries = self.entries().await?;
        let Some(place) = find(&entries.schedules, known) else {
            return Ok(None);
        };
        let before = entries.schedules[place].clone();
        let after = change(before.clone());
        let value = Some(variable::value(&after));
        self.write(&Changes::from([(entries.names[place].clone(), value)]))
            .await?;
        Ok(Some((before, after)))
    }

    pub(super) async fn remove(&self, schedules: &[Schedule]) -> Result<usize, Error> {
        let entries = self.entries().await?;
        let places = schedules
            .iter()
            .filter_map(|schedule| find(&entries.schedules, schedule));
        let gone: Changes = places
            .map(|place| (entries.names[place].clone(), None))
            .collect();
        self.write(&gone).await?;
        Ok(gone.len())
    }

    pub(super) async fn apply(&self, puts: &[Schedule], removes: &[Schedule]) -> Result<(), Error> {
        let entries = self.entries().await?;
        let mut changes = Changes::new();
        for schedule in removes {
            if let Some(place) = find(&entries.schedules, schedule) {
                changes.insert(entries.names[place].clone(), None);
            }
        }
        for schedule in puts {
            let name = match find(&entries.schedules, schedule) {
                Some(place) => entries.names[place].clone(),
                None => entries.free(schedule, &changes),
            };
            changes.insert(name, Some(variable::value(schedule)));
        }
        self.write(&changes).await
    }

    pub(super) async fn identify(&self, known: &[(Schedule, App)]) -> Result<Vec<bool>, Error> {
        let entries = self.entries().await?;
        let places = identified(&entries.schedules, known);
        let written = places.iter().zip(known);
        let written = written.filter_map(|(place, (known, app))| {
            let wanted = Schedule {
                app: app.clone(),
                ..known.clone()
            };
            let value = Some(variable::value(&wanted));
            Some((entries.names[(*place)?].clone(), value))
        });
        self.write(&written.collect()).await?;
        Ok(places.iter().map(Option::is_some).collect())
    }

    /// Writes variables, and reads back whether they are what was written.
    async fn write(&self, changes: &Changes) -> Result<(), Error> {
        if changes.is_empty() {
            return Ok(());
        }
        let told = self.client.set_config_vars(&self.runner.id, changes).await;
        let told = told.map_err(|error| self.explain(error))?;
        // What somebody else wrote since.
        let after = self.client.config_vars(&self.runner.id).await;
        let after = after.unwrap_or(told);
        let is_other =
            |(name, value): &(&String, &Option<String>)| after.get(*name) != value.as_ref();
        match changes.iter().find(is_other) {
            None => Ok(()),
            Some((name, _)) => Err(Error::Overwritten {
                variable: variable::in_words(&self.runner, name),
            }),
        }
    }

    fn explain(&self, error: crate::heroku::Error) -> Error {
        Error::Runner {
            runner: self.runner.name.clone(),
            why: Box::new(error),
        }
    }
}
