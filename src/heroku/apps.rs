//! Apps that we make and look after: the runner app from its making to its end (HEROKU 4.3).
//!
//! What changes something is sent once; [`Error::fate`] tells what an error means for it.

use super::{Client, Error, reply, sending::Question, wire};
use crate::credentials::Secret;
use reqwest::Method;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// An app, as far as it matters to whoever deploys to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnApp {
    pub id: String,
    pub name: String,
    /// The address of its owner; that of a team's app is the team's.
    pub owner: String,
    pub team: Option<String>,
    pub region: String,
    pub stack: String,
    pub is_fir: bool,
}

/// Where an app is made.
#[derive(Debug, Clone, Default)]
pub struct Place<'a> {
    pub team: Option<&'a str>,
    pub space: Option<&'a str>,
    pub region: Option<&'a str>,
}

/// What a release's dynos run.
#[derive(Debug, Clone)]
pub struct Slug {
    pub id: String,
    pub checksum: Option<String>,
    /// Its version, in words.
    pub commit: Option<String>,
    /// Where its bytes are put; who knows it needs no token.
    pub(super) url: Secret,
}

/// A slug that is to be made.
#[derive(Debug, Clone)]
pub struct NewSlug<'a> {
    pub process_types: BTreeMap<&'a str, String>,
    pub stack: &'a str,
    /// `SHA256:` and 64 hexadecimal digits.
    pub checksum: &'a str,
    pub commit: &'a str,
}

/// How many dynos of which size.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scale {
    pub process_type: String,
    pub quantity: u32,
    /// As Heroku writes it: `Basic`.
    pub size: String,
    pub command: String,
}

/// An add-on of an app.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Addon {
    pub id: String,
    pub plan: String,
}

