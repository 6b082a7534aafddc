//! Calendars in bulk: next occurrences of 10,000 schedules, the latest one after a month of sleep, and
//! `plan --next 10` of 1,000 schedules as a whole process. Prints medians and ratios, judges nothing.

#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a benchmark reads the clock, and prints"
)]

mod common;

use autorestart::schedule::{Calendar, Cron, Recurrence};
use common::program;
use jiff::{SignedDuration, Timestamp};
use std::{fmt::Write as _, hint::black_box, process::Command, time::Instant};

const ROUNDS: usize = 15;
const ZONES: [&str; 6] = [
    "UTC",
    "America/New_York",
    "Europe/Paris",
    "Asia/Tokyo",
    "Australia/Lord_Howe",
    "America/Sao_Paulo",
];

/// What people set, and a few odd ones.
fn crons(count: usize) -> Vec<(String, &'static str)> {
    let kinds = |number: usize| match number % 8 {
        0 => format!("{} {} * * *", number % 60, number % 24),
        1 => format!("{} 7,14 * * mon-fri", number % 60),
        2 => format!("*/{} * * * *", 5 + number % 20),
        3 => format!("0 {} 1,15 * *", number % 24),
        4 => format!("30 {} * * sat,sun", number % 24),
        5 => "0 3 L * *".to_owned(),
        6 => format!("0 4 * * {}#1", number % 7),
        _ => "@hourly".to_owned(),
    };
    (0..count)
        .map(|number| (kinds(number), ZONES[number % ZONES.len()]))
        .collect()
}

fn median_ms(mut work: impl FnMut()) -> f64 {
    let mut times: Vec<f64> = (0..=ROUNDS)
        .map(|_| {
            let began = Instant::now();
            work();
            began.elapsed().as_secs_f64() * 1_000.0
        })
        .skip(1) // the first one warms the caches
        .collect();
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

fn main() {
    let now: Timestamp = "2026-11-25T08:00:00Z".parse().expect("an instant");
    let texts = crons(10_000);
    let calendar = |(cron, zone): &(String, &str)| {
        let cron: Cron = cron.parse().expect("a cron expression");
        Calendar::new(
            Recurrence::Cron(Box::new(cron)),
            zone.parse().expect("a zone"),
        )
        .expect("a calendar")
    };
    let calendars: Vec<Calendar> = texts.iter().map(calendar).collect();
    let next = median_ms(|| {
        for calendar in &calendars {
            black_box(calendar.next(black_box(now)));
        }
    });
    let month = now + SignedDuration::from_hours(31 * 24);
    let latest = median_ms(|| {
        for calendar in &calendars {
            black_box(calendar.latest(black_box(month)));
        }
    });
    let parse = median_ms(|| {
        for text in &texts {
            black_box(calendar(black_box(text)));
        }
    });
    println!("calendars, median of {ROUNDS}, one thread");
    println!("next occurrence of 10,000 schedules   {next:>8.2} ms (goal: under 50 ms)");
    println!(
        "latest one, of 10,000, a month later  {latest:>8.2} ms, {:.2} times the next one",
        latest / next
    );
    println!(
        "reading 10,000 expressions            {parse:>8.2} ms, {:.2} times the next one",
        parse / next
    );
    plan_of_a_thousand();
}

/// Whole process, without an account, so that nobody is asked.
fn plan_of_a_thousand() {
    let home = tempfile::tempdir().expect("a directory");
    let path = home.path().join("schedules.toml");
    let mut schedules = "version = 1\n".to_owned();
    for (number, (cron, zone)) in crons(1_000).iter().enumerate() {
        let _ = write!(
            schedules,
            "[[schedule]]\napp = \"app-{number}\"\ncron = \"{cron}\"\ntimezone = \"{zone}\"\n"
        );
    }
    std::fs::write(&path, schedules).expect("a file");
    let run = |words: &[&str]| {
        let output = Command::new(program())
            .args(words)
            .env_clear()
            .env("HOME", home.path())
            .env("AUTORESTART_FILE", &path)
            .env("HEROKU_HOST", "http://127.0.0.1:9")
            .output();
        output.expect("it runs").stdout.len()
    };
    let start = median_ms(|| assert!(run(&["--version"]) > 0));
    let list = median_ms(|| assert!(run(&["--json"]) > 100_000));
    let plan = median_ms(|| assert!(run(&["plan", "--next", "10", "--json"]) > 1_000_000));
    println!(
        "plan --next 10 of 1,000, whole process{plan:>8.2} ms (goal: under 100 ms), {:.1} times --version, {:.1} times the list",
        plan / start,
        plan / list
    );
}
