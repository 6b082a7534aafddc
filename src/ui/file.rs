//! Files that a person names: a picture that is written, a log that is read.

use super::plainly::plainly;
use crate::error::Error;
use std::{
    fs::File,
    io::{Read, Write as _},
    path::Path,
};

/// Puts a file into a folder, which is made where there is none.
///
/// # Errors
/// When either cannot be written.
pub fn put(folder: &Path, name: &str, text: &[u8]) -> std::io::Result<()> {
    std::fs::create_dir_all(folder)?;
    std::fs::write(folder.join(name), text)
}

/// Where a picture goes. It is looked at before the work, which may take long.
pub struct Picture<'a>(&'a Path);

impl<'a> Picture<'a> {
    /// # Errors
    /// Where its directory is missing, or something lies there that is not such a picture: a log must
    /// not be lost for a word in the wrong place.
    pub fn at(path: &'a Path) -> Result<Self, Error> {
        let wrong = |why: &str| {
            let message = format!("--svg {}: {why}", path.display());
            Err(Error::usage(
                message,
                "name a new file, or a picture that may be replaced",
            ))
        };
        if !folder(path).is_dir() {
            return wrong("its directory does not exist");
        }
        if path.is_dir() {
            return wrong("it is a directory");
        }
        let mut begin = vec![];
        if let Ok(there) = File::open(path) {
            let length = SVG.len() as u64;
            let read = there.take(length).read_to_end(&mut begin);
            if read.is_err() || !begin.is_empty() && begin != SVG {
                return wrong("what is there is not a picture of ours, and is not replaced");
            }
        }
        Ok(Self(path))
    }

    /// Writes it whole, or not at all; one that was there is replaced.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(&self, svg: &str) -> Result<(), Error> {
        let fresh = tempfile::NamedTempFile::new_in(folder(self.0));
        let written = fresh.and_then(|mut fresh| {
            fresh.write_all(svg.as_bytes())?;
            share(fresh.as_file())?;
            fresh.persist(self.0).map_err(|failed| failed.error)
        });
        written.map(drop).map_err(|source| Error::Io {
            what: self.0.display().to_string(),
            // Without the name of the temporary file, which nobody knows.
            source: source
                .raw_os_error()
                .map_or_else(|| source.kind().into(), std::io::Error::from_raw_os_error),
            hint: Some("name a file in a directory that can be written".to_owned()),
        })
    }
}

/// What a picture begins with.
const SVG: &[u8] = b"<svg";

fn folder(path: &Path) -> &Path {
    let folder = path.parent();
    let named = folder.filter(|folder| !folder.as_os_str().is_empty());
    named.unwrap_or(Path::new("."))
}

/// A picture is for others too: a temporary file is for its owner alone.
#[cfg(unix)]
fn share(file: &File) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    file.set_permissions(std::fs::Permissions::from_mode(0o644))
}

#[cfg(not(unix))]
fn share(_file: &File) -> std::io::Result<()> {
    Ok(())
}

/// A log that is read to its end: of a file or, for `-`, of stdin; gzipped or not, in UTF-8 or UTF-16,
/// in colours or not.
pub struct Log {
    reader: Box<dyn Read>,
    /// Bytes of the file, as it lies there; unknown of stdin.
    pub size: Option<u64>,
}

/// Of one read.
pub const PIECE: usize = 256 << 10;

impl Log {
    /// # Errors
    /// When it cannot be opened.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let io = |source: std::io::Error| {
            let hint = "name a file that heroku logs was saved to, or - for stdin";
            Error::usage(format!("{}: {source}", path.display()), hint)
        };
        let (input, size): (Box<dyn Read>, _) = if path == Path::new("-") {
            (Box::new(std::io::stdin()), None)
        } else {
            let file = File::open(path).map_err(io)?;
            let known = file.metadata().map_err(io)?;
            (
                Box::new(file),
                Some(known.len()).filter(|_| known.is_file()),
            )
        };
        let reader = plainly(input).map_err(io)?;
        Ok(Self { reader, size })
    }

    /// The next piece; how much of `buffer` it fills, 0 at the end.
    ///
    /// # Errors
    /// When it cannot be read, or its gzip is broken.
    pub fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        self.reader.read(buffer)
    }
}