impl Client {
    /// `GET /apps/{app}`, or `None` where there is none of this name.
    ///
    /// # Errors
    /// When Heroku cannot be asked, or answers with another error: an app of somebody else is
    /// `forbidden`.
    pub async fn own_app(&self, app: &str) -> Result<Option<OwnApp>, Error> {
        match self.get::<wire::OwnApp>(&["apps", app]).await {
            Ok(app) => Ok(Some(app.into())),
            Err(Error::Api {
                status: 404, id, ..
            }) if id == "not_found" => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// `POST /apps`, or `POST /teams/apps`.
    ///
    /// # Errors
    /// When no answer or an error came.
    pub async fn make_app(&self, name: &str, place: &Place<'_>) -> Result<OwnApp, Error> {
        let mut body = json!({ "name": name });
        for (key, value) in [
            ("team", place.team),
            ("space", place.space),
            ("region", place.region),
        ] {
            if let Some(value) = value {
                body[key] = json!(value);
            }
        }
        let is_of_team = place.team.is_some() || place.space.is_some();
        let path: &[&str] = if is_of_team {
            &["teams", "apps"]
        } else {
            &["apps"]
        };
        let made: wire::OwnApp = self.ask(Method::POST, path, &body).await?;
        Ok(made.into())
    }

    /// `DELETE /apps/{app}`, by its id; tells whether there still was one, and it went.
    ///
    /// # Errors
    /// When no answer or an error came.
    pub async fn destroy_app(&self, app: &str) -> Result<bool, Error> {
        match self
            .send(&Question::new(Method::DELETE, &["apps", app]))
            .await
        {
            // In Heroku's words: a proxy says 200 to anything.
            Ok(response) => {
                let destroyed: wire::OwnApp = self.value(response).await?;
                Ok(OwnApp::from(destroyed).id == app)
            }
            Err(Error::Api {
                status: 404, id, ..
            }) if id == "not_found" => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// `POST /apps/{app}/slugs`.
    ///
    /// # Errors
    /// When no answer or an error came.
    pub async fn make_slug(&self, app: &str, slug: &NewSlug<'_>) -> Result<Slug, Error> {
        let body = json!({
            "process_types": slug.process_types, "stack": slug.stack, "checksum": slug.checksum, "commit": slug.commit,
        });
        let made: wire::Slug = self
            .ask(Method::POST, &["apps", app, "slugs"], &body)
            .await?;
        Ok(made.into())
    }

    /// The slug of the current release; `None` before there is one.
    ///
    /// # Errors
    /// When Heroku cannot be asked, or answers with an error.
    pub async fn current_slug(&self, app: &str) -> Result<Option<Slug>, Error> {
        let releases = self
            .list::<wire::Release>(&["apps", app, "releases"])
            .await?;
        let is_current = |release: &&wire::Release| release.current;
        let current = releases.iter().rfind(is_current);
        let Some(id) = current.and_then(|release| release.slug_id()) else {
            return Ok(None);
        };
        match self.get::<wire::Slug>(&["apps", app, "slugs", id]).await {
            Ok(slug) => Ok(Some(slug.into())),
            Err(Error::Api { status: 404, .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// `POST /apps/{app}/releases`: the slug's code runs from now on; tells the version.
    ///
    /// # Errors
    /// When no answer or an error came.
    pub async fn release(&self, app: &str, slug: &str, description: &str) -> Result<u64, Error> {
        let body = json!({ "slug": slug, "description": description });
        let made: wire::Release = self
            .ask(Method::POST, &["apps", app, "releases"], &body)
            .await?;
        Ok(made.version)
    }

    /// `GET /apps/{app}/config-vars`: values may be secrets; what looks like a token is taken out.
    ///
    /// # Errors
    /// When Heroku cannot be asked, or answers with an error.
    pub async fn config_vars(&self, app: &str) -> Result<BTreeMap<String, String>, Error> {
        self.get(&["apps", app, "config-vars"]).await
    }

    /// The token that a config var of an app holds, which is shown nowhere.
    ///
    /// # Errors
    /// When Heroku cannot be asked, or answers with an error.
    pub async fn token_of(&self, app: &str, variable: &str) -> Result<Option<Secret>, Error> {
        let path = ["apps", app, "config-vars"];
        let mut variables: BTreeMap<String, String> = self.get_as_it_is(&path).await?;
        Ok(variables.remove(variable).map(Secret::new))
    }

    /// `PATCH /apps/{app}/config-vars`: no value takes a variable away; returns all as they are by
    /// now, as [`Client::config_vars`] does. It makes a release.
    ///
    /// # Errors
    /// When no answer or an error came.
    pub async fn set_config_vars(
        &self,
        app: &str,
        changes: &BTreeMap<String, Option<String>>,
    ) -> Result<BTreeMap<String, String>, Error> {
        let body = json!(changes);
        self.ask(Method::PATCH, &["apps", app, "config-vars"], &body)
            .await
    }

    /// `GET /apps/{app}/formation`, with sizes and commands.
    ///
    /// # Errors
    /// When Heroku cannot be asked, or answers with an error.
    pub async fn scales(&self, app: &str) -> Result<Vec<Scale>, Error> {
        let entries = self
            .list::<wire::Scale>(&["apps", app, "formation"])
            .await?;
        Ok(entries.into_iter().map(Into::into).collect())
    }

    /// `PATCH /apps/{app}/formation`.
    ///
    /// # Errors
    /// When no answer or an error came.
    pub async fn scale(
        &self,
        app: &str,
        process_type: &str,
        quantity: u32,
        size: &str,
    ) -> Result<(), Error> {
        let update =
            json!({ "type": process_type, "quantity": quantity, "dyno_size": { "name": size } });
        let body = json!({ "updates": [update] });
        let _: Value = self
            .ask(Method::PATCH, &["apps", app, "formation"], &body)
            .await?;
        Ok(())
    }

    /// `GET /apps/{app}/collaborators`: the addresses of those who reach the app.
    ///
    /// # Errors
    /// When Heroku cannot be asked, or answers with an error.
    pub async fn collaborators(&self, app: &str) -> Result<Vec<String>, Error> {
        let all = self
            .list::<wire::Collaborator>(&["apps", app, "collaborators"])
            .await?;
        Ok(all
            .into_iter()
            .map(wire::Collaborator::into_email)
            .collect())
    }

    /// `GET /teams/{team}/members`: their addresses.
    ///
    /// # Errors
    /// When Heroku cannot be asked, or answers with an error.
    pub async fn members(&self, team: &str) -> Result<Vec<String>, Error> {
        let all = self
            .list::<wire::Member>(&["teams", team, "members"])
            .await?;
        Ok(all.into_iter().map(|member| member.email).collect())
    }

    /// `GET /apps/{app}/addons`.
    ///
    /// # Errors
    /// When Heroku cannot be asked, or answers with an error.
    pub async fn addons(&self, app: &str) -> Result<Vec<Addon>, Error> {
        let all = self.list::<wire::Addon>(&["apps", app, "addons"]).await?;
        Ok(all.into_iter().map(Into::into).collect())
    }

    /// `POST /apps/{app}/addons`.
    ///
    /// # Errors
    /// When no answer or an error came.
    pub async fn add(&self, app: &str, plan: &str) -> Result<Addon, Error> {
        let body = json!({ "plan": plan });
        let made: wire::Addon = self
            .ask(Method::POST, &["apps", app, "addons"], &body)
            .await?;
        Ok(made.into())
    }

    /// The cents a month of each dyno size, by its name: `GET /dyno-sizes`, a prototype.
    ///
    /// # Errors
    /// When Heroku cannot be asked, or answers with an error.
    pub async fn prices(&self) -> Result<BTreeMap<String, u64>, Error> {
        let sizes = self.dyno_sizes().await?.into_iter();
        let price = |size: crate::snapshot::Size| Some((size.name, size.cents?));
        Ok(sizes.filter_map(price).collect())
    }

    /// Sends a request with a body once, and reads its answer.
    pub(super) async fn ask<T: serde::de::DeserializeOwned>(
        &self,
        method: Method,
        path: &[&str],
        body: &Value,
    ) -> Result<T, Error> {
        let mut question = Question::new(method, path);
        question.body = Some(body);
        let response = self.send(&question).await?;
        tracing::debug!(
            ids = reply::request_ids(response.headers(), &self.held.tokens()).join(","),
            "changed"
        );
        self.value(response).await
    }
}
