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
use std::{
    collections::{BTreeMap, BTreeSet},
    pin::pin,
};

/// How often it is looked for what has become due.
const LOOK: SignedDuration = SignedDuration::from_mins(1);

/// What is known of the apps that were passed over, under every name that they have.
#[derive(Default)]
struct Seen {
    /// When each was last passed over.
    at: BTreeMap<String, Timestamp>,
    /// In how many rounds that have not ended each of them is.
    in_flight: BTreeMap<String, usize>,
}

/// A timer does not call again before this call has ended, and an app that rolls for long must hold no
/// other. What was left alone is for the next call: an app is passed over again only for what has come
/// due since.
///
/// # Errors
/// When the one pass that it took could not be made.
pub(super) async fn rounds(
    passes: &Passes<'_>,
    schedules: &[Schedule],
    app: Option<&AppName>,
    is_dry_run: bool,
    beat: impl AsyncFn(Option<String>),
) -> Result<Report, Error> {
    let clock = passes.context.clock;
    let began = clock.now();
    let round = async |schedules: Vec<Schedule>| {
        let made = passes.over(&schedules, is_dry_run, None).await;
        (schedules, made)
    };
    let mut seen = Seen::default();
    let first = due(passes, schedules, &mut seen);
    let mut rolling = FuturesUnordered::from_iter([round(first)]);
    let mut made: Vec<(Vec<Schedule>, Result<Report, Error>)> = vec![];
    while !rolling.is_empty() {
        // Nothing may come between the look at a dyno and its restart: what rolls goes on meanwhile.
        let trouble = made.iter().find_map(|(_, made)| match made {
            Ok(report) => report.trouble(),
            Err(error) => Some(error.to_string()),
        });
        let mut look = pin!(async {
            clock.sleep(LOOK).await;
            beat(trouble).await;
            let all = passes.store.current().await.unwrap_or_default();
            passes.expanded(&all, is_dry_run).await
        });
        let fresh = loop {
            tokio::select! {
                Some(one) = rolling.next() => {
                    seen.end(&one.0);
                    made.push(one);
                    if rolling.is_empty() {
                        break vec![];
                    }
                }
                // What cannot be read now is told by the next call.
                all = &mut look, if !is_dry_run && !passes.stop.is_set() => {
                    break due(passes, &narrow(all, app, None), &mut seen);
                }
            }
        };
        if !fresh.is_empty() {
            rolling.push(round(fresh));
        }
    }
    let next = Schedule::next_of(schedules.iter(), clock.now());
    if made.len() == 1
        && let Some((_, only)) = made.pop()
    {
        return Ok(Report { next, ..only? });
    }
    let reports = made.into_iter().map(|(schedules, made)| {
        made.unwrap_or_else(|error| match error {
            Error::Interrupted => Report {
                is_interrupted: true,
                ..Report::empty(began, is_dry_run)
            },
            error => passes::failed(&schedules, began, &error, is_dry_run),
        })
    });
    Ok(Report::of_all(reports.collect(), began, next, is_dry_run))
}

/// The schedules of the apps that may have something to do now, and had not when they were last seen.
fn due(passes: &Passes<'_>, schedules: &[Schedule], seen: &mut Seen) -> Vec<Schedule> {
    let now = passes.context.clock.now();
    let mut due = vec![];
    for of_app in pass::by_app(schedules.iter()).into_values() {
        let names = names(&of_app);
        let last = names.iter().filter_map(|name| seen.at.get(name)).max();
        let has_come = |schedule: &Schedule| {
            last.is_none_or(|last| {
                let one = std::slice::from_ref(schedule);
                let look = pass::next_look(one, passes.state, *last);
                look.is_some_and(|look| look > *last && look <= now)
            })
        };
        let is_due = |schedule: &Schedule| {
            pass::may_be_due(schedule, passes.state, now) && has_come(schedule)
        };
        // At first whoever else rolls an app is named by the pass over it.
        let is_free = last.is_none() || !is_rolled(passes, &of_app, &names, seen);
        if is_free && of_app.iter().any(is_due) {
            seen.at.extend(names.iter().map(|name| (name.clone(), now)));
            for name in names {
                *seen.in_flight.entry(name).or_default() += 1;
            }
            due.extend(of_app);
        }
    }
    due
}

/// Whether this very call may be rolling the app, as far as its lock tells; without its id, as long as
/// its round lasts.
fn is_rolled(
    passes: &Passes<'_>,
    of_app: &[Schedule],
    names: &BTreeSet<String>,
    seen: &Seen,
) -> bool {
    let mut rounds = names.iter().filter_map(|name| seen.in_flight.get(name));
    if rounds.all(|count| *count == 0) {
        return false;
    }
    let Ok(options) = passes.context.options_in_silence() else {
        return true;
    };
    let mut ids = of_app
        .iter()
        .filter_map(|one| one.app.id.as_deref())
        .peekable();
    ids.peek().is_none()
        || ids.any(|id| {
            let lock = passes.state.lock(options.host.machine(), id);
            lock.is_ok_and(|lock| lock.is_none())
        })
}

fn names(of_app: &[Schedule]) -> BTreeSet<String> {
    let of_one = |one: &Schedule| [Some(one.app.name.to_string()), one.app.id.clone()];
    of_app.iter().flat_map(of_one).flatten().collect()
}

impl Seen {
    fn end(&mut self, schedules: &[Schedule]) {
        for name in names(schedules) {
            if let Some(count) = self.in_flight.get_mut(&name) {
                *count -= 1;
            }
        }
    }
}
