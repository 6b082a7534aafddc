//! A schedule as a `[[schedule]]` table: its keys are the flag names of `set`.

use super::text::KEYS;
use crate::schedule::{
    self, App, AppName, Bounds, Calendar, Days, Fleet, Guards, Invalid, Membership, OfMemory,
    Pause, Recurrence, Schedule, Target, Zone, limits, names_of_apps,
};
use jiff::Timestamp;
use std::str::FromStr;
use toml_edit::Table;

pub(super) type Wrong = (String, String);

pub(super) fn entry(table: &Table) -> Result<Schedule, Wrong> {
    if let Some((key, _)) = table.iter().find(|(key, _)| !KEYS.contains(key)) {
        return Err((
            key.to_owned(),
            format!(
                "'{key}' is not a key of a schedule; the keys are {}",
                KEYS.join(", ")
            ),
        ));
    }
    let keys = Keys(table);
    let (name, membership) = keys.apps()?;
    let zone = keys.parse("timezone")?.unwrap_or_else(Zone::utc);
    let calendar = keys.calendar(&zone)?;
    let max_uptime = keys.with("max-uptime", limits::max_uptime)?;
    let memory = keys.memory()?;
    if calendar.is_none() && max_uptime.is_none() && !memory.is_trigger() {
        return Err((
            "app".to_owned(),
            "the schedule has no trigger: give it at, cron, max-uptime, memory, on-r14 or before-limit"
                .to_owned(),
        ));
    }
    let target = match (
        keys.with("process-type", schedule::process_type)?,
        keys.with("dyno-name", schedule::dyno_name)?,
    ) {
        (Some(_), Some(_)) => {
            return Err((
                "dyno-name".to_owned(),
                "give process-type or dyno-name, not both".to_owned(),
            ));
        }
        (Some(process_type), None) => Target::ProcessType(process_type),
        (None, Some(dyno)) => Target::Dyno(dyno),
        (None, None) => Target::All,
    };
    let default = Guards::default();
    let until = keys.instant("paused-until")?;
    let is_paused = keys.flag("paused")? || until.is_some();
    let schedule = Schedule {
        name: keys.parse("name")?.unwrap_or_default(),
        app: App {
            name,
            id: keys.text("app-id")?,
            account: keys.text("account")?,
            host: keys.text("host")?,
            membership,
        },
        target,
        calendar,
        max_uptime,
        jitter: keys.with("jitter", limits::jitter)?,
        own_daily_cycle: keys.flag("own-daily-cycle")?,
        memory,
        bounds: Bounds {
            windows: keys.list("window")?,
            blackouts: keys.list("except")?,
            zone,
        },
        guards: Guards {
            catch_up: keys
                .with("catch-up", limits::catch_up)?
                .unwrap_or(default.catch_up),
            min_uptime: keys.parse("min-uptime")?,
            max_unavailable: keys
                .parse("max-unavailable")?
                .unwrap_or(default.max_unavailable),
            wait_limit: keys
                .with("wait-limit", limits::wait_limit)?
                .unwrap_or(default.wait_limit),
            settle: keys
                .with("settle", limits::settle)?
                .unwrap_or(default.settle),
            check_url: keys.parse("check-url")?,
            busy_url: keys.parse("busy-url")?,
            busy_max: keys.with("busy-max", limits::busy_max)?,
            ignore_incident: keys.flag("ignore-incident")?,
        },
        notify: keys.list("notify")?,
        since: keys.instant("since")?,
        pause: is_paused.then_some(Pause { until }),
    };
    match schedule.contradiction(None) {
        None => Ok(schedule),
        Some(found) => {
            let example = found.example.iter().map(|(key, value)| match *value {
                "true" => format!("{key} = true"),
                value => format!("{key} = \"{value}\""),
            });
            let (key, example) = (found.key, example.collect::<Vec<_>>().join(" and "));
            let problem = format!("{key}: {}, for example {example}", found.problem);
            Err((key.to_owned(), problem))
        }
    }
}

/// A value as a message has it: a URL may be a secret, as that of a webhook is.
fn shown(text: &str) -> &str {
    if text.contains("//") || text.contains('@') {
        "[redacted]"
    } else {
        text
    }
}

/// Typed access to an entry's keys.
struct Keys<'a>(&'a Table);

