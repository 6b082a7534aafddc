//! `completions` and `man`: the command line as shells and `man` read it, for those who call the binary
//! without the Heroku CLI.

use crate::{
    cli::{Cli, Completions, Man},
    error::{Error, exit},
    ui::file,
};
use clap::{Command, CommandFactory as _};
use std::{
    io::{self, Write as _},
    path::Path,
};

pub(super) fn completions(completions: &Completions) -> Result<u8, Error> {
    let mut script = vec![];
    let mut command = Cli::command();
    clap_complete::generate(completions.shell, &mut command, "autorestart", &mut script);
    print(&script)
}

pub(super) fn man(man: &Man) -> Result<u8, Error> {
    let mut command = Cli::command().disable_help_subcommand(true);
    command.build();
    let Some(folder) = &man.to else {
        let page = page(command).map_err(|error| Error::io("the manual page", error))?;
        return print(&page);
    };
    write_all(command, folder).map_err(|error| Error::io(folder.display().to_string(), error))?;
    Ok(exit::DONE)
}

/// Writes the pages of a command and of those below it.
fn write_all(command: Command, folder: &Path) -> io::Result<()> {
    for below in command.get_subcommands().filter(|one| !one.is_hide_set()) {
        write_all(below.clone(), folder)?;
    }
    let name = clap_mangen::Man::new(command.clone()).get_filename();
    file::put(folder, &name, &page(command)?)
}

/// The page of a command, with what holds for all of them.
fn page(command: Command) -> io::Result<Vec<u8>> {
    let mut page = vec![];
    let source = concat!("autorestart ", env!("CARGO_PKG_VERSION"));
    clap_mangen::Man::new(command)
        .source(source)
        .render(&mut page)?;
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
