//! The calls that we make, one method each.

use super::{Client, Error, wire};
use crate::snapshot;
use jiff::Timestamp;
use reqwest::Method;
use serde_json::json;

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

    /// `GET /apps/{app}/dynos`, and Heroku's time when they were asked for: they are no older, and nobody
    /// knows how long the answer was under way.
    ///
    /// # Errors
    /// When Heroku cannot be asked, or answers with an error.
    pub async fn dynos(&self, app: &str) -> Result<(Vec<snapshot::Dyno>, Timestamp), Error> {
        let path = ["apps", app, "dynos"];
        let (dynos, asked_at) = self.list_asked_at::<wire::Dyno>(&path).await?;
        Ok((dynos.into_iter().map(Into::into).collect(), asked_at))
    }

    /// Whether old and new web dynos of the app overlap: `GET /apps/{app}/features/preboot`.
    ///
    /// # Errors
    /// When Heroku cannot be asked, or answers with an error other than that there is no such
    /// feature. A token that may not read features counts as preboot: slow, but safe.
    pub async fn has_preboot(&self, app: &str) -> Result<bool, Error> {
        match self.has_feature(app, "preboot").await {
            Err(Error::Api { status: 403, .. }) => Ok(true),
            answer => answer,
        }
    }

    /// Whether a feature of the app is on: `GET /apps/{app}/features/{feature}`.
    ///
    /// # Errors
    /// When Heroku cannot be asked, or answers with an error other than that there is no such feature.
    pub async fn has_feature(&self, app: &str, feature: &str) -> Result<bool, Error> {
        let path = ["apps", app, "features", feature];
        match self.get::<wire::Feature>(&path).await {
            Ok(feature) => Ok(feature.enabled),
            Err(Error::Api { status: 404, .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// `PATCH /apps/{app}/features/{feature}`: it restarts nothing; tells whether it is on by now.
    ///
    /// # Errors
    /// When no answer or an error came.
    pub async fn enable_feature(&self, app: &str, feature: &str) -> Result<bool, Error> {
        let path = ["apps", app, "features", feature];
        let body = json!({ "enabled": true });
        let feature: wire::Feature = self.ask(Method::PATCH, &path, &body).await?;
        Ok(feature.enabled)
    }

    /// `GET /dyno-sizes`: what dynos of each size may use, and what they cost.
    ///
    /// # Errors
    /// When Heroku cannot be asked, or answers with an error.
    pub async fn dyno_sizes(&self) -> Result<Vec<snapshot::Size>, Error> {
        let sizes = self.list::<wire::DynoSize>(&["dyno-sizes"]).await?;
        Ok(sizes.into_iter().filter_map(wire::DynoSize::size).collect())
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
