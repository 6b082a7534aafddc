//! Fleets: which apps a schedule of several is for, asked of Heroku when something is due, and known
//! from then on.

mod members;
mod resolve;

pub use members::{Change, Known, Member};
pub use resolve::resolve;

use crate::{
    error::Error,
    heroku::Client,
    schedule::{App, Fleet, Membership, Schedule},
    state::{StateDir, short_hash},
};
use jiff::Timestamp;
use std::{cell::RefCell, collections::BTreeMap};

/// What is known of fleets, kept in the state directory.
#[derive(Debug)]
pub struct Fleets {
    state: StateDir,
    known: RefCell<BTreeMap<String, Known>>,
}

impl Fleets {
    #[must_use]
    pub fn open(state: &StateDir) -> Self {
        Self {
            state: state.clone(),
            known: RefCell::default(),
        }
    }

    /// The schedules with those of a fleet's apps in place of the fleet, as far as they are known.
    #[must_use]
    pub fn expand(&self, schedules: &[Schedule]) -> Vec<Schedule> {
        self.expand_where(schedules, |_| true)
    }

    /// The schedules that are for this app, by itself or as one of a fleet.
    #[must_use]
    pub fn of_app(&self, schedules: &[Schedule], id: &str, name: &str) -> Vec<Schedule> {
        let is_it = |member: &Member| member.is(id) || member.is(name);
        let is_own = |app: &App| app.is(id) || app.is(name);
        // A thousand apps ask before each of their steps: others are not even copied.
        let may_be = schedules
            .iter()
            .filter(|one| one.app.is_fleet() || is_own(&one.app));
        let may_be: Vec<Schedule> = may_be.cloned().collect();
        self.expand_where(&may_be, is_it)
    }

    fn expand_where(
        &self,
        schedules: &[Schedule],
        is_wanted: impl Fn(&Member) -> bool,
    ) -> Vec<Schedule> {
        for fleet in schedules.iter().filter(|one| one.app.is_fleet()) {
            self.load(&fleet.app);
        }
        let known = self.known.borrow();
        members::expand(schedules, |one| known.get(&key(&one.app)), is_wanted)
    }

    /// Whether Heroku is to be asked about a fleet, or about the one that an app is of, before anything
    /// is done for it.
    pub fn is_stale(
        &self,
        one: &Schedule,
        now: Timestamp,
        is_due: impl Fn(&Schedule) -> bool,
    ) -> bool {
        if one.app.membership == Membership::Alone {
            return false;
        }
        let is_any_due = || {
            if one.app.is_fleet() {
                self.expand(std::slice::from_ref(one)).iter().any(&is_due)
            } else {
                is_due(one)
            }
        };
        self.load(&one.app);
        let known = self.known.borrow();
        let known = known.get(&key(&one.app));
        known.is_some_and(|known| known.is_stale(one, now, is_any_due))
    }

    /// Whether it had apps, and has none any more.
    #[must_use]
    pub fn is_gone(&self, fleet: &App) -> bool {
        let has_lost = |known: &Known| known.members.is_empty() && !known.former.is_empty();
        self.of(fleet, has_lost)
    }

    /// Whether Heroku has told that it has no app, and never of any.
    #[must_use]
    pub fn is_empty(&self, fleet: &App) -> bool {
        let never_had = |known: &Known| known.members.is_empty() && known.former.is_empty();
        self.of(fleet, |known| known.at.is_some() && never_had(known))
    }

    /// Whether an answer has the apps that are known, and no others: what is otherwise may be wrong, and is
    /// not believed alone.
    #[must_use]
    pub fn is_as_known(&self, fleet: &App, found: &[Member]) -> bool {
        self.of(fleet, |known| known.is_as_known(found))
    }

    /// What two answers come to: an app that is known is in one of them, a new one in both.
    #[must_use]
    pub fn agreed(&self, fleet: &App, newer: &[Member], older: &[Member]) -> Vec<Member> {
        self.of(fleet, |known| known.agreed(newer, older))
    }

    /// Which apps a fleet has, as Heroku tells and by the ids that are known.
    ///
    /// # Errors
    /// See [`resolve`].
    pub async fn found(
        &self,
        client: &Client,
        app: &App,
        fleet: &Fleet,
    ) -> Result<Vec<Member>, Error> {
        let mut found = resolve(client, fleet).await?;
        if !fleet.apps.is_empty() {
            self.of(app, |known| known.keep_ids(&mut found));
        }
        Ok(found)
    }

    fn of<T>(&self, fleet: &App, ask: impl FnOnce(&Known) -> T) -> T {
        self.load(fleet);
        let known = self.known.borrow();
        ask(known.get(&key(fleet)).unwrap_or(&Known::default()))
    }

    /// Takes over what came of asking about a fleet; tells what has changed. What cannot be written is
    /// asked again by the next process.
    pub fn take(
        &self,
        fleet: &App,
        found: Option<Vec<Member>>,
        now: Timestamp,
        is_kept: bool,
    ) -> Change {
        self.load(fleet);
        let mut known = self.known.borrow_mut();
        let known = known.entry(key(fleet)).or_default();
        known.asked = Some(now);
        let change = found.map(|found| known.take(&found, now));
        if is_kept {
            let text = serde_json::to_string(known).unwrap_or_default();
            if let Err(error) = self.state.note(&place(fleet), &text) {
                tracing::debug!(%error, "what is known of a fleet is not kept");
            }
        }
        change.unwrap_or_default()
    }

    fn load(&self, app: &App) {
        let key = key(app);
        if self.known.borrow().contains_key(&key) {
            return;
        }
        let text = self.state.noted(&place(app)).unwrap_or_default();
        let known = serde_json::from_str(&text).unwrap_or_default();
        self.known.borrow_mut().insert(key, known);
    }
}

/// What a fleet is known by: the same for its entry and for its apps.
fn key(app: &App) -> String {
    let label = match &app.membership {
        Membership::Member(label) => label,
        Membership::Alone | Membership::Fleet(_) => &app.name,
    };
    format!("{:?}\n{:?}\n{label}", app.host, app.account)
}

fn place(app: &App) -> String {
    format!("fleet.{}.json", short_hash(&key(app)))
}
