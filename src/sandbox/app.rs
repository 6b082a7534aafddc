//! One simulated app: its formation, its dynos, and what restarts them.

use super::{
    addons::Addon,
    builds::Build,
    dyno::Dyno,
    ids::uuid,
    leak::Leak,
    logs::Line,
    meter::Meter,
    pipelines::Coupling,
    scenario::{Habits, Then},
    slugs::Slug,
};
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use std::collections::{BTreeMap, VecDeque};

#[derive(Debug)]
pub(super) struct App {
    pub id: String,
    pub name: String,
    pub owner: String,
    /// The team that it belongs to; its members reach it.
    pub team: Option<String>,
    /// The pipeline that it is in.
    pub coupling: Option<Coupling>,
    pub collaborators: Vec<String>,
    /// Whoever changes or reads it must give a second factor.
    pub needs_second_factor: bool,
    pub generation: String,
    pub region: String,
    pub stack: String,
    pub is_in_maintenance: bool,
    pub created_at: Timestamp,
    pub features: BTreeMap<String, bool>,
    pub config: BTreeMap<String, String>,
    pub formation: Vec<Formation>,
    pub dynos: Vec<Dyno>,
    pub releases: Vec<Release>,
    pub slugs: Vec<Slug>,
    pub builds: Vec<Build>,
    pub addons: Vec<Addon>,
    pub log: VecDeque<Line>,
    pub habits: Habits,
    /// A release whose release phase still runs: its version, and when it takes effect.
    pub pending: Option<(u64, Timestamp)>,
    /// Restarts that were accepted, and take effect later.
    pub accepted: Vec<Accepted>,
    /// The Private Space that it is in.
    pub space: Option<String>,
    /// What its lines of metrics call it.
    pub number: u32,
    /// Dynos that were asked to leave, and until when they are there.
    pub leaving: Vec<(Dyno, Timestamp)>,
    /// How often R14 was said.
    pub exceeded: u64,
    /// The largest share of a quota that a dyno used, in percent.
    pub worst: f64,
    /// What its paths answer, where that is not as their dyno does.
    pub answers: BTreeMap<String, u16>,
    /// How many requests were routed.
    pub routed: usize,
}

#[derive(Debug, Clone)]
pub(super) struct Formation {
    pub id: String,
    pub process_type: String,
    pub quantity: u32,
    pub size: String,
    pub command: String,
    pub leak: Option<Leak>,
}

#[derive(Debug, Clone)]
pub(super) struct Release {
    pub id: String,
    pub version: u64,
    pub description: String,
    pub created_at: Timestamp,
    /// The id of the slug that its dynos run.
    pub slug: Option<String>,
}

/// A restart that was accepted: of which name, when it takes effect, and how many dynos of its process
/// type were down by then as far as whoever asked could know.
#[derive(Debug, Clone)]
pub(super) struct Accepted {
    pub name: String,
    process_type: String,
    pub asked_at: Timestamp,
    pub at: Timestamp,
    pub down: u32,
    pub fell: u32,
}

/// A dyno was replaced or ended: the truth that tests hold us to.
#[derive(Debug, Clone, Serialize)]
pub struct Restart {
    pub at: Timestamp,
    /// Before `at` where it took effect later.
    pub asked_at: Timestamp,
    pub app: String,
    pub dyno: String,
    pub process_type: String,
    pub old_id: String,
    /// None when it was ended for good.
    pub new_id: Option<String>,
    /// `request`, `release`, `scale` or `cycle`.
    pub cause: &'static str,
    /// Dynos of the process type that the formation wants and that are not up right after; of a restart that
    /// took effect later, right after it was asked for.
    pub down: u32,
    /// How many of these were up a moment before, and fell by themselves: whoever looked then could not know.
    pub fell: u32,
}

pub(super) const FEATURES: [&str; 2] = ["preboot", "log-runtime-metrics"];

