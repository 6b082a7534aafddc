//! Lines of the user's crontab, between two marks; the others are left as they are.

use super::{EVERY_MINUTES, Job};

const BEGIN: &str =
    "# autorestart begins: written by autorestart install, autorestart uninstall takes it away";
const END: &str = "# autorestart ends";

/// Our lines.
#[must_use]
pub fn lines(job: &Job) -> String {
    let environment = job
        .environment
        .iter()
        .map(|(name, value)| format!("{name}={}", quoted(value)));
    let words = job.command();
    let command = words.iter().map(|word| quoted(word));
    let all: Vec<String> = environment.chain(command).collect();
    // cron takes what follows a bare percent sign for input.
    let command = all.join(" ").replace('%', "\\%");
    format!("{BEGIN}\n*/{EVERY_MINUTES} * * * * {command}\n{END}\n")
}

/// A word of a shell.
fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@,+".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}

/// The crontab with our lines in it, in place of those that it may have.
#[must_use]
pub fn with(crontab: &str, lines: &str) -> String {
    let mut text = without(crontab);
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
    text + lines
}

/// Our lines of a crontab, as they are: from a mark of the beginning to that of the end, and no other
/// beginning between.
#[must_use]
pub fn ours(crontab: &str) -> Option<&str> {
    let begin = crontab.find(BEGIN)?;
    let length = crontab[begin..].find(END)? + END.len();
    let block = &crontab[begin..begin + length];
    let is_one = block.matches(BEGIN).count() == 1;
    is_one.then_some(block)
}

/// Whether a mark stands alone, so that nobody can tell which lines are ours.
#[must_use]
pub fn is_torn(crontab: &str) -> bool {
    let rest = without(crontab);
    rest.contains(BEGIN) || rest.contains(END)
}

/// The crontab without them.
#[must_use]
pub fn without(crontab: &str) -> String {
    let Some(ours) = ours(crontab) else {
        return crontab.to_owned();
    };
    let whole = format!("{ours}\n");
    let block = if crontab.contains(&whole) {
        &whole
    } else {
        ours
    };
    crontab.replacen(block, "", 1)
}

#[cfg(test)]
mod tests {
    use super::{super::example, *};

    #[test]
    fn a_line_is_quoted_for_the_shell_and_for_cron() {
        let lines = lines(&example());
        assert!(lines.contains("*/5 * * * * HEROKU_HOST='http://localhost:5100/?a=\\%20&b=\"c\"' '/opt/a b/100\\% $x/autorestart' run --quiet --schedules '/home/me/it'\\''s $HOME/\"s\".toml'\n"), "{lines}");
    }

    #[test]
    fn the_lines_of_others_stay_as_they_are() {
        let lines = lines(&example());
        for crontab in ["", "MAILTO=me\n0 7 * * * date\n", "0 7 * * * date"] {
            let with_ours = with(crontab, &lines);
            assert_eq!(with(&with_ours, &lines), with_ours, "twice is once");
            assert_eq!(ours(&with_ours), Some(lines.trim_end()));
            assert!(!is_torn(&with_ours));
            assert_eq!(without(&with_ours).trim_end(), crontab.trim_end());
        }
        let between = format!("a\n{lines}b\n");
        assert_eq!(without(&between), "a\nb\n");
        assert_eq!(ours("a\n"), None);
        // A mark that somebody took away: no line of others is taken for ours.
        let torn = format!("{}0 3 * * * backup\n{lines}", lines.replace(END, ""));
        assert!(is_torn(&torn) && without(&torn).contains("backup"));
    }
}
