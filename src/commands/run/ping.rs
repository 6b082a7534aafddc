//! The ping of a runner that fares well: whom, and when.

use super::Runner;
use crate::{
    cli::Run,
    commands::{self, Context},
    credentials::Secret,
    error::Error,
    heartbeat::EVERY,
    notify, runner,
};

impl Runner<'_> {
    /// In the middle of a long roll: a sign of life on this machine, and every ten minutes a ping.
    pub(super) async fn live_on(&self) {
        self.beat(None);
        let now = self.context.clock.now();
        let is_time = self
            .pinged_at
            .get()
            .is_none_or(|at| now.duration_since(at) >= EVERY);
        if is_time {
            self.pinged_at.set(Some(now));
            self.tell_well(0).await;
        }
    }

    pub(super) async fn tell_well(&self, schedules: usize) {
        if let Some(problem) = runner::Passes::ping(self, schedules).await {
            self.context.ui.warn(&problem);
        }
    }
}

/// What is told that the runner fares well. Where nobody watches, a missing URL stops no restart; and
/// what a person calls once tells nobody that a runner lives, unless a flag says so.
pub(super) fn of(context: &Context<'_>, flags: &Run) -> Result<Option<(String, Secret)>, Error> {
    let is_watched = context.ui.is_watched();
    let is_runner = !(flags.now || flags.check || flags.dry_run || is_watched && !flags.watch);
    let of_environment = context.env.text(notify::PING).filter(|_| is_runner);
    let Some(name) = flags.ping.as_deref().or(of_environment) else {
        return Ok(None);
    };
    match commands::notify::url(context, name) {
        Ok(url) => Ok(Some((name.to_owned(), url))),
        Err(error) if is_watched => Err(error),
        Err(error) => {
            context.ui.warn(&format!("--ping {name}: {error}"));
            Ok(None)
        }
    }
}
