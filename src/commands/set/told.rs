//! The names that a schedule tells: each must have a URL, where its runner looks for it.

use super::super::{Context, notify as names};
use crate::{
    error::Error,
    notify,
    schedule::Schedule,
    store::{ConfigVars, Store},
};
use std::collections::BTreeMap;

/// Finds out that every name has a URL; a runner on Heroku gets those that it lacks.
///
/// # Errors
/// When one has none, or the runner cannot be given it.
pub(in crate::commands) async fn check(
    context: &Context<'_>,
    store: &Store,
    schedule: &Schedule,
) -> Result<(), Error> {
    if let Store::ConfigVars(vars) = store {
        return give(context, vars, schedule).await;
    }
    for name in &schedule.notify {
        names::kept(context, name.as_str())?;
    }
    Ok(())
}

async fn give(context: &Context<'_>, vars: &ConfigVars, schedule: &Schedule) -> Result<(), Error> {
    let (client, runner) = (vars.client(), vars.runner());
    let mut lacking = BTreeMap::new();
    for name in &schedule.notify {
        let variable = notify::variable(name.as_str());
        if client.token_of(&runner.id, &variable).await?.is_none() {
            let kept = names::kept(context, name.as_str())?;
            lacking.insert(variable, Some(kept.variable()));
        }
    }
    if !lacking.is_empty() {
        client.set_config_vars(&runner.id, &lacking).await?;
    }
    Ok(())
}
