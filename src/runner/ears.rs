//! The logs that a watch listens to: those of apps whose schedules are about memory.

use super::apps::{self, Names};
use crate::{
    pass::{Heard, Listened},
    plan,
    schedule::Schedule,
};
use jiff::{SignedDuration, Timestamp};
use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    rc::Rc,
};
use tokio::sync::Notify;

/// One app's log.
#[derive(Debug, Default)]
pub struct Ear {
    pub heard: Rc<Heard>,
    /// Nobody wants to know any more.
    ended: Notify,
    /// When it was last looked whether a forecast makes a dyno of a schedule due, and whether one does.
    forecast: RefCell<BTreeMap<String, (Timestamp, bool)>>,
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
/// A clock that differs from Heroku's by more is not made allowance for.
const LARGEST_SKEW: SignedDuration = SignedDuration::from_mins(15);
/// A forecast does not change faster than this.
const FORECASTS_EVERY: SignedDuration = SignedDuration::from_mins(1);

impl Ear {
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

    /// Whether what was heard may make a dyno of this schedule due.
    pub fn is_due(&self, schedule: &Schedule, now: Timestamp) -> bool {
        let is_allowed = schedule.bounds.bar(now).is_none() && !schedule.is_paused(now);
        if !schedule.memory.is_trigger() || !is_allowed {
            return false;
        }
        let ears = self.ears.borrow();
        let is_its = |names: &&Names| names.contains(schedule.app.id_or_name());
        let Some(ear) = ears.keys().find(is_its).and_then(|names| ears.get(names)) else {
            return false;
        };
        // What only a pass can find out is found out at once: its quotas, and who ends its dynos.
        if ear.heard.app_id.borrow().is_none() {
            return true;
        }
        // A clock that is off by minutes must not make every sample an old one.
        let told_at = ear.heard.lives.borrow().told_at();
        let is_near = |at: &Timestamp| now.duration_since(*at).abs() < LARGEST_SKEW;
        let now = told_at.filter(is_near).unwrap_or(now);
        let (lives, is_ended) = (ear.heard.lives.borrow(), ear.heard.is_ended_at_quota.get());
        let quotas = ear.heard.quotas.borrow();
        if plan::is_over(schedule, &lives, (&quotas, is_ended), now) {
            return true;
        }
        if schedule.memory.before_limit.is_none() {
            return false;
        }
        let name = schedule.name.to_string();
        let known = ear.forecast.borrow().get(&name).copied();
        let is_fresh = |at: Timestamp| now.duration_since(at).abs() < FORECASTS_EVERY;
        if let Some((_, is_due)) = known.filter(|(at, _)| is_fresh(*at)) {
            return is_due;
        }
        let is_due = plan::is_ahead_of_limit(schedule, &lives, now);
        ear.forecast.borrow_mut().insert(name, (now, is_due));
        is_due
    }
}
