//! The schedule that the flags of `set` mean: a calendar, and what bounds it, in one zone.

use super::super::Context;
use crate::{
    cli::Set,
    error::Error,
    schedule::{
        App, AppName, Bounds, Calendar, Days, Guards, Membership, NotifyName, OfMemory, Recurrence,
        Schedule, Zone,
    },
};
use jiff::{Timestamp, tz::TimeZone};

/// The schedule that the flags mean, whatever Heroku says of the app.
pub(in super::super) fn draft(
    context: &Context<'_>,
    flags: &Set,
    app: &AppName,
    membership: Membership,
) -> Result<Schedule, Error> {
    let (calendar, bounds) = of(context, flags)?;
    let default = Guards::default();
    let schedule = Schedule {
        name: flags.name.clone().unwrap_or_default(),
        app: App {
            name: app.clone(),
            id: None,
            account: None,
            host: None,
            membership,
        },
        target: super::target(&flags.target)?,
        calendar,
        max_uptime: flags.max_uptime,
        jitter: flags.jitter,
        own_daily_cycle: flags.own_daily_cycle,
        memory: memory(flags),
        bounds,
        guards: Guards {
            catch_up: flags.catch_up.unwrap_or(default.catch_up),
            min_uptime: flags.min_uptime,
            max_unavailable: flags.how.max_unavailable.unwrap_or(default.max_unavailable),
            wait_limit: flags.how.wait_limit.unwrap_or(default.wait_limit),
            settle: flags.how.settle.unwrap_or(default.settle),
            check_url: flags.how.check_url.clone(),
            busy_url: flags.busy_url.clone(),
            busy_max: flags.busy_max,
            ignore_incident: flags.ignore_incident,
        },
        notify: each_once(&flags.notify),
        since: None,
        pause: None,
    };
    check(&schedule, context.clock.now())?;
    Ok(schedule)
}

/// The calendar and the bounds that the flags name.
fn of(context: &Context<'_>, flags: &Set) -> Result<(Option<Calendar>, Bounds), Error> {
    let recurrence = recurrence(flags)?;
    let has_bounds = !flags.window.is_empty() || !flags.except.is_empty();
    let needs_zone = recurrence.is_some() || has_bounds;
    if flags.timezone.is_some() && !needs_zone {
        return Err(stray("--timezone", "--at, --cron, --window or --except"));
    }
    let zone = match &flags.timezone {
        Some(zone) => zone.clone(),
        None if needs_zone => zone_of_this_machine(context),
        None => Zone::utc(),
    };
    let bounds = Bounds {
        windows: flags.window.clone(),
        blackouts: flags.except.clone(),
        zone: zone.clone(),
    };
    let calendar = recurrence.map(|recurrence| Calendar::new(recurrence, zone));
    let calendar = calendar.transpose().map_err(|invalid| {
        let text = flags.cron.as_ref().map(ToString::to_string);
        let text = text.unwrap_or_default();
        Error::usage(
            format!("--cron '{text}': {}", invalid.problem),
            format!("for example {}", invalid.example),
        )
    })?;
    Ok((calendar, bounds))
}

fn recurrence(flags: &Set) -> Result<Option<Recurrence>, Error> {
    match (&flags.at, &flags.cron) {
        (Some(_), Some(_)) => Err(Error::usage(
            "--at and --cron are both given",
            "give one of them, for example --at 07,14; schedules of different --name may have both",
        )),
        (None, Some(_)) if flags.days.is_some() => Err(Error::usage(
            "--days belongs to --at; a cron expression has its own days",
            "say them in it, for example --cron '0 7,14 * * mon-fri'",
        )),
        (None, Some(cron)) => Ok(Some(Recurrence::Cron(Box::new(cron.clone())))),
        (Some(times), None) => Ok(Some(Recurrence::At {
            times: times.clone(),
            days: flags.days.unwrap_or(Days::DAILY),
        })),
        (None, None) => {
            let by_memory = memory(flags).is_trigger();
            let of_calendar = [
                ("--catch-up", flags.catch_up.is_some()),
                ("--if-needed", flags.memory.if_needed),
                ("--min-uptime", flags.min_uptime.is_some() && !by_memory),
            ];
            let given = of_calendar.into_iter().find(|(_, is_given)| *is_given);
            if flags.days.is_some() {
                Err(stray("--days", "--at"))
            } else if let Some((flag, _)) = given {
                Err(stray(flag, "--at or --cron"))
            } else if flags.max_uptime.is_none() && !by_memory {
                Err(Error::usage(
                    "no trigger: none of --at, --cron, --max-uptime, --memory, --on-r14 and --before-limit is given",
                    "say when, for example --at 07,14 or --memory 90%",
                ))
            } else {
                Ok(None)
            }
        }
    }
}

fn each_once(names: &[NotifyName]) -> Vec<NotifyName> {
    let mut once: Vec<NotifyName> = vec![];
    for name in names {
        if !once.contains(name) {
            once.push(name.clone());
        }
    }
    once
}

fn memory(flags: &Set) -> OfMemory {
    OfMemory {
        threshold: flags.memory.memory,
        on_r14: flags.memory.on_r14,
        if_needed: flags.memory.if_needed,
        before_limit: flags.memory.before_limit,
        max_per_day: flags.memory.max_per_day,
    }
}

fn stray(flag: &str, of: &str) -> Error {
    Error::usage(
        format!("{flag} belongs to {of}, which is missing"),
        "say when, for example --at 07,14",
    )
}

/// The machine's zone by its IANA name; UTC where it has none, and that is said.
fn zone_of_this_machine(context: &Context<'_>) -> Zone {
    let system = TimeZone::try_system().ok();
    let name = system.as_ref().and_then(TimeZone::iana_name);
    let zone = name.and_then(|name| name.parse::<Zone>().ok());
    zone.unwrap_or_else(|| {
        let why = name.map_or_else(
            || "This machine does not tell its time zone".to_owned(),
            |name| format!("This machine's time zone is called {name}, which has no slash"),
        );
        context.ui.say(&format!(
            "{why}: the times are in UTC (--timezone names another)"
        ));
        Zone::utc()
    })
}

/// What is right by itself, and cannot be meant together.
fn check(schedule: &Schedule, now: Timestamp) -> Result<(), Error> {
    if let Some(found) = schedule.contradiction(Some(now)) {
        let example = found.example.iter().map(|(flag, value)| match *value {
            "true" => format!("--{flag}"),
            value => format!("--{flag} {value}"),
        });
        return Err(Error::usage(
            format!("--{}: {}", found.key, found.problem),
            format!("as in {}", example.collect::<Vec<_>>().join(" ")),
        ));
    }
    Ok(())
}
