//! What a watch knows of its apps: which are rolled, when each is looked at again, which failed.
//!
//! An app goes by all its names, id and name alike: a pass writes down the id of an app that was
//! only named, or its new name, and it is the same app still.

use crate::{schedule::Schedule, store::fingerprint};
use jiff::{SignedDuration, Timestamp};
use std::collections::{BTreeMap, BTreeSet};

/// How far ahead an app's next look may be.
pub(super) const FURTHEST: SignedDuration = SignedDuration::from_mins(10);

pub(super) type Names = BTreeSet<String>;

#[derive(Debug, Default)]
pub(super) struct Apps {
    /// With what their schedules meant when it began.
    busy: Vec<(Names, Vec<String>)>,
    /// When, unless its schedules are others by then.
    not_before: BTreeMap<String, (Timestamp, Vec<String>)>,
    /// Why the newest pass could not look at it, and how many in a row could not.
    trouble: BTreeMap<String, (String, u32)>,
}

/// Everything that the app of these schedules is called.
pub(super) fn names(schedules: &[Schedule]) -> Names {
    let of_one = |schedule: &Schedule| {
        let id = schedule.app.id.clone();
        [Some(schedule.app.name.to_string()), id]
    };
    schedules.iter().flat_map(of_one).flatten().collect()
}

fn meaning(schedules: &[Schedule]) -> Vec<String> {
    schedules.iter().map(fingerprint).collect()
}

impl Apps {
    /// Marks an app as rolled, unless it is already, or its time has not come; returns its names.
    pub(super) fn begin(&mut self, schedules: &[Schedule], now: Timestamp) -> Option<Names> {
        let names = names(schedules);
        let mut busy = self.busy.iter();
        let is_busy = busy.any(|(busy, _)| !busy.is_disjoint(&names));
        let meaning = meaning(schedules);
        let may_look = |name: &String| {
            let not_before = self.not_before.get(name);
            // One that lies far ahead is of a clock that was set back since.
            let is_near = |at: &Timestamp| *at > now && *at <= now + FURTHEST;
            not_before.is_none_or(|(at, was)| !is_near(at) || *was != meaning)
        };
        (!is_busy && names.iter().all(may_look)).then(|| {
            self.busy.push((names.clone(), meaning));
            names
        })
    }

    /// Tells how a pass ended, what the schedules of its app are by now, and when it is looked at
    /// again.
    pub(super) fn end(
        &mut self,
        names_before: &Names,
        schedules: &[Schedule],
        not_before: Timestamp,
        trouble: Option<&str>,
    ) {
        let place = self.busy.iter().position(|(busy, _)| busy == names_before);
        // What was set while it was rolled has not been looked at yet.
        let meaning = place.map(|place| self.busy.swap_remove(place).1);
        let meaning = meaning.unwrap_or_default();
        let all: Names = names_before.union(&names(schedules)).cloned().collect();
        for name in &all {
            let not_before = (not_before, meaning.clone());
            self.not_before.insert(name.clone(), not_before);
            match trouble {
                Some(why) => {
                    let failures = self.failures(name) + 1;
                    self.trouble
                        .insert(name.clone(), (why.to_owned(), failures));
                }
                None => drop(self.trouble.remove(name)),
            }
        }
    }

    /// When the first of them is looked at again.
    pub(super) fn next(&self, now: Timestamp) -> Option<Timestamp> {
        let ahead = self.not_before.values().map(|(at, _)| *at);
        ahead.filter(|at| *at > now).min()
    }

    /// Every app is looked at again.
    pub(super) fn look_again(&mut self) {
        self.not_before.clear();
    }

    /// Forgets apps that no schedule is about any more.
    pub(super) fn keep_only<'a>(&mut self, apps: impl Iterator<Item = &'a Vec<Schedule>>) {
        let known: Names = apps.flat_map(|schedules| names(schedules)).collect();
        self.trouble.retain(|name, _| known.contains(name));
        self.not_before.retain(|name, _| known.contains(name));
    }

    /// Why the newest pass over an app could not look at it.
    pub(super) fn trouble(&self) -> Option<String> {
        self.trouble.values().next().map(|(why, _)| why.clone())
    }

    /// How many passes in a row could not look at an app.
    pub(super) fn failures(&self, name: &str) -> u32 {
        self.trouble.get(name).map_or(0, |(_, failures)| *failures)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schedule::{App, Bounds, Guards, Membership, OfMemory, Span, Target};

    fn schedule(name: &str, id: Option<&str>) -> Schedule {
        Schedule {
            name: "default".parse().expect("a name"),
            app: App {
                name: name.parse().expect("a name"),
                id: id.map(ToOwned::to_owned),
                account: None,
                host: None,
                membership: Membership::Alone,
            },
            target: Target::All,
            calendar: None,
            max_uptime: Some(Span::hours(6)),
            jitter: None,
            own_daily_cycle: false,
            memory: OfMemory::default(),
            bounds: Bounds::default(),
            guards: Guards::default(),
            notify: vec![],
            since: None,
            pause: None,
        }
    }

    #[test]
    fn an_app_is_the_same_once_its_id_or_its_new_name_is_written_down() {
        let now: Timestamp = "2026-03-02T07:00:00Z".parse().expect("an instant");
        let later = now + jiff::SignedDuration::from_mins(1);
        let mut apps = Apps::default();
        let unknown = [schedule("example-app", None)];
        let known = [schedule("example-app", Some("01"))];
        let renamed = [schedule("new-name", Some("01"))];
        let names = apps.begin(&unknown, now).expect("nobody rolls it");
        assert_eq!(apps.begin(&known, now), None, "it is rolled");
        apps.end(&names, &known, later, Some("a reason"));
        assert_eq!(apps.begin(&known, now), None, "its time has not come");
        assert_eq!(apps.begin(&renamed, now), None, "nor under its new name");
        assert!(apps.trouble().is_some());
        let mut other = known.clone();
        other[0].max_uptime = Some(Span::hours(7));
        let again = apps
            .begin(&other, now)
            .expect("its schedule is another one");
        apps.end(&again, &known, later, Some("a reason"));
        apps.keep_only([].iter());
        assert!(apps.trouble().is_none() && apps.begin(&renamed, now).is_some());
    }
}
