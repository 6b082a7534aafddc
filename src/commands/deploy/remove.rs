//! `deploy:remove`: the schedules come back to this machine, then the app goes, then its
//! authorization; what cannot be taken away is said.

use super::{
    super::{
        Context, auth,
        runners::{self, Runners},
    },
    begun::Begun,
    found::Found,
    made::destroy,
};
use crate::{
    cli::DeployRemove,
    credentials::records::{ToRevoke, is_same},
    error::{Error, exit},
    schedule::Schedule,
    state::StateDir,
    stop::Stop,
    store::{self, RunnerApp, SchedulesFile, Store},
};
use serde_json::json;

pub(super) async fn remove(
    context: &Context<'_>,
    flags: &DeployRemove,
    stop: &Stop,
) -> Result<u8, Error> {
    let file = super::before::file(context, flags.common.schedules.as_deref())?;
    let options = context.options()?;
    let host = options.host.machine();
    let login = stop.unless(super::before::login(context, &options)).await?;
    let _alone = auth::alone(context, stop).await?;
    let known = super::before::known(&file, host)?;
    let state = StateDir::open(context.env)?;
    let begun = Begun::read_on(&state, host);
    let confirmed = flags.confirm.as_ref().map(ToString::to_string);
    let name = known.as_ref().map(|runner| runner.name.clone());
    let name = name.or(confirmed);
    let name = name.or(begun.as_ref().map(|begun| begun.name.clone()));
    let Some(name) = name else {
        return Err(none_known(context));
    };
    let of_name = begun.as_ref().filter(|begun| begun.name == name);
    let id = known.as_ref().map(|runner| runner.id.clone());
    let id = id.or_else(|| Some(of_name?.meant().to_owned()));
    let id = id.unwrap_or_else(|| name.clone());
    let action = context.ui.action(&format!("Looking at ⬢ {name}"));
    let is_ours = known.is_some() || of_name.is_some_and(|begun| begun.id.is_some());
    let look = async || {
        let look = async || Found::look(&login.client, &id, host, is_ours).await;
        match stop.unless(look()).await {
            // That it is gone, or empty, is not believed on one word.
            Ok(found) if found.as_ref().is_none_or(|found| !found.is_runner()) => {
                stop.unless(look()).await
            }
            found => found,
        }
    };
    let found = match look().await {
        // Its name is somebody else's by now: nothing of ours is left under it.
        Err(error)
            if of_name.is_some_and(|begun| begun.id.is_none())
                && known.is_none()
                && error.exit_code() == exit::USAGE =>
        {
            Begun::forget(&state);
            return Err(error);
        }
        found => found?,
    };
    action.done();
    let app = found.as_ref().map(|found| &found.app);
    let begun = begun.filter(|begun| app.map_or(begun.name == name, |app| begun.is_of(app)));
    let name = app.map_or(name, |app| app.name.clone());
    let is_ours = |found: &Found| found.is_runner() || known.is_some() || begun.is_some();
    let found = found.filter(is_ours);
    agree(context, flags, &name, stop).await?;
    // As they are by now: a colleague may have changed them while the question was asked.
    let found = match found {
        Some(_) => look().await?,
        None => None,
    };
    if found.is_none() && known.is_none() && begun.is_none() {
        return Err(Error::Other {
            code: "no_runner",
            message: format!("there is no runner ⬢ {name}"),
            hint: Some("heroku apps lists what there is".to_owned()),
        });
    }
    if found.is_none() && known.is_some() {
        context.ui.warn(&format!(
            "⬢ {name} is gone already, and the schedules in its config vars with it"
        ));
        context.ui.hint(&format!(
            "{} has those of before",
            context.env.in_words(&file.kept_path())
        ));
    }
    // Nothing is taken away before the schedules are safe.
    let schedules = match &found {
        Some(found) => found.schedules.clone(),
        None if known.is_none() => vec![],
        None => file.kept()?,
    };
    let id = found.as_ref().map_or(id, |found| found.app.id.clone());
    let fresh = Begun::new(&name, Some(&id), &login, host);
    bring_back(context, &file, known.as_ref(), begun, fresh, &schedules).await?;
    if let Some(found) = &found {
        tell_lost(context, found);
    }
    if stop.is_set() {
        return Err(Error::Interrupted);
    }
    let left = take_all(context, stop, &login, found.as_ref(), &id, host).await;
    let is_well = !left.app && !left.authorization;
    if is_well {
        Begun::forget(&state);
    }
    tell(context, &name, &file, &file.read()?, &left).await?;
    Ok(match is_well {
        true => exit::DONE,
        false if stop.is_set() => exit::INTERRUPTED,
        false => exit::FAILED,
    })
}

