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
    /// In the middle of a long roll: a sign of life on this machine, and every ten minutes a ping where
    /// all is well so far.
    pub(super) async fn live_on(&self, trouble: Option<String>, schedules: usize) {
        let trouble = trouble.or_else(|| self.wrong.borrow().clone());
        let is_well = trouble.is_none();
        self.beat(trouble);
        let now = self.context.clock.now();
        let is_time = self
            .pinged_at
            .get()
            .is_none_or(|at| now.duration_since(at) >= EVERY);
        if is_time && is_well {
            self.pinged_at.set(Some(now));
            self.tell_well(schedules).await;
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
    // It may be a URL, which is a secret: it is not said back.
    if let Err(why) = notify::name(name) {
        let error = Error::usage(
            format!("what {} is set to is no name: {why}", notify::PING),
            format!("{} keeps a URL under a name", context.verb("notify:add")),
        );
        if is_watched {
            return Err(error);
        }
        context.ui.warn(&error.to_string());
        return Ok(None);
    }
    match commands::notify::kept(context, name) {
        Ok(kept) => Ok(Some((name.to_owned(), kept.url))),
        Err(error) if is_watched => Err(error),
        Err(error) => {
            context.ui.warn(&format!("--ping {name}: {error}"));
            Ok(None)
        }
    }
}
