//! A log in a file, which does not grow for ever.

use std::{
    fs::{self, OpenOptions},
    io::{self, Write as _},
    path::Path,
};

/// When it is this long, it is put aside, in place of the one that was.
const LONGEST: u64 = 1_000_000;

pub struct File(fs::File);

impl File {
    /// Opens it to append, its directory made if need be; readable by its owner alone when it is new.
    pub fn open(path: &Path) -> io::Result<Self> {
        if let Some(folder) = path
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty())
        {
            fs::create_dir_all(folder)?;
        }
        if fs::metadata(path).is_ok_and(|known| known.len() > LONGEST) {
            fs::rename(path, path.with_extension("log.1"))?;
        }
        let mut options = OpenOptions::new();
        options.create(true).append(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        options.open(path).map(Self)
    }

    /// A line at once and whole: others may be writing too.
    pub fn append(mut self, line: &str) -> io::Result<()> {
        self.0.write_all(line.as_bytes())
    }
}
