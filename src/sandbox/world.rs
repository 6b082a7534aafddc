//! The state of the simulated Heroku, moved on lazily.

use super::{
    accounts::Accounts,
    app::{App, Restart},
    faults::Fault,
    logs::Session,
    scenario::Scenario,
    scenario::TeamScenario,
};
use crate::clock::Clock;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use std::collections::BTreeMap;

/// Everything there is.
#[derive(Debug)]
pub struct World {
    clock: Clock,
    /// How far the sandbox's clock was moved beyond its start.
    pub(super) moved_by: SignedDuration,
    pub(super) accounts: Accounts,
    pub(super) apps: Vec<App>,
    pub(super) teams: Vec<TeamScenario>,
    /// Its own address, for the URLs that it hands out.
    pub(super) url: String,
    pub(super) log_sessions: BTreeMap<String, Session>,
    pub(super) faults: Vec<Fault>,
    pub(super) latency_ms: u64,
    /// Nobody counts the requests of an account.
    pub(super) is_unlimited: bool,
    /// What affects apps, by Heroku's status page.
    pub(super) incident: Option<String>,
    pub(super) requests: Vec<Request>,
    pub(super) restarts: Vec<Restart>,
    quota: f64,
    quota_at: Timestamp,
}

/// One request, as the record has it.
#[derive(Debug, Clone, Serialize)]
pub struct Request {
    pub at: Timestamp,
    pub method: String,
    pub path: String,
    /// None until, or unless, an answer is sent.
    pub status: Option<u16>,
    pub fault: Option<&'static str>,
}

/// The pool of an account, and what flows into it (HEROKU 1.3).
const POOL: f64 = 4_500.0;
const REFILL_PER_SECOND: f64 = 75.0 / 60.0;

impl World {
    #[must_use]
    pub fn new(scenario: &Scenario, clock: Clock) -> Self {
        let now = clock.now();
        super::ids::seed_ids(scenario.seed);
        #[expect(clippy::cast_precision_loss, reason = "a quota has four digits")]
        let quota = scenario.quota as f64;
        Self {
            clock,
            moved_by: SignedDuration::ZERO,
            accounts: Accounts::new(
                &scenario.account,
                scenario.token.as_deref(),
                &scenario.users,
                now,
            ),
            apps: scenario
                .apps
                .iter()
                .map(|app| App::new(app, &scenario.account, now))
                .collect(),
            teams: scenario.teams.clone(),
            url: String::new(),
            log_sessions: BTreeMap::new(),
            faults: vec![],
            latency_ms: scenario.latency_ms,
            is_unlimited: scenario.unlimited,
            incident: None,
            requests: vec![],
            restarts: vec![],
            quota,
            quota_at: now,
        }
    }

    /// Heroku's time.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.clock.now() + self.moved_by
    }

    #[must_use]
    pub fn clock(&self) -> Clock {
        self.clock
    }

    /// Lets everything happen that was to happen by now.
    pub(super) fn settle(&mut self) -> Timestamp {
        let now = self.now();
        let restarts: Vec<Restart> = self
            .apps
            .iter_mut()
            .flat_map(|app| app.settle(now))
            .collect();
        self.restarts.extend(restarts);
        now
    }

    /// The same of one app: what happens to others can wait until somebody looks at them.
    pub(super) fn settle_one(&mut self, name: &str) -> Timestamp {
        let now = self.now();
        let found = self.app(name);
        let restarts = found.map(|app| app.settle(now)).unwrap_or_default();
        self.restarts.extend(restarts);
        now
    }

    pub(super) fn find(&self, name: &str) -> Option<&App> {
        self.apps
            .iter()
            .find(|app| app.name == name || app.id == name)
    }

    pub(super) fn app(&mut self, name: &str) -> Option<&mut App> {
        self.apps
            .iter_mut()
            .find(|app| app.name == name || app.id == name)
    }

    /// Whether an account may do anything with an app.
    pub(super) fn reaches(&self, app: &App, email: &str) -> bool {
        let is_invited = app.collaborators.iter().any(|invited| invited == email);
        let is_member = app
            .team
            .as_ref()
            .is_some_and(|team| self.is_member(team, email));
        app.owner == email || is_invited || is_member
    }

    pub(super) fn is_member(&self, team: &str, email: &str) -> bool {
        let mut teams = self.teams.iter();
        teams.any(|one| one.name == team && one.members.iter().any(|member| member == email))
    }

    /// Takes one request out of the pool; tells how many are left, or that it is empty.
    pub(super) fn spend(&mut self) -> Result<u64, ()> {
        let left = self.remaining();
        if self.is_unlimited {
            return Ok(left);
        }
        if self.quota < 1.0 {
            return Err(());
        }
        self.quota -= 1.0;
        Ok(self.remaining())
    }

    /// How many are left by now.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "between 0 and 4,500"
    )]
    pub(super) fn remaining(&mut self) -> u64 {
        let now = self.now();
        let seconds = now.duration_since(self.quota_at).as_secs_f64().max(0.0);
        self.quota = (self.quota + seconds * REFILL_PER_SECOND).min(POOL);
        self.quota_at = now;
        self.quota as u64
    }

    pub(super) fn set_remaining(&mut self, remaining: u32) {
        self.quota = f64::from(remaining);
        self.quota_at = self.now();
    }
}
