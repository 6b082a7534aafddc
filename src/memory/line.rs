//! One line of a log, as far as it tells of memory (HEROKU 3.1, 3.2).
//!
//! ```text
//! 2024-01-01T09:03:22.012194+00:00 heroku[web.1]: source=web.1 dyno=heroku.222.<uuid> sample#memory_rss=34.33MB ...
//! 2024-01-01T09:03:22.012194+00:00 heroku[web.1]: Process running mem=590M(115.2%)
//! 2024-01-01T09:03:22.012194+00:00 heroku[web.1]: Error R14 (Memory quota exceeded)
//! 2024-01-01T09:03:22.012194+00:00 heroku[logplex]: Error L11 (Tail buffer overflow) -> 9 messages dropped
//! ```
//!
//! Only what Heroku itself says of a dyno counts: add-ons and apps print lines that look alike. Every
//! field is optional, in any order; what is cut off is not guessed.

use super::Bytes;
use jiff::Timestamp;

/// A line that tells of memory.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Line<'a> {
    pub at: Timestamp,
    pub told: Told<'a>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Told<'a> {
    /// Of log-runtime-metrics, about every 20 seconds for each dyno.
    Sample {
        /// The dyno's name.
        dyno: &'a str,
        /// The UUID of this start of it.
        life: &'a str,
        used: Bytes,
        quota: Option<Bytes>,
    },
    /// `Process running mem=`: beside R14 and R15, with the same instant or nearly so.
    Running {
        dyno: &'a str,
        used: Bytes,
        /// Of which the printed percentage was taken.
        quota: Option<Bytes>,
    },
    /// R14, R15: over the quota.
    Exceeded { dyno: &'a str },
    /// L10, L11: so many lines were not delivered.
    Dropped { count: u64 },
}

/// Reads a line; `None` where it tells nothing of memory.
#[must_use]
pub fn read(line: &[u8]) -> Option<Line<'_>> {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let (at, rest) = split_at(line, b' ')?;
    let rest = rest.strip_prefix(b"heroku[")?;
    let (dyno, rest) = split_at(rest, b']')?;
    let text = rest.strip_prefix(b": ")?;
    let dyno = std::str::from_utf8(dyno).ok()?;
    let told = told(dyno, text)?;
    // The instant last: most lines are not ours.
    let read = Some(Line {
        at: instant(at)?,
        told,
    });
    read.filter(|line| is_of_our_time(line.at))
}

/// Heroku began in 2007; a broken date must not be reckoned with.
fn is_of_our_time(at: Timestamp) -> bool {
    const BEGIN: i64 = 1_167_609_600;
    const END: i64 = 7_258_118_400;
    (BEGIN..END).contains(&at.as_second())
}

fn told<'a>(dyno: &'a str, text: &'a [u8]) -> Option<Told<'a>> {
    if text.starts_with(b"source=") {
        return sample(dyno, text);
    }
    if let Some(rest) = text.strip_prefix(b"Process running mem=") {
        return running(dyno, rest);
    }
    let rest = text.strip_prefix(b"Error ")?;
    let code = rest.get(..4)?;
    match (code, dyno) {
        (b"L10 " | b"L11 ", "logplex") => Some(Told::Dropped {
            count: dropped(rest).unwrap_or(1),
        }),
        (b"R14 " | b"R15 ", _) if is_name(dyno) => Some(Told::Exceeded { dyno }),
        _ => None,
    }
}

fn sample<'a>(name: &'a str, text: &'a [u8]) -> Option<Told<'a>> {
    let (mut source, mut life) = (None, None);
    let (mut rss, mut swap, mut quota) = (None, None, None);
    for pair in pairs(text) {
        if let Some(field) = pair.strip_prefix(b"sample#memory_") {
            if let Some(value) = field.strip_prefix(b"rss=") {
                rss = megabytes(value);
            } else if let Some(value) = field.strip_prefix(b"swap=") {
                swap = megabytes(value);
            } else if let Some(value) = field.strip_prefix(b"quota=") {
                quota = megabytes(value).filter(|quota| *quota > Bytes::default());
            }
        } else if let Some(value) = pair.strip_prefix(b"source=") {
            source = Some(value);
        } else if let Some(value) = pair.strip_prefix(b"dyno=") {
            life = uuid(value);
        }
    }
    let is_its_own = is_name(name) && source == Some(name.as_bytes());
    is_its_own.then_some(Told::Sample {
        dyno: name,
        life: life?,
        // A line that was cut before the swap says less than was used, never more.
        used: rss?.plus(swap.unwrap_or_default()),
        quota,
    })
}

