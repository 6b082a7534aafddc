//! Whether the runner app can reach the app of a schedule: it acts as one account, whoever sets it.

use super::super::{Context, deploy};
use crate::{
    credentials::records::is_same_account, error::Error, schedule::Schedule, store::Store,
};

/// The runner is not to be restarted in the middle of a roll, by itself.
pub(in crate::commands) fn is_not_the_runner(store: &Store, app: &str) -> Result<(), Error> {
    match store.runner_app() {
        Some(runner) if [runner.name.as_str(), &runner.id].contains(&app) => Err(Error::usage(
            format!("⬢ {} is the runner itself", runner.name),
            "name the app that is to be restarted: Heroku restarts the runner by itself, once a day",
        )),
        _ => Ok(()),
    }
}

/// What is wrong, and what mends it; `None` where all is well, or that cannot be told from here.
pub(super) async fn problem(
    context: &Context<'_>,
    store: &Store,
    schedule: &Schedule,
) -> Option<(String, String)> {
    let Store::ConfigVars(vars) = store else {
        return None;
    };
    if schedule.app.is_fleet() {
        return None;
    }
    let (client, runner) = (vars.client(), vars.runner());
    let config = client.config_vars(&runner.id).await.ok()?;
    let account = config.get(deploy::ACCOUNT)?;
    let app = client.own_app(schedule.app.id_or_name()).await.ok()??;
    let readers = deploy::readers(client, Some(&app.id), app.team.as_deref()).await;
    let is_it = |reader: &String| is_same_account(reader, account);
    if readers.is_empty() || readers.iter().any(is_it) {
        return None;
    }
    let (name, runner) = (&app.name, &runner.name);
    Some((
        format!("⬢ {runner} acts as {account}, who has no access to ⬢ {name}: it cannot run this"),
        format!(
            "heroku access:add {account} --app {name} gives it (in a team: --permissions deploy,operate,view), or {} as an account that reaches it",
            context.verb("deploy")
        ),
    ))
}
