//! One policy over a record: minute by minute, with the planner's own decisions.

use super::{Record, Recorded};
use crate::{
    memory::{Bytes, Life, Seen},
    plan::{self, Asked, Known, Question, Trigger},
    schedule::Schedule,
    snapshot::{App, Dyno, Formation, Generation, Snapshot, State},
};
use jiff::{SignedDuration, Timestamp};
use std::collections::{BTreeMap, BTreeSet};

/// What a policy would have come to.
#[derive(Debug, Clone, Default)]
pub struct Outcome {
    pub restarts: Vec<(Timestamp, String, Trigger)>,
    /// Time that dynos were over their quota.
    pub over_quota: SignedDuration,
    /// The most that a dyno used of its quota, in percent.
    pub worst: f64,
    /// Restarts of the calendar of dynos that would not have reached the threshold before its next one.
    pub wasted: usize,
    /// Of each dyno: what it would have used.
    pub courses: BTreeMap<String, Vec<(Timestamp, Bytes)>>,
}

/// One name: what the log has of it, and where the simulation is.
struct Place<'a> {
    name: &'a str,
    lives: Vec<&'a Recorded>,
    /// A life whose start the log has, for those whose start it has not.
    model: Option<&'a Recorded>,
    /// Which of its lives it is in, and when that, or the simulation, last started it.
    life: usize,
    started_at: Timestamp,
    is_restarted: bool,
    starts: u64,
}

const TICK: SignedDuration = SignedDuration::from_secs(60);
const SAMPLE: SignedDuration = SignedDuration::from_secs(20);
/// A dyno that was there before the log is older by at least so much: it is not warming up.
const OLDER: SignedDuration = SignedDuration::from_mins(15);
const BOOT: SignedDuration = SignedDuration::from_secs(10);
/// Points of a course that are kept for a chart.
const KEPT_EVERY: SignedDuration = SignedDuration::from_mins(5);
/// How often a forecast is looked at.
const FORECAST_EVERY: i64 = 10;

impl<'a> Place<'a> {
    fn current(&self) -> &'a Recorded {
        self.lives[self.life]
    }

    /// What it uses at an instant.
    fn used(&self, at: Timestamp) -> Bytes {
        let age = at.duration_since(self.started_at);
        let current = self.current();
        if !self.is_restarted || current.has_start {
            return current.used_at(age);
        }
        self.model.unwrap_or(current).used_at(age)
    }

    /// Follows the restarts that the log has.
    fn follow(&mut self, at: Timestamp) -> bool {
        let next = self.lives.get(self.life + 1).filter(|next| next.from <= at);
        if let Some(next) = next {
            (self.started_at, self.is_restarted) = (next.from, false);
            (self.life, self.starts) = (self.life + 1, self.starts + 1);
            return true;
        }
        false
    }

    fn is_there(&self, at: Timestamp) -> bool {
        let first = self.lives.first().is_some_and(|first| first.from <= at);
        let last = self
            .lives
            .last()
            .is_some_and(|last| at <= last.until() + TICK * 5);
        first && last
    }

    fn id(&self) -> String {
        format!("{}#{}", self.name, self.starts)
    }

    fn dyno(&self) -> Dyno {
        let kind = self.current().process_type();
        let is_older = !self.is_restarted && !self.current().has_start;
        let age = if is_older {
            OLDER
        } else {
            SignedDuration::ZERO
        };
        Dyno {
            id: self.id(),
            name: self.name.to_owned(),
            process_type: kind.to_owned(),
            state: State::Up,
            created_at: self.started_at - age,
            updated_at: self.started_at + BOOT - age,
            release: 1,
            is_attached: false,
            size: String::new(),
        }
    }
}

