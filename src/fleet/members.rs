//! Schedules of fleets as schedules of their apps. Pure.

use crate::schedule::{App, Membership, Schedule};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// An app that a fleet has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    pub name: String,
    /// None of one that is named, and that Heroku does not show.
    pub id: Option<String>,
    /// When the fleet was last asked for without it: what was due earlier is not for it.
    pub since: Option<Timestamp>,
    /// Whether it goes by a schedule of its own that has the same name.
    #[serde(default)]
    pub has_own: bool,
}

impl Member {
    /// Whether somebody who says this name, or this id, means this app.
    #[must_use]
    pub fn is(&self, name_or_id: &str) -> bool {
        self.name == name_or_id || self.id.as_deref() == Some(name_or_id)
    }

    /// The name while there is no id.
    pub(super) fn key(&self) -> &str {
        self.id.as_deref().unwrap_or(&self.name)
    }
}

/// What is known of a fleet.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Known {
    /// When Heroku last told its apps.
    pub at: Option<Timestamp>,
    /// When it was last asked, whatever came of it.
    pub asked: Option<Timestamp>,
    pub members: Vec<Member>,
    /// When an answer last lacked apps that were known.
    #[serde(default)]
    pub left: Option<Timestamp>,
    /// Those that have left: who comes back has missed what came meanwhile.
    #[serde(default)]
    pub former: Vec<Member>,
}

/// What became of a fleet between two answers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Change {
    pub came: Vec<String>,
    pub left: Vec<String>,
}

/// A fleet that Heroku could not be asked about is asked about again so much later.
const AGAIN: SignedDuration = SignedDuration::from_mins(1);
/// While dynos may be due by something else than a calendar, or somebody may be back, an answer is believed for
/// so long: a little less than what lies between two calls of a timer.
const WHILE_DUE: SignedDuration = SignedDuration::from_secs(285);
/// So long, while none is.
const AT_REST: SignedDuration = SignedDuration::from_hours(1);
/// Who left so long ago is not looked for at each occurrence.
const OF_LATE: SignedDuration = SignedDuration::from_hours(48);

impl Known {
    /// Takes over what Heroku told of a fleet's apps.
    pub fn take(&mut self, found: &[Member], now: Timestamp) -> Change {
        let before = self.at;
        let is_first = before.is_none();
        let names = |members: &[Member], others: &[Member]| -> Vec<String> {
            let keys: BTreeSet<&str> = others.iter().map(Member::key).collect();
            let lone = members.iter().filter(|one| !keys.contains(one.key()));
            lone.map(|one| one.name.clone()).collect()
        };
        let change = Change {
            came: if is_first {
                vec![]
            } else {
                names(found, &self.members)
            },
            left: names(&self.members, found),
        };
        let since = |member: &Member| {
            let mut known = self.members.iter().chain(&self.former);
            let known = known.find(|one| one.key() == member.key());
            match known {
                // What the fleet's schedule asked for before was not for it.
                Some(known) if known.has_own && !member.has_own => before,
                Some(known) => known.since,
                None => before,
            }
        };
        let members: Vec<Member> = found
            .iter()
            .map(|member| Member {
                since: since(member),
                ..member.clone()
            })
            .collect();
        let is_away = |one: &Member| members.iter().all(|other| other.key() != one.key());
        if !change.left.is_empty() {
            self.left = Some(now);
        }
        self.former.append(&mut self.members);
        self.former.retain(is_away);
        self.members = members;
        (self.at, self.asked) = (Some(now), Some(now));
        change
    }

    /// An app that is named is the one that it was, by its id, whoever has taken its name.
    pub(super) fn keep_ids(&self, found: &mut [Member]) {
        for member in found {
            let mut known = self.members.iter();
            let known = known.find(|one| one.name == member.name && one.id.is_some());
            if let Some(known) = known {
                member.id.clone_from(&known.id);
            }
        }
    }

    pub(super) fn is_as_known(&self, found: &[Member]) -> bool {
        let keys = |members: &[Member]| -> BTreeSet<String> {
            members.iter().map(|one| one.key().to_owned()).collect()
        };
        keys(&self.members) == keys(found)
    }

