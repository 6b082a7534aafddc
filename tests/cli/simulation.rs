//! One runner on a paused clock, against a sandbox on the same runtime.

use crate::control::Heroku;
use autorestart::{
    clock::Clock,
    credentials,
    env::Env,
    execute::{Observer, Progress, Tools},
    heroku::{Client, Options, Platform},
    ledger::Ledger,
    pass::{self, Listened, Pass, Request},
    report::Report,
    schedule::Schedule,
    state::StateDir,
    stop::Stop,
    store::Store,
};
use std::{
    path::Path,
    sync::atomic::{AtomicU64, Ordering},
};
use tempfile::TempDir;

/// Every pass is a process of its own.
static PROCESSES: AtomicU64 = AtomicU64::new(0);

/// A clock that stands at an instant, and goes on as the paused time of the runtime does.
pub fn paused_at(base: jiff::Timestamp) -> Clock {
    Clock::Moved {
        base,
        started: tokio::time::Instant::now(),
        rate: 1.0,
        set_by: None,
    }
}

/// What a machine asks Heroku with.
pub async fn client(env: &Env, clock: Clock) -> Client {
    let heroku = Options::from_env(env).expect("options");
    let person = credentials::Use::Person;
    let credential = credentials::resolve(env, &heroku.host, person).await;
    Client::new(&heroku, &credential.expect("a token"), clock).expect("a client")
}

pub struct Silent;

impl Observer for Silent {
    fn progress(&self, _: Progress<'_>) {}
}

/// A machine: its own clock, schedules file and state directory.
pub struct Machine {
    pub home: TempDir,
    pub env: Env,
    pub clock: Clock,
    /// Apps that are rolled side by side.
    pub concurrency: usize,
}

impl Machine {
    pub fn new(heroku: &Heroku, clock: Clock, schedules: &str) -> Self {
        let home = tempfile::tempdir().expect("a directory");
        std::fs::write(home.path().join("schedules.toml"), schedules).expect("a file");
        let state = home.path().join("state").display().to_string();
        let pairs = [
            ("HEROKU_HOST", heroku.url.as_str()),
            ("HEROKU_API_KEY", "a-token"),
            ("AUTORESTART_STATE_DIR", &state),
        ];
        let env = Env::from_pairs(pairs.map(|(name, value)| (name.to_owned(), value.to_owned())));
        Self {
            home,
            env,
            clock,
            concurrency: 100,
        }
    }

    pub fn store(&self) -> Store {
        Store::locate(
            Some(Path::new(&self.home.path().join("schedules.toml"))),
            &self.env,
        )
        .expect("a place")
    }

    pub fn state(&self) -> StateDir {
        StateDir::open(&self.env).expect("a state directory")
    }

    /// One pass, as `run` makes it.
    pub async fn pass(
        &self,
        options: pass::Options,
        now: Option<(&str, Request)>,
        stop: &Stop,
    ) -> Report {
        let schedules = self.store().read().await.expect("schedules");
        self.pass_of(options, now, &schedules, None, stop).await
    }

    /// One pass over these schedules, as `run --watch` makes it.
    pub async fn pass_over(
        &self,
        options: pass::Options,
        schedules: &[Schedule],
        listened: Option<&Listened>,
        stop: &Stop,
    ) -> Report {
        self.pass_of(options, None, schedules, listened, stop).await
    }

    async fn pass_of(
        &self,
        options: pass::Options,
        now: Option<(&str, Request)>,
        schedules: &[Schedule],
        listened: Option<&Listened>,
        stop: &Stop,
    ) -> Report {
        let state = self.state();
        let heroku = Options::from_env(&self.env).expect("options");
        let client = client(&self.env, self.clock).await;
        let runner_id = state.runner_id().expect("an id");
        let process = PROCESSES.fetch_add(1, Ordering::Relaxed).to_string();
        let ledger = Ledger::new(state.ledger(), runner_id.clone());
        let store = self.store();
        let platform = Platform::default();
        let tools = Tools {
            client: &client,
            clock: self.clock,
            ledger: &ledger,
            stop,
            observer: &Silent,
            platform: &platform,
            lag: if options.is_unattended {
                autorestart::state::lag(&runner_id)
            } else {
                jiff::SignedDuration::ZERO
            },
        };
        let identities = pass::Identities::default();
        let fleets = autorestart::fleet::Fleets::open(&state);
        let turns = tokio::sync::Semaphore::new(self.concurrency);
        let pass = Pass {
            turns: &turns,
            identities: &identities,
            fleets: &fleets,
            ended: &|_, _, _| {},
            tools,
            state: &state,
            store: &store,
            runner_id: &runner_id,
            process: &process,
            host: heroku.host.machine(),
            account: None,
            told: &[],
            listened,
            options,
        };
        let untold = pass::untold(&state, schedules, &process);
        let mut report = match now {
            Some((app, request)) => pass.run_now(app, schedules, request).await,
            None => pass.run(schedules).await,
        };
        // Whoever calls is told.
        report.apps.extend(untold);
        pass::was_told(&state, &report);
        report
    }
}