impl App {
    /// An app as it is made: without a release, a formation, or a dyno.
    pub fn made(name: &str, owner: &str, now: Timestamp) -> Self {
        Self {
            id: uuid(),
            name: name.to_owned(),
            owner: owner.to_owned(),
            team: None,
            coupling: None,
            collaborators: vec![],
            needs_second_factor: false,
            generation: "cedar".to_owned(),
            region: "us".to_owned(),
            stack: "heroku-24".to_owned(),
            is_in_maintenance: false,
            created_at: now,
            features: FEATURES
                .iter()
                .map(|name| ((*name).to_owned(), false))
                .collect(),
            config: BTreeMap::new(),
            formation: vec![],
            dynos: vec![],
            releases: vec![],
            slugs: vec![],
            builds: vec![],
            addons: vec![],
            log: VecDeque::new(),
            habits: Habits::default(),
            pending: None,
            accepted: vec![],
            space: None,
            number: 2_808_254,
            leaving: vec![],
            exceeded: 0,
            worst: 0.0,
            answers: BTreeMap::new(),
            routed: 0,
        }
    }

    pub fn has_metrics(&self) -> bool {
        let feature = self.features.get("log-runtime-metrics");
        feature.copied().unwrap_or(false)
    }

    pub fn has_preboot(&self) -> bool {
        self.features.get("preboot").copied().unwrap_or(false)
    }

    pub fn name_for(&self, process_type: &str, number: u32) -> String {
        if self.generation == "fir" {
            let hex = uuid().replace('-', "");
            return format!("{process_type}-{}-{}", &hex[..10], &hex[10..15]);
        }
        format!("{process_type}.{number}")
    }

    pub fn dyno(&self, process_type: &str, name: String, at: Timestamp) -> Dyno {
        let entry = self
            .formation
            .iter()
            .find(|entry| entry.process_type == process_type);
        let id = uuid();
        Dyno {
            meter: Meter::new(self.has_metrics(), at, &id),
            leak: entry.and_then(|entry| entry.leak),
            id,
            name,
            process_type: process_type.to_owned(),
            size: entry.map_or_else(|| "Standard-1X".to_owned(), |entry| entry.size.clone()),
            command: entry.map_or_else(|| "bash".to_owned(), |entry| entry.command.clone()),
            release: self.version(),
            created_at: at,
            is_one_off: false,
            is_attached: false,
            started_at: at,
            boot: self.habits.boot.0.duration(),
            then: self.habits.then,
            answers: self.habits.answers,
            forced: None,
            listed_at: at,
            leaves_at: None,
        }
    }

    pub fn version(&self) -> u64 {
        let newest = self.releases.last().map_or(0, |release| release.version);
        newest - u64::from(self.pending.is_some())
    }

    /// `DELETE /apps/{app}/dynos/{name}`: answers OK whatever happens. By id, or for a name that is
    /// not there, nothing happens; a one-off ends for good.
    pub fn delete(&mut self, name: &str, now: Timestamp) -> Vec<Restart> {
        let Some(place) = self
            .dynos
            .iter()
            .position(|dyno| dyno.name == name && dyno.leaves_at.is_none())
        else {
            return vec![];
        };
        if self.dynos[place].is_one_off {
            return vec![self.end(place, "request", now)];
        }
        let lag = self.habits.lag.0;
        if lag.as_secs() > 0 {
            let process_type = self.dynos[place].process_type.clone();
            let is_up = u32::from(self.dynos[place].is_up(now));
            let of_type = |other: &&Accepted| other.process_type == process_type;
            let pending = self.accepted.iter().filter(of_type).count();
            let down = self.down(&process_type, now) + is_up;
            let fell = self.fell(&process_type, now);
            // Each request is carried out, also a second one for the same place.
            self.accepted.push(Accepted {
                name: name.to_owned(),
                asked_at: now,
                at: now + lag.duration(),
                down: down + u32::try_from(pending).unwrap_or(u32::MAX),
                fell,
                process_type,
            });
            return vec![];
        }
        vec![self.replace(place, "request", now)]
    }

