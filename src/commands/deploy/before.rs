//! What is known before a deploy is begun: the schedules and the file that they are in, who acts, which
//! app is meant, what is to run.

use super::{
    super::{Context, auth},
    begun::Begun,
    changes::Way,
    found::{Found, look_again},
    token,
};
use crate::{
    cli::Deploy,
    credentials::records::is_same,
    error::Error,
    heroku::Options,
    notify,
    runner::slug::Package,
    schedule::{NotifyName, Schedule},
    state::StateDir,
    stop::Stop,
    store::{self, RunnerApp, SchedulesFile, Store},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

/// What `npm run pack` calls the binary for dynos beside another.
const FOR_DYNOS: &str = "autorestart-linux-x64";

/// The schedules file of this machine; a dyno of the runner has none.
pub fn file(context: &Context<'_>, named: Option<&Path>) -> Result<SchedulesFile, Error> {
    match Store::locate(named, context.env)? {
        Store::File(file) => Ok(file),
        _ => Err(Error::usage(
            "this is a dyno of a runner",
            "deploy from a machine of yours",
        )),
    }
}

/// The runner that the file names, on this host.
pub fn known(file: &SchedulesFile, host: &str) -> Result<Option<RunnerApp>, Error> {
    match file.runner_app()? {
        Some(runner) if runner.host != host => {
            let (runner, host) = (runner.name, runner.host);
            Err(store::Error::OtherHost { runner, host }.into())
        }
        known => Ok(known),
    }
}

/// The name that is meant: that of the runner which there is, one that was chosen, that of a deploy
/// which was cut off, or a new one.
pub async fn name(
    context: &Context<'_>,
    flags: &Deploy,
    known: Option<&RunnerApp>,
    login: &auth::Login,
    host: &str,
    stop: &Stop,
) -> Result<String, Error> {
    let typed = flags.runner_app.as_ref().map(ToString::to_string);
    if let Some(known) = known {
        return match typed {
            // It may be called so by now, which is found out when it is looked at.
            Some(typed) => Ok(typed),
            None => Ok(known.name.clone()),
        };
    }
    let state = StateDir::open(context.env)?;
    let noted = match Begun::read_on(&state, host) {
        None => None,
        // What was made is not believed to be gone on one word.
        Some(begun) => match look_again(&login.client, begun.meant()).await {
            Ok(Some(app)) => Some(app.name),
            // It is there, and not for this account.
            Err(crate::heroku::Error::Api { status: 403, .. }) if begun.id.is_some() => {
                let (name, account) = (begun.name, begun.account.unwrap_or_default());
                return Err(Error::usage(
                    format!(
                        "an earlier deploy of {account} was cut off, and left ⬢ {name}, which this account has no access to"
                    ),
                    format!("heroku login as {account}, then run it again"),
                ));
            }
            // It was not made, or is gone, or its name is somebody else's by now.
            Ok(None) | Err(crate::heroku::Error::Api { status: 403, .. }) => {
                if let Some(id) = &begun.id {
                    // An app that somebody destroyed leaves its authorization behind.
                    let mark = super::mark(id);
                    auth::revoke_described(context, stop, &login.client, &mark, &[]).await?;
                }
                Begun::forget(&state);
                None
            }
            Err(error) => return Err(error.into()),
        },
    };
    match (noted, typed) {
        (Some(begun), Some(typed)) if begun != typed => Err(Error::usage(
            format!("an earlier deploy was cut off, and left ⬢ {begun}"),
            format!(
                "{} --runner-app {begun} goes on with it, {} --confirm {begun} takes it away",
                context.verb("deploy"),
                context.verb("deploy:remove")
            ),
        )),
        (_, Some(typed)) => Ok(typed),
        (Some(begun), None) => Ok(begun),
        (None, None) => {
            let id = uuid::Uuid::new_v4().simple().to_string();
            Ok(format!("autorestart-{}", &id[..8]))
        }
    }
}

pub fn package(context: &Context<'_>, named: Option<&Path>) -> Result<Package, Error> {
    let is_no_file = |path: &&Path| !path.is_file();
    if let Some(path) = named.filter(is_no_file) {
        return Err(Error::usage(
            format!(
                "--binary {}: there is no such file",
                context.env.in_words(path)
            ),
            "name a binary for Linux on x86-64",
        ));
    }
    let path = match named {
        Some(path) => path.to_owned(),
        None => own(context).map_err(|error| Error::io("this program", error))?,
    };
    let shown = context.env.in_words(&path);
    let binary = Package::read(&path).map_err(|error| Error::io(&shown, error))?;
    let action = context.ui.action("Packing the binary");
    let packed = Package::of(&binary).map_err(|why| {
        Error::usage(
            format!("{shown} cannot run on a dyno: {why}"),
            "name a binary for Linux on x86-64 with --binary PATH",
        )
    });
    if packed.is_ok() {
        action.done();
    }
    packed
}

/// The binary that a dyno can run: this very one, or the one that the packages for other machines have
/// beside it.
fn own(context: &Context<'_>) -> std::io::Result<PathBuf> {
    let here = context.env.own_binary()?;
    let beside = here.with_file_name(FOR_DYNOS);
    Ok(if beside.is_file() { beside } else { here })
}

/// The login, which must be the account's own: only that makes authorizations.
pub async fn login(context: &Context<'_>, options: &Options) -> Result<auth::Login, Error> {
    let login = auth::login(context, options).await?;
    let login = login.filter(|login| login.account.is_some());
    login.ok_or_else(|| Error::Other {
        code: "not_logged_in",
        message: "deploy makes an app and an authorization, which takes the login of an account"
            .to_owned(),
        hint: Some(
            "run heroku login first, and unset HEROKU_API_KEY where it is set to less".to_owned(),
        ),
    })
}

/// The schedules of the file, each with the id of its app; every app is within reach.
pub async fn identified(
    mut schedules: Vec<Schedule>,
    login: &auth::Login,
    options: &Options,
) -> Result<Vec<Schedule>, Error> {
    for schedule in &mut schedules {
        if let Some(error) = crate::pass::foreign_host(schedule, options.host.machine()) {
            return Err(error);
        }
        // What its first pass would have written down.
        let (is_known, id) = if let Some(fleet) = schedule.app.fleet() {
            // That it is there, and can be asked about.
            crate::fleet::resolve(&login.client, fleet).await?;
            (schedule.app.account.is_some(), None)
        } else {
            let name = schedule.app.id_or_name().to_owned();
            let app = login.client.app(&name).await.map_err(|error| match error {
                crate::heroku::Error::Api { status: 403 | 404, .. } => Error::usage(
                    format!("⬢ {} has a schedule, and this account has no access to it: {error}", schedule.app.name),
                    "deploy as an account that reaches every app with a schedule, or remove that schedule",
                ),
                error => error.into(),
            })?;
            (schedule.app.id.is_some(), Some(app.id))
        };
        if !is_known {
            schedule.app.id = id;
            schedule.app.account = login.email().map(ToOwned::to_owned);
            let host = options.host.machine();
            schedule.app.host = (host != crate::pass::HEROKU).then(|| host.to_owned());
        }
    }
    Ok(schedules)
}

/// Whether the authorization of the runner is known not to be there any more: its token is refused, or
/// its own account says so.
pub async fn is_authorization_gone(
    context: &Context<'_>,
    options: &Options,
    login: &auth::Login,
    found: &Found,
) -> Result<bool, Error> {
    let Some((id, account)) = found.authorization() else {
        return Ok(true);
    };
    let taken = token::is_taken(context, options, &login.client, &found.app.id);
    if taken.await? == Some(false) {
        return Ok(true);
    }
    if !is_same(account, login.email()) {
        return Ok(false);
    }
    auth::adopt(context, login, id).await?;
    Ok(!login.client.has_authorization(id).await?)
}

/// The runner of this name as it is; one that is known here by its id.
pub async fn look(
    context: &Context<'_>,
    login: &auth::Login,
    known: Option<&RunnerApp>,
    name: &str,
    host: &str,
) -> Result<Option<Found>, Error> {
    let begun = Begun::read_on(&StateDir::open(context.env)?, host);
    let of_begun = begun.filter(|begun| begun.name == name);
    let of_begun = of_begun.and_then(|begun| begun.id);
    let ours = known.map(|known| known.id.clone()).or(of_begun);
    let (is_ours, meant) = (ours.is_some(), ours.as_deref().unwrap_or(name));
    match Found::look(&login.client, meant, host, is_ours).await? {
        // What is known is not believed to be gone on one word.
        None if is_ours => Found::look(&login.client, meant, host, is_ours).await,
        found => Ok(found),
    }
}

/// What was begun with this runner, and not ended. A file that names the runner has no schedules of its
/// own any more: then all was done but to forget it.
pub fn begun(
    context: &Context<'_>,
    host: &str,
    known: Option<&RunnerApp>,
    found: Option<&Found>,
) -> Result<Option<Begun>, Error> {
    let begun = Begun::read_on(&StateDir::open(context.env)?, host);
    let is_of_it = |begun: &Begun| found.is_some_and(|found| begun.is_of(&found.app));
    Ok(begun.filter(|begun| known.is_none() && is_of_it(begun)))
}

/// Whether flags are about the runner that there is: it is where it is, and called what it is called.
pub fn fits(flags: &Deploy, name: &str, found: Option<&Found>) -> Result<(), Error> {
    let Some(found) = found else { return Ok(()) };
    let wrong = |flag: String, is: String, mend: &str| {
        Err(Error::usage(format!("{flag}: {is}"), mend.to_owned()))
    };
    if let Some(typed) = flags
        .runner_app
        .as_ref()
        .filter(|typed| typed.as_str() != found.app.name)
    {
        return wrong(
            format!("--runner-app {typed}"),
            format!("the schedules are in the config vars of ⬢ {name}"),
            "leave --runner-app out; deploy:remove brings the schedules back first",
        );
    }
    if let Some(space) = &flags.space {
        return wrong(
            format!("--space {space}"),
            format!("⬢ {name} is there already, and stays where it is"),
            "leave --space out, or choose another name with --runner-app",
        );
    }
    match &flags.region {
        Some(region) if !region.eq_ignore_ascii_case(&found.app.region) => wrong(
            format!("--region {region}"),
            format!(
                "⬢ {name} is there already, in the region {}",
                found.app.region
            ),
            "leave --region out, or choose another name with --runner-app",
        ),
        _ => Ok(()),
    }
}

/// The config vars that a runner lacks to tell somebody that it fares well, or what goes wrong. A URL is
/// compared where it is, and shown nowhere.
pub async fn told(
    context: &Context<'_>,
    flags: &Deploy,
    login: &auth::Login,
    found: Option<&Found>,
    schedules: &[Schedule],
) -> Result<BTreeMap<String, String>, Error> {
    let of_schedules = schedules.iter().flat_map(|schedule| &schedule.notify);
    let names: BTreeSet<&str> = of_schedules.map(NotifyName::as_str).collect();
    let ping = flags.ping.as_deref();
    let mut wanted = BTreeMap::new();
    for name in names.into_iter().chain(ping) {
        let kept = notify::kept(context.env, name)?;
        let variable = notify::variable(name);
        let there = match found {
            Some(found) => login.client.token_of(&found.app.id, &variable).await?,
            None => None,
        };
        let Some(kept) = kept else {
            // It may have come from another machine.
            if there.is_some() && ping != Some(name) {
                continue;
            }
            super::super::notify::kept(context, name)?;
            continue;
        };
        if crate::heroku::host_of(&kept.url).is_none() {
            return Err(Error::usage(
                format!("{name}: its URL is not one over https"),
                format!("{} {name} keeps another one", context.verb("notify:add")),
            ));
        }
        let value = kept.variable();
        if there.is_none_or(|there| there.expose() != value) {
            wanted.insert(variable, value);
        }
    }
    if let Some(name) = ping {
        let there = match found {
            Some(found) => login.client.token_of(&found.app.id, notify::PING).await?,
            None => None,
        };
        if there.is_none_or(|there| there.expose() != name) {
            wanted.insert(notify::PING.to_owned(), name.to_owned());
        }
    }
    Ok(wanted)
}

/// How it is to make passes: as it does, unless a flag says otherwise.
pub fn way(flags: &Deploy, found: Option<&Found>, name: &str) -> Result<Way, Error> {
    let team = found.map(|found| found.app.team.as_deref());
    if let (Some(wanted), Some(there)) = (flags.team.as_deref(), team)
        && there != Some(wanted)
    {
        return Err(Error::usage(
            format!("⬢ {name} is there already, and is not of the team {wanted}"),
            "leave --team out, or choose another name with --runner-app",
        ));
    }
    let is_scheduled = found.is_some_and(|found| {
        let mut scale = found.scale.iter();
        found.has_scheduler && !scale.any(|scale| scale.quantity > 0)
    });
    Ok(match flags {
        Deploy {
            scheduler: true, ..
        } => Way::Scheduler,
        Deploy { eco: true, .. } => Way::Dyno(Some("Eco")),
        Deploy { basic: true, .. } => Way::Dyno(Some("Basic")),
        _ if is_scheduled => Way::Scheduler,
        _ => Way::Dyno(None),
    })
}
