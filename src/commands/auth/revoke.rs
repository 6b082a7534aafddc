//! Revokes authorizations, as the account that they are of; what cannot be revoked now is noted, and
//! revoked by a later command.

use super::{super::Context, second_factor::with_code, subject::Login};
use crate::{
    credentials::{
        Record, Records, Secret, Source, own,
        records::{ToRevoke, is_same_account},
    },
    error::Error,
    heroku::{self, Client, Fate},
    stop::Stop,
};
use jiff::SignedDuration;

/// Looks for what may have been made, or revoked.
const LOOKS: u32 = 4;

/// Revokes an authorization; tells whether there still was one. Asked to leave, it waits for the
/// answer a moment longer.
///
/// # Errors
/// When it is refused, or whether it was revoked is not known.
pub async fn revoke(
    context: &Context<'_>,
    stop: &Stop,
    client: &Client,
    id: &str,
) -> Result<bool, Error> {
    let revoking = async {
        match client.revoke(id).await {
            Err(error) if error.code() == "two_factor" && !stop.is_set() => {
                let again = async |client: Client| client.revoke(id).await;
                with_code(context, stop, client, again).await
            }
            // It may have been done all the same.
            Err(error) if matches!(error.fate(), Fate::Broken | Fate::Silent) => {
                match client.has_authorization(id).await {
                    Ok(false) => Ok(true),
                    Ok(true) => Ok(client.revoke(id).await?),
                    Err(_) => Err(Error::Other {
                        code: error.code(),
                        message: format!("whether it was revoked is not known: {error}"),
                        hint: error.hint(),
                    }),
                }
            }
            // One that says that there is none may not be Heroku.
            Ok(false) if client.has_authorization(id).await? => Ok(client.revoke(id).await?),
            answer => Ok(answer?),
        }
    };
    tokio::select! {
        revoked = revoking => revoked,
        () = stop.after_the_last_word() => Err(Error::Interrupted),
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
            message: format!("the authorization is of {whose}, and {}", login.in_words()),
            hint: Some(match login.credential.source {
                Source::ApiKey => "unset HEROKU_API_KEY, then run it again".to_owned(),
                _ => format!("heroku login (or heroku accounts:set) as {whose}, then run it again"),
            }),
        }),
        _ => Ok(login),
    }
}

/// Notes that an authorization is to be revoked.
pub fn note(context: &Context<'_>, note: &ToRevoke) {
    let noted = Records::edit(context.env, |records| {
        records.to_revoke.retain(|one| one != note);
        records.to_revoke.push(note.clone());
    });
    if let Err(error) = noted {
        context
            .ui
            .warn(&format!("{} is not noted: {error}", note.in_words()));
    }
}

/// Revokes the login's authorizations whose descriptions begin so, but for these; tells how many.
///
/// # Errors
/// When they cannot be listed, or one cannot be revoked.
pub async fn revoke_described(
    context: &Context<'_>,
    stop: &Stop,
    client: &Client,
    begin: &str,
    but: &[&str],
) -> Result<usize, Error> {
    let all = client.authorizations().await?;
    let is_meant = |one: &&heroku::Authorization| {
        one.description.starts_with(begin) && !but.contains(&one.id.as_str())
    };
    let mut count = 0;
    for one in all.iter().filter(is_meant) {
        count += usize::from(revoke(context, stop, client, &one.id).await?);
    }
    Ok(count)
}

/// Takes a note away: what it is about is gone.
pub fn forget(context: &Context<'_>, note: &ToRevoke) {
    let forgotten = Records::edit(context.env, |records| {
        records.to_revoke.retain(|one| one != note);
    });
    if let Err(error) = forgotten {
        tracing::debug!(%error, "a note stays");
    }
}

/// Takes the notes away that are about this authorization: it is in use, whatever came between its
/// making and its keeping.
pub async fn adopt(context: &Context<'_>, login: &Login, id: &str) -> Result<(), heroku::Error> {
    let has_notes = Records::read(context.env).is_ok_and(|known| !known.to_revoke.is_empty());
    if !has_notes {
        return Ok(());
    }
    let all = login.client.authorizations().await?;
    let Some(kept) = all.iter().find(|one| one.id == id) else {
        return Ok(());
    };
    let is_about = |note: &ToRevoke| {
        note.id.as_deref() == Some(id) || note.description.as_ref() == Some(&kept.description)
    };
    let forgotten = Records::edit(context.env, |records| {
        records.to_revoke.retain(|note| !is_about(note));
    });
    if let Err(error) = forgotten {
        tracing::debug!(%error, "a note stays");
    }
    Ok(())
}

/// The command that revokes what a note is about.
pub fn sweeper(context: &Context<'_>, note: &ToRevoke) -> String {
    context.verb(if is_of_runner(note) {
        "deploy"
    } else {
        "auth:setup"
    })
}

