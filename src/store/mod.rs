//! Where schedules live: in the schedules file of this machine, or in config vars of the runner app,
//! which its whole team edits.

mod config_vars;
mod disk;
mod entry;
mod environment;
mod error;
mod schedules_file;
mod schema;
mod text;
mod variable;

pub use config_vars::ConfigVars;
pub use disk::Stamp;
pub use environment::{Environment, RUNNER_APP};
pub use error::Error;
pub use schedules_file::SchedulesFile;
pub use schema::schema;
pub use text::fingerprint;

use crate::{
    clock::Clock,
    env::Env,
    schedule::{App, AppName, Schedule, ScheduleName},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    rc::Rc,
};

/// The Heroku app that runs the schedules, and has them in its config vars.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunnerApp {
    pub name: String,
    pub id: String,
    /// The API that it is on: `api.heroku.com`.
    pub host: String,
}

#[derive(Debug, Clone)]
pub enum Store {
    File(SchedulesFile),
    ConfigVars(Box<ConfigVars>),
    /// On a dyno of the runner app: the same config vars, to be read only.
    Environment(Environment),
}

/// What a change of a schedule comes to, key by key, with the values before and after.
#[must_use]
pub fn changes(
    before: &Schedule,
    after: &Schedule,
) -> Vec<(&'static str, Option<String>, Option<String>)> {
    text::changes(before, after)
}

/// Reads a schedules file from its text.
///
/// # Errors
/// When it is none: what is wrong, and where.
pub fn parse(source: &str) -> Result<Vec<Schedule>, Error> {
    text::read(Path::new("schedules.toml"), source)
}

impl Store {
    /// On a dyno of the runner app its environment; else the schedules file, `--schedules PATH` or
    /// `AUTORESTART_FILE`, or `schedules.toml` in the config directory.
    ///
    /// # Errors
    /// When there is no home to keep it in.
    pub fn locate(named: Option<&Path>, env: &Env) -> Result<Self, Error> {
        if let (None, Some(environment)) = (named, Environment::of_runner(env)) {
            return Ok(Self::Environment(environment));
        }
        SchedulesFile::locate(named, env).map(Self::File)
    }

    /// The schedules file, where it is that.
    #[must_use]
    pub fn file(&self) -> Option<&SchedulesFile> {
        match self {
            Self::File(file) => Some(file),
            Self::ConfigVars(_) | Self::Environment(_) => None,
        }
    }

    /// The runner app whose config vars these are.
    #[must_use]
    pub fn runner_app(&self) -> Option<&RunnerApp> {
        match self {
            Self::ConfigVars(vars) => Some(vars.runner()),
            Self::File(_) | Self::Environment(_) => None,
        }
    }

    /// Where it is, in words.
    #[must_use]
    pub fn place(&self) -> String {
        match self {
            Self::File(file) => file.path().display().to_string(),
            Self::ConfigVars(vars) => format!("the config vars of ⬢ {}", vars.runner().name),
            Self::Environment(environment) => environment.place(),
        }
    }

    /// What tells it from other stores, the same on each call.
    #[must_use]
    pub fn key(&self) -> String {
        match self {
            Self::File(file) => {
                let path = std::path::absolute(file.path());
                let path = path.unwrap_or_else(|_| file.path().to_owned());
                path.display().to_string()
            }
            Self::ConfigVars(vars) => format!("runner:{}", vars.runner().name),
            Self::Environment(environment) => environment.key(),
        }
    }

    /// The error that a file which somebody named is not there.
    #[must_use]
    pub fn missing(&self) -> Option<Error> {
        self.file()?.missing()
    }

    /// Why a file has no schedules, where that is no choice of the moment: it is gone, or they have moved.
    #[must_use]
    pub fn absent(&self) -> Option<String> {
        let file = self.file()?;
        let moved = file.runner_app().ok().flatten();
        let moved = moved.map(|runner| {
            let name = runner.name;
            format!("they have moved to the config vars of ⬢ {name}, which runs them")
        });
        let gone = || (!file.path().exists()).then(|| format!("{} is gone", self.place()));
        moved
            .or_else(|| file.missing().map(|missing| missing.to_string()))
            .or_else(gone)
    }

