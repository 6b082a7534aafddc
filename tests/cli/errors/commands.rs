//! What commands say to a person: the binary itself, each error answered for good to each of its calls.

use super::{ERRORS, name};
use crate::process::{Home, Served, block};
use serde_json::json;
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
};

const WORLD: &str = "seed = 1\naccount = \"me@example.com\"\n[[team]]\nname = \"acme\"\nmembers = [\"me@example.com\"]\n[[app]]\nname = \"example-app\"\nteam = \"acme\"\npipeline = \"shop/production\"\nmetrics = true\n[[app.formation]]\ntype = \"web\"\nquantity = 1\nup-for = \"5h\"\n";
const SCHEDULES: &str = "version = 1\n[[schedule]]\napp = \"example-app\"\nat = \"07:00\"\ntimezone = \"UTC\"\nsince = 2026-03-02T05:00:00Z\n";

const START: &str = "2026-03-02T06:00:00Z";
/// A thousand seconds pass in one.
const CLOCK: &str = "2026-03-02T06:00:00Z*1000";

const SETUP: &[&str] = &["auth", "setup", "--create", "--keep-in", "file"];

const COMMANDS: [&[&str]; 11] = [
    &["set", "--app", "example-app", "--at", "08"],
    &["set", "--team", "acme", "--at", "08"],
    &["set", "--pipeline", "shop", "--at", "08"],
    &["plan"],
    &["status", "--app", "example-app"],
    &["doctor"],
    &["run", "--check"],
    SETUP,
    &["auth", "rotate"],
    &["auth", "remove", "--confirm", "me@example.com"],
    &["deploy", "remove", "--confirm", "no-runner"],
];

/// The binary on a clock on which nobody waits for long.
fn run(home: &Home, served: &Served, words: &[&str]) -> (Option<u8>, Vec<String>) {
    let mut command = home.command(&served.heroku.url, words);
    command.env("AUTORESTART_CLOCK", CLOCK);
    let output = command.output().expect("it runs");
    let host = served.heroku.url.trim_start_matches("http://");
    // What is wrong is the result of one that looks after it.
    let result = if words == ["doctor"] {
        &output.stdout[..]
    } else {
        &[]
    };
    let text = [result, &output.stderr].concat();
    let text = String::from_utf8_lossy(&text).replace(host, "api.heroku.com");
    let text = text.replace("127.0.0.1", "the log's host");
    let home = home.path().display().to_string();
    let lines = text.lines().map(|line| anywhere(&line.replace(&home, "~")));
    let code = output
        .status
        .code()
        .and_then(|code| u8::try_from(code).ok());
    // Two clocks that run so fast are apart.
    let is_said = |line: &String| {
        // What is done, with ids and places that are others each time.
        let is_well = ["ok ", "  what", "  for ", "  kept in"]
            .iter()
            .any(|begin| line.starts_with(begin));
        !line.trim().is_empty() && !line.contains("Heroku's clock") && !is_well
    };
    (code, lines.filter(is_said).collect())
}

/// The calls that a command makes where all goes well, and what it says then.
fn calls(words: &[&str]) -> (BTreeSet<(String, String)>, Vec<String>) {
    let (home, served) = begin(words);
    let before = block(served.heroku.record()).requests.len();
    let (_, said) = run(&home, &served, words);
    let record = block(served.heroku.record());
    let requests = record.requests.into_iter().skip(before);
    let calls = requests.map(|request| (request.method, request.path));
    (calls.collect(), said)
}

fn begin(words: &[&str]) -> (Home, Served) {
    let home = Home::new();
    let world = home.path().join("world.toml");
    std::fs::write(&world, WORLD).expect("a file");
    home.write_schedules(SCHEDULES);
    let served = Served::start(&world.display().to_string(), Some(START));
    if matches!(words, ["auth", "rotate" | "remove", ..]) {
        assert_eq!(run(&home, &served, SETUP).0, Some(0));
    }
    (home, served)
}

/// What came of an error: the exit code, and what was said.
type Said = (Option<u8>, String);

/// What is said of each error where this call of a command fails for good.
fn row(words: &[&str], (method, path): &(String, String), usual: &[String]) -> Vec<Said> {
    let of_one = |(status, id, message): (u16, &str, &str)| {
        let (home, served) = begin(words);
        let kind = json!({ "status": { "status": status, "id": id, "message": message } });
        let faults = json!([{ "method": method, "path": path, "is-whole": true, "times": 4_000_000_000_u32, "kind": kind }]);
        block(served.heroku.faults(&faults));
        let (code, lines) = run(&home, &served, words);
        let lines = lines.into_iter().filter(|line| !usual.contains(line));
        let lines = lines.map(|line| {
            line.split(' ')
                .map(without_ids)
                .collect::<Vec<String>>()
                .join(" ")
        });
        (code, lines.collect::<Vec<String>>().join("; "))
    };
    ERRORS.into_iter().map(of_one).collect()
}

