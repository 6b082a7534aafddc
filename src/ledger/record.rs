//! One line of the ledger.

use crate::{
    memory::Bytes,
    plan::{Asked, Ended, Outcome, Skip, Step, Trigger, missed::Missed},
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// A DELETE is about to be sent.
    Requested,
    /// Heroku answered that it will restart the dyno.
    Accepted,
    /// It was certainly not applied: not sent, or refused.
    Refused,
    /// The step has its outcome.
    Ended,
    /// An occurrence was missed.
    Missed,
    /// What a restart bought is known.
    Measured,
    /// A pass left a dyno that was due.
    Skipped,
}

/// One line. Instants are Heroku's.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Record {
    pub at: Timestamp,
    pub event: Event,
    pub app: String,
    #[serde(default)]
    pub app_id: String,
    pub schedule: String,
    /// Of what the schedule meant then: another one after every change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schedule_hash: Option<String>,
    pub occurrence: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dyno: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub process_type: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trigger: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Outcome>,
    /// Why a dyno was skipped, in the word of `--json`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// Of a miss: how many occurrences, the newest of which it names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub took_ms: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub old_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub new_id: Option<String>,
    /// What the dyno used before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory_before: Option<Bytes>,
    /// What the one in its place used once it had warmed up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory_after: Option<Bytes>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub request_ids: Vec<String>,
    #[serde(default)]
    pub runner: String,
}

impl Asked {
    /// A restart for the memory of a dyno that was done, as a record has it.
    #[must_use]
    pub fn of_record(record: &Record) -> Option<Self> {
        let trigger = record.trigger.as_deref().and_then(Trigger::of_word);
        let is_done = record.event == Event::Ended && record.outcome == Some(Outcome::Restarted);
        let is_it = is_done && trigger.is_some_and(Trigger::is_memory);
        is_it.then_some(())?;
        Some(Self {
            dyno: record.dyno.clone()?,
            occurrence: record.occurrence,
            old_id: record.old_id.clone()?,
            new_id: record.new_id.clone(),
            at: record.at,
            is_accepted: true,
            outcome: record.outcome,
            is_for_memory: true,
            memory_after: record.memory_after,
        })
    }
}

impl Record {
    /// Of nothing but what every line has.
    fn blank(event: Event, at: Timestamp, app: &str, app_id: &str, runner: &str) -> Self {
        Self {
            at,
            event,
            app: app.to_owned(),
            app_id: app_id.to_owned(),
            schedule: String::new(),
            schedule_hash: None,
            occurrence: at,
            dyno: None,
            process_type: None,
            trigger: None,
            outcome: None,
            reason: None,
            detail: None,
            count: None,
            took_ms: None,
            old_id: None,
            new_id: None,
            memory_before: None,
            memory_after: None,
            request_ids: vec![],
            runner: runner.to_owned(),
        }
    }

    pub(super) fn of_step(step: &Step, event: Event, at: Timestamp, runner: &str) -> Self {
        Self {
            schedule: step.schedule.clone(),
            schedule_hash: step.schedule_hash.clone(),
            occurrence: step.occurrence,
            dyno: Some(step.dyno.clone()),
            process_type: Some(step.process_type.clone()),
            trigger: Some(step.trigger.word().to_owned()),
            old_id: Some(step.old_id.clone()),
            ..Self::blank(event, at, &step.app, &step.app_id, runner)
        }
    }

    pub(super) fn of_end(ended: &Ended, at: Timestamp, runner: &str) -> Self {
        Self {
            outcome: Some(ended.outcome),
            detail: ended.detail.clone(),
            took_ms: i64::try_from(ended.took.as_millis()).ok(),
            new_id: ended.new_id.clone(),
            memory_before: ended.step.used,
            request_ids: ended.request_ids.clone(),
            ..Self::of_step(&ended.step, Event::Ended, at, runner)
        }
    }

    pub(super) fn of_miss(missed: &Missed, app_id: &str, at: Timestamp, runner: &str) -> Self {
        Self {
            schedule: missed.schedule.clone(),
            occurrence: missed.occurrence,
            detail: Some(missed.reason.clone()),
            count: Some(missed.count),
            ..Self::blank(Event::Missed, at, &missed.app, app_id, runner)
        }
    }

    pub(super) fn of_skip(
        skip: &Skip,
        (app, app_id): (&str, &str),
        at: Timestamp,
        runner: &str,
    ) -> Self {
        Self {
            schedule: skip.schedule.clone().unwrap_or_default(),
            occurrence: skip.occurrence.unwrap_or(at),
            dyno: Some(skip.dyno.clone()),
            reason: Some(skip.reason.word()),
            detail: Some(skip.detail.clone()),
            ..Self::blank(Event::Skipped, at, app, app_id, runner)
        }
    }
}
