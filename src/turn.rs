//! Turns of this machine's processes at one file: whoever has the lock file locked has it, until its value
//! is gone, or the process. Changes take no time: whoever has it for longer does not change anything.

use std::{
    fs::{File, TryLockError},
    io::{self, ErrorKind},
    path::Path,
    time::Duration,
};

/// How often a turn is tried for, and how long it is waited in between: five seconds in all.
const TRIES: u32 = 500;
const BETWEEN: Duration = Duration::from_millis(10);

/// Opens a lock file, made if need be.
///
/// # Errors
/// When it cannot be made, or is a link.
pub fn open(place: &Path) -> io::Result<File> {
    let mut options = File::options();
    options.create(true).truncate(false).write(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        // Whoever may open it may hold it; and a pipe is not waited for.
        let flags = rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK;
        options.mode(0o600).custom_flags(flags.bits().cast_signed());
    }
    options.open(place)
}

/// Waits for the turn of this process. Where the file system has no locks, everybody has it.
///
/// # Errors
/// When the lock file cannot be made, or another process does not let go of it.
#[expect(
    clippy::disallowed_methods,
    reason = "a moment on a lock that is held for less than one"
)]
pub fn take(place: &Path) -> io::Result<File> {
    let file = open(place)?;
    for _ in 0..TRIES {
        match file.try_lock() {
            Ok(()) | Err(TryLockError::Error(_)) => return Ok(file),
            Err(TryLockError::WouldBlock) => std::thread::sleep(BETWEEN),
        }
    }
    let name = place.file_name().unwrap_or_default().to_string_lossy();
    let why = format!("another process has held {name} locked for 5 seconds");
    Err(io::Error::new(ErrorKind::TimedOut, why))
}
