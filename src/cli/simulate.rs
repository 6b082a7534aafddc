//! Flags of `simulate`.

use super::Common;
use clap::Args;
use std::path::PathBuf;

/// replay a saved log through policies, and compare what they would have come to
///
/// A policy is what set takes, as one word. A log is saved by heroku logs with --source heroku and --tail.
#[derive(Debug, Clone, Args)]
pub struct Simulate {
    /// saved log, gzipped or not; - reads stdin
    #[arg(long, value_name = "PATH")]
    pub file: PathBuf,
    /// flags of set, as one word; several times [default: --at 07,14 and --memory 90%]
    #[arg(long, value_name = "FLAGS", allow_hyphen_values = true)]
    pub policy: Vec<String>,
    /// draw the chart into this file, too
    #[arg(long, value_name = "FILE")]
    pub svg: Option<PathBuf>,
    #[command(flatten)]
    pub common: Common,
}
