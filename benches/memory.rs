//! Reading logs for what they tell of memory: the extractor beside ripgrep on a gigabyte, and what a watch
//! of many apps costs. `cargo bench --bench memory`; figures of one run, as ratios.

#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a benchmark reads the clock, and prints"
)]

mod common;

use autorestart::memory::{Extract, line::Told};
use common::program;
use std::{
    fmt::Write as _,
    fs::File,
    io::{BufWriter, Read as _, Write as _},
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

const GIGABYTE: u64 = 1_000_000_000;
const RUNS: usize = 5;
const PIECE: usize = 256 << 10;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    // This program in its own process, for its peak of memory.
    if let [_, word, path] = &arguments[..]
        && word == "extract"
    {
        println!("{}", extract(Path::new(path)));
        return;
    }
    let folder = tempfile::tempdir().expect("a directory");
    let path = folder.path().join("app.log");
    let (bytes, samples) = write_log(&path);
    println!("a log of {bytes} bytes, {samples} samples of memory");
    let found = extract(&path);
    assert_eq!(found, samples, "every sample is found");
    let ours = best(|| assert_eq!(extract(&path), samples));
    #[expect(clippy::cast_precision_loss, reason = "a speed")]
    let speed = bytes as f64 / ours.as_secs_f64() / 1e9;
    println!("extractor: {:.3} s, {speed:.1} GB/s", ours.as_secs_f64());
    // Before any other child: the peak is that of all of them.
    let peak = peak_of(Command::new(&arguments[0]).arg("extract").arg(&path));
    println!("extractor: {peak:.1} MiB at its peak (goal 10)");
    let has_rg = Command::new("rg")
        .arg("--version")
        .stdout(Stdio::null())
        .status();
    if has_rg.is_ok() {
        let theirs = best(|| {
            let mut rg = Command::new("rg");
            let rg = rg
                .args(["-c", "sample#memory_total="])
                .arg(&path)
                .output()
                .expect("rg runs");
            assert_eq!(
                String::from_utf8_lossy(&rg.stdout).trim(),
                samples.to_string()
            );
        });
        let ratio = theirs.as_secs_f64() / ours.as_secs_f64();
        println!(
            "rg -c 'sample#memory_total=': {:.3} s; the extractor has {ratio:.2} of its speed (goal 0.5)",
            theirs.as_secs_f64()
        );
    } else {
        println!("SKIPPED: rg is not installed");
    }
    let simulate = best(|| {
        let mut simulate = Command::new(program());
        let simulate = simulate
            .args(["simulate", "--policy", "--memory 90%", "--file"])
            .arg(&path);
        assert!(simulate.output().expect("it runs").status.success());
    });
    println!(
        "simulate --policy '--memory 90%': {:.2} s, whole process (goal 2)",
        simulate.as_secs_f64()
    );
    watch(folder.path());
}

/// What a watch of fifty apps with ten dynos each costs, in its second minute: it listens to fifty logs.
#[cfg(target_os = "linux")]
fn watch(folder: &Path) {
    const APPS: usize = 50;
    let app = |number: usize| {
        format!(
            "[[app]]\nname = \"app-{number}\"\nmetrics = true\nhabits = {{ log-delay = \"2s\" }}\n[[app.formation]]\ntype = \"web\"\nquantity = 10\nup-for = \"2h\"\nleak = {{ from = 180, per-hour = 5 }}\n"
        )
    };
    let schedule =
        |number: usize| format!("[[schedule]]\napp = \"app-{number}\"\nmemory = \"90%\"\n");
    let scenario = folder.join("fifty.toml");
    let schedules = folder.join("schedules.toml");
    let all = |one: &dyn Fn(usize) -> String| (0..APPS).map(one).collect::<String>();
    std::fs::write(&scenario, all(&app)).expect("a file");
    std::fs::write(&schedules, format!("version = 1\n{}", all(&schedule))).expect("a file");
    let sandbox = common::Sandbox::start(&scenario);
    let mut watch = sandbox.command(&["run", "--watch"], &schedules, &folder.join("state"));
    let mut watch = watch.stdout(Stdio::null()).spawn().expect("it starts");
    let minute = Duration::from_secs(60);
    std::thread::sleep(minute);
    let before = milliseconds_of(watch.id());
    std::thread::sleep(minute);
    let used = milliseconds_of(watch.id()) - before;
    let status = std::fs::read_to_string(format!("/proc/{}/status", watch.id())).expect("it runs");
    let peak = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .unwrap_or("unknown");
    let _ = watch.kill();
    let _ = watch.wait();
    #[expect(clippy::cast_precision_loss, reason = "a small number")]
    let share = used as f64 / minute.as_millis() as f64 * 100.0;
    println!(
        "a watch of {APPS} apps with 10 dynos each: {share:.2} % of one core (goal 1), {} at its peak (goal 20 MiB)",
        peak.trim()
    );
}

