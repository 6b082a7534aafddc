//! Makes an authorization so that none is left behind: what is not told to its end is looked for, and
//! revoked, now or by a later command.

use super::{
    super::Context,
    revoke::{forget, look_for, look_once, revoke, sweeper},
    second_factor::with_code,
    subject::Login,
};
use crate::{
    credentials::{Records, Secret, Source, records::ToRevoke},
    error::Error,
    heroku::{self, Authorization, Client, Fate},
    stop::Stop,
};
use jiff::SignedDuration;
use std::cell::Cell;

/// What is to be made.
pub struct Wish {
    pub scope: String,
    pub lifetime: Option<SignedDuration>,
    /// Names tool and machine, and no other authorization.
    pub description: String,
}

impl Wish {
    pub fn new(context: &Context<'_>, scope: &str, lifetime: Option<SignedDuration>) -> Self {
        let mark: String = uuid::Uuid::new_v4().simple().to_string();
        let machine = context.env.machine();
        Self {
            scope: scope.to_owned(),
            lifetime,
            description: format!("heroku dynos:autorestart on {machine} ({})", &mark[..6]),
        }
    }
}

/// What was made.
pub struct Made {
    pub authorization: Authorization,
    pub token: Secret,
    /// That it is to be revoked, until it is kept.
    pub note: ToRevoke,
}

/// Makes it, with the login, and a note that it is to be revoked, which goes when it is kept. Whatever
/// comes between: none is left behind unknown.
///
/// # Errors
/// When it is refused, or no answer came; it is then revoked, or noted.
pub async fn create(
    context: &Context<'_>,
    stop: &Stop,
    login: &Login,
    host: &str,
    wish: &Wish,
) -> Result<Made, Error> {
    let note = ToRevoke {
        host: host.to_owned(),
        account: login.email().map(ToOwned::to_owned),
        description: Some(wish.description.clone()),
        id: None,
    };
    let noted = note.clone();
    Records::edit(context.env, |records| records.to_revoke.push(noted))?;
    let action = context.ui.action("Creating an authorization at Heroku");
    // Between a request and its answer, one may be made.
    let is_asked = Cell::new(false);
    let made = with_code(context, stop, &login.client, async |client| {
        is_asked.set(true);
        let made = client
            .authorize(&wish.description, &[&wish.scope], wish.lifetime)
            .await;
        is_asked.set(false);
        made
    })
    .await;
    let error = match made {
        Ok(authorization) => {
            if let Some(token) = authorization.token.clone() {
                action.done();
                return Ok(Made {
                    authorization,
                    token,
                    note,
                });
            }
            // Its token is what it was made for.
            drop(action);
            undo(context, stop, &login.client, &authorization, &note).await;
            return Err(Error::Other {
                code: "no_token",
                message: "Heroku made an authorization and did not show its token".to_owned(),
                hint: Some("run it again".to_owned()),
            });
        }
        Err(error) => error,
    };
    drop(action);
    match &error {
        Error::Heroku(refused) => match refused.fate() {
            Fate::NotSent => forget(context, &note),
            Fate::Refused | Fate::Later(_) => look_once(context, stop, &login.client, &note).await,
            Fate::Broken | Fate::Silent => look_for(context, stop, &login.client, &note).await,
        },
        Error::Interrupted if is_asked.get() => {
            look_for(context, stop, &login.client, &note).await;
        }
        // Codes that were not accepted, or nobody to ask for one.
        _ => forget(context, &note),
    }
    Err(explain(context, login, error))
}

/// A refusal in Heroku's words, and what the account can do instead.
fn explain(context: &Context<'_>, login: &Login, error: Error) -> Error {
    let (setup, code) = (context.verb("auth:setup"), error.code());
    let is_refusal = matches!(
        &error,
        Error::Heroku(heroku::Error::Api {
            status: 403 | 422,
            ..
        })
    );
    if !is_refusal || code == "two_factor" {
        return error;
    }
    let hint = if login.is_federated() {
        format!(
            "an account that signs in through an identity provider (SSO) cannot make authorizations, and its login ends after 8 hours; invite a user without SSO to the apps (heroku access:add), make a token as that user, and give it to {setup} --token-stdin"
        )
    } else if login.account.is_none() {
        let mend = match login.credential.source {
            Source::ApiKey => "unset it and run heroku login",
            _ => "run heroku login",
        };
        format!(
            "the token from {} may not make authorizations: {mend}, or give a token to {setup} --token-stdin",
            login.credential.source
        )
    } else {
        format!(
            "make one on the Heroku dashboard (Account settings, Applications), and give it to {setup} --token-stdin"
        )
    };
    Error::Other {
        code,
        message: format!("Heroku refused the authorization: {error}"),
        hint: Some(hint),
    }
}

/// Revokes what was made and cannot be used after all.
pub async fn undo(
    context: &Context<'_>,
    stop: &Stop,
    client: &Client,
    made: &Authorization,
    note: &ToRevoke,
) {
    match revoke(context, stop, client, &made.id).await {
        Ok(_) => {
            forget(context, note);
            context.ui.say("The authorization was revoked again");
        }
        Err(error) => {
            context.ui.warn(&format!(
                "the authorization '{}' could not be revoked: {error}",
                made.description
            ));
            context.ui.hint(&format!(
                "heroku authorizations:revoke {} revokes it, and so does the next {}",
                made.id,
                sweeper(context, note)
            ));
        }
    }
}
