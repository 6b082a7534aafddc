//! Whatever comes from outside, broken in all the ways that texts break: nothing panics, nothing hangs, and
//! what is read is what it says.
//!
//! `AUTORESTART_TEST_INPUTS=1000000 cargo test --test cli fuzz:: -- --nocapture` tries so many for each parser;
//! lines of a log have a test of their own (`memory::fuzz`).

use crate::calendars::property::Random;
use autorestart::{
    credentials::netrc,
    heroku::{Events, shapes_of},
    ledger::Ledger,
    memory::Extract,
    report::logfmt,
    schedule::{
        AppName, AppUrl, Blackout, Cron, Days, MaxUnavailable, ScheduleName, Span, Threshold,
        TimeOfDay, Times, Window, Zone, dyno_name, instant, instant_in, process_type,
    },
    store,
};
use jiff::tz::TimeZone;
use std::{
    fmt::Display,
    panic::{AssertUnwindSafe, catch_unwind},
    str::FromStr,
};

/// Inputs for each parser.
fn inputs() -> u64 {
    std::env::var("AUTORESTART_TEST_INPUTS")
        .map_or(20_000, |count| count.parse().expect("a number"))
}

/// Words that mean something to one of the parsers.
const WORDS: [&[u8]; 40] = [
    b"version = 1\n",
    b"[[schedule]]\n",
    b"app = \"a-b\"\n",
    b"at = \"07\"\n",
    b"cron = \"0 7 * * *\"\n",
    b"timezone = \"Europe/Paris\"\n",
    b"99999999999999999999",
    b"-1",
    b"\"",
    b"'",
    b"\\",
    b"{",
    b"}",
    b"[",
    b"]",
    b"null",
    b"true",
    b":",
    b",",
    b"\n",
    b"\r\n",
    b"\t",
    b"#",
    b"*/5",
    b"1-5",
    b"L",
    b"W",
    b"..",
    b"%",
    b"machine ",
    b"login ",
    b"password ",
    b"default ",
    b"macdef x\n",
    b"data: ",
    b"data:",
    b"id: 1\n",
    b"\xff",
    b"\xe2\x80\x83",
    b"2026-03-29T02:30:00",
];

/// What may stand where another value stood.
const VALUES: [&[u8]; 20] = [
    b"",
    b"0",
    b"-1",
    b"99999999999999999999",
    b"1e400",
    b"0.1",
    b"null",
    b"true",
    b"07",
    b"7,14",
    b"100%",
    b"90d",
    b"2026-03-29T02:30:00Z",
    b"9999-12-31T23:59:59Z",
    b"Europe/Paris",
    b"web.1",
    b"https://example.com/",
    b"\\u0000",
    b"\xc3\xa9\xe2\x80\xae",
    b"a-name-that-is-much-longer-than-any-name-of-an-app-that-heroku-would-ever-give-to-anybody",
];

/// The seed with other values in it: what looks at values is reached, and not only what looks for brackets.
fn with_other_values(random: &mut Random, seed: &[u8]) -> Vec<u8> {
    let mut text = seed.to_vec();
    for _ in 0..=random.below(2) {
        let is_of_value = |byte: u8| byte.is_ascii_alphanumeric() || b"-+.:%/@* ".contains(&byte);
        let starts: Vec<usize> = (0..text.len())
            .filter(|place| {
                is_of_value(text[*place]) && (*place == 0 || !is_of_value(text[place - 1]))
            })
            .collect();
        if starts.is_empty() {
            return text;
        }
        let start = *random.among(&starts);
        let length = text[start..]
            .iter()
            .take_while(|byte| is_of_value(**byte))
            .count();
        text.splice(start..start + length, random.among(&VALUES).iter().copied());
    }
    text
}

