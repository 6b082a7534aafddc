//! `plan`: the next occurrences, and what a pass would do now, dyno by dyno.

use super::{Context, index, pause::instant};
use crate::{
    cli,
    credentials::Use,
    error::{Error, exit},
    heroku::Client,
    ledger::{Ledger, Record},
    observe, pass,
    plan::{self, Known, Question},
    report::{human, json as shapes, table},
    schedule::{Schedule, Span},
    snapshot::Snapshot,
    state::StateDir,
    store::narrow,
};
use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// What a pass would do to one app now.
struct AppPlan {
    app: String,
    plan: Result<Now, Error>,
}

struct Now {
    plan: plan::Plan,
    snapshot: Snapshot,
    /// How long past restarts of the app took, by this machine's ledger.
    past: Vec<SignedDuration>,
}

pub(super) async fn plan(context: &Context<'_>, flags: cli::Plan) -> Result<u8, Error> {
    let store = context.store(flags.common.schedules.as_deref())?;
    let schedules = narrow(store.read()?, flags.app.as_ref(), None);
    let now = context.clock.now();
    let bound = |name: &str, text: &Option<String>| {
        text.as_deref()
            .map(|text| instant(name, text, &TimeZone::system()))
            .transpose()
    };
    let (from, to) = (bound("--from", &flags.from)?, bound("--to", &flags.to)?);
    if let (Some(from), Some(to)) = (from, to)
        && to <= from
    {
        return Err(Error::usage(
            "--to is not after --from",
            "give a later --to, for example --from 2026-03-01 --to 2026-04-01",
        ));
    }
    if let Some(missing) = store.missing() {
        context.ui.warn(&missing.to_string());
    }
    if schedules.is_empty() {
        context.ui.either(
            || index::none(flags.app.as_ref()),
            || document(now, &[], &[]),
        );
        if !context.ui.is_json {
            context.ui.hint(&format!(
                "{} --app example-app --at 07,14 makes one",
                context.verb("set")
            ));
        }
        return Ok(exit::DONE);
    }
    // Up to an instant: all of them, unless it is said how many.
    let few = if to.is_some() { usize::MAX } else { 5 };
    let limit = flags.next.map_or(few, usize::from);
    let occurrences: Vec<(&Schedule, Vec<Timestamp>)> = schedules
        .iter()
        .map(|schedule| (schedule, upcoming(schedule, from.unwrap_or(now), to, limit)))
        .collect();
    let apps = ask(context, &schedules).await;
    let has_error = apps.iter().any(|app| app.plan.is_err());
    if context.ui.is_json {
        context.ui.json(&document(now, &occurrences, &apps));
    } else {
        context
            .ui
            .result(&in_words(context.ui.width(), now, &occurrences, &apps));
        for app in &apps {
            if let Err(error) = &app.plan {
                context.ui.warn(&format!(
                    "⬢ {}: what a pass would do now is unknown: {error}",
                    app.app
                ));
                error.hint().iter().for_each(|hint| context.ui.hint(hint));
            }
        }
        index::runner(context, &store, &schedules, now)?;
    }
    Ok(if has_error { exit::FAILED } else { exit::DONE })
}

fn upcoming(
    schedule: &Schedule,
    from: Timestamp,
    to: Option<Timestamp>,
    limit: usize,
) -> Vec<Timestamp> {
    let all = std::iter::successors(schedule.next_occurrence(from), |last| {
        schedule.next_occurrence(*last)
    });
    all.take_while(|occurrence| to.is_none_or(|to| *occurrence <= to))
        .take(limit.min(10_000))
        .collect()
}

/// Plans every app, with the credential that a pass would act with.
async fn ask(context: &Context<'_>, schedules: &[Schedule]) -> Vec<AppPlan> {
    let accounts = pass::by_account(schedules);
    let plans = accounts.into_iter().map(async |(account, schedules)| {
        let client = context.client(Use::Pass(account.as_deref())).await;
        let by_app: Vec<Vec<Schedule>> = pass::by_app(schedules.iter()).into_values().collect();
        let (client, options, _) = match client {
            Ok(client) => client,
            Err(error) => {
                let names: Vec<&str> = by_app
                    .iter()
                    .map(|of_app| of_app[0].app.name.as_str())
                    .collect();
                let (app, plan) = (names.join(", "), Err(error));
                return vec![AppPlan { app, plan }];
            }
        };
        let host = options.host.machine();
        let plans = by_app.into_iter().map(async |schedules| {
            let app = schedules[0].app.name.to_string();
            let foreign = schedules
                .iter()
                .find_map(|schedule| pass::foreign_host(schedule, host));
            let plan = match foreign {
                Some(error) => Err(error),
                None => ask_one(context, &client, &schedules).await,
            };
            AppPlan { app, plan }
        });
        futures_util::future::join_all(plans).await
    });
    let plans: Vec<Vec<AppPlan>> = futures_util::future::join_all(plans).await;
    plans.into_iter().flatten().collect()
}