/// What a process has used of the processors, by its hundredths of a second.
#[cfg(target_os = "linux")]
fn milliseconds_of(process: u32) -> u64 {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).expect("it runs");
    let (_, after) = stat.rsplit_once(')').expect("a name");
    let ticks = after.split_whitespace().skip(11).take(2);
    ticks
        .map(|ticks| 10 * ticks.parse::<u64>().expect("a number"))
        .sum()
}

#[cfg(not(target_os = "linux"))]
fn watch(_folder: &Path) {
    println!("SKIPPED: what a watch costs is read from /proc");
}

fn extract(path: &Path) -> u64 {
    let mut file = File::open(path).expect("a log");
    let (mut extract, mut buffer, mut count) = (Extract::default(), vec![0; PIECE], 0);
    loop {
        let length = file.read(&mut buffer).expect("it can be read");
        if length == 0 {
            return count;
        }
        extract.push(&buffer[..length], |line| {
            count += u64::from(matches!(line.told, Told::Sample { .. }));
        });
    }
}

fn best(mut work: impl FnMut()) -> Duration {
    let once = |_| {
        let begin = Instant::now();
        work();
        begin.elapsed()
    };
    (0..RUNS).map(once).min().expect("some runs")
}

/// The largest resident set of a process, in MiB.
fn peak_of(command: &mut Command) -> f64 {
    assert!(
        command
            .stdout(Stdio::null())
            .status()
            .expect("it runs")
            .success()
    );
    let usage = nix::sys::resource::getrusage(nix::sys::resource::UsageWho::RUSAGE_CHILDREN);
    let kibibytes = usage.expect("usage").max_rss();
    #[expect(clippy::cast_precision_loss, reason = "a small number")]
    let peak = kibibytes as f64 / 1_024.0;
    peak
}

/// A busy app's log: of ten lines one is a sample, the others are the router's, the app's and loads.
fn write_log(path: &Path) -> (u64, u64) {
    let mut file = BufWriter::new(File::create(path).expect("a file"));
    let (mut bytes, mut samples) = (0, 0);
    let mut second = 0_u64;
    while bytes < GIGABYTE {
        second += 2;
        let (day, hour, minute) = (
            1 + second / 86_400 % 28,
            second / 3_600 % 24,
            second / 60 % 60,
        );
        let at = format!(
            "2026-03-{day:02}T{hour:02}:{minute:02}:{:02}.{:06}+00:00",
            second % 60,
            second % 1_000_000
        );
        let dyno = second / 2 % 10 + 1;
        let life = format!(
            "7f9b14bc-1d3b-47f4-91c1-70496{:07}",
            (second / 86_400) * 100 + dyno
        );
        let used = 180 + second % 86_400 / 400;
        let mut text = String::new();
        for request in 0..8 {
            let _ = writeln!(
                text,
                "{at} heroku[router]: at=info method=GET path=\"/orders/{request}\" host=example-app.herokuapp.com request_id={life} fwd=\"203.0.113.9\" dyno=web.{dyno} connect=1ms service=23ms status=200 bytes=5123 protocol=https"
            );
        }
        let _ = writeln!(
            text,
            "{at} heroku[web.{dyno}]: source=web.{dyno} dyno=heroku.1234567.{life} sample#load_avg_1m=0.10 sample#load_avg_5m=0.12"
        );
        let _ = writeln!(
            text,
            "{at} heroku[web.{dyno}]: source=web.{dyno} dyno=heroku.1234567.{life} sample#memory_total={used}.25MB sample#memory_rss={used}.00MB sample#memory_cache=0.25MB sample#memory_swap=0.00MB sample#memory_pgpgin=9pages sample#memory_pgpgout=0pages sample#memory_quota=512.00MB"
        );
        file.write_all(text.as_bytes()).expect("room on the disk");
        bytes += text.len() as u64;
        samples += 1;
    }
    file.flush().expect("room on the disk");
    (bytes, samples)
}
