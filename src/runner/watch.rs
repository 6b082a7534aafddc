//! `run --watch`: a pass over an app when something of it may be due, asleep in between. Apps do not
//! wait for each other: one that rolls for an hour, or waits for a release, holds no other.

use crate::{
    clock::Clock,
    error::{Error, exit},
    execute::Stop,
    heartbeat::{Heartbeat, Mode},
    pass,
    report::Report,
    schedule::{AppName, Schedule},
    state::StateDir,
    store::{Store, narrow},
    ui::Ui,
};
use futures_util::stream::{FuturesUnordered, StreamExt as _};
use jiff::{SignedDuration, Timestamp};
use std::collections::{BTreeMap, BTreeSet};

/// Whatever makes one pass, and tells of it.
pub trait Passes {
    fn pass(&self, schedules: Vec<Schedule>) -> impl Future<Output = Result<Report, Error>>;
    fn tell(&self, report: &Report);
}

/// What a watch works with.
pub struct Watch<'a> {
    pub clock: Clock,
    pub stop: &'a Stop,
    pub ui: &'a Ui,
    pub state: &'a StateDir,
    pub store: &'a Store,
    /// Only the schedules of this app.
    pub app: Option<&'a AppName>,
}

/// How often a change of the schedules is looked for while asleep.
const NAP: SignedDuration = SignedDuration::from_secs(10);
const SHORTEST_NAP: SignedDuration = SignedDuration::from_secs(1);
/// How soon a pass is made again over an app where dynos were left alone, or that could not be asked.
const AGAIN: SignedDuration = SignedDuration::from_secs(60);
/// How soon, where every dyno that is due was left alone for what its owner did: crashed, asleep,
/// in maintenance.
const LATER: SignedDuration = SignedDuration::from_mins(10);

impl Watch<'_> {
    /// Makes passes until it is asked to stop.
    ///
    /// # Errors
    /// When the schedules cannot be read at the beginning: a runner that can do nothing must not
    /// look alive.
    pub async fn run(&self, passes: &impl Passes) -> Result<u8, Error> {
        let mut schedules = narrow(self.store.read()?, self.app, None);
        let mut last_problem = None;
        let mut last_beat = None;
        let mut trouble: BTreeMap<String, String> = BTreeMap::new();
        let mut rolling = FuturesUnordered::new();
        let mut busy: BTreeSet<String> = BTreeSet::new();
        let mut not_before: BTreeMap<String, Timestamp> = BTreeMap::new();
        self.greet(&schedules);
        while !(self.stop.is_set() && rolling.is_empty()) {
            let now = self.clock.now();
            self.beat(&trouble, now, &mut last_beat);
            match self.store.read() {
                Ok(all) => (schedules, last_problem) = (narrow(all, self.app, None), None),
                Err(error) => {
                    let text = error.to_string();
                    if last_problem.as_ref() != Some(&text) {
                        self.ui.error(&error.into());
                    }
                    last_problem = Some(text);
                }
            }
            let by_app = pass::by_app(schedules.iter());
            trouble.retain(|app, _| by_app.contains_key(app));
            for (app, schedules) in by_app {
                let is_due = schedules
                    .iter()
                    .any(|schedule| pass::has_reason_to_look(schedule, self.state, now));
                let may_look = not_before
                    .get(&app)
                    .is_none_or(|not_before| *not_before <= now);
                if is_due && may_look && !self.stop.is_set() && busy.insert(app.clone()) {
                    rolling.push(async move { (app, passes.pass(schedules).await) });
                }
            }
            tokio::select! {
                Some((app, result)) = rolling.next(), if !rolling.is_empty() => {
                    busy.remove(&app);
                    let now = self.clock.now();
                    let of_app = pass::by_app(schedules.iter()).remove(&app).unwrap_or_default();
                    let next = pass::next_look(&of_app, self.state, now);
                    let is_at_rest = result.as_ref().is_ok_and(Report::is_at_rest);
                    let again = now + if is_at_rest { LATER } else { AGAIN };
                    not_before.insert(app.clone(), next.map_or(again, |next| next.min(again)));
                    trouble.remove(&app);
                    match result {
                        Ok(report) => {
                            trouble.extend(report.trouble().map(|why| (app, why)));
                            passes.tell(&report);
                        }
                        Err(error) => {
                            trouble.insert(app, error.to_string());
                            self.ui.error(&error);
                        }
                    }
                }
                () = self.clock.sleep(self.nap(&schedules, now)) => {}
                () = self.stop.set(), if !self.stop.is_set() => {}
            }
        }
        Ok(exit::INTERRUPTED)
    }

    /// A sign of life that cannot be left stops no restart; it is said once.
    fn beat(
        &self,
        trouble: &BTreeMap<String, String>,
        now: Timestamp,
        last_beat: &mut Option<String>,
    ) {
        let trouble = trouble.values().next().cloned();
        let path = self.store.path();
        let sign = Heartbeat::new(Mode::Watch, path, self.app, trouble, now);
        let problem = self.state.beat(&sign).err().map(|error| error.to_string());
        if let Some(problem) = problem.as_ref().filter(|_| problem != *last_beat) {
            self.ui.warn(problem);
        }
        *last_beat = problem;
    }

    fn nap(&self, schedules: &[Schedule], now: Timestamp) -> SignedDuration {
        let next = pass::next_look(schedules, self.state, now);
        next.map_or(NAP, |next| next.duration_since(now))
            .clamp(SHORTEST_NAP, NAP)
    }

    fn greet(&self, schedules: &[Schedule]) {
        if !self.ui.is_json {
            let count = schedules.len();
            let noun = if count == 1 { "schedule" } else { "schedules" };
            self.ui.say(&format!(
                "Watching {count} {noun} of {}; Ctrl-C leaves",
                self.store.path().display()
            ));
            if count == 0 {
                self.ui
                    .hint("set makes a schedule, which is noticed within seconds");
            }
        }
    }
}
