//! Offers to set a credential up, once, to a person whose passes have none that is fit.

use super::{super::Context, setup::setup};
use crate::{
    cli::{AuthSetup, Common},
    credentials::{self, Asked, Records, Use},
    error::Error,
    stop::Stop,
};

/// Offers to set one up, once, to a person whose passes would act with a login that ends, or with
/// nothing; tells whether there is one now. What was done before stands, whatever becomes of it.
///
/// # Errors
/// When it was begun and failed.
pub(in crate::commands) async fn offer(
    context: &Context<'_>,
    stop: &Stop,
    common: &Common,
    account: Option<&str>,
) -> Result<bool, Error> {
    let (ui, env) = (context.ui, context.env);
    if !ui.can_ask() || env.secret("HEROKU_API_KEY").is_some() || stop.is_set() {
        return Ok(false);
    }
    let options = context.options_in_silence()?;
    let host = options.host.machine();
    let records = Records::read(env)?;
    let has_one = records
        .find(host, account)
        .map_or(true, |found| found.is_some());
    if has_one || records.has_declined(host, account) {
        return Ok(false);
    }
    let wanted = Use::Pass(account);
    let login = credentials::ask(env, &options.host, wanted, Asked::CliLogin).await;
    ui.say(if login.is_ok() {
        "Passes act with the Heroku CLI's login now. It ends, and a timer may not find it."
    } else {
        "Passes have nothing to act with yet."
    });
    let setup_words = context.verb("auth:setup");
    let agreed = ui.ask("Set up a credential for passes?", true, stop).await;
    match agreed {
        Some(true) => {
            let flags = AuthSetup {
                common: common.clone(),
                account: account.map(ToOwned::to_owned),
                ..AuthSetup::default()
            };
            let _unseen = ui.quiet();
            // In a place of its own: it is long, and seldom had.
            match Box::pin(setup(context, &flags, stop)).await {
                Err(Error::Declined) => Ok(false),
                done => done.map(|_| true),
            }
        }
        Some(false) => {
            let declined = (host.to_owned(), account.map(ToOwned::to_owned));
            Records::edit(env, |records| records.declined.push(declined))?;
            ui.hint(&format!("{setup_words} does it at any time"));
            Ok(false)
        }
        // Neither yes nor no: it is asked again.
        None => {
            ui.say("Not now");
            Ok(false)
        }
    }
}
