//! Keeps a token and what is known of it, in place of what was there, so that at no moment there is
//! none that works.

use super::{super::Context, authorization::revoke_of, subject::Login};
use crate::{
    cli::KeepIn,
    credentials::{Kind, Place, Record, Records, Secret, own},
    error::Error,
    execute::Stop,
};

/// Where a token is to be kept: as asked, else in the keyring, else in a file after saying so.
///
/// # Errors
/// When the keyring is there and does not work, or is not there and was asked for.
pub async fn place(
    context: &Context<'_>,
    wanted: Option<KeepIn>,
    stop: &Stop,
    asks: bool,
) -> Result<Place, Error> {
    if wanted == Some(KeepIn::File) {
        return Ok(Place::File);
    }
    let (ui, is_attended) = (context.ui, context.ui.can_ask());
    match own::try_keyring(is_attended).await {
        own::Keyring::Works => {}
        own::Keyring::Absent(why) if wanted.is_none() => {
            ui.say(&format!(
                "There is no keyring here ({why}): the token goes into a file that only you can read"
            ));
            return Ok(Place::File);
        }
        own::Keyring::Absent(why) | own::Keyring::Broken(why) => {
            return Err(Error::Other {
                code: "keyring_unusable",
                message: format!("the keyring cannot be used: {why}"),
                hint: Some(
                    "mend or unlock it; or --keep-in file keeps the token in a file that only you can read".to_owned(),
                ),
            });
        }
    }
    if !asks || wanted.is_some() || !cfg!(all(unix, not(target_os = "macos"))) {
        return Ok(Place::Keyring);
    }
    let items = [
        "in the keyring, which is open while you are logged in".to_owned(),
        "in a file that only you can read, for cron and timers while you are not".to_owned(),
    ];
    let chosen = ui.choose("The token is kept", &items, stop).await;
    match chosen {
        Some(0) => Ok(Place::Keyring),
        Some(_) => Ok(Place::File),
        None => Err(Error::Interrupted),
    }
}

/// Keeps the token, then the record; returns the record that was there. When either fails, all is as
/// it was.
///
/// # Errors
/// When it cannot be kept.
pub async fn keep(
    context: &Context<'_>,
    record: &Record,
    token: Option<&Secret>,
    finished: Option<&str>,
) -> Result<Option<Record>, Error> {
    let env = context.env;
    let _alone = own::lock(env)?;
    let before = {
        let records = Records::read(env)?;
        let is_it = |one: &&Record| one.is_of(&record.host, record.account.as_deref());
        records.credentials.iter().find(is_it).cloned()
    };
    // Under the same name, the new token takes the old one's place: it may have to be put back.
    let same_place = before
        .as_ref()
        .filter(|before| before.place == record.place);
    let old = match same_place {
        Some(before) if token.is_some() => own::token(env, before).await.ok(),
        _ => None,
    };
    if let Some(token) = token {
        own::keep(env, record, token, context.ui.can_ask()).await?;
    }
    let written = Records::edit(env, |records| {
        records.put(record.clone());
        let is_open = |one: &crate::credentials::records::Unfinished| {
            Some(one.description.as_str()) != finished
        };
        records.unfinished.retain(is_open);
    });
    if let Err(error) = written {
        let undone = match &old {
            Some(old) => own::keep(env, record, old, false).await,
            None => own::forget(env, record).await.map(drop),
        };
        if let Err(undone) = undone {
            context.ui.warn(&undone.to_string());
        }
        return Err(error.into());
    }
    if let Some(before) = before
        .as_ref()
        .filter(|before| before.place != record.place)
        && let Err(error) = own::forget(env, before).await
    {
        context.ui.warn(&format!(
            "the old token could not be deleted from {}: {error}",
            own::place_in_words(env, before)
        ));
    }
    Ok(before)
}

/// Revokes the authorization that a new one has replaced. Tells whether all is well: where it is not,
/// the old one is still valid, and it is said how it goes.
pub async fn retire(
    context: &Context<'_>,
    stop: &Stop,
    login: Option<&Login>,
    before: Option<&Record>,
) -> bool {
    let Some(before) = before.filter(|before| before.kind == Kind::Authorization) else {
        return true;
    };
    let Some(id) = &before.authorization else {
        return true;
    };
    let why = match revoke_of(context, stop, login, before, id).await {
        Ok(_) => {
            context.ui.say("The old authorization was revoked");
            return true;
        }
        Err(error) => error.to_string(),
    };
    context
        .ui
        .warn(&format!("the old authorization is still valid: {why}"));
    context
        .ui
        .hint(&format!("heroku authorizations:revoke {id} revokes it"));
    false
}