    /// All schedules, in the order of the store; none when there is no file. Config vars that are no
    /// schedules are passed over.
    ///
    /// # Errors
    /// When it cannot be read, or an entry of a file is wrong.
    pub async fn read(&self) -> Result<Vec<Schedule>, Error> {
        Ok(self.read_all().await?.0)
    }

    /// The same, and what is wrong with config vars that were passed over: one person's slip must not
    /// stop the schedules of a whole team, and must not go unsaid.
    ///
    /// # Errors
    /// When it cannot be read, or an entry of a file is wrong.
    pub async fn read_all(&self) -> Result<(Vec<Schedule>, Vec<Error>), Error> {
        match self {
            Self::File(file) => Ok((file.read()?, vec![])),
            Self::ConfigVars(vars) => vars.read().await,
            Self::Environment(environment) => Ok((environment.read(), environment.problems())),
        }
    }

    /// All schedules; a file that has not changed since it was last read is not read again.
    ///
    /// # Errors
    /// When it cannot be read, or an entry of a file is wrong.
    pub async fn current(&self) -> Result<Rc<Vec<Schedule>>, Error> {
        match self {
            Self::File(file) => file.read_again(),
            Self::ConfigVars(_) | Self::Environment(_) => self.read().await.map(Rc::new),
        }
    }

    /// The same where no request is needed for it; else `None`.
    #[must_use]
    pub fn read_here(&self) -> Option<Rc<Vec<Schedule>>> {
        match self {
            Self::File(file) => file.read_again().ok(),
            Self::ConfigVars(_) => None,
            Self::Environment(environment) => Some(Rc::new(environment.read())),
        }
    }

    /// What changes when the store does, and is told without reading it; `None` where that cannot be
    /// told.
    #[must_use]
    pub fn stamp(&self) -> Option<Stamp> {
        self.file().and_then(|file| disk::stamp(file.path()))
    }

    /// Creates or replaces the schedule of this app and name; tells whether there was one. Where the
    /// store has it twice, under the app's former name too, the other entry goes.
    ///
    /// # Errors
    /// When it cannot be read or written; it is then as it was.
    pub async fn put(&self, clock: &Clock, schedule: &Schedule) -> Result<bool, Error> {
        match self {
            Self::File(file) => file.put(clock, schedule).await,
            Self::ConfigVars(vars) => vars.put(schedule).await,
            Self::Environment(environment) => Err(environment.is_read_only()),
        }
    }

    /// Changes this schedule as it is in the store by now, whatever was read before; returns it as it
    /// was and as it is, or `None` when it is there no more.
    ///
    /// # Errors
    /// When it cannot be read or written; it is then as it was.
    pub async fn change(
        &self,
        clock: &Clock,
        known: &Schedule,
        change: impl FnOnce(Schedule) -> Schedule,
    ) -> Result<Option<(Schedule, Schedule)>, Error> {
        match self {
            Self::File(file) => file.change(clock, known, change).await,
            Self::ConfigVars(vars) => vars.change(known, change).await,
            Self::Environment(environment) => Err(environment.is_read_only()),
        }
    }

    /// Takes these schedules out; tells how many there were.
    ///
    /// # Errors
    /// When it cannot be read or written; it is then as it was.
    pub async fn remove(&self, clock: &Clock, schedules: &[Schedule]) -> Result<usize, Error> {
        match self {
            Self::File(file) => file.remove(clock, schedules).await,
            Self::ConfigVars(vars) => vars.remove(schedules).await,
            Self::Environment(environment) => Err(environment.is_read_only()),
        }
    }

    /// Puts and takes out all of these at once, or none.
    ///
    /// # Errors
    /// When it cannot be read or written; it is then as it was.
    pub async fn apply(
        &self,
        clock: &Clock,
        puts: &[Schedule],
        removes: &[Schedule],
    ) -> Result<(), Error> {
        match self {
            Self::File(file) => file.apply(clock, puts, removes).await,
            Self::ConfigVars(vars) => vars.apply(puts, removes).await,
            Self::Environment(environment) => Err(environment.is_read_only()),
        }
    }

