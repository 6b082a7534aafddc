//! One policy over a record: minute by minute, with the planner's own decisions.

use super::{
    Record,
    place::{self, BOOT, Place},
};
use crate::{
    memory::{Bytes, Life, Seen},
    plan::{self, Asked, Known, Question, SkipReason, Trigger},
    schedule::Schedule,
    snapshot::{App, Generation, Snapshot},
};
use jiff::{SignedDuration, Timestamp};
use std::collections::{BTreeMap, BTreeSet};

/// What a policy would have come to.
#[derive(Debug, Clone, Default)]
pub struct Outcome {
    pub restarts: Vec<(Timestamp, String, Trigger)>,
    /// Time that dynos were over their quota, as far as the log tells; unknown where no line has a quota.
    pub over_quota: Option<SignedDuration>,
    /// The most that a dyno used of its quota, in percent.
    pub worst: Option<f64>,
    /// Restarts of the calendar of dynos that would not have reached the threshold before its next one;
    /// unknown where no threshold is.
    pub wasted: Option<usize>,
    /// When a dyno was first left alone because a restart does not help, which, and why.
    pub left_alone: Option<(Timestamp, String, String)>,
    /// Of each dyno: what it would have used.
    pub courses: BTreeMap<String, Vec<(Timestamp, Bytes)>>,
}

const TICK: SignedDuration = SignedDuration::from_secs(60);
const SAMPLE: SignedDuration = SignedDuration::from_secs(20);
/// Points of a course that are kept for a chart.
const KEPT_EVERY: SignedDuration = SignedDuration::from_mins(5);
/// How often a forecast is looked at.
const FORECAST_EVERY: i64 = 10;

/// Replays a policy, which is a schedule of whatever app; `None` restarts nothing.
#[must_use]
pub fn replay(record: &Record, policy: Option<&Schedule>) -> Outcome {
    let Some((from, until)) = record.span() else {
        return Outcome::default();
    };
    // What was due before the log began, or as it did, was acted on, or not, before.
    let policy = policy.map(|policy| Schedule {
        since: Some(from + TICK),
        ..policy.clone()
    });
    let mut replay = Replay::new(record, policy.as_ref(), from);
    let mut now = from;
    let mut tick = 0;
    while now <= until {
        replay.measure(now);
        if replay.may_be_due(now, tick) {
            replay.pass(now);
        }
        (now, tick) = (now + TICK, tick + 1);
    }
    replay.outcome
}

struct Replay<'a> {
    record: &'a Record,
    policy: Option<&'a Schedule>,
    places: Vec<Place<'a>>,
    snapshot: Snapshot,
    known: Known,
    /// When a calendar or an age is next due.
    due: Option<Timestamp>,
    outcome: Outcome,
    kept_at: Option<Timestamp>,
}

impl<'a> Replay<'a> {
    fn new(record: &'a Record, policy: Option<&'a Schedule>, from: Timestamp) -> Self {
        Self {
            record,
            policy,
            places: Place::all(record),
            snapshot: Snapshot {
                at: from,
                app: App {
                    id: String::new(),
                    name: "the log".to_owned(),
                    is_in_maintenance: false,
                    released_at: None,
                    generation: Generation::Cedar,
                    is_in_space: false,
                },
                formation: vec![],
                dynos: vec![],
                has_preboot: false,
                memory: BTreeMap::new(),
                sizes: vec![],
            },
            known: Known::default(),
            due: Some(from),
            outcome: Outcome {
                wasted: Some(0),
                ..Outcome::default()
            },
            kept_at: None,
        }
    }

    /// What every dyno uses in the minute that ends now.
    fn measure(&mut self, now: Timestamp) {
        let is_kept = self
            .kept_at
            .is_none_or(|at| now.duration_since(at) >= KEPT_EVERY);
        for place in &mut self.places {
            if place.follow(now) {
                self.due = self.due.map(|due| due.min(now));
            }
            if !place.is_there(now) {
                self.snapshot.memory.remove(&place.id());
                continue;
            }
            let quota = place.quota();
            let id = place.id();
            let seen = self.snapshot.memory.entry(id.clone()).or_default();
            for part in (0..3).rev() {
                let at = now - SAMPLE * part;
                if at < place.started_at + BOOT {
                    continue;
                }
                let used = place.used(at);
                let life = seen.life.get_or_insert_with(|| Life::new(&id));
                life.add(at, used, quota);
                let Some(quota) = quota else { continue };
                if used > quota {
                    seen.exceed(at, used, quota);
                }
                if self.record.tells_of(at) {
                    self.outcome.count(used, quota);
                }
            }
            let last = seen.life.as_ref().and_then(Life::last);
            if is_kept && let Some(last) = last {
                let course = self
                    .outcome
                    .courses
                    .entry(place.name.to_owned())
                    .or_default();
                course.push((last.at, last.used));
            }
        }
        let ids: BTreeSet<String> = self.places.iter().map(Place::id).collect();
        self.snapshot.memory.retain(|id, _| ids.contains(id));
        if is_kept {
            self.kept_at = Some(now);
        }
    }

