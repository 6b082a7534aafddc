//! The ledger on the disk: one file that grows, and older ones that were set aside when it had grown
//! enough. Whoever writes has his turn, so that two processes never write into one line.

use crate::{state::file, turn};
use std::{
    fs::{self, File},
    io::{self, BufRead, BufReader, ErrorKind, Read as _, Seek as _, SeekFrom, Write as _},
    path::{Path, PathBuf},
};

/// A file that is larger is set aside: some ten thousand restarts, an occurrence of the largest fleet.
const LARGEST: u64 = 16 << 20;
/// Files that are set aside, the newest of them called `ledger.1.jsonl`.
const ASIDE: u32 = 2;

#[derive(Debug, Clone)]
pub(super) struct Files {
    path: PathBuf,
}

/// Which file it is, whatever it is called, and how far it was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Place {
    file: u64,
    pub offset: u64,
}

impl Files {
    pub fn new(path: PathBuf) -> Self {
        Self { path }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    fn aside(&self, number: u32) -> PathBuf {
        self.path.with_extension(format!("{number}.jsonl"))
    }

    /// Appends one line whole, or leaves the file as it was.
    pub fn append(&self, line: &[u8], is_flushed: bool) -> io::Result<()> {
        let _turn = self.turn()?;
        self.set_aside();
        let mut file = self.open()?;
        let before = file.metadata()?.len();
        let mut bytes = vec![];
        if ends_in_a_torn_line(&mut file, before)? {
            bytes.push(b'\n');
        }
        bytes.extend_from_slice(line);
        bytes.push(b'\n');
        if let Err(error) = file.write_all(&bytes) {
            // The disk is full, perhaps after half of it.
            let _ = file.set_len(before);
            return Err(error);
        }
        if is_flushed { file.sync_data() } else { Ok(()) }
    }

    /// Whether a line could be appended to what is there.
    pub fn try_to_append(&self) -> io::Result<()> {
        let _turn = self.turn()?;
        match file::open(&self.path)? {
            Some(_) => self.open().map(drop),
            None => Ok(()),
        }
    }

    fn open(&self) -> io::Result<File> {
        let mut options = File::options();
        options.create(true).append(true).read(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        file::expect(&self.path)?;
        options.open(&self.path)
    }

    /// One process at a time.
    fn turn(&self) -> io::Result<File> {
        turn::take(&self.path.with_extension("lock"))
    }

    /// What cannot be set aside goes on growing.
    fn set_aside(&self) {
        let length = fs::metadata(&self.path).map_or(0, |file| file.len());
        if length < LARGEST {
            return;
        }
        let on = |from: &Path, to: &Path| match fs::rename(from, to) {
            Err(error) if error.kind() != ErrorKind::NotFound => false,
            Ok(()) | Err(_) => true,
        };
        // The oldest is let go; where a file cannot be moved, none is moved over another.
        let has_room = (1..ASIDE)
            .rev()
            .all(|number| on(&self.aside(number), &self.aside(number + 1)));
        if has_room {
            on(&self.path, &self.aside(1));
        }
    }

    /// Everything, from the oldest on.
    pub fn read(&self) -> io::Result<Vec<u8>> {
        // Without a turn, a file may be set aside between two reads; whoever may not write reads so.
        let _turn = self.turn().ok();
        let mut all = vec![];
        for number in (1..=ASIDE).rev() {
            all.extend(file::read(&self.aside(number))?);
            ends(&mut all);
        }
        all.extend(file::read(&self.path)?);
        Ok(all)
    }

    /// Takes what has come since `place`, line by line, and moves it on; a line that is being written is
    /// taken when it is whole. Where `place` is of another file, everything from the newest file that was
    /// set aside on.
    pub fn read_on(&self, place: &mut Place, mut take: impl FnMut(News<'_>)) -> io::Result<()> {
        let file = file::open(&self.path)?;
        let data = file.as_ref().map(File::metadata).transpose()?;
        let id = data.as_ref().map(identity);
        let length = data.map_or(0, |data| data.len());
        if id != Some(place.file) || length < place.offset {
            take(News::Anew);
            *place = Place::default();
            if let Some(aside) = file::open(&self.aside(1))? {
                each_line(BufReader::new(aside), |line| take(News::Line(line)))?;
            }
            place.file = id.unwrap_or_default();
        }
        // Where there is no file it was set aside just now, or there is none yet.
        let Some(mut file) = file.filter(|_| length > place.offset) else {
            return Ok(());
        };
        file.seek(SeekFrom::Start(place.offset))?;
        each_line(BufReader::new(file), |line| {
            if line.ends_with(b"\n") {
                take(News::Line(line));
                place.offset += line.len() as u64;
            }
        })
    }
}

/// What a reader of the ledger meets.
pub(super) enum News<'a> {
    /// What was taken so far counts no more: it comes again.
    Anew,
    Line(&'a [u8]),
}

fn each_line(mut file: impl BufRead, mut take: impl FnMut(&[u8])) -> io::Result<()> {
    let mut line = vec![];
    while file.read_until(b'\n', &mut line)? > 0 {
        take(&line);
        if !line.ends_with(b"\n") {
            // What somebody writes to its end meanwhile would be no line.
            break;
        }
        line.clear();
    }
    Ok(())
}

/// A file that was torn at its end does not run into the next.
fn ends(bytes: &mut Vec<u8>) {
    if bytes.last().is_some_and(|last| *last != b'\n') {
        bytes.push(b'\n');
    }
}

#[cfg(unix)]
fn identity(data: &fs::Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::ino(data)
}

#[cfg(not(unix))]
fn identity(data: &fs::Metadata) -> u64 {
    let created = data.created().ok();
    let since = created.and_then(|at| at.duration_since(std::time::UNIX_EPOCH).ok());
    since.map_or(1, |since| since.as_micros() as u64)
}

fn ends_in_a_torn_line(file: &mut File, length: u64) -> io::Result<bool> {
    if length == 0 {
        return Ok(false);
    }
    file.seek(SeekFrom::End(-1))?;
    let mut last = [0];
    file.read_exact(&mut last)?;
    Ok(last != *b"\n")
}

#[cfg(test)]
mod tests {
    use super::each_line;
    use std::io::{BufRead, Read, Result};

    /// A file at whose end somebody writes: it has an end, and then more.
    struct Growing(Vec<&'static [u8]>);

    impl Read for Growing {
        fn read(&mut self, _: &mut [u8]) -> Result<usize> {
            unreachable!("it is a buffer itself")
        }
    }

    impl BufRead for Growing {
        fn fill_buf(&mut self) -> Result<&[u8]> {
            Ok(self.0[0])
        }

        fn consume(&mut self, amount: usize) {
            if amount == 0 {
                // Whoever met the end, and asks again, meets what was written since.
                self.0.remove(0);
            } else {
                self.0[0] = &self.0[0][amount..];
            }
        }
    }

    #[test]
    fn the_rest_of_half_a_line_is_no_line() {
        let mut lines = vec![];
        let file = Growing(vec![b"one\ntw", b"o\n", b""]);
        let take = |line: &[u8]| lines.push(String::from_utf8_lossy(line).into_owned());
        each_line(file, take).expect("read");
        assert_eq!(lines, ["one\n", "tw"]);
    }
}
