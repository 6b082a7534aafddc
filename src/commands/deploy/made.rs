//! What a deploy has made by now, and how that is undone when it fails: nothing is left half made, or
//! it is said what is left, and what removes it.

use super::{
    super::{Context, auth},
    AUTHORIZATION, NOTE,
};
use crate::{
    error::Error,
    execute::Stop,
    heroku::{Client, Fate, OwnApp},
    state::StateDir,
};

#[derive(Default)]
pub struct Made {
    pub app: Option<OwnApp>,
    pub authorization: Option<auth::Made>,
    /// Whether the runner has its token by now.
    pub is_token_set: bool,
}

impl Made {
    /// Takes away what was made.
    pub async fn undo(self, context: &Context<'_>, stop: &Stop, client: &Client) {
        let is_kept = self.is_token_set && self.app.is_none();
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
                    return;
                }
                destroy(client, app).await
            }
            Err(crate::heroku::Error::Api { status: 404, .. }) => Ok(()),
            Err(error) => Err(error.into()),
        };
        match gone {
            Ok(()) => {
                context.ui.say(&format!("⬢ {name} was removed again"));
                if let Ok(state) = StateDir::open(context.env) {
                    state.forget_note(NOTE);
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

/// Destroys an app; where no good answer came, looks whether it was done.
pub async fn destroy(client: &Client, app: &OwnApp) -> Result<(), Error> {
    match client.destroy_app(&app.id).await {
        Ok(_) => Ok(()),
        Err(error) if matches!(error.fate(), Fate::Broken | Fate::Silent) => {
            match client.own_app(&app.id).await {
                Ok(None) => Ok(()),
                // It was not done: once more, and that is all.
                Ok(Some(_)) => Ok(client.destroy_app(&app.id).await.map(|_| ())?),
                Err(_) => Err(error.into()),
            }
        }
        Err(error) => Err(error.into()),
    }
}
