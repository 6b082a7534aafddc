//! Whole processes against each other, round by round in one run: prints medians, peaks of memory, requests
//! and ratios, judges nothing. `cargo bench --bench whole_process`; rows whose program is not there are
//! left out, and said. `AUTORESTART_BINARY`: the binary that is measured, such as the packed one.

#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a benchmark reads the clock, and prints"
)]

mod common;

use common::Sandbox;
use nix::sys::resource::{UsageWho, getrusage};
use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Instant,
};
use tempfile::TempDir;

const ROUNDS: usize = 15;
const WORLD: &str = "unlimited = true\n[[app]]\nname = \"example-app\"\nhabits = { boot = \"0s\" }\n[[app.formation]]\ntype = \"web\"\nquantity = 1\nup-for = \"9h\"\n";

struct Row {
    name: &'static str,
    command: Vec<String>,
    schedules: &'static str,
    milliseconds: Vec<f64>,
    kibibytes: i64,
    requests: usize,
}

/// A home, and a Heroku whose dynos boot at once.
struct Place {
    home: TempDir,
    host: String,
    ours: String,
    sandbox: Sandbox,
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let Some(("measure", command)) = arguments
        .split_first()
        .map(|(first, rest)| (first.as_str(), rest))
    {
        return measure_one(command);
    }
    let place = Place::new();
    for (title, rows) in [
        ("start, and nothing due", idle(&place)),
        ("one restart, of a dyno that boots at once", restart(&place)),
    ] {
        println!("{title}: whole processes, median of {ROUNDS}");
        let rows = there(rows, &place);
        report(&measured(rows, &place));
        println!();
    }
}

/// One schedule whose occurrences are all to come, and a hundred.
fn not_due(count: usize) -> String {
    let one = |number: usize| {
        let app = match number {
            0 => "example-app".to_owned(),
            _ => format!("app-{number:03}"),
        };
        format!(
            "[[schedule]]\napp = \"{app}\"\nat = \"07,14\"\ntimezone = \"Europe/Paris\"\nsince = 2099-01-01T00:00:00Z\n"
        )
    };
    format!(
        "version = 1\n{}",
        (0..count).map(one).collect::<Vec<_>>().join("\n")
    )
}

impl Place {
    fn new() -> Self {
        let home = tempfile::tempdir().expect("a directory");
        let write =
            |name: &str, text: &str| std::fs::write(home.path().join(name), text).expect("a file");
        write("world.toml", WORLD);
        write("one.toml", &not_due(1));
        write("hundred.toml", &not_due(100));
        let ours = common::program().to_string_lossy().into_owned();
        let bytes = std::fs::metadata(&ours).expect("the binary").len();
        println!("{ours}: {:.2} MB", rounded(bytes / 10_000) / 100.0);
        let sandbox = Sandbox::start(&home.path().join("world.toml"));
        let place = Self {
            host: sandbox.host.clone(),
            home,
            ours,
            sandbox,
        };
        link(place.home.path());
        place
    }

