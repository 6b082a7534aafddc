//! Files that a person names: a picture that is written, a log that is read.

use crate::error::Error;
use flate2::read::MultiGzDecoder;
use std::{
    fs::File,
    io::{BufRead as _, BufReader, Read, Write as _},
    path::Path,
};

/// Writes a result whole, or not at all; what was there is replaced.
///
/// # Errors
/// When it cannot be written.
pub fn write(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    let fresh = tempfile::NamedTempFile::new_in(folder.unwrap_or(Path::new(".")));
    let written = fresh.and_then(|mut fresh| {
        fresh.write_all(bytes)?;
        share(fresh.as_file())?;
        fresh.persist(path).map_err(|failed| failed.error)
    });
    written.map(drop).map_err(|source| Error::Io {
        what: path.display().to_string(),
        source: source.kind().into(),
        hint: Some("name a file in a directory that can be written".to_owned()),
    })
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

/// A log that is read to its end: of a file or, for `-`, of stdin; gzipped or not.
pub struct Log {
    reader: Box<dyn Read>,
    /// Bytes of the file, as it lies there; unknown of stdin.
    pub size: Option<u64>,
}

/// What a gzipped file begins with.
const GZIP: [u8; 2] = [0x1f, 0x8b];
/// Of one read.
pub const PIECE: usize = 256 << 10;

impl Log {
    /// # Errors
    /// When it cannot be opened.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let io = |source: std::io::Error| Error::Io {
            what: path.display().to_string(),
            source,
            hint: Some("name a file that heroku logs was saved to, or - for stdin".to_owned()),
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
        let mut input = BufReader::with_capacity(PIECE, input);
        let is_gzip = input.fill_buf().map_err(io)?.starts_with(&GZIP);
        let reader: Box<dyn Read> = if is_gzip {
            Box::new(MultiGzDecoder::new(input))
        } else {
            Box::new(input)
        };
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
