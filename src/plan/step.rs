//! One restart of a plan.

use super::{Asks, Question, due::Given};
use crate::{
    memory::Bytes,
    schedule::{Guards, Schedule, Span, Zone},
    snapshot::Dyno,
};
use jiff::Timestamp;
use serde::Serialize;
use std::sync::LazyLock;

/// One dyno to restart, with all that its roll needs to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    pub app: String,
    pub app_id: String,
    pub dyno: String,
    pub process_type: String,
    pub old_id: String,
    pub old_created_at: Timestamp,
    pub old_release: u64,
    pub schedule: String,
    /// Of that schedule: where its instants are told.
    pub zone: Zone,
    pub trigger: Trigger,
    /// What the dyno is due for; after a restart its `created_at` is later than this.
    pub occurrence: Timestamp,
    pub limits: Limits,
    /// What it used when it was last heard of.
    pub used: Option<Bytes>,
    /// The same as a share of its quota, in thousandths.
    pub share: Option<u32>,
    /// Of what the schedule means, where a pass knows it.
    pub schedule_hash: Option<String>,
    /// Who is asked before it, and after it.
    pub asks: Asks,
    /// Its calendar is for dynos that need it, and nobody knows whether this one does.
    pub is_in_doubt: bool,
}

/// Why a dyno is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Trigger {
    Calendar,
    MaxUptime,
    /// Before Heroku's own daily cycle can reach it.
    OwnDailyCycle,
    /// Its memory stays at the threshold or over it.
    Memory,
    /// It exceeds its quota again and again.
    R14,
    /// Its memory is forecast to reach the quota.
    Forecast,
    Now,
}

/// The guards of a step, resolved against the app.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Dynos of this process type that may be down at once.
    pub max_unavailable: u32,
    pub wait_limit: Span,
    /// How long the new dyno must be up to be believed; covers the preboot window.
    pub settle: Span,
}

/// The guards of all schedules that are about a dyno; the defaults where none is.
fn guards<'a>(question: Question<'a>, dyno: &Dyno) -> Vec<&'a Guards> {
    static DEFAULT: LazyLock<Guards> = LazyLock::new(Guards::default);
    let is_about = |schedule: &&Schedule| schedule.target.includes(&dyno.name, &dyno.process_type);
    let about = question.schedules.iter().filter(is_about);
    let guards: Vec<&Guards> = about.map(|schedule| &schedule.guards).collect();
    if guards.is_empty() {
        vec![&DEFAULT]
    } else {
        guards
    }
}

impl Limits {
    /// The strictest of all schedules that are about the dyno, whichever of them is due; what was
    /// given with `run --now` goes before them.
    pub(super) fn new(question: Question<'_>, dyno: &Dyno) -> Self {
        let snapshot = question.snapshot;
        let guards = guards(question, dyno);
        let has_overlap = snapshot.has_preboot && dyno.process_type == "web";
        let overlap = if has_overlap {
            super::PREBOOT_WINDOW
        } else {
            Span::default()
        };
        let quantity = snapshot.quantity(&dyno.process_type);
        let default = Given::default();
        let given = question.known.now.as_ref().map(|now| &now.given);
        let given = given.unwrap_or(&default);
        let budgets = guards
            .iter()
            .map(|guards| guards.max_unavailable.of(quantity));
        let wait_limits = guards.iter().map(|guards| guards.wait_limit);
        let settles = guards.iter().map(|guards| guards.settle);
        Self {
            max_unavailable: given
                .max_unavailable
                .map(|budget| budget.of(quantity))
                .or(budgets.min())
                .unwrap_or(1),
            wait_limit: given.wait_limit.or(wait_limits.max()).unwrap_or_default(),
            settle: given
                .settle
                .or(settles.max())
                .unwrap_or_default()
                .max(overlap),
        }
    }
}

