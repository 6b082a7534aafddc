//! Flags of `simulate`.

use super::Common;
use clap::Args;
use std::path::PathBuf;

/// replay a saved log under different policies, and compare the results
///
/// A policy is flags of set, quoted as one argument. Save a log by running heroku logs with
/// --source heroku and --tail.
#[derive(Debug, Clone, Args)]
pub struct Simulate {
    /// saved log, gzipped or not; - reads stdin
    #[arg(long, value_name = "PATH")]
    pub file: PathBuf,
    /// flags of set, quoted as one argument; may be repeated [default: --at 07,14 and --memory 90%]
    #[arg(long, value_name = "FLAGS", allow_hyphen_values = true)]
    pub policy: Vec<String>,
    /// also draw the chart to this file
    #[arg(long, value_name = "FILE")]
    pub svg: Option<PathBuf>,
    #[command(flatten)]
    pub common: Common,
}
