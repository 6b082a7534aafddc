//! What was seen of an app, and when. Plain values: no wire format (see `heroku::wire`), no verdict.

use crate::memory::{Bytes, Seen};
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};

/// One look at an app. All instants are Heroku's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// Heroku's time when it was asked for `dynos`: they are no older than that.
    pub at: Timestamp,
    pub app: App,
    pub formation: Vec<Formation>,
    pub dynos: Vec<Dyno>,
    /// Whether the app has the `preboot` feature: old and new web dynos overlap for minutes.
    pub has_preboot: bool,
    /// What the log tells of the memory of dynos, by their ids; empty where nobody has read it.
    pub memory: BTreeMap<String, Seen>,
    /// Heroku's dyno sizes, where they were asked for.
    pub sizes: Vec<Size>,
}

/// A size that dynos come in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Size {
    pub name: String,
    pub memory: Bytes,
    /// A month of one dyno, in US cents.
    pub cents: Option<u64>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct App {
    pub id: String,
    pub name: String,
    pub is_in_maintenance: bool,
    /// When the current release was made.
    pub released_at: Option<Timestamp>,
    pub generation: Generation,
    /// Whether it runs in a Private Space.
    pub is_in_space: bool,
}

impl App {
    /// Whether the platform ends a dyno at its quota: there is no swap (Dev Center, "Dyno memory
    /// behavior").
    #[must_use]
    pub fn is_ended_at_quota(&self) -> bool {
        self.is_in_space || self.generation == Generation::Fir
    }
}

/// Heroku's platform generations; they differ in what a dyno's name is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Generation {
    /// `web.1` is a place that dynos fill one after the other.
    Cedar,
    /// `web-848cd4f64d-pvpr2` is one dyno: the name changes with every restart.
    Fir,
}

/// A process type and how many dynos of it are wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Formation {
    pub process_type: String,
    pub quantity: u32,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dyno {
    /// New with every start of the dyno.
    pub id: String,
    pub name: String,
    pub process_type: String,
    pub state: State,
    pub created_at: Timestamp,
    /// When the state last changed.
    pub updated_at: Timestamp,
    pub release: u64,
    /// Whether somebody is attached to it: a one-off.
    pub is_attached: bool,
    /// `Standard-1X`; its case varies.
    pub size: String,
}

/// Heroku's `state` is an open string; these are the ones that mean something to us.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    Up,
    Starting,
    Crashed,
    /// An Eco dyno asleep.
    Idle,
    Other(String),
}

impl State {
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Up => "up",
            Self::Starting => "starting",
            Self::Crashed => "crashed",
            Self::Idle => "idle",
            Self::Other(other) => other,
        }
    }
}

impl From<&str> for State {
    fn from(text: &str) -> Self {
        match text.to_ascii_lowercase().as_str() {
            "up" => Self::Up,
            "starting" => Self::Starting,
            "crashed" => Self::Crashed,
            "idle" => Self::Idle,
            other => Self::Other(other.to_owned()),
        }
    }
}

impl Dyno {
    /// When the process that it runs began; one that crashed and came back is another.
    #[must_use]
    pub fn began_at(&self) -> Timestamp {
        self.created_at.max(self.updated_at)
    }

    #[must_use]
    pub fn is_up(&self) -> bool {
        self.state == State::Up
    }
}

impl Snapshot {
    /// What a dyno may use: what its lines tell, else by its size.
    #[must_use]
    pub fn quota(&self, dyno: &Dyno) -> Option<Bytes> {
        let told = self.memory.get(&dyno.id).and_then(Seen::quota);
        let is_it = |size: &&Size| size.name.eq_ignore_ascii_case(&dyno.size);
        told.or_else(|| self.sizes.iter().find(is_it).map(|size| size.memory))
    }

    /// How many dynos of this process type are wanted; zero for a type that the formation lacks.
    #[must_use]
    pub fn quantity(&self, process_type: &str) -> u32 {
        self.formation
            .iter()
            .find(|entry| entry.process_type == process_type)
            .map_or(0, |entry| entry.quantity)
    }

    /// The dynos that the formation keeps running, which alone may be restarted.
    ///
    /// A one-off can carry any process type and any name, and a DELETE kills it for good, so all of
    /// these must hold: the type is not one-off by nature, the formation wants at least one of it,
    /// the name is that of a formation's dyno (on Cedar `type.N` with N up to that quantity, on Fir
    /// `type-SET-POD` as the Heroku CLI knows it), and nobody is attached.
    pub fn formation_dynos(&self) -> impl Iterator<Item = &Dyno> {
        self.dynos.iter().filter(|dyno| self.is_in_formation(dyno))
    }

    /// Whether the formation wants a dyno of this name, should it not be in the list. On Fir, where names
    /// change: whether it wants more of the type than there are.
    #[must_use]
    pub fn wants(&self, name: &str, process_type: &str) -> bool {
        let quantity = self.quantity(process_type);
        let number = name
            .rsplit_once('.')
            .and_then(|(_, n)| n.parse::<u32>().ok());
        number.map_or_else(|| self.present(process_type) < quantity, |n| n <= quantity)
    }

