//! The command line of `apply` and `export`.

use super::Common;
use crate::schedule::AppName;
use clap::Args;
use std::path::PathBuf;

/// make the schedules exactly match a file, such as one reviewed in git
///
/// Shows what it will add, change and remove, and asks. What is the same stays as it is; a pause
/// that the file does not mention stays too. Applying it twice is the same as applying it once.
#[derive(Debug, Clone, Args)]
pub struct Apply {
    /// file with the schedules, as export writes it
    #[arg(short, long, value_name = "PATH")]
    pub file: PathBuf,
    /// show what would change, and change nothing; exit code 3 if anything would
    #[arg(long)]
    pub dry_run: bool,
    /// answer yes to the prompt
    #[arg(short, long)]
    pub yes: bool,
    #[command(flatten)]
    pub common: Common,
}

/// print the schedules as a file for git, without what each machine fills in for itself
#[derive(Debug, Clone, Args)]
pub struct Export {
    /// only the schedules of this app
    #[arg(short, long, value_name = "APP")]
    pub app: Option<AppName>,
    /// print the JSON Schema of the file, which editors use to complete and check it
    #[arg(long)]
    pub schema: bool,
    #[command(flatten)]
    pub common: Common,
}
