//! `sandbox`: serves a simulated Heroku until it is interrupted.

use super::Context;
use crate::{
    cli,
    clock::Clock,
    error::{Error, exit},
    sandbox::{Sandbox, Scenario, World, serve},
    signals,
};

pub(super) async fn sandbox(context: &Context<'_>, flags: &cli::Sandbox) -> Result<u8, Error> {
    let named = &flags.scenario;
    let scenario = Scenario::named(named).map_err(|why| {
        Error::usage(
            format!("--scenario {named}: {}", why.trim_end()),
            "give leaky-shop, or the path of a TOML file of the form of src/sandbox/leaky-shop.toml",
        )
    })?;
    let clock = flags.clock.map_or(context.clock, Clock::from);
    let sandbox = Sandbox::bind(flags.port, World::new(&scenario, clock)).await;
    let mut sandbox = sandbox.map_err(|error| Error::io(format!("port {}", flags.port), error))?;
    if flags.run_slugs {
        sandbox = sandbox.running_slugs();
    }
    let url = sandbox
        .url()
        .map_err(|error| Error::io("the sandbox's address", error))?;
    context.ui.result(&format!("HEROKU_HOST={url}"));
    context.ui.say(&format!("A simulated Heroku; try it with: HEROKU_HOST={url} HEROKU_PARTICLEBOARD_URL={url} HEROKU_API_KEY=sandbox heroku ps --app example-app"));
    let stopped = signals::stopped();
    tokio::select! {
        result = serve(sandbox) => result.map(|_| exit::DONE).map_err(|error| Error::io("the sandbox", error)),
        () = stopped => Ok(exit::DONE),
    }
}
