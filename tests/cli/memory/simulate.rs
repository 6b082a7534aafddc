//! `simulate` on logs of every kind: what it makes of holes, of dynos that were not there, of lines
//! without a quota, of R14, and of whatever a shell made of the file.

use crate::process::{Home, Told};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use std::path::PathBuf;

/// Nobody listens there: a saved log is replayed without Heroku.
const NOBODY: &str = "http://127.0.0.1:9";
const HOUR: i32 = 3_600;

/// One dyno of a log: its name, when it told something, in seconds, and what it used first and how much
/// more of it an hour.
#[derive(Clone)]
struct Of(&'static str, std::ops::Range<i32>, f64, f64);

fn lines(dynos: &[Of], quota: Option<u32>) -> Vec<String> {
    let begin: Timestamp = "2026-03-02T06:30:00Z".parse().expect("an instant");
    let mut lines = vec![];
    for (place, Of(name, seconds, from, per_hour)) in dynos.iter().cloned().enumerate() {
        for second in seconds.clone().step_by(20) {
            let hours = f64::from(second - seconds.start) / f64::from(HOUR);
            let at = begin + SignedDuration::from_secs(i64::from(second));
            let quota = quota.map_or_else(String::new, |quota| {
                format!(" sample#memory_quota={quota}.00MB")
            });
            let used = from + per_hour * hours;
            lines.push(format!("{at:.6} heroku[{name}]: source={name} dyno=heroku.1.7f9b14bc-1d3b-47f4-91c1-{place:012} sample#memory_rss={used:.2}MB sample#memory_swap=0.00MB{quota}"));
        }
    }
    lines.sort();
    lines
}

struct Saved {
    home: Home,
    path: PathBuf,
}

impl Saved {
    fn new(bytes: impl AsRef<[u8]>) -> Self {
        let home = Home::new();
        let path = home.path().join("saved.log");
        std::fs::write(&path, bytes).expect("a file");
        Self { home, path }
    }

    fn run(&self, words: &[&str]) -> Told {
        let path = self.path.display().to_string();
        let words = [&["simulate", "--file", &path], words].concat();
        self.home.run(NOBODY, &words)
    }

    /// What came of one policy.
    fn policy(&self, policy: &str) -> Value {
        let told = self.run(&["--json", "--policy", policy]);
        assert_eq!(told.code, Some(0), "{told:?}");
        let shape: Value = serde_json::from_str(&told.stdout).expect("a document");
        shape["policies"][1].clone()
    }
}

fn text(lines: &[String]) -> String {
    lines.join("\n") + "\n"
}

/// Over the quota of 512 MB from 2.12 hours on, twice: 465.6 minutes, less those around a start and the end.
const RECORDED: i64 = 464;

fn leaking() -> Vec<Of> {
    vec![
        Of("web.1", 0..6 * HOUR, 300.0, 100.0),
        Of("web.1", 6 * HOUR..12 * HOUR, 300.0, 100.0),
    ]
}

#[test]
fn r14_is_replayed_as_heroku_would_print_it() {
    let saved = Saved::new(text(&lines(&leaking(), Some(512))));
    let played = saved.policy("--on-r14");
    let restarts = played["restarts"].as_array().expect("restarts");
    assert_eq!(restarts.len(), 4, "{played}");
    assert!(
        restarts.iter().all(|restart| restart["trigger"] == "r14"),
        "{played}"
    );
    let minutes = played["r14_minutes"].as_i64().expect("minutes");
    assert!((1..=8).contains(&minutes), "{played}");
    assert_eq!(
        played["r14_minutes_avoided"].as_i64(),
        Some(RECORDED - minutes),
        "{played}"
    );
}

#[test]
fn a_hole_counts_as_nothing_and_is_told() {
    let whole = lines(&leaking(), Some(512));
    let is_kept = |line: &&String| !("2026-03-02T09:30".."2026-03-02T11:30").contains(&&line[..16]);
    let kept: Vec<String> = whole.iter().filter(is_kept).cloned().collect();
    let saved = Saved::new(text(&kept));
    let told = saved.run(&["--json"]);
    assert_eq!(told.json()["silent_minutes"], 120, "{told:?}");
    assert_eq!(
        told.json()["policies"][0]["r14_minutes"],
        RECORDED - 120,
        "{told:?}"
    );
    let told = saved.run(&[]);
    assert!(
        told.stderr
            .contains("for 2h of the log no dyno tells anything, longest from Mon 02 Mar 2026 09:29 UTC to Mon 02 Mar 2026 11:30 UTC"),
        "{told:?}"
    );
}

#[test]
fn a_dyno_that_was_not_there_uses_nothing_and_is_not_restarted() {
    let dynos = [
        Of("web.1", 0..12 * HOUR, 100.0, 0.0),
        Of("web.2", 0..2 * HOUR, 600.0, 0.0),
        Of("web.2", 8 * HOUR..10 * HOUR, 600.0, 0.0),
    ];
    let saved = Saved::new(text(&lines(&dynos, Some(512))));
    // At 4.5 hours, and at 9.5.
    let played = saved.policy("--at 11,16 --timezone UTC");
    let restarts = played["restarts"].as_array().expect("restarts").iter();
    let mut names: Vec<_> = restarts
        .map(|restart| restart["dyno"].as_str().expect("a name"))
        .collect();
    names.sort_unstable();
    assert_eq!(names, ["web.1", "web.1", "web.2"], "{played}");
    let told = saved.run(&["--json"]);
    let minutes = told.json()["policies"][0]["r14_minutes"]
        .as_i64()
        .expect("minutes");
    assert!((239..=242).contains(&minutes), "{told:?}");
}

#[test]
fn without_a_quota_nothing_is_made_up() {
    let saved = Saved::new(text(&lines(&leaking(), None)));
    let played = saved.policy("--memory 450MB");
    assert_eq!(played["r14_minutes"], Value::Null, "{played}");
    assert_eq!(played["worst_percent"], Value::Null, "{played}");
    assert!(
        played["restarts"]
            .as_array()
            .is_some_and(|all| all.len() > 2),
        "{played}"
    );
    let told = saved.run(&["--policy", "--at 07 --timezone UTC"]);
    assert!(
        told.stderr.contains("no line of the log has a quota"),
        "{told:?}"
    );
    let row = told
        .stdout
        .lines()
        .find(|line| line.contains("--at 07"))
        .expect("a row");
    assert!(!row.contains("0%") && !row.contains("0 min"), "{row}");
}

#[test]
fn an_occurrence_as_the_log_begins_belongs_to_what_was_before() {
    let saved = Saved::new(text(&lines(&leaking(), Some(512))));
    let count = |policy: &str| saved.policy(policy)["restarts"].as_array().map(Vec::len);
    assert_eq!(count("--at 06:30 --timezone UTC"), Some(0));
    assert_eq!(count("--at 06:45 --timezone UTC"), Some(1));
}

#[test]
fn a_log_comes_to_the_same_however_it_was_saved() {
    let lines = lines(&leaking(), Some(512));
    let plain = Saved::new(text(&lines));
    let expected = plain.policy("--memory 90%");
    assert!(
        expected["restarts"]
            .as_array()
            .is_some_and(|all| all.len() > 2),
        "{expected}"
    );
    let (first, last) = lines.split_at(lines.len() / 3);
    let parts = [last, first, &first[5..20]].concat();
    let windows = text(&lines).replace('\n', "\r\n");
    let units = windows.encode_utf16().flat_map(u16::to_le_bytes);
    let windows: Vec<u8> = [0xff, 0xfe].into_iter().chain(units).collect();
    let coloured = lines.iter().map(|line| {
        line.replacen("2026", "\u{1b}[36m2026", 1)
            .replacen(": ", ":\u{1b}[39m ", 1)
    });
    let coloured: Vec<String> = coloured.collect();
    for bytes in [
        text(&parts).into_bytes(),
        windows,
        text(&coloured).into_bytes(),
    ] {
        assert_eq!(Saved::new(bytes).policy("--memory 90%"), expected);
    }
}

#[test]
fn a_picture_replaces_nothing_but_a_picture() {
    let saved = Saved::new(text(&lines(&leaking(), Some(512))));
    let before = std::fs::read(&saved.path).expect("the log");
    let told = saved.run(&["--svg", &saved.path.display().to_string()]);
    assert_eq!(told.code, Some(2), "{told:?}");
    assert!(told.stderr.contains("not a picture of ours"), "{told:?}");
    assert_eq!(std::fs::read(&saved.path).expect("the log"), before);
    let there = |name: &str| saved.home.path().join(name).display().to_string();
    let told = saved.run(&["--svg", &there("nowhere/a.svg")]);
    assert_eq!(told.code, Some(2), "{told:?}");
    assert!(
        told.stderr.contains("its directory does not exist"),
        "{told:?}"
    );
    for _ in 0..2 {
        let told = saved.run(&["--svg", &there("a.svg")]);
        assert_eq!(told.code, Some(0), "{told:?}");
    }
    let svg = std::fs::read_to_string(there("a.svg")).expect("a picture");
    assert!(
        svg.starts_with("<svg") && svg.ends_with("</svg>\n"),
        "{svg}"
    );
}

#[test]
fn a_policy_about_nothing_and_one_that_is_none_are_told() {
    let saved = Saved::new(text(&lines(&leaking(), Some(512))));
    let told = saved.run(&["--policy", "--at 07 --process-type worker"]);
    assert!(
        told.stderr
            .contains("is about worker dynos, of which the log has none"),
        "{told:?}"
    );
    let told = saved.run(&["--policy", "--help"]);
    assert_eq!(told.code, Some(2), "{told:?}");
    assert!(
        told.stderr
            .contains("--policy '--help': unexpected argument '--help'"),
        "{told:?}"
    );
    let told = saved.home.run(NOBODY, &["simulate", "--file", "-"]);
    assert!(
        told.stderr.contains("stdin has no sample of memory"),
        "{told:?}"
    );
}

#[test]
fn why_a_policy_stops_is_told() {
    let saved = Saved::new(text(&lines(&leaking(), Some(512))));
    let told = saved.run(&["--policy", "--memory 90% --max-per-day 2"]);
    for words in [
        "leaves web.1 alone from Mon 02 Mar 2026 11:24",
        "restarted 2 times for its memory in the last 24 hours, of 2 allowed",
    ] {
        assert!(told.stderr.contains(words), "{told:?}");
    }
}

#[test]
fn a_dyno_is_restarted_whether_the_log_tells_of_those_before_it_or_not() {
    let restarts = |dynos: &[Of]| {
        let played = Saved::new(text(&lines(dynos, Some(512)))).policy("--memory 90%");
        let restarts = played["restarts"].as_array().expect("restarts").iter();
        restarts
            .map(|restart| restart["dyno"].as_str().expect("a name").to_owned())
            .collect::<Vec<_>>()
    };
    let [one, two] = ["web.1", "web.7"].map(|name| {
        [
            Of(name, 0..6 * HOUR, 300.0, 100.0),
            Of(name, 6 * HOUR..12 * HOUR, 300.0, 100.0),
        ]
    });
    assert_eq!(restarts(&one), ["web.1"; 4]);
    assert_eq!(restarts(&two), ["web.7"; 4]);
    // One that ends, and one that comes later.
    let others = [
        Of("web.2", 0..HOUR, 100.0, 0.0),
        Of("web.9", 5 * HOUR..9 * HOUR, 100.0, 0.0),
    ];
    assert_eq!(restarts(&[&two[..], &others].concat()), ["web.7"; 4]);
}

#[test]
fn a_dyno_grows_as_it_did_itself_after_a_restart_that_never_was() {
    // The log has the start of web.1 alone.
    let dynos = [
        Of("web.1", 0..6 * HOUR, 200.0, 100.0),
        Of("web.1", 6 * HOUR..12 * HOUR, 200.0, 100.0),
        Of("web.2", 0..12 * HOUR, 250.0, 0.0),
    ];
    let saved = Saved::new(text(&lines(&dynos, Some(512))));
    let played = saved.policy("--at 07,14 --dyno-name web.2 --timezone UTC");
    assert_eq!(played["r14_minutes_avoided"], 0, "{played}");
    assert_eq!(played["wasted"], 2, "{played}");
    let told = saved.run(&["--policy", "--at 07,14"]);
    assert!(
        told.stderr
            .contains("the log does not have the start of 2 dynos"),
        "{told:?}"
    );
}

#[test]
fn flags_that_say_nothing_of_when_are_no_policy() {
    let saved = Saved::new(text(&lines(&leaking(), Some(512))));
    for (policy, flag) in [
        ("--at 07 --json", "--json"),
        ("--at 07 --app example-app", "--app"),
    ] {
        let told = saved.run(&["--policy", policy]);
        assert_eq!(told.code, Some(2), "{told:?}");
        assert!(
            told.stderr.contains(&format!("{flag} has no meaning here")),
            "{told:?}"
        );
    }
    let told = saved
        .home
        .run(NOBODY, &["simulate", "--file", "nowhere.log"]);
    assert_eq!(told.code, Some(2), "{told:?}");
    assert!(
        told.stderr
            .contains("nowhere.log: No such file or directory"),
        "{told:?}"
    );
}

#[test]
fn heroku_s_own_cycle_is_put_off_by_a_restart_and_a_release_is_not() {
    let minutes = |second: i32| {
        let of = |name, end: i32| {
            [
                Of(name, 0..end, 200.0, 20.0),
                Of(name, end..40 * HOUR, 200.0, 20.0),
            ]
        };
        let dynos = [of("web.1", 25 * HOUR), of("web.2", second)].concat();
        let saved = Saved::new(text(&lines(&dynos, Some(512))));
        // At 13:30 of the log: in 24 hours each grows beyond its quota, in 11.5 and then 15 it does not.
        let policy = saved.policy("--at 20:00 --timezone UTC");
        policy["r14_minutes"].as_i64().expect("minutes")
    };
    assert!(minutes(26 * HOUR) > 600, "one after the other: the cycle");
    assert_eq!(minutes(25 * HOUR), 0, "at once: a release");
}

#[test]
fn a_cycle_that_is_put_off_is_told_from_a_release_and_growth_goes_on() {
    let of = |name, end: i32, until: i32| {
        [
            Of(name, 0..end, 200.0, 20.0),
            Of(name, end..until, 200.0, 20.0),
        ]
    };
    let minutes = |dynos: &[Of], policy: &str| {
        let saved = Saved::new(text(&lines(dynos, Some(512))));
        saved.policy(policy)["r14_minutes"]
            .as_i64()
            .expect("minutes")
    };
    // Another one is cycled four minutes later, and a third in its own time.
    let three = [
        of("web.1", 25 * HOUR, 40 * HOUR),
        of("web.2", 25 * HOUR + 240, 40 * HOUR),
        of("web.3", 26 * HOUR, 40 * HOUR),
    ];
    let played = minutes(&three.concat(), "--at 20:00 --timezone UTC");
    assert!(played > 1_200, "{played}");
    // The log begins shortly before the cycle: of what follows it tells more.
    let short = [
        of("web.1", 3 * HOUR, 26 * HOUR),
        of("web.2", 5 * HOUR, 26 * HOUR),
    ];
    let played = minutes(&short.concat(), "--at 07:30 --timezone UTC");
    assert!(played > 600, "{played}");
}