/// Replays a policy, which is a schedule of whatever app; `None` restarts nothing.
#[must_use]
pub fn replay(record: &Record, policy: Option<&Schedule>) -> Outcome {
    let (Some(from), Some(until)) = (record.from, record.until) else {
        return Outcome::default();
    };
    // What was due before the log began was acted on, or not, before it began.
    let policy = policy.map(|policy| Schedule {
        since: Some(from),
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
        let by_name = record.by_name();
        let with_start = |life: &&&Recorded| life.has_start;
        let longest = |a: &&&Recorded, b: &&&Recorded| a.lasted().cmp(&b.lasted());
        let places: Vec<Place<'a>> = by_name
            .iter()
            .map(|(name, lives)| {
                let own = lives.iter().filter(with_start).max_by(longest).copied();
                let kind = lives[0].process_type();
                let of_kind = || {
                    let all = by_name.values().flatten();
                    let of_kind = all.filter(|life| life.process_type() == kind);
                    of_kind.filter(with_start).max_by(longest).copied()
                };
                Place {
                    name,
                    model: own.or_else(of_kind),
                    started_at: lives[0].from,
                    lives: lives.clone(),
                    life: 0,
                    is_restarted: false,
                    starts: 0,
                }
            })
            .collect();
        let mut quantities: BTreeMap<String, u32> = BTreeMap::new();
        for place in &places {
            let number = place
                .name
                .rsplit_once('.')
                .and_then(|(_, number)| number.parse().ok());
            let kind = place.current().process_type().to_owned();
            let quantity = quantities.entry(kind).or_default();
            *quantity = (*quantity).max(number.unwrap_or(1));
        }
        let formation = quantities
            .into_iter()
            .map(|(process_type, quantity)| Formation {
                process_type,
                quantity,
            });
        Self {
            policy,
            places,
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
                formation: formation.collect(),
                dynos: vec![],
                has_preboot: false,
                memory: BTreeMap::new(),
                sizes: vec![],
            },
            known: Known::default(),
            due: Some(from),
            outcome: Outcome::default(),
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
            let quota = place.current().quota;
            let id = place.id();
            let seen = self.snapshot.memory.entry(id.clone()).or_default();
            let life = seen.life.get_or_insert_with(|| Life::new(&id));
            for part in (0..3).rev() {
                let at = now - SAMPLE * part;
                if at < place.started_at + BOOT {
                    continue;
                }
                let used = place.used(at);
                life.add(at, used, quota);
                if let Some(quota) = quota {
                    self.outcome.worst = self.outcome.worst.max(used.percent_of(quota));
                    if used > quota {
                        self.outcome.over_quota += SAMPLE;
                    }
                }
            }
            if is_kept && let Some(last) = life.last() {
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
        // A dyno that is not there is none that is wanted.
        let dynos = &self.snapshot.dynos;
        self.snapshot.formation.retain(|entry| {
            dynos
                .iter()
                .any(|dyno| dyno.process_type == entry.process_type)
        });
        let plan = plan::plan(Question {
            schedules: std::slice::from_ref(policy),
            snapshot: &self.snapshot,
            now,
            local_now: now,
            remaining: None,
            known: &self.known,
        });
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
        if step.trigger == Trigger::Calendar && is_waste(place, step, self.policy, now) {
            self.outcome.wasted += 1;
        }
        let old_id = place.id();
        self.snapshot.memory.remove(&old_id);
        (place.started_at, place.is_restarted) = (now, true);
        place.starts += 1;
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

/// Whether a dyno that the calendar restarts would have stayed below its threshold until the next time.
fn is_waste(
    place: &Place<'_>,
    step: &plan::Step,
    policy: Option<&Schedule>,
    now: Timestamp,
) -> bool {
    let Some(policy) = policy else { return false };
    let Some(next) = policy.next_due(now) else {
        return false;
    };
    let quota = place.current().quota;
    let Some(threshold) = policy.memory.threshold().of(quota, false) else {
        return false;
    };
    let minutes = next.duration_since(now.max(step.occurrence)).as_mins();
    let later = (0..minutes).map(|minute| now + SignedDuration::from_mins(minute));
    later.into_iter().all(|at| place.used(at) < threshold)
}
