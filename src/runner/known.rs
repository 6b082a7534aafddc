//! The schedules as a watch knows them: read again when the store may have changed.

use super::passes::Passes;
use crate::{
    report::Report,
    schedule::{AppName, Schedule},
    store::{Stamp, Store, narrow},
    ui::Ui,
};

/// The schedules as they were last read.
#[derive(Debug, Default)]
pub(super) struct Known {
    pub schedules: Vec<Schedule>,
    /// The same with fleets as they are set.
    pub entries: Vec<Schedule>,
    pub stamp: Option<Stamp>,
    /// Why they may not be what is meant.
    pub problem: Option<String>,
    is_unread: bool,
}

impl Known {
    pub fn of(entries: Vec<Schedule>, passes: &impl Passes, app: Option<&AppName>) -> Self {
        let mut known = Self {
            entries,
            ..Self::default()
        };
        known.expand(passes, app);
        known
    }

    /// Takes over which apps fleets have by now.
    pub fn expand(&mut self, passes: &impl Passes, app: Option<&AppName>) {
        self.schedules = narrow(passes.expand(&self.entries), app, None);
    }

    /// Heroku was asked about fleets.
    pub fn hear(&mut self, told: Option<&Report>, passes: &impl Passes, app: Option<&AppName>) {
        if let Some(report) = told {
            passes.note(Ok(report), &self.entries);
            passes.tell(report);
        }
        self.expand(passes, app);
    }

    /// The fleets that Heroku is to be asked about.
    pub fn stale(&self, passes: &impl Passes) -> Vec<Schedule> {
        let fleets = self.entries.iter().filter(|one| one.app.is_fleet());
        fleets.filter(|one| passes.is_stale(one)).cloned().collect()
    }

    /// The schedules as they are by now, those of one app or all; what is wrong is said once.
    pub async fn read_again(
        &mut self,
        store: &Store,
        passes: &impl Passes,
        (ui, app): (&Ui, Option<&AppName>),
    ) {
        let fresh = store.stamp();
        let is_as_known = fresh.is_some() && fresh == self.stamp;
        if is_as_known && !self.is_unread {
            return;
        }
        match store.read().await {
            Ok(all) => {
                let schedules = narrow(passes.expand(&all), app, None);
                let has_none = narrow(all.clone(), app, None).is_empty() && schedules.is_empty();
                // Who takes a file away wants no restart by it; but it may be gone by mistake.
                let is_news = has_none && !self.schedules.is_empty();
                let is_lost = is_news || self.problem.is_some() || store.missing().is_some();
                let problem = store.absent().filter(|_| is_lost && has_none);
                if is_news {
                    let why = problem.as_deref().unwrap_or("they were removed");
                    ui.warn(&format!("there are no schedules to run any more: {why}"));
                }
                *self = Self {
                    schedules,
                    entries: all,
                    stamp: fresh,
                    problem,
                    is_unread: false,
                };
            }
            // It is read again, whether or not the file changes: it may only be out of reach.
            Err(error) => {
                let text = error.to_string();
                if self.problem.as_ref() != Some(&text) {
                    ui.error(&error.into());
                }
                (self.problem, self.stamp, self.is_unread) = (Some(text), fresh, true);
            }
        }
    }
}
