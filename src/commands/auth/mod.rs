//! `auth`: which credential passes use; setting one up, rotating it, removing it.

mod authorization;
mod check;
mod keep;
mod making;
mod offer;
mod remove;
mod rotate;
mod second_factor;
mod setup;
mod show;
mod subject;
mod token;
mod words;

pub(super) use check::can_restart;
pub(super) use offer::offer;
pub(super) use show::{accounts, expiry_of};
pub(super) use subject::{App, apps};

use super::Context;
use crate::{
    cli::{Auth, AuthCommand},
    error::{Error, exit},
};

pub(super) async fn auth(context: &Context<'_>, auth: Auth) -> Result<u8, Error> {
    let stop = super::stop();
    let done = match auth.command {
        None => show::show(context, &auth.common).await,
        Some(AuthCommand::Setup(flags)) => setup::setup(context, &flags, &stop).await,
        Some(AuthCommand::Rotate(flags)) => rotate::rotate(context, &flags, &stop).await,
        Some(AuthCommand::Remove(flags)) => remove::remove(context, &flags, &stop).await,
    };
    match done {
        Err(Error::Declined) => {
            context.ui.say("Nothing was changed");
            Ok(exit::DONE)
        }
        done => done,
    }
}