    /// What two answers come to: an app that is known is in one of them, a new one in both.
    pub(super) fn agreed(&self, newer: &[Member], older: &[Member]) -> Vec<Member> {
        let has = |members: &[Member], one: &Member| members.iter().any(|it| it.key() == one.key());
        let more = older.iter().filter(|one| !has(newer, one));
        let both = newer
            .iter()
            .chain(more)
            .filter(|one| has(&self.members, one) || has(newer, one) && has(older, one));
        let mut agreed: Vec<Member> = both.cloned().collect();
        agreed.sort_by(|a, b| a.name.cmp(&b.name));
        agreed
    }

    /// Whether Heroku is to be asked before anything is done to its apps: nothing is known of it, or
    /// something has come due since. `is_any_due` tells whether dynos of its apps may be due now.
    pub fn is_stale(
        &self,
        fleet: &Schedule,
        now: Timestamp,
        is_any_due: impl Fn() -> bool,
    ) -> bool {
        let is_older = |than: SignedDuration, at: Option<Timestamp>| {
            // Into the past, the clock was set back.
            at.is_none_or(|at| now.duration_since(at) >= than || at > now)
        };
        let due = fleet.latest_occurrence(now);
        if due.is_some_and(|due| self.asked.is_none_or(|asked| asked < due)) {
            return true;
        }
        if !is_older(AGAIN, self.asked) {
            return false;
        }
        let Some(at) = self.at else {
            return true;
        };
        let by_age = fleet.max_uptime.is_some() || fleet.own_daily_cycle;
        let is_by_calendar_alone = !by_age && !fleet.memory.is_trigger();
        // An occurrence is acted on for no longer, so that nothing is looked for at other times.
        let late = fleet.jitter.unwrap_or_default().duration() + fleet.guards.catch_up.duration();
        let may_be_due = due.is_some_and(|due| now.duration_since(due) <= late);
        // Who left of late may be back, and due.
        let has_left = self
            .left
            .is_some_and(|left| now.duration_since(left) < OF_LATE);
        due.is_some_and(|due| due > at)
            || may_be_due && has_left && is_older(WHILE_DUE, self.at)
            || (may_be_due || !is_by_calendar_alone) && is_older(WHILE_DUE, self.at) && is_any_due()
            || !is_by_calendar_alone && is_older(AT_REST, self.at)
    }
}

impl Member {
    /// Its schedule: that of its fleet, from when it came.
    fn schedule(&self, fleet: &Schedule, asked: Option<Timestamp>) -> Option<Schedule> {
        // Whoever had a schedule of its own when the fleet was last asked has none any more.
        let since = if self.has_own { asked } else { self.since };
        Some(Schedule {
            app: App {
                name: self.name.parse().ok()?,
                id: self.id.clone(),
                membership: Membership::Member(fleet.app.name.clone()),
                ..fleet.app.clone()
            },
            since: fleet.since.max(since),
            ..fleet.clone()
        })
    }
}

/// Puts in place of each fleet the schedules of its apps, as far as these are wanted. An app's own
/// schedule goes before that of a fleet of the same name, and an earlier fleet before a later one.
pub fn expand<'a>(
    schedules: &'a [Schedule],
    known: impl Fn(&Schedule) -> Option<&'a Known>,
    is_wanted: impl Fn(&Member) -> bool,
) -> Vec<Schedule> {
    let own = schedules.iter().filter(|one| !one.app.is_fleet());
    let mut taken: BTreeSet<(String, &str)> = BTreeSet::new();
    for one in own {
        let names = [Some(one.app.name.to_string()), one.app.id.clone()];
        taken.extend(
            names
                .into_iter()
                .flatten()
                .map(|app| (app, one.name.as_str())),
        );
    }
    let mut all = vec![];
    for one in schedules {
        if !one.app.is_fleet() {
            all.push(one.clone());
            continue;
        }
        let Some(known) = known(one) else { continue };
        for member in known.members.iter().filter(|member| is_wanted(member)) {
            let names = [Some(member.name.clone()), member.id.clone()];
            let names: Vec<_> = names.into_iter().flatten().collect();
            let name = one.name.as_str();
            if names.iter().any(|app| taken.contains(&(app.clone(), name))) {
                continue;
            }
            taken.extend(names.into_iter().map(|app| (app, name)));
            all.extend(member.schedule(one, known.at));
        }
    }
    // Each app of a pass keeps its own few for long.
    all.shrink_to_fit();
    all
}
