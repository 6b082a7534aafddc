//! Which apps there are: of an account, of a team, of a pipeline.

use super::{Client, Error, wire};
use crate::schedule::Stage;
use std::collections::BTreeMap;

/// An app as lists have it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    pub id: String,
    pub name: String,
}

impl Client {
    /// `GET /apps`: those that the account reaches.
    ///
    /// # Errors
    /// When Heroku cannot be asked, or answers with an error.
    pub async fn apps(&self) -> Result<Vec<Listed>, Error> {
        self.listed(&["apps"]).await
    }

    /// `GET /teams/{team}/apps`, by the team's name or id.
    ///
    /// # Errors
    /// When Heroku cannot be asked, or answers with an error.
    pub async fn apps_of_team(&self, team: &str) -> Result<Vec<Listed>, Error> {
        self.listed(&["teams", team, "apps"]).await
    }

    /// `GET /pipelines/{pipeline}` for its id, which `GET /pipelines/{id}/pipeline-couplings` takes: the
    /// stage of each app, by the app's id.
    ///
    /// # Errors
    /// When Heroku cannot be asked, or answers with an error.
    pub async fn stages_of(&self, pipeline: &str) -> Result<BTreeMap<String, Stage>, Error> {
        let found: wire::Pipeline = self.get(&["pipelines", pipeline]).await?;
        let path = ["pipelines", &found.id, "pipeline-couplings"];
        self.couplings(&path).await
    }

    /// `GET /pipeline-couplings`: the same of all pipelines that the account reaches.
    ///
    /// # Errors
    /// When Heroku cannot be asked, or answers with an error.
    pub async fn stages(&self) -> Result<BTreeMap<String, Stage>, Error> {
        self.couplings(&["pipeline-couplings"]).await
    }

    async fn couplings(&self, path: &[&str]) -> Result<BTreeMap<String, Stage>, Error> {
        let all = self.list::<wire::Coupling>(path).await?;
        Ok(all.into_iter().filter_map(wire::Coupling::stage).collect())
    }

    async fn listed(&self, path: &[&str]) -> Result<Vec<Listed>, Error> {
        let all = self.list::<wire::Listed>(path).await?;
        Ok(all.into_iter().map(Into::into).collect())
    }
}