fn none_known(context: &Context<'_>) -> Error {
    Error::Other {
        code: "no_runner",
        message: "no runner on Heroku is known here".to_owned(),
        hint: Some(format!(
            "{} makes one; --confirm NAME names one that is there",
            context.verb("deploy")
        )),
    }
}

/// Brings the schedules of a runner back to this machine's file. Should we be cut off from here on, the
/// next deploy:remove goes on with it; what is changed here meanwhile is not undone.
async fn bring_back(
    context: &Context<'_>,
    file: &SchedulesFile,
    known: Option<&RunnerApp>,
    begun: Option<Begun>,
    fresh: Begun,
    schedules: &[Schedule],
) -> Result<(), Error> {
    let state = StateDir::open(context.env)?;
    let note = begun.clone().filter(|begun| !begun.is_joined);
    let note = note.unwrap_or(fresh);
    note.keep(&state)?;
    let put = if let Some(known) = known {
        let moved = file.move_back(&context.clock, known, schedules).await;
        moved.map_err(Error::from)
    } else {
        // Of what this machine's file has had, it says what is meant.
        let is_here = |one: &&Schedule| begun.as_ref().is_some_and(|begun| begun.has(one));
        let others = schedules.iter().filter(|one| !is_here(one)).cloned();
        put_all(context, file, &note.name, &others.collect::<Vec<_>>()).await
    };
    if let Err(error) = put {
        match &begun {
            Some(begun) => begun.keep(&state)?,
            None => Begun::forget(&state),
        }
        return Err(error);
    }
    note.with(schedules).keep(&state)
}

/// Schedules of a runner that this machine's file does not name. What is there already is not
/// replaced by another one.
async fn put_all(
    context: &Context<'_>,
    file: &SchedulesFile,
    name: &str,
    schedules: &[Schedule],
) -> Result<(), Error> {
    let there = file.read()?;
    let is_other = |schedule: &&Schedule| {
        let is_it = |one: &&Schedule| one.app.is_same(&schedule.app) && one.name == schedule.name;
        let known = there.iter().find(is_it);
        known.is_some_and(|known| store::fingerprint(known) != store::fingerprint(schedule))
    };
    if let Some(other) = schedules.iter().find(is_other) {
        let (app, schedule) = (&other.app.name, &other.name);
        let file = context.env.in_words(file.path());
        return Err(Error::usage(
            format!("schedule {schedule} of ⬢ {app} is in {file} and in ⬢ {name}, and they differ"),
            format!(
                "{} --app {app} --name {schedule} takes the one in {file} away; nothing was removed",
                context.verb("remove")
            ),
        ));
    }
    for schedule in schedules {
        file.put(&context.clock, schedule).await?;
    }
    Ok(())
}

/// What no schedules file can have goes with the app: it is shown before.
fn tell_lost(context: &Context<'_>, found: &Found) {
    for wrong in &found.wrong {
        context.ui.warn(&format!("{wrong}; it goes with the app"));
        if let store::Error::WrongVariable { name, .. } = wrong
            && let Some(value) = found.config.get(name)
        {
            context.ui.say(&format!("  {name}={value}"));
        }
    }
}

/// What could not be taken away.
#[derive(Default)]
struct Left {
    app: bool,
    authorization: bool,
}

/// The app, its authorization, and those that it had before.
async fn take_all(
    context: &Context<'_>,
    stop: &Stop,
    login: &auth::Login,
    found: Option<&Found>,
    id: &str,
    host: &str,
) -> Left {
    let mut left = Left::default();
    if let Some(found) = found {
        if let Some(note) = to_revoke(login, found, host) {
            // Should we be cut off once the app is gone, which alone tells its id.
            auth::note(context, &note);
        }
        left.app = !take_away(context, stop, login, found).await;
        left.authorization = !revoke(context, stop, login, found, host).await;
    }
    let described = super::mark(id);
    let others = auth::revoke_described(context, stop, &login.client, &described, &[]).await;
    if let Err(error) = others {
        left.authorization = true;
        context.ui.warn(&format!(
            "whether an authorization of it is left is not known: {error}"
        ));
    }
    left
}

