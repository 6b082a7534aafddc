//! The calls that we make, one method each.

use super::{Client, Error, wire};
use crate::snapshot;

/// A restart that Heroku accepted; it is not yet done.
#[derive(Debug, Clone)]
pub struct Restart {
    pub request_ids: Vec<String>,
}

impl Client {
    /// `GET /apps/{app}`.
    ///
    /// # Errors
    /// When Heroku cannot be asked, or answers with an error.
    pub async fn app(&self, app: &str) -> Result<snapshot::App, Error> {
        self.get::<wire::App>(&["apps", app]).await.map(Into::into)
    }

    /// `GET /apps/{app}/formation`.
    ///
    /// # Errors
    /// When Heroku cannot be asked, or answers with an error.
    pub async fn formation(&self, app: &str) -> Result<Vec<snapshot::Formation>, Error> {
        let formation = self
            .list::<wire::Formation>(&["apps", app, "formation"])
            .await?;
        let mut formation: Vec<snapshot::Formation> =
            formation.into_iter().map(Into::into).collect();
        // No order is documented, and two reads are compared.
        formation.sort_by(|a, b| a.process_type.cmp(&b.process_type));
        Ok(formation)
    }

    /// `GET /apps/{app}/dynos`.
    ///
    /// # Errors
    /// When Heroku cannot be asked, or answers with an error.
    pub async fn dynos(&self, app: &str) -> Result<Vec<snapshot::Dyno>, Error> {
        let dynos = self.list::<wire::Dyno>(&["apps", app, "dynos"]).await?;
        Ok(dynos.into_iter().map(Into::into).collect())
    }

    /// Whether old and new web dynos of the app overlap: `GET /apps/{app}/features/preboot`.
    ///
    /// # Errors
    /// When Heroku cannot be asked, or answers with an error other than that there is no such
    /// feature. A token that may not read features counts as preboot: slow, but safe.
    pub async fn has_preboot(&self, app: &str) -> Result<bool, Error> {
        match self
            .get::<wire::Feature>(&["apps", app, "features", "preboot"])
            .await
        {
            Ok(feature) => Ok(feature.enabled),
            Err(Error::Api { status: 404, .. }) => Ok(false),
            Err(Error::Api { status: 403, .. }) => Ok(true),
            Err(error) => Err(error),
        }
    }

    /// `DELETE /apps/{app}/dynos/{name}`: by name, since by id it has been seen to answer OK and do
    /// nothing. Sent once; never repeated here.
    ///
    /// # Errors
    /// When no answer or an error came; [`Error::fate`] tells what that means.
    pub async fn restart(&self, app: &str, name: &str) -> Result<Restart, Error> {
        let request_ids = self.delete(&["apps", app, "dynos", name]).await?;
        Ok(Restart { request_ids })
    }
}
