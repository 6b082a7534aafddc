//! Asks Heroku which apps a fleet has.

use super::members::{Member, named};
use crate::{
    error::Error,
    heroku::{self, Client, Listed},
    schedule::{Fleet, Identity, Stage},
};
use std::collections::{BTreeMap, BTreeSet};

/// The apps of a fleet, by name. Review apps are left out unless their stage is asked for, and so are
/// these: the runner itself must not be restarted in the middle of its rolls.
///
/// # Errors
/// When Heroku cannot be asked, or shows this account no such team or pipeline.
pub async fn resolve(
    client: &Client,
    fleet: &Fleet,
    runner: &BTreeSet<String>,
) -> Result<Vec<Member>, Error> {
    if !fleet.apps.is_empty() {
        return Ok(named(&fleet.apps));
    }
    let listed = match &fleet.team {
        Some(team) => {
            let apps = client.apps_of_team(team.as_str()).await;
            apps.map_err(|error| no_such("team", team, error))?
        }
        None => client.apps().await?,
    };
    let (stages, is_of_pipeline) = match &fleet.pipeline {
        Some(pipeline) => {
            let stages = client.stages_of(pipeline.as_str()).await;
            let stages = stages.map_err(|error| no_such("pipeline", pipeline, error))?;
            (stages, true)
        }
        // Who may not see pipelines has no review apps of one.
        None => match client.stages().await {
            Err(heroku::Error::Api {
                status: 403 | 404, ..
            }) => (BTreeMap::new(), false),
            stages => (stages?, false),
        },
    };
    let is_meant = |app: &Listed| {
        let stage = stages.get(&app.id);
        let is_of_stage = match (fleet.stage, stage) {
            (Some(wanted), stage) => stage == Some(&wanted),
            (None, Some(Stage::Review)) => false,
            (None, stage) => stage.is_some() || !is_of_pipeline,
        };
        let is_runner = runner.contains(&app.id) || runner.contains(&app.name);
        let matching = fleet.matching.as_ref();
        is_of_stage && !is_runner && matching.is_none_or(|pattern| pattern.matches(&app.name))
    };
    let mut members: Vec<Member> = listed
        .into_iter()
        .filter(is_meant)
        .map(|app| Member {
            name: app.name,
            id: Some(app.id),
            since: None,
        })
        .collect();
    members.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(members)
}

fn no_such(what: &'static str, of: &Identity, error: heroku::Error) -> Error {
    match error {
        heroku::Error::Api {
            status: 404,
            message,
            ..
        } => Error::Other {
            code: "no_such_fleet",
            message: format!("{what} {of}: {message}"),
            hint: Some(format!("heroku {what}s lists those of this account")),
        },
        error => error.into(),
    }
}