impl Keys<'_> {
    /// A text, or a number where people leave the quotes out.
    fn text(&self, key: &str) -> Result<Option<String>, Wrong> {
        let Some(item) = self.0.get(key) else {
            return Ok(None);
        };
        let number = item.as_integer().map(|number| number.to_string());
        let list = item.as_array().map(|list| {
            list.iter()
                .map(|part| part.as_str().map(ToOwned::to_owned))
                .collect::<Option<Vec<_>>>()
        });
        let text = item
            .as_str()
            .map(ToOwned::to_owned)
            .or(number)
            .or_else(|| Some(list??.join(",")));
        text.map(Some)
            .ok_or_else(|| (key.to_owned(), format!("{key} is a text in quotes")))
    }

    fn with<T>(
        &self,
        key: &str,
        parse: impl FnOnce(&str) -> Result<T, Invalid>,
    ) -> Result<Option<T>, Wrong> {
        let Some(text) = self.text(key)? else {
            return Ok(None);
        };
        parse(&text).map(Some).map_err(|invalid| {
            (
                key.to_owned(),
                format!("{key} '{}': {invalid}", shown(&text)),
            )
        })
    }

    fn parse<T: FromStr<Err = Invalid>>(&self, key: &str) -> Result<Option<T>, Wrong> {
        self.with(key, str::parse)
    }

    /// `app`, or what selects several.
    fn apps(&self) -> Result<(AppName, Membership), Wrong> {
        let fleet = Fleet {
            apps: self.with("apps", names_of_apps)?.unwrap_or_default(),
            team: self.parse("team")?,
            pipeline: self.parse("pipeline")?,
            stage: self.parse("stage")?,
            matching: self.parse("apps-matching")?,
        };
        if let Some((key, problem)) = fleet.problem() {
            return Err((key.to_owned(), format!("{key}: {problem}")));
        }
        match (self.parse("app")?, fleet.is_empty()) {
            (Some(app), true) => Ok((app, Membership::Alone)),
            (None, false) => Ok((fleet.label(), Membership::Fleet(Box::new(fleet)))),
            (Some(_), false) => Err((
                "app".to_owned(),
                "app names one app, and apps, team, pipeline or apps-matching several: give one of them".to_owned(),
            )),
            (None, true) => Err((
                "app".to_owned(),
                "the schedule has no app: give it app, apps, team, pipeline or apps-matching".to_owned(),
            )),
        }
    }

    /// `at` and `days`, or `cron`.
    fn calendar(&self, zone: &Zone) -> Result<Option<Calendar>, Wrong> {
        let (at, cron) = (self.parse("at")?, self.parse("cron")?);
        let days: Option<Days> = self.parse("days")?;
        let of = |key: &str, problem: &str| Err((key.to_owned(), problem.to_owned()));
        let (key, recurrence) = match (at, cron) {
            (None, None) if days.is_none() => return Ok(None),
            (Some(_), Some(_)) => return of("cron", "give at or cron, not both"),
            (None, Some(_)) if days.is_some() => {
                return of("days", "days belongs to at; a cron expression has its own");
            }
            (None, None) => return of("days", "days belongs to at, which is missing"),
            (None, Some(cron)) => ("cron", Recurrence::Cron(Box::new(cron))),
            (Some(times), None) => {
                let days = days.unwrap_or(Days::DAILY);
                ("at", Recurrence::At { times, days })
            }
        };
        let calendar = Calendar::new(recurrence, zone.clone());
        let wrong = |invalid| (key.to_owned(), format!("{key}: {invalid}"));
        calendar.map(Some).map_err(wrong)
    }

    fn memory(&self) -> Result<OfMemory, Wrong> {
        Ok(OfMemory {
            threshold: self.parse("memory")?,
            on_r14: self.flag("on-r14")?,
            if_needed: self.flag("if-needed")?,
            before_limit: self.with("before-limit", limits::before_limit)?,
            max_per_day: self.with("max-per-day", limits::max_per_day)?,
        })
    }

    /// A text, or a list of texts.
    fn list<T: FromStr<Err = Invalid>>(&self, key: &str) -> Result<Vec<T>, Wrong> {
        let Some(item) = self.0.get(key) else {
            return Ok(vec![]);
        };
        let one = |value: &toml_edit::Value| {
            let date = value.as_datetime().map(ToString::to_string);
            value.as_str().map(ToOwned::to_owned).or(date)
        };
        let texts = match (item.as_array(), item.as_value()) {
            (Some(list), _) => list.iter().map(one).collect(),
            (None, Some(value)) => one(value).map(|text| vec![text]),
            (None, None) => None,
        };
        let texts: Vec<String> = texts.ok_or_else(|| {
            let problem = format!("{key} is a text in quotes, or a list of them");
            (key.to_owned(), problem)
        })?;
        let parse = |text: &String| {
            text.parse().map_err(|invalid| {
                (
                    key.to_owned(),
                    format!("{key} '{}': {invalid}", shown(text)),
                )
            })
        };
        texts.iter().map(parse).collect()
    }

    fn flag(&self, key: &str) -> Result<bool, Wrong> {
        let Some(item) = self.0.get(key) else {
            return Ok(false);
        };
        item.as_bool()
            .ok_or_else(|| (key.to_owned(), format!("{key} is true or false")))
    }

    fn instant(&self, key: &str) -> Result<Option<Timestamp>, Wrong> {
        let Some(item) = self.0.get(key) else {
            return Ok(None);
        };
        let text = item
            .as_datetime()
            .map(ToString::to_string)
            .or_else(|| item.as_str().map(ToOwned::to_owned));
        let text = text.unwrap_or_else(|| item.to_string().trim().to_owned());
        schedule::instant(&text)
            .map(Some)
            .map_err(|invalid| (key.to_owned(), format!("{key} '{text}': {invalid}")))
    }
}