    /// `DELETE /apps/{app}/dynos` and `/formations/{type}`: all at once.
    pub fn delete_all(&mut self, process_type: Option<&str>, now: Timestamp) -> Vec<Restart> {
        let meant = |dyno: &&Dyno| {
            dyno.leaves_at.is_none()
                && process_type.is_none_or(|wanted| dyno.process_type == wanted && !dyno.is_one_off)
        };
        let names: Vec<String> = self
            .dynos
            .iter()
            .filter(meant)
            .map(|dyno| dyno.name.clone())
            .collect();
        names
            .iter()
            .flat_map(|name| self.delete(name, now))
            .collect()
    }

    pub fn end(&mut self, place: usize, cause: &'static str, now: Timestamp) -> Restart {
        let dyno = self.dynos.remove(place);
        let down = self.down(&dyno.process_type, now);
        let fell = self.fell(&dyno.process_type, now);
        Restart {
            at: now,
            asked_at: now,
            app: self.name.clone(),
            dyno: dyno.name,
            process_type: dyno.process_type,
            old_id: dyno.id,
            new_id: None,
            cause,
            down,
            fell,
        }
    }

    pub fn replace(&mut self, place: usize, cause: &'static str, now: Timestamp) -> Restart {
        let old = self.dynos[place].clone();
        let name = if self.generation == "fir" {
            self.name_for(&old.process_type, 0)
        } else {
            old.name.clone()
        };
        let new = old.successor(name, self.version(), self, now);
        let (new_id, process_type) = (new.id.clone(), old.process_type.clone());
        self.tell_of_replacement(&old, cause, now);
        if self.has_preboot() && process_type == "web" {
            self.dynos[place].leaves_at = Some(now + self.habits.overlap.0.duration());
            self.dynos.push(new);
        } else {
            self.dynos[place] = new;
            self.leaves(old.clone(), now);
        }
        let down = self.down(&process_type, now);
        let fell = self.fell(&process_type, now);
        Restart {
            at: now,
            asked_at: now,
            app: self.name.clone(),
            dyno: old.name,
            process_type,
            old_id: old.id,
            new_id: Some(new_id),
            cause,
            down,
            fell,
        }
    }

    /// A new release; with a release phase it takes effect when that has run.
    pub fn release(&mut self, description: &str, now: Timestamp) -> Vec<Restart> {
        let version = self.releases.last().map_or(0, |release| release.version) + 1;
        self.releases.push(Release {
            id: uuid(),
            version,
            description: description.to_owned(),
            created_at: now,
            // A change of anything else runs the same code.
            slug: self.releases.last().and_then(|last| last.slug.clone()),
        });
        let phase = self.habits.release_phase.0;
        if phase.as_secs() == 0 {
            return self.apply_release(now);
        }
        self.pending = Some((version, now + phase.duration()));
        let number = u32::try_from(version).unwrap_or(1);
        let dyno = self.dyno("release", format!("release.{number}"), now);
        self.dynos.push(Dyno {
            is_one_off: true,
            release: version,
            boot: SignedDuration::from_secs(1),
            then: Then::Stay,
            ..dyno
        });
        vec![]
    }

    pub fn apply_release(&mut self, now: Timestamp) -> Vec<Restart> {
        self.pending = None;
        self.dynos.retain(|dyno| dyno.process_type != "release");
        let places: Vec<usize> = (0..self.dynos.len())
            .filter(|place| {
                !self.dynos[*place].is_one_off && self.dynos[*place].leaves_at.is_none()
            })
            .collect();
        places
            .into_iter()
            .map(|place| self.replace(place, "release", now))
            .collect()
    }

    /// Whether a release waits for its release phase.
    pub fn is_pending(&self, release: &Release) -> bool {
        self.pending
            .is_some_and(|(version, _)| version == release.version)
    }
}
