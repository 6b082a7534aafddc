//! `doctor`: looks at everything that a pass relies on. Each line is ok, a warning or broken, and says
//! what to do; there is no secret in any, and no e-mail address unless it is asked for.

mod credential;
mod here;
mod reach;

use super::Context;
use crate::{
    cli::Doctor,
    error::{Error, exit},
    heroku::redact,
    store::Store,
};
use console::Style;
use serde_json::json;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "snake_case")]
enum Level {
    Ok,
    Warning,
    Broken,
}

/// One thing that was looked at.
struct Line {
    what: &'static str,
    level: Level,
    said: String,
    mend: Option<String>,
}

impl Line {
    fn ok(what: &'static str, said: impl Into<String>) -> Self {
        Self {
            what,
            level: Level::Ok,
            said: said.into(),
            mend: None,
        }
    }

    fn warning(what: &'static str, said: impl Into<String>, mend: impl Into<String>) -> Self {
        Self {
            level: Level::Warning,
            mend: Some(mend.into()),
            ..Self::ok(what, said)
        }
    }

    fn broken(what: &'static str, said: impl Into<String>, mend: impl Into<String>) -> Self {
        Self {
            level: Level::Broken,
            mend: Some(mend.into()),
            ..Self::ok(what, said)
        }
    }

    /// An error as it is worded everywhere.
    fn of(what: &'static str, error: &Error) -> Self {
        Self {
            level: Level::Broken,
            mend: error.hint(),
            ..Self::ok(what, error.to_string())
        }
    }
}

pub(super) async fn doctor(context: &Context<'_>, flags: &Doctor) -> Result<u8, Error> {
    let stop = super::stop();
    let looked = async {
        let mut lines = here::version(context);
        lines.extend(here::zones());
        let (of_files, schedules) = here::files(context, &flags.common).await;
        lines.extend(of_files);
        lines.extend(here::told(context, &schedules));
        lines.extend(here::runner(context, &flags.common, &schedules).await);
        let (of_network, options) = reach::network(context);
        lines.extend(of_network);
        if let Some(options) = options {
            // By the file alone: what is broken beside it has a line of its own.
            let store = Store::locate(flags.common.schedules.as_deref(), context.env).ok();
            let runner = store.and_then(|store| store.file()?.runner_app().ok()?);
            let runner = runner.as_ref().map(|runner| runner.name.as_str());
            lines.extend(credential::look(context, &options, &schedules, runner).await);
        }
        lines
    };
    let mut lines = tokio::select! {
        lines = looked => lines,
        () = stop.set() => return Err(Error::Interrupted),
    };
    for line in &mut lines {
        line.said = told(context, flags, &line.said);
        line.mend = line.mend.take().map(|mend| told(context, flags, &mend));
    }
    let worst = lines.iter().map(|line| line.level).max();
    context.ui.either(
        || in_words(context, &lines),
        || {
            let line = |line: &Line| json!({ "check": line.what, "level": line.level, "said": line.said, "mend": line.mend });
            json!({ "broken": worst == Some(Level::Broken), "checks": lines.iter().map(line).collect::<Vec<_>>() })
        },
    );
    Ok(if worst == Some(Level::Broken) {
        exit::FAILED
    } else {
        exit::DONE
    })
}

/// A text fit for a bug report: the home directory is `~`, and addresses are hidden.
fn told(context: &Context<'_>, flags: &Doctor, text: &str) -> String {
    // An address of a host may be anything, a token too.
    let text = redact::in_lines(&redact::known(text, &[]));
    let home = context.env.home().map(|home| home.display().to_string());
    let text = match home.filter(|home| home.len() > 1) {
        Some(home) => text.replace(&home, "~"),
        None => text,
    };
    if flags.show_accounts {
        return text;
    }
    hide_addresses(&text)
}

/// Puts `[account]` in the place of whatever looks like an e-mail address.
fn hide_addresses(text: &str) -> String {
    let is_part = |c: char| c.is_alphanumeric() || "._%+-@'".contains(c);
    let mut hidden = String::with_capacity(text.len());
    let mut word = String::new();
    for character in text.chars().chain(['\n']) {
        if is_part(character) {
            word.push(character);
            continue;
        }
        let bare = word.trim_matches('\'');
        let quote = &word[..word.len() - word.trim_start_matches('\'').len()];
        let end = &word[word.trim_end_matches('\'').len()..];
        let is_address = bare.split_once('@').is_some_and(|(user, host)| {
            !user.is_empty() && !host.trim_matches(['.', '-']).is_empty()
        });
        hidden.push_str(if is_address { quote } else { &word });
        if is_address {
            hidden.push_str("[account]");
            hidden.push_str(end);
        }
        hidden.push(character);
        word.clear();
    }
    hidden.pop();
    hidden
}

fn in_words(context: &Context<'_>, lines: &[Line]) -> String {
    let one = |line: &Line| {
        let (word, style) = match line.level {
            Level::Ok => ("ok     ", Style::new().green()),
            Level::Warning => ("warning", Style::new().yellow()),
            Level::Broken => ("broken ", Style::new().red().bold()),
        };
        let word = context.ui.paint(word, &style);
        let mend = line.mend.as_ref().filter(|_| line.level != Level::Ok);
        let mend = mend.map_or(String::new(), |mend| {
            format!("\n                 -> {mend}")
        });
        format!("{word}  {:<13} {}{mend}", line.what, line.said)
    };
    lines.iter().map(one).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::hide_addresses;

    #[test]
    fn addresses_are_hidden_and_nothing_else_is() {
        for (text, hidden) in [
            ("logged in as me@example.com", "logged in as [account]"),
            ("--confirm a.b+c@x.co.uk, then", "--confirm [account], then"),
            (
                "item 'me@example.com on api.heroku.com'",
                "item '[account] on api.heroku.com'",
            ),
            ("<o'hara@example.com>", "<[account]>"),
            ("@daily at 07:00 @ noon", "@daily at 07:00 @ noon"),
            ("http://127.0.0.1:5100/x", "http://127.0.0.1:5100/x"),
        ] {
            assert_eq!(hide_addresses(text), hidden);
        }
    }
}
