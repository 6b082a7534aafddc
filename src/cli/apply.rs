//! The command line of `apply` and `export`.

use super::Common;
use crate::schedule::AppName;
use clap::Args;
use std::path::PathBuf;

/// make the schedules exactly those of a file, such as one that is reviewed in git
///
/// Shows what is added, changed and removed, and asks. What is the same stays as it is; a pause that
/// the file does not speak of stays too. Twice is once.
#[derive(Debug, Clone, Args)]
pub struct Apply {
    /// file with the schedules, as export writes it
    #[arg(short, long, value_name = "PATH")]
    pub file: PathBuf,
    /// show what would be changed, and change nothing; exit code 3 where anything would be
    #[arg(long)]
    pub dry_run: bool,
    /// answer the question
    #[arg(short, long)]
    pub yes: bool,
    #[command(flatten)]
    pub common: Common,
}

/// print the schedules as a file for git, without what each machine fills in by itself
#[derive(Debug, Clone, Args)]
pub struct Export {
    /// only the schedules of this app
    #[arg(short, long, value_name = "APP")]
    pub app: Option<AppName>,
    /// print the JSON Schema of such a file, with which editors complete and check it
    #[arg(long)]
    pub schema: bool,
    #[command(flatten)]
    pub common: Common,
}