    /// How many requests there were so far.
    fn requests(&self) -> usize {
        self.sandbox.requests().len()
    }
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn heroku() -> String {
    root()
        .join("node_modules/.bin/heroku")
        .display()
        .to_string()
}

/// Ours first; the others are what it is compared with.
fn idle(place: &Place) -> Vec<Row> {
    let (ours, heroku) = (place.ours.as_str(), heroku());
    vec![
        row("autorestart --version", "one", &[ours, "--version"]),
        row("autorestart run, nothing due", "one", &[ours, "run"]),
        row("autorestart, the list of 1 schedule", "one", &[ours]),
        row("autorestart, the list of 100", "hundred", &[ours]),
        row("autorestart run, 100 not due", "hundred", &[ours, "run"]),
        row("curl --version", "one", &["curl", "--version"]),
        row("ruby -e 0", "one", &["ruby", "-e", "0"]),
        row("heroku version", "one", &[&heroku, "version"]),
        row(
            "heroku dynos:autorestart:run, nothing due",
            "one",
            &[&heroku, "dynos:autorestart:run"],
        ),
    ]
}

fn restart(place: &Place) -> Vec<Row> {
    let now = [
        "--now",
        "--app",
        "example-app",
        "--dyno-name",
        "web.1",
        "--settle",
        "0s",
        "--yes",
    ];
    let with = |words: &[&'static str]| [words, &now[..]].concat();
    let (heroku, peers) = (heroku(), root().join("benches/peers"));
    let path = |name: &str| peers.join(name).display().to_string();
    vec![
        row(
            "autorestart run --now, proven",
            "one",
            &[&[place.ours.as_str(), "run"][..], &now].concat(),
        ),
        row(
            "heroku dynos:autorestart:run --now, proven",
            "one",
            &[&[heroku.as_str()][..], &with(&["dynos:autorestart:run"])].concat(),
        ),
        row(
            "curl: list, restart, list",
            "one",
            &["sh", &path("restart.sh")],
        ),
        row(
            "ruby net/http: list, restart",
            "one",
            &["ruby", &path("restart.rb")],
        ),
        row(
            "heroku ps:restart",
            "one",
            &[
                heroku.as_str(),
                "ps:restart",
                "--app",
                "example-app",
                "--dyno-name",
                "web.1",
            ],
        ),
    ]
}

fn row(name: &'static str, schedules: &'static str, command: &[&str]) -> Row {
    Row {
        name,
        command: command.iter().map(|word| (*word).to_owned()).collect(),
        schedules,
        milliseconds: vec![],
        kibibytes: 0,
        requests: 0,
    }
}

/// What `heroku plugins:link` writes.
fn link(home: &Path) {
    let data = home.join(".local/share/heroku");
    std::fs::create_dir_all(&data).expect("a directory");
    std::fs::create_dir_all(home.join(".cache/heroku")).expect("a directory");
    std::fs::write(home.join(".cache/heroku/terms-of-service"), "").expect("a file");
    let plugin = format!(
        "{{\"type\":\"link\",\"name\":\"heroku-dynos-autorestart\",\"root\":\"{}\"}}",
        root().display()
    );
    let package = format!(
        "{{\"private\":true,\"name\":\"heroku\",\"dependencies\":{{}},\"oclif\":{{\"schema\":1,\"plugins\":[{plugin}]}}}}"
    );
    std::fs::write(data.join("package.json"), package).expect("a file");
}

/// The rows whose command does what it should here.
fn there(rows: Vec<Row>, place: &Place) -> Vec<Row> {
    let tried = rows.into_iter().filter_map(|mut row| {
        let before = place.requests();
        if measure(&row, place).is_none() {
            println!("SKIPPED: {} does not run here", row.name);
            return None;
        }
        row.requests = place.requests() - before;
        Some(row)
    });
    tried.collect()
}

fn measured(mut rows: Vec<Row>, place: &Place) -> Vec<Row> {
    for _ in 0..ROUNDS {
        for row in &mut rows {
            let (milliseconds, kibibytes) = measure(row, place).expect("it ran before");
            row.milliseconds.push(milliseconds);
            row.kibibytes = row.kibibytes.max(kibibytes);
        }
    }
    rows
}

/// Runs the command in a child of its own, whose only child it is: so is its memory told.
fn measure(row: &Row, place: &Place) -> Option<(f64, i64)> {
    let me = std::env::current_exe().expect("this program");
    let schedules = place.home.path().join(format!("{}.toml", row.schedules));
    let output = Command::new(me)
        .arg("measure")
        .args(&row.command)
        .env_clear()
        .env("HOME", place.home.path())
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("AUTORESTART_BINARY", &place.ours)
        .env("AUTORESTART_FILE", schedules)
        .envs([
            ("HEROKU_API_KEY", "0c5f9b7e-2d53-4b1c-9a77-4f1f0b2f6a10"),
            ("HEROKU_HOST", place.host.as_str()),
            ("HEROKU_PARTICLEBOARD_URL", place.host.as_str()),
            ("HEROKU_SKIP_NEW_VERSION_CHECK", "true"),
            ("HEROKU_DISABLE_AUTOUPDATE", "true"),
            ("DISABLE_TELEMETRY", "true"),
            ("OCLIF_DISABLE_LINKED_ESM_WARNING", "1"),
        ])
        .output()
        .expect("it starts");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let mut numbers = text.split_whitespace();
    let milliseconds = numbers.next()?.parse().ok()?;
    Some((milliseconds, numbers.next()?.parse().ok()?))
}

fn measure_one(command: &[String]) {
    let began = Instant::now();
    let status = Command::new(&command[0])
        .args(&command[1..])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    let milliseconds = began.elapsed().as_secs_f64() * 1_000.0;
    assert!(status.expect("it starts").success(), "{command:?} fails");
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).expect("usage");
    println!("{milliseconds} {}", usage.max_rss());
}

fn median(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_by(f64::total_cmp);
    numbers[numbers.len() / 2]
}

/// The median of what two rows are to each other, round by round: both had the same machine then.
fn times(a: &Row, b: &Row) -> f64 {
    let rounds = a.milliseconds.iter().zip(&b.milliseconds);
    median(rounds.map(|(a, b)| a / b).collect())
}

fn rounded(number: u64) -> f64 {
    f64::from(u32::try_from(number).unwrap_or(u32::MAX))
}

fn report(rows: &[Row]) {
    println!(
        "{:<46} {:>9} {:>9} {:>9}   times the first",
        "", "ms", "peak MiB", "requests"
    );
    for row in rows {
        println!(
            "{:<46} {:>9.2} {:>9.1} {:>9} {:>9.2}",
            row.name,
            median(row.milliseconds.clone()),
            rounded(row.kibibytes.cast_unsigned()) / 1_024.0,
            row.requests,
            times(row, &rows[0])
        );
    }
    let named = |name: &str| rows.iter().find(|row| row.name.starts_with(name));
    let plugin = named("heroku dynos:autorestart:run, nothing due");
    if let (Some(plugin), Some(version)) = (plugin, named("heroku version")) {
        println!(
            "the plugin over heroku version: {:+.1} % (goal: under 10 %)",
            (times(plugin, version) - 1.0) * 100.0
        );
    }
}
