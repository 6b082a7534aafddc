//! `sandbox`: serves a simulated Heroku until it is interrupted.

use super::Context;
use crate::{
    cli,
    clock::Clock,
    error::{Error, exit},
    sandbox::{Sandbox, Scenario, World, serve},
};

pub(super) async fn sandbox(context: &Context<'_>, flags: &cli::Sandbox) -> Result<u8, Error> {
    let scenario = scenario(&flags.scenario)?;
    let clock = flags.clock.map_or(context.clock, Clock::from);
    let sandbox = Sandbox::bind(flags.port, World::new(&scenario, clock)).await;
    let sandbox = sandbox.map_err(|error| Error::io(format!("port {}", flags.port), error))?;
    let url = sandbox
        .url()
        .map_err(|error| Error::io("the sandbox's address", error))?;
    context.ui.result(&format!("HEROKU_HOST={url}"));
    context.ui.say(&format!("A simulated Heroku; try it with: HEROKU_HOST={url} HEROKU_PARTICLEBOARD_URL={url} HEROKU_API_KEY=sandbox heroku ps --app example-app"));
    let stopped = super::run::stopped();
    tokio::select! {
        result = serve(sandbox) => result.map(|_| exit::DONE).map_err(|error| Error::io("the sandbox", error)),
        () = stopped => Ok(exit::DONE),
    }
}

fn scenario(named: &str) -> Result<Scenario, Error> {
    if let Some(scenario) = Scenario::built_in(named) {
        return Ok(scenario);
    }
    let text = std::fs::read_to_string(named).map_err(|error| {
        Error::usage(
            format!("--scenario {named}: {error}"),
            "give leaky-shop, or the path of a TOML file",
        )
    })?;
    Scenario::parse(&text).map_err(|error| {
        Error::usage(
            format!("--scenario {named}: {error}"),
            "see src/sandbox/leaky-shop.toml for the form",
        )
    })
}
