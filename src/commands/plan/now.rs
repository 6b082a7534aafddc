//! What a pass would do now: the same planner on the same answers, without the restarts.

use super::{
    super::{
        Context,
        run::CONCURRENCY,
        runners::{self, Runners},
    },
    ahead::Ahead,
};
use crate::{
    credentials::Use,
    error::Error,
    heroku::{Client, Platform},
    ledger::{Ledger, Record},
    observe, pass,
    plan::{
        self, Known, NextRoll, Question, RollAhead, Together,
        daily_cycle::{self, Cycle, Lateness},
    },
    report::{forecast, human, json as shapes, table},
    schedule::{Schedule, Span},
    snapshot::{Dyno, Snapshot},
    state::StateDir,
};
use jiff::{SignedDuration, tz::TimeZone};
use serde::Serialize;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// What a pass would do to one app now.
pub(super) struct AppPlan {
    pub app: String,
    pub plan: Result<Now, Error>,
}

pub(super) struct Now {
    pub plan: plan::Plan,
    pub snapshot: Snapshot,
    /// How long past restarts of the app took, by this machine's ledger.
    past: Vec<SignedDuration>,
    /// Whether Heroku's own cycle may restart each dyno before a schedule does.
    pub cycles: Vec<(Dyno, Cycle)>,
    /// The zone in which that is told.
    zone: TimeZone,
    /// Dynos may be restarted for their memory, at no hour that is known.
    heeds_memory: bool,
    /// Requests that the account has left.
    remaining: Option<u64>,
    catch_up: SignedDuration,
    ahead: Option<Ahead>,
}

impl Now {
    /// Whether it is of the app of this schedule.
    pub(super) fn is_of(&self, schedule: &Schedule) -> bool {
        let app = &self.snapshot.app;
        schedule.app.is(&app.name) || schedule.app.is(&app.id)
    }
}

/// Plans every app, with the credential that a pass would act with.
pub(super) async fn ask(
    context: &Context<'_>,
    runners: &Runners,
    schedules: &[Schedule],
) -> Result<Vec<AppPlan>, Error> {
    let state = StateDir::to_read(context.env)?;
    let platform = Platform::default();
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
            let known = (&state, runners, &platform);
            let plan = match foreign {
                Some(error) => Err(error),
                None => ask_one(context, known, &client, &schedules).await,
            };
            AppPlan { app, plan }
        });
        futures_util::future::join_all(plans).await
    });
    let plans: Vec<Vec<AppPlan>> = futures_util::future::join_all(plans).await;
    let mut plans: Vec<AppPlan> = plans.into_iter().flatten().collect();
    plans.sort_by(|one, other| one.app.cmp(&other.app));
    Ok(plans)
}

async fn ask_one(
    context: &Context<'_>,
    (state, runners, platform): (&StateDir, &Runners, &Platform),
    client: &Client,
    schedules: &[Schedule],
) -> Result<Now, Error> {
    let mut snapshot = observe::whole(client, schedules[0].app.id_or_name()).await?;
    let unread = pass::recall(client, context.clock, schedules, &mut snapshot).await;
    if let Some(error) = unread {
        let name = &snapshot.app.name;
        context
            .ui
            .warn(&format!("{name}: its log cannot be read: {error}"));
    }
    let ledger = Ledger::new(state.ledger(), String::new());
    let known = Known {
        asked: ledger.asked(&snapshot.app.id)?,
        judged: pass::judged(state, schedules),
        ..Known::default()
    };
    let local_now = context.clock.now();
    let remaining = client.usage().1;
    let mut question = Question {
        schedules,
        snapshot: &snapshot,
        now: snapshot.at,
        local_now,
        remaining,
        known: &known,
    };
    let (plan, words) = pass::planned(client, platform, state, question).await;
    let mut told = known.clone();
    told.seen.words = words;
    question.known = &told;
    let (records, _) = ledger.read()?;
    let is_restart = |record: &&Record| {
        // The log of a runner app has names alone.
        let is_of_app = record.app_id == snapshot.app.id
            || record.app_id.is_empty() && record.app == snapshot.app.name;
        is_of_app && record.outcome == Some(plan::Outcome::Restarted)
    };
    let past: Vec<SignedDuration> = records
        .iter()
        .chain(runners.told())
        .filter(is_restart)
        .filter_map(|record| record.took_ms)
        .map(SignedDuration::from_millis)
        .collect();
    let runner = runners.first(&schedules[0].app, local_now);
    let lateness = Lateness {
        runner: runners::lateness(runner.as_ref()),
        restart: plan::longest(&past),
    };
    let next_roll = NextRoll::of(question);
    let cycles = daily_cycle::of_app(question, &plan, lateness).into_iter();
    let heeding = |(dyno, cycle): (&Dyno, Cycle)| {
        let cycle = cycle.heeding(next_roll.as_ref(), dyno);
        (dyno.clone(), cycle)
    };
    let mut cycles: Vec<(Dyno, Cycle)> = cycles.map(heeding).collect();
    cycles.sort_by(|(a, _), (b, _)| plan::place(&a.name).cmp(&plan::place(&b.name)));
    let ahead = next_roll.map(|roll| Ahead::new(roll, &past));
    Ok(Now {
        ahead,
        plan,
        snapshot,
        past,
        cycles,
        zone: schedules[0].time_zone(),
        heeds_memory: schedules.iter().any(|one| one.memory.is_trigger()),
        remaining: client.usage().1,
        catch_up: schedules
            .iter()
            .map(|one| one.guards.catch_up.duration())
            .min()
            .unwrap_or_default(),
    })
}

