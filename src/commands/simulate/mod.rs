//! `simulate`: what policies would have made of a saved log.

mod shown;

use super::{Context, set};
use crate::{
    cli::{Set, Simulate},
    error::{Error, exit},
    memory::Extract,
    report::{
        chart::{Chart, HEIGHT},
        human, table,
    },
    schedule::{AppName, Membership, Schedule},
    simulate::{Outcome, Record, Recording, replay},
    ui::file::{Log, PIECE, Picture},
};
use clap::{Args as _, FromArgMatches as _, parser::ValueSource};
use jiff::{Timestamp, tz::TimeZone};
use serde_json::json;

/// What is compared where nothing is asked for.
const USUAL: [&str; 2] = ["--at 07,14", "--memory 90%"];

/// Minute by minute, more would take minutes of this machine.
const LONGEST_IN_DAYS: i64 = 400;

struct Compared {
    policy: String,
    schedule: Option<Schedule>,
    outcome: Outcome,
}

pub(super) fn simulate(context: &Context<'_>, flags: &Simulate) -> Result<u8, Error> {
    let policies = if flags.policy.is_empty() {
        USUAL.map(ToOwned::to_owned).to_vec()
    } else {
        flags.policy.clone()
    };
    // Before minutes of reading.
    let picture = flags.svg.as_deref().map(Picture::at).transpose()?;
    let mut schedules = vec![];
    for policy in &policies {
        schedules.push((policy.clone(), read_policy(context, policy)?));
    }
    let record = read(context, flags)?;
    let (from, until) = span(&record, flags)?;
    let nothing = Compared {
        policy: "as recorded".to_owned(),
        schedule: None,
        outcome: replay(&record, None),
    };
    let played = schedules.into_iter().map(|(policy, schedule)| Compared {
        outcome: replay(&record, Some(&schedule)),
        policy,
        schedule: Some(schedule),
    });
    let compared: Vec<Compared> = std::iter::once(nothing).chain(played).collect();
    let zone = compared
        .iter()
        .find_map(|one| Some(one.schedule.as_ref()?.time_zone()));
    let zone = zone.unwrap_or(TimeZone::UTC);
    let chart = Chart {
        title: title(flags),
        from,
        until,
        zone: zone.clone(),
        panels: compared
            .iter()
            .map(|one| shown::panel(one, &record))
            .collect(),
        height: HEIGHT,
    };
    if let Some(picture) = picture {
        picture.write(&chart.svg())?;
    }
    let ui = context.ui;
    ui.either(
        || {
            let mut text = format!(
                "{}, samples: {}, {} to {}\n{}",
                human::dynos(record.by_name().len()),
                record.samples,
                human::instant(from, &zone),
                human::instant(until, &zone),
                table(
                    ui.width(),
                    &shown::HEADER,
                    compared.iter().map(|one| shown::row(one, &compared[0]))
                )
            );
            if let Some(width) = ui.width() {
                text = format!("{text}\n\n{}", chart.text(usize::from(width)));
            }
            text
        },
        || {
            json!({
                "from": from, "until": until, "samples": record.samples, "dropped": record.dropped,
                "silent_minutes": shown::minutes(record.silent_for()),
                "policies": compared.iter().map(|one| shown::shape(one, &compared[0])).collect::<Vec<_>>(),
            })
        },
    );
    if !ui.is_json {
        for warning in shown::warnings(&record, &compared, &zone) {
            ui.warn(&warning);
        }
    }
    Ok(exit::DONE)
}

/// The first and the last instant of a log, which is neither empty nor of years.
fn span(record: &Record, flags: &Simulate) -> Result<(Timestamp, Timestamp), Error> {
    let Some((from, until)) = record.span() else {
        let exceeded = if record.exceeded == 0 {
            String::new()
        } else {
            let count = record.exceeded;
            format!(
                ", but {count} times R14 or R15, which tell nothing of the memory below the quota"
            )
        };
        let file = name(flags);
        return Err(Error::Other {
            code: "no_samples",
            message: format!("{file} has no sample of memory of a dyno{exceeded}"),
            hint: Some("with log-runtime-metrics on, heroku logs --source heroku --tail has one of each dyno every 20 seconds".to_owned()),
        });
    };
    let days = until.duration_since(from).as_hours() / 24;
    if days > LONGEST_IN_DAYS {
        return Err(Error::Other {
            code: "too_long",
            message: format!(
                "{} goes from {from} to {until}: {days} days, and {LONGEST_IN_DAYS} are the most",
                name(flags)
            ),
            hint: Some("a line with a wrong date? leave it out".to_owned()),
        });
    }
    Ok((from, until))
}

/// What a person calls the log.
fn name(flags: &Simulate) -> String {
    if flags.file.as_os_str() == "-" {
        return "stdin".to_owned();
    }
    flags.file.display().to_string()
}

/// The same without its folders: what fits above a chart.
fn title(flags: &Simulate) -> String {
    let file = match flags.file.file_name() {
        Some(file) if flags.file.as_os_str() != "-" => file.display().to_string(),
        _ => name(flags),
    };
    format!("{file}: memory under each policy")
}

/// A policy as a schedule: the flags of `set`, read as `set` reads them.
fn read_policy(context: &Context<'_>, policy: &str) -> Result<Schedule, Error> {
    let wrong = |why: String| {
        Error::usage(
            format!("--policy '{policy}': {why}"),
            "a policy is what set takes, for example --policy '--memory 90%' or --policy '--at 07,14 --if-needed'",
        )
    };
    let words = shlex::split(policy).ok_or_else(|| wrong("a quote is not closed".to_owned()))?;
    let command = Set::augment_args(
        clap::Command::new("set")
            .no_binary_name(true)
            .disable_help_flag(true),
    );
    let read = command
        .try_get_matches_from(words)
        .and_then(|matches| Ok((Set::from_arg_matches(&matches)?, stray(&matches))));
    let (flags, stray) = read.map_err(|error| {
        let text = error.render().to_string();
        let first = text.lines().next().unwrap_or_default();
        wrong(first.trim_start_matches("error: ").to_owned())
    })?;
    if let Some(stray) = stray {
        return Err(wrong(format!("--{stray} has no meaning here")));
    }
    let app: AppName = "simulated"
        .parse()
        .map_err(|_| wrong("no app".to_owned()))?;
    set::draft(context, &flags, &app, Membership::Alone).map_err(|error| wrong(error.to_string()))
}

/// A flag of `set` that says nothing of when dynos are restarted.
fn stray(matches: &clap::ArgMatches) -> Option<String> {
    let strays = [
        "app",
        "remote",
        "name",
        "json",
        "schedules",
        "enable_metrics",
    ];
    let is_given = |id: &&str| matches.value_source(id) == Some(ValueSource::CommandLine);
    let stray = strays.into_iter().find(is_given)?;
    Some(stray.replace('_', "-"))
}

fn read(context: &Context<'_>, flags: &Simulate) -> Result<Record, Error> {
    let mut log = Log::open(&flags.file)?;
    let (mut record, mut extract) = (Recording::default(), Extract::default());
    let mut buffer = vec![0; PIECE];
    let progress = context.ui.reading(&name(flags), log.size);
    loop {
        let length = log.read(&mut buffer).map_err(|source| Error::Io {
            what: name(flags),
            source,
            hint: Some(
                "what was read before is not enough to compare by: mend the file".to_owned(),
            ),
        })?;
        if length == 0 {
            extract.end(|line| record.tell(line));
            return Ok(record.end());
        }
        extract.push(&buffer[..length], |line| record.tell(line));
        progress.read(length);
    }
}
