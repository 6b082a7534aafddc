//! A log as Heroku wrote it, whatever a shell made of it on the way into a file.

use super::file::PIECE;
use anstream::adapter::StripBytes;
use flate2::read::MultiGzDecoder;
use std::io::{BufRead as _, BufReader, Cursor, Read, Result};

/// Unpacked; in UTF-8 without a mark, from UTF-16 (`>` of Windows PowerShell) too; and without the
/// colours of `FORCE_COLORS`, where its first line begins with one.
pub(super) fn plainly(mut input: Box<dyn Read>) -> Result<Box<dyn Read>> {
    let mut begin = vec![];
    input.by_ref().take(3).read_to_end(&mut begin)?;
    let after = |mark: usize| Cursor::new(begin[mark..].to_vec()).chain(input);
    Ok(match begin[..] {
        [0x1f, 0x8b, ..] => return plainly(Box::new(MultiGzDecoder::new(after(0)))),
        [0xff, 0xfe, ..] => return plainly(turned(after(2), Utf16::new(u16::from_le_bytes))),
        [0xfe, 0xff, ..] => return plainly(turned(after(2), Utf16::new(u16::from_be_bytes))),
        // Without a mark, too: a log begins with a digit.
        [b'0'..=b'9', 0, b'0'..=b'9'] => {
            return plainly(turned(after(0), Utf16::new(u16::from_le_bytes)));
        }
        [0, b'0'..=b'9', 0] => return plainly(turned(after(0), Utf16::new(u16::from_be_bytes))),
        [0xef, 0xbb, 0xbf] => return plainly(Box::new(after(3))),
        [0x1b, ..] => turned(after(0), StripBytes::new()),
        _ => Box::new(after(0)),
    })
}

/// What turns bytes into others, piece by piece.
trait Turn {
    fn turn(&mut self, piece: &[u8], into: &mut Vec<u8>);
}

impl Turn for StripBytes {
    fn turn(&mut self, piece: &[u8], into: &mut Vec<u8>) {
        self.strip_next(piece)
            .for_each(|plain| into.extend_from_slice(plain));
    }
}

struct Utf16 {
    unit: fn([u8; 2]) -> u16,
    /// Half of a unit, at the end of a piece.
    odd: Option<u8>,
    /// The first unit of a pair, at the end of a piece.
    high: Option<u16>,
}

impl Utf16 {
    fn new(unit: fn([u8; 2]) -> u16) -> Self {
        Self {
            unit,
            odd: None,
            high: None,
        }
    }
}

impl Turn for Utf16 {
    fn turn(&mut self, piece: &[u8], into: &mut Vec<u8>) {
        let bytes = self.odd.take().into_iter().chain(piece.iter().copied());
        let bytes: Vec<u8> = bytes.collect();
        let (pairs, odd) = bytes.as_chunks::<2>();
        self.odd = odd.first().copied();
        let fresh = pairs.iter().map(|pair| (self.unit)(*pair));
        let mut units: Vec<u16> = self.high.take().into_iter().chain(fresh).collect();
        self.high = units.pop_if(|last| (0xd800..0xdc00).contains(last));
        into.extend_from_slice(String::from_utf16_lossy(&units).as_bytes());
    }
}

/// A reader whose bytes are turned into others.
struct Turned<R, T> {
    input: BufReader<R>,
    turn: T,
    /// What is turned and not read, from `read` on.
    ready: Vec<u8>,
    read: usize,
}

fn turned(input: impl Read + 'static, turn: impl Turn + 'static) -> Box<dyn Read> {
    Box::new(Turned {
        input: BufReader::with_capacity(PIECE, input),
        turn,
        ready: vec![],
        read: 0,
    })
}

impl<R: Read, T: Turn> Read for Turned<R, T> {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        while self.read == self.ready.len() {
            let piece = self.input.fill_buf()?;
            if piece.is_empty() {
                return Ok(0);
            }
            self.ready.clear();
            self.read = 0;
            self.turn.turn(piece, &mut self.ready);
            let length = piece.len();
            self.input.consume(length);
        }
        let length = (&self.ready[self.read..]).read(buffer)?;
        self.read += length;
        Ok(length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;

    /// Hands out one byte at a time, as a slow pipe may.
    struct Slowly(std::vec::IntoIter<u8>);

    impl Read for Slowly {
        fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
            let next = self.0.next();
            if let Some(byte) = next {
                buffer[0] = byte;
            }
            Ok(usize::from(next.is_some()))
        }
    }

    #[test]
    fn a_log_is_read_however_it_was_saved() {
        const LOG: &str = "2026-03-02 heroku[web.1]: sample \u{1f600}\nanother line\n";
        let units =
            |unit: fn(u16) -> [u8; 2]| LOG.encode_utf16().flat_map(unit).collect::<Vec<u8>>();
        let little = [&b"\xff\xfe"[..], &units(u16::to_le_bytes)].concat();
        let big = [&b"\xfe\xff"[..], &units(u16::to_be_bytes)].concat();
        let marked = [&b"\xef\xbb\xbf"[..], LOG.as_bytes()].concat();
        let coloured = LOG
            .replace("2026", "\u{1b}[36m2026")
            .replace(": ", ":\u{1b}[39m ");
        let mut packed = flate2::write::GzEncoder::new(vec![], flate2::Compression::fast());
        packed.write_all(&little).expect("bytes");
        let packed = packed.finish().expect("bytes");
        for bytes in [
            LOG.as_bytes().to_vec(),
            little[2..].to_vec(),
            big[2..].to_vec(),
            little,
            big,
            marked,
            coloured.into_bytes(),
            packed,
        ] {
            for is_slow in [true, false] {
                let input: Box<dyn Read> = if is_slow {
                    Box::new(Slowly(bytes.clone().into_iter()))
                } else {
                    Box::new(Cursor::new(bytes.clone()))
                };
                let mut text = String::new();
                let mut plain = plainly(input).expect("a reader");
                plain.read_to_string(&mut text).expect("a text");
                assert_eq!(text, LOG, "{bytes:?}");
            }
        }
    }

    #[test]
    fn nothing_and_less_than_a_mark_are_read_too() {
        for bytes in [&b""[..], b"\xff", b"ab"] {
            let mut read = vec![];
            let mut plain = plainly(Box::new(bytes)).expect("a reader");
            plain.read_to_end(&mut read).expect("bytes");
            assert_eq!(read, bytes);
        }
    }
}
