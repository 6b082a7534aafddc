//! Which runner runs a schedule: when it was last alive, how late it can be, what it costs; and that
//! nothing runs it, which must not be missed.

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
    schedule::{App, Schedule},
    snapshot::State,
    state::StateDir,
    store::{ConfigVars, Store},
};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use std::collections::BTreeSet;

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
        let looked = futures_util::try_join!(deployed::look(client, id), client.scales(id));
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
    state: StateDir,
    key: String,
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
        Ok(Self {
            deployed,
            told: told.unwrap_or_default(),
            state: StateDir::open(context.env)?,
            key: store.key(),
        })
    }

    /// What a runner app tells of restarts and misses.
    pub fn told(&self) -> &[Record] {
        &self.told.records
    }

    /// Those of an app's schedules, the one that counts first: of two, each is enough.
    pub fn of(&self, app: &App, now: Timestamp) -> Vec<Runner> {
        let here = self.state.heartbeat(&self.key, app);
        let note = Note::read(self.state.path()).ok().flatten();
        let timer = note.filter(|note| note.schedules == self.key);
        let timer = timer.map(|_| TIMER_LATENESS);
        let here = here.map(|sign| Runner::here(&sign, timer, now));
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

/// What is wrong with the runners of these schedules: words, and the next command. `None` where all is
/// well.
pub fn problem(
    context: &Context<'_>,
    runners: &Runners,
    schedules: &[Schedule],
    now: Timestamp,
) -> Option<(String, String)> {
    let idle = schedules
        .iter()
        .filter(|schedule| !runners.is_run(&schedule.app, now));
    let idle: Vec<&Schedule> = idle.collect();
    if idle.is_empty() {
        return None;
    }
    if let Some(runner) = &runners.deployed {
        let name = runner.app.as_deref().unwrap_or_default();
        let is_fresh = |age: &SignedDuration| *age <= deployed::ALIVE;
        let since = match (runner.age, &runner.trouble) {
            (Some(age), Some(trouble)) if is_fresh(&age) => format!("does not run: {trouble}"),
            (Some(age), _) => format!("has shown no sign of life for {}", human::span(age)),
            (None, Some(trouble)) => format!("may not run: {trouble}"),
            (None, None) => "has shown no sign of life".to_owned(),
        };
        let hint = if runner.mode == "scheduler" {
            format!(
                "heroku addons:open scheduler --app {name} shows its jobs: one must call {}",
                runner::slug::COMMAND
            )
        } else {
            format!(
                "heroku ps --app {name} and heroku logs --app {name} show why; {} repairs it",
                context.verb("deploy")
            )
        };
        return Some((
            format!(
                "⬢ {name}, which is to run these schedules, {since}: until it runs, no dyno will be restarted"
            ),
            hint,
        ));
    }
    let apps: BTreeSet<String> = idle
        .iter()
        .map(|schedule| format!("⬢ {}", schedule.app.name))
        .collect();
    let these = if idle.len() == schedules.len() {
        "these schedules".to_owned()
    } else {
        let apps: Vec<_> = apps.into_iter().collect();
        format!("the schedules of {}", apps.join(", "))
    };
    let last = idle
        .iter()
        .filter_map(|schedule| runners.first(&schedule.app, now)?.last_sign)
        .max();
    if let Ok(Some(note)) = Note::read(runners.state.path())
        && note.schedules == runners.key
    {
        let kind = note.kind;
        let (since, why) = match (last, &*kind) {
            (None, _) => (
                "has made no pass over".to_owned(),
                format!("its first pass comes within {EVERY_MINUTES} minutes"),
            ),
            (Some(at), kind) => (
                format!(
                    "made its last pass {} over",
                    human::distance(now, at.min(now))
                ),
                match kind {
                    "systemd" => "journalctl --user --unit autorestart shows why".to_owned(),
                    _ => format!("{}/run.log shows why", runners.state.path().display()),
                },
            ),
        };
        return Some((
            format!(
                "The runner that is installed here ({kind}) {since} {these}: until it makes one, no dyno will be restarted"
            ),
            format!(
                "{why}; {} --watch makes passes meanwhile",
                context.verb("run")
            ),
        ));
    }
    let since = last.map(|at| {
        format!(
            " (the last runner was alive {})",
            human::distance(now, at.min(now))
        )
    });
    let (deploy, install) = (context.verb("deploy"), context.verb("install"));
    let run = context.verb("run");
    Some((
        format!(
            "Nothing runs {these}{}: until something makes passes, no dyno will be restarted",
            since.unwrap_or_default()
        ),
        format!(
            "{deploy} puts a runner on Heroku, {install} on this machine; {run} --watch makes passes for as long as it runs"
        ),
    ))
}

/// Schedules that give up sooner than their runner may come.
fn tell_hasty(context: &Context<'_>, runners: &Runners, schedules: &[Schedule], now: Timestamp) {
    for schedule in schedules.iter().filter(|one| one.calendar.is_some()) {
        let catch_up = schedule.guards.catch_up;
        let first = runners.first(&schedule.app, now);
        let Some(lateness) = lateness(first.as_ref())
            .ok()
            .filter(|late| *late >= catch_up.duration())
        else {
            continue;
        };
        let (name, app) = (&schedule.name, &schedule.app.name);
        context.ui.warn(&format!(
            "schedule {name} of ⬢ {app} is given up {catch_up} after its time, and its runner may come up to {} minutes late: what it comes too late for is missed",
            lateness.as_mins()
        ));
        context
            .ui
            .hint("set it again with a --catch-up of an hour or so");
    }
}

/// Says which runner runs the schedules, or that none does.
pub fn tell(context: &Context<'_>, runners: &Runners, schedules: &[Schedule], now: Timestamp) {
    let ui = context.ui;
    if let Some((problem, hint)) = problem(context, runners, schedules, now) {
        ui.warn(&problem);
        ui.hint(&hint);
    }
    tell_hasty(context, runners, schedules, now);
    let all = schedules
        .iter()
        .flat_map(|schedule| runners.of(&schedule.app, now));
    let mut alive: Vec<Runner> = all.filter(|runner| runner.is_alive).collect();
    // One line for each: for one that fails, else for the one that was last heard of longest ago.
    alive.sort_by_key(Runner::rank);
    let mut said = BTreeSet::new();
    for runner in alive
        .iter()
        .filter(|runner| said.insert(runner.who.clone()))
    {
        let line = format!("Run by {}", runner.in_words());
        match &runner.trouble {
            None => ui.say(&line),
            Some(trouble) => {
                ui.warn(&format!("{line}, but its last pass failed: {trouble}"));
                ui.hint(&runner.mend(context));
            }
        }
    }
    if said.len() > 1 {
        ui.say("Two runners do no harm: a dyno that one has restarted is not due for the other");
    }
}