async fn tell(
    context: &Context<'_>,
    name: &str,
    file: &SchedulesFile,
    schedules: &[Schedule],
    left: &Left,
) -> Result<(), Error> {
    let is_well = !left.app && !left.authorization;
    let (shown, count) = (context.env.in_words(file.path()), schedules.len());
    let noun = if count == 1 {
        "schedule is"
    } else {
        "schedules are"
    };
    context.ui.either(
        || {
            let gone = if is_well {
                "The runner is gone"
            } else {
                "Not all of the runner is gone"
            };
            format!("{gone}; {count} {noun} in {shown}")
        },
        || json!({ "runner_app": name, "removed": is_well, "schedules": count }),
    );
    if !is_well {
        if left.app {
            context.ui.warn(&format!(
                "⬢ {name} may go on restarting by the schedules that it has"
            ));
        }
        context.ui.hint(&format!(
            "once what is named above is mended, {} --confirm {name} goes on",
            context.verb("deploy:remove")
        ));
    } else if count > 0 && !context.ui.is_json {
        let store = Store::File(file.clone());
        let runners = Runners::look(context, &store).await?;
        runners::tell(context, &runners, schedules, context.clock.now());
    }
    Ok(())
}

async fn agree(
    context: &Context<'_>,
    flags: &DeployRemove,
    name: &str,
    stop: &Stop,
) -> Result<(), Error> {
    let ui = context.ui;
    if let Some(confirm) = &flags.confirm {
        if confirm.as_str() == name {
            return Ok(());
        }
        return Err(Error::usage(
            format!("--confirm {confirm}: the runner is ⬢ {name}"),
            format!("--confirm {name} removes it"),
        ));
    }
    if !ui.can_ask() {
        return Err(Error::usage(
            "deploy:remove asks before it acts, and there is nobody to ask",
            format!("add --confirm {name}"),
        ));
    }
    let question = format!(
        "Remove ⬢ {name}, the history in its log, and its authorization, and bring the schedules back to this machine?"
    );
    match ui.ask(&question, false, stop).await {
        Some(true) => Ok(()),
        Some(false) => Err(Error::Declined),
        None => Err(Error::Interrupted),
    }
}

async fn take_away(context: &Context<'_>, stop: &Stop, login: &auth::Login, found: &Found) -> bool {
    let name = &found.app.name;
    let action = context.ui.action(&format!("Destroying ⬢ {name}"));
    match destroy(stop, &login.client, &found.app).await {
        Ok(()) => {
            action.done();
            true
        }
        Err(error) => {
            drop(action);
            context
                .ui
                .warn(&format!("⬢ {name} could not be destroyed: {error}"));
            context.ui.hint(&format!(
                "heroku apps:destroy --app {name} --confirm {name} does it"
            ));
            false
        }
    }
}

async fn revoke(
    context: &Context<'_>,
    stop: &Stop,
    login: &auth::Login,
    found: &Found,
    host: &str,
) -> bool {
    let Some((id, account)) = found.authorization() else {
        return true;
    };
    if account.is_some() && !is_same(account, login.email()) {
        let whose = account.unwrap_or_default();
        context.ui.warn(&format!(
            "the authorization is of {whose}, who alone can revoke it"
        ));
        context
            .ui
            .hint(&format!("as {whose}: heroku authorizations:revoke {id}"));
        return false;
    }
    let action = context.ui.action("Revoking its authorization");
    match auth::revoke(context, stop, &login.client, id).await {
        Ok(_) => {
            action.done();
            if let Some(note) = to_revoke(login, found, host) {
                auth::forget(context, &note);
            }
            true
        }
        Err(error) => {
            drop(action);
            context
                .ui
                .warn(&format!("the authorization could not be revoked: {error}"));
            context.ui.hint(&format!(
                "heroku authorizations:revoke {id} does it, and so does the next {}",
                context.verb("auth:setup")
            ));
            false
        }
    }
}

/// The note that the runner's authorization is to be revoked, where it is this account's.
fn to_revoke(login: &auth::Login, found: &Found, host: &str) -> Option<ToRevoke> {
    let (id, account) = found.authorization()?;
    let is_ours = account.is_none() || is_same(account, login.email());
    is_ours.then(|| ToRevoke {
        host: host.to_owned(),
        account: login.email().map(ToOwned::to_owned),
        description: None,
        id: Some(id.to_owned()),
    })
}