/// Breaks a text in one of many ways, up to six times; every other one only in its values.
fn broken(random: &mut Random, seed: &[u8]) -> Vec<u8> {
    if random.below(2) == 0 {
        return with_other_values(random, seed);
    }
    let mut text = seed.to_vec();
    for _ in 0..random.below(7) {
        let length = i64::try_from(text.len()).expect("short") + 1;
        let place = |random: &mut Random| usize::try_from(random.below(length)).expect("a place");
        let (a, b) = (place(random).min(text.len()), place(random).min(text.len()));
        let (a, b) = (a.min(b), a.max(b));
        match random.below(6) {
            0 if a < text.len() => text[a] = u8::try_from(random.below(256)).expect("a byte"),
            1 => text.truncate(b),
            2 => drop(text.drain(a..b)),
            3 => {
                let piece = text[a..b].to_vec();
                text.splice(a..a, piece);
            }
            4 if text.len() < 4_000 => text = [&text[..b], &text[..b], &text[b..]].concat(),
            _ => drop(text.splice(a..a, random.among(&WORDS).iter().copied())),
        }
        text.truncate(8_000);
    }
    text
}

/// Tells whether it was read.
type Read = Box<dyn Fn(&[u8]) -> bool>;

/// What reads, and from what it begins.
struct Parser {
    name: &'static str,
    seeds: Vec<Vec<u8>>,
    read: Read,
}

fn parser(name: &'static str, seeds: &[&str], read: impl Fn(&[u8]) -> bool + 'static) -> Parser {
    let seeds = seeds.iter().map(|seed| seed.as_bytes().to_vec()).collect();
    Parser {
        name,
        seeds,
        read: Box::new(read),
    }
}

/// A value that is read is written in a way that is read again, as the same.
fn value<T: FromStr + Display + PartialEq>(text: &str) -> bool {
    let Ok(value) = text.parse::<T>() else {
        return false;
    };
    let again = value.to_string();
    let same = again.parse::<T>().is_ok_and(|other| other == value);
    assert!(
        same,
        "{text:?} is written as {again:?}, which is something else"
    );
    true
}

fn calendars(bytes: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return false;
    };
    let zone = TimeZone::get("Europe/Paris").expect("a zone");
    let read = [
        value::<Times>(text),
        value::<TimeOfDay>(text),
        value::<Days>(text),
        value::<Cron>(text),
        value::<Window>(text),
        value::<Blackout>(text),
        value::<Span>(text),
        value::<Threshold>(text),
        value::<MaxUnavailable>(text),
        value::<AppUrl>(text),
        value::<AppName>(text),
        value::<ScheduleName>(text),
        // Of what is no zone the nearest one is looked for, which takes milliseconds.
        text.contains('/') && text.parse::<Zone>().is_ok(),
        dyno_name(text).is_ok(),
        process_type(text).is_ok(),
        instant(text).is_ok(),
        instant_in(text, &zone).is_ok(),
    ];
    read.contains(&true)
}

fn schedules(bytes: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return false;
    };
    match store::parse(text) {
        Ok(_) => true,
        Err(error) => {
            assert!(!error.to_string().is_empty());
            false
        }
    }
}

fn in_netrc(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    let found = netrc::find(&text, "api.heroku.com");
    found.is_some_and(|entry| entry.password.is_some())
}

/// However it is cut, the same comes out.
fn events(bytes: &[u8]) -> bool {
    let whole = Events::default().push(bytes);
    let mut cut = Events::default();
    let pieces: Vec<u8> = bytes.chunks(7).flat_map(|piece| cut.push(piece)).collect();
    assert!(whole == pieces, "cut, it is something else: {bytes:?}");
    let mut extract = Extract::default();
    extract.push(&whole, |_| {});
    !whole.is_empty()
}

fn of_log(bytes: &[u8]) -> bool {
    !logfmt::parse(&String::from_utf8_lossy(bytes)).is_empty()
}

fn corpus() -> Vec<Vec<u8>> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/netrc");
    let files = std::fs::read_dir(folder).expect("a folder");
    let mut files: Vec<_> = files.map(|file| file.expect("a file").path()).collect();
    files.sort();
    let read = |path: &std::path::PathBuf| std::fs::read(path).expect("a file");
    files.iter().map(read).collect()
}

