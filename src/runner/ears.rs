//! The logs that a watch listens to: those of apps whose schedules are about memory.

use super::{
    apps::{self, Names},
    settled::{self, Settled},
};
use crate::{
    pass::{Heard, Listened},
    plan,
    schedule::Schedule,
};
use jiff::{SignedDuration, Timestamp};
use std::{
    cell::{Cell, RefCell},
    collections::{BTreeMap, BTreeSet},
    rc::Rc,
};
use tokio::sync::Notify;

/// One app's log.
#[derive(Debug, Default)]
pub struct Ear {
    pub heard: Rc<Heard>,
    /// Nobody wants to know any more.
    ended: Notify,
    /// When it was last looked which dynos a forecast makes due for a schedule, and which these were.
    forecasts: RefCell<BTreeMap<String, (Timestamp, BTreeSet<String>)>>,
    settled: RefCell<Settled>,
    /// When it was last said how many lines were not delivered, and how many these were.
    dropped: Cell<(Option<Timestamp>, u64)>,
    /// When a dyno was last restarted, until what that bought is known.
    restarted: Cell<Option<Timestamp>>,
}

#[derive(Debug, Default)]
pub(super) struct Ears {
    ears: RefCell<BTreeMap<Names, Rc<Ear>>>,
    /// What passes see of them.
    pub listened: Listened,
}

/// When a dyno that was restarted has warmed up: looked for from then until then.
const WARM: (SignedDuration, SignedDuration) =
    (SignedDuration::from_mins(13), SignedDuration::from_mins(20));
/// A log that cannot be read for so long is no passing trouble.
const LASTING: SignedDuration = SignedDuration::from_mins(2);
/// How often it is said that lines are missing.
const SAY_EVERY: SignedDuration = SignedDuration::from_hours(1);
/// A forecast does not change faster than this.
const FORECASTS_EVERY: SignedDuration = SignedDuration::from_mins(1);

/// Whether a schedule may restart dynos for their memory at this instant.
fn may_act(schedule: &Schedule, now: Timestamp) -> bool {
    let is_allowed = schedule.bounds.bar(now).is_none() && !schedule.is_paused(now);
    schedule.memory.is_trigger() && is_allowed
}

impl Ear {
    /// The dynos that what was heard makes due, at an instant of Heroku's clock.
    fn dynos(&self, schedule: &Schedule, now: Timestamp) -> BTreeSet<String> {
        let heard = &self.heard;
        let (lives, quotas) = (heard.lives.borrow(), heard.quotas.borrow());
        let of_app = (&*quotas, heard.is_ended_at_quota.get());
        let over = plan::over(schedule, &lives, of_app, now);
        let mut dynos: BTreeSet<String> = over.map(|newest| settled::key(&newest)).collect();
        if schedule.memory.before_limit.is_none() {
            return dynos;
        }
        let name = schedule.name.to_string();
        let mut forecasts = self.forecasts.borrow_mut();
        let known = forecasts.get(&name);
        let is_fresh = |at: Timestamp| now.duration_since(at).abs() < FORECASTS_EVERY;
        if let Some((_, near)) = known.filter(|(at, _)| is_fresh(*at)) {
            dynos.extend(near.iter().cloned());
            return dynos;
        }
        let near = plan::near_limit(schedule, &lives, &quotas, now);
        let near: BTreeSet<String> = near.map(|newest| settled::key(&newest)).collect();
        dynos.extend(near.iter().cloned());
        forecasts.insert(name, (now, near));
        dynos
    }

    /// Returns when nobody wants to know any more.
    pub async fn ended(&self) {
        self.ended.notified().await;
    }
}

impl Ears {
    /// Begins to listen to an app, if its schedules ask for it and nobody does yet.
    pub fn begin(&self, schedules: &[Schedule], now: Timestamp) -> Option<Rc<Ear>> {
        let is_about =
            |schedule: &Schedule| schedule.memory.is_needed() && !schedule.is_paused(now);
        if !schedules.iter().any(is_about) {
            return None;
        }
        let names = apps::names(schedules);
        let mut ears = self.ears.borrow_mut();
        // A pass may have written down the id of an app that was only named.
        let known = ears
            .keys()
            .find(|known| !known.is_disjoint(&names))
            .cloned();
        let (ear, is_new) = match known.and_then(|known| ears.remove(&known)) {
            Some(ear) => (ear, false),
            None => (Rc::default(), true),
        };
        let mut listened = self.listened.borrow_mut();
        for name in &names {
            listened.insert(name.clone(), Rc::clone(&ear.heard));
        }
        ears.insert(names, Rc::clone(&ear));
        is_new.then_some(ear)
    }

