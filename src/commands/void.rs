//! A change to a schedule makes its past occurrences void. One that no pass has acted on does not
//! vanish without a word: it is said, and recorded.

use super::Context;
use crate::{
    error::Error,
    fleet::Fleets,
    heroku,
    ledger::Ledger,
    observe,
    plan::missed::{self, Missed, Progress},
    report::human,
    schedule::Schedule,
    snapshot::Snapshot,
    state::StateDir,
};
use jiff::{SignedDuration, Timestamp};

/// Apps of a fleet whose dynos are asked, at four requests each.
const MOST_LOOKED_AT: usize = 20;

/// Tells of what `verb` has made void of the schedule as it was `before`, and is not of it as it is
/// `after`. The dynos are asked where they can be; a paused schedule's occurrences are void on purpose.
/// The change itself is made by then, so that what cannot be recorded is a warning.
pub(super) async fn tell(
    context: &Context<'_>,
    verb: &str,
    before: &Schedule,
    after: Option<&Schedule>,
) {
    let judged = if before.app.is_fleet() {
        of_fleet(context, verb, before, after).await
    } else {
        judge(context, verb, before, after).await
    };
    if let Err(error) = judged {
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
    let Some(occurrence) = voided(before, after, judged, now) else {
        return Ok(());
    };
    let is_rolled = is_rolled(context, &state, before)?;
    let witness = look(context, before).await;
    let acted = Progress::of(before, witness.as_ref().ok(), occurrence);
    if acted.left == 0 {
        return Ok(());
    }
    let (at, app_id) = witness.map_or_else(
        |_| (now, before.app.id.clone().unwrap_or_default()),
        |snapshot| (snapshot.at, snapshot.app.id),
    );
    let reason = if is_rolled {
        format!("a pass was at work on the app when {verb} made it void")
    } else {
        reason(acted, verb)
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
        let app = before.app.name.as_str();
        say(context, verb, before, &missed, (app, "", acted));
    }
    Ok(())
}

/// The newest occurrence that is of the schedule as it was, is not judged, and is not kept.
fn voided(
    before: &Schedule,
    after: Option<&Schedule>,
    judged: Option<Timestamp>,
    now: Timestamp,
) -> Option<Timestamp> {
    let kept = after
        .filter(|after| !after.is_paused(now))
        .and_then(|after| after.latest_occurrence(now));
    let until = kept.map_or(now, |kept| now.min(kept - SignedDuration::from_nanos(1)));
    let unjudged = missed::latest_unjudged(before, judged, until);
    unjudged.filter(|_| !before.is_paused(now))
}

/// The same of those of its apps on whose dynos nobody acted.
async fn of_fleet(
    context: &Context<'_>,
    verb: &str,
    before: &Schedule,
    after: Option<&Schedule>,
) -> Result<(), Error> {
    let now = context.clock.now();
    let state = StateDir::open(context.env)?;
    if voided(before, after, None, now).is_none() {
        return Ok(());
    }
    let ledger = Ledger::new(state.ledger(), state.runner_id()?);
    let open = |one: &Schedule| {
        let judged = state.mark(one).judged;
        Some((voided(one, after, judged, now)?, judged))
    };
    let known = Fleets::open(&state).expand(std::slice::from_ref(before));
    let members = if known.iter().all(|one| open(one).is_none()) && !known.is_empty() {
        vec![]
    } else {
        context.expanded(std::slice::from_ref(before)).await?
    };
    let open = members
        .into_iter()
        .filter_map(|one| Some((open(&one)?, one)));
    let open: Vec<_> = open.collect();
    let unseen = open.len().saturating_sub(MOST_LOOKED_AT);
    let mut left = vec![];
    let looks = open
        .iter()
        .take(MOST_LOOKED_AT)
        .map(async |(_, one)| look(context, one).await);
    let witnesses = futures_util::future::join_all(looks).await;
    for (((occurrence, judged), one), witness) in open.iter().zip(witnesses) {
        let acted = Progress::of(one, witness.as_ref().ok(), *occurrence);
        if acted.left == 0 {
            continue;
        }
        let id = one.app.id.clone().unwrap_or_default();
        let missed = missed::missed(one, *judged, *occurrence, reason(acted, verb));
        ledger.missed(&missed, &id, now)?;
        left.push((one.app.name.to_string(), missed, acted));
    }
    let Some((first, missed, _)) = left.first() else {
        return Ok(());
    };
    let names: Vec<String> = left.iter().map(|(app, ..)| format!("⬢ {app}")).collect();
    let unseen = match unseen {
        0 => String::new(),
        _ => format!(", and {unseen} were not looked at"),
    };
    let whose = format!(" for {}{unseen}", names.join(", "));
    let all = left.iter().map(|(.., acted)| *acted);
    let acted = all.fold(Progress::default(), Progress::with);
    say(context, verb, before, missed, (first, &whose, acted));
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

fn reason(progress: Progress, verb: &str) -> String {
    let Progress { done, left } = progress;
    if progress.is_partly() {
        let all = done + left;
        format!("{done} of {all} dynos had started since when {verb} made it void")
    } else {
        format!("no pass had acted on it when {verb} made it void")
    }
}

/// `whose` names the apps where there are several; `app` is the first of them.
fn say(
    context: &Context<'_>,
    verb: &str,
    schedule: &Schedule,
    missed: &Missed,
    (app, whose, acted): (&str, &str, Progress),
) {
    let occurrence = human::instant(missed.occurrence, &schedule.time_zone());
    let name = &schedule.name;
    let earlier = match missed.count {
        0 | 1 => String::new(),
        count => format!(" (and {} earlier)", count - 1),
    };
    let which = format!("{occurrence}{earlier} of schedule {name}{whose}");
    let Progress { done, left } = acted;
    let all = done + left;
    let (said, younger) = if acted.is_partly() {
        let since = context.clock.now().duration_since(missed.occurrence);
        (
            format!(
                "{done} of {all} dynos have started since {which}, and {verb} makes the rest of it void"
            ),
            format!(" --older-than {}", human::span(since)),
        )
    } else {
        let said = format!("no pass has acted on {which}, and {verb} makes it void");
        (said, String::new())
    };
    context.ui.warn(&said);
    context.ui.hint(&format!(
        "{} --now --app {app}{younger} --yes makes up for it",
        context.verb("run")
    ));
}
