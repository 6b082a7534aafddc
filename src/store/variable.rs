//! A schedule as a config var: its name, and its value, an inline TOML table on one line whose keys
//! are those of the schedules file.

use super::{Error, RunnerApp, entry::entry, text};
use crate::schedule::{Schedule, ScheduleName};
use std::{collections::BTreeMap, str::FromStr as _};
use toml_edit::{Table, Value};

/// What the names of all of them begin with.
pub(super) const PREFIX: &str = "AUTORESTART_SCHEDULE_";

/// A schedule of a variable, or what is wrong with it.
pub(super) type Read = (String, Result<Schedule, String>);

/// The schedules among these variables, in the order of their names.
pub(super) fn read(variables: &BTreeMap<String, String>) -> Vec<Read> {
    let ours = variables.iter().filter(|(name, _)| is_ours(name));
    let mut all: Vec<Read> = ours
        .map(|(name, value)| (name.clone(), parse(value)))
        .collect();
    let is_second = |place: usize| {
        let (_, Ok(this)) = &all[place] else {
            return false;
        };
        let is_same = |other: &Schedule| other.app.is_same(&this.app) && other.name == this.name;
        all[..place]
            .iter()
            .any(|(_, other)| other.as_ref().is_ok_and(is_same))
    };
    let second: Vec<usize> = (0..all.len()).filter(|place| is_second(*place)).collect();
    for place in second {
        if let Ok(schedule) = &all[place].1 {
            let (app, name) = (&schedule.app.name, &schedule.name);
            all[place].1 = Err(format!("it is a second schedule '{name}' of {app}"));
        }
    }
    all
}

pub(super) fn is_ours(name: &str) -> bool {
    name.starts_with(PREFIX)
}

fn parse(value: &str) -> Result<Schedule, String> {
    let no_table = || "it is no inline table, for example { app = \"example-app\", at = \"07\" }";
    let value = Value::from_str(value.trim()).map_err(|_| no_table().to_owned())?;
    let Value::InlineTable(table) = value else {
        return Err(no_table().to_owned());
    };
    entry(&table.into_table()).map_err(|(_, problem)| problem)
}

/// The value of a schedule.
pub(super) fn value(schedule: &Schedule) -> String {
    let mut table = Table::new();
    text::write(&mut table, schedule);
    table.into_inline_table().to_string().trim().to_owned()
}

/// A name for the variable of a new schedule, which none of these has.
pub(super) fn name(schedule: &Schedule, taken: &[&str]) -> String {
    let in_capitals = |text: &str| {
        let one = |c: char| {
            if c.is_ascii_alphanumeric() {
                c.to_ascii_uppercase()
            } else {
                '_'
            }
        };
        text.chars().map(one).collect::<String>()
    };
    let mut name = format!("{PREFIX}{}", in_capitals(schedule.app.name.as_str()));
    if schedule.name != ScheduleName::default() {
        name = format!("{name}__{}", in_capitals(schedule.name.as_str()));
    }
    let is_free = |name: &String| !taken.contains(&name.as_str());
    let numbered = (2..).map(|number| format!("{name}_{number}"));
    std::iter::once(name.clone())
        .chain(numbered)
        .find(is_free)
        .unwrap_or(name)
}

/// The variables that these schedules are in, beside those that there are.
pub(super) fn all(schedules: &[Schedule], taken: &[&str]) -> BTreeMap<String, String> {
    let mut variables = BTreeMap::new();
    for schedule in schedules {
        let fresh = variables.keys().map(String::as_str);
        let taken: Vec<&str> = fresh.chain(taken.iter().copied()).collect();
        let name = name(schedule, &taken);
        variables.insert(name, value(schedule));
    }
    variables
}

/// What a variable of the runner app is called in a message.
pub(super) fn in_words(runner: &RunnerApp, name: &str) -> String {
    format!("config var {name} of ⬢ {}", runner.name)
}

/// The error that a variable is no schedule.
pub(super) fn wrong(runner: &RunnerApp, name: &str, problem: String) -> Error {
    Error::WrongVariable {
        runner: runner.name.clone(),
        name: name.to_owned(),
        problem,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schedules() -> Vec<Schedule> {
        let entries = [
            "{ app = \"example-app\", at = \"07,14\", timezone = \"Europe/Paris\", since = 2026-01-01T00:00:00Z, app-id = \"01\" }",
            "{ app = \"example-app\", name = \"a-b\", max-uptime = \"6h\" }",
            "{ app = \"example-app\", name = \"a_b\", max-uptime = \"7h\", window = [\"01:00-05:00\", \"sat 22:00-06:00\"] }",
        ];
        entries.map(|value| parse(value).expect(value)).to_vec()
    }

    #[test]
    fn schedules_are_variables_and_back_again() {
        let (schedules, variables) = (schedules(), all(&schedules(), &[]));
        let names: Vec<&str> = variables.keys().map(String::as_str).collect();
        let expected = [
            "AUTORESTART_SCHEDULE_EXAMPLE_APP",
            "AUTORESTART_SCHEDULE_EXAMPLE_APP__A_B",
            "AUTORESTART_SCHEDULE_EXAMPLE_APP__A_B_2",
        ];
        assert_eq!(names, expected);
        assert!(variables.values().all(|value| !value.contains('\n')));
        let back: Vec<Schedule> = read(&variables)
            .into_iter()
            .map(|(_, schedule)| schedule.expect("a schedule"))
            .collect();
        assert_eq!(back, schedules);
    }

    #[test]
    fn what_is_wrong_is_said_of_that_variable_alone() {
        let mut variables = all(&schedules(), &[]);
        for (name, value) in [
            ("AUTORESTART_SCHEDULE_Z1", "at = 07"),
            (
                "AUTORESTART_SCHEDULE_Z2",
                "{ app = \"other-app\", at = \"25\" }",
            ),
            (
                "AUTORESTART_SCHEDULE_Z3",
                "{ app = \"example-app\", at = \"9\" }",
            ),
            ("HEROKU_API_KEY", "a secret"),
        ] {
            variables.insert(name.to_owned(), value.to_owned());
        }
        let read = read(&variables);
        let wrong: Vec<String> = read
            .into_iter()
            .filter_map(|(name, read)| Some(format!("{name}: {}", read.err()?)))
            .collect();
        let expected = [
            "AUTORESTART_SCHEDULE_Z1: it is no inline table, for example { app = \"example-app\", at = \"07\" }",
            "AUTORESTART_SCHEDULE_Z2: at '25': hours go from 0 to 23, for example 07, 07:30 or 7pm",
            "AUTORESTART_SCHEDULE_Z3: it is a second schedule 'default' of example-app",
        ];
        assert_eq!(wrong, expected);
    }
}
