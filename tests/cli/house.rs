//! What holds the house in shape: which file may know which.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

fn sources() -> Vec<(String, String)> {
    fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                walk(&path, found);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = vec![];
    walk(&root, &mut found);
    found.sort();
    let read = |path: &PathBuf| {
        let name = path
            .strip_prefix(&root)
            .expect("below src")
            .display()
            .to_string();
        (name, fs::read_to_string(path).expect("text"))
    };
    found.iter().map(read).collect()
}

/// The modules of this crate that a file names, tests left out.
fn known_modules(text: &str) -> BTreeSet<String> {
    let code = text.split("#[cfg(test)]").next().unwrap_or_default();
    let mut modules = BTreeSet::new();
    for (place, _) in code.match_indices("crate::") {
        let rest = &code[place + "crate::".len()..];
        let names = rest
            .strip_prefix('{')
            .map_or_else(|| vec![rest], outer_names);
        let first = |name: &str| {
            name.trim()
                .split(|c: char| !c.is_alphanumeric() && c != '_')
                .next()
                .unwrap_or_default()
                .to_owned()
        };
        modules.extend(names.into_iter().map(first).filter(|name| !name.is_empty()));
    }
    modules
}

/// The names directly inside a brace, not those of inner braces.
fn outer_names(list: &str) -> Vec<&str> {
    let (mut depth, mut begin, mut names) = (0, 0, vec![]);
    for (place, character) in list.char_indices() {
        match character {
            '{' => depth += 1,
            '}' if depth == 0 => {
                names.push(&list[begin..place]);
                break;
            }
            '}' => depth -= 1,
            ',' if depth == 0 => {
                names.push(&list[begin..place]);
                begin = place + 1;
            }
            _ => {}
        }
    }
    names
}

#[test]
fn pure_files_know_only_each_other() {
    const PURE: [&str; 5] = ["memory", "schedule", "simulate", "snapshot", "plan"];
    let files = sources();
    let pure: Vec<_> = files
        .iter()
        .filter(|(name, _)| PURE.iter().any(|module| name.starts_with(module)))
        .collect();
    assert!(pure.len() > 15, "the pure middle is where it was");
    for (name, text) in pure {
        for module in known_modules(text) {
            assert!(
                PURE.contains(&module.as_str()),
                "{name} is pure and must not know {module}"
            );
        }
        let code = text.split("#[cfg(test)]").next().unwrap_or_default();
        for outside in [
            "std::fs",
            "std::net",
            "std::env",
            "std::process",
            "std::io",
            "tokio",
            "reqwest",
            "Timestamp::now",
            "async fn",
        ] {
            assert!(
                !code.contains(outside),
                "{name} is pure and must not use {outside}"
            );
        }
    }
}

#[test]
fn each_kind_of_input_and_output_has_one_door() {
    let doors: [(&str, &[&str]); 11] = [
        ("reqwest", &["heroku/"]),
        ("keyring::", &["credentials/keychain.rs"]),
        ("keyring_core", &["credentials/keychain.rs"]),
        ("dialoguer", &["ui/question.rs"]),
        ("indicatif", &["ui/progress.rs"]),
        ("axum::", &["sandbox/"]),
        ("toml_edit", &["store/", "sandbox/scenario.rs"]),
        (
            "std::fs",
            &[
                "store/",
                "credentials/",
                "state/",
                "heartbeat.rs",
                "ledger/files.rs",
                "turn.rs",
                "heroku/tls.rs",
                "zones.rs",
                "signals.rs",
                "sandbox/scenario.rs",
                "sandbox/processes.rs",
                "runner/",
                "ui/log.rs",
                "ui/file.rs",
            ],
        ),
        (
            "process::Command",
            &[
                "credentials/keychain.rs",
                "commands/demo.rs",
                "sandbox/processes.rs",
                "runner/install/system.rs",
            ],
        ),
        ("tokio::signal", &["signals.rs"]),
        ("std::net", &["sandbox/server.rs"]),
    ];
    for (name, text) in sources() {
        let code = text.split("#[cfg(test)]").next().unwrap_or_default();
        for (library, homes) in doors {
            let is_home = homes.iter().any(|home| name.starts_with(home));
            assert!(
                is_home || !names(code, library),
                "{name} uses {library}, whose home is {homes:?}"
            );
        }
    }
}

/// Whether code names this path, also as `use std::{fs, ..}`.
fn names(code: &str, path: &str) -> bool {
    let in_braces = path.split_once("::").is_some_and(|(root, inner)| {
        let begin = format!("{root}::{{");
        code.match_indices(&begin).any(|(place, _)| {
            outer_names(&code[place + begin.len()..])
                .into_iter()
                .any(|name| name.trim().starts_with(inner))
        })
    });
    in_braces || code.contains(path)
}

#[test]
fn a_path_is_found_however_it_is_named() {
    for code in [
        "use std::fs;",
        "std::fs::read(path)",
        "use std::{\n    fs::{self, File},\n    io,\n};",
        "use std::{io, fs};",
    ] {
        assert!(names(code, "std::fs"), "{code}");
    }
    assert!(!names("use std::{fmt, io};", "std::fs"));
}

#[test]
fn the_sandbox_knows_nothing_of_our_client() {
    for (name, text) in sources()
        .iter()
        .filter(|(name, _)| name.starts_with("sandbox"))
    {
        for module in known_modules(text) {
            assert!(
                ["clock", "schedule", "sandbox"].contains(&module.as_str()),
                "{name} must not know {module}"
            );
        }
    }
}

#[test]
fn every_file_says_what_it_owns_and_none_is_a_room_for_everything() {
    let mut lengths = vec![];
    for (name, text) in sources() {
        assert!(text.starts_with("//!"), "{name} opens with what it owns");
        let lines = text
            .split("#[cfg(test)]")
            .next()
            .unwrap_or_default()
            .lines()
            .count();
        assert!(lines <= 420, "{name} has {lines} lines");
        assert!(
            !text.contains("#[allow("),
            "{name}: expect with a reason, not allow"
        );
        lengths.push(lines);
    }
    lengths.sort_unstable();
    let median = lengths[lengths.len() / 2];
    assert!(median <= 150, "the median file has {median} lines");
}
