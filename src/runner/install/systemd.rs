//! A systemd user timer: a oneshot service, and what starts it.

use super::{EVERY_MINUTES, Job, Piece};
use std::{fmt::Write as _, path::Path};

/// Both units are called so.
pub const NAME: &str = "autorestart";

/// Why systemd would not start a program: it knows no quotes in the path of one.
#[must_use]
pub fn impossible(job: &Job) -> bool {
    let path = job.binary.display().to_string();
    path.contains(['\'', '"', '\\'])
}

/// The two units, below the home's `.config/systemd/user`.
#[must_use]
pub fn pieces(job: &Job, config_home: &Path) -> Vec<Piece> {
    let folder = config_home.join("systemd/user");
    let command: Vec<String> = job
        .command()
        .iter()
        .enumerate()
        // In the path of the program no variable is looked for.
        .map(|(place, word)| quoted(word, place > 0))
        .collect();
    let mut service = format!(
        "# Written by autorestart install; autorestart uninstall takes it away.\n[Unit]\nDescription=Restart Heroku dynos that are due\n\n[Service]\nType=oneshot\nExecStart={}\n",
        command.join(" ")
    );
    for (name, value) in &job.environment {
        let _ = writeln!(
            service,
            "Environment={}",
            quoted(&format!("{name}={value}"), false)
        );
    }
    // A roll takes as long as it takes; asked to leave, it finishes its sentence.
    service.push_str("TimeoutStartSec=infinity\nTimeoutStopSec=30\n");
    let timer = format!(
        "# Written by autorestart install; autorestart uninstall takes it away.\n[Unit]\nDescription=Restart Heroku dynos that are due, every {EVERY_MINUTES} minutes\n\n[Timer]\nOnCalendar=*-*-* *:00/{EVERY_MINUTES}:00\nAccuracySec=1s\n# at once after the machine was off\nPersistent=true\n\n[Install]\nWantedBy=timers.target\n"
    );
    vec![
        Piece {
            path: folder.join(format!("{NAME}.service")),
            text: service,
        },
        Piece {
            path: folder.join(format!("{NAME}.timer")),
            text: timer,
        },
    ]
}

/// A word of a unit: in quotes; `%` begins a specifier, and in a command `$` a variable.
fn quoted(word: &str, is_command: bool) -> String {
    let mut text = word
        .replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('%', "%%");
    if is_command {
        text = text.replace('$', "$$");
    }
    format!("\"{text}\"")
}

#[cfg(test)]
mod tests {
    use super::{super::example, *};

    #[test]
    fn words_are_quoted_as_systemd_reads_them() {
        let pieces = pieces(&example(), Path::new("/home/me/.config"));
        let service = &pieces[0].text;
        assert!(service.contains("ExecStart=\"/opt/a b/100%% $x/autorestart\" \"run\" \"--quiet\" \"--schedules\" \"/home/me/it's $$HOME/\\\"s\\\".toml\"\n"), "{service}");
        assert!(
            service.contains(
                "Environment=\"HEROKU_HOST=http://localhost:5100/?a=%%20&b=\\\"c\\\"\"\n"
            ),
            "{service}"
        );
        assert_eq!(
            pieces[1].path,
            Path::new("/home/me/.config/systemd/user/autorestart.timer")
        );
    }
}