fn parsers() -> Vec<Parser> {
    let full = "version = 1\n\n[[schedule]]\napp = \"example-app\"\nname = \"nightly\"\nprocess-type = \"web\"\nat = \"07:00,14:00\"\ndays = \"mon-fri\"\ntimezone = \"Europe/Paris\"\nmax-uptime = \"20h\"\njitter = \"10m\"\nmemory = \"90%\"\nwindow = [\"01:00-16:00\", \"sat 22:00-06:00\"]\nexcept = \"2026-12-24..2026-12-26\"\ncatch-up = \"2h\"\nmax-unavailable = \"25%\"\ncheck-url = \"https://example.com/up\"\nnotify = [\"ops\"]\nsince = 2026-01-01T00:00:00Z\n";
    let dyno = include_str!("../data/dyno.json");
    let mut all = vec![
        parser(
            "schedules file",
            &[
                full,
                "version = 1\n[[schedule]]\napp = \"a-b\"\ncron = \"0 7,14 * * mon-fri\"\n",
                "version = 1\n[[schedule]]\nname = \"all\"\napps = [\"a-b\", \"c-d\"]\nmax-uptime = \"7h\"\nbusy-url = \"https://example.com/busy\"\nbusy-max = \"10m\"\npaused-until = 2026-03-01T00:00:00Z\n",
            ],
            schedules,
        ),
        parser(
            "calendars and other values",
            &[
                "07,14:30,7pm",
                "mon-fri",
                "weekends",
                "0 7,14 * * mon#2,fri",
                "0 0 L * *",
                "0 9 15W * *",
                "@daily",
                "sat 22:00-06:00",
                "2026-12-24..2026-12-26",
                "1h30m",
                "90s",
                "90%",
                "1.5GB",
                "auto",
                "25%",
                "https://example.com/up?x=1",
                "Europe/Paris",
                "web.1",
                "web-848cd4f64d-pvpr2",
                "2026-03-01T07:00:00Z",
                "2026-03-29T02:30[Europe/Paris]",
            ],
            calendars,
        ),
        parser("netrc", &[], in_netrc),
        parser(
            "API replies",
            &[
                &format!("[{dyno}]"),
                "{\"id\":\"01234567-89ab-cdef-0123-456789abcdef\",\"name\":\"example-app\",\"maintenance\":false,\"released_at\":\"2026-03-01T00:00:00Z\",\"generation\":{\"name\":\"cedar\"},\"region\":{\"name\":\"us\"},\"stack\":{\"name\":\"heroku-24\"},\"team\":null,\"space\":null,\"owner\":{\"email\":\"me@example.com\"}}",
                "[{\"id\":\"01234567-89ab-cdef-0123-456789abcdef\",\"type\":\"web\",\"quantity\":2,\"size\":\"Standard-1X\",\"command\":\"bin/web\",\"dyno_size\":{\"name\":\"Standard-1X\"}}]",
                "[{\"name\":\"Standard-1X\",\"memory\":0.5,\"cost\":{\"cents\":2500,\"unit\":\"month\"}}]",
                "{\"enabled\":true,\"name\":\"preboot\"}",
                "{\"logplex_url\":\"https://logs.example.com/x\",\"id\":\"01\"}",
                "{\"remaining\":4500}",
                "[{\"id\":\"01\",\"name\":\"example-app\"}]",
                "{\"id\":\"01\"}",
                "[{\"app\":{\"id\":\"01\"},\"stage\":\"production\"}]",
                "[{\"email\":\"me@example.com\",\"user\":{\"email\":\"me@example.com\"}}]",
                "{\"capabilities\":[{\"capable\":true,\"requires_second_factor\":false}]}",
                "{\"email\":\"me@example.com\",\"federated\":false}",
                "{\"id\":\"01\",\"checksum\":\"SHA256:00\",\"commit\":\"v1\",\"blob\":{\"method\":\"put\",\"url\":\"https://example.com/slug\"}}",
                "[{\"version\":7,\"current\":true,\"slug\":{\"id\":\"01\"}}]",
                "[{\"id\":\"01\",\"plan\":{\"name\":\"scheduler:standard\"}}]",
                "[{\"id\":\"01\",\"description\":\"x\",\"scope\":[\"read\"],\"access_token\":{\"token\":\"HRKU-**********-x\",\"expires_in\":2592000},\"user\":{\"email\":\"me@example.com\"}}]",
                "[{\"id\":7,\"instanceKeys\":[\"NA\"],\"serviceKeys\":[\"HEROKU_APPS\"],\"IncidentImpacts\":[{\"endTime\":null,\"severity\":\"major\"}]}]",
                "[{\"key\":\"HEROKU\"}]",
                "{\"RAILS_ENV\":\"production\"}",
                "{\"status\":[{\"system\":\"Apps\",\"status\":\"red\"}],\"incidents\":[{\"title\":\"x\"}],\"scheduled\":[]}",
            ],
            |bytes| shapes_of(bytes) > 0,
        ),
        parser(
            "server-sent events",
            &[
                ": hello\nid: 1\ndata: 2026-03-02T07:00:00.000000+00:00 heroku[web.1]: source=web.1 dyno=heroku.1.7f9b14bc-1d3b-47f4-91c1-704964b8793f sample#memory_rss=180.00MB\n\nid: 2\r\ndata:two\r\n\r\n",
            ],
            events,
        ),
        parser(
            "log of a runner",
            &[
                "ts=2026-03-02T07:00:00.000Z level=info event=ended app=a dyno=web.1 schedule=default occurrence=2026-03-02T07:00:00Z outcome=restarted detail=\"a \\\"quoted\\\" one\"",
            ],
            of_log,
        ),
    ];
    let netrc = all.iter_mut().find(|parser| parser.name == "netrc");
    netrc.expect("it is there").seeds = corpus();
    all
}

