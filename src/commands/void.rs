//! A change to a schedule makes its past occurrences void. One that no pass has acted on does not
//! vanish without a word: it is said, and recorded.

use super::Context;
use crate::{
    error::Error,
    ledger::Ledger,
    observe, pass,
    plan::missed::{self, Missed},
    report::human,
    schedule::Schedule,
    snapshot::Snapshot,
    state::StateDir,
};

/// Tells of what `verb` has made void of the schedule as it was `before`. The dynos are asked where
/// they can be; a paused schedule's occurrences are void on purpose.
pub(super) async fn tell(
    context: &Context<'_>,
    verb: &str,
    before: &Schedule,
) -> Result<(), Error> {
    let now = context.clock.now();
    let state = StateDir::open(context.env)?;
    let judged = state.mark(before).judged;
    let unjudged = missed::latest_unjudged(before, judged, now);
    let Some(occurrence) = unjudged.filter(|_| !before.is_paused(now)) else {
        return Ok(());
    };
    let witness = look(context, before).await;
    let was_done = |snapshot: &Snapshot| !missed::is_left(before, snapshot, occurrence);
    if witness.as_ref().is_ok_and(was_done) {
        return Ok(());
    }
    let (at, app_id) = witness.map_or_else(
        |_| (now, before.app.id.clone().unwrap_or_default()),
        |snapshot| (snapshot.at, snapshot.app.id),
    );
    let reason = format!("no pass had acted on it when {verb} made it void");
    let missed = missed::missed(before, judged, occurrence, reason);
    Ledger::new(state.ledger(), state.runner_id()?).missed(&missed, &app_id, at)?;
    say(context, verb, before, &missed);
    Ok(())
}

async fn look(context: &Context<'_>, schedule: &Schedule) -> Result<Snapshot, Error> {
    let (client, options, _) = context.client().await?;
    if let Some(error) = pass::foreign_host(schedule, options.host.machine()) {
        return Err(error);
    }
    let app = &schedule.app;
    let name = app.id.as_deref().unwrap_or(app.name.as_str());
    Ok(observe::whole(&client, name).await?)
}

fn say(context: &Context<'_>, verb: &str, schedule: &Schedule, missed: &Missed) {
    let occurrence = human::instant(missed.occurrence, &super::pause::zone(schedule));
    let (name, app) = (&schedule.name, &schedule.app.name);
    let earlier = match missed.count {
        0 | 1 => String::new(),
        count => format!(" (and {} earlier)", count - 1),
    };
    context.ui.warn(&format!(
        "no pass has acted on {occurrence}{earlier} of schedule {name}, and {verb} makes it void"
    ));
    context.ui.hint(&format!(
        "{} --now --app {app} --yes makes up for it",
        context.verb("run")
    ));
}
