//! Files that nobody else may read: 0600 from birth, and refused when they are not.

use super::Error;
use crate::turn;
use std::{
    fs::{self, File, TryLockError},
    io::{self, ErrorKind, Read as _, Write as _},
    path::Path,
    time::Duration,
};

fn unreadable(place: &Path, why: impl Into<String>) -> Error {
    Error::Unreadable {
        place: place.display().to_string(),
        why: why.into(),
    }
}

fn unwritable(place: &Path, error: &io::Error) -> Error {
    Error::Unwritable {
        place: place.display().to_string(),
        why: error.kind().to_string(),
    }
}

/// `None` when there is no such file.
///
/// # Errors
/// When it cannot be read, is a link, or its mode or owner lets others at it.
pub(crate) fn read(place: &Path) -> Result<Option<Vec<u8>>, Error> {
    let mut options = File::options();
    options.read(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        // A pipe is not waited for, and a link is not followed.
        let flags = rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK;
        options.custom_flags(flags.bits().cast_signed());
    }
    let mut file = match options.open(place) {
        Ok(file) => file,
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            return Ok(None);
        }
        Err(_) if place.is_symlink() => {
            return Err(unreadable(place, "it is a link, which others may turn"));
        }
        Err(error) => return Err(unreadable(place, error.kind().to_string())),
    };
    let known = file
        .metadata()
        .map_err(|error| unreadable(place, error.kind().to_string()))?;
    if !known.is_file() {
        return Err(unreadable(place, "it is no file"));
    }
    if let Some(why) = is_open_to_others(&known) {
        return Err(unreadable(place, why));
    }
    let mut text = vec![];
    file.read_to_end(&mut text)
        .map_err(|error| unreadable(place, error.kind().to_string()))?;
    Ok(Some(text))
}

#[cfg(unix)]
fn is_open_to_others(known: &fs::Metadata) -> Option<String> {
    use std::os::unix::fs::MetadataExt as _;
    let mode = known.mode() & 0o777;
    if mode & 0o077 != 0 {
        return Some(format!(
            "its mode {mode:04o} lets others at it: chmod 600 mends that, and a token in it should be replaced"
        ));
    }
    let is_ours = known.uid() == rustix::process::geteuid().as_raw();
    (!is_ours).then(|| "it belongs to another user".to_owned())
}

/// Windows keeps others out of a profile by its own rules.
#[cfg(not(unix))]
fn is_open_to_others(_known: &fs::Metadata) -> Option<String> {
    None
}

/// Writes it whole or not at all.
pub(crate) fn write(place: &Path, text: &[u8]) -> Result<(), Error> {
    replace(place, text).map_err(|error| unwritable(place, &error))
}

fn replace(place: &Path, text: &[u8]) -> io::Result<()> {
    let directory = directory(place)?;
    // 0600 from birth: that is how this library makes its files.
    let mut fresh = tempfile::Builder::new()
        .prefix(".new.")
        .tempfile_in(directory)?;
    fresh.write_all(text)?;
    fresh.as_file().sync_all()?;
    fresh.persist(place).map_err(|failed| failed.error)?;
    if cfg!(unix) {
        let _ = File::open(directory).and_then(|directory| directory.sync_all());
    }
    Ok(())
}

/// Tells whether there was one.
pub(super) fn remove(place: &Path) -> Result<bool, Error> {
    match fs::remove_file(place) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(unwritable(place, &error)),
    }
}

/// Held while the file is changed; gone with the process. Changes take no time: whoever has it for
/// longer does not change it.
#[expect(
    clippy::disallowed_methods,
    reason = "a moment on a lock that is held for less than one"
)]
pub(crate) fn lock(place: &Path) -> Result<File, Error> {
    for _ in 0..100 {
        if let Some(file) = try_lock(place)? {
            return Ok(file);
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    Err(Error::Unwritable {
        place: place.display().to_string(),
        why: "another process holds its lock".to_owned(),
    })
}

/// The same without waiting: `None` while another process has it.
pub(super) fn try_lock(place: &Path) -> Result<Option<File>, Error> {
    let file = lock_file(place)?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(unwritable(place, &error)),
    }
}

fn lock_file(place: &Path) -> Result<File, Error> {
    let io = |error| unwritable(place, &error);
    let name = place.file_name().unwrap_or_default().to_string_lossy();
    let place = directory(place).map_err(io)?.join(format!(".{name}.lock"));
    turn::open(&place).map_err(io)
}

/// The directory of the file, made if need be, for nobody else.
fn directory(place: &Path) -> io::Result<&Path> {
    let parent = place.parent().unwrap_or(Path::new("."));
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(parent)?;
    Ok(parent)
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    #[test]
    fn a_file_is_ours_alone_or_refused() {
        let home = tempfile::tempdir().expect("a directory");
        let place = home.path().join("deep/token");
        assert!(read(&place).expect("nothing").is_none());
        write(&place, b"1").expect("written");
        let mode = |place: &Path| fs::metadata(place).expect("a file").permissions().mode() & 0o777;
        assert_eq!(mode(&place), 0o600);
        assert_eq!(mode(place.parent().expect("a directory")), 0o700);
        assert_eq!(read(&place).expect("text").as_deref(), Some(&b"1"[..]));
        for open in [0o640, 0o604, 0o620, 0o644] {
            fs::set_permissions(&place, fs::Permissions::from_mode(open)).expect("a mode");
            let refused = read(&place).expect_err("open to others").to_string();
            assert!(refused.contains(&format!("0{open:o}")), "{refused}");
        }
        let link = home.path().join("link");
        write(&place, b"2").expect("written anew");
        assert_eq!(mode(&place), 0o600);
        symlink(&place, &link).expect("a link");
        assert!(
            read(&link)
                .expect_err("a link")
                .to_string()
                .contains("link")
        );
        assert!(read(home.path()).is_err());
        assert!(remove(&place).expect("removed") && !remove(&place).expect("gone"));
    }
}
