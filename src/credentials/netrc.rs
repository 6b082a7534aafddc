//! Reads one entry of a netrc file; never writes.
//!
//! A reader of our own, although the package list names the crate `netrc`: version 0.4.1 (2015)
//! fails the whole file on any `#` and on the `method` and `org` keys that older Heroku CLIs wrote,
//! and panics on a non-ASCII character. A comment cannot be taken out beforehand without parsing,
//! because `#` may begin a password. Of the corpus in `tests/data/netrc` this reads every file.

/// Login and password of a machine.
#[derive(Clone, PartialEq, Eq)]
pub struct Entry {
    pub login: Option<String>,
    pub password: Option<String>,
}

/// The first entry of this machine. A `default` entry is nobody's: it is not looked at.
#[must_use]
pub fn find(text: &str, machine: &str) -> Option<Entry> {
    let mut words = Words { rest: text };
    let mut found: Option<Entry> = None;
    let mut is_ours = false;
    while let Some(key) = words.key() {
        match key.as_str() {
            "machine" | "default" if found.is_some() => break,
            "machine" => {
                is_ours = words.value()? == machine;
                found = is_ours.then_some(Entry {
                    login: None,
                    password: None,
                });
            }
            "default" => is_ours = false,
            "macdef" => words.skip_macro(),
            // Keys with a value that we have no use for: `account`, `port`, `method`, `org`.
            _ => {
                let value = words.value();
                match (&mut found, key.as_str()) {
                    (Some(entry), "login") if is_ours => entry.login = value,
                    (Some(entry), "password") if is_ours => entry.password = value,
                    _ => {}
                }
            }
        }
    }
    found
}

struct Words<'a> {
    rest: &'a str,
}

impl Words<'_> {
    /// The next word where a key is expected; a `#` there begins a comment.
    fn key(&mut self) -> Option<String> {
        loop {
            self.rest = self.rest.trim_start_matches(is_space);
            match self.rest.strip_prefix('#') {
                Some(comment) => self.rest = comment.find('\n').map_or("", |end| &comment[end..]),
                None => return self.word(),
            }
        }
    }

    /// The next word where a value is expected: a `#` belongs to it, except in a comment that stands
    /// between a key and its value on the next line.
    fn value(&mut self) -> Option<String> {
        self.rest = self.rest.trim_start_matches(is_space);
        self.word()
    }

    fn word(&mut self) -> Option<String> {
        if let Some(quoted) = self.rest.strip_prefix('"') {
            return Some(self.quoted(quoted));
        }
        let end = self.rest.find(is_space).unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        (!word.is_empty()).then(|| word.to_owned())
    }

    fn quoted(&mut self, text: &str) -> String {
        let mut word = String::new();
        let mut characters = text.char_indices();
        while let Some((at, character)) = characters.next() {
            match character {
                '"' => {
                    self.rest = &self.rest[at + 2..];
                    return word;
                }
                '\\' => word.extend(characters.next().map(|(_, escaped)| escaped)),
                other => word.push(other),
            }
        }
        self.rest = "";
        word
    }

    /// A macro ends at the first empty line.
    fn skip_macro(&mut self) {
        while let Some(end) = self.rest.find('\n') {
            self.rest = &self.rest[end + 1..];
            let line = self.rest.lines().next().unwrap_or_default();
            if line.trim().is_empty() {
                return;
            }
        }
        self.rest = "";
    }
}

/// ASCII white space and the byte order mark, which editors put in front.
fn is_space(character: char) -> bool {
    character.is_ascii_whitespace() || character == '\u{feff}'
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::{collections::BTreeMap, path::Path};

    type LoginAndPassword = (Option<String>, Option<String>);

    #[test]
    fn every_file_of_the_corpus_gives_its_entry() {
        let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/netrc");
        let expected = std::fs::read(corpus.join("expected.json")).expect("expected.json");
        let expected: BTreeMap<String, Option<LoginAndPassword>> =
            serde_json::from_slice(&expected).expect("JSON");
        assert!(expected.len() >= 23, "the corpus is whole");
        for (file, expected) in expected {
            let text = String::from_utf8(std::fs::read(corpus.join(&file)).expect("a corpus file"))
                .expect("UTF-8");
            let found = find(&text, "api.heroku.com").map(|entry| (entry.login, entry.password));
            assert_eq!(found, expected, "{file}");
        }
    }

    #[test]
    fn the_first_of_two_entries_counts_as_for_the_heroku_cli() {
        let text = "machine api.heroku.com login a password 1\nmachine api.heroku.com login b password 2\n";
        assert!(
            find(text, "api.heroku.com")
                .is_some_and(|entry| entry.password.as_deref() == Some("1"))
        );
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "(?s)(machine|login|password|macdef|default|\"|#|\\\\|api.heroku.com|[ \t\r\n]|é|\u{2003}|.){0,40}") {
            let _ = find(&text, "api.heroku.com");
        }
    }
}
