//! Takes tokens out of text that came from outside, before it is printed or kept.

use crate::credentials::Secret;

const REDACTED: &str = "[redacted]";
/// What tokens begin with; older ones are bare UUIDs.
const PREFIX: &str = "HRKU-";

/// The text without our own token, whatever its form, and without anything in a token's form.
pub(super) fn redact(text: &str, own: &Secret) -> String {
    let own = own.expose();
    let text = if own.len() >= 4 {
        text.replace(own, REDACTED)
    } else {
        text.to_owned()
    };
    let mut clean = String::with_capacity(text.len());
    let mut rest = text.as_str();
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

/// The length of the token that the text begins with.
fn token_at(text: &str) -> Option<usize> {
    if text.starts_with(PREFIX) {
        let is_part = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        return Some(text.find(|c| !is_part(c)).unwrap_or(text.len()));
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
        let own = Secret::new("an-opaque-token".to_owned());
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
            let clean = redact(&text, &own);
            let is_clean =
                !clean.contains("89ab") && !clean.contains("HRKU") && !clean.contains("opaque");
            assert!(is_clean && clean.contains(REDACTED), "{clean}");
        }
        assert_eq!(
            redact("Couldn't find that app.", &own),
            "Couldn't find that app."
        );
    }
}
