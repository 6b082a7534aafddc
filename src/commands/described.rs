//! `completions` and `man`: the command line as shells and `man` read it, for those who call the binary
//! without the Heroku CLI.

use crate::{
    cli::{Cli, Completions, Man},
    error::{Error, exit},
};
use clap::CommandFactory as _;
use std::{
    fs,
    io::{self, Write as _},
};

pub(super) fn completions(completions: &Completions) -> Result<u8, Error> {
    let mut script = vec![];
    let mut command = Cli::command();
    clap_complete::generate(completions.shell, &mut command, "autorestart", &mut script);
    print(&script)
}

pub(super) fn man(man: &Man) -> Result<u8, Error> {
    let page = page().map_err(|error| Error::io("the manual page", error))?;
    let Some(folder) = &man.to else {
        return print(&page);
    };
    let first = folder.join("autorestart.1");
    let written = clap_mangen::generate_to(Cli::command(), folder);
    let written = written.and_then(|()| fs::write(first, page));
    written.map_err(|error| Error::io(folder.display().to_string(), error))?;
    Ok(exit::DONE)
}

/// The page of the program itself, with what holds for all of its commands.
fn page() -> io::Result<Vec<u8>> {
    let mut page = vec![];
    clap_mangen::Man::new(Cli::command()).render(&mut page)?;
    writeln!(page, ".SH \"EXIT STATUS\"")?;
    for (code, meaning) in exit::ALL {
        writeln!(page, ".TP\n\\fB{code}\\fR\n{meaning}")?;
    }
    Ok(page)
}

fn print(text: &[u8]) -> Result<u8, Error> {
    match io::stdout().lock().write_all(text) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(Error::io("stdout", error)),
        _ => Ok(exit::DONE),
    }
}
