//! Asks Heroku which apps a fleet has.

use super::members::Member;
use crate::{
    error::Error,
    heroku::{self, Client, Listed},
    schedule::{AppName, Fleet, Identity, Stage},
};
use std::collections::BTreeSet;

/// The apps of a fleet, by name. Review apps are left out unless their stage is asked for.
///
/// # Errors
/// When Heroku cannot be asked, or shows this account no such team or pipeline.
pub async fn resolve(client: &Client, fleet: &Fleet) -> Result<Vec<Member>, Error> {
    if !fleet.apps.is_empty() {
        return named(client, &fleet.apps).await;
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
        None => (client.stages().await.map_err(no_stages)?, false),
    };
    let is_meant = |app: &Listed| {
        let is_of_stage = match (stages.get(&app.id), fleet.stage) {
            (None, _) => !is_of_pipeline,
            (Some(stage), Some(wanted)) => *stage == Some(wanted),
            (Some(stage), None) => *stage != Some(Stage::Review),
        };
        let matching = fleet.matching.as_ref();
        is_of_stage && matching.is_none_or(|pattern| pattern.matches(&app.name))
    };
    let mut members: Vec<Member> = listed
        .into_iter()
        .filter(is_meant)
        .map(|app| Member {
            name: app.name,
            id: Some(app.id),
            since: None,
            has_own: false,
        })
        .collect();
    members.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(members)
}

/// Those that are named, by their ids; one that Heroku does not show is told by the pass over it.
async fn named(client: &Client, apps: &BTreeSet<AppName>) -> Result<Vec<Member>, Error> {
    let listed = client.apps().await?;
    let mut members: Vec<Member> = vec![];
    for app in apps {
        let is_it = |one: &&Listed| one.name == app.as_str() || one.id == app.as_str();
        let found = match listed.iter().find(is_it) {
            Some(found) => Some(found.clone()),
            // Not every app that somebody reaches is in that list.
            None => match client.app(app.as_str()).await {
                Ok(found) => Some(Listed {
                    id: found.id,
                    name: found.name,
                }),
                Err(heroku::Error::Api {
                    status: 403 | 404, ..
                }) => None,
                Err(error) => return Err(error.into()),
            },
        };
        let name = found.as_ref().map_or(app.as_str(), |found| &found.name);
        let member = Member {
            name: name.to_owned(),
            id: found.as_ref().map(|found| found.id.clone()),
            since: None,
            has_own: false,
        };
        if members.iter().all(|known| known.key() != member.key()) {
            members.push(member);
        }
    }
    Ok(members)
}

/// Rather none than review apps.
fn no_stages(error: heroku::Error) -> Error {
    match error {
        heroku::Error::Api {
            status: 403 | 404,
            message,
            ..
        } => Error::Other {
            code: "no_stages",
            message: format!("review apps cannot be told from others: {message}"),
            hint: Some("name the apps with --apps, or a pipeline with --pipeline".to_owned()),
        },
        error => error.into(),
    }
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
