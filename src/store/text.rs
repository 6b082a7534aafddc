//! The schedules file as text: reads all entries, or says which one is wrong; writes one over a table.

use super::{Error, RunnerApp, entry::entry, schedules_file::VERSION};
use crate::schedule::{
    App, AppUrl, Calendar, Guards, Identity, Recurrence, Schedule, Span, Target,
};
use jiff::Timestamp;
use sha2::{Digest, Sha256};
use std::{collections::BTreeSet, path::Path, str::FromStr};
use toml_edit::{Array, Document, Item, Table, value};

/// Every key that an entry may have, in the order in which they are written.
pub(super) const KEYS: [&str; 39] = [
    "app",
    "apps",
    "team",
    "pipeline",
    "stage",
    "apps-matching",
    "name",
    "process-type",
    "dyno-name",
    "at",
    "days",
    "cron",
    "timezone",
    "max-uptime",
    "jitter",
    "own-daily-cycle",
    "memory",
    "on-r14",
    "if-needed",
    "before-limit",
    "max-per-day",
    "window",
    "except",
    "catch-up",
    "min-uptime",
    "max-unavailable",
    "wait-limit",
    "settle",
    "check-url",
    "busy-url",
    "busy-max",
    "ignore-incident",
    "notify",
    "since",
    "paused",
    "paused-until",
    "app-id",
    "account",
    "host",
];

/// Reads all entries, or says which one is wrong and where.
pub(super) fn read(path: &Path, source: &str) -> Result<Vec<Schedule>, Error> {
    let document = Document::parse(source).map_err(|error| syntax(path, source, &error))?;
    let wrong = |item: Option<&Item>, problem: String| {
        Error::wrong(path, source, item.and_then(Item::span), problem)
    };
    match document.get("version") {
        None => {}
        Some(version) => match version.as_integer() {
            Some(VERSION) => {}
            Some(version) if version > VERSION => {
                return Err(Error::Newer {
                    path: path.to_owned(),
                    version,
                });
            }
            _ => {
                return Err(wrong(
                    Some(version),
                    format!("the version must be {VERSION}"),
                ));
            }
        },
    }
    if let Some((key, item)) = document
        .iter()
        .find(|(key, _)| !["version", "schedule", "runner-app"].contains(key))
    {
        return Err(wrong(
            Some(item),
            format!("'{key}' is not a key of a schedules file: it has version and [[schedule]]"),
        ));
    }
    let Some(item) = document.get("schedule") else {
        return Ok(vec![]);
    };
    if let Some(runner) = runner_app(path, source)? {
        let problem = format!(
            "the schedules are in config vars of ⬢ {}, so none can be here: set puts them there",
            runner.name
        );
        return Err(wrong(Some(item), problem));
    }
    let Some(tables) = item.as_array_of_tables() else {
        return Err(wrong(
            Some(item),
            "schedule is not a list of [[schedule]] tables".to_owned(),
        ));
    };
    let (mut schedules, mut seen): (Vec<Schedule>, _) = (vec![], BTreeSet::new());
    for table in tables {
        let schedule = entry(table).map_err(|(key, problem)| {
            let place = table
                .get(&key)
                .and_then(Item::span)
                .or_else(|| table.span());
            Error::wrong(path, source, place, problem)
        })?;
        let names = (schedule.app.name.to_string(), schedule.name.to_string());
        if !seen.insert(names) {
            let problem = format!(
                "a second schedule '{}' of {}",
                schedule.name, schedule.app.name
            );
            return Err(Error::wrong(path, source, table.span(), problem));
        }
        schedules.push(schedule);
    }
    Ok(schedules)
}

