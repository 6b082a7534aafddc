//! A launchd agent of the user: a property list.

use super::{EVERY_MINUTES, Job, Piece};
use std::{fmt::Write as _, path::Path};

pub const LABEL: &str = "com.heroku-dynos-autorestart.run";

/// The list, in the home's `Library/LaunchAgents`.
#[must_use]
pub fn piece(job: &Job, home: &Path) -> Piece {
    let mut words = String::new();
    for word in job.command() {
        let _ = writeln!(words, "    <string>{}</string>", escaped(&word));
    }
    let mut environment = String::new();
    for (name, value) in &job.environment {
        let (name, value) = (escaped(name), escaped(value));
        let _ = writeln!(
            environment,
            "    <key>{name}</key>\n    <string>{value}</string>"
        );
    }
    let environment = if environment.is_empty() {
        environment
    } else {
        format!("  <key>EnvironmentVariables</key>\n  <dict>\n{environment}  </dict>\n")
    };
    let seconds = EVERY_MINUTES * 60;
    Piece {
        path: home.join(format!("Library/LaunchAgents/{LABEL}.plist")),
        text: format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!DOCTYPE plist PUBLIC \"-//Apple//DTD PLIST 1.0//EN\" \"http://www.apple.com/DTDs/PropertyList-1.0.dtd\">\n<plist version=\"1.0\">\n<dict>\n  <key>Label</key>\n  <string>{LABEL}</string>\n  <key>ProgramArguments</key>\n  <array>\n{words}  </array>\n{environment}  <key>StartInterval</key>\n  <integer>{seconds}</integer>\n  <key>RunAtLoad</key>\n  <true/>\n  <key>ProcessType</key>\n  <string>Background</string>\n</dict>\n</plist>\n"
        ),
    }
}

/// Text of an XML element.
pub(super) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}
