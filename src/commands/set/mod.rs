//! `set`: writes a schedule, and says back what it means.

mod metrics;
pub(super) mod reach;
mod seen;
mod tell;
mod told;
mod when;

pub(super) use when::draft;

use super::{
    Context, auth, daily_cycle, foresee, index,
    runners::{self, Runners},
    void,
};
use crate::{
    cli::{Set, TargetFlags},
    error::{Error, exit},
    schedule::{self, Schedule, Target},
    snapshot::Generation,
};
use console::Style;

pub(super) async fn set(context: &Context<'_>, flags: Set) -> Result<u8, Error> {
    let app = context.app(&flags.app)?;
    let mut schedule = when::draft(context, &flags, &app)?;
    let store = context.store(flags.common.schedules.as_deref()).await?;
    let schedules = context.read(&store).await?;
    reach::is_not_the_runner(&store, app.as_str())?;
    told::check(context, &store, &schedule).await?;
    let (ui, name) = (context.ui, schedule.name.clone());
    let seen = seen::look(context, &app).await?;
    if let Some(seen) = &seen {
        reach::is_not_the_runner(&store, &seen.app.id)?;
    }
    let shown = seen
        .as_ref()
        .map_or(app.as_str(), |seen| seen.app.name.as_str());
    let now = seen
        .as_ref()
        .map_or_else(|| context.clock.now(), |seen| seen.now);
    let action = ui.action(&format!(
        "Setting schedule {name} on {}",
        ui.paint(&format!("⬢ {shown}"), &Style::new().magenta())
    ));
    // As the store finds it: by the app's name, else by its id, which a rename leaves.
    let by_name = |schedule: &&Schedule| {
        schedule.name == name && (schedule.app.is(app.as_str()) || schedule.app.is(shown))
    };
    let by_id = |schedule: &&Schedule| {
        let id = seen.as_ref().map(|seen| seen.app.id.as_str());
        schedule.name == name && id.is_some_and(|id| schedule.app.is(id))
    };
    let before = schedules
        .iter()
        .find(by_name)
        .or_else(|| schedules.iter().find(by_id));
    let before = before.cloned();
    let was_paused = before
        .as_ref()
        .is_some_and(|schedule| schedule.is_paused(now));
    let known = before.as_ref().map(|schedule| schedule.app.clone());
    schedule.app = seen::identity(app, seen.as_ref(), known, seen::other_host(context)?);
    schedule.since = Some(schedule::minute_of(now));
    let is_replaced = store.put(&context.clock, &schedule).await?;
    action.done();
    if let Some(before) = &before {
        void::tell(context, "set", before, Some(&schedule)).await;
    }
    let runners = Runners::look(context, &store).await?;
    let is_run = runners.is_run(&schedule.app, now);
    let mut troubles = match &seen {
        Some(seen) => foresee::foresee(context, &schedule, &seen.app.id, is_run, now).await,
        None => vec![],
    };
    let unreached = reach::problem(context, &store, &schedule).await;
    let is_fir = seen
        .as_ref()
        .is_some_and(|seen| seen.app.generation == Generation::Fir);
    if !is_fir {
        troubles.extend(daily_cycle::foresee(&schedule, &schedules, now));
    }
    if ui.is_json {
        if let Some(seen) = &seen {
            troubles.extend(metrics::look(context, &flags, &schedule, seen).await);
        }
        let runner = runners.first(&schedule.app, now);
        let mut described = index::describe(&schedule, None, runner.as_ref(), now);
        let warnings = troubles.iter().map(|trouble| trouble.warning.as_str());
        let unreached = unreached.iter().map(|(problem, _)| problem.as_str());
        described["warnings"] = warnings.chain(unreached).collect();
        ui.json(&described);
        return Ok(exit::DONE);
    }
    ui.result(&tell::in_words(&schedule, is_replaced, now));
    if was_paused {
        ui.say("It was paused, and goes on now");
    }
    if let Some(seen) = &seen {
        troubles.extend(metrics::look(context, &flags, &schedule, seen).await);
    }
    tell::overlaps(context, &schedule, &schedules);
    tell::warn(context, &schedule, seen.as_ref(), now);
    for trouble in &troubles {
        trouble.tell(ui);
    }
    if let Some((problem, hint)) = unreached {
        ui.warn(&problem);
        ui.hint(&hint);
    }
    runners::tell(context, &runners, std::slice::from_ref(&schedule), now);
    ui.hint(&format!(
        "{} --app {} shows what will happen",
        context.verb("plan"),
        schedule.app.name
    ));
    let account = schedule.app.account.as_deref();
    auth::offer(context, &super::stop(), &flags.common, account).await?;
    Ok(exit::DONE)
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
