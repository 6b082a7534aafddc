//! Finds the lines that tell of memory in a stream of bytes, however it is cut into pieces.

use super::line::{self, Line};
use memchr::memmem::Finder;

/// Reads pieces of a log. Holds at most one line that is not over yet.
#[derive(Debug, Clone)]
pub struct Extract {
    sample: Finder<'static>,
    running: Finder<'static>,
    code: Finder<'static>,
    /// The beginning of a line whose end has not come.
    rest: Vec<u8>,
    /// The line is longer than any of Heroku's: it is passed over.
    is_too_long: bool,
}

/// Heroku splits lines at 10,000 bytes (Dev Center, "Limits").
const LONGEST_LINE: usize = 16 << 10;

impl Default for Extract {
    fn default() -> Self {
        Self {
            // In every line that counts, one of these is; they are looked for at the speed of memory.
            sample: Finder::new("sample#memory_"),
            running: Finder::new("Process running mem="),
            code: Finder::new("]: Error "),
            rest: vec![],
            is_too_long: false,
        }
    }
}

impl Extract {
    /// Takes the next piece, and tells of each line that is over.
    pub fn push(&mut self, piece: &[u8], mut tell: impl FnMut(Line<'_>)) {
        let Some(first) = memchr::memchr(b'\n', piece) else {
            return self.keep(piece);
        };
        if !self.rest.is_empty() || self.is_too_long {
            self.keep(&piece[..first]);
            if !self.is_too_long {
                line::read(&self.rest).map(&mut tell);
            }
            self.rest.clear();
            self.is_too_long = false;
            return self.whole(&piece[first + 1..], &mut tell);
        }
        self.whole(piece, &mut tell);
    }

    /// The log is over: its last line may lack its end.
    pub fn end(&mut self, tell: impl FnMut(Line<'_>)) {
        if !self.is_too_long {
            line::read(&self.rest).map(tell);
        }
        self.cut();
    }

    /// The stream broke: half a line is none, and does not belong to what comes next.
    pub fn cut(&mut self) {
        self.rest.clear();
        self.is_too_long = false;
    }

    /// A piece that begins with a line.
    fn whole(&mut self, piece: &[u8], tell: &mut impl FnMut(Line<'_>)) {
        let end = memchr::memrchr(b'\n', piece).map_or(0, |end| end + 1);
        let lines = &piece[..end];
        let mut next = [0; 3];
        let finders = [&self.sample, &self.running, &self.code];
        for (next, finder) in next.iter_mut().zip(finders) {
            *next = finder.find(lines).unwrap_or(usize::MAX);
        }
        // In their order, each line once, whichever of them it has.
        while let Some(place) = next.into_iter().min().filter(|place| *place != usize::MAX) {
            let begin = memchr::memrchr(b'\n', &lines[..place]).map_or(0, |end| end + 1);
            let end = place + memchr::memchr(b'\n', &lines[place..]).unwrap_or(lines.len() - place);
            line::read(&lines[begin..end]).map(&mut *tell);
            for (next, finder) in next.iter_mut().zip(finders) {
                if *next < end {
                    *next = finder
                        .find(&lines[end..])
                        .map_or(usize::MAX, |found| found + end);
                }
            }
        }
        self.keep(&piece[end..]);
    }

    fn keep(&mut self, piece: &[u8]) {
        self.is_too_long |= self.rest.len() + piece.len() > LONGEST_LINE;
        if self.is_too_long {
            self.rest.clear();
        } else {
            self.rest.extend_from_slice(piece);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::Timestamp;

    const LOG: &str = "2024-01-01T09:03:20.000000+00:00 app[web.1]: sample#memory_rss=9999.00MB is what we say\n2024-01-01T09:03:22.012194+00:00 heroku[web.1]: source=web.1 dyno=heroku.2.7f9b14bc-1d3b-47f4-91c1-704964b8793f sample#memory_total=34.41MB sample#memory_rss=34.33MB sample#memory_quota=512.00MB\n2024-01-01T09:03:23.000000+00:00 heroku[router]: at=info method=GET path=\"/\" status=200\n2024-01-01T09:03:24.000000+00:00 heroku[web.1]: Process running mem=590M(115.2%)\r\n2024-01-01T09:03:24.000001+00:00 heroku[web.1]: Error R14 (Memory quota exceeded)\n\n2024-01-01T09:03:25.000000+00:00 heroku[logplex]: Error L11 (Tail buffer overflow) -> 9 messages dropped\n";

    fn told(pieces: &[&[u8]]) -> Vec<(Timestamp, String)> {
        let (mut extract, mut told) = (Extract::default(), vec![]);
        for piece in pieces {
            extract.push(piece, |line| {
                told.push((line.at, format!("{:?}", line.told)));
            });
        }
        extract.end(|line| told.push((line.at, format!("{:?}", line.told))));
        told
    }

    #[test]
    fn a_stream_is_read_the_same_wherever_it_is_cut() {
        let whole = told(&[LOG.as_bytes()]);
        assert_eq!(whole.len(), 4, "{whole:?}");
        for first in 0..=LOG.len() {
            let (a, b) = LOG.as_bytes().split_at(first);
            assert_eq!(told(&[a, b]), whole, "cut at {first}");
        }
        let bytes: Vec<&[u8]> = LOG.as_bytes().chunks(1).collect();
        assert_eq!(told(&bytes), whole);
    }

    #[test]
    fn half_a_line_before_a_cut_is_none() {
        let (mut extract, mut count) = (Extract::default(), 0);
        let end = LOG.find("sample#memory_quota").expect("a place");
        extract.push(&LOG.as_bytes()[..end], |_| count += 1);
        extract.cut();
        extract.push(LOG.as_bytes(), |_| count += 1);
        assert_eq!(count, 4);
    }

    #[test]
    fn a_line_longer_than_any_is_passed_over_and_not_kept() {
        let (mut extract, mut count) = (Extract::default(), 0);
        for _ in 0..100 {
            extract.push(&[b'x'; 1_000], |_| count += 1);
            assert!(extract.rest.len() <= LONGEST_LINE);
        }
        extract.push(b" sample#memory_rss=1.00MB\n", |_| count += 1);
        extract.push(LOG.as_bytes(), |_| count += 1);
        assert_eq!(count, 4);
    }
}
