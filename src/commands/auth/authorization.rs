//! Makes an authorization so that none is left behind: what is not told to its end is looked for, and
//! revoked, now or by the next command.

use super::{
    super::Context,
    second_factor::with_code,
    subject::{Login, Subject},
};
use crate::{
    credentials::{
        Record, Records,
        records::{Unfinished, is_same_account},
    },
    error::Error,
    execute::Stop,
    heroku::{self, Authorization, Client, Fate},
};
use jiff::SignedDuration;

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

/// Tries of a look for what may have been made.
const LOOKS: u32 = 4;

/// Makes it, with the login. Whatever comes between: none is left behind unknown.
///
/// # Errors
/// When it is refused, or no answer came; it is then revoked, or noted.
pub async fn create(
    context: &Context<'_>,
    stop: &Stop,
    login: &Login,
    subject: &Subject,
    wish: &Wish,
) -> Result<Authorization, Error> {
    let note = Unfinished {
        host: subject.host().to_owned(),
        account: login.email().map(ToOwned::to_owned),
        description: wish.description.clone(),
    };
    let noted = note.clone();
    Records::edit(context.env, |records| records.unfinished.push(noted))?;
    let action = context.ui.action("Creating an authorization at Heroku");
    let made = with_code(context, stop, &login.client, async |client| {
        client
            .authorize(&wish.description, &[&wish.scope], wish.lifetime)
            .await
    })
    .await;
    let error = match made {
        Ok(made) if made.token.is_some() => {
            action.done();
            return Ok(made);
        }
        // Its token is what it was made for.
        Ok(made) => {
            drop(action);
            undo(context, stop, &login.client, &made, &wish.description).await;
            return Err(Error::Other {
                code: "no_token",
                message: "Heroku made an authorization and did not show its token".to_owned(),
                hint: Some("run it again".to_owned()),
            });
        }
        Err(error) => error,
    };
    drop(action);
    let is_certain = match &error {
        Error::Heroku(error) => {
            matches!(error.fate(), Fate::NotSent | Fate::Refused | Fate::Later(_))
        }
        Error::Interrupted => false,
        // Codes that were not accepted, or nobody to ask.
        _ => true,
    };
    if is_certain {
        forget(context, &note);
    } else {
        look_for(context, &login.client, &note).await;
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
        format!(
            "the token from {} may not make authorizations: unset it and run heroku login, or give a token to {setup} --token-stdin",
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
    description: &str,
) {
    let note = |records: &mut Records| {
        records
            .unfinished
            .retain(|one| one.description != description);
    };
    match revoke(context, stop, client, &made.id).await {
        Ok(_) => {
            let _ = Records::edit(context.env, note);
            context.ui.say("The authorization was revoked again");
        }
        Err(error) => {
            context.ui.warn(&format!(
                "the authorization '{description}' could not be revoked: {error}"
            ));
            context.ui.hint(&format!(
                "heroku authorizations:revoke {} revokes it, and so does the next {}",
                made.id,
                context.verb("auth:setup")
            ));
        }
    }
}

/// Revokes an authorization, though somebody wants us to leave: it takes a moment only. Tells whether
/// there was one.
///
/// # Errors
/// When it cannot be revoked.
pub async fn revoke(
    context: &Context<'_>,
    stop: &Stop,
    client: &Client,
    id: &str,
) -> Result<bool, Error> {
    match client.revoke(id).await {
        Err(error) if error.code() == "two_factor" && !stop.is_set() => {
            with_code(context, stop, client, async |client| {
                client.revoke(id).await
            })
            .await
        }
        answer => Ok(answer?),
    }
}

/// Revokes the authorization of a record, as the account that it is of: to another one, Heroku says
/// that there is none. Tells whether there still was one.
///
/// # Errors
/// When nobody is logged in, or somebody else is, or it cannot be revoked.
pub async fn revoke_of(
    context: &Context<'_>,
    stop: &Stop,
    login: Option<&Login>,
    record: &Record,
    id: &str,
) -> Result<bool, Error> {
    let login = login_of(login, record)?;
    revoke(context, stop, &login.client, id).await
}

/// The login, where it is of the account that the authorization of a record is of.
///
/// # Errors
/// When nobody is logged in, or somebody else is.
pub fn login_of<'a>(login: Option<&'a Login>, record: &Record) -> Result<&'a Login, Error> {
    let owner = record.owner.as_deref().or(record.account.as_deref());
    let whose = owner.unwrap_or("its account");
    let login = login.ok_or_else(|| Error::Other {
        code: "not_logged_in",
        message: "not logged in to Heroku, which makes and revokes authorizations".to_owned(),
        hint: Some(format!("run heroku login as {whose} first")),
    })?;
    match (owner, login.email()) {
        (Some(owner), Some(email)) if !is_same_account(owner, email) => Err(Error::Other {
            code: "other_account",
            message: format!(
                "the authorization is of {whose}, and the Heroku CLI is logged in as {email}"
            ),
            hint: Some(format!(
                "heroku login (or heroku accounts:set) as {whose}, then run it again"
            )),
        }),
        _ => Ok(login),
    }
}

fn forget(context: &Context<'_>, note: &Unfinished) {
    let _ = Records::edit(context.env, |records| {
        records.unfinished.retain(|one| one != note);
    });
}

/// Looks for an authorization that may have been made, and revokes it; the note stays where that
/// cannot be told.
async fn look_for(context: &Context<'_>, client: &Client, note: &Unfinished) {
    let mut trouble = None;
    for look in 0..LOOKS {
        if look > 0 {
            let wait = SignedDuration::from_secs(1 << look.min(2));
            context.clock.sleep(wait).await;
        }
        match revoke_noted(client, note).await {
            Ok(0) => trouble = None,
            Ok(_) => {
                context
                    .ui
                    .say("It had been made all the same, and was revoked");
                return forget(context, note);
            }
            Err(error) => trouble = Some(error),
        }
    }
    let setup = context.verb("auth:setup");
    let (name, why) = (
        &note.description,
        trouble.map(|error| format!(" ({error})")),
    );
    context.ui.warn(&format!(
        "whether the authorization '{name}' was made is not known{}; the next {setup} looks again, and revokes it",
        why.unwrap_or_default()
    ));
    context
        .ui
        .hint("heroku authorizations lists them, heroku authorizations:revoke revokes one");
}

/// How many there were of this description; all of them are revoked.
async fn revoke_noted(client: &Client, note: &Unfinished) -> Result<usize, heroku::Error> {
    let all = client.authorizations().await?;
    let ours = all.iter().filter(|one| one.description == note.description);
    let mut count = 0;
    for one in ours {
        client.revoke(&one.id).await?;
        count += 1;
    }
    Ok(count)
}

/// Revokes what earlier commands of this account may have left behind.
pub async fn sweep(context: &Context<'_>, login: &Login, host: &str) {
    let Ok(records) = Records::read(context.env) else {
        return;
    };
    let is_ours = |note: &&Unfinished| {
        note.host == host && (note.account.is_none() || note.account.as_deref() == login.email())
    };
    for note in records.unfinished.iter().filter(is_ours) {
        match revoke_noted(&login.client, note).await {
            Ok(count) => {
                if count > 0 {
                    context.ui.say(&format!(
                        "The authorization '{}', which an earlier command left behind, was revoked",
                        note.description
                    ));
                }
                forget(context, note);
            }
            Err(error) => tracing::debug!(%error, "what was left behind stays"),
        }
    }
}
