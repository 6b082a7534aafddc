//! `simulate`: what policies would have made of a saved log.

use super::{Context, set};
use crate::{
    cli::{Set, Simulate},
    error::{Error, exit},
    memory::{Bytes, Extract},
    report::{
        chart::{Chart, Course, Panel},
        human, table,
    },
    schedule::{AppName, Schedule},
    simulate::{Outcome, Record, replay},
    ui::file::{self, Log, PIECE},
};
use clap::{Args as _, FromArgMatches as _};
use jiff::{Timestamp, tz::TimeZone};
use serde_json::{Value, json};
use std::collections::BTreeMap;

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
        title: format!("{}: memory under each policy", flags.file.display()),
        from,
        until,
        zone: zone.clone(),
        panels: compared.iter().map(|one| panel(one, &record)).collect(),
    };
    if let Some(path) = &flags.svg {
        file::write(path, chart.svg().as_bytes())?;
    }
    let ui = context.ui;
    ui.either(
        || {
            let header = [
                "Policy",
                "Restarts",
                "R14",
                "R14 avoided",
                "Wasted",
                "Worst",
            ];
            let mut text = format!(
                "{} dynos, {} samples, {} to {}\n{}",
                record.by_name().len(),
                record.samples,
                human::instant(from, &zone),
                human::instant(until, &zone),
                table(
                    ui.width(),
                    &header,
                    compared.iter().map(|one| row(one, &compared[0]))
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
                "policies": compared.iter().map(|one| shape(one, &compared[0])).collect::<Vec<_>>(),
            })
        },
    );
    let has_start = record.lives.iter().any(|life| life.has_start);
    if !has_start && !ui.is_json {
        ui.warn("the log has no start of a dyno: what one uses after a restart is not known, and taken to be what it used when the log began");
    }
    if record.dropped > 0 && !ui.is_json {
        ui.warn(&format!(
            "Heroku did not deliver {} lines of this log (L10, L11)",
            record.dropped
        ));
    }
    Ok(exit::DONE)
}

/// The first and the last instant of a log, which is neither empty nor of years.
fn span(record: &Record, flags: &Simulate) -> Result<(Timestamp, Timestamp), Error> {
    let (Some(from), Some(until)) = (record.from, record.until) else {
        let exceeded = if record.exceeded == 0 {
            String::new()
        } else {
            let count = record.exceeded;
            format!(
                ", but {count} times R14 or R15, which tell nothing of the memory below the quota"
            )
        };
        let file = flags.file.display();
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
                flags.file.display()
            ),
            hint: Some("a line with a wrong date? leave it out".to_owned()),
        });
    }
    Ok((from, until))
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
    let command = Set::augment_args(clap::Command::new("set").no_binary_name(true));
    let read = command
        .try_get_matches_from(words)
        .and_then(|matches| Set::from_arg_matches(&matches));
    let flags = read.map_err(|error| {
        let text = error.render().to_string();
        let first = text.lines().next().unwrap_or_default();
        wrong(first.trim_start_matches("error: ").to_owned())
    })?;
    let app: AppName = "simulated"
        .parse()
        .map_err(|_| wrong("no app".to_owned()))?;
    set::draft(context, &flags, &app).map_err(|error| wrong(error.to_string()))
}

fn read(context: &Context<'_>, flags: &Simulate) -> Result<Record, Error> {
    let path = &flags.file;
    let mut log = Log::open(path)?;
    let (mut record, mut extract) = (Record::default(), Extract::default());
    let mut buffer = vec![0; PIECE];
    let progress = context.ui.reading(&path.display().to_string(), log.size);
    loop {
        let length = log.read(&mut buffer).map_err(|source| Error::Io {
            what: path.display().to_string(),
            source,
            hint: Some(
                "what was read before is not enough to compare by: mend the file".to_owned(),
            ),
        })?;
        if length == 0 {
            extract.end(|line| record.tell(line));
            return Ok(record);
        }
        extract.push(&buffer[..length], |line| record.tell(line));
        progress.read(length);
    }
}

fn minutes(duration: jiff::SignedDuration) -> i64 {
    (duration.as_secs() + 30) / 60
}

fn row(one: &Compared, recorded: &Compared) -> Vec<String> {
    let outcome = &one.outcome;
    let avoided = recorded.outcome.over_quota - outcome.over_quota;
    let is_recorded = one.schedule.is_none();
    let or_dash = |text: String| if is_recorded { "-".to_owned() } else { text };
    vec![
        one.policy.clone(),
        or_dash(outcome.restarts.len().to_string()),
        format!("{} min", minutes(outcome.over_quota)),
        or_dash(format!("{} min", minutes(avoided))),
        or_dash(outcome.wasted.to_string()),
        format!("{:.0}%", outcome.worst),
    ]
}

fn shape(one: &Compared, recorded: &Compared) -> Value {
    let outcome = &one.outcome;
    let avoided = recorded.outcome.over_quota - outcome.over_quota;
    let restart = |(at, dyno, trigger): &(Timestamp, String, crate::plan::Trigger)| json!({ "at": at, "dyno": dyno, "trigger": trigger });
    json!({
        "policy": one.policy, "restarts": outcome.restarts.iter().map(restart).collect::<Vec<_>>(),
        "r14_minutes": minutes(outcome.over_quota), "r14_minutes_avoided": minutes(avoided),
        "wasted": outcome.wasted, "worst_percent": outcome.worst.round(),
    })
}

fn panel(one: &Compared, record: &Record) -> Panel {
    let quotas: BTreeMap<&str, Option<Bytes>> = record
        .lives
        .iter()
        .map(|life| (life.name.as_str(), life.quota))
        .collect();
    // Dynos of several sizes have no quota in common.
    let mut all = quotas.values().flatten();
    let first = all.next().copied();
    let quota = first.filter(|first| all.all(|quota| quota == first));
    let memory = one.schedule.as_ref().map(|schedule| &schedule.memory);
    let threshold = memory.filter(|memory| memory.is_needed());
    let threshold = threshold.and_then(|memory| memory.threshold().of(quota, false));
    let outcome = &one.outcome;
    let of = if one.schedule.is_none() {
        String::new()
    } else {
        format!(", {} restarts", outcome.restarts.len())
    };
    Panel {
        title: format!(
            "{}: {} min of R14{of}",
            one.policy,
            minutes(outcome.over_quota)
        ),
        lines: outcome
            .courses
            .iter()
            .map(|(name, points)| Course {
                name: name.clone(),
                points: points.clone(),
            })
            .collect(),
        quota,
        threshold,
        restarts: outcome.restarts.iter().map(|(at, ..)| *at).collect(),
    }
}