async fn ask_one(
    context: &Context<'_>,
    client: &Client,
    schedules: &[Schedule],
) -> Result<Now, Error> {
    let snapshot = observe::whole(client, schedules[0].app.id_or_name()).await?;
    let ledger = Ledger::new(StateDir::open(context.env)?.ledger(), String::new());
    let known = Known {
        asked: ledger.asked(&snapshot.app.id)?,
        ..Known::default()
    };
    let local_now = context.clock.now();
    let question = Question {
        schedules,
        snapshot: &snapshot,
        now: snapshot.at,
        local_now,
        remaining: client.usage().1,
        known: &known,
    };
    let plan = plan::plan(question);
    let (records, _) = ledger.read()?;
    let is_restart = |record: &&Record| {
        record.app_id == snapshot.app.id && record.outcome == Some(plan::Outcome::Restarted)
    };
    let past = records
        .iter()
        .filter(is_restart)
        .filter_map(|record| record.took_ms)
        .map(SignedDuration::from_millis)
        .collect();
    Ok(Now {
        plan,
        snapshot,
        past,
    })
}

fn in_words(
    width: Option<u16>,
    now: Timestamp,
    occurrences: &[(&Schedule, Vec<Timestamp>)],
    apps: &[AppPlan],
) -> String {
    let mut parts = vec![];
    for (schedule, occurrences) in occurrences {
        let zone = schedule.time_zone();
        let mut lines = vec![format!(
            "⬢ {}  {}: {} {} {}",
            schedule.app.name,
            schedule.name,
            schedule.target,
            schedule.target.restarts(),
            schedule.when()
        )];
        if schedule.is_paused(now) {
            let until = schedule
                .pause
                .and_then(|pause| pause.until)
                .map(|until| format!(" until {}", human::instant(until, &zone)))
                .unwrap_or_default();
            lines.push(format!("  paused{until}"));
        }
        lines.extend(occurrences.iter().map(|occurrence| {
            let local = human::instant(*occurrence, &zone);
            let utc = occurrence
                .to_zoned_datetime(TimeZone::UTC)
                .strftime("  %H:%M UTC")
                .to_string();
            let utc = if local.ends_with("UTC") {
                String::new()
            } else {
                utc
            };
            format!("  {local}{utc}  ({})", human::distance(now, *occurrence))
        }));
        parts.push(lines.join("\n"));
    }
    for app in apps {
        let Ok(Now {
            plan,
            snapshot,
            past,
        }) = &app.plan
        else {
            continue;
        };
        let steps = plan.steps.iter().enumerate().map(|(place, step)| {
            vec![
                step.dyno.clone(),
                format!("restart ({})", place + 1),
                step.trigger.of(&step.schedule),
            ]
        });
        let skips = plan
            .skips
            .iter()
            .map(|skip| vec![skip.dyno.clone(), skip.reason.phrase(), skip.detail.clone()]);
        let summary = if plan.steps.is_empty() {
            "restart nothing".to_owned()
        } else {
            format!("restart {}", human::dynos(plan.steps.len()))
        };
        let table = table(width, &["Dyno", "Now", "Because"], steps.chain(skips));
        let notes = notes(plan, snapshot, past);
        parts.push(format!(
            "A pass over ⬢ {} now would {summary}\n{table}{notes}",
            snapshot.app.name
        ));
    }
    parts.join("\n\n")
}

/// How long the roll takes, and what is down meanwhile.
fn notes(plan: &plan::Plan, snapshot: &Snapshot, past: &[SignedDuration]) -> String {
    if plan.steps.is_empty() {
        return String::new();
    }
    let length = match plan::length(&plan.steps, past) {
        Some(length) => format!(
            "The roll takes about {}, by {} of this app",
            Span::whole_seconds_of(length),
            human::restarts(past.len())
        ),
        None => {
            "How long the roll takes is unknown: no restart of this app is in the ledger".to_owned()
        }
    };
    let is_single = |process_type: &&str| snapshot.quantity(process_type) == 1;
    let types: BTreeSet<&str> = plan
        .steps
        .iter()
        .map(|step| step.process_type.as_str())
        .filter(is_single)
        .collect();
    let single = types
        .iter()
        .map(|process_type| format!("\n{process_type} has one dyno: it is down while it boots"));
    format!("\n{length}{}", single.collect::<String>())
}

fn document(
    now: Timestamp,
    occurrences: &[(&Schedule, Vec<Timestamp>)],
    apps: &[AppPlan],
) -> Value {
    let occurrences = occurrences.iter().flat_map(|(schedule, occurrences)| {
        let zone = schedule.time_zone();
        occurrences.iter().map(move |occurrence| {
            json!({
                "app": schedule.app.name.as_str(), "schedule": schedule.name.as_str(),
                "local": occurrence.to_zoned_datetime(zone.clone()).to_string(), "utc": occurrence, "note": null,
            })
        })
    });
    let plans = || apps.iter().filter_map(|app| app.plan.as_ref().ok());
    let errors = apps.iter().filter_map(|app| {
        let error = app.plan.as_ref().err()?;
        Some(shapes::error(&app.app, error))
    });
    json!({
        "now": now,
        "occurrences": occurrences.collect::<Vec<_>>(),
        "steps": plans().flat_map(|now| now.plan.steps.iter().map(shapes::step)).collect::<Vec<_>>(),
        "skips": plans().flat_map(|now| now.plan.skips.iter().map(|skip| shapes::skip(&now.snapshot.app.name, skip))).collect::<Vec<_>>(),
        "rolls": plans().map(|now| json!({ "app": now.snapshot.app.name, "steps": now.plan.steps.len(), "seconds": plan::length(&now.plan.steps, &now.past).map(|length| length.as_secs()) })).collect::<Vec<_>>(),
        "errors": errors.collect::<Vec<_>>(),
    })
}
