//! Which apps there are: of an account, of a team, of a pipeline.

use super::{Client, Error};
use crate::schedule::Stage;
use serde::Deserialize;
use std::collections::BTreeMap;

/// An app as lists have it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Listed {
    pub id: String,
    pub name: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct Pipeline {
    id: String,
}

/// An app of a pipeline.
#[derive(Debug, Deserialize)]
pub(super) struct Coupling {
    app: Identified,
    stage: String,
}

#[derive(Debug, Deserialize)]
struct Identified {
    id: String,
}

impl Coupling {
    /// The app's id, and its stage; none of a stage that we do not know.
    pub fn stage(self) -> (String, Option<Stage>) {
        (self.app.id, self.stage.parse().ok())
    }
}

/// The stage of each app, by the app's id.
pub type Stages = BTreeMap<String, Option<Stage>>;

impl Client {
    /// `GET /apps`: those that the account reaches.
    ///
    /// # Errors
    /// When Heroku cannot be asked, or answers with an error.
    pub async fn apps(&self) -> Result<Vec<Listed>, Error> {
        self.list(&["apps"]).await
    }

    /// `GET /teams/{team}/apps`, by the team's name or id.
    ///
    /// # Errors
    /// When Heroku cannot be asked, or answers with an error.
    pub async fn apps_of_team(&self, team: &str) -> Result<Vec<Listed>, Error> {
        self.list(&["teams", team, "apps"]).await
    }

    /// `GET /pipelines/{pipeline}` for its id, which `GET /pipelines/{id}/pipeline-couplings` takes: the
    /// stage of each app, by the app's id.
    ///
    /// # Errors
    /// When Heroku cannot be asked, or answers with an error.
    pub async fn stages_of(&self, pipeline: &str) -> Result<Stages, Error> {
        let found: Pipeline = self.get(&["pipelines", pipeline]).await?;
        let path = ["pipelines", &found.id, "pipeline-couplings"];
        self.couplings(&path).await
    }

    /// `GET /pipeline-couplings`: the same of all pipelines that the account reaches.
    ///
    /// # Errors
    /// When Heroku cannot be asked, or answers with an error.
    pub async fn stages(&self) -> Result<Stages, Error> {
        self.couplings(&["pipeline-couplings"]).await
    }

    async fn couplings(&self, path: &[&str]) -> Result<Stages, Error> {
        let all = self.list::<Coupling>(path).await?;
        Ok(all.into_iter().map(Coupling::stage).collect())
    }
}