/// `590M(115.2%)`, `2565MB(501.0%)`.
fn running<'a>(dyno: &'a str, text: &'a [u8]) -> Option<Told<'a>> {
    let digits = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (number, rest) = text.split_at(digits);
    let number: u64 = std::str::from_utf8(number).ok()?.parse().ok()?;
    let rest = rest.strip_prefix(b"M")?;
    let rest = rest.strip_prefix(b"B").unwrap_or(rest);
    let used = Bytes::of(Bytes::mb(1).as_f64() * f64::from(u32::try_from(number).ok()?))?;
    let percent = rest.strip_prefix(b"(").and_then(|rest| {
        let (percent, _) = split_at(rest, b'%')?;
        let percent: f64 = std::str::from_utf8(percent).ok()?.parse().ok()?;
        (percent > 0.0).then_some(percent)
    });
    // Quotas are whole megabytes; what is printed has four digits.
    let quota = percent.and_then(|percent| {
        let megabytes = (used.as_mb() * 100.0 / percent).round();
        Bytes::of(megabytes * Bytes::mb(1).as_f64())
    });
    is_name(dyno).then_some(Told::Running { dyno, used, quota })
}

/// `... -> 9 messages dropped since ...`.
fn dropped(text: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(text).ok()?;
    let (before, _) = text.split_once(" messages dropped")?;
    before.rsplit(' ').next()?.parse().ok()
}

/// `web.1`, or Fir's `web-848cd4f64d-pvpr2`: not `router`, `logplex` or `api`.
fn is_name(name: &str) -> bool {
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let has_number = || {
        name.rsplit_once('.').is_some_and(|(kind, number)| {
            !kind.is_empty() && !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit())
        })
    };
    let is_pod = || name.split('-').count() >= 3;
    name.chars().all(is_part) && (has_number() || is_pod())
}

/// The UUID of `heroku.<app>.<uuid>`, whole.
fn uuid(value: &[u8]) -> Option<&str> {
    const LENGTH: usize = 36;
    let rest = value.strip_prefix(b"heroku.")?;
    let (before, uuid) = rest.split_at_checked(rest.len().checked_sub(LENGTH)?)?;
    let dashes = [8, 13, 18, 23].iter().all(|place| uuid[*place] == b'-');
    let digits = uuid.iter().filter(|byte| byte.is_ascii_hexdigit()).count();
    let is_uuid = before.ends_with(b".") && dashes && digits == LENGTH - 4;
    is_uuid.then(|| std::str::from_utf8(uuid).ok()).flatten()
}

/// `34.33MB`: digits, two more after a point, and Heroku's unit; anything else is not Heroku's.
fn megabytes(value: &[u8]) -> Option<Bytes> {
    const MOST_DIGITS: usize = 9;
    let number = value.strip_suffix(b"MB")?;
    let (whole, part) = split_at(number, b'.').unwrap_or((number, b""));
    if whole.is_empty() || whole.len() > MOST_DIGITS || part.len() > MOST_DIGITS {
        return None;
    }
    let digits = |digits: &[u8]| {
        digits.iter().try_fold(0_u64, |number, byte| {
            byte.is_ascii_digit()
                .then(|| number * 10 + u64::from(byte - b'0'))
        })
    };
    let scale = 10_u64.pow(u32::try_from(part.len()).ok()?);
    let bytes = digits(whole)?
        .checked_mul(1 << 20)?
        .checked_add(digits(part)? * (1 << 20) / scale)?;
    Some(Bytes::new(bytes)).filter(|bytes| Bytes::of(bytes.as_f64()).is_some())
}

/// `2024-01-01T09:03:22.012194+00:00`. Heroku's lines are in UTC, to the microsecond; others are left to
/// jiff.
fn instant(text: &[u8]) -> Option<Timestamp> {
    let plain = || std::str::from_utf8(text).ok()?.parse().ok();
    let two = |place: usize| {
        let (tens, ones) = (text.get(place)?, text.get(place + 1)?);
        let is_number = tens.is_ascii_digit() && ones.is_ascii_digit();
        is_number.then(|| i64::from((tens - b'0') * 10 + (ones - b'0')))
    };
    let is_usual = text.len() == 32 && text.ends_with(b"+00:00") && text[19] == b'.';
    let marks = [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':')];
    if !is_usual || marks.iter().any(|(place, mark)| text[*place] != *mark) {
        return plain();
    }
    let (century, years, month, day) = (two(0)?, two(2)?, two(5)?, two(8)?);
    let (hour, minute, second) = (two(11)?, two(14)?, two(17)?);
    let micros = two(20)? * 10_000 + two(22)? * 100 + two(24)?;
    if second > 59 {
        return plain();
    }
    let year = i16::try_from(century * 100 + years).ok()?;
    let date = jiff::civil::Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?);
    if hour > 23 || minute > 59 {
        return None;
    }
    let days = date.ok()?.duration_since(EPOCH).as_hours() / 24;
    let seconds = days * 86_400 + hour * 3_600 + minute * 60 + second;
    Timestamp::new(seconds, i32::try_from(micros).ok()? * 1_000).ok()
}

