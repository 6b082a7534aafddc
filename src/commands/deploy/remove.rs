//! `deploy:remove`: the schedules come back to this machine, then the app goes, then its
//! authorization; what cannot be taken away is said.

use super::{
    super::{Context, auth},
    found::Found,
    made::destroy,
};
use crate::{
    cli::DeployRemove,
    credentials::{
        Records,
        records::{ToRevoke, is_same},
    },
    error::{Error, exit},
    execute::Stop,
    store,
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
    let known = super::before::known(&file, host)?;
    let noted = crate::state::StateDir::open(context.env)?.noted(super::NOTE);
    let begun = noted.clone();
    let confirmed = flags.confirm.as_ref().map(ToString::to_string);
    let name = known.as_ref().map(|runner| runner.name.clone());
    let name = name.or(confirmed).or(noted);
    let Some(name) = name else {
        return Err(Error::Other {
            code: "no_runner",
            message: "no runner on Heroku is known here".to_owned(),
            hint: Some(format!(
                "{} makes one; --confirm NAME names one that is there",
                context.verb("deploy")
            )),
        });
    };
    let is_begun = begun.as_deref() == Some(&*name);
    let login = stop.unless(super::before::login(context, &options)).await?;
    let _alone = auth::alone(context, stop).await?;
    let id = known
        .as_ref()
        .map_or(name.as_str(), |runner| runner.id.as_str())
        .to_owned();
    let action = context.ui.action(&format!("Looking at ⬢ {name}"));
    let look = Box::pin(Found::look(&login.client, &id, host));
    let found = stop.unless(look).await?;
    action.done();
    let name = found.as_ref().map_or(name, |found| found.app.name.clone());
    let is_ours = |found: &Found| found.is_runner() || known.is_some() || is_begun;
    let found = found.filter(is_ours);
    agree(context, flags, &name, stop).await?;
    // As they are by now: a colleague may have changed them while the question was asked.
    let found = match found {
        Some(_) => {
            stop.unless(Box::pin(Found::look(&login.client, &id, host)))
                .await?
        }
        None => None,
    };
    if found.is_none() && known.is_none() {
        return Err(Error::Other {
            code: "no_runner",
            message: format!("there is no runner ⬢ {name}"),
            hint: Some("heroku apps lists what there is".to_owned()),
        });
    }
    if found.is_none() {
        context.ui.warn(&format!(
            "⬢ {name} is gone already, and the schedules in its config vars with it"
        ));
        context
            .ui
            .hint("schedules.before-deploy.toml beside the schedules file has those of before");
    }
    // Nothing is taken away before the schedules are safe.
    let schedules = match &found {
        Some(found) => found.schedules.clone(),
        None => file.kept()?,
    };
    // Should we be cut off from here on: the next deploy:remove goes on with it.
    crate::state::StateDir::open(context.env)?.note(super::NOTE, &name)?;
    if known.is_some() {
        file.move_back(&context.clock, &schedules).await?;
    } else if !schedules.is_empty() {
        for schedule in &schedules {
            file.put(&context.clock, schedule).await?;
        }
    }
    if let Some(found) = &found {
        tell_lost(context, found);
    }
    if stop.is_set() {
        return Err(Error::Interrupted);
    }
    let id = found.as_ref().map_or(id, |found| found.app.id.clone());
    let is_well = take_all(context, stop, &login, found.as_ref(), &id, host).await;
    if is_well {
        crate::state::StateDir::open(context.env)?.forget_note(super::NOTE);
    }
    let shown = context.env.in_words(file.path());
    tell(context, &name, &shown, schedules.len(), is_well);
    Ok(if is_well { exit::DONE } else { exit::FAILED })
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

/// The app, its authorization, and those that it had before; tells whether nothing of them is left.
async fn take_all(
    context: &Context<'_>,
    stop: &Stop,
    login: &auth::Login,
    found: Option<&Found>,
    id: &str,
    host: &str,
) -> bool {
    let mut is_well = true;
    if let Some(found) = found {
        is_well &= take_away(context, login, found).await;
        is_well &= revoke(context, stop, login, found, host).await;
    }
    let described = super::mark(id);
    let others = auth::revoke_described(context, stop, &login.client, &described, None).await;
    if let Err(error) = others {
        is_well = false;
        context.ui.warn(&format!(
            "whether an authorization of it is left is not known: {error}"
        ));
    }
    is_well
}

fn tell(context: &Context<'_>, name: &str, shown: &str, count: usize, is_well: bool) {
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
            format!("{gone}; {count} {noun} in {shown} again")
        },
        || json!({ "runner_app": name, "removed": is_well, "schedules": count }),
    );
    if count > 0 && !context.ui.is_json {
        context.ui.warn("Nothing runs them now");
        context.ui.hint(&format!(
            "{} puts a runner on Heroku, {} on this machine",
            context.verb("deploy"),
            context.verb("install")
        ));
    }
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
    let question =
        format!("Remove ⬢ {name} and its authorization? The schedules come back to this machine");
    match ui.ask(&question, false, stop).await {
        Some(true) => Ok(()),
        Some(false) => Err(Error::Declined),
        None => Err(Error::Interrupted),
    }
}

async fn take_away(context: &Context<'_>, login: &auth::Login, found: &Found) -> bool {
    let name = &found.app.name;
    let action = context.ui.action(&format!("Destroying ⬢ {name}"));
    match destroy(&login.client, &found.app).await {
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
            true
        }
        Err(error) => {
            drop(action);
            let note = ToRevoke {
                host: host.to_owned(),
                account: login.email().map(ToOwned::to_owned),
                description: None,
                id: Some(id.to_owned()),
            };
            let noted = Records::edit(context.env, |records| records.to_revoke.push(note));
            context
                .ui
                .warn(&format!("the authorization could not be revoked: {error}"));
            let later = if noted.is_ok() {
                format!(", and so does the next {}", context.verb("auth:setup"))
            } else {
                String::new()
            };
            context
                .ui
                .hint(&format!("heroku authorizations:revoke {id} does it{later}"));
            false
        }
    }
}