impl Step {
    /// The trigger in words, whose it is, and for memory what was used: `memory of default, 92%`.
    #[must_use]
    pub fn why(&self) -> String {
        let why = self.trigger.of(&self.schedule);
        match (self.used, self.share.filter(|_| self.trigger.is_memory())) {
            (Some(used), Some(share)) => {
                format!(
                    "{why}: {:.0} MB, {:.0}% of the quota",
                    used.as_mb(),
                    f64::from(share) / 10.0
                )
            }
            _ if self.is_in_doubt => format!("{why}; not known whether its memory needs it"),
            _ => why,
        }
    }

    pub(super) fn new(
        question: Question<'_>,
        dyno: &Dyno,
        schedule: &str,
        trigger: Trigger,
        occurrence: Timestamp,
    ) -> Self {
        let snapshot = question.snapshot;
        let seen = snapshot.memory.get(&dyno.id);
        let used = seen.and_then(|seen| seen.used(question.now));
        let share = used.zip(snapshot.quota(dyno));
        let share = share.map(|(used, quota)| used.permille_of(quota));
        let named = question
            .schedules
            .iter()
            .find(|one| one.name.as_str() == schedule);
        let is_in_doubt = trigger == Trigger::Calendar
            && named.is_some_and(|one| {
                one.memory.if_needed && super::by_memory::needed(question, one, dyno).is_none()
            });
        let is_about = |one: &&Schedule| one.target.includes(&dyno.name, &dyno.process_type);
        let about = named.or_else(|| question.schedules.iter().find(is_about));
        let zone = about.or(question.schedules.first()).map(Schedule::zone);
        Self {
            schedule_hash: None,
            asks: Asks::new(question, &guards(question, dyno)),
            used,
            share,
            is_in_doubt,
            app: question.snapshot.app.name.clone(),
            app_id: question.snapshot.app.id.clone(),
            dyno: dyno.name.clone(),
            process_type: dyno.process_type.clone(),
            old_id: dyno.id.clone(),
            old_created_at: dyno.created_at,
            old_release: dyno.release,
            schedule: schedule.to_owned(),
            zone: zone.cloned().unwrap_or_else(Zone::utc),
            trigger,
            occurrence,
            limits: Limits::new(question, dyno),
        }
    }
}

impl Trigger {
    /// Whether the dyno's memory is why.
    #[must_use]
    pub fn is_memory(self) -> bool {
        matches!(self, Self::Memory | Self::R14 | Self::Forecast)
    }

    /// The trigger of this word.
    #[must_use]
    pub fn of_word(word: &str) -> Option<Self> {
        let all = [
            Self::Calendar,
            Self::MaxUptime,
            Self::OwnDailyCycle,
            Self::Memory,
            Self::R14,
            Self::Forecast,
            Self::Now,
        ];
        all.into_iter().find(|trigger| trigger.word() == word)
    }

    /// The word, as `--json` and the ledger have it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Calendar => "calendar",
            Self::MaxUptime => "max_uptime",
            Self::OwnDailyCycle => "own_daily_cycle",
            Self::Memory => "memory",
            Self::R14 => "r14",
            Self::Forecast => "forecast",
            Self::Now => "now",
        }
    }

    /// The trigger in words, and whose it is: `calendar of default`, or `asked for now`.
    #[must_use]
    pub fn of(self, schedule: &str) -> String {
        match self {
            Self::Now => self.phrase().to_owned(),
            Self::OwnDailyCycle => format!("{}, by {schedule}", self.phrase()),
            Self::Calendar | Self::MaxUptime | Self::Memory | Self::R14 | Self::Forecast => {
                format!("{} of {schedule}", self.phrase())
            }
        }
    }

    /// The trigger in words.
    #[must_use]
    pub fn phrase(self) -> &'static str {
        match self {
            Self::Calendar => "calendar",
            Self::MaxUptime => "max uptime",
            Self::OwnDailyCycle => "before Heroku's daily cycle",
            Self::Memory => "memory",
            Self::R14 => "R14",
            Self::Forecast => "memory forecast",
            Self::Now => "asked for now",
        }
    }
}
