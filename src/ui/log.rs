//! Everything as lines of a log, on stdout or in a file, which does not grow for ever.

use super::Ui;
use crate::{
    clock::Clock,
    error::Error,
    report::logfmt::{Level, Line},
};
use std::{
    fs::{self, OpenOptions},
    io::{self, ErrorKind, IsTerminal as _, Read as _, Write as _},
    path::{Path, PathBuf},
};

/// When it is this long, it is put aside, in place of the one that was.
const LONGEST: u64 = 1_000_000;

struct File(fs::File);

impl File {
    /// Opens it to append, its directory made if need be; readable by its owner alone when it is new.
    fn open(path: &Path) -> io::Result<Self> {
        if let Some(folder) = path
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty())
        {
            fs::create_dir_all(folder)?;
        }
        let mut options = OpenOptions::new();
        options.create(true).append(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(path)?;
        let is_long = || fs::metadata(path).is_ok_and(|known| known.len() > LONGEST);
        // Of several processes one puts it aside: who comes after sees a short one.
        if is_long() && file.try_lock().is_ok() && is_long() {
            let mut aside = path.as_os_str().to_owned();
            aside.push(".1");
            fs::rename(path, aside)?;
            return options.open(path).map(Self);
        }
        Ok(Self(file))
    }

    /// A line at once and whole: others may be writing too.
    fn append(mut self, line: &str) -> io::Result<()> {
        self.0.write_all(line.as_bytes())
    }
}

/// Whether a file is empty, or begins as a log of ours does.
fn is_log(path: &Path) -> bool {
    let mut begin = [0; 3];
    let read = fs::File::open(path).and_then(|mut file| file.read(&mut begin));
    // One that may be written and not be read is believed.
    read.map_or(true, |length| begin[..length] == b"ts="[..length])
}

impl Ui {
    /// From now on everything is a line of a log on stdout, unless somebody watches, or wants JSON.
    pub fn keep_log(&self, clock: Clock) {
        let is_watched = self.is_terminal && std::io::stdout().is_terminal();
        if !is_watched && !self.is_json {
            self.log.set(Some(clock));
        }
    }

    /// The same in a file.
    ///
    /// # Errors
    /// When it cannot be written, or is something else than a log of ours.
    pub fn keep_log_in(&self, path: PathBuf, clock: Clock) -> Result<(), Error> {
        let wrong = |why: &str| {
            Err(Error::usage(
                format!("--log {}: {why}", path.display()),
                "name a file that is not there yet, or a log of autorestart",
            ))
        };
        if let Ok(known) = fs::metadata(&path) {
            if !known.is_file() {
                return wrong("it is no file");
            }
            if !is_log(&path) {
                return wrong("it has something else in it, which is left as it is");
            }
        }
        File::open(&path).map_err(|error| Error::io(format!("--log {}", path.display()), error))?;
        self.log.set(Some(clock));
        *self.log_file.borrow_mut() = Some(path);
        Ok(())
    }

    #[must_use]
    pub fn is_log(&self) -> bool {
        self.log.get().is_some()
    }

    /// A line of the log, where there is one.
    pub fn log(&self, line: &Line) {
        if let Some(clock) = self.log.get() {
            let text = format!("{}\n", line.at(clock.now()));
            if let Some(path) = &*self.log_file.borrow() {
                let written = File::open(path).and_then(|file| file.append(&text));
                self.lost.set(self.lost.get() || written.is_err());
                return;
            }
            let mut stdout = std::io::stdout().lock();
            let written = stdout
                .write_all(text.as_bytes())
                .and_then(|()| stdout.flush());
            if written.is_err_and(|error| error.kind() != ErrorKind::BrokenPipe) {
                self.lost.set(true);
            }
        }
    }

    /// Words as a line of the log; tells whether there is one.
    pub(super) fn logged(&self, level: Level, text: &str) -> bool {
        let event = match level {
            Level::Info => "said",
            Level::Warn => "warning",
            Level::Error => "error",
        };
        self.log(&Line::new(level, event).with("msg", text));
        self.is_log()
    }
}