    /// Why the list cannot be the whole truth of the dynos that are meant (name, process type): it lacks
    /// one that is wanted, or has dynos where nothing is wanted at all.
    #[must_use]
    pub fn gap(&self, is_meant: impl Fn(&str, &str) -> bool) -> Option<String> {
        if self.formation.is_empty() && !self.dynos.is_empty() {
            return Some("Heroku lists dynos and no formation".to_owned());
        }
        // A formation has at most a hundred of a type; one-offs have larger numbers.
        let is_unknown = |dyno: &&Dyno| {
            let is_place = ordinal(dyno).is_some_and(|number| number <= 100);
            let kind = &dyno.process_type;
            let is_ours = is_place && !dyno.is_attached && !crate::schedule::is_one_off(kind);
            is_ours && is_meant(&dyno.name, kind) && !self.has_type(kind)
        };
        if let Some(unknown) = self.dynos.iter().find(is_unknown) {
            let (name, kind) = (&unknown.name, &unknown.process_type);
            return Some(format!("Heroku lists {name} and no formation of {kind}"));
        }
        let is_listed = |name: &str| self.dynos.iter().any(|dyno| dyno.name == name);
        let is_short = |entry: &&Formation| {
            let kind = &entry.process_type;
            let is_lacking = |number: u32| {
                let name = format!("{kind}.{number}");
                is_meant(&name, kind) && !is_listed(&name)
            };
            !crate::schedule::is_one_off(kind)
                && match self.app.generation {
                    Generation::Cedar => (1..=entry.quantity).any(is_lacking),
                    Generation::Fir => is_meant("", kind) && self.present(kind) < entry.quantity,
                }
        };
        self.formation.iter().find(is_short).map(|entry| {
            let (kind, wanted) = (&entry.process_type, entry.quantity);
            let present = self.present(kind);
            format!("Heroku lists {present} of {wanted} {kind} dynos")
        })
    }

    /// Whether the formation knows this process type, wanted or not.
    #[must_use]
    pub fn has_type(&self, process_type: &str) -> bool {
        let is_it = |entry: &Formation| entry.process_type == process_type;
        self.formation.iter().any(is_it)
    }

    /// How many dynos of this process type the list has.
    fn present(&self, process_type: &str) -> u32 {
        let of_type = self
            .formation_dynos()
            .filter(|dyno| dyno.process_type == process_type);
        u32::try_from(of_type.count()).unwrap_or(u32::MAX)
    }

    /// Ids of dynos named like those of the formation, and numbered beyond what it wants: one-offs with
    /// such a name, those of a formation that was just made smaller, or of one made larger since it
    /// was read. On Fir a name tells nothing of the kind.
    #[must_use]
    pub fn surplus(&self) -> BTreeSet<String> {
        let is_beyond = |dyno: &&Dyno| {
            let quantity = self.quantity(&dyno.process_type);
            quantity > 0 && !dyno.is_attached && ordinal(dyno).is_some_and(|n| n > quantity)
        };
        let dynos = self.dynos.iter().filter(is_beyond);
        dynos.map(|dyno| dyno.id.clone()).collect()
    }

    /// Whether the formation keeps this dyno running.
    #[must_use]
    pub fn is_in_formation(&self, dyno: &Dyno) -> bool {
        let quantity = self.quantity(&dyno.process_type);
        let is_named = match self.app.generation {
            Generation::Fir => is_pod(dyno),
            Generation::Cedar => {
                ordinal(dyno).is_some_and(|number| (1..=quantity).contains(&number))
            }
        };
        let is_one_off = crate::schedule::is_one_off(&dyno.process_type);
        !is_one_off && quantity > 0 && is_named && !dyno.is_attached
    }
}

/// The N of a Cedar name `type.N`, when the name is that.
fn ordinal(dyno: &Dyno) -> Option<u32> {
    dyno.name
        .strip_prefix(dyno.process_type.as_str())?
        .strip_prefix('.')?
        .parse()
        .ok()
}

/// Whether the name is `type-848cd4f64d-pvpr2` (the Heroku CLI: `/^web-[0-9a-z]+-[0-9a-z]{5}$/`).
fn is_pod(dyno: &Dyno) -> bool {
    let suffix = dyno
        .name
        .strip_prefix(dyno.process_type.as_str())
        .and_then(|rest| rest.strip_prefix('-'));
    let is_part = |part: &str| {
        !part.is_empty()
            && part
                .bytes()
                .all(|b| b.is_ascii_digit() || b.is_ascii_lowercase())
    };
    suffix
        .and_then(|rest| rest.split_once('-'))
        .is_some_and(|(set, pod)| is_part(set) && is_part(pod) && pod.len() == 5)
}
