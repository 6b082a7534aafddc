//! One call of `run`: a pass over what is due, and over what becomes due while it rolls.

use crate::{
    commands::passes::{self, Passes},
    error::Error,
    pass,
    report::Report,
    schedule::{AppName, Schedule},
    store::narrow,
};
use futures_util::stream::{FuturesUnordered, StreamExt as _};
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;

/// How often it is looked for what has become due.
const LOOK: SignedDuration = SignedDuration::from_mins(1);

/// When each app was last passed over.
type Seen = BTreeMap<String, Timestamp>;

/// A timer does not call again before this call has ended, and an app that rolls for long must hold no
/// other. What was left alone is for the next call: an app is passed over again only for an occurrence
/// that has come since.
///
/// # Errors
/// When the one pass that it took could not be made.
pub(super) async fn rounds(
    passes: &Passes<'_>,
    schedules: &[Schedule],
    app: Option<&AppName>,
    is_dry_run: bool,
    beat: impl Fn(),
) -> Result<Report, Error> {
    let clock = passes.context.clock;
    let began = clock.now();
    let round = async |schedules: Vec<Schedule>| {
        let made = passes.over(&schedules, is_dry_run).await;
        (schedules, made)
    };
    let mut seen = Seen::new();
    let first = due(passes, schedules, &mut seen);
    let mut rolling = FuturesUnordered::from_iter([round(first)]);
    let mut made = vec![];
    while !rolling.is_empty() {
        tokio::select! {
            Some(one) = rolling.next() => made.push(one),
            () = clock.sleep(LOOK), if !is_dry_run && !passes.stop.is_set() => {
                beat();
                // What cannot be read now is told by the next call.
                let all = passes.store.read().await.unwrap_or_default();
                let fresh = due(passes, &narrow(all, app, None), &mut seen);
                if !fresh.is_empty() {
                    rolling.push(round(fresh));
                }
            }
        }
    }
    let next = Schedule::next_of(schedules.iter(), clock.now());
    if made.len() == 1
        && let Some((_, only)) = made.pop()
    {
        return Ok(Report { next, ..only? });
    }
    let reports = made.into_iter().map(|(schedules, made)| {
        made.unwrap_or_else(|error| passes::failed(&schedules, began, &error, is_dry_run))
    });
    Ok(Report::of_all(reports.collect(), began, next, is_dry_run))
}

/// The schedules of the apps that may have something to do now, and had not when they were last seen.
fn due(passes: &Passes<'_>, schedules: &[Schedule], seen: &mut Seen) -> Vec<Schedule> {
    let now = passes.context.clock.now();
    // At first whoever rolls an app is named by the pass over it.
    let is_first = seen.is_empty();
    let mut due = vec![];
    for (app, of_app) in pass::by_app(schedules.iter()) {
        let names = [app, of_app[0].app.name.to_string()];
        let last = names.iter().filter_map(|name| seen.get(name)).max();
        let has_come = |schedule: &Schedule| {
            let look = pass::next_look(
                std::slice::from_ref(schedule),
                passes.state,
                *last.unwrap_or(&now),
            );
            last.is_none() || look.is_some_and(|look| look <= now)
        };
        let is_open = |schedule: &Schedule| {
            pass::has_reason_to_look(schedule, passes.state, now) && has_come(schedule)
        };
        if of_app.iter().any(is_open) && (is_first || !is_rolled(passes, &of_app)) {
            seen.extend(names.map(|name| (name, now)));
            due.extend(of_app);
        }
    }
    due
}

/// Whether a pass of this machine, or this very one, is rolling the app.
fn is_rolled(passes: &Passes<'_>, of_app: &[Schedule]) -> bool {
    let Ok(options) = passes.context.options_in_silence() else {
        return false;
    };
    let mut ids = of_app.iter().filter_map(|one| one.app.id.as_deref());
    ids.any(|id| {
        let lock = passes.state.lock(options.host.machine(), id);
        lock.is_ok_and(|lock| lock.is_none())
    })
}
