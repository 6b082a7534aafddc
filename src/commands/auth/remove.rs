//! `auth:remove`: revokes the authorization at Heroku and deletes the token here, and says when only
//! one of the two was done.

use super::{
    super::Context,
    code,
    keep::{alone, before},
    revoke::{notes, revoke_of, sweep},
    rotate::{ANYBODY, record},
    subject::login,
    words,
};
use crate::{
    cli::AuthRemove,
    credentials::{
        Kind, Record, Records, own,
        records::{ToRevoke, is_same_account},
    },
    error::Error,
    heroku::Options,
    stop::Stop,
};
use serde_json::json;

pub(super) async fn remove(
    context: &Context<'_>,
    flags: &AuthRemove,
    stop: &Stop,
) -> Result<u8, Error> {
    let options = context.options()?;
    let host = options.host.machine();
    let account = flags.account.as_deref().or(flags.confirm.as_deref());
    let old = match record(context, host, account) {
        Err(error) if error.code() == "no_credential" => {
            return left_behind(context, stop, &options, account, error).await;
        }
        old => old?,
    };
    agree(context, flags, &old, stop).await?;
    let _alone = alone(context, stop).await?;
    // Whoever gave --confirm means the one that is there now.
    let old = match flags.confirm {
        Some(_) => record(context, host, account)?,
        None => old,
    };
    if before(context, &old)?.as_ref() != Some(&old) {
        return Err(Error::Other {
            code: "changed_meanwhile",
            message: "another command has changed the credential meanwhile".to_owned(),
            hint: Some("look at it again, and run it again".to_owned()),
        });
    }
    let login = stop.unless(login(context, &options)).await;
    if let Err(Error::Interrupted) = login {
        return Err(Error::Interrupted);
    }
    let revoked = match &old.authorization {
        Some(id) if old.kind == Kind::Authorization => Some(match &login {
            Ok(login) => revoke_of(context, stop, login.as_ref(), &old, id).await,
            Err(error) => Err(error.retold()),
        }),
        _ => None,
    };
    let deleted = own::forget(context.env, &old).await;
    let forgotten = Records::edit(context.env, |records| {
        // While its token is still here, what is known of it stays too.
        if deleted.is_ok() {
            records.take(&old.host, old.account.as_deref());
        }
        if matches!(revoked, Some(Err(_))) {
            records.retire(&old);
        }
    });
    let deleted = deleted
        .map_err(Error::from)
        .and(forgotten.map_err(Error::from));
    tell(context, &old, revoked.as_ref(), deleted.as_ref());
    let mut is_well = deleted.is_ok() && !matches!(revoked, Some(Err(_)));
    if let (true, Ok(Some(login))) = (is_well, &login) {
        is_well = sweep(context, stop, login, host).await;
    }
    Ok(code(is_well, stop))
}

/// Without a credential there may still be authorizations that could not be revoked before.
async fn left_behind(
    context: &Context<'_>,
    stop: &Stop,
    options: &Options,
    account: Option<&str>,
    nothing: Error,
) -> Result<u8, Error> {
    let host = options.host.machine();
    let records = Records::read(context.env)?;
    let is_meant = |note: &&ToRevoke| {
        let is_of = |account: &str| {
            note.account
                .as_deref()
                .is_some_and(|of| is_same_account(of, account))
        };
        note.host == host && account.is_none_or(is_of)
    };
    let Some(note) = records.to_revoke.iter().find(is_meant) else {
        return Err(nothing);
    };
    let login = stop.unless(login(context, options)).await?;
    let login = login.ok_or(nothing)?;
    if notes(&records, &login, host).is_empty() {
        return Err(Error::Other {
            code: "other_account",
            message: format!(
                "{} is still to be revoked, and {}",
                note.in_words(),
                login.in_words()
            ),
            hint: Some(format!(
                "heroku login as {}, then run it again",
                note.account.as_deref().unwrap_or("its account")
            )),
        });
    }
    let _alone = alone(context, stop).await?;
    let is_clean = sweep(context, stop, &login, host).await;
    let said = if is_clean {
        "Nothing is left to revoke"
    } else {
        "Not all could be revoked"
    };
    context.ui.either(
        || said.to_owned(),
        || json!({ "host": host, "account": login.email(), "deleted": false, "revoked": is_clean, "errors": [] }),
    );
    Ok(code(is_clean, stop))
}

async fn agree(
    context: &Context<'_>,
    flags: &AuthRemove,
    old: &Record,
    stop: &Stop,
) -> Result<(), Error> {
    let account = old.account.as_deref().unwrap_or(ANYBODY);
    if let Some(confirmed) = &flags.confirm {
        if is_same_account(confirmed, account) {
            return Ok(());
        }
        return Err(Error::usage(
            format!("--confirm {confirmed}: the credential is for schedules of {account}"),
            format!("give --confirm {account}"),
        ));
    }
    if !context.ui.can_ask() {
        return Err(Error::usage(
            "it asks before it removes a credential, and there is nobody to ask",
            format!("add --confirm {account}"),
        ));
    }
    let what = words::kind(old);
    let then = match old.kind {
        Kind::CliLogin => "while there is one, they will still do so",
        _ => "without it they act with the Heroku CLI's login, or not at all",
    };
    context.ui.say(&format!(
        "Passes for schedules of {account} on {} use {what}; {then}.",
        old.host
    ));
    let question = match old.kind {
        Kind::Authorization => "Revoke it at Heroku, and delete its token here?",
        Kind::Token => "Delete the token here?",
        Kind::CliLogin => "Forget that it was chosen?",
    };
    match context.ui.ask(question, false, stop).await {
        Some(true) => Ok(()),
        Some(false) => Err(Error::Declined),
        None => Err(Error::Interrupted),
    }
}

fn tell(
    context: &Context<'_>,
    old: &Record,
    revoked: Option<&Result<bool, Error>>,
    deleted: Result<&(), &Error>,
) {
    let ui = context.ui;
    let id = old.authorization.as_deref().unwrap_or_default();
    let place = own::place_in_words(context.env, old);
    if ui.is_json {
        let refused = revoked.and_then(|revoked| revoked.as_ref().err());
        let errors = refused.into_iter().chain(deleted.err());
        let errors: Vec<String> = errors.map(ToString::to_string).collect();
        ui.json(&json!({
            "host": old.host, "account": old.account, "authorization": old.authorization,
            "revoked": revoked.map(Result::is_ok), "deleted": deleted.is_ok(), "errors": errors,
        }));
        return;
    }
    match (old.kind, revoked) {
        (_, Some(Ok(true))) => ui.result("Revoked at Heroku"),
        (_, Some(Ok(false))) => ui.result("At Heroku it was gone already"),
        (_, Some(Err(error))) => {
            ui.warn(&format!(
                "the authorization was not revoked at Heroku: {error}"
            ));
            ui.hint(&format!(
                "{} does it once that is mended, and so does heroku authorizations:revoke {id}",
                context.verb("auth:remove")
            ));
        }
        (Kind::Token, None) => {
            ui.say("A token that was given is revoked by whoever made it: heroku authorizations, heroku authorizations:revoke");
        }
        _ => {}
    }
    match (old.place, deleted) {
        (Some(_), Ok(())) => ui.result(&format!("Deleted from {place}")),
        (None, Ok(())) => {
            ui.result("Forgotten; passes still act with the Heroku CLI's login while there is one");
        }
        (_, Err(error)) => {
            ui.warn(&format!(
                "the token could not be deleted from {place}: {error}"
            ));
            ui.hint("mend that, then run it again");
        }
    }
}
