//! Restarts Heroku dynos on time, one at a time, each proven up before the next.
//!
//! Pure middle, thin edges. Data flows one way:
//!
//! ```text
//! argv -> cli -> commands/x -> store (schedules) -+
//!                                                 v
//!         heroku -> observe -> Snapshot -> plan(schedules, snapshot, now) -> Plan
//!                                                 |
//!                     ledger <- execute <---------+      pass = all of this, once
//!                                  |
//!                                  v
//!                              Outcomes -> report -> ui
//! ```
//!
//! The modules below stand in the order of that flow. How a dyno is judged due is `plan::due`;
//! whether it may be restarted now is `plan::guards`; what a roll does next is `plan::roll`.

// argv, environment, time, signals, output: one door each
pub mod cli;
pub mod clock;
pub mod commands;
pub mod env;
pub mod error;
pub mod signals;
pub mod ui;

// pure: no I/O, no clock, no environment
pub mod memory;
pub mod plan;
pub mod schedule;
pub mod simulate;
pub mod snapshot;

// edges
pub mod credentials;
pub mod execute;
pub mod fleet;
pub mod heartbeat;
pub mod heroku;
pub mod ledger;
pub mod listen;
pub mod notify;
pub mod observe;
pub mod pass;
pub mod report;
pub mod runner;
pub mod sandbox;
pub mod state;
pub mod stop;
pub mod store;
pub mod turn;
pub mod zones;

use clap::Parser as _;
use credentials::Secret;
use error::{Error, exit};
use std::{ffi::OsString, io::Write as _};

/// The whole program: arguments in, exit code out.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> u8 {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    credentials::leave_no_core_dump();
    let env = env::Env::read();
    diagnose(&env);
    zones::open(&env);
    let cli = match cli::Cli::try_parse_from(&arguments) {
        Ok(cli) => cli,
        Err(error) => return refuse(&error, &arguments, &env),
    };
    if env.is_under_cli() {
        let starter = env.text("AUTORESTART_CLI_PID");
        signals::leave_with_parent(starter.and_then(|pid| pid.parse().ok()));
    }
    let ui = ui::Ui::new(cli.common().json, &env);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let result = runtime
        .map_err(|error| Error::io("the async runtime", error))
        .and_then(|runtime| {
            let result = runtime.block_on(async {
                let clock = clock::Clock::from_env(&env)?;
                commands::dispatch(
                    cli,
                    &commands::Context {
                        env: &env,
                        ui: &ui,
                        clock,
                    },
                )
                .await
            });
            // A keychain that hangs must not keep us.
            runtime.shutdown_background();
            result
        });
    ui.restore();
    let code = result.unwrap_or_else(|error| {
        ui.error(&error);
        error.exit_code()
    });
    // What was not seen has not gone well.
    if code == exit::DONE && ui.has_lost_a_result() {
        exit::FAILED
    } else {
        code
    }
}

/// What clap has to say: help and version are results, anything else is wrong usage.
fn refuse(error: &clap::Error, arguments: &[OsString], env: &env::Env) -> u8 {
    if !error.use_stderr() {
        let _ = write!(std::io::stdout().lock(), "{}", error.render());
        return exit::DONE;
    }
    // A token that was typed in the wrong place is not said back, nor the URL of a webhook.
    let texts = arguments.iter().filter_map(|argument| argument.to_str());
    let values = texts.map(|text| match text.split_once('=') {
        Some((flag, value)) if flag.starts_with('-') => value,
        _ => text,
    });
    let urls = values.filter(|value| value.contains("://"));
    let urls: Vec<Secret> = urls.map(|url| Secret::new(url.to_owned())).collect();
    let text = heroku::redact::all(&error.render().to_string(), &urls);
    let (message, rest) = text.split_once("\n\n").unwrap_or((&text, ""));
    let message = message
        .trim_start_matches("error: ")
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ");
    let tip = rest
        .lines()
        .map(str::trim)
        .find_map(|line| line.strip_prefix("tip: "));
    // A message that has its own example needs no other hint.
    let (message, example) = match message.split_once(", for example ") {
        Some((message, example)) => (message.to_owned(), Some(format!("for example {example}"))),
        None => (message, None),
    };
    let is_repeated = error.kind() == clap::error::ErrorKind::ArgumentConflict
        && message.ends_with("cannot be used multiple times");
    let once = is_repeated.then(|| "give it once, as a list where it takes one".to_owned());
    let hint = tip.map(ToOwned::to_owned).or(example).or(once);
    let hint = hint.or_else(|| Some("--help shows the flags, with examples".to_owned()));
    let is_json = arguments.iter().any(|argument| argument == "--json");
    ui::Ui::new(is_json, env).error(&Error::Usage { message, hint });
    exit::USAGE
}

/// `HEROKU_DEBUG=1` shows requests and answers on stderr; no token is in what is shown.
fn diagnose(env: &env::Env) {
    if env.is_set("HEROKU_DEBUG") {
        use tracing_subscriber::{
            filter::Targets, layer::SubscriberExt as _, util::SubscriberInitExt as _,
        };
        let ours = Targets::new().with_target("autorestart", tracing::Level::DEBUG);
        let lines = tracing_subscriber::fmt::layer()
            .with_writer(std::io::stderr)
            .with_ansi(false);
        let _ = tracing_subscriber::registry()
            .with(lines)
            .with(ours)
            .try_init();
    }
}
