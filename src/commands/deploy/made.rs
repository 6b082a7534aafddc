//! What a deploy has made by now, and how that is undone when it fails: nothing is left half made, or
//! it is said what is left, and what removes it.

use super::{
    super::{Context, auth},
    AUTHORIZATION,
    begun::Begun,
};
use crate::{
    error::Error,
    heroku::{Client, Fate, OwnApp},
    state::StateDir,
    stop::Stop,
};

#[derive(Default)]
pub struct Made {
    pub app: Option<OwnApp>,
    pub authorization: Option<auth::Made>,
    /// The id of the app that it is for.
    pub on: Option<String>,
    /// Whether the runner has its token by now.
    pub is_token_set: bool,
    /// Whether an app that was there before may have this machine's schedules by now.
    pub is_joined: bool,
    /// Whether an earlier command had begun with that app.
    pub was_begun: bool,
}

impl Made {
    /// Takes away what was made.
    pub async fn undo(self, context: &Context<'_>, stop: &Stop, client: &Client) {
        let is_kept = self.app.is_none() && self.has_token(context, client).await;
        if let Some(made) = self.authorization.as_ref().filter(|_| !is_kept) {
            // Should it stay, a later command takes it away.
            auth::note(context, &made.note);
            auth::undo(context, stop, client, &made.authorization, &made.note).await;
        }
        let Some(app) = &self.app else {
            return;
        };
        let ours = self
            .authorization
            .as_ref()
            .map(|made| made.authorization.id.as_str());
        let name = &app.name;
        // What cannot be looked at may be somebody else's by now, and is not destroyed.
        let gone = match client.config_vars(&app.id).await {
            Ok(config) => {
                let other = config.get(AUTHORIZATION);
                if other.is_some_and(|id| ours != Some(id.as_str())) {
                    context.ui.say(&format!(
                        "⬢ {name} was deployed by somebody else meanwhile, and is left"
                    ));
                    if let Ok(state) = StateDir::open(context.env) {
                        Begun::forget(&state);
                    }
                    return;
                }
                destroy(stop, client, app).await
            }
            // Gone already, it seems: that is found out.
            Err(crate::heroku::Error::Api { status: 404, .. }) => destroy(stop, client, app).await,
            Err(error) => Err(error.into()),
        };
        match gone {
            Ok(()) => {
                context.ui.say(&format!("⬢ {name} was removed again"));
                if let Ok(state) = StateDir::open(context.env) {
                    Begun::forget(&state);
                }
            }
            Err(error) => {
                context
                    .ui
                    .warn(&format!("⬢ {name} could not be removed: {error}"));
                context.ui.hint(&format!(
                    "heroku apps:destroy --app {name} --confirm {name} removes it; until then the next {} goes on with it",
                    context.verb("deploy")
                ));
            }
        }
    }
}

impl Made {
    /// Whether an app that was there before has the new token by now, as far as can be told: its answer
    /// may have been lost. One that is in use must not be revoked.
    async fn has_token(&self, context: &Context<'_>, client: &Client) -> bool {
        let (Some(app), Some(made)) = (&self.on, &self.authorization) else {
            return self.is_token_set;
        };
        let is_it = self.is_token_set
            || match client.config_vars(app).await {
                Ok(config) => config.get(AUTHORIZATION) == Some(&made.authorization.id),
                Err(error) => {
                    context.ui.warn(&format!(
                        "whether the runner has its new token is not known: {error}"
                    ));
                    context.ui.hint(&format!(
                        "the next {} finds it out, and revokes what is of no use",
                        context.verb("deploy")
                    ));
                    true
                }
            };
        if is_it {
            auth::forget(context, &made.note);
        }
        is_it
    }
}

/// Destroys an app; where no good answer came, looks whether it was done.
pub async fn destroy(stop: &Stop, client: &Client, app: &OwnApp) -> Result<(), Error> {
    tokio::select! {
        destroyed = destroy_it(client, app) => destroyed,
        () = stop.after_the_last_word() => Err(Error::Interrupted),
    }
}

/// It is gone when Heroku, asked again, says so: one answer may be somebody else's.
async fn destroy_it(client: &Client, app: &OwnApp) -> Result<(), Error> {
    let mut problem = None;
    for _ in 0..2 {
        match client.destroy_app(&app.id).await {
            Ok(true) => return Ok(()),
            // Nothing was there, or nobody knows what was done.
            Ok(false) => {}
            Err(error) if matches!(error.fate(), Fate::Broken | Fate::Silent) => {
                problem = Some(error);
            }
            Err(error) => return Err(error.into()),
        }
        match client.own_app(&app.id).await {
            Ok(None) => return Ok(()),
            Ok(Some(_)) => {}
            Err(error) => return Err(problem.unwrap_or(error).into()),
        }
    }
    Err(problem.map_or_else(
        || Error::Other {
            code: "not_destroyed",
            message: "Heroku says that it is gone, and it is still there".to_owned(),
            hint: None,
        },
        Error::from,
    ))
}
