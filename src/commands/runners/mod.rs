//! Which runner runs a schedule: when it was last alive, how late it can be, what it costs; and that
//! nothing runs it, which must not be missed.

mod tell;

use super::{Context, deploy};
use crate::{
    error::Error,
    heartbeat::{Heartbeat, Mode},
    ledger::Record,
    report::human,
    runner::{
        self,
        deployed::{self, Told},
        install::{EVERY_MINUTES, note::Note},
    },
    schedule::App,
    snapshot::State,
    state::StateDir,
    store::{ConfigVars, Store},
};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
pub use tell::{problem, tell};

/// One that makes passes, or should.
#[derive(Debug, Clone)]
pub struct Runner {
    /// A word for scripts: `watch`, `once`, `dyno`, `scheduler`.
    mode: &'static str,
    /// The app that it is, where it is one.
    app: Option<String>,
    who: String,
    last_sign: Option<Timestamp>,
    /// How long that was ago, by the clock of whoever left it.
    age: Option<SignedDuration>,
    is_alive: bool,
    /// Why its newest pass failed, or why it cannot be told how it fares.
    trouble: Option<String>,
    lateness: Option<SignedDuration>,
    /// Cents a month.
    cost: Option<u64>,
}

/// How late a pass of Heroku Scheduler is, at worst: its ten minutes, and a dyno's start.
const SCHEDULER_LATENESS: SignedDuration = SignedDuration::from_mins(11);

/// How late a pass of a timer that install wrote is, at worst.
const TIMER_LATENESS: SignedDuration = SignedDuration::from_mins(EVERY_MINUTES as i64 + 1);

impl Runner {
    fn here(sign: &Heartbeat, timer: Option<SignedDuration>, now: Timestamp) -> Self {
        let (mode, how, lateness) = match sign.mode {
            Mode::Watch => ("watch", "run --watch", Some(runner::LATENESS)),
            Mode::Once => ("once", "calls of run", timer),
        };
        Self {
            mode,
            app: None,
            who: format!("this machine: {how}"),
            last_sign: Some(sign.at),
            age: Some(now.duration_since(sign.at)),
            is_alive: sign.is_alive(now),
            trouble: sign.trouble.clone(),
            lateness,
            cost: None,
        }
    }

    /// The runner app, as Heroku shows it.
    async fn deployed(vars: &ConfigVars) -> (Self, Told) {
        let (client, name) = (vars.client(), &vars.runner().name);
        let id = vars.runner().id.as_str();
        let looked = tokio::try_join!(deployed::look(client, id), client.scales(id));
        let now = client.now();
        let mut it = Self {
            mode: "dyno",
            app: Some(name.clone()),
            who: format!("⬢ {name}"),
            last_sign: None,
            age: None,
            is_alive: false,
            trouble: None,
            lateness: Some(runner::LATENESS),
            cost: None,
        };
        let mut told = Told::default();
        match looked {
            Ok((seen, scales)) => {
                told = seen.told;
                let mut beat = seen.beat;
                let running = scales.iter().find(|scale| {
                    scale.process_type == runner::slug::PROCESS_TYPE && scale.quantity > 0
                });
                if let Some(scale) = running {
                    let cents = deploy::cents(&scale.size);
                    let price = cents.map(|cents| format!(", about ${} a month", cents / 100));
                    it.who = format!(
                        "⬢ {name}: one {} dyno{}",
                        scale.size,
                        price.unwrap_or_default()
                    );
                    it.cost = cents;
                } else if client.addons(id).await.is_ok_and(|addons| {
                    addons
                        .iter()
                        .any(|addon| addon.plan.starts_with(deploy::SCHEDULER))
                }) {
                    it.mode = "scheduler";
                    beat = seen.job;
                    it.who = format!("⬢ {name}: Heroku Scheduler");
                    it.lateness = Some(SCHEDULER_LATENESS);
                } else {
                    it.who = format!("⬢ {name}: no dyno");
                    it.trouble = Some("its dyno is scaled to 0".to_owned());
                    return (it, told);
                }
                let has_crashed = it.mode == "dyno" && seen.dyno == Some(State::Crashed);
                let is_alive = beat.as_ref().is_some_and(|beat| beat.is_alive(now));
                it.is_alive = is_alive && !has_crashed;
                it.last_sign = beat.as_ref().map(|beat| beat.at);
                it.age = it.last_sign.map(|at| now.duration_since(at));
                it.trouble = if has_crashed {
                    Some("its dyno has crashed".to_owned())
                } else {
                    beat.and_then(|beat| beat.trouble)
                };
            }
            Err(error) => it.trouble = Some(format!("it cannot be looked at: {error}")),
        }
        (it, told)
    }

