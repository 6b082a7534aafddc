//! `run --watch`: a pass when something may be due, asleep in between.

use crate::{
    clock::Clock,
    error::{Error, exit},
    execute::Stop,
    pass,
    report::Report,
    state::StateDir,
    store::Store,
    ui::Ui,
};
use jiff::{SignedDuration, Timestamp};

/// Whatever makes one pass, and tells of it.
pub trait Passes {
    fn once(&self) -> impl Future<Output = Result<Report, Error>>;
    fn tell(&self, report: &Report);
}

/// How often a change of the schedules is looked for while asleep.
const NAP: SignedDuration = SignedDuration::from_secs(10);
/// How soon a pass is made again where dynos were left alone, or Heroku could not be asked.
const AGAIN: SignedDuration = SignedDuration::from_secs(60);

/// Makes passes until it is asked to stop.
///
/// # Errors
/// When the very first pass cannot be made: a runner that can do nothing must not look alive.
pub async fn watch(
    clock: Clock,
    stop: &Stop,
    ui: &Ui,
    state: &StateDir,
    store: &Store,
    passes: &impl Passes,
) -> Result<u8, Error> {
    let mut is_first = true;
    while !stop.is_set() {
        match passes.once().await {
            Ok(report) if is_first || !report.apps.is_empty() => passes.tell(&report),
            Ok(_) => {}
            Err(error) if is_first => return Err(error),
            Err(error) => ui.error(&error),
        }
        is_first = false;
        let again = clock.now() + AGAIN;
        sleep(clock, stop, state, store, again).await;
    }
    Ok(exit::INTERRUPTED)
}

/// Sleeps until a pass may find something: a schedule comes due or was changed, or, where one is
/// still open, until `again`.
async fn sleep(clock: Clock, stop: &Stop, state: &StateDir, store: &Store, again: Timestamp) {
    let before = store.read().unwrap_or_default();
    loop {
        let now = clock.now();
        let is_open = before
            .iter()
            .any(|schedule| pass::has_reason_to_look(schedule, state, now));
        if (is_open && now >= again) || stop.is_set() {
            return;
        }
        let next =
            pass::next_look(&before, state, now).map_or(NAP, |next| next.duration_since(now));
        tokio::select! {
            () = clock.sleep(next.clamp(SignedDuration::from_millis(100), NAP)) => {}
            () = stop.set() => return,
        }
        let is_newly_due = before
            .iter()
            .any(|schedule| pass::has_reason_to_look(schedule, state, clock.now()))
            && !is_open;
        if is_newly_due || store.read().is_ok_and(|after| after != before) {
            return;
        }
    }
}
