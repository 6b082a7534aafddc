//! Keeps a token and what is known of it, in place of what was there, so that at no moment there is
//! none that works.

use super::{
    super::Context,
    revoke::{revoke_of, sweep},
    subject::Login,
};
use crate::{
    cli::KeepIn,
    credentials::{Kind, Place, Record, Records, Secret, own, records::ToRevoke},
    error::Error,
    stop::Stop,
};
use jiff::SignedDuration;

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
    let tried = tokio::select! {
        tried = own::try_keyring(is_attended) => tried,
        () = stop.set() => return Err(Error::Interrupted),
    };
    match tried {
        own::Keyring::Works => {}
        own::Keyring::Absent(why) if wanted.is_none() => {
            ui.say(&format!(
                "There is no keyring here ({why}): the token goes into a file that only you can read"
            ));
            return Ok(Place::File);
        }
        own::Keyring::Absent(why) | own::Keyring::Broken(why) => {
            if asks {
                ui.warn(&format!("the keyring cannot be used now: {why}"));
                let question = "Keep the token in a file that only you can read?";
                match ui.ask(question, true, stop).await {
                    Some(true) => return Ok(Place::File),
                    Some(false) => return Err(Error::Declined),
                    None => return Err(Error::Interrupted),
                }
            }
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
        "in the keyring, open while you are logged in".to_owned(),
        "in a file that only you can read, for cron and timers too".to_owned(),
    ];
    let chosen = ui.choose("The token is kept", &items, stop).await;
    match chosen {
        Some(0) => Ok(Place::Keyring),
        Some(_) => Ok(Place::File),
        None => Err(Error::Interrupted),
    }
}

/// How long a command takes that waits for nobody.
const LONGEST: SignedDuration = SignedDuration::from_mins(5);

/// Held while a credential changes, from the first request to the last: another command waits.
///
/// # Errors
/// When there is nowhere to keep a credential, somebody wants us to leave, or, without a terminal, the other one
/// takes longer than any does by itself.
pub async fn alone(context: &Context<'_>, stop: &Stop) -> Result<own::Lock, Error> {
    let mut is_said = false;
    let began = context.clock.now();
    loop {
        if let Some(lock) = own::lock(context.env)? {
            return Ok(lock);
        }
        if !std::mem::replace(&mut is_said, true) {
            context
                .ui
                .say("Another auth or deploy command is at work: waiting for it");
        }
        if !context.ui.can_ask() && context.clock.now().duration_since(began) > LONGEST {
            return Err(Error::Other {
                code: "busy",
                message: "another auth or deploy command is still at work".to_owned(),
                hint: Some(
                    "it may wait for an answer at a terminal: end it, then run again".to_owned(),
                ),
            });
        }
        tokio::select! {
            () = context.clock.sleep(SignedDuration::from_millis(200)) => {}
            () = stop.set() => return Err(Error::Interrupted),
        }
    }
}

/// The record that another one will replace.
///
/// # Errors
/// When it cannot be read.
pub fn before(context: &Context<'_>, record: &Record) -> Result<Option<Record>, Error> {
    let records = Records::read(context.env)?;
    let is_it = |one: &&Record| one.is_of(&record.host, record.account.as_deref());
    Ok(records.credentials.iter().find(is_it).cloned())
}

/// Keeps the token, then the record, with the note that what it replaces is to be revoked; returns
/// the record that was there. When either fails, all is as it was.
///
/// # Errors
/// When it cannot be kept.
pub async fn keep(
    context: &Context<'_>,
    record: &Record,
    token: Option<&Secret>,
    finished: Option<&ToRevoke>,
) -> Result<Option<Record>, Error> {
    let env = context.env;
    let before = before(context, record)?;
    // Under the same name, the new token takes the old one's place: it may have to be put back.
    let is_there = |before: &&Record| before.place == record.place;
    let old = match before.as_ref().filter(is_there) {
        Some(before) if token.is_some() => own::token(env, before).await.ok(),
        _ => None,
    };
    if let Some(token) = token {
        own::keep(env, record, token, context.ui.can_ask()).await?;
    }
    let written = Records::edit(env, |records| {
        let replaced = records.take(&record.host, record.account.as_deref());
        if let Some(replaced) = replaced.filter(|one| one.authorization != record.authorization) {
            records.retire(&replaced);
        }
        records.put(record.clone());
        records.to_revoke.retain(|note| Some(note) != finished);
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
    let elsewhere = before.as_ref().filter(|before| !is_there(before));
    if let Some(before) = elsewhere
        && let Err(error) = own::forget(env, before).await
    {
        context.ui.warn(&format!(
            "the old token could not be deleted from {}: {error}",
            own::place_in_words(env, before)
        ));
    }
    Ok(before)
}

/// Revokes the authorization that a new one has replaced, and what earlier commands left behind.
/// Tells whether all is well: where it is not, it is said what is still valid, and noted.
pub async fn retire(
    context: &Context<'_>,
    stop: &Stop,
    login: Option<&Login>,
    before: Option<&Record>,
    now: &Record,
) -> bool {
    let replaced = before.filter(|before| {
        before.kind == Kind::Authorization && before.authorization != now.authorization
    });
    let id = replaced.and_then(|replaced| Some((replaced, replaced.authorization.as_ref()?)));
    if let Some((replaced, id)) = id {
        let said = match revoke_of(context, stop, login, replaced, id).await {
            Ok(true) => "The old authorization was revoked",
            Ok(false) => "The old authorization was gone already",
            Err(error) => {
                context
                    .ui
                    .warn(&format!("the old authorization was not revoked: {error}"));
                context.ui.hint(&format!(
                    "the next auth command of its account revokes it; heroku authorizations:revoke {id} does it at once"
                ));
                return false;
            }
        };
        context.ui.say(said);
        let noted = Records::edit(context.env, |records| records.forget(id));
        if let Err(error) = noted {
            tracing::debug!(%error, "a note stays");
        }
    }
    match login {
        Some(login) => sweep(context, stop, login, &now.host).await,
        None => true,
    }
}
