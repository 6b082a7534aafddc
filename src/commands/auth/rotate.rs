//! `auth:rotate`: a new token in place of the old one, which goes only when the new one works.

use super::{
    super::Context,
    authorization::Wish,
    code,
    keep::{alone, keep, place, retire},
    making::make,
    revoke::login_of,
    subject::{login, subject},
    token::{given, read_token},
    words,
};
use crate::{
    cli::{AuthRotate, KeepIn},
    credentials::{Kind, Place, Record, Records, Secret, own},
    error::Error,
    stop::Stop,
};

/// What stands for the account of a credential that is for anybody's schedules.
pub(super) const ANYBODY: &str = "anybody";

/// The record that is meant: of the account that was named, else the only one.
pub(super) fn record(
    context: &Context<'_>,
    host: &str,
    account: Option<&str>,
) -> Result<Record, Error> {
    let records = Records::read(context.env)?;
    let all: Vec<&Record> = records
        .credentials
        .iter()
        .filter(|one| one.host == host)
        .collect();
    let found = match (account, all.as_slice()) {
        (Some(ANYBODY), all) => all.iter().find(|one| one.account.is_none()).copied(),
        (Some(account), all) => all
            .iter()
            .find(|one| one.is_of(host, Some(account)))
            .copied(),
        (None, [only]) => Some(*only),
        (None, []) => None,
        (None, several) => {
            let names: Vec<&str> = several
                .iter()
                .filter_map(|one| one.account.as_deref())
                .collect();
            return Err(Error::usage(
                format!("there are credentials of {} on {host}", names.join(", ")),
                format!(
                    "name one with --account {}",
                    names.first().unwrap_or(&"EMAIL")
                ),
            ));
        }
    };
    found.cloned().ok_or_else(|| {
        let of = account.map_or(String::new(), |account| format!(" for {account}"));
        Error::Other {
            code: "no_credential",
            message: format!("no credential is set up{of} on {host}"),
            hint: Some(format!("{} sets one up", context.verb("auth:setup"))),
        }
    })
}

pub(super) async fn rotate(
    context: &Context<'_>,
    flags: &AuthRotate,
    stop: &Stop,
) -> Result<u8, Error> {
    let options = context.options()?;
    let old = record(context, options.host.machine(), flags.account.as_deref())?;
    if flags.token_stdin && old.kind != Kind::Token {
        return Err(Error::usage(
            format!(
                "--token-stdin: passes use {}, and no token that was given",
                words::kind(&old)
            ),
            format!(
                "leave it out; or {} --token-stdin changes to a token",
                context.verb("auth:setup")
            ),
        ));
    }
    if old.kind == Kind::CliLogin {
        return Err(Error::Other {
            code: "nothing_to_rotate",
            message: "passes use the Heroku CLI's login, which is not ours to rotate".to_owned(),
            hint: Some(format!(
                "heroku login makes a new one; {} sets up one that needs no login",
                context.verb("auth:setup")
            )),
        });
    }
    // Nobody else waits while it is typed.
    let token = if old.kind == Kind::Token {
        Some(new_token(context, flags, &old, stop).await?)
    } else {
        None
    };
    let _alone = alone(context, stop).await?;
    let old = record(
        context,
        options.host.machine(),
        old.account.as_deref().or(Some(ANYBODY)),
    )?;
    let account = old.account.clone();
    let subject = subject(context, options, account, &flags.common, None).await?;
    let place = match (flags.keep_in, old.place) {
        (None, Some(Place::File)) => Place::File,
        (wanted, _) => place(context, wanted.or(Some(KeepIn::Keyring)), stop, false).await?,
    };
    let mut fresh = Record {
        place: Some(place),
        since: context.clock.now(),
        ..old.clone()
    };
    let now = context.clock.now();
    let (fresh, checked, is_well) = if let Some(token) = token {
        let given = given(context, stop, &subject, &token).await?;
        fresh.kind = Kind::Token;
        fresh.expires_at = None;
        given.fill(&mut fresh, None, &token).await;
        keep(context, &fresh, Some(&token), None).await?;
        context.ui.say("The old token was deleted here; whoever made it revokes it (heroku authorizations:revoke)");
        (fresh, given.checked, true)
    } else {
        let login = stop.unless(login(context, &subject.options)).await?;
        let login = login_of(login.as_ref(), &old)?;
        // The least of its scopes that is enough.
        let mut enough = ["write", "write-protected", "global"].into_iter();
        let has = |scope: &&str| old.scope.iter().any(|own| own == scope);
        let scope = enough.find(has).unwrap_or("write");
        let wish = Wish::new(context, scope, old.lifetime);
        let (fresh, checked, before) = make(context, stop, login, &subject, &wish, fresh).await?;
        let is_well = retire(context, stop, Some(login), before.as_ref(), &fresh).await;
        (fresh, checked, is_well)
    };
    context.ui.either(
        || words::kept(context, &fresh, &checked, now),
        || words::json(context, &fresh, &checked),
    );
    if !context.ui.is_json && old.place != fresh.place {
        let was = own::place_in_words(context.env, &old);
        context.ui.say(&format!("It was kept in {was}"));
    }
    Ok(code(is_well, stop))
}

/// The token that is to take the place of one that was given.
async fn new_token(
    context: &Context<'_>,
    flags: &AuthRotate,
    old: &Record,
    stop: &Stop,
) -> Result<Secret, Error> {
    if !flags.token_stdin && !context.ui.can_ask() {
        return Err(Error::usage(
            "the new token is asked for at a terminal, and there is none",
            "give it on stdin, with --token-stdin",
        ));
    }
    let token = read_token(context, stop).await?;
    let kept = own::token(context.env, old).await;
    if kept.is_ok_and(|kept| kept.expose() == token.expose()) {
        return Err(Error::usage(
            "this is the token that is kept already",
            "make another one, with heroku authorizations:create --scope write --short",
        ));
    }
    Ok(token)
}
