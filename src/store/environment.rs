//! Schedules as a dyno of the runner app has them: its config vars, as they were when it started.

use super::{Error, RunnerApp, variable};
use crate::{env::Env, schedule::Schedule};

/// The config var that makes a process one of the runner app: its name.
pub const RUNNER_APP: &str = "AUTORESTART_RUNNER_APP";

#[derive(Debug, Clone)]
pub struct Environment {
    runner: RunnerApp,
    schedules: Vec<Schedule>,
    wrong: Vec<(String, String)>,
}

impl Environment {
    /// `None` where this is no dyno of a runner app.
    #[must_use]
    pub fn of_runner(env: &Env) -> Option<Self> {
        // A dyno with schedules is one of a runner, should somebody unset that variable.
        let is_runner = |_: &&str| env.texts().keys().any(|name| variable::is_ours(name));
        let unnamed = || env.text("DYNO").filter(is_runner).map(|_| "this app");
        let name = env.text(RUNNER_APP).or_else(unnamed)?.to_owned();
        let (mut schedules, mut wrong) = (vec![], vec![]);
        for (name, read) in variable::read(env.texts()) {
            match read {
                Ok(schedule) => schedules.push(schedule),
                Err(problem) => wrong.push((name, problem)),
            }
        }
        let runner = RunnerApp {
            name,
            id: String::new(),
            host: String::new(),
        };
        Some(Self {
            runner,
            schedules,
            wrong,
        })
    }

    #[must_use]
    pub fn read(&self) -> Vec<Schedule> {
        self.schedules.clone()
    }

    /// Entries that are wrong; the others are read all the same.
    #[must_use]
    pub fn problems(&self) -> Vec<Error> {
        let one = |(name, problem): &(String, String)| {
            variable::wrong(&self.runner, name, problem.clone())
        };
        self.wrong.iter().map(one).collect()
    }

    pub(super) fn place(&self) -> String {
        format!("the config vars of ⬢ {}", self.runner.name)
    }

    pub(super) fn key(&self) -> String {
        format!("runner:{}", self.runner.name)
    }

    /// The error that a dyno cannot change its config vars.
    pub(super) fn is_read_only(&self) -> Error {
        Error::ReadOnly {
            runner: self.runner.name.clone(),
        }
    }
}
