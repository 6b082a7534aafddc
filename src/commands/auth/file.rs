//! A credential for those who cannot open a keyring: kept in a file that only its owner can read.

use super::{super::Context, rotate::rotate, setup::setup};
use crate::{
    cli::{AuthRotate, AuthSetup, Common, KeepIn},
    credentials::{Kind, Records},
    error::Error,
    stop::Stop,
};

/// Makes sure that there is one: the authorization that there is gets a new token, or one is made.
///
/// # Errors
/// When that fails, or only a person can do it.
pub(in crate::commands) async fn keep_in_file(
    context: &Context<'_>,
    stop: &Stop,
    common: &Common,
    account: Option<&str>,
) -> Result<(), Error> {
    let options = context.options_in_silence()?;
    let records = Records::read(context.env)?;
    let known = records.find(options.host.machine(), account)?;
    let account = account.map(ToOwned::to_owned);
    // In a place of its own: it is long, and seldom had.
    match known.map(|record| record.kind) {
        Some(Kind::Authorization) => {
            let flags = AuthRotate {
                token_stdin: false,
                keep_in: Some(KeepIn::File),
                account,
                common: common.clone(),
            };
            Box::pin(rotate(context, &flags, stop)).await?;
        }
        Some(Kind::Token) => {
            return Err(Error::Other {
                code: "token_given",
                message: "the token in the keyring was given by hand, and only you have it"
                    .to_owned(),
                hint: Some(format!(
                    "give it to {} --token-stdin --keep-in file",
                    context.verb("auth:setup")
                )),
            });
        }
        Some(Kind::CliLogin) | None => {
            let flags = AuthSetup {
                create: true,
                keep_in: Some(KeepIn::File),
                account,
                common: common.clone(),
                ..AuthSetup::default()
            };
            Box::pin(setup(context, &flags, stop)).await?;
        }
    }
    Ok(())
}