#[test]
fn broken_texts_panic_nothing() {
    let mut failed = vec![];
    for Parser { name, seeds, read } in parsers() {
        let mut random = Random(20_261_129);
        let (began, mut count, mut changed) = (std::time::Instant::now(), 0_u64, 0_u64);
        for number in 0..inputs() {
            // Each seed as it is, first.
            let place = usize::try_from(number).expect("a number");
            let seed = seeds.get(place).unwrap_or_else(|| random.among(&seeds));
            let is_whole = place < seeds.len();
            let text = if is_whole {
                seed.clone()
            } else {
                broken(&mut random, seed)
            };
            match catch_unwind(AssertUnwindSafe(|| read(&text))) {
                Ok(is_read) => {
                    let is_seed = seeds.contains(&text);
                    // Of netrc files some have no entry of ours.
                    assert!(!is_seed || is_read || name == "netrc", "{name}: {text:?}");
                    changed += u64::from(!is_seed);
                    count += u64::from(is_read && !is_seed);
                }
                Err(_) => failed.push(format!("{name}: {:?}", String::from_utf8_lossy(&text))),
            }
        }
        let tried = inputs();
        let seconds = began.elapsed().as_secs_f64();
        println!(
            "{name}: {tried} inputs, {changed} of them other than it began from, {count} of these read, {seconds:.1} s"
        );
        // One that reads nothing, or everything, shows nothing.
        assert!(
            count > 100 && count < changed,
            "{name}: {count} of {changed}"
        );
    }
    assert!(
        failed.is_empty(),
        "{} panics: {:#?}",
        failed.len(),
        &failed[..failed.len().min(5)]
    );
}

/// The file that grows for years.
#[test]
fn a_broken_ledger_is_read_as_far_as_it_can_be() {
    let home = tempfile::tempdir().expect("a directory");
    let path = home.path().join("ledger.jsonl");
    let line = "{\"at\":\"2026-03-02T07:00:30Z\",\"event\":\"requested\",\"app\":\"a\",\"app_id\":\"01\",\"schedule\":\"default\",\"occurrence\":\"2026-03-02T07:00:00Z\",\"dyno\":\"web.1\",\"old_id\":\"1\"}\n";
    let seed = line.repeat(3).into_bytes();
    let mut random = Random(7);
    let tries = inputs() / 20;
    let (mut read, mut torn) = (0, 0);
    for _ in 0..tries {
        std::fs::write(&path, broken(&mut random, &seed)).expect("a file");
        let ledger = Ledger::new(path.clone(), "me".to_owned());
        let (records, lines) = ledger.read().expect("it is read");
        let asked = ledger.asked("01").expect("it is read");
        assert!(asked.len() <= records.len());
        read += records.len();
        torn += lines;
    }
    println!("ledger: {tries} files, {read} lines read, {torn} torn");
    assert!(read > 0 && torn > 0);
}
