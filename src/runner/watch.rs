//! `run --watch`: a pass over an app when something of it may be due, asleep in between. Apps do not
//! wait for each other: one that rolls for an hour, or waits for a release, holds no other.

use super::{
    apps::{self, Apps, Names},
    ears::Ears,
    known::Known,
    passes::Passes,
};
use crate::{
    clock::{Clock, Stopwatch},
    error::{Error, exit},
    heartbeat::{self, Heartbeat, Mode},
    pass,
    report::{
        Report, human,
        logfmt::{HEARTBEAT, Level, Line},
    },
    schedule::{AppName, Schedule},
    state::StateDir,
    stop::Stop,
    store::{Stamp, Store},
    ui::Ui,
};
use futures_util::stream::{FuturesUnordered, StreamExt as _};
use jiff::{SignedDuration, Timestamp};
use std::pin::pin;

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

/// What a watch that has nothing to do knows.
struct Asleep<'a> {
    schedules: &'a [Schedule],
    stamp: &'a Option<Stamp>,
    stopwatch: Stopwatch,
    /// When the last pass was over, and what it came to.
    last: Option<&'a (Timestamp, String)>,
    /// When the first of the apps is looked at again.
    again: Option<Timestamp>,
    is_idle: bool,
    ears: &'a Ears,
    /// No app waits for its turn, so that what is heard can be acted on at once.
    may_look: bool,
}

/// What was said of signs of life.
#[derive(Default)]
struct Beats {
    /// Why one could not be left.
    problem: Option<String>,
    /// When one was last left.
    left: Option<Timestamp>,
    /// When one was last in the log, and with which trouble.
    logged: Option<Timestamp>,
    trouble: Option<String>,
    /// Of how many schedules it was.
    count: usize,
}

/// How often everything is looked at anew, whatever happens.
const ROUND: SignedDuration = SignedDuration::from_mins(1);
/// How often a change of the schedules, or of the clock, is looked for while asleep.
const NAP: SignedDuration = SignedDuration::from_secs(10);
/// How late a watch that is alive begins with an occurrence, at worst: a nap of a due app's turn, the
/// seconds that an unattended runner lets others go first, and a slow answer or two.
pub const LATENESS: SignedDuration = SignedDuration::from_secs(30);
const SHORTEST_NAP: SignedDuration = SignedDuration::from_secs(1);
/// How soon a pass is made again over an app where dynos were left alone, or that could not be asked.
const AGAIN: SignedDuration = SignedDuration::from_secs(60);
/// How soon, where every dyno that is due was left alone for what its owner did: crashed, asleep,
/// in maintenance.
const LATER: SignedDuration = apps::FURTHEST;
/// How often a sign of life is left on this machine, where nothing has changed.
const SIGN: SignedDuration = SignedDuration::from_mins(1);

/// Waits for an answer while passes are made and logs listened to; returns passes that are over, too.
async fn meanwhile<A, P>(
    answer: impl Future<Output = A>,
    passes: &mut FuturesUnordered<impl Future<Output = P>>,
    listening: &mut FuturesUnordered<impl Future<Output = ()>>,
) -> (A, Vec<P>) {
    let (mut answer, mut over) = (pin!(answer), vec![]);
    loop {
        tokio::select! {
            answer = &mut answer => return (answer, over),
            Some(one) = passes.next() => over.push(one),
            Some(()) = listening.next() => {}
        }
    }
}