    pub fn json(&self) -> Value {
        json!({
            "mode": self.mode, "app": self.app, "last_sign": self.last_sign, "alive": self.is_alive, "trouble": self.trouble,
            "lateness_seconds": self.lateness.map(|lateness| lateness.as_secs()), "cost_cents_per_month": self.cost,
        })
    }

    /// Least for the one that fares worst.
    pub fn rank(&self) -> (bool, Option<Timestamp>) {
        (self.trouble.is_none(), self.last_sign)
    }

    pub fn trouble(&self) -> Option<&str> {
        self.trouble.as_deref()
    }

    /// What shows more of its trouble, or mends it.
    pub fn mend(&self, context: &Context<'_>) -> String {
        match &self.app {
            None => format!("{} shows more", context.verb("run")),
            Some(app) => format!(
                "heroku logs --app {app} shows more; {} repairs what is wrong with its token",
                context.verb("deploy")
            ),
        }
    }

    /// How it fares, in one line.
    pub fn in_words(&self) -> String {
        let mut words = self.who.clone();
        if let Some(age) = self.age {
            words = format!("{words}, last sign of life {}", human::ago(age));
        }
        if let Some(lateness) = self.lateness.filter(|_| self.is_alive) {
            words = if lateness < SignedDuration::from_mins(1) {
                format!("{words}; seconds late")
            } else {
                format!("{words}; up to {} minutes late", lateness.as_mins())
            };
        }
        words
    }
}

/// All that may run the schedules of a store.
pub struct Runners {
    deployed: Option<Runner>,
    told: Told,
    /// Of those of this machine, the newest last.
    signs: Vec<Heartbeat>,
    /// The timer that install wrote for them.
    timer: Option<Note>,
    state: StateDir,
}

impl Runners {
    /// Looks at them; a runner app is asked for.
    ///
    /// # Errors
    /// When there is no place to look for those of this machine.
    pub async fn look(context: &Context<'_>, store: &Store) -> Result<Self, Error> {
        let deployed = match store {
            Store::ConfigVars(vars) => Some(Runner::deployed(vars).await),
            Store::File(_) | Store::Environment(_) => None,
        };
        let (deployed, told) = deployed.unzip();
        let (state, key) = (StateDir::to_read(context.env)?, store.key());
        let note = Note::read(state.path()).ok().flatten();
        let timer = note.filter(|note| note.schedules == key);
        Ok(Self {
            deployed,
            told: told.unwrap_or_default(),
            signs: state.signs(&key),
            timer,
            state,
        })
    }

    /// What a runner app tells of restarts and misses.
    pub fn told(&self) -> &[Record] {
        &self.told.records
    }

    /// Those of an app's schedules, the one that counts first: of two, each is enough.
    pub fn of(&self, app: &App, now: Timestamp) -> Vec<Runner> {
        let here = self.signs.iter().rfind(|sign| sign.is_for(app));
        let lateness = self.timer.as_ref().map(|_| TIMER_LATENESS);
        let here = here.map(|sign| Runner::here(sign, lateness, now));
        // What is not alive here any more has ended; a runner app that is not alive should be.
        let here = here.filter(|here| here.is_alive || self.deployed.is_none());
        let mut all: Vec<Runner> = self.deployed.iter().cloned().chain(here).collect();
        all.sort_by_key(|runner| (!runner.is_alive, runner.trouble.is_some()));
        all
    }

    /// The one that counts.
    pub fn first(&self, app: &App, now: Timestamp) -> Option<Runner> {
        self.of(app, now).into_iter().next()
    }

    /// Whether none is known, dead or alive, that is to run an app's schedules.
    pub fn has_none(&self, app: &App, now: Timestamp) -> bool {
        self.deployed.is_none() && self.timer.is_none() && !self.is_run(app, now)
    }

    pub fn is_run(&self, app: &App, now: Timestamp) -> bool {
        self.first(app, now).is_some_and(|runner| runner.is_alive)
    }
}

/// How late an app's passes come, or why that is not known.
pub fn lateness(runner: Option<&Runner>) -> Result<SignedDuration, &'static str> {
    match runner.filter(|runner| runner.is_alive) {
        None => Err("nothing runs it"),
        Some(runner) if runner.trouble.is_some() => Err("the last pass of its runner failed"),
        Some(runner) => runner
            .lateness
            .ok_or("how late a call of run comes is not known"),
    }
}