/// The runner app that has the schedules in the file's place.
pub(super) fn runner_app(path: &Path, source: &str) -> Result<Option<RunnerApp>, Error> {
    // Nobody reads the whole of a file for what it does not name.
    if !source.contains("runner-app") {
        return Ok(None);
    }
    let document = Document::parse(source).map_err(|error| syntax(path, source, &error))?;
    let Some(item) = document.get("runner-app") else {
        return Ok(None);
    };
    let text = |key: &str| item.get(key).and_then(Item::as_str).map(ToOwned::to_owned);
    let runner = (text("name"), text("id"), text("host"));
    let (Some(name), Some(id), Some(host)) = runner else {
        let problem = "runner-app has name, id and host: deploy writes it";
        return Err(Error::wrong(path, source, item.span(), problem));
    };
    Ok(Some(RunnerApp { name, id, host }))
}

/// The file of a machine whose schedules are in a runner app.
pub(super) fn of_runner(runner: &RunnerApp) -> String {
    let mut table = Table::new();
    for (key, text) in [
        ("name", &runner.name),
        ("id", &runner.id),
        ("host", &runner.host),
    ] {
        table.insert(key, value(text.as_str()));
    }
    format!(
        "version = {VERSION}\n\n# the schedules are in config vars of this app; deploy:remove brings them back\n[runner-app]\n{table}"
    )
}

/// A file of these schedules.
pub(super) fn of_schedules(schedules: &[Schedule]) -> String {
    let one = |schedule: &Schedule| {
        let mut table = Table::new();
        write(&mut table, schedule);
        format!("\n[[schedule]]\n{table}")
    };
    let entries: String = schedules.iter().map(one).collect();
    format!("version = {VERSION}\n{entries}")
}

/// A syntax error with its place.
pub(super) fn syntax(path: &Path, source: &str, error: &toml_edit::TomlError) -> Error {
    Error::wrong(
        path,
        source,
        error.span(),
        error.message().lines().next().unwrap_or("not TOML"),
    )
}

/// Writes a schedule over an entry: keys that stay keep their place and comment.
pub(super) fn write(table: &mut Table, schedule: &Schedule) {
    for (key, text) in pairs(schedule) {
        match text {
            None => {
                table.remove(key);
            }
            Some(fresh) => match table.get_mut(key).and_then(Item::as_value_mut) {
                Some(old) => {
                    let decor = old.decor().clone();
                    *old = fresh;
                    *old.decor_mut() = decor;
                }
                None => {
                    table.insert(key, value(fresh));
                }
            },
        }
    }
}

