//! `completions` and `man`: the command line as shells and `man` read it, for those who call the binary
//! without the Heroku CLI.

use crate::{
    cli::{Cli, Completions, Man},
    error::{Error, exit},
};
use clap::CommandFactory as _;
use std::io::{self, Write as _};

pub(super) fn completions(completions: &Completions) -> Result<u8, Error> {
    let mut script = vec![];
    let mut command = Cli::command();
    clap_complete::generate(completions.shell, &mut command, "autorestart", &mut script);
    print(&script)
}

pub(super) fn man(man: &Man) -> Result<u8, Error> {
    let command = Cli::command();
    if let Some(folder) = &man.to {
        let written = clap_mangen::generate_to(command, folder);
        written.map_err(|error| Error::io(folder.display().to_string(), error))?;
        return Ok(exit::DONE);
    }
    let mut page = vec![];
    let rendered = clap_mangen::Man::new(command).render(&mut page);
    rendered.map_err(|error| Error::io("the manual page", error))?;
    print(&page)
}

fn print(text: &[u8]) -> Result<u8, Error> {
    match io::stdout().lock().write_all(text) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(Error::io("stdout", error)),
        _ => Ok(exit::DONE),
    }
}