    /// Whether it is worth asking the planner: it is asked too often rather than too seldom.
    fn may_be_due(&self, now: Timestamp, tick: i64) -> bool {
        let Some(policy) = self.policy else {
            return false;
        };
        let memory = &policy.memory;
        let is_near = |seen: &Seen| {
            let last = seen.life.as_ref().and_then(Life::last);
            let quota = seen.quota();
            let threshold = memory
                .threshold
                .and_then(|threshold| threshold.of(quota, false));
            let over = |limit: Option<Bytes>| {
                last.zip(limit)
                    .is_some_and(|(last, limit)| last.used >= limit)
            };
            over(threshold) || memory.on_r14 && over(quota)
        };
        let is_forecast = memory.before_limit.is_some() && tick % FORECAST_EVERY == 0;
        self.due.is_some_and(|due| due <= now)
            || is_forecast
            || memory.is_trigger() && self.snapshot.memory.values().any(is_near)
    }

    fn pass(&mut self, now: Timestamp) {
        let Some(policy) = self.policy else { return };
        let there = self.places.iter().filter(|place| place.is_there(now));
        self.snapshot.dynos = there.map(Place::dyno).collect();
        self.snapshot.at = now;
        self.snapshot.formation = place::formation(&self.snapshot.dynos);
        let silent = place::silent(&self.snapshot);
        self.snapshot.dynos.extend(silent);
        let plan = plan::plan(Question {
            schedules: std::slice::from_ref(policy),
            snapshot: &self.snapshot,
            now,
            local_now: now,
            remaining: None,
            known: &self.known,
        });
        let is_in_vain = |skip: &&plan::Skip| skip.reason == SkipReason::RestartDoesNotHelp;
        if let Some(skip) = plan.skips.iter().find(is_in_vain) {
            let told = || (now, skip.dyno.clone(), skip.detail.clone());
            self.outcome.left_alone.get_or_insert_with(told);
        }
        // One of a process type in a minute: each is proven before the next.
        let mut types = BTreeSet::new();
        for step in &plan.steps {
            if types.insert(step.process_type.clone()) {
                self.restart(step, now);
            }
        }
        let is_open = !plan.steps.is_empty() || plan.waiting().next().is_some();
        if !is_open {
            let ages = self
                .places
                .iter()
                .filter_map(|place| policy.max_uptime_of(place.started_at));
            let own = self
                .places
                .iter()
                .filter_map(|place| policy.own_cycle_due(place.started_at, now));
            self.due = [policy.next_due(now)]
                .into_iter()
                .flatten()
                .chain(ages)
                .chain(own)
                .min();
        }
    }

    fn restart(&mut self, step: &plan::Step, now: Timestamp) {
        let Some(place) = self.places.iter_mut().find(|place| place.name == step.dyno) else {
            return;
        };
        if step.trigger == Trigger::Calendar {
            let is_waste = is_waste(place, step, self.policy, now);
            let wasted = self.outcome.wasted.zip(is_waste);
            self.outcome.wasted = wasted.map(|(wasted, is_waste)| wasted + usize::from(is_waste));
        }
        let old_id = place.id();
        self.snapshot.memory.remove(&old_id);
        place.restart(now);
        self.known.asked.push(Asked {
            dyno: step.dyno.clone(),
            occurrence: step.occurrence,
            old_id,
            new_id: Some(place.id()),
            at: now,
            is_accepted: true,
            outcome: Some(plan::Outcome::Restarted),
            is_for_memory: step.trigger.is_memory(),
            memory_after: None,
        });
        self.known
            .open
            .insert((step.schedule.clone(), step.occurrence));
        let restart = (now, step.dyno.clone(), step.trigger);
        self.outcome.restarts.push(restart);
    }
}

impl Outcome {
    /// Counts one sample.
    fn count(&mut self, used: Bytes, quota: Bytes) {
        let over = if used > quota {
            SAMPLE
        } else {
            SignedDuration::ZERO
        };
        self.over_quota = Some(self.over_quota.unwrap_or_default() + over);
        self.worst = Some(self.worst.unwrap_or_default().max(used.percent_of(quota)));
    }
}

/// Whether a dyno that the calendar restarts would have stayed below its threshold until the next time;
/// unknown without a threshold.
fn is_waste(
    place: &Place<'_>,
    step: &plan::Step,
    policy: Option<&Schedule>,
    now: Timestamp,
) -> Option<bool> {
    let policy = policy?;
    let threshold = policy.memory.threshold().of(place.quota(), false)?;
    let Some(next) = policy.next_due(now) else {
        return Some(false);
    };
    let minutes = next.duration_since(now.max(step.occurrence)).as_mins();
    let mut later = (0..minutes).map(|minute| now + SignedDuration::from_mins(minute));
    Some(later.all(|at| place.used(at) < threshold))
}