/// Every key with its value; guards that have their default are left out.
fn pairs(schedule: &Schedule) -> [(&'static str, Option<toml_edit::Value>); 39] {
    let (default, guards) = (Guards::default(), &schedule.guards);
    let text = |text: Option<String>| text.map(toml_edit::Value::from);
    let url = |url: Option<&AppUrl>| text(url.map(ToString::to_string));
    let unless = |span: Span, default: Span| text((span != default).then(|| span.to_string()));
    let instant = |instant: Option<Timestamp>| {
        instant
            .and_then(|instant| toml_edit::Datetime::from_str(&instant.to_string()).ok())
            .map(toml_edit::Value::from)
    };
    let [at, days, cron] = recurrence(schedule);
    let (bounds, memory) = (&schedule.bounds, &schedule.memory);
    let has_zone = schedule.calendar.is_some() || !bounds.is_free();
    let windows = bounds.windows.iter().map(ToString::to_string).collect();
    let names = schedule.notify.iter().map(ToString::to_string).collect();
    let blackouts = bounds.blackouts.iter().map(ToString::to_string).collect();
    let (process_type, dyno) = match &schedule.target {
        Target::All => (None, None),
        Target::ProcessType(process_type) => (Some(process_type.clone()), None),
        Target::Dyno(dyno) => (None, Some(dyno.clone())),
    };
    let until = schedule.pause.and_then(|pause| pause.until);
    let [app, apps, team, pipeline, stage, matching] = of_apps(&schedule.app);
    [
        ("app", app),
        ("apps", apps),
        ("team", team),
        ("pipeline", pipeline),
        ("stage", stage),
        ("apps-matching", matching),
        ("name", text(Some(schedule.name.to_string()))),
        ("process-type", text(process_type)),
        ("dyno-name", text(dyno)),
        ("at", text(at)),
        ("days", text(days)),
        ("cron", text(cron)),
        (
            "timezone",
            text(has_zone.then(|| schedule.zone().to_string())),
        ),
        (
            "max-uptime",
            text(schedule.max_uptime.map(|span| span.to_string())),
        ),
        ("jitter", text(schedule.jitter.map(|span| span.to_string()))),
        (
            "own-daily-cycle",
            schedule.own_daily_cycle.then(|| true.into()),
        ),
        (
            "memory",
            text(memory.threshold.map(|threshold| threshold.to_string())),
        ),
        ("on-r14", memory.on_r14.then(|| true.into())),
        ("if-needed", memory.if_needed.then(|| true.into())),
        (
            "before-limit",
            text(memory.before_limit.map(|span| span.to_string())),
        ),
        (
            "max-per-day",
            memory.max_per_day.map(|count| i64::from(count).into()),
        ),
        ("window", list(windows)),
        ("except", list(blackouts)),
        ("catch-up", unless(guards.catch_up, default.catch_up)),
        (
            "min-uptime",
            text(guards.min_uptime.map(|span| span.to_string())),
        ),
        (
            "max-unavailable",
            text(
                (guards.max_unavailable != default.max_unavailable)
                    .then(|| guards.max_unavailable.to_string()),
            ),
        ),
        ("wait-limit", unless(guards.wait_limit, default.wait_limit)),
        ("settle", unless(guards.settle, default.settle)),
        ("check-url", url(guards.check_url.as_ref())),
        ("busy-url", url(guards.busy_url.as_ref())),
        (
            "busy-max",
            text(guards.busy_max.map(|span| span.to_string())),
        ),
        (
            "ignore-incident",
            guards.ignore_incident.then(|| true.into()),
        ),
        ("notify", list(names)),
        ("since", instant(schedule.since)),
        (
            "paused",
            (schedule.pause.is_some() && until.is_none()).then(|| true.into()),
        ),
        ("paused-until", instant(until)),
        ("app-id", text(schedule.app.id.clone())),
        ("account", text(schedule.app.account.clone())),
        ("host", text(schedule.app.host.clone())),
    ]
}

/// What a change of a schedule comes to, key by key, with the values before and after.
pub(super) fn changes(
    before: &Schedule,
    after: &Schedule,
) -> Vec<(&'static str, Option<String>, Option<String>)> {
    let shown = |value: Option<toml_edit::Value>| Some(value?.to_string().trim().to_owned());
    let both = pairs(before).into_iter().zip(pairs(after));
    let both = both.map(|((key, before), (_, after))| (key, shown(before), shown(after)));
    // What passes and commands fill in is not what anybody meant.
    let is_meant = |key: &str| !["since", "app-id", "account", "host"].contains(&key);
    both.filter(|(key, before, after)| is_meant(key) && before != after)
        .collect()
}

/// `app`, or `apps`, `team`, `pipeline`, `stage` and `apps-matching`.
fn of_apps(app: &App) -> [Option<toml_edit::Value>; 6] {
    let Some(fleet) = app.fleet() else {
        return [Some(app.name.as_str().into()), None, None, None, None, None];
    };
    let identity = |identity: &Option<Identity>| Some(identity.as_ref()?.as_str().into());
    let stage = fleet.stage.map(|stage| stage.to_string().into());
    let matching = fleet.matching.as_ref();
    [
        None,
        list(fleet.apps.iter().map(ToString::to_string).collect()),
        identity(&fleet.team),
        identity(&fleet.pipeline),
        stage,
        matching.map(|pattern| pattern.to_string().into()),
    ]
}

/// `at`, `days` and `cron`.
fn recurrence(schedule: &Schedule) -> [Option<String>; 3] {
    match schedule.calendar.as_ref().map(Calendar::recurrence) {
        None => [None, None, None],
        Some(Recurrence::Cron(cron)) => [None, None, Some(cron.to_string())],
        Some(Recurrence::At { times, days }) => {
            let days = (!days.is_daily()).then(|| days.to_string());
            [Some(times.to_string()), days, None]
        }
    }
}

/// One text as it is, several as a list.
fn list(texts: Vec<String>) -> Option<toml_edit::Value> {
    match <[String; 1]>::try_from(texts) {
        Ok([one]) => Some(one.into()),
        Err(texts) if texts.is_empty() => None,
        Err(texts) => Some(Array::from_iter(texts).into()),
    }
}

/// A short hash of what a schedule means; it changes with every change of the schedule.
#[must_use]
pub fn fingerprint(schedule: &Schedule) -> String {
    let mut table = Table::new();
    write(&mut table, schedule);
    // What the first pass fills in does not change the meaning, nor who is told.
    let of_app = ["app", "apps", "team", "pipeline", "stage", "apps-matching"];
    let filled_in = ["app-id", "account", "host", "notify"];
    for key in of_app.into_iter().chain(filled_in) {
        table.remove(key);
    }
    let digest = Sha256::digest(table.to_string().as_bytes());
    u64::from_be_bytes(std::array::from_fn(|place| digest[place])).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    const FULL: &str = "version = 1\n\n[[schedule]]\napp = \"example-app\"\nname = \"nightly\"\nprocess-type = \"web\"\nat = \"07:00,14:00\"\ndays = \"mon-fri\"\ntimezone = \"Europe/Paris\"\nmax-uptime = \"20h\"\njitter = \"10m\"\nown-daily-cycle = true\nmemory = \"90%\"\non-r14 = true\nif-needed = true\nbefore-limit = \"20m\"\nmax-per-day = 3\nwindow = [\"01:00-16:00\", \"sat 22:00-06:00\"]\nexcept = \"2026-12-24..2026-12-26\"\ncatch-up = \"2h\"\nmin-uptime = \"30m\"\nmax-unavailable = \"25%\"\nwait-limit = \"10m\"\nsettle = \"20s\"\ncheck-url = \"https://example.com/health\"\nbusy-url = \"https://example.com/busy?key=1\"\nbusy-max = \"45m\"\nignore-incident = true\nnotify = [\"ops\", \"on-call\"]\nsince = 2026-01-01T00:00:00Z\npaused-until = 2026-02-01T00:00:00Z\napp-id = \"x\"\naccount = \"me@example.com\"\nhost = \"localhost\"\n";

    #[test]
    fn an_entry_is_read_and_written_back_the_same() {
        let schedules = read(Path::new("f"), FULL).expect("a good file");
        let mut table = Table::new();
        write(&mut table, &schedules[0]);
        assert_eq!(format!("version = 1\n\n[[schedule]]\n{table}"), FULL);
    }

    #[test]
    fn what_is_wrong_is_named_with_its_place() {
        for (source, said) in [
            (
                "version = 1\n[[schedule]]\napp = \"example-app\"\nat = \"25\"\n",
                "f:4:6: at '25': hours go from 0 to 23",
            ),
            (
                "version = 1\n[[schedule]]\napp = \"example-app\"\nwindwo = \"1\"\nat = \"7\"\n",
                "f:4:10: 'windwo' is not a key",
            ),
            (
                "version = 1\n[[schedule]]\nat = \"7\"\n",
                "f:2:1: the schedule has no app",
            ),
            (
                "version = 1\n[[schedule]]\napp = \"example-app\"\n",
                "has no trigger",
            ),
            ("version = 1\n[[schedule]]\napp = \"exam", "f:3:12: "),
            ("version = 2\n", "is of version 2"),
            ("schedule = 1\n", "not a list of [[schedule]]"),
            (
                "[[schedule]]\napp = \"example-app\"\nat = \"7\"\n[[schedule]]\napp = \"example-app\"\nat = \"8\"\n",
                "f:4:1: a second schedule 'default'",
            ),
        ] {
            let error = read(Path::new("f"), source).expect_err(source).to_string();
            assert!(error.contains(said), "{error}");
        }
    }
}
