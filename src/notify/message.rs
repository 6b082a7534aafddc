//! What is sent: one document of what is new, or one text for a chat.

use super::{names::Format, told::News};
use crate::{plan::Ended, schedule::Span};
use jiff::Timestamp;
use serde_json::{Value, json};
use std::fmt::Write as _;

/// What one name is told of one pass.
#[derive(Debug)]
pub struct Message<'a> {
    pub news: &'a News,
    /// Of those who want to hear of each.
    pub restarted: &'a [&'a Ended],
    pub at: Timestamp,
    /// The machine, or the app, that tells it.
    pub from: &'a str,
}

/// Lines of a text; of more it is told how many there are.
const MOST: usize = 20;

impl Message<'_> {
    #[must_use]
    pub fn body(&self, format: Format) -> Value {
        match format {
            Format::Slack => of_text(&self.text()),
            Format::Json => self.document(),
        }
    }

    fn event(&self) -> &'static str {
        if !self.news.troubles.is_empty() {
            "trouble"
        } else if self.news.over.is_empty() {
            "restarted"
        } else {
            "over"
        }
    }

    fn document(&self) -> Value {
        let troubles = self.news.troubles.iter().map(|(entry, said)| {
            json!({ "app": entry.key.app, "schedule": entry.key.schedule, "kind": entry.key.kind,
                "since": entry.since, "detail": said })
        });
        let over = self.news.over.iter().map(|entry| {
            json!({ "app": entry.key.app, "schedule": entry.key.schedule, "kind": entry.key.kind,
                "since": entry.since })
        });
        let restarted = self.restarted.iter().map(|ended| {
            json!({ "app": ended.step.app, "dyno": ended.step.dyno, "schedule": ended.step.schedule,
                "trigger": ended.step.trigger, "occurrence": ended.step.occurrence,
                "took_ms": i64::try_from(ended.took.as_millis()).ok() })
        });
        json!({
            "event": self.event(),
            "at": self.at,
            "from": self.from,
            "version": env!("CARGO_PKG_VERSION"),
            "troubles": troubles.collect::<Vec<_>>(),
            "over": over.collect::<Vec<_>>(),
            "restarted": restarted.collect::<Vec<_>>(),
            "text": self.text(),
        })
    }

    fn text(&self) -> String {
        let troubles = self.news.troubles.iter();
        let troubles = troubles.map(|(entry, said)| format!("{}: {said}", entry.key.in_words()));
        let over = self.news.over.iter().map(|entry| {
            let lasted = Span::whole_seconds_of(self.at.duration_since(entry.since));
            format!("over after {lasted}: {}", entry.key.in_words())
        });
        let restarted = self.restarted.iter().map(|ended| {
            let (app, dyno, why) = (&ended.step.app, &ended.step.dyno, ended.step.why());
            format!("{app}: {dyno} restarted ({why})")
        });
        let lines: Vec<String> = troubles.chain(over).chain(restarted).collect();
        text_of(self.from, &lines, 0)
    }
}

/// Documents of one event as one.
#[must_use]
pub fn together(documents: &[&Value]) -> Value {
    let Some((last, others)) = documents.split_last() else {
        return Value::Null;
    };
    if others.is_empty() {
        return (*last).clone();
    }
    let mut all = (*last).clone();
    for list in ["troubles", "over", "restarted"] {
        let lists = documents.iter().filter_map(|one| one[list].as_array());
        all[list] = lists.flatten().cloned().collect();
    }
    let texts = documents.iter().filter_map(|one| one["text"].as_str());
    let (mut lines, mut more) = (vec![], 0);
    for line in texts.flat_map(|text| text.lines().skip(1)) {
        match more_of(line) {
            Some(count) => more += count,
            None => lines.push(line),
        }
    }
    let from = last["from"].as_str().unwrap_or_default();
    all["text"] = text_of(from, &lines, more).into();
    all
}

/// How many lines are left out of a text, by its last one.
fn more_of(line: &str) -> Option<usize> {
    let count = line.strip_prefix("and ")?.strip_suffix(" more")?;
    count.parse().ok()
}

/// A text with the first of these lines, of which `more` are left out already.
fn text_of<T: AsRef<str>>(from: &str, lines: &[T], more: usize) -> String {
    let mut text = format!("autorestart on {from}");
    for line in lines.iter().take(MOST) {
        text.push('\n');
        text.push_str(line.as_ref());
    }
    let more = more + lines.len().saturating_sub(MOST);
    if more > 0 {
        let _ = write!(text, "\nand {more} more");
    }
    text
}

/// What a chat gets.
#[must_use]
pub fn of_text(text: &str) -> Value {
    json!({ "text": escaped(text) })
}

/// Slack takes these three for its own.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn together_they_tell_how_much_is_left_out_of_all() {
        let of = |count: usize| {
            let lines: Vec<String> = (0..count).map(|number| format!("line {number}")).collect();
            json!({ "event": "trouble", "troubles": lines, "over": [], "restarted": [],
                "from": "here", "text": text_of("here", &lines, 0) })
        };
        let all = together(&[&of(60), &of(3), &of(25)]);
        let text = all["text"].as_str().expect("a text");
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(all["troubles"].as_array().map(Vec::len), Some(88));
        assert_eq!((lines.len(), lines[0]), (22, "autorestart on here"));
        assert_eq!(lines[21], "and 68 more");
        let one = of(2);
        assert_eq!(together(&[&one]), one);
    }
}
