//! `completions`: scripts for shells that call the binary without the Heroku CLI.

use crate::{
    cli::{Cli, Completions},
    error::{Error, exit},
};
use clap::CommandFactory as _;

pub(super) fn completions(completions: &Completions) -> Result<u8, Error> {
    let mut script = vec![];
    clap_complete::generate(
        completions.shell,
        &mut Cli::command(),
        "autorestart",
        &mut script,
    );
    match std::io::Write::write_all(&mut std::io::stdout().lock(), &script) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(Error::io("stdout", error))
        }
        _ => Ok(exit::DONE),
    }
}
