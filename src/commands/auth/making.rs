//! An authorization from its making to its keeping: what fails on the way is undone.

use super::{
    super::Context,
    authorization::{Wish, create, undo},
    check::{Checked, check},
    keep::keep,
    subject::{Login, Subject},
};
use crate::{
    credentials::{Credential, Record, Secret, Source},
    error::Error,
    heroku::Client,
    stop::Stop,
};

/// Makes an authorization, tries it, and keeps it; what fails on the way is undone.
pub(super) async fn make(
    context: &Context<'_>,
    stop: &Stop,
    login: &Login,
    subject: &Subject,
    wish: &Wish,
    mut record: Record,
) -> Result<(Record, Checked, Option<Record>), Error> {
    let made = create(context, stop, login, subject.host(), wish).await?;
    let (token, authorization) = (&made.token, &made.authorization);
    let email = authorization.email.as_deref().or(login.email());
    record.owner = email.map(ToOwned::to_owned);
    record.authorization = Some(authorization.id.clone());
    record.expires_at = authorization.expires_at;
    let result = async {
        let client = client_of(context, subject, token)?;
        let action = context.ui.action("Trying it");
        let checked = check(context, stop, &client, &subject.apps).await?;
        action.done();
        let told = checked.scope.clone();
        record.scope = told.unwrap_or_else(|| authorization.scope.clone());
        let before = keep(context, &record, Some(token), Some(&made.note)).await?;
        Ok((record.clone(), checked, before))
    };
    match result.await {
        Ok(done) => Ok(done),
        Err(error) => {
            undo(context, stop, &login.client, authorization, &made.note).await;
            Err(error)
        }
    }
}

fn client_of(context: &Context<'_>, subject: &Subject, token: &Secret) -> Result<Client, Error> {
    let credential = Credential {
        token: token.clone(),
        source: Source::Given,
        account: None,
        expires_at: None,
        mend: "run it again".to_owned(),
    };
    Ok(Client::new(&subject.options, &credential, context.clock)?.brief())
}
