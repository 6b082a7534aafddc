//! Small files: read where they are files, and written whole.

use std::{
    fs::{self, File},
    io::{self, ErrorKind, Read as _, Write as _},
    path::Path,
};

/// The file of this path; `None` where there is none.
///
/// # Errors
/// When it cannot be opened, or is no file: a pipe would be waited for.
pub fn open(path: &Path) -> io::Result<Option<File>> {
    expect(path)?;
    match File::open(path) {
        Err(error) if is_absent(&error) => Ok(None),
        opened => opened.map(Some),
    }
}

/// What is in it; nothing where there is none.
///
/// # Errors
/// As [`open`], and when it cannot be read.
pub fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = vec![];
    if let Some(mut file) = open(path)? {
        file.read_to_end(&mut bytes)?;
    }
    Ok(bytes)
}

/// # Errors
/// When something is there that is no file.
pub fn expect(path: &Path) -> io::Result<()> {
    match fs::metadata(path) {
        Ok(known) if !known.is_file() => {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            Err(io::Error::other(format!("{name} is no file")))
        }
        Err(error) if !is_absent(&error) => Err(error),
        _ => Ok(()),
    }
}

fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory)
}

/// Writes it whole, or leaves it as it was.
///
/// # Errors
/// When it cannot be written.
pub fn replace(place: &Path, text: &[u8]) -> io::Result<()> {
    let mut fresh = tempfile::NamedTempFile::new_in(place.parent().unwrap_or(Path::new(".")))?;
    fresh.write_all(text)?;
    fresh.persist(place).map_err(|failed| failed.error)?;
    Ok(())
}