/// What a pass would do to an app now; nothing where that is not known.
pub(super) fn in_words(width: Option<u16>, app: &AppPlan) -> Option<String> {
    let now = app.plan.as_ref().ok()?;
    let (plan, snapshot) = (&now.plan, &now.snapshot);
    let steps = plan.steps.iter().enumerate().map(|(place, step)| {
        vec![
            step.dyno.clone(),
            format!("restart ({})", place + 1),
            step.why(),
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
    let notes = notes(plan, snapshot, &now.past);
    let ahead = now.ahead.as_ref().map(Ahead::in_words);
    let cycles = ahead.unwrap_or_default() + &cycles(now);
    Some(format!(
        "A pass over ⬢ {} now would {summary}\n{table}{notes}\n{cycles}",
        snapshot.app.name
    ))
}

/// A line for dynos of which Heroku's cycle can be said the same.
fn cycles(now: &Now) -> String {
    let mut told: Vec<(String, Vec<&str>)> = vec![];
    for (dyno, cycle) in &now.cycles {
        let mut words = forecast::cycle(cycle, &now.zone);
        if now.heeds_memory && matches!(cycle, Cycle::MayFire(_)) {
            words.push_str(", unless its memory has it restarted before");
        }
        match told.iter_mut().find(|(said, _)| *said == words) {
            Some((_, dynos)) => dynos.push(&dyno.name),
            None => told.push((words, vec![&dyno.name])),
        }
    }
    let lines = told.iter().map(|(words, dynos)| {
        format!(
            "\nHeroku's own daily cycle of {}: {words}",
            dynos.join(", ")
        )
    });
    lines.collect()
}

/// What the rolls of several apps come to together, where that can be told of all of them.
fn all_of(apps: &[AppPlan]) -> Option<(usize, Together, Option<u64>)> {
    let plans = apps.iter().filter_map(|app| app.plan.as_ref().ok());
    let due: Vec<&Now> = plans.filter(|now| !now.plan.steps.is_empty()).collect();
    let roll = |now: &&Now| RollAhead::new(&now.plan.steps, &now.past, now.catch_up);
    let rolls: Vec<RollAhead> = due.iter().map(roll).collect::<Option<_>>()?;
    let remaining = due.iter().filter_map(|now| now.remaining).min();
    let all = plan::together(&rolls, remaining, usize::from(CONCURRENCY));
    (rolls.len() > 1).then_some((rolls.len(), all, remaining))
}

/// The same in words.
pub(super) fn together(apps: &[AppPlan]) -> Option<String> {
    let (count, all, remaining) = all_of(apps)?;
    let length = Span::whole_seconds_of(all.length);
    let left = remaining.map(|left| format!(", of {left} that the account has left"));
    let late = match all.late {
        0 => String::new(),
        late => format!(
            "; {late} of them would have their turn later than their catch-up allows, and be missed"
        ),
    };
    Some(format!(
        "All {count} apps together take about {length}, and {} requests{}{late}",
        all.requests,
        left.unwrap_or_default()
    ))
}

/// The parts of the JSON document that are about now.
#[derive(Serialize)]
pub(super) struct Json {
    steps: Vec<Value>,
    skips: Vec<Value>,
    rolls: Vec<Value>,
    together: Option<Value>,
    daily_cycle: Vec<Value>,
}

/// What a pass would do, as JSON has it.
pub(super) fn json(apps: &[AppPlan]) -> Json {
    let plans = || apps.iter().filter_map(|app| app.plan.as_ref().ok());
    let name = |now: &Now| now.snapshot.app.name.clone();
    let steps = plans().flat_map(|now| now.plan.steps.iter().map(|step| shapes::step(step)));
    let skips = plans().flat_map(|now| {
        now.plan
            .skips
            .iter()
            .map(|skip| shapes::skip(&name(now), skip))
    });
    let rolls = plans().map(|now| {
        let length = plan::length(&now.plan.steps, &now.past);
        json!({ "app": name(now), "steps": now.plan.steps.len(), "seconds": length.map(|length| length.as_secs()), "next": now.ahead.as_ref().map(Ahead::json) })
    });
    let cycles = plans().flat_map(|now| {
        let of = |(dyno, cycle): &(Dyno, Cycle)| forecast::json_of_cycle(&name(now), dyno, cycle);
        now.cycles.iter().map(of).collect::<Vec<_>>()
    });
    Json {
        steps: steps.collect(),
        skips: skips.collect(),
        rolls: rolls.collect(),
        together: all_of(apps).map(|(count, all, remaining)| {
            json!({ "apps": count, "seconds": all.length.as_secs(), "requests": all.requests, "remaining": remaining, "late": all.late })
        }),
        daily_cycle: cycles.collect(),
    }
}

/// How long the roll takes, and what is down meanwhile.
fn notes(plan: &plan::Plan, snapshot: &Snapshot, past: &[SignedDuration]) -> String {
    if snapshot.app.is_in_maintenance {
        return format!("\n{}", human::maintenance(&snapshot.app.name));
    }
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
