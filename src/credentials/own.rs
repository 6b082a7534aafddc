//! Our own credentials: the token of a [`Record`], wherever it is kept, and how it gets there.

use super::{
    Error, Found, Secret, Source, keychain, private,
    records::{Kind, Place, Record, Records},
};
use crate::{credentials::Credential, env::Env, state::short_hash};
use std::path::PathBuf;

/// The name of an item: `me@example.com on api.heroku.com`.
fn user(record: &Record) -> String {
    name(record.account.as_deref().unwrap_or("anybody"), &record.host)
}

fn name(account: &str, host: &str) -> String {
    format!("{} on {host}", account.to_lowercase())
}

fn file(env: &Env, record: &Record) -> Result<PathBuf, Error> {
    let directory = env.config_dir().ok_or_else(|| Error::Unwritable {
        place: "tokens".to_owned(),
        why: "there is no home directory to keep it in".to_owned(),
    })?;
    Ok(directory.join("tokens").join(short_hash(&user(record))))
}

/// Where a token is, or would be, in words.
#[must_use]
pub fn place_in_words(env: &Env, record: &Record) -> String {
    match record.place {
        Some(Place::Keyring) => format!("{}, item '{}'", keychain::NAME, user(record)),
        Some(Place::File) => {
            file(env, record).map_or_else(|_| "a file".to_owned(), |place| env.in_words(&place))
        }
        None => "the place where the Heroku CLI keeps it".to_owned(),
    }
}

/// Our credential for schedules of this account.
pub(super) async fn find(env: &Env, host: &str, account: Option<&str>) -> Found {
    match find_once(env, host, account).await {
        // It may have been moved between the two reads.
        Err(Error::Lost { .. }) => find_once(env, host, account).await,
        found => found,
    }
}

async fn find_once(env: &Env, host: &str, account: Option<&str>) -> Found {
    let nothing = |what: &str| Error::NotFound {
        tried: vec![what.to_owned()],
    };
    let records = Records::read(env)?;
    let Some(record) = records.find(host, account)? else {
        if let Some(place) = stray(env, host, account) {
            return Err(Error::Closed {
                place,
                why: "there is a token, and no record of it in credentials.json".to_owned(),
                mend: format!("{} sets it up again", env.verb("auth:setup")),
            });
        }
        return Err(nothing("a credential of its own, which is not set up"));
    };
    if record.kind == Kind::CliLogin {
        return Err(nothing(
            "auth:setup, which has chosen the Heroku CLI's login",
        ));
    }
    let token = token(env, record).await?;
    Ok(Credential {
        token,
        source: Source::Own(
            record.place.unwrap_or(Place::File),
            place_in_words(env, record),
        ),
        account: record.account.clone(),
        expires_at: record.expires_at,
        mend: super::mend(env, Some(record)),
    })
}

/// The token of a record. One that is not where it should be is an error: falling back to another
/// credential would use more rights than anybody agreed to.
///
/// # Errors
/// When it is not there, or cannot be read.
pub async fn token(env: &Env, record: &Record) -> Result<Secret, Error> {
    let gone = |place: String| Error::Lost {
        place,
        mend: super::mend(env, Some(record)),
    };
    if record.place == Some(Place::Keyring) {
        return match keychain::token(user(record)).await {
            Err(Error::NotFound { .. }) => Err(gone(place_in_words(env, record))),
            Err(Error::Unreadable { place, why }) => {
                let mend = super::keep_in_file(env, record);
                let is_locked = why == keychain::LOCKED;
                let mend = if is_locked {
                    format!("unlock it; or {mend}")
                } else {
                    mend
                };
                Err(Error::Closed { place, why, mend })
            }
            found => found,
        };
    }
    let place = file(env, record)?;
    let closed = |why: String| Error::Closed {
        place: place.display().to_string(),
        why,
        mend: super::mend(env, Some(record)),
    };
    let text = match private::read(&place) {
        Ok(Some(text)) => text,
        Ok(None) => return Err(gone(place.display().to_string())),
        Err(Error::Unreadable { why, .. }) => return Err(closed(why)),
        Err(error) => return Err(error),
    };
    let token = String::from_utf8(text).map(|text| Secret::new(text).trimmed());
    let is_word = |token: &Secret| {
        let word = token.expose();
        !word.is_empty() && word.chars().all(|c| c.is_ascii_graphic())
    };
    token
        .ok()
        .filter(is_word)
        .ok_or_else(|| closed("what is in it is no token".to_owned()))
}

/// The file of a token for this account, where there is one without a record.
fn stray(env: &Env, host: &str, account: Option<&str>) -> Option<String> {
    let directory = env.config_dir()?.join("tokens");
    let account = account.unwrap_or("anybody");
    let place = directory.join(short_hash(&name(account, host)));
    place.exists().then(|| place.display().to_string())
}

/// Keeps the token of a record where it says.
///
/// # Errors
/// When it cannot be kept there.
pub async fn keep(
    env: &Env,
    record: &Record,
    token: &Secret,
    is_attended: bool,
) -> Result<(), Error> {
    match record.place {
        Some(Place::Keyring) => keychain::keep(user(record), token.clone(), is_attended).await,
        Some(Place::File) => {
            let text = Secret::new(format!("{}\n", token.expose()));
            private::write(&file(env, record)?, text.expose().as_bytes())
        }
        None => Ok(()),
    }
}

/// Deletes the token of a record; tells whether there was one.
///
/// # Errors
/// When it cannot be deleted.
pub async fn forget(env: &Env, record: &Record) -> Result<bool, Error> {
    match record.place {
        Some(Place::Keyring) => keychain::forget(user(record)).await,
        Some(Place::File) => private::remove(&file(env, record)?),
        None => Ok(false),
    }
}

/// What the system's keychain is good for here.
#[derive(Debug)]
pub enum Keyring {
    Works,
    /// There is none; why.
    Absent(String),
    /// It is there, and cannot be used; why.
    Broken(String),
}

/// Finds out by keeping something and deleting it again, before anything relies on it. A person may
/// be asked to unlock it.
pub async fn try_keyring(is_attended: bool) -> Keyring {
    keychain::attempt(is_attended).await
}

/// Held while a credential changes: gone with this value, and with the process.
#[derive(Debug)]
pub struct Lock {
    _file: std::fs::File,
}

/// `None` while another command has it.
///
/// # Errors
/// When there is nowhere to keep it.
pub fn lock(env: &Env) -> Result<Option<Lock>, Error> {
    let directory = env.config_dir().ok_or_else(|| Error::Unwritable {
        place: "tokens".to_owned(),
        why: "there is no home directory to keep it in".to_owned(),
    })?;
    let file = private::try_lock(&directory.join("tokens"))?;
    Ok(file.map(|file| Lock { _file: file }))
}
