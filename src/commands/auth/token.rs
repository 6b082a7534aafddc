//! A token that somebody gives: read without being shown, and tried before it is kept.

use super::{
    super::Context,
    check::{Checked, check},
    subject::{Login, Subject},
};
use crate::{
    credentials::{Credential, Record, Secret, Source},
    error::Error,
    heroku::{Authorization, Client},
    stop::Stop,
};

/// One line of stdin.
pub(super) async fn read_token(context: &Context<'_>, stop: &Stop) -> Result<Secret, Error> {
    if context.ui.can_ask() {
        let typed = context.ui.secret("Token (it is not shown)", stop).await;
        return typed.ok_or(Error::Interrupted);
    }
    // Typed, it would be shown.
    let is_keyboard = context.ui.has_keyboard();
    let wrong = |what: &str| {
        let example =
            "pipe it in, for example: heroku authorizations:create --scope write --short | ";
        let setup = context.verb("auth:setup");
        Err(Error::usage(
            what,
            format!("{example}{setup} --token-stdin"),
        ))
    };
    if is_keyboard {
        return wrong("--token-stdin: stdin is a terminal, where what is typed is shown");
    }
    let Ok(text) = stop.or(context.ui.input()).await? else {
        return wrong("--token-stdin: stdin cannot be read");
    };
    let token = text.trimmed();
    if token.expose().is_empty() {
        return wrong("--token-stdin: there is nothing on stdin");
    }
    if token.expose().contains(char::is_whitespace) {
        return wrong("--token-stdin: there is more than one word on stdin");
    }
    Ok(token)
}

/// A token that somebody gave, and what using it told.
pub(super) struct Given {
    pub checked: Checked,
    pub owner: Option<String>,
}

/// Tries a token.
pub(super) async fn given(
    context: &Context<'_>,
    stop: &Stop,
    subject: &Subject,
    token: &Secret,
) -> Result<Given, Error> {
    let credential = Credential {
        token: token.clone(),
        source: Source::Given,
        account: None,
        expires_at: None,
        mend: "give another one".to_owned(),
    };
    let client = Client::new(&subject.options, &credential, context.clock)?.brief();
    let checked = check(context, stop, &client, &subject.apps).await?;
    // Only a token of the scopes global and identity may ask whose it is.
    let owner = stop.unless(client.account()).await.ok();
    Ok(Given {
        checked,
        owner: owner.map(|account| account.email),
    })
}

impl Given {
    /// What is known of it; where it is of the account that is logged in, Heroku tells its end too.
    /// Returns its authorization, which is not ours to revoke.
    pub async fn fill(
        &self,
        record: &mut Record,
        login: Option<&Login>,
        token: &Secret,
    ) -> Option<Authorization> {
        record.scope = self.checked.scope.clone().unwrap_or_default();
        record.owner.clone_from(&self.owner);
        let all = login?.client.authorizations().await.ok()?;
        let known = all.into_iter().find(|one| one.is_of(token))?;
        record.owner = known.email.clone().or_else(|| record.owner.take());
        record.expires_at = known.expires_at;
        Some(known)
    }
}
