//! A thousand apps with ten dynos each, due at once, where nobody counts requests and every answer takes 50 ms:
//! what one `run` asks, how long it takes, and how large it gets. `cargo bench --bench fleet`.

#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a benchmark reads the clock, and prints"
)]

mod common;

use common::Sandbox;
use std::{collections::BTreeMap, time::Instant};

const APPS: usize = 1_000;
const DYNOS: usize = 10;
const LATENCY_MS: usize = 50;
const BOOT_MS: usize = 1_000;

fn main() {
    let home = tempfile::tempdir().expect("a directory");
    let app = |number: usize| {
        format!(
            "[[app]]\nname = \"app-{number:04}\"\nhabits = {{ boot = \"1s\" }}\n[[app.formation]]\ntype = \"web\"\nquantity = {DYNOS}\nup-for = \"20h\"\n"
        )
    };
    let schedule = |number: usize| {
        format!("[[schedule]]\napp = \"app-{number:04}\"\nmax-uptime = \"6h\"\nsettle = \"0s\"\n")
    };
    let all = |one: &dyn Fn(usize) -> String| (0..APPS).map(one).collect::<String>();
    let (scenario, schedules) = (
        home.path().join("fleet.toml"),
        home.path().join("schedules.toml"),
    );
    let world = format!("unlimited = true\nlatency-ms = {LATENCY_MS}\n{}", all(&app));
    std::fs::write(&scenario, world).expect("a file");
    std::fs::write(&schedules, format!("version = 1\n{}", all(&schedule))).expect("a file");
    let sandbox = Sandbox::start(&scenario);
    let words = ["run", "--json", "--concurrency", "1000"];
    let mut run = sandbox.command(&words, &schedules, &home.path().join("state"));
    let began = Instant::now();
    let run = run.output().expect("it runs");
    let took = began.elapsed().as_secs_f64();
    // The sandbox is not over yet: the largest child so far is that run.
    let usage = nix::sys::resource::getrusage(nix::sys::resource::UsageWho::RUSAGE_CHILDREN);
    let kibibytes = usage.expect("usage").max_rss();
    let record = kinds(&sandbox.requests());
    let document: serde_json::Value = serde_json::from_slice(&run.stdout).expect("a document");
    let restarted = document["steps"].as_array().expect("steps").iter();
    let restarted = restarted
        .filter(|step| step["outcome"] == "restarted")
        .count();
    println!(
        "{restarted} of {} dynos restarted, exit {:?}",
        APPS * DYNOS,
        run.status.code()
    );
    let total: usize = record.values().sum();
    let least = APPS * 3 + APPS * DYNOS * 2;
    let lists = record.get("GET dynos").copied().unwrap_or(0);
    // One list before the first restart of an app, and one after each.
    let polls = lists - APPS * (DYNOS + 1);
    let ratio = |a: usize, b: usize| {
        f64::from(u32::try_from(a).expect("few")) / f64::from(u32::try_from(b).expect("few"))
    };
    println!("requests: {total}, by kind {record:?}");
    println!(
        "of them {polls} polls (lists beyond one an app and one a dyno, {:.2} lists a dyno in all); the others are {:.2} of the least possible ({least}: 3 an app, 2 a dyno), all together {:.2}",
        ratio(lists, APPS * DYNOS),
        ratio(total - polls, least),
        ratio(total, least)
    );
    let limit = ratio(4 * LATENCY_MS + DYNOS * (BOOT_MS + 2 * LATENCY_MS), 1_000);
    println!(
        "wall time: {took:.1} s, {:.2} of the {limit:.1} s that boots and latency take one after the other",
        took / limit
    );
    assert_eq!((restarted, run.status.code()), (APPS * DYNOS, Some(0)));
    println!(
        "peak memory: {:.1} MiB (goal 40)",
        f64::from(u32::try_from(kibibytes).expect("small")) / 1_024.0
    );
}

/// The requests that there were, by method and the last word of what they are about.
fn kinds(requests: &[serde_json::Value]) -> BTreeMap<String, usize> {
    let mut kinds = BTreeMap::new();
    for request in requests {
        let (method, path) = (&request["method"], &request["path"]);
        let words: Vec<&str> = path.as_str().unwrap_or_default().split('/').collect();
        let kind = match words[..] {
            ["", "apps", _] => "app",
            ["", "apps", _, kind, ..] => kind,
            _ => "other",
        };
        let method = method.as_str().unwrap_or_default();
        *kinds.entry(format!("{method} {kind}")).or_default() += 1;
    }
    kinds
}