    /// Ends to listen to apps that no schedule asks for any more.
    pub fn keep_only<'a>(&self, apps: impl Iterator<Item = &'a Vec<Schedule>>, now: Timestamp) {
        let is_about =
            |schedule: &Schedule| schedule.memory.is_needed() && !schedule.is_paused(now);
        let wanted = apps.filter(|of_app| of_app.iter().any(is_about));
        let wanted: Names = wanted.flat_map(|of_app| apps::names(of_app)).collect();
        self.ears.borrow_mut().retain(|names, ear| {
            let is_wanted = !names.is_disjoint(&wanted);
            if !is_wanted {
                ear.ended.notify_one();
            }
            is_wanted
        });
        let mut listened = self.listened.borrow_mut();
        listened.retain(|name, _| wanted.contains(name));
    }

    /// Remembers that dynos of an app were restarted.
    pub fn expect_effects(&self, names: &Names, now: Timestamp) {
        let ears = self.ears.borrow();
        for (_, ear) in ears.iter().filter(|(of_ear, _)| !of_ear.is_disjoint(names)) {
            ear.restarted.set(Some(now));
        }
    }

    /// The logs that may tell by now what a restart bought.
    pub fn effects(&self, now: Timestamp) -> Vec<Rc<Ear>> {
        let is_time = |ear: &&Rc<Ear>| {
            let since = ear.restarted.get().map(|at| now.duration_since(at));
            let is_over = since.is_some_and(|since| since > WARM.1);
            if is_over {
                ear.restarted.set(None);
            }
            since.is_some_and(|since| since >= WARM.0)
        };
        self.ears
            .borrow()
            .values()
            .filter(is_time)
            .cloned()
            .collect()
    }

    /// Why a log cannot be read, once that has lasted: memory is not watched then.
    pub fn trouble(&self, now: Timestamp) -> Option<String> {
        let ears = self.ears.borrow();
        let lasting = ears.values().find_map(|ear| {
            let unread = ear.heard.unread.borrow();
            let (since, why) = unread.as_ref()?;
            (now.duration_since(*since) >= LASTING).then(|| why.clone())
        });
        lasting.map(|why| format!("a log cannot be read, so memory is not watched: {why}"))
    }

    /// Lines that were not delivered, of the logs where there are more than was said; said once an hour.
    pub fn dropped(&self, now: Timestamp) -> Vec<String> {
        let ears = self.ears.borrow();
        let news = ears.iter().filter_map(|(names, ear)| {
            let dropped = ear.heard.lives.borrow().dropped();
            let (said_at, said) = ear.dropped.get();
            let is_time = said_at.is_none_or(|at| now.duration_since(at).abs() >= SAY_EVERY);
            // An id is longer than any name.
            let name = names.iter().min_by_key(|name| name.len())?;
            (dropped > said && is_time).then(|| {
                ear.dropped.set((Some(now), dropped));
                format!(
                    "{name}: Heroku did not deliver {} lines of its log (L10, L11): samples of memory are missing",
                    dropped - said
                )
            })
        });
        news.collect()
    }

    /// A pass over an app has ended: with nothing done, and nothing to wait for, the same dynos are not
    /// looked at again at once.
    pub fn end(&self, schedules: &[Schedule], is_fruitless: bool, now: Timestamp) {
        let Some(ear) = schedules.iter().find_map(|schedule| self.ear_of(schedule)) else {
            return;
        };
        let mut settled = ear.settled.borrow_mut();
        if !is_fruitless {
            return settled.stir();
        }
        let now_there = now + ear.heard.skew.get();
        // One that is not allowed yet was not judged.
        let about = schedules.iter().filter(|one| may_act(one, now_there));
        let dynos = about.flat_map(|schedule| ear.dynos(schedule, now_there));
        settled.settle(dynos.collect(), now);
    }

    fn ear_of(&self, schedule: &Schedule) -> Option<Rc<Ear>> {
        let ears = self.ears.borrow();
        let mut ears = ears.iter();
        let (_, ear) = ears.find(|(names, _)| names.contains(schedule.app.id_or_name()))?;
        Some(Rc::clone(ear))
    }

    /// Whether what was heard may make a dyno of this schedule due.
    pub fn is_due(&self, schedule: &Schedule, now: Timestamp) -> bool {
        let Some(ear) = self.ear_of(schedule) else {
            return false;
        };
        // A clock that is off must not make every sample an old one, nor another hour of it.
        let now_there = now + ear.heard.skew.get();
        if !may_act(schedule, now_there) {
            return false;
        }
        // What only a pass can find out is found out at once: its quotas, and who ends its dynos.
        if ear.heard.app_id.borrow().is_none() {
            return true;
        }
        let settled = ear.settled.borrow();
        let dynos = ear.dynos(schedule, now_there);
        dynos.iter().any(|dyno| !settled.has(dyno, now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        memory::line,
        schedule::{App, Bounds, Guards, Membership, OfMemory, Target},
    };

    fn at(seconds: i64) -> Timestamp {
        let begin: Timestamp = "2026-03-02T07:00:00Z".parse().expect("an instant");
        begin + SignedDuration::from_secs(seconds)
    }

    fn schedule() -> Schedule {
        let threshold = Some("90%".parse().expect("a threshold"));
        Schedule {
            name: "default".parse().expect("a name"),
            app: App {
                name: "example-app".parse().expect("a name"),
                id: None,
                account: None,
                host: None,
                membership: Membership::Alone,
            },
            target: Target::All,
            calendar: None,
            max_uptime: None,
            jitter: None,
            own_daily_cycle: false,
            memory: OfMemory {
                threshold,
                ..OfMemory::default()
            },
            bounds: Bounds::default(),
            guards: Guards::default(),
            notify: vec![],
            since: None,
            pause: None,
        }
    }

    fn tell(ear: &Ear, seconds: i64, text: &str) {
        let when = format!("{:.6}", at(seconds)).replace('Z', "+00:00");
        let text = format!("{when} {text}");
        let line = line::read(text.as_bytes()).expect("a line");
        ear.heard.lives.borrow_mut().tell(line, line.at);
    }

    /// An ear that a pass has looked with, and a dyno of 500 MB.
    fn listening() -> (Ears, Rc<Ear>) {
        let ears = Ears::default();
        let ear = ears.begin(&[schedule()], at(0)).expect("a new one");
        ear.heard.app_id.replace(Some("01".to_owned()));
        for seconds in [0, 20, 40, 60] {
            tell(
                &ear,
                seconds,
                "heroku[web.1]: source=web.1 dyno=heroku.1.7f9b14bc-1d3b-47f4-91c1-704964b8793f sample#memory_rss=500.00MB sample#memory_quota=512.00MB",
            );
        }
        (ears, ear)
    }

    #[test]
    fn what_a_pass_has_left_alone_is_not_due_again_at_once() {
        let (ears, _) = listening();
        let schedules = [schedule()];
        assert!(ears.is_due(&schedules[0], at(61)));
        ears.end(&schedules, true, at(62));
        assert!(!ears.is_due(&schedules[0], at(63)));
        ears.end(&schedules, false, at(64));
        assert!(ears.is_due(&schedules[0], at(65)), "something was done");
    }

    #[test]
    fn what_was_not_allowed_yet_is_due_once_its_window_opens() {
        let (ears, _) = listening();
        let window = "07:02-08:00".parse().expect("a window");
        let bounds = Bounds {
            windows: vec![window],
            zone: "UTC".parse().expect("a zone"),
            ..Bounds::default()
        };
        let later = Schedule {
            bounds,
            ..schedule()
        };
        assert!(!ears.is_due(&later, at(62)));
        ears.end(std::slice::from_ref(&later), true, at(62));
        assert!(
            ears.is_due(&later, at(121)),
            "a pass before said nothing of it"
        );
    }

    #[test]
    fn a_clock_that_is_off_by_hours_does_not_deafen_a_watch() {
        let (ears, ear) = listening();
        let hours = SignedDuration::from_hours(3);
        for off in [hours, -hours] {
            let here = at(61) + off;
            assert_eq!(ears.is_due(&schedule(), here), off.is_negative());
            ear.heard.skew.set(-off);
            assert!(ears.is_due(&schedule(), here));
            ear.heard.skew.set(SignedDuration::ZERO);
        }
    }

    #[test]
    fn a_log_that_cannot_be_read_is_trouble_once_that_has_lasted() {
        let (ears, ear) = listening();
        assert_eq!(ears.trouble(at(0)), None);
        let why = "example-app: Heroku answered 403".to_owned();
        ear.heard.unread.replace(Some((at(0), why.clone())));
        assert_eq!(ears.trouble(at(60)), None, "a passing one");
        let trouble = ears.trouble(at(120)).expect("trouble");
        assert!(trouble.ends_with(&why), "{trouble}");
    }

    #[test]
    fn lines_that_were_not_delivered_are_told_once_an_hour_and_counted_once() {
        let (ears, ear) = listening();
        let lost = "heroku[logplex]: Error L11 (Tail buffer overflow) -> 9 messages dropped since 2026-03-02T07:00:00+00:00.";
        assert!(ears.dropped(at(0)).is_empty());
        tell(&ear, 61, lost);
        tell(&ear, 61, lost);
        let told = ears.dropped(at(70));
        assert!(
            told[0].starts_with("example-app: Heroku did not deliver 9 lines"),
            "{told:?}"
        );
        tell(&ear, 100, lost);
        assert!(ears.dropped(at(200)).is_empty(), "within the hour");
        assert!(ears.dropped(at(70 + 3_600))[0].contains("9 lines"));
    }
}
