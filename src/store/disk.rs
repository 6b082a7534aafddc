//! Reads a file whole and writes it whole: into a new file beside it, flushed, then renamed.

use super::Error;
use crate::clock::Clock;
use jiff::SignedDuration;
use std::{
    fs::{self, File, TryLockError},
    io::{self, ErrorKind, Write as _},
    path::{Path, PathBuf},
    time::SystemTime,
};

/// `None` when there is no such file.
pub(super) fn read(path: &Path) -> Result<Option<String>, Error> {
    // A device or a pipe would be waited for, or replaced.
    let kind = fs::metadata(path).map(|known| known.file_type());
    if let Some(kind) = kind.ok().filter(|kind| !kind.is_file()) {
        return Err(Error::NoFile {
            path: path.to_owned(),
            what: if kind.is_dir() {
                "a directory"
            } else {
                "a device or a pipe"
            },
        });
    }
    match fs::read(path) {
        Ok(bytes) => match String::from_utf8(bytes) {
            Ok(text) => Ok(Some(text)),
            Err(error) => {
                let good = error.utf8_error().valid_up_to();
                let text = String::from_utf8_lossy(&error.as_bytes()[..good]);
                let place = Some(good..good);
                Err(Error::wrong(path, &text, place, "it is not UTF-8 text"))
            }
        },
        Err(error) if error.kind() == ErrorKind::NotFound && !path.is_symlink() => Ok(None),
        Err(error) => Err(Error::io(path, &error)),
    }
}

/// A file as it was written: another one, or another time, is another text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stamp {
    length: u64,
    changed: SystemTime,
    file: u64,
}

/// `None` where there is no file, or it does not tell.
pub(super) fn stamp(path: &Path) -> Option<Stamp> {
    let known = fs::metadata(path).ok()?;
    #[cfg(unix)]
    let file = std::os::unix::fs::MetadataExt::ino(&known);
    #[cfg(not(unix))]
    let file = 0;
    Some(Stamp {
        length: known.len(),
        changed: known.modified().ok()?,
        file,
    })
}

/// Held while the file is read and written; the lock goes with the process.
pub(super) async fn lock(path: &Path, clock: &Clock) -> Result<File, Error> {
    let place = directory(path)?.join(format!(
        ".{}.lock",
        path.file_name().unwrap_or_default().to_string_lossy()
    ));
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&place)
        .map_err(|error| Error::io(&place, &error))?;
    for _ in 0..50 {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) => clock.sleep(SignedDuration::from_millis(100)).await,
            Err(TryLockError::Error(error)) => return Err(Error::io(&place, &error)),
        }
    }
    Err(Error::Locked {
        path: path.to_owned(),
    })
}

pub(super) fn write(path: &Path, text: &str) -> Result<(), Error> {
    replace(path, text).map_err(|error| Error::io(path, &error))
}

fn replace(path: &Path, text: &str) -> io::Result<()> {
    // A link (dotfiles in git) stays a link; what it points to is replaced.
    let path = if path.is_symlink() {
        fs::canonicalize(path)?
    } else {
        path.to_owned()
    };
    let parent = parent(&path);
    let existing = fs::metadata(&path).ok();
    if existing
        .as_ref()
        .is_some_and(|existing| existing.permissions().readonly())
    {
        return Err(io::Error::new(
            ErrorKind::PermissionDenied,
            "it is read-only",
        ));
    }
    let mut fresh = tempfile::Builder::new()
        .prefix(".schedules.")
        .suffix(".tmp")
        .tempfile_in(parent)?;
    fresh.write_all(text.as_bytes())?;
    if let Some(existing) = existing {
        fresh.as_file().set_permissions(existing.permissions())?;
    }
    fresh.as_file().sync_all()?;
    fresh.persist(&path).map_err(|failed| failed.error)?;
    // The new name is flushed too, where a directory can be; the file is whole in any case.
    if cfg!(unix) {
        let _ = File::open(parent).and_then(|directory| directory.sync_all());
    }
    Ok(())
}

/// The directory of the file, made if need be.
fn directory(path: &Path) -> Result<PathBuf, Error> {
    let parent = parent(path);
    fs::create_dir_all(parent).map_err(|error| Error::io(parent, &error))?;
    Ok(parent.to_owned())
}

/// The directory that a path names, which of a bare file name is this one.
fn parent(path: &Path) -> &Path {
    path.parent()
        .filter(|parent| !parent.as_os_str().is_empty())
        .unwrap_or(Path::new("."))
}

/// Whether others than its owner can write the file.
#[cfg(unix)]
pub(super) fn is_open_to_others(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    fs::metadata(path).is_ok_and(|known| known.permissions().mode() & 0o022 != 0)
}

/// Windows keeps others out of a profile by its own rules.
#[cfg(not(unix))]
pub(super) fn is_open_to_others(_path: &Path) -> bool {
    false
}
