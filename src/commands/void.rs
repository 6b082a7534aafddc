//! A change to a schedule makes its past occurrences void. One that no pass has acted on does not
//! vanish without a word: it is said, and recorded.

use super::Context;
use crate::{
    error::Error,
    heroku,
    ledger::Ledger,
    observe,
    plan::missed::{self, Missed},
    report::human,
    schedule::Schedule,
    snapshot::Snapshot,
    state::StateDir,
};
use jiff::SignedDuration;

/// Tells of what `verb` has made void of the schedule as it was `before`, and is not of it as it is
/// `after`. The dynos are asked where they can be; a paused schedule's occurrences are void on purpose.
/// The change itself is made by then, so that what cannot be recorded is a warning.
pub(super) async fn tell(
    context: &Context<'_>,
    verb: &str,
    before: &Schedule,
    after: Option<&Schedule>,
) {
    if let Err(error) = judge(context, verb, before, after).await {
        context.ui.warn(&format!(
            "whether {verb} made an occurrence void could not be recorded: {error}"
        ));
    }
}

async fn judge(
    context: &Context<'_>,
    verb: &str,
    before: &Schedule,
    after: Option<&Schedule>,
) -> Result<(), Error> {
    let now = context.clock.now();
    let state = StateDir::open(context.env)?;
    let judged = state.mark(before).judged;
    let kept = after
        .filter(|after| !after.is_paused(now))
        .and_then(|after| after.latest_occurrence(now));
    let until = kept.map_or(now, |kept| now.min(kept - SignedDuration::from_nanos(1)));
    let unjudged = missed::latest_unjudged(before, judged, until);
    let Some(occurrence) = unjudged.filter(|_| !before.is_paused(now)) else {
        return Ok(());
    };
    if before.app.is_fleet() {
        // Which of its apps had not been reached each of them would have to be asked.
        return Ok(());
    }
    let is_rolled = is_rolled(context, &state, before)?;
    let witness = look(context, before).await;
    let was_done = |snapshot: &Snapshot| !missed::is_left(before, snapshot, occurrence);
    if witness.as_ref().is_ok_and(was_done) {
        return Ok(());
    }
    let (at, app_id) = witness.map_or_else(
        |_| (now, before.app.id.clone().unwrap_or_default()),
        |snapshot| (snapshot.at, snapshot.app.id),
    );
    let reason = if is_rolled {
        format!("a pass was at work on the app when {verb} made it void")
    } else {
        format!("no pass had acted on it when {verb} made it void")
    };
    let missed = missed::missed(before, judged, occurrence, reason);
    Ledger::new(state.ledger(), state.runner_id()?).missed(&missed, &app_id, at)?;
    if is_rolled {
        context.ui.say(&format!(
            "A pass is at work on ⬢ {}: it proves what it has begun, and begins no more of {}",
            before.app.name,
            human::instant(occurrence, &before.time_zone())
        ));
    } else {
        say(context, verb, before, &missed);
    }
    Ok(())
}

/// Whether a pass of this machine has the app: it may have begun with the occurrence.
fn is_rolled(context: &Context<'_>, state: &StateDir, schedule: &Schedule) -> Result<bool, Error> {
    let Some(id) = &schedule.app.id else {
        return Ok(false);
    };
    let options = heroku::Options::from_env(context.env)?;
    Ok(state.lock(options.host.machine(), id)?.is_none())
}

async fn look(context: &Context<'_>, schedule: &Schedule) -> Result<Snapshot, Error> {
    let client = context.client_for(schedule).await?;
    Ok(observe::whole(&client, schedule.app.id_or_name()).await?)
}

fn say(context: &Context<'_>, verb: &str, schedule: &Schedule, missed: &Missed) {
    let occurrence = human::instant(missed.occurrence, &schedule.time_zone());
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
