//! argv in, exit code out.

use autorestart::run;
use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::from(run(std::env::args_os()))
}
