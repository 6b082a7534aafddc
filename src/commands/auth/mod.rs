//! `auth`: which credential passes use; setting one up, rotating it, removing it.

mod authorization;
mod check;
mod file;
mod keep;
mod look;
mod making;
mod offer;
mod remove;
mod revoke;
mod rotate;
mod second_factor;
mod setup;
mod show;
mod subject;
mod token;
mod words;

pub(super) use authorization::{Made, Wish, create, undo};
pub(super) use check::can_restart;
pub(super) use file::keep_in_file;
pub(super) use keep::alone;
pub(super) use look::{accounts, expiry_of};
pub(super) use offer::offer;
pub(super) use revoke::{adopt, forget, note, revoke, revoke_described, sweep_runners};
pub(super) use subject::{App, Login, apps, login};
pub(super) use words::{lines, when};

use super::Context;
use crate::{
    cli::{Auth, AuthCommand},
    error::{Error, exit},
    stop::Stop,
};

/// The exit code of what was done, well or not, and whether or not somebody wanted us to leave.
fn code(is_well: bool, stop: &Stop) -> u8 {
    match (is_well, stop.is_set()) {
        (true, _) => exit::DONE,
        (false, true) => exit::INTERRUPTED,
        (false, false) => exit::FAILED,
    }
}

pub(super) async fn auth(context: &Context<'_>, auth: Auth) -> Result<u8, Error> {
    let stop = super::stop();
    let _unseen = auth.command.as_ref().and_then(|_| context.ui.quiet());
    let done = match auth.command {
        None => stop.unless(show::show(context, &auth.common)).await,
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
