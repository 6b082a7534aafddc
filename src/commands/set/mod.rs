//! `set`: writes a schedule, and says back what it means.

mod fleet;
mod metrics;
pub(super) mod reach;
mod runner;
mod seen;
mod tell;
pub(super) mod told;
mod when;

pub(super) use when::draft;

use super::{
    Context, daily_cycle,
    foresee::{self, Trouble},
    index,
    runners::{self, Runners},
    void,
};
use crate::{
    cli::{Set, TargetFlags},
    error::{Error, exit},
    schedule::{self, Schedule, ScheduleName, Target},
    snapshot::Generation,
};
use console::Style;
use jiff::Timestamp;
use seen::Seen;

pub(super) async fn set(context: &Context<'_>, flags: Set) -> Result<u8, Error> {
    let (app, membership) = context.meant(&flags.app, &flags.fleet)?;
    let mut schedule = when::draft(context, &flags, &app, membership)?;
    let store = context.store(flags.common.schedules.as_deref()).await?;
    let schedules = context.read(&store).await?;
    reach::is_not_the_runner(&store, app.as_str())?;
    told::check(context, &store, &schedule).await?;
    let (ui, name) = (context.ui, schedule.name.clone());
    let (seen, found) = match schedule.app.fleet() {
        Some(fleet) => (None, fleet::look(context, app.as_str(), fleet).await?),
        None => (seen::look(context, &app).await?, None),
    };
    if let Some(seen) = &seen {
        reach::is_not_the_runner(&store, &seen.app.id)?;
    }
    let shown = seen
        .as_ref()
        .map_or(app.as_str(), |seen| seen.app.name.as_str());
    let now = seen
        .as_ref()
        .map(|seen| seen.now)
        .or_else(|| Some(found.as_ref()?.now))
        .unwrap_or_else(|| context.clock.now());
    let action = ui.action(&format!(
        "Setting schedule {name} on {}",
        ui.paint(&format!("⬢ {shown}"), &Style::new().magenta())
    ));
    let id = seen.as_ref().map(|seen| seen.app.id.as_str());
    let before = before(&schedules, &name, [app.as_str(), shown], id).cloned();
    let was_paused = before
        .as_ref()
        .is_some_and(|schedule| schedule.is_paused(now));
    let known = before.as_ref().map(|schedule| schedule.app.clone());
    let was = before.as_ref().map(Schedule::when);
    let host = seen::other_host(context)?;
    schedule.app = if schedule.app.is_fleet() {
        fleet::identity(schedule.app, found.as_ref(), known.as_ref(), host)
    } else {
        seen::identity(app, seen.as_ref(), known, host)
    };
    schedule.since = Some(schedule::minute_of(now));
    let is_replaced = store.put(&context.clock, &schedule).await?;
    action.done();
    let before = before.or_else(|| context.of_fleet(&schedules, &schedule));
    if let Some(before) = before {
        void::tell(context, "set", &before, Some(&schedule)).await;
    }
    let runners = Runners::look(context, &store).await?;
    let is_run = runners.is_run(&schedule.app, now);
    let mut troubles = troubles(context, (&schedule, &schedules), seen.as_ref(), is_run, now).await;
    let unreached = reach::problem(context, &store, &schedule).await;
    let alone = seen.as_ref().and_then(|seen| tell::alone(&schedule, seen));
    if ui.is_json {
        if let Some(seen) = &seen {
            troubles.extend(metrics::look(context, &flags, &schedule, seen).await);
        }
        let mut warnings: Vec<String> = troubles.into_iter().map(|one| one.warning).collect();
        warnings.extend(unreached.map(|(problem, _)| problem));
        warnings.extend(alone);
        ui.json(&described(context, &schedule, &runners, warnings, now));
        return Ok(exit::DONE);
    }
    ui.result(&tell::in_words(&schedule, is_replaced, now));
    if let Some(found) = &found {
        found.tell(context, &schedule, &schedules);
    }
    if let Some(was) = was.filter(|was| *was != schedule.when()) {
        ui.say(&format!("It was {was}"));
    }
    if was_paused {
        ui.say("It was paused, and goes on now");
    }
    if let Some(seen) = &seen {
        troubles.extend(metrics::look(context, &flags, &schedule, seen).await);
    }
    tell::overlaps(context, &schedule, &schedules);
    tell::warn(context, &schedule, seen.as_ref(), now);
    if let Some(alone) = &alone {
        ui.warn(alone);
    }
    for trouble in &troubles {
        trouble.tell(ui);
    }
    if let Some((problem, hint)) = unreached {
        ui.warn(&problem);
        ui.hint(&hint);
    }
    let plan = match schedule.app.fleet() {
        Some(_) => context.verb("plan"),
        None => format!("{} --app {}", context.verb("plan"), schedule.app.name),
    };
    ui.hint(&format!("{plan} shows what will happen"));
    let of_it = (&schedule, schedules.is_empty());
    runner::offer(context, &flags.common, &runners, of_it, now).await
}

/// The schedule as JSON has it, with what somebody should know who set it.
fn described(
    context: &Context<'_>,
    schedule: &Schedule,
    runners: &Runners,
    mut warnings: Vec<String>,
    now: Timestamp,
) -> serde_json::Value {
    let runner = runners.first(&schedule.app, now);
    let mut described = index::describe(schedule, None, runner.as_ref(), now);
    let idle = runners::problem(context, runners, std::slice::from_ref(schedule), now);
    warnings.extend(idle.map(|(problem, _)| problem));
    described["warnings"] = warnings.into();
    described
}

/// What will be in the way of it, as far as that is known.
async fn troubles(
    context: &Context<'_>,
    (schedule, all): (&Schedule, &[Schedule]),
    seen: Option<&Seen>,
    is_run: bool,
    now: Timestamp,
) -> Vec<Trouble> {
    let mut troubles = match seen {
        Some(seen) => foresee::foresee(context, schedule, &seen.app.id, is_run, now).await,
        None => vec![],
    };
    if seen.is_none_or(|seen| seen.app.generation != Generation::Fir) {
        troubles.extend(daily_cycle::foresee(schedule, all, now));
    }
    troubles
}

/// The schedule as the store finds it: by the app's name, else by its id, which a rename leaves.
fn before<'a>(
    schedules: &'a [Schedule],
    name: &ScheduleName,
    names: [&str; 2],
    id: Option<&str>,
) -> Option<&'a Schedule> {
    let mut of_name = schedules.iter().filter(|one| one.name == *name);
    let by_name = |one: &&Schedule| names.iter().any(|name| one.app.is(name));
    let by_id = |one: &&Schedule| id.is_some_and(|id| one.app.is(id));
    let found = of_name.clone().find(by_name);
    found.or_else(|| of_name.find(by_id))
}

/// The target that flags name.
pub(super) fn target(flags: &TargetFlags) -> Result<Target, Error> {
    match (&flags.process_type, &flags.dyno_name) {
        (Some(_), Some(_)) => Err(Error::usage(
            "--process-type and --dyno-name are both given",
            "give one of them, for example --process-type web or --dyno-name web.1",
        )),
        (Some(process_type), None) => Ok(Target::ProcessType(process_type.clone())),
        (None, Some(dyno)) => Ok(Target::Dyno(dyno.clone())),
        (None, None) => Ok(Target::All),
    }
}