const EPOCH: jiff::civil::Date = jiff::civil::date(1970, 1, 1);

/// What is between spaces.
fn pairs(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut from = 0;
    let ends = memchr::memchr_iter(b' ', text).chain(std::iter::once(text.len()));
    ends.map(move |end| {
        let pair = &text[from..end];
        from = end + 1;
        pair
    })
}

/// What is before a byte, and what is after it.
fn split_at(text: &[u8], byte: u8) -> Option<(&[u8], &[u8])> {
    let place = memchr::memchr(byte, text)?;
    Some((&text[..place], &text[place + 1..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    pub const SAMPLE: &str = "2024-01-01T09:03:22.012194+00:00 heroku[web.1]: source=web.1 dyno=heroku.222222222.7f9b14bc-1d3b-47f4-91c1-704964b8793f sample#memory_total=34.41MB sample#memory_rss=34.33MB sample#memory_cache=0.08MB sample#memory_swap=10.25MB sample#memory_pgpgin=9pages sample#memory_pgpgout=0pages sample#memory_quota=512.00MB";

    fn sample(line: &str) -> Option<(String, f64, Option<Bytes>)> {
        match read(line.as_bytes())?.told {
            Told::Sample {
                dyno, used, quota, ..
            } => Some((dyno.to_owned(), used.as_mb(), quota)),
            _ => None,
        }
    }

    #[test]
    fn rss_and_swap_count_and_the_cache_does_not() {
        let line = read(SAMPLE.as_bytes()).expect("a sample");
        assert_eq!(line.at.to_string(), "2024-01-01T09:03:22.012194Z");
        let (dyno, used, quota) = sample(SAMPLE).expect("a sample");
        assert_eq!((dyno.as_str(), quota), ("web.1", Some(Bytes::mb(512))));
        assert!((used - 44.58).abs() < 0.01, "{used}");
    }

    #[test]
    fn every_field_is_optional_and_others_may_come() {
        let without = SAMPLE.replace(" sample#memory_quota=512.00MB", "");
        assert_eq!(sample(&without).expect("a sample").2, None);
        let more = SAMPLE.replace(
            "sample#memory_rss",
            "sample#memory_pss=1.00MB sample#memory_rss",
        );
        assert!(sample(&more).is_some());
        let without = SAMPLE.replace("sample#memory_rss=34.33MB ", "");
        assert_eq!(sample(&without), None, "the total is not what counts");
        let load = "2024-01-01T09:03:22.012194+00:00 heroku[web.1]: source=web.1 dyno=heroku.2.7f9b14bc-1d3b-47f4-91c1-704964b8793f sample#load_avg_1m=2.46";
        assert_eq!(sample(load), None);
    }

    #[test]
    fn what_only_looks_alike_is_refused() {
        for (from, to) in [
            (" heroku[web.1]", " app[web.1]"),
            (" heroku[web.1]", " app[heroku-redis]"),
            (" heroku[web.1]: ", " app[web.1]: heroku[web.1]: "),
            ("source=web.1", "source=web.2"),
            ("source=web.1", "source=REDIS"),
            ("dyno=heroku.", "dyno="),
            ("34.33MB", "34.33kB"),
            ("34.33MB", "34.33"),
            ("34.33MB", "-4.33MB"),
            ("34.33MB", "9999999999.00MB"),
            ("34.33MB", "NaNMB"),
            ("8793f", "8793"),
            ("2024-01-01T", "2024-13-01T"),
            ("T09:03", "T29:03"),
        ] {
            let line = SAMPLE.replace(from, to);
            assert_ne!(line, SAMPLE);
            assert_eq!(sample(&line), None, "{line}");
        }
    }

    #[test]
    fn a_pair_of_r14_is_read_in_both_spellings() {
        let line =
            |text: &str| format!("2024-01-01T09:03:22.012194+00:00 heroku[worker.1]: {text}");
        let running = line("Process running mem=590M(115.2%)");
        let told = read(running.as_bytes()).expect("a line").told;
        let expected = Told::Running {
            dyno: "worker.1",
            used: Bytes::mb(590),
            quota: Some(Bytes::mb(512)),
        };
        assert_eq!(told, expected);
        let running = line("Process running mem=2565MB(501.0%)");
        let told = read(running.as_bytes()).expect("a line").told;
        assert!(matches!(told, Told::Running { used, .. } if used == Bytes::mb(2_565)));
        for text in [
            "Error R14 (Memory quota exceeded)",
            "Error R15 (Memory quota vastly exceeded)",
        ] {
            let line = line(text);
            let told = read(line.as_bytes()).expect("a line").told;
            assert_eq!(told, Told::Exceeded { dyno: "worker.1" });
        }
        for text in [
            "Error R12 (Exit timeout) -> ...",
            "Error R1",
            "Error",
            "Process running mem=",
            "Process running mem=M",
        ] {
            assert_eq!(read(line(text).as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn lines_that_were_not_delivered_are_counted() {
        let line = "2024-01-01T09:03:22.012194+00:00 heroku[logplex]: Error L11 (Tail buffer overflow) -> 9 messages dropped since 2024-01-01T09:03:20.012194+00:00.";
        let told = read(line.as_bytes()).expect("a line").told;
        assert_eq!(told, Told::Dropped { count: 9 });
        assert_eq!(read(line.replace("logplex", "web.1").as_bytes()), None);
    }

    #[test]
    fn a_line_cut_at_any_byte_never_says_more_than_was_used() {
        for end in 0..SAMPLE.len() {
            let cut = &SAMPLE[..end];
            if let Some((_, used, quota)) = sample(cut) {
                assert!(used <= 44.59, "{cut}");
                assert!(quota.is_none(), "{cut}");
            }
            assert_eq!(sample(&SAMPLE[end..]).is_some(), end == 0);
        }
    }

    #[test]
    fn other_lines_cut_at_any_byte_or_run_into_the_next_say_no_more_than_they_did() {
        let at = "2024-01-01T09:03:22.012194+00:00";
        let lines = [
            format!("{at} heroku[web.1]: Process running mem=590M(115.2%)"),
            format!("{at} heroku[web.1]: Error R14 (Memory quota exceeded)"),
            format!(
                "{at} heroku[logplex]: Error L11 (Tail buffer overflow) -> 19 messages dropped since {at}."
            ),
            SAMPLE.to_owned(),
        ];
        let is_less = |told: Told<'_>| match told {
            Told::Running { used, quota, .. } => {
                used == Bytes::mb(590) && quota.is_none_or(|quota| quota == Bytes::mb(512))
            }
            Told::Dropped { count } => count <= 19,
            Told::Exceeded { dyno } => dyno == "web.1",
            Told::Sample { used, quota, .. } => {
                used.as_mb() <= 44.59 && quota.is_none_or(|quota| quota == Bytes::mb(512))
            }
        };
        for line in &lines {
            for end in 0..line.len() {
                let (begin, rest) = line.split_at(end);
                let told = read(begin.as_bytes()).map(|line| line.told);
                assert!(told.is_none_or(is_less), "{begin}");
                assert_eq!(read(rest.as_bytes()).is_some(), end == 0, "{rest}");
                for next in &lines {
                    let joined = format!("{begin}{next}");
                    let told = read(joined.as_bytes()).map(|line| line.told);
                    assert!(told.is_none_or(is_less), "{joined}");
                }
            }
        }
    }

    #[test]
    fn instants_are_those_that_jiff_reads() {
        for text in [
            "2024-02-29T23:59:59.999999+00:00",
            "1970-01-01T00:00:00.000000+00:00",
            "2024-01-01T09:03:22+00:00",
            "2024-01-01T09:03:22.012Z",
            "2024-01-01T10:03:22.012194+01:00",
        ] {
            assert_eq!(instant(text.as_bytes()), text.parse().ok(), "{text}");
        }
        for text in [
            "",
            "2023-02-29T00:00:00.000000+00:00",
            "2024-01-01T24:00:00.000000+00:00",
            "2024-01-0\u{b2}T00:00:00.00000+00:00",
        ] {
            assert_eq!(instant(text.as_bytes()), None, "{text}");
        }
    }
}
