//! Who one is, what one reaches, and authorizations.

use super::{Client, Error, redact, sending::Question, wire};
use crate::credentials::Secret;
use jiff::{SignedDuration, Timestamp};
use reqwest::Method;
use serde_json::json;

/// `GET /account`, as far as it tells what a credential can be had for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    pub email: String,
    /// Signs in through an identity provider.
    pub is_federated: bool,
}

/// An authorization of an account.
#[derive(Debug, Clone)]
pub struct Authorization {
    pub id: String,
    pub description: String,
    pub scope: Vec<String>,
    /// The token, where it is shown whole: when it is made.
    pub token: Option<Secret>,
    /// What is shown of it elsewhere: its beginning and its end.
    pub shown: Option<(String, String)>,
    pub expires_at: Option<Timestamp>,
    pub email: Option<String>,
}

/// Whether an account may restart an app's dynos, and what it must give for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capability {
    pub is_capable: bool,
    pub needs_second_factor: bool,
}

impl Authorization {
    /// Whether this is the authorization of a token, by as much of it as is shown.
    #[must_use]
    pub fn is_of(&self, token: &Secret) -> bool {
        let token = token.expose();
        match (&self.token, &self.shown) {
            (Some(own), _) => own.expose() == token,
            (None, Some((head, tail))) => {
                !head.is_empty()
                    && token.starts_with(head.as_str())
                    && token.ends_with(tail.as_str())
            }
            (None, None) => false,
        }
    }
}

impl Client {
    /// `GET /account`: for tokens of the scope `global` or `identity` only.
    ///
    /// # Errors
    /// When Heroku cannot be asked, or answers with an error.
    pub async fn account(&self) -> Result<Account, Error> {
        let account: wire::Account = self.get(&["account"]).await?;
        Ok(Account {
            email: account.email,
            is_federated: account.federated,
        })
    }

    /// Names of the apps that the account owns or was invited to: `GET /apps`.
    ///
    /// # Errors
    /// When Heroku cannot be asked, or answers with an error.
    pub async fn app_names(&self) -> Result<Vec<String>, Error> {
        let mut names: Vec<String> = self.apps().await?.into_iter().map(|app| app.name).collect();
        names.sort_unstable();
        Ok(names)
    }

    /// Requests that the account may still make: `GET /account/rate-limits`, which costs none.
    ///
    /// # Errors
    /// When Heroku cannot be asked, or answers with an error.
    pub async fn remaining(&self) -> Result<u64, Error> {
        let limit: wire::RateLimit = self.get(&["account", "rate-limits"]).await?;
        Ok(limit.remaining)
    }

    /// `POST /oauth/authorizations`. Sent once.
    ///
    /// # Errors
    /// When no answer or an error came: it may have been made all the same, unless
    /// [`Error::fate`] tells otherwise.
    pub async fn authorize(
        &self,
        description: &str,
        scope: &[&str],
        lifetime: Option<SignedDuration>,
    ) -> Result<Authorization, Error> {
        let body = json!({
            "description": description, "scope": scope, "expires_in": lifetime.map(|lifetime| lifetime.as_secs()),
        });
        let mut question = Question::new(Method::POST, &["oauth", "authorizations"]);
        question.body = Some(&body);
        let response = self.send(&question).await?;
        let made: wire::Authorization = self.secret_value(response).await?;
        let mut made = made.at(self.now());
        let mut tokens = self.held.tokens();
        tokens.extend(made.token.clone());
        // Its token is in one place only.
        let texts = [&mut made.id, &mut made.description].into_iter();
        for text in texts.chain(&mut made.scope).chain(made.email.as_mut()) {
            *text = redact::known(text, &tokens).into_owned();
        }
        Ok(made)
    }

    /// `GET /oauth/authorizations`: those of the account, their tokens shown in part.
    ///
    /// # Errors
    /// When Heroku cannot be asked, or answers with an error.
    pub async fn authorizations(&self) -> Result<Vec<Authorization>, Error> {
        // With what is shown of the tokens, which is how one is known again.
        let all = self
            .list_as_it_is::<wire::Authorization>(&["oauth", "authorizations"])
            .await?;
        Ok(all.into_iter().map(|one| one.at(self.now())).collect())
    }

    /// `DELETE /oauth/authorizations/{id}`; tells whether there still was one. Sent once.
    ///
    /// # Errors
    /// When no answer or an error came, or one that is not about this authorization.
    pub async fn revoke(&self, id: &str) -> Result<bool, Error> {
        let path = ["oauth", "authorizations", id];
        match self.send(&Question::new(Method::DELETE, &path)).await {
            Ok(response) => {
                let revoked: wire::Authorization = self.secret_value(response).await?;
                if revoked.is(id) {
                    return Ok(true);
                }
                Err(Error::Garbage {
                    host: self.host.machine().to_owned(),
                    why: "it tells of another authorization".to_owned(),
                })
            }
            // In Heroku's words: a proxy has a 404 too.
            Err(Error::Api {
                status: 404 | 410,
                id,
                ..
            }) if id == "not_found" || id == "gone" => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Whether there is an authorization of this id: `GET /oauth/authorizations/{id}`.
    ///
    /// # Errors
    /// When Heroku cannot be asked, or answers with another error.
    pub async fn has_authorization(&self, id: &str) -> Result<bool, Error> {
        let path = ["oauth", "authorizations", id];
        match self.get::<wire::Authorization>(&path).await {
            Ok(found) => Ok(found.is(id)),
            Err(Error::Api {
                status: 404, id, ..
            }) if id == "not_found" => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// `PUT /apps/{app}/pre-authorizations`, which the Heroku CLI uses and no schema has: for a while
    /// the app asks this token for no second factor.
    ///
    /// # Errors
    /// When no answer or an error came.
    pub async fn preauthorize(&self, app: &str) -> Result<(), Error> {
        let path = ["apps", app, "pre-authorizations"];
        self.send(&Question::new(Method::PUT, &path)).await?;
        Ok(())
    }

    /// `PUT /users/~/capabilities`, a prototype: changes nothing.
    ///
    /// # Errors
    /// When Heroku cannot be asked, or answers with an error.
    pub async fn may_restart(&self, app_id: &str) -> Result<Capability, Error> {
        let asked =
            json!({ "capability": "manage_dynos", "resource_type": "app", "resource_id": app_id });
        let body = json!({ "capabilities": [asked] });
        let mut question = Question::new(Method::PUT, &["users", "~", "capabilities"]);
        question.body = Some(&body);
        let response = self.send(&question).await?;
        let told: wire::Capabilities = self.value(response).await?;
        let first = told.capabilities.into_iter().next();
        let first = first.ok_or_else(|| Error::Garbage {
            host: self.host.machine().to_owned(),
            why: "the list of capabilities is empty".to_owned(),
        })?;
        Ok(Capability {
            is_capable: first.capable,
            needs_second_factor: first.requires_second_factor.unwrap_or(false),
        })
    }
}
