//! The schedules as a watch knows them: read again when the store may have changed.

use crate::{
    schedule::{AppName, Schedule},
    store::{Stamp, Store, narrow},
    ui::Ui,
};

/// The schedules as they were last read.
#[derive(Debug, Default)]
pub(super) struct Known {
    pub schedules: Vec<Schedule>,
    pub stamp: Option<Stamp>,
    /// Why they may not be what is meant.
    pub problem: Option<String>,
    is_unread: bool,
}

impl Known {
    pub fn of(schedules: Vec<Schedule>) -> Self {
        Self {
            schedules,
            ..Self::default()
        }
    }

    /// The schedules as they are by now, those of one app or all; what is wrong is said once.
    pub async fn read_again(&mut self, store: &Store, ui: &Ui, app: Option<&AppName>) {
        let fresh = store.stamp();
        let is_as_known = fresh.is_some() && fresh == self.stamp;
        if is_as_known && !self.is_unread {
            return;
        }
        match store.read().await {
            Ok(all) => {
                let schedules = narrow(all, app, None);
                // Who takes a file away wants no restart by it; but it may be gone by mistake.
                let is_news = schedules.is_empty() && !self.schedules.is_empty();
                let is_lost = is_news || self.problem.is_some() || store.missing().is_some();
                let problem = store.absent().filter(|_| is_lost && schedules.is_empty());
                if is_news {
                    let why = problem.as_deref().unwrap_or("they were removed");
                    ui.warn(&format!("there are no schedules to run any more: {why}"));
                }
                *self = Self {
                    schedules,
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
