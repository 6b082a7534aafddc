//! Takes tokens out of text that came from outside, before it is printed or kept.

use crate::credentials::Secret;
use serde_json::Value;
use std::borrow::Cow;

const REDACTED: &str = "[redacted]";
/// What tokens begin with; older ones are bare UUIDs.
const PREFIX: &str = "HRKU-";

/// The text without our own tokens, whatever their form, and without anything in a token's form.
pub(crate) fn all(text: &str, own: &[Secret]) -> String {
    without(&without(&without_own(text, own), token_at), user_at)
}

/// What somebody else says, on one line and not too long of it, whatever it is written on: it goes to
/// terminals and into tables.
pub(crate) fn on_one_line(text: &str) -> String {
    const LONGEST: usize = 500;
    let words = text.split(|c: char| c.is_whitespace() || is_unseen(c));
    let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
    let line = words.join(" ");
    match line.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

/// A text of some lines as it is, but without what a terminal obeys, and without the rest of a word that no
/// person wrote, or of a text that none reads.
pub(crate) fn in_lines(text: &str) -> String {
    const LONGEST_WORD: usize = 300;
    const LONGEST: usize = 10_000;
    let mut length = 0;
    let mut clean = String::new();
    for c in text.chars().filter(|c| *c == '\n' || !is_unseen(*c)) {
        length = if c.is_whitespace() { 0 } else { length + 1 };
        match length {
            0..=LONGEST_WORD => clean.push(c),
            _ if length == LONGEST_WORD + 1 => clean.push('…'),
            _ => {}
        }
    }
    if let Some((end, _)) = clean.char_indices().nth(LONGEST) {
        clean.truncate(end);
        clean.push('…');
    }
    clean
}

/// What a terminal obeys, or turns the text around it with.
fn is_unseen(c: char) -> bool {
    let turns = matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{2028}' | '\u{2029}');
    turns || c.is_control()
}

/// The same for a text in which ids are to stay, which look like the older tokens.
pub(crate) fn known<'a>(text: &'a str, own: &[Secret]) -> Cow<'a, str> {
    // A short one, as a sandbox takes, may be part of a name.
    let is_long = |token: &&Secret| token.expose().len() >= 20;
    let own: Vec<Secret> = own.iter().filter(is_long).cloned().collect();
    let is_clean = !text.contains(PREFIX) && !own.iter().any(|token| text.contains(token.expose()));
    if is_clean {
        return Cow::Borrowed(text);
    }
    Cow::Owned(without(&without_own(text, &own), newer_token_at))
}

/// The same for every text in an answer.
pub(super) fn within(value: &mut Value, own: &[Secret]) {
    match value {
        Value::String(text) => {
            if let Cow::Owned(clean) = known(text, own) {
                *text = clean;
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| within(item, own)),
        Value::Object(entries) => entries.values_mut().for_each(|item| within(item, own)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn without_own(text: &str, own: &[Secret]) -> String {
    let mut text = text.to_owned();
    for token in own
        .iter()
        .map(Secret::expose)
        .filter(|token| token.len() >= 4)
    {
        text = text.replace(token, REDACTED);
    }
    text
}

fn without(text: &str, token_at: fn(&str) -> Option<usize>) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(character) = rest.chars().next() {
        let length = token_at(rest).unwrap_or(0);
        if length > 0 {
            clean.push_str(REDACTED);
            rest = &rest[length..];
        } else {
            clean.push(character);
            rest = &rest[character.len_utf8()..];
        }
    }
    clean
}

fn newer_token_at(text: &str) -> Option<usize> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    let is_token = text.starts_with(PREFIX);
    is_token.then(|| text.find(|c| !is_part(c)).unwrap_or(text.len()))
}

/// The length of a URL's user and password, where the text is what follows its scheme.
fn user_at(text: &str) -> Option<usize> {
    let user = text.strip_prefix("://")?;
    let end = user.find(|c: char| c == '/' || c == '@' || c.is_whitespace())?;
    let is_user = user[end..].starts_with('@') && end > 0;
    is_user.then_some("://".len() + end)
}

/// The length of the token that the text begins with.
fn token_at(text: &str) -> Option<usize> {
    if let Some(length) = newer_token_at(text) {
        return Some(length);
    }
    let uuid = text.get(..36)?;
    let has_dashes = [8, 13, 18, 23]
        .iter()
        .all(|place| uuid.as_bytes()[*place] == b'-');
    (has_dashes && uuid::Uuid::try_parse(uuid).is_ok()).then_some(36)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_form_of_a_token_stays() {
        let own = [Secret::new("an-opaque-token".to_owned())];
        let uuid = "01234567-89ab-cdef-0123-456789abcdef";
        for text in [
            format!("token={uuid}"),
            format!("Bearer:{uuid}."),
            format!("\t{uuid}\n"),
            format!("id:{uuid}a"),
            "HRKU-AA0123_x-y is it".to_owned(),
            format!("(HRKU-{uuid})"),
            "an-opaque-token".to_owned(),
            "\"an-opaque-token\"é".to_owned(),
        ] {
            let clean = all(&text, &own);
            let is_clean =
                !clean.contains("89ab") && !clean.contains("HRKU") && !clean.contains("opaque");
            assert!(is_clean && clean.contains(REDACTED), "{clean}");
        }
        assert_eq!(
            all("Couldn't find that app.", &own),
            "Couldn't find that app."
        );
    }

    #[test]
    fn a_user_of_a_url_goes_and_what_is_said_stays_on_its_line() {
        assert_eq!(
            all("see https://me:hunter2@host/x or postgres://host@y", &[]),
            "see https[redacted]@host/x or postgres[redacted]@y"
        );
        assert_eq!(
            all("me@example.com has https://host/me@home", &[]),
            "me@example.com has https://host/me@home"
        );
        let line = on_one_line("\u{1b}]0;title\u{7} red\nline2\r\n\tx");
        assert_eq!(line, "]0;title red line2 x");
        let long = on_one_line(&"é".repeat(30_000));
        assert_eq!(long.chars().count(), 501);
    }

    #[test]
    fn lines_stay_as_they_are_but_for_what_a_terminal_obeys() {
        let good = "Error: a  table\n  and its rows, ⬢ example-app\n";
        assert_eq!(in_lines(good), good);
        assert_eq!(in_lines("a\u{1b}]0;t\u{7}\u{202e}\r\nb"), "a]0;t\nb");
        let value = format!("app '{}' is no name", "x".repeat(1 << 20));
        let cut = in_lines(&value);
        assert!(
            cut.starts_with("app 'xxx") && cut.ends_with("x… is no name"),
            "{cut}"
        );
        assert!(in_lines(&"word ".repeat(10_000)).chars().count() < 10_002);
    }

    #[test]
    fn ids_stay_where_only_known_tokens_go() {
        let own = [Secret::new(
            "01234567-89ab-cdef-0123-456789abcdef".to_owned(),
        )];
        let text = "id 7d1f0c3e-5a8b-4e6f-b2a9-90c1d2e3f405, HRKU-AA01_x, 01234567-89ab-cdef-0123-456789abcdef";
        assert_eq!(
            known(text, &own),
            "id 7d1f0c3e-5a8b-4e6f-b2a9-90c1d2e3f405, [redacted], [redacted]"
        );
        assert!(matches!(known("nothing", &own), Cow::Borrowed(_)));
    }
}
