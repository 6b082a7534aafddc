//! Whether Heroku takes the token that a runner app has in its config vars: nobody else would notice
//! before the next occurrence.

use super::super::Context;
use crate::{
    credentials::{Credential, Source},
    error::Error,
    heroku::{Client, Options},
};

/// `None` where the app has none. The question costs nothing of the account's quota.
///
/// # Errors
/// When Heroku cannot be asked.
pub(in crate::commands) async fn is_taken(
    context: &Context<'_>,
    options: &Options,
    client: &Client,
    app: &str,
) -> Result<Option<bool>, Error> {
    let Some(token) = client.token_of(app, "HEROKU_API_KEY").await? else {
        return Ok(None);
    };
    let credential = Credential {
        token,
        source: Source::Given,
        account: None,
        expires_at: None,
        mend: String::new(),
    };
    let Ok(client) = Client::new(options, &credential, context.clock) else {
        // No header can be made of it.
        return Ok(Some(false));
    };
    match client.brief().remaining().await {
        Ok(_) => Ok(Some(true)),
        Err(error) if error.code() == "unauthorized" => Ok(Some(false)),
        Err(error) => Err(error.into()),
    }
}
