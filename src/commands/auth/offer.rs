//! Offers to set a credential up, once, to a person whose passes have none that is fit.

use super::{super::Context, setup::setup};
use crate::{
    cli::{AuthSetup, Common},
    credentials::Records,
    error::Error,
    execute::Stop,
};

/// Offers to set one up, once, to a person whose passes would act with a login that ends, or with
/// nothing.
///
/// # Errors
/// When it was begun and failed.
pub(in crate::commands) async fn offer(
    context: &Context<'_>,
    stop: &Stop,
    common: &Common,
    account: Option<&str>,
    has_login: bool,
) -> Result<(), Error> {
    let (ui, env) = (context.ui, context.env);
    if !ui.can_ask() || env.secret("HEROKU_API_KEY").is_some() {
        return Ok(());
    }
    let options = context.options_in_silence()?;
    let host = options.host.machine();
    let records = Records::read(env)?;
    let has_one = records
        .find(host, account)
        .map_or(true, |found| found.is_some());
    if has_one || records.has_declined(host, account) {
        return Ok(());
    }
    ui.say(if has_login {
        "Passes act with the Heroku CLI's login, which ends, and which timers may not find."
    } else {
        "Passes have nothing to act with yet."
    });
    match ui
        .ask("Set up a credential of their own now?", true, stop)
        .await
    {
        Some(true) => {
            let flags = AuthSetup {
                common: common.clone(),
                ..AuthSetup::default()
            };
            match setup(context, &flags, stop).await {
                Err(Error::Declined) => Ok(()),
                done => done.map(drop),
            }
        }
        Some(false) => {
            let declined = (host.to_owned(), account.map(ToOwned::to_owned));
            Records::edit(env, |records| records.declined.push(declined))?;
            let setup = context.verb("auth:setup");
            ui.hint(&format!("{setup} does it at any time"));
            Ok(())
        }
        None => Err(Error::Interrupted),
    }
}