/// Looks for an authorization that may have been made, and revokes it. The note stays where that
/// cannot be told.
pub async fn look_for(context: &Context<'_>, stop: &Stop, client: &Client, note: &ToRevoke) {
    let mut trouble = None;
    context
        .ui
        .say("No good answer came: looking whether it was made all the same");
    for look in 0..LOOKS {
        if look > 0 {
            let wait = SignedDuration::from_secs(1 << look.min(2));
            tokio::select! {
                () = context.clock.sleep(wait) => {}
                () = stop.set() => {}
            }
        }
        let found = tokio::select! {
            found = revoke_noted(client, note) => found.map_err(Error::from),
            () = stop.after_the_last_word() => Err(Error::Interrupted),
        };
        match found {
            Ok(0) if stop.is_set() => {}
            Ok(0) => trouble = None,
            Ok(_) => {
                context
                    .ui
                    .say("It had been made all the same, and was revoked");
                return forget(context, note);
            }
            Err(error) => trouble = Some(error),
        }
        if stop.is_set() {
            break;
        }
    }
    let setup = sweeper(context, note);
    let name = note.description.as_deref().unwrap_or_default();
    let why = trouble.map_or(String::new(), |error| format!(" ({error})"));
    context.ui.warn(&format!(
        "whether the authorization '{name}' was made is not known{why}; the next {setup} looks again, and revokes it"
    ));
    context
        .ui
        .hint("heroku authorizations lists them, heroku authorizations:revoke revokes one");
}

/// One look after a refusal, which should mean that nothing was made.
pub async fn look_once(context: &Context<'_>, stop: &Stop, client: &Client, note: &ToRevoke) {
    let looked = tokio::select! {
        looked = revoke_noted(client, note) => looked,
        () = stop.after_the_last_word() => return,
    };
    match looked {
        // Who may not even ask for them has made none.
        Ok(_)
        | Err(heroku::Error::Api {
            status: 401 | 403, ..
        }) => forget(context, note),
        Err(error) => tracing::debug!(%error, "the note stays"),
    }
}

/// How many there were; all of them are revoked.
async fn revoke_noted(client: &Client, note: &ToRevoke) -> Result<usize, heroku::Error> {
    if let Some(id) = &note.id {
        return client.revoke(id).await.map(usize::from);
    }
    let all = client.authorizations().await?;
    let is_it = |one: &&heroku::Authorization| Some(&one.description) == note.description.as_ref();
    let mut count = 0;
    for one in all.iter().filter(is_it) {
        client.revoke(&one.id).await?;
        count += 1;
    }
    Ok(count)
}

/// Notes of this login's account on a host: to another one, Heroku says that there is nothing.
pub fn notes(records: &Records, login: &Login, host: &str) -> Vec<ToRevoke> {
    let is_of = |account: &String| {
        login
            .email()
            .is_some_and(|email| is_same_account(account, email))
    };
    let is_ours = |note: &&ToRevoke| note.host == host && note.account.as_ref().is_some_and(is_of);
    records.to_revoke.iter().filter(is_ours).cloned().collect()
}

/// Revokes what earlier commands of this account left behind; never an authorization whose token is
/// kept, whatever a note says: a command may have been killed between the two. Tells whether nothing
/// is left. Those of runners are left to deploy, which knows what a runner uses.
pub async fn sweep(context: &Context<'_>, stop: &Stop, login: &Login, host: &str) -> bool {
    let is_meant = |note: &ToRevoke| !is_of_runner(note);
    sweep_those(context, stop, login, host, is_meant).await
}

/// The same for those of runners.
pub async fn sweep_runners(context: &Context<'_>, stop: &Stop, login: &Login, host: &str) -> bool {
    sweep_those(context, stop, login, host, is_of_runner).await
}

fn is_of_runner(note: &ToRevoke) -> bool {
    let description = note.description.as_deref();
    description.is_some_and(|text| text.starts_with(crate::commands::deploy::RUNNER))
}

async fn sweep_those(
    context: &Context<'_>,
    stop: &Stop,
    login: &Login,
    host: &str,
    is_meant: impl Fn(&ToRevoke) -> bool,
) -> bool {
    let Ok(records) = Records::read(context.env) else {
        return true;
    };
    let mut notes = notes(&records, login, host);
    notes.retain(is_meant);
    if notes.is_empty() {
        return true;
    }
    let swept = async {
        let all = login.client.authorizations().await?;
        let mut kept = vec![];
        for record in records
            .credentials
            .iter()
            .filter(|record| record.host == host)
        {
            kept.extend(own::token(context.env, record).await.ok());
        }
        let mut is_clean = true;
        for note in notes {
            is_clean &= sweep_one(context, stop, login, &note, &all, &kept).await?;
        }
        Ok::<_, Error>(is_clean)
    };
    let swept = tokio::select! {
        swept = swept => swept,
        () = stop.after_the_last_word() => Err(Error::Interrupted),
    };
    swept.unwrap_or_else(|error| {
        let what = "what earlier commands left behind";
        context
            .ui
            .warn(&format!("{what} is still to be revoked: {error}"));
        false
    })
}

/// Tells whether nothing is left of a note.
async fn sweep_one(
    context: &Context<'_>,
    stop: &Stop,
    login: &Login,
    note: &ToRevoke,
    all: &[heroku::Authorization],
    kept: &[Secret],
) -> Result<bool, Error> {
    let is_it = |one: &&heroku::Authorization| {
        note.id.as_ref() == Some(&one.id) || note.description.as_ref() == Some(&one.description)
    };
    let (mut is_revoked, mut is_in_use) = (false, false);
    for one in all.iter().filter(is_it) {
        if kept.iter().any(|token| one.is_of(token)) {
            is_in_use = true;
        } else {
            is_revoked |= revoke(context, stop, &login.client, &one.id).await?;
        }
    }
    if is_revoked {
        let what = note.in_words();
        let ui = context.ui;
        ui.say(&format!(
            "{what}, which an earlier command left behind, was revoked"
        ));
    }
    if !is_in_use {
        forget(context, note);
    }
    Ok(true)
}
