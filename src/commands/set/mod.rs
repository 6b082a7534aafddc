//! `set`: writes a schedule, and says back what it means.

mod when;

use super::{Context, auth, foresee, index, pause, void};
use crate::{
    cli::{Set, TargetFlags},
    credentials::{self, Use},
    error::{Error, exit},
    heroku,
    report::human,
    schedule::{App, AppName, Guards, Schedule, Target},
    snapshot::{self, Generation},
    state::StateDir,
};
use console::Style;
use jiff::{SignedDuration, Timestamp};
use std::fmt::Write as _;

/// What Heroku said of the app, when it could be asked.
struct Seen {
    app: snapshot::App,
    formation: Vec<snapshot::Formation>,
    now: Timestamp,
    /// How far Heroku's clock is ahead, where that is worth saying.
    skew: Option<SignedDuration>,
    account: Option<String>,
}

pub(super) async fn set(context: &Context<'_>, flags: Set) -> Result<u8, Error> {
    let app = context.app(&flags.app)?;
    let (calendar, bounds) = when::of(context, &flags)?;
    let target = target(&flags.target)?;
    if let (Some(least), Some(longest)) = (flags.min_uptime, flags.max_uptime)
        && least > longest
    {
        let message = format!(
            "--min-uptime {least} is longer than --max-uptime {longest}: the two contradict each other"
        );
        return Err(Error::usage(
            message,
            "give a shorter --min-uptime, for example 1h",
        ));
    }
    let default = Guards::default();
    let mut schedule = Schedule {
        name: flags.name.unwrap_or_default(),
        app: App {
            name: app.clone(),
            id: None,
            account: None,
            host: None,
        },
        target,
        calendar,
        max_uptime: flags.max_uptime,
        jitter: flags.jitter,
        own_daily_cycle: flags.own_daily_cycle,
        bounds,
        guards: Guards {
            catch_up: flags.catch_up.unwrap_or(default.catch_up),
            min_uptime: flags.min_uptime,
            max_unavailable: flags.how.max_unavailable.unwrap_or(default.max_unavailable),
            wait_limit: flags.how.wait_limit.unwrap_or(default.wait_limit),
            settle: flags.how.settle.unwrap_or(default.settle),
        },
        since: None,
        pause: None,
    };
    when::check(&schedule, context.clock.now())?;
    let store = context.store(flags.common.schedules.as_deref())?;
    let state = StateDir::open(context.env)?;
    let schedules = store.read()?;
    let (ui, name) = (context.ui, schedule.name.clone());
    let seen = look(context, &app).await?;
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
    schedule.app = identity(app, seen.as_ref(), known, other_host(context)?);
    schedule.since = Some(pause::minute(now));
    let is_replaced = store.put(&context.clock, &schedule).await?;
    action.done();
    if let Some(before) = &before {
        void::tell(context, "set", before, Some(&schedule)).await;
    }
    let heartbeat = state.heartbeat(store.path(), &schedule.app);
    let is_run = heartbeat.as_ref().is_some_and(|sign| sign.is_alive(now));
    let mut troubles = match &seen {
        Some(seen) => foresee::foresee(context, &schedule, &seen.app.id, is_run, now).await,
        None => vec![],
    };
    let is_fir = seen
        .as_ref()
        .is_some_and(|seen| seen.app.generation == Generation::Fir);
    if !is_fir {
        troubles.extend(foresee::daily_cycle(&schedule, &schedules, now));
    }
    if ui.is_json {
        let mut described = index::describe(&schedule, None, heartbeat.as_ref(), now);
        let warnings = troubles.iter().map(|trouble| trouble.warning.as_str());
        described["warnings"] = warnings.collect();
        ui.json(&described);
        return Ok(exit::DONE);
    }
    ui.result(&in_words(&schedule, is_replaced, now));
    if was_paused {
        ui.say("It was paused, and goes on now");
    }
    tell_overlaps(context, &schedule, &schedules);
    warn(context, &schedule, seen.as_ref(), now);
    for trouble in troubles {
        ui.warn(&trouble.warning);
        trouble.hint.iter().for_each(|hint| ui.hint(hint));
    }
    index::runner(context, &store, std::slice::from_ref(&schedule), now)?;
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

/// Asks Heroku for the app. Where nobody can be asked the schedule is set all the same, and the
/// first pass fills in what is missing; an app that is not there is an error.
async fn look(context: &Context<'_>, app: &AppName) -> Result<Option<Seen>, Error> {
    let asked = async {
        let (client, _, credential) = context.client(Use::Person).await?;
        let seen = client.app(app.as_str()).await?;
        let formation = client.formation(&seen.id).await?;
        Ok::<_, Error>(Seen {
            app: seen,
            formation,
            now: client.now(),
            skew: client.skew_worth_saying(),
            account: credential.account,
        })
    };
    match asked.await {
        Ok(seen) => Ok(Some(seen)),
        Err(Error::Credential(credentials::Error::NotFound { .. })) => {
            context.ui.warn("not logged in to Heroku, so the app was not checked; a pass needs a credential (auth:setup), heroku login or HEROKU_API_KEY");
            Ok(None)
        }
        // Nor can a pass, without a person; but that may be changed at Heroku.
        Err(Error::Heroku(error)) if error.code() == "two_factor" => {
            context.ui.warn(&format!("⬢ {app} demands a second factor, which a pass without a person cannot give: {error}"));
            context
                .ui
                .hint("take the demand off the app, or restart it by hand");
            Ok(None)
        }
        Err(Error::Heroku(
            error @ (heroku::Error::Unreachable { .. }
            | heroku::Error::TimedOut { .. }
            | heroku::Error::Broken { .. }),
        )) => {
            context
                .ui
                .warn(&format!("Heroku could not be asked about {app}: {error}"));
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

fn identity(app: AppName, seen: Option<&Seen>, known: Option<App>, host: Option<String>) -> App {
    match seen {
        Some(seen) => App {
            name: seen.app.name.parse().unwrap_or(app),
            id: Some(seen.app.id.clone()),
            // With HEROKU_API_KEY nobody tells whose it is: what was known stays.
            account: seen
                .account
                .clone()
                .or(known.and_then(|known| known.account)),
            host,
        },
        None => known.unwrap_or(App {
            name: app,
            id: None,
            account: None,
            host,
        }),
    }
}

/// The host that requests go to, when it is not Heroku's own.
fn other_host(context: &Context<'_>) -> Result<Option<String>, Error> {
    let options = heroku::Options::from_env(context.env)?;
    let host = options.host.machine();
    Ok((host != "api.heroku.com").then(|| host.to_owned()))
}

fn in_words(schedule: &Schedule, is_replaced: bool, now: Timestamp) -> String {
    let verb = if is_replaced { "Replaced" } else { "Created" };
    let budget = schedule.guards.max_unavailable.to_string();
    let pace = if budget == "1" {
        match schedule.target {
            Target::All => "one of a process type at a time".to_owned(),
            Target::ProcessType(_) | Target::Dyno(_) => "one at a time".to_owned(),
        }
    } else {
        format!("at most {budget} of a process type at a time")
    };
    let mut text = format!(
        "{verb} schedule {} of ⬢ {}: {} {} {}, {pace}",
        schedule.name,
        schedule.app.name,
        schedule.target,
        schedule.target.restarts(),
        schedule.when()
    );
    let zone = schedule.time_zone();
    if let Some(due) = schedule.latest_occurrence(now) {
        let _ = write!(
            text,
            "\n  now   {}: the next pass acts on it",
            human::instant(due, &zone)
        );
    }
    let mut next = schedule.next_occurrence(now);
    for label in ["next", "then", "then"] {
        let Some(occurrence) = next else { break };
        let _ = write!(
            text,
            "\n  {label}  {} ({})",
            human::instant(occurrence, &zone),
            human::distance(now, occurrence)
        );
        next = schedule.next_occurrence(occurrence);
    }
    text
}

/// Other schedules that are about some of the same dynos: allowed, and worth knowing.
fn tell_overlaps(context: &Context<'_>, schedule: &Schedule, all: &[Schedule]) {
    let is_other = |other: &&Schedule| {
        let is_app = other.app.is(schedule.app.id_or_name()) || other.app.name == schedule.app.name;
        is_app && other.name != schedule.name && other.target.overlaps(&schedule.target)
    };
    for other in all.iter().filter(is_other) {
        context.ui.say(&format!(
            "Schedule {} of ⬢ {} is about some of these dynos too ({}, {}): both restart them, and once where they fall together",
            other.name, other.app.name, other.target, other.when()
        ));
    }
}

fn warn(context: &Context<'_>, schedule: &Schedule, seen: Option<&Seen>, now: Timestamp) {
    let zone = schedule.time_zone();
    // Only an occurrence of this very day is what somebody may have meant.
    let passed = schedule
        .calendar
        .as_ref()
        .and_then(|calendar| calendar.latest(now))
        .filter(|passed| {
            let day = |instant: Timestamp| instant.to_zoned_datetime(zone.clone()).date();
            schedule.since.is_some_and(|since| *passed < since) && day(*passed) == day(now)
        });
    if let Some(passed) = passed {
        let time = passed
            .to_zoned_datetime(zone.clone())
            .strftime("%H:%M")
            .to_string();
        let next = schedule
            .next_occurrence(now)
            .map(|next| human::instant(next, &zone))
            .unwrap_or_default();
        context
            .ui
            .say(&format!("{time} today has passed; next {next}"));
    }
    let Some(seen) = seen else { return };
    if let Some(skew) = seen.skew {
        context.ui.warn(&human::skew(skew));
    }
    let wanted = seen.formation.iter().filter(|entry| {
        entry.quantity > 0
            && schedule
                .target
                .includes(&format!("{}.1", entry.process_type), &entry.process_type)
    });
    let single: Vec<&str> = wanted
        .filter(|entry| entry.quantity == 1)
        .map(|entry| entry.process_type.as_str())
        .collect();
    if !single.is_empty() {
        context.ui.warn(&format!(
            "{} has one dyno: it is down while it boots",
            single.join(" and ")
        ));
    }
    let is_there = match &schedule.target {
        Target::All => true,
        Target::ProcessType(wanted) => seen
            .formation
            .iter()
            .any(|entry| entry.quantity > 0 && entry.process_type.eq_ignore_ascii_case(wanted)),
        Target::Dyno(name) => seen.formation.iter().any(|entry| {
            name.rsplit_once('.').is_none_or(|(kind, number)| {
                kind.eq_ignore_ascii_case(&entry.process_type)
                    && number
                        .parse::<u32>()
                        .is_ok_and(|number| number <= entry.quantity)
            })
        }),
    };
    if !is_there {
        context.ui.warn(&format!(
            "⬢ {} has no {} now: until it does, nothing is restarted",
            seen.app.name, schedule.target
        ));
    }
}
