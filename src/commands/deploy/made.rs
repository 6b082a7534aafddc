//! What a deploy has made by now, and how that is undone when it fails: nothing is left half made, or
//! it is said what is left, and what removes it.

use super::super::{Context, auth};
use crate::{
    error::Error,
    execute::Stop,
    heroku::{Client, Fate, OwnApp},
};

#[derive(Default)]
pub struct Made {
    pub app: Option<OwnApp>,
    pub authorization: Option<auth::Made>,
}

impl Made {
    /// Takes away what was made.
    pub async fn undo(self, context: &Context<'_>, stop: &Stop, client: &Client) {
        if let Some(made) = &self.authorization {
            auth::undo(context, stop, client, &made.authorization, &made.note).await;
        }
        let Some(app) = &self.app else {
            return;
        };
        let name = &app.name;
        match destroy(client, app).await {
            Ok(()) => context.ui.say(&format!("⬢ {name} was removed again")),
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
