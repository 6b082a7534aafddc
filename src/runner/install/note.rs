//! What was written where, so that only that is taken away.

use super::Piece;
use crate::error::Error;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::{
    fs,
    io::{self, ErrorKind},
    path::{Path, PathBuf},
};

/// A timer that was installed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// `systemd`, `launchd`, `cron`.
    pub kind: String,
    pub files: Vec<Written>,
    /// Lines of the crontab.
    pub lines: Option<String>,
    /// The store that it makes passes over.
    pub schedules: String,
}

/// A file as it was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Written {
    pub path: PathBuf,
    pub digest: String,
}

fn digest(text: &[u8]) -> String {
    use std::fmt::Write as _;
    let mut digits = String::new();
    for byte in Sha256::digest(text) {
        let _ = write!(digits, "{byte:02x}");
    }
    digits
}

impl Piece {
    /// Whether this is what the file holds.
    #[must_use]
    pub fn is_there(&self) -> bool {
        fs::read(&self.path).is_ok_and(|bytes| bytes == self.text.as_bytes())
    }

    /// What the file holds that it would replace, a link too.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn before(&self) -> Result<Option<Vec<u8>>, Error> {
        match fs::read(&self.path) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(Error::io(self.path.display().to_string(), error)),
        }
    }

    /// Puts back what there was before.
    pub fn put_back(&self, before: Option<&Vec<u8>>) {
        let _ = match before {
            Some(bytes) => crate::state::file::replace(&self.path, bytes),
            None => fs::remove_file(&self.path),
        };
    }

    /// Writes it, whole or not at all.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(&self) -> Result<Written, Error> {
        let written = || -> io::Result<()> {
            if let Some(folder) = self.path.parent() {
                fs::create_dir_all(folder)?;
            }
            crate::state::file::replace(&self.path, self.text.as_bytes())
        };
        written().map_err(|error| Error::io(self.path.display().to_string(), error))?;
        Ok(Written {
            path: self.path.clone(),
            digest: digest(self.text.as_bytes()),
        })
    }
}

/// What became of a file that was to be taken away.
#[derive(Debug, PartialEq, Eq)]
pub enum Taken {
    Gone,
    WasGone,
    /// Somebody has changed it: it is theirs now.
    Changed,
}

impl Written {
    /// Whether this is what was written there.
    #[must_use]
    pub fn is_of(&self, path: &Path, bytes: &[u8]) -> bool {
        self.path == path && self.digest == digest(bytes)
    }

    /// Takes the file away, if it is still what was written.
    ///
    /// # Errors
    /// When it cannot be taken away.
    pub fn take(&self) -> Result<Taken, Error> {
        let error = |error| Error::io(self.path.display().to_string(), error);
        match fs::read(&self.path) {
            Ok(bytes) if digest(&bytes) == self.digest => {
                fs::remove_file(&self.path).map_err(error)?;
                Ok(Taken::Gone)
            }
            Ok(_) => Ok(Taken::Changed),
            Err(missing) if missing.kind() == ErrorKind::NotFound => Ok(Taken::WasGone),
            Err(other) => Err(error(other)),
        }
    }
}

impl Note {
    /// The note of what is installed.
    ///
    /// # Errors
    /// When there is one that cannot be read.
    pub fn read(state: &Path) -> Result<Option<Self>, Error> {
        let shown = || place(state).display().to_string();
        match fs::read(place(state)) {
            Ok(bytes) => serde_json::from_slice(&bytes)
                .map(Some)
                .map_err(|error| Error::io(shown(), io::Error::new(ErrorKind::InvalidData, error))),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(Error::io(shown(), error)),
        }
    }

    /// # Errors
    /// When it cannot be kept.
    pub fn keep(&self, state: &Path) -> Result<(), Error> {
        let text = serde_json::to_vec_pretty(self).unwrap_or_default();
        crate::state::file::replace(&place(state), &text)
            .map_err(|error| Error::io(place(state).display().to_string(), error))
    }

    pub fn forget(state: &Path) {
        let _ = fs::remove_file(place(state));
    }
}

fn place(state: &Path) -> PathBuf {
    state.join("installed.json")
}
