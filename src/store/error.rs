//! What can go wrong with the schedules file: what, where, and what would be right.

use std::{
    io,
    ops::Range,
    path::{Path, PathBuf},
};

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("there is no home directory to keep schedules in")]
    NoHome,
    /// The text of the file is wrong.
    #[error("{}:{line}:{column}: {problem}", path.display())]
    Wrong {
        path: PathBuf,
        line: usize,
        column: usize,
        problem: String,
    },
    #[error("{}: the file is of version {version}, and this autorestart knows version 1", path.display())]
    Newer { path: PathBuf, version: i64 },
    #[error("{}: {why}", path.display())]
    Io { path: PathBuf, why: String },
    #[error("{}: it is {what}, not a file", path.display())]
    NoFile { path: PathBuf, what: &'static str },
    #[error("{}: there is no such file", path.display())]
    Missing { path: PathBuf },
    /// A config var of the runner app is no schedule.
    #[error("config var {name} of ⬢ {runner}: {problem}")]
    WrongVariable {
        runner: String,
        name: String,
        problem: String,
    },
    #[error("{variable} was changed by somebody else at the same moment")]
    Overwritten { variable: String },
    #[error("{}: it was changed while its schedules were moved", path.display())]
    ChangedMeanwhile { path: PathBuf },
    #[error("a dyno of ⬢ {runner} cannot change its own config vars")]
    ReadOnly { runner: String },
    #[error("the schedules are in the config vars of ⬢ {runner}: {why}")]
    Runner {
        runner: String,
        why: Box<crate::heroku::Error>,
    },
    #[error("the schedules are in config vars of ⬢ {runner} on {host}, and HEROKU_HOST is another")]
    OtherHost { runner: String, host: String },
    #[error("{}: another autorestart has been writing it for a while", path.display())]
    Locked { path: PathBuf },
}

impl Error {
    /// A problem at a place of the text; without a place, at its beginning.
    pub(super) fn wrong(
        path: &Path,
        source: &str,
        place: Option<Range<usize>>,
        problem: impl Into<String>,
    ) -> Self {
        let before = source
            .get(..place.map_or(0, |place| place.start))
            .unwrap_or(source);
        let line = before.matches('\n').count() + 1;
        let column = before
            .rsplit('\n')
            .next()
            .unwrap_or_default()
            .chars()
            .count()
            + 1;
        Self::Wrong {
            path: path.to_owned(),
            line,
            column,
            problem: problem.into(),
        }
    }

    pub(super) fn io(path: &Path, error: &io::Error) -> Self {
        let why = match error.kind() {
            io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
            io::ErrorKind::StorageFull => "the disk is full; the file is as it was".to_owned(),
            // Without the name of the temporary file, which is nobody's concern.
            kind => kind.to_string(),
        };
        Self::Io {
            path: path.to_owned(),
            why,
        }
    }

    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoHome | Self::Io { .. } | Self::NoFile { .. } | Self::Missing { .. } => {
                "schedules_file"
            }
            Self::WrongVariable { .. } => "schedule_variable_wrong",
            Self::Overwritten { .. } => "schedule_overwritten",
            Self::ChangedMeanwhile { .. } => "changed_meanwhile",
            Self::ReadOnly { .. } => "schedules_read_only",
            Self::Runner { why, .. } => why.code(),
            Self::OtherHost { .. } => "other_host",
            Self::Wrong { .. } => "schedules_file_wrong",
            Self::Newer { .. } => "schedules_file_newer",
            Self::Locked { .. } => "schedules_file_locked",
        }
    }

    #[must_use]
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::NoHome => {
                "set HOME, or name the file with --schedules PATH or AUTORESTART_FILE".to_owned()
            }
            Self::Wrong { .. } => "mend that line; the file was not touched".to_owned(),
            Self::Newer { .. } => {
                "update the plugin: heroku plugins:update; the file was not touched".to_owned()
            }
            Self::Missing { .. } => {
                "set makes it; or mend --schedules or AUTORESTART_FILE".to_owned()
            }
            Self::Io { .. } | Self::NoFile { .. } => {
                "mend it, or name another file with --schedules PATH or AUTORESTART_FILE".to_owned()
            }
            Self::WrongVariable { runner, name, .. } => format!(
                "heroku config:edit {name} --app {runner} mends it, heroku config:unset {name} --app {runner} takes it away"
            ),
            Self::Overwritten { .. } => "look at the list, then try again".to_owned(),
            Self::ChangedMeanwhile { .. } => "run it again: it takes what is there now".to_owned(),
            Self::ReadOnly { .. } => "do it from a machine: it is kept for all".to_owned(),
            Self::Runner { runner, why } => match &**why {
                crate::heroku::Error::Api { status: 404, .. } => format!(
                    "if ⬢ {runner} was destroyed, deploy:remove --confirm {runner} brings back the schedules of before it was deployed"
                ),
                crate::heroku::Error::Api { status: 403, .. } => format!(
                    "whoever changes schedules there needs access to it: heroku access:add --app {runner}"
                ),
                why => return why.hint(),
            },
            Self::OtherHost { host, .. } => format!("set HEROKU_HOST to that of {host}"),
            Self::Locked { .. } => "wait for it, or end it, then try again".to_owned(),
        })
    }

    /// Whether what is wrong is what somebody wrote.
    #[must_use]
    pub fn is_usage(&self) -> bool {
        matches!(
            self,
            Self::Wrong { .. }
                | Self::WrongVariable { .. }
                | Self::Newer { .. }
                | Self::Missing { .. }
                | Self::NoFile { .. }
        )
    }
}