/// The calls of a command, and what comes of each error there.
fn of_command(words: &'static [&'static str]) -> Vec<(&'static [&'static str], String, Vec<Said>)> {
    let (calls, usual) = calls(words);
    let of_call = |call: (String, String)| {
        let said = row(words, &call, &usual);
        (words, format!("{} {}", call.0, without_ids(&call.1)), said)
    };
    calls.into_iter().map(of_call).collect()
}

/// An authorization has the name of this machine, and a random part.
fn anywhere(line: &str) -> String {
    match line.split_once("autorestart on ") {
        Some((before, after)) => {
            let after = after.split_once('\'').map_or(after, |(_, after)| after);
            format!("{before}autorestart on MACHINE'{after}")
        }
        None => line.to_owned(),
    }
}

/// Ids are others where anything of the sandbox is another.
fn without_ids(path: &str) -> String {
    let is_id = |word: &&str| word.len() == 36 && word.matches('-').count() == 4;
    let words = path.split('/');
    let words = words.map(|word| if is_id(&word) { "{id}" } else { word });
    words.collect::<Vec<&str>>().join("/")
}

/// For each command and call, what is said of which errors.
pub fn table() -> String {
    let (some, others) = COMMANDS.split_at(COMMANDS.len() / 2);
    let of = |commands: &[&'static [&'static str]]| {
        commands
            .iter()
            .flat_map(|words| of_command(words))
            .collect::<Vec<_>>()
    };
    let all = std::thread::scope(|scope| {
        let others = scope.spawn(|| of(others));
        let mut all = of(some);
        all.extend(others.join().expect("a table"));
        all
    });
    // What most calls say of an error is said once.
    let mostly = |place: usize| {
        let mut counts: BTreeMap<&Said, usize> = BTreeMap::new();
        for (_, _, said) in &all {
            *counts.entry(&said[place]).or_default() += 1;
        }
        let is_whole = |(said, _): &(&Said, usize)| said.1.starts_with("Error: ");
        let most = counts.into_iter().filter(is_whole);
        let most = most.max_by_key(|(_, count)| *count);
        most.expect("a call").0.clone()
    };
    let mostly: Vec<Said> = (0..ERRORS.len()).map(mostly).collect();
    let mut text = String::from(
        "\n# Commands\n\nThe same errors, given every time to each call that a command makes, and what a person then reads on stderr (for `doctor`:\nanywhere) beyond what is printed without the error. Usually it is the following; below, its words and its hint are only referred to:\n\n| error | exit | said |\n|---|---|---|\n",
    );
    for (error, said) in ERRORS.into_iter().zip(&mostly) {
        line(&mut text, &name(error), said);
    }
    let mut last: &[&str] = &[];
    for (words, call, said) in &all {
        if *words != last {
            let _ = write!(
                text,
                "\n## `{}`\n\n| call and error | exit | said |\n|---|---|---|\n",
                words.join(" ")
            );
            last = words;
        }
        let mut groups: BTreeMap<Said, Vec<String>> = BTreeMap::new();
        for ((error, (code, said)), (_, mostly)) in ERRORS.into_iter().zip(said).zip(&mostly) {
            let mostly = mostly.trim_start_matches("Error: ");
            let (words, hint) = mostly.split_once("; hint: ").expect("words and a hint");
            let said = said.replace(words, "(words)").replace(hint, "(hint)");
            groups.entry((*code, said)).or_default().push(name(error));
        }
        let most = groups.values().map(Vec::len).max();
        for (said, errors) in &groups {
            let errors = match errors.len() {
                count if count == ERRORS.len() => "all".to_owned(),
                count if Some(count) == most && count > 3 => "the others".to_owned(),
                _ => errors.join(", "),
            };
            line(&mut text, &format!("`{call}`: {errors}"), said);
        }
    }
    text
}

fn line(text: &mut String, what: &str, (code, said): &Said) {
    let code = code.map_or_else(|| "-".to_owned(), |code| code.to_string());
    let said = match said.as_str() {
        "" => "nothing".to_owned(),
        said => said.replace('|', "\\|"),
    };
    let _ = writeln!(text, "| {what} | {code} | {said} |");
}
