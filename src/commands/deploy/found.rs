//! What there is of a runner: its app, and everything on it that deploy looks after.

use super::{ACCOUNT, AUTHORIZATION, SCHEDULER};
use crate::{
    error::Error,
    heroku::{self, Client, OwnApp, Scale, Slug},
    runner::slug::PROCESS_TYPE,
    schedule::Schedule,
    store::{self, RUNNER_APP, RunnerApp, schedules_in},
};
use std::collections::BTreeMap;

/// A runner app as it is.
#[derive(Debug)]
pub struct Found {
    pub app: OwnApp,
    /// Its config vars; what looks like a token is taken out.
    pub config: BTreeMap<String, String>,
    pub schedules: Vec<Schedule>,
    /// Config vars that are named as schedules, and are none.
    pub wrong: Vec<store::Error>,
    pub slug: Option<Slug>,
    pub scale: Option<Scale>,
    pub has_scheduler: bool,
}

impl Found {
    /// Looks for the app of this name; `None` where there is none. One that is known to be ours is taken
    /// however it is.
    ///
    /// # Errors
    /// When it is somebody else's, is no runner, or cannot be looked at.
    pub async fn look(
        client: &Client,
        name: &str,
        host: &str,
        is_ours: bool,
    ) -> Result<Option<Self>, Error> {
        let app = match client.own_app(name).await {
            Ok(Some(app)) => app,
            Ok(None) => return Ok(None),
            Err(error) if error.code() == "forbidden" => {
                return Err(Error::usage(
                    format!("⬢ {name} is an app that this account has no access to"),
                    "names of apps are global: choose another one with --runner-app",
                ));
            }
            Err(error) => return Err(error.into()),
        };
        let id = app.id.as_str();
        let (config, slug, scales, addons) = tokio::try_join!(
            client.config_vars(id),
            client.current_slug(id),
            client.scales(id),
            client.addons(id)
        )?;
        let is_fresh = slug.is_none() && scales.is_empty() && config.is_empty();
        if !is_ours && !is_runner(&config) && !is_fresh {
            return Err(Error::usage(
                format!("⬢ {name} is an app that something else runs on"),
                "a runner has an app of its own: choose another name with --runner-app, or none",
            ));
        }
        let runner = runner(&app, host);
        let (schedules, wrong) = schedules_in(&runner, &config);
        Ok(Some(Self {
            schedules,
            wrong,
            config,
            slug,
            scale: scales
                .into_iter()
                .find(|scale| scale.process_type == PROCESS_TYPE),
            has_scheduler: addons.iter().any(|addon| addon.plan.starts_with(SCHEDULER)),
            app,
        }))
    }

    /// What is compared to tell whether somebody changed it.
    pub fn seen(&self) -> impl PartialEq + '_ {
        (
            &self.app.id,
            &self.config,
            self.slug.as_ref().map(|slug| &slug.id),
            &self.scale,
            self.has_scheduler,
        )
    }

    /// Whether it is a runner already, and not an app that may become one.
    pub fn is_runner(&self) -> bool {
        is_runner(&self.config)
    }

    /// The id of its authorization, and whose that is.
    pub fn authorization(&self) -> Option<(&str, Option<&str>)> {
        let text = |name: &str| self.config.get(name).map(String::as_str);
        Some((text(AUTHORIZATION)?, text(ACCOUNT)))
    }
}

/// Either of what deploy sets tells, should somebody unset the other.
fn is_runner(config: &BTreeMap<String, String>) -> bool {
    config.contains_key(RUNNER_APP) || config.contains_key(AUTHORIZATION)
}

pub fn runner(app: &OwnApp, host: &str) -> RunnerApp {
    RunnerApp {
        name: app.name.clone(),
        id: app.id.clone(),
        host: host.to_owned(),
    }
}

/// Looks twice for an app: one answer that there is none may be wrong, or it may show late.
///
/// # Errors
/// When it cannot be looked at.
pub async fn look_again(client: &Client, name: &str) -> Result<Option<OwnApp>, heroku::Error> {
    for _ in 0..2 {
        if let Some(app) = client.own_app(name).await? {
            return Ok(Some(app));
        }
    }
    Ok(None)
}
