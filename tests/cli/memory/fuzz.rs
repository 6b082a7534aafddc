//! Lines as a broken world might send them: nothing panics, and no dyno is restarted for what it never used.

use crate::calendars::property::Random;
use autorestart::{
    memory::{Bytes, Extract, Level, Lives, Seen},
    snapshot::{Dyno, State},
};
use jiff::{SignedDuration, Timestamp};

/// 10 million for `npm run test:deep`.
fn lines() -> i64 {
    std::env::var("AUTORESTART_TEST_LINES")
        .map_or(200_000, |count| count.parse().expect("a number"))
}

const LIFE: &str = "7f9b14bc-1d3b-47f4-91c1-704964b8793f";
const OTHER: &str = "d97d0ea7-cf3d-411b-b453-d2943a50b456";
/// A line of a later time is refused from here on.
const AHEAD: SignedDuration = SignedDuration::from_mins(2);

fn begin() -> Timestamp {
    "2026-03-02T00:00:00Z".parse().expect("an instant")
}

/// One of the lines in the log of two dynos: web.1 has 180 MB of its 512, web.2 has 600.
fn line(random: &mut Random, at: Timestamp) -> String {
    let at = format!("{at:.6}").replace('Z', "+00:00");
    match random.below(12) {
        0 => {
            format!("{at} heroku[web.1]: source=web.1 dyno=heroku.1.{LIFE} sample#load_avg_1m=0.10")
        }
        1 => format!("{at} heroku[router]: at=info method=GET path=\"/\" dyno=web.1 status=200"),
        2 => {
            format!("{at} app[web.1]: source=web.1 dyno=heroku.1.{LIFE} sample#memory_rss=999.00MB")
        }
        3 => format!("{at} app[heroku-redis]: source=REDIS sample#memory-total=999999.00kB"),
        4 => format!("{at} heroku[web.2]: Process running mem=600M(117.2%)"),
        5 => format!("{at} heroku[web.2]: Error R14 (Memory quota exceeded)"),
        6 => format!(
            "{at} heroku[web.2]: source=web.2 dyno=heroku.1.{OTHER} sample#memory_rss=512.00MB sample#memory_swap=88.00MB sample#memory_quota=512.00MB"
        ),
        7 => format!(
            "{at} heroku[logplex]: Error L11 (Tail buffer overflow) -> 9 messages dropped since {at}."
        ),
        _ => format!(
            "{at} heroku[web.1]: source=web.1 dyno=heroku.1.{LIFE} sample#memory_total=188.00MB sample#memory_rss=180.00MB sample#memory_cache=8.00MB sample#memory_swap=0.00MB sample#memory_quota=512.00MB"
        ),
    }
}

/// Breaks a line in one of many ways.
fn broken(random: &mut Random, mut line: Vec<u8>) -> Vec<u8> {
    let place = |random: &mut Random, length: usize| {
        usize::try_from(random.below(i64::try_from(length.max(1)).expect("short")))
            .expect("an index")
    };
    for _ in 0..=random.below(3) {
        let (a, b) = (place(random, line.len()), place(random, line.len()));
        let (a, b) = (a.min(b), a.max(b));
        let byte = u8::try_from(random.below(256)).expect("a byte");
        match random.below(7) {
            0 if !line.is_empty() => line[a] = byte,
            1 => line.truncate(a),
            2 => drop(line.drain(..a)),
            3 => drop(line.drain(a..b)),
            4 => line.insert(a, byte),
            5 => {
                let piece = line[a..b].to_vec();
                let at = place(random, line.len());
                line.splice(at..at, piece);
            }
            _ => line.extend_from_slice(
                b" sample#memory_swap=99999999999999999999MB sample#memory_rss=-1.00MB",
            ),
        }
    }
    line
}

fn dyno(id: &str, name: &str) -> Dyno {
    Dyno {
        id: id.to_owned(),
        name: name.to_owned(),
        process_type: "web".to_owned(),
        state: State::Up,
        created_at: begin() - SignedDuration::from_hours(1),
        updated_at: begin() - SignedDuration::from_hours(1),
        release: 1,
        is_attached: false,
        size: "Standard-1X".to_owned(),
    }
}

/// What `--memory 90%` and `--on-r14` make of a dyno.
fn is_due(seen: &Seen, now: Timestamp) -> bool {
    let quota = seen.quota().unwrap_or(Bytes::mb(512));
    let is_over = matches!(seen.level(quota.percent(90), now), Level::Over { .. });
    is_over || seen.exceeded_since(now).is_some()
}

#[test]
fn fuzzed_lines_panic_nothing_restart_nothing_and_blind_nobody() {
    let mut random = Random(20_261_129);
    let (mut lives, mut extract) = (Lives::default(), Extract::default());
    let dynos = [dyno(LIFE, "web.1"), dyno(OTHER, "web.2")];
    let (mut now, mut read, mut rest) = (begin(), 0_u64, vec![]);
    let (mut asked, mut heard, mut due) = (0_u32, 0_u32, 0_u32);
    for number in 0..lines() {
        now += SignedDuration::from_millis(5_000);
        let mut text = line(&mut random, now).into_bytes();
        if random.below(4) > 0 {
            text = broken(&mut random, text);
        }
        rest.extend_from_slice(&text);
        rest.push(b'\n');
        // Cut wherever it comes, and now and then the connection breaks.
        let end = rest.len()
            - usize::try_from(random.below(20))
                .expect("small")
                .min(rest.len());
        extract.push(&rest[..end], |line| {
            read += 1;
            lives.tell(line, now);
        });
        rest.drain(..end);
        if random.below(1_000) == 0 {
            extract.cut();
        }
        if number % 16 == 0 {
            let seen = lives.seen(&dynos);
            assert!(!is_due(&seen[LIFE], now), "after {number} lines: {seen:?}");
            let last_at = seen[LIFE].last_at();
            assert!(last_at <= Some(now + AHEAD), "after {number} lines");
            asked += 1;
            heard += u32::from(last_at.is_some_and(|at| now - AHEAD <= at));
            due += u32::from(is_due(&seen[OTHER], now));
        }
    }
    let told = format!(
        "{} lines, {read} of them read; of {asked} times, web.1 was heard of {heard} times and web.2 was due {due} times",
        lines()
    );
    println!("{told}");
    assert!(
        read > u64::try_from(lines()).expect("positive") / 10,
        "{told}"
    );
    // To the end, and not only at its beginning.
    assert!(heard > asked * 9 / 10 && due > asked / 20, "{told}");
}
