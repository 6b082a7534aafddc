//! Whole processes against each other, in one run: prints medians and ratios, judges nothing.
//!
//! `cargo bench` measures the release build; rows whose program is not there are left out.

#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a benchmark reads the clock, and prints"
)]

use nix::sys::resource::{UsageWho, getrusage};
use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Instant,
};

const ROUNDS: usize = 15;

struct Row {
    name: &'static str,
    command: Vec<String>,
    milliseconds: Vec<f64>,
    kibibytes: i64,
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let Some(("measure", command)) = arguments
        .split_first()
        .map(|(first, rest)| (first.as_str(), rest))
    {
        return measure_one(command);
    }
    let home = tempfile::tempdir().expect("a directory");
    let schedules = home.path().join("schedules.toml");
    std::fs::write(&schedules, schedules_not_due()).expect("a file");
    let mut rows = rows(home.path(), &schedules);
    for round in 0..=ROUNDS {
        for row in &mut rows {
            let (milliseconds, kibibytes) = measure(row, home.path(), &schedules);
            if round > 0 {
                row.milliseconds.push(milliseconds); // the first round warms the caches
            }
            row.kibibytes = row.kibibytes.max(kibibytes);
        }
    }
    report(&rows);
}

/// One schedule whose occurrences are all to come.
fn schedules_not_due() -> &'static str {
    "version = 1\n[[schedule]]\napp = \"example-app\"\nat = \"07,14\"\ntimezone = \"UTC\"\nsince = 2099-01-01T00:00:00Z\n"
}

fn rows(home: &Path, schedules: &Path) -> Vec<Row> {
    let ours = env!("CARGO_BIN_EXE_autorestart").to_owned();
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let heroku = root.join("node_modules/.bin/heroku").display().to_string();
    let mut rows = vec![
        row("curl --version", &["curl", "--version"]),
        row("autorestart --version", &[&ours, "--version"]),
        row("autorestart run, nothing due", &[&ours, "run"]),
    ];
    if Path::new(&heroku).exists() && root.join("plugin/dist").exists() {
        link(home, &root);
        rows.push(row("heroku version", &[&heroku, "version"]));
        rows.push(row(
            "heroku dynos:autorestart:run, nothing due",
            &[&heroku, "dynos:autorestart:run"],
        ));
    }
    assert!(schedules.exists());
    rows
}

fn row(name: &'static str, command: &[&str]) -> Row {
    Row {
        name,
        command: command.iter().map(|word| (*word).to_owned()).collect(),
        milliseconds: vec![],
        kibibytes: 0,
    }
}

/// What `heroku plugins:link` writes.
fn link(home: &Path, root: &Path) {
    let data = home.join(".local/share/heroku");
    std::fs::create_dir_all(&data).expect("a directory");
    std::fs::create_dir_all(home.join(".cache/heroku")).expect("a directory");
    std::fs::write(home.join(".cache/heroku/terms-of-service"), "").expect("a file");
    let plugin = format!(
        "{{\"type\":\"link\",\"name\":\"heroku-dynos-autorestart\",\"root\":\"{}\"}}",
        root.display()
    );
    let package = format!(
        "{{\"private\":true,\"name\":\"heroku\",\"dependencies\":{{}},\"oclif\":{{\"schema\":1,\"plugins\":[{plugin}]}}}}"
    );
    std::fs::write(data.join("package.json"), package).expect("a file");
}

/// Runs the command in a child of its own, whose only child it is: so is its memory told.
fn measure(row: &Row, home: &Path, schedules: &Path) -> (f64, i64) {
    let me = std::env::current_exe().expect("this program");
    let mut command = Command::new(me);
    command
        .arg("measure")
        .args(&row.command)
        .env_clear()
        .env("HOME", home)
        .env("AUTORESTART_FILE", schedules);
    command
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("HEROKU_API_KEY", "bench");
    command
        .env("AUTORESTART_BINARY", env!("CARGO_BIN_EXE_autorestart"))
        .env("OCLIF_DISABLE_LINKED_ESM_WARNING", "1");
    command
        .env("DISABLE_TELEMETRY", "true")
        .env("HEROKU_SKIP_NEW_VERSION_CHECK", "true")
        .env("HEROKU_DISABLE_AUTOUPDATE", "true");
    let output = command.output().expect("it runs");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let mut numbers = text.split_whitespace();
    let milliseconds = numbers.next().and_then(|number| number.parse().ok());
    let kibibytes = numbers.next().and_then(|number| number.parse().ok());
    milliseconds
        .zip(kibibytes)
        .unwrap_or_else(|| panic!("{}: {output:?}", row.name))
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
fn paired(a: &Row, b: &Row, compare: impl Fn(f64, f64) -> f64) -> f64 {
    let rounds = a.milliseconds.iter().zip(&b.milliseconds);
    median(rounds.map(|(a, b)| compare(*a, *b)).collect())
}

fn report(rows: &[Row]) {
    println!(
        "{:<44} {:>10} {:>10}",
        format!("whole process, median of {ROUNDS}"),
        "ms",
        "peak MiB"
    );
    for row in rows {
        let kibibytes = i32::try_from(row.kibibytes).unwrap_or(i32::MAX);
        println!(
            "{:<44} {:>10.2} {:>10.1}",
            row.name,
            median(row.milliseconds.clone()),
            f64::from(kibibytes) / 1_024.0
        );
    }
    let [curl, start, run, ..] = rows else {
        return;
    };
    println!("compared round by round, median:");
    println!(
        "run, nothing due, over process start: {:+.2} ms (goal: under 5 ms)",
        paired(run, start, |run, start| run - start)
    );
    println!(
        "run, nothing due / curl --version: {:.2} (goal: under 2, and 2 ms)",
        paired(run, curl, |run, curl| run / curl)
    );
    if let [_, _, _, version, plugin] = rows {
        println!(
            "plugin over heroku version: {:+.1} % (goal: under 10 %)",
            paired(plugin, version, |plugin, version| (plugin / version - 1.0)
                * 100.0)
        );
    }
}