impl Watch<'_> {
    /// Makes passes until it is asked to stop.
    ///
    /// # Errors
    /// When the schedules cannot be read at the beginning: a runner that can do nothing must not
    /// look alive.
    pub async fn run(&self, passes: &impl Passes) -> Result<u8, Error> {
        let (mut known, wrong) = self.wake(passes).await?;
        let (mut beats, mut last_closed) = (Beats::default(), None);
        let (ears, mut listening) = (Ears::default(), FuturesUnordered::new());
        let mut rolling = FuturesUnordered::new();
        let (mut pings, mut last_ping) = (FuturesUnordered::new(), None);
        let mut asking = FuturesUnordered::new();
        let (mut telling, mut apps) = (FuturesUnordered::new(), Apps::default());
        let mut stopwatch = self.clock.stopwatch();
        let mut last = None;
        while !(self.stop.is_set() && rolling.is_empty()) {
            if let Some(jump) = stopwatch.jump() {
                self.tell_jump(jump);
                apps.look_again();
            }
            stopwatch = self.clock.stopwatch();
            let now = self.clock.now();
            // What rolls goes on meanwhile: nothing may come between the look at a dyno and its restart.
            let readable = passes.readable(&known.schedules);
            let (readable, ended) = meanwhile(readable, &mut rolling, &mut listening).await;
            let closed = readable.err();
            for (names, result) in ended {
                last = self.end(&names, result, &known.schedules, (&mut apps, &ears), passes);
            }
            let text = closed.as_ref().map(ToString::to_string);
            if let Some(error) = closed.filter(|_| text != last_closed) {
                self.ui.error(&error);
            }
            let wrong = wrong.first().map(ToString::to_string);
            let troubles = [apps.trouble(), text.clone(), wrong, known.problem.clone()];
            let trouble = troubles.into_iter().flatten().next();
            let trouble = trouble.or_else(|| ears.trouble(now));
            if self.beat(&known.schedules, trouble, now, &mut beats) && pings.is_empty() {
                pings.push(passes.ping(known.schedules.len()));
            }
            last_closed = text;
            known
                .read_again(self.store, passes, (self.ui, self.app))
                .await;
            let stale = known.stale(passes);
            if asking.is_empty() && !stale.is_empty() && !self.stop.is_set() {
                asking.push(passes.ask(stale));
            }
            self.warn_of(&passes.endings(&known.schedules), now);
            let by_app = pass::by_app(known.schedules.iter());
            apps.keep_only(by_app.values());
            ears.keep_only(by_app.values(), now);
            ears.effects(now).iter().for_each(|ear| passes.measure(ear));
            self.warn_of(&ears.dropped(now), now);
            for schedules in by_app.into_values() {
                let ear = ears.begin(&schedules, now);
                listening.extend(ear.map(|ear| passes.listen(schedules.clone(), ear)));
                // An app may have left its fleet.
                let is_known = !schedules.iter().any(|one| passes.is_stale(one));
                let may_look =
                    self.is_due(&schedules, &ears, now) && !self.stop.is_set() && is_known;
                if let Some(names) = may_look.then(|| apps.begin(&schedules, now)).flatten() {
                    let listened = &ears.listened;
                    rolling.push(async move { (names, passes.pass(schedules, listened).await) });
                }
            }
            if telling.is_empty() && passes.has_news() {
                telling.push(passes.deliver());
            }
            let (is_idle, may_look) = (rolling.is_empty(), apps.next(now).is_none());
            let asleep = Asleep {
                schedules: &known.schedules,
                stamp: &known.stamp,
                stopwatch,
                last: last.as_ref(),
                again: apps.next(now),
                is_idle,
                ears: &ears,
                may_look,
            };
            tokio::select! {
                Some((names, result)) = rolling.next(), if !is_idle => {
                    last = self.end(&names, result, &known.schedules, (&mut apps, &ears), passes);
                }
                Some(problem) = pings.next(), if !pings.is_empty() => {
                    self.tell_of_ping(&mut last_ping, problem);
                }
                Some(()) = telling.next(), if !telling.is_empty() => {}
                Some(told) = asking.next(), if !asking.is_empty() => {
                    known.hear(told.as_ref(), passes, self.app);
                }
                () = self.sleep(&asleep, now) => {}
                Some(()) = listening.next() => {}
                () = self.stop.set(), if !self.stop.is_set() => {}
            }
        }
        // A dyno's disk goes with it.
        drop(telling);
        passes.deliver().await;
        self.state.rest(&self.sign(None, self.clock.now()));
        Ok(exit::INTERRUPTED)
    }

    /// The schedules, and what is wrong beside them, which is said; as is what a runner before this one
    /// left unsaid.
    async fn wake(&self, passes: &impl Passes) -> Result<(Known, Vec<Error>), Error> {
        let (all, wrong) = self.store.read_all().await?;
        let known = Known::of(all, passes, self.app);
        let wrong: Vec<Error> = wrong.into_iter().map(Into::into).collect();
        self.greet(&known.schedules);
        for error in &wrong {
            self.ui.error(error);
        }
        if let Some(untold) = passes.untold(&known.schedules) {
            passes.note(Ok(&untold), &known.schedules);
            passes.tell(&untold);
        }
        Ok((known, wrong))
    }

    /// Why whoever wants to know was not told that the runner fares well; said once.
    fn tell_of_ping(&self, last: &mut Option<String>, problem: Option<String>) {
        if let Some(news) = problem.as_ref().filter(|_| problem != *last) {
            self.ui.warn(news);
        }
        *last = problem;
    }

    fn is_due(&self, schedules: &[Schedule], ears: &Ears, now: Timestamp) -> bool {
        let is_due = |schedule: &Schedule| {
            pass::has_reason_to_look(schedule, self.state, now) || ears.is_due(schedule, now)
        };
        schedules.iter().any(is_due)
    }

    /// After a pass over an app: what it tells, and when the app is looked at again. Returns when it was
    /// over, and what it came to.
    fn end(
        &self,
        names: &Names,
        result: Result<Report, Error>,
        schedules: &[Schedule],
        (apps, ears): (&mut Apps, &Ears),
        passes: &impl Passes,
    ) -> Option<(Timestamp, String)> {
        let is_at_rest = result.as_ref().is_ok_and(Report::is_at_rest);
        let trouble = match &result {
            Ok(report) => report.trouble(),
            Err(error) => Some(error.to_string()),
        };
        let schedules = pass::by_app(schedules.iter()).into_values();
        let schedules = schedules.filter(|of_app| !apps::names(of_app).is_disjoint(names));
        let schedules: Vec<Schedule> = schedules.flatten().collect();
        let failures = names.iter().map(|name| apps.failures(name)).max();
        let failures = failures.filter(|_| trouble.is_some()).unwrap_or(0);
        let next = self.next(&schedules, is_at_rest, failures, self.clock.now());
        apps.end(names, &schedules, next, trouble.as_deref());
        let is_fruitless = result.as_ref().is_ok_and(Report::is_fruitless);
        ears.end(&schedules, is_fruitless, self.clock.now());
        passes.note(result.as_ref(), &schedules);
        match result {
            Ok(report) => {
                if report.has_restarted() {
                    ears.expect_effects(names, self.clock.now());
                }
                passes.tell(&report);
                Some((self.clock.now(), human::tally(&report)))
            }
            Err(error) => {
                self.ui.error(&error);
                None
            }
        }
    }

    /// When an app is looked at again after a pass: at its next occurrence, or sooner to see whether
    /// what was left alone has changed.
    fn next(
        &self,
        schedules: &[Schedule],
        is_at_rest: bool,
        failures: u32,
        now: Timestamp,
    ) -> Timestamp {
        let catch_up = |schedule: &Schedule| schedule.guards.catch_up.duration();
        let shortest = schedules.iter().map(catch_up).min().unwrap_or(LATER);
        let patience = (shortest / 4).clamp(AGAIN, LATER);
        let again = if is_at_rest {
            now + patience
        } else {
            // Heroku that is away for long is asked less and less often.
            now + (AGAIN * (1 << failures.min(4))).min(patience)
        };
        pass::next_look(schedules, self.state, now)
            .filter(|next| *next > now)
            .map_or(again, |next| next.min(again))
    }

    /// A sign of life: in the state directory for this machine, and now and then in the log for
    /// others. One that cannot be left stops no restart; it is said once. Tells whether one was left
    /// for others, and all is well.
    fn beat(
        &self,
        schedules: &[Schedule],
        trouble: Option<String>,
        now: Timestamp,
        beats: &mut Beats,
    ) -> bool {
        let is_news = beats.trouble != trouble || beats.count != schedules.len();
        let is_over = |at: Option<Timestamp>, span: SignedDuration| {
            at.is_none_or(|at| {
                let since = now.duration_since(at);
                // Into the past, the clock was set back.
                since.is_negative() || since >= span
            })
        };
        let problem = if is_news || is_over(beats.left, SIGN) {
            beats.left = Some(now);
            let left = self.state.beat(&self.sign(trouble.clone(), now));
            left.err().map(|error| error.to_string())
        } else {
            beats.problem.clone()
        };
        if let Some(problem) = problem.as_ref().filter(|_| problem != beats.problem) {
            self.ui.warn(problem);
        }
        beats.problem = problem;
        let is_time = is_news || is_over(beats.logged, heartbeat::EVERY);
        let is_well = trouble.is_none();
        if is_time {
            let next = Schedule::next_of(schedules.iter(), now);
            let line = Line::new(Level::Info, HEARTBEAT)
                .with("schedules", schedules.len())
                .and("next", next.map(|(next, _)| next))
                .and("trouble", trouble.as_ref());
            self.ui.log(&line);
            if self.ui.is_json {
                self.ui.json(&serde_json::json!({ "now": now, "heartbeat": self.sign(trouble.clone(), now) }));
            }
            (beats.logged, beats.trouble) = (Some(now), trouble);
            beats.count = schedules.len();
        }
        is_time && is_well
    }

    fn sign(&self, trouble: Option<String>, now: Timestamp) -> Heartbeat {
        Heartbeat::new(Mode::Watch, &self.store.key(), self.app, trouble, now)
    }

    fn nap(
        &self,
        schedules: &[Schedule],
        again: Option<Timestamp>,
        now: Timestamp,
    ) -> SignedDuration {
        // What could be looked at already is looked at again when its app's time comes.
        let ahead = schedules.iter().filter_map(|one| {
            let next = pass::next_look(std::slice::from_ref(one), self.state, now);
            next.filter(|next| *next > now)
        });
        let next = ahead.chain(again).min();
        next.map_or(ROUND, |next| next.duration_since(now))
            .clamp(SHORTEST_NAP, ROUND)
    }

    /// Until something is due, or has changed: the schedules, or the clock. On a terminal with the time
    /// that is left.
    async fn sleep(&self, asleep: &Asleep<'_>, now: Timestamp) {
        let until = now + self.nap(asleep.schedules, asleep.again, now);
        let is_shown = asleep.is_idle && self.ui.is_watched() && !self.ui.is_json;
        let nap = if is_shown { SHORTEST_NAP } else { NAP };
        loop {
            let now = self.clock.now();
            let left = until.duration_since(now);
            if left <= SignedDuration::ZERO {
                return;
            }
            if is_shown {
                let next = Schedule::next_of(asleep.schedules.iter(), now);
                self.ui.countdown(&human::countdown(now, next, asleep.last));
            }
            self.clock.sleep(left.min(nap)).await;
            let has_changed = self.store.stamp() != *asleep.stamp;
            let now = self.clock.now();
            let is_over = |schedule: &Schedule| asleep.ears.is_due(schedule, now);
            let is_due = asleep.may_look && asleep.schedules.iter().any(is_over);
            if is_due || has_changed || asleep.stopwatch.jump().is_some() {
                return;
            }
        }
    }

    fn warn_of(&self, endings: &[String], now: Timestamp) {
        if self.ui.is_json && !endings.is_empty() {
            self.ui
                .json(&serde_json::json!({ "now": now, "warnings": endings }));
        } else {
            for ending in endings {
                self.ui.warn(ending);
            }
        }
    }
}