    /// Writes down whose schedules these are: each app's name and id, account and host. Leaves an entry
    /// alone that was changed meanwhile, and one whose new name another entry has; tells of each whether
    /// it was written.
    ///
    /// # Errors
    /// When it cannot be read or written; it is then as it was.
    pub async fn identify(
        &self,
        clock: &Clock,
        known: &[(Schedule, App)],
    ) -> Result<Vec<bool>, Error> {
        match self {
            Self::File(file) => file.identify(clock, known).await,
            Self::ConfigVars(vars) => vars.identify(known).await,
            // A change of a config var would restart the runner; it knows for as long as it runs.
            Self::Environment(_) => Ok(vec![true; known.len()]),
        }
    }
}

/// The place of the entry with this schedule's app and name: by the app's name, else by its id, which
/// an entry from before a rename has.
fn find(entries: &[Schedule], schedule: &Schedule) -> Option<usize> {
    let is_it =
        |entry: &Schedule| entry.app.name == schedule.app.name && entry.name == schedule.name;
    let by_name = entries.iter().position(is_it);
    by_name.or_else(|| entries.iter().position(|entry| has_id_of(entry, schedule)))
}

fn has_id_of(entry: &Schedule, schedule: &Schedule) -> bool {
    schedule.app.id.is_some() && entry.app.id == schedule.app.id && entry.name == schedule.name
}

/// The entries to write identities over: a place for each that is known, or none where it was changed
/// meanwhile, or another entry has its new name.
fn identified(entries: &[Schedule], known: &[(Schedule, App)]) -> Vec<Option<usize>> {
    let mut written = BTreeSet::new();
    let place = |(known, app): &(Schedule, App)| {
        let is_it = |entry: &Schedule| entry.app.name == known.app.name && entry.name == known.name;
        let is_taken = |entry: &Schedule| {
            !is_it(entry) && entry.app.name == app.name && entry.name == known.name
        };
        let place = entries.iter().position(is_it);
        let is_as_known = |place: &usize| fingerprint(&entries[*place]) == fingerprint(known);
        let is_free = !entries.iter().any(is_taken)
            && written.insert((app.name.to_string(), known.name.to_string()));
        place.filter(is_as_known).filter(|_| is_free)
    };
    known.iter().map(place).collect()
}

/// The config vars for these schedules, with names that none of the others has.
#[must_use]
pub fn variables(schedules: &[Schedule], taken: &[&str]) -> BTreeMap<String, String> {
    variable::all(schedules, taken)
}

/// The config var that has this schedule.
#[must_use]
pub fn variable_of(variables: &BTreeMap<String, String>, schedule: &Schedule) -> Option<String> {
    let is_it = |one: &Schedule| one.app.is_same(&schedule.app) && one.name == schedule.name;
    let mut all = variable::read(variables).into_iter();
    all.find(|(_, read)| read.as_ref().is_ok_and(is_it))
        .map(|(name, _)| name)
}

/// Whether a config var of a runner app is a schedule.
#[must_use]
pub fn is_schedule(variable: &str) -> bool {
    variable::is_ours(variable)
}

/// The schedules among the config vars of a runner app, and what is wrong with those that are none.
#[must_use]
pub fn schedules_in(
    runner: &RunnerApp,
    variables: &BTreeMap<String, String>,
) -> (Vec<Schedule>, Vec<Error>) {
    let (mut schedules, mut wrong) = (vec![], vec![]);
    for (name, read) in variable::read(variables) {
        match read {
            Ok(schedule) => schedules.push(schedule),
            Err(problem) => wrong.push(variable::wrong(runner, &name, problem)),
        }
    }
    (schedules, wrong)
}

/// A schedules file with these in it, as text.
#[must_use]
pub fn as_text(schedules: &[Schedule]) -> String {
    text::of_schedules(schedules)
}

/// The schedules that a typed app and name narrow to.
#[must_use]
pub fn narrow(
    schedules: Vec<Schedule>,
    app: Option<&AppName>,
    name: Option<&ScheduleName>,
) -> Vec<Schedule> {
    let is_app = |schedule: &Schedule| app.is_none_or(|app| schedule.app.is(app.as_str()));
    let is_name = |schedule: &Schedule| name.is_none_or(|name| schedule.name == *name);
    schedules
        .into_iter()
        .filter(|schedule| is_app(schedule) && is_name(schedule))
        .collect()
}
