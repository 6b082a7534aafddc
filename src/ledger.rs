//! The append-only record of every restart: JSON lines, one flushed line each. Reading it can only
//! prevent a restart, never cause one.

use crate::{
    error::Error,
    memory::Bytes,
    plan::{Asked, Ended, Outcome, Step, Trigger, missed::Missed},
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeSet,
    fs::File,
    io::{ErrorKind, Read as _, Seek as _, SeekFrom, Write as _},
    path::{Path, PathBuf},
};

/// The ledger of one state directory.
#[derive(Debug, Clone)]
pub struct Ledger {
    path: PathBuf,
    runner: String,
}

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
    pub occurrence: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dyno: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub process_type: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trigger: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Outcome>,
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

impl Ledger {
    #[must_use]
    pub fn new(path: PathBuf, runner: String) -> Self {
        Self { path, runner }
    }

    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// A DELETE is about to be sent. Written, but not yet flushed to the disk: nothing may come
    /// between the read before a DELETE and the DELETE; [`Ledger::accepted`] flushes both lines.
    ///
    /// # Errors
    /// When it cannot be written: then nothing may be restarted.
    pub fn requested(&self, step: &Step, at: Timestamp) -> Result<(), Error> {
        self.append(&self.of(step, Event::Requested, at), false)
    }

    /// # Errors
    /// When it cannot be written.
    pub fn accepted(
        &self,
        step: &Step,
        at: Timestamp,
        request_ids: Vec<String>,
    ) -> Result<(), Error> {
        self.append(
            &Record {
                request_ids,
                ..self.of(step, Event::Accepted, at)
            },
            true,
        )
    }

    /// # Errors
    /// When it cannot be written.
    pub fn refused(&self, step: &Step, at: Timestamp, why: &str) -> Result<(), Error> {
        let record = Record {
            detail: Some(why.to_owned()),
            ..self.of(step, Event::Refused, at)
        };
        self.append(&record, true)
    }

    /// # Errors
    /// When it cannot be written.
    pub fn ended(&self, ended: &Ended, at: Timestamp) -> Result<(), Error> {
        let record = Record {
            outcome: Some(ended.outcome),
            detail: ended.detail.clone(),
            took_ms: i64::try_from(ended.took.as_millis()).ok(),
            new_id: ended.new_id.clone(),
            memory_before: ended.step.used,
            ..self.of(&ended.step, Event::Ended, at)
        };
        self.append(&record, true)
    }

    /// # Errors
    /// When it cannot be written.
    pub fn missed(&self, missed: &Missed, app_id: &str, at: Timestamp) -> Result<(), Error> {
        let record = Record {
            at,
            event: Event::Missed,
            app: missed.app.clone(),
            app_id: app_id.to_owned(),
            schedule: missed.schedule.clone(),
            occurrence: missed.occurrence,
            dyno: None,
            process_type: None,
            trigger: None,
            outcome: None,
            detail: Some(missed.reason.clone()),
            count: Some(missed.count),
            took_ms: None,
            old_id: None,
            new_id: None,
            memory_before: None,
            memory_after: None,
            request_ids: vec![],
            runner: self.runner.clone(),
        };
        self.append(&record, true)
    }

    /// Restarts of an app since then whose effect is not noted yet.
    ///
    /// # Errors
    /// When there is a ledger that cannot be read.
    pub fn unmeasured(&self, app_id: &str, since: Timestamp) -> Result<Vec<Record>, Error> {
        let (records, _) = self.read()?;
        let is_its = |record: &&Record| record.app_id == app_id && record.at >= since;
        let (mut open, mut measured) = (vec![], BTreeSet::new());
        for record in records.iter().filter(is_its) {
            match (record.event, &record.new_id) {
                (Event::Measured, Some(new_id)) => drop(measured.insert(new_id.clone())),
                (Event::Ended, Some(_)) if record.memory_before.is_some() => open.push(record),
                _ => {}
            }
        }
        let is_open = |record: &&Record| {
            record.outcome == Some(Outcome::Restarted)
                && record
                    .new_id
                    .as_ref()
                    .is_some_and(|id| !measured.contains(id))
        };
        Ok(open.into_iter().filter(is_open).cloned().collect())
    }

    /// What a restart bought.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn measured(&self, ended: Record, after: Bytes, at: Timestamp) -> Result<Record, Error> {
        let record = Record {
            at,
            event: Event::Measured,
            memory_after: Some(after),
            outcome: None,
            took_ms: None,
            detail: None,
            runner: self.runner.clone(),
            ..ended
        };
        self.append(&record, true)?;
        Ok(record)
    }

    fn of(&self, step: &Step, event: Event, at: Timestamp) -> Record {
        Record {
            at,
            event,
            app: step.app.clone(),
            app_id: step.app_id.clone(),
            schedule: step.schedule.clone(),
            occurrence: step.occurrence,
            dyno: Some(step.dyno.clone()),
            process_type: Some(step.process_type.clone()),
            trigger: Some(step.trigger.word().to_owned()),
            outcome: None,
            detail: None,
            count: None,
            took_ms: None,
            old_id: Some(step.old_id.clone()),
            new_id: None,
            memory_before: None,
            memory_after: None,
            request_ids: vec![],
            runner: self.runner.clone(),
        }
    }

    fn append(&self, record: &Record, is_flushed: bool) -> Result<(), Error> {
        let io = |error| self.io(error);
        let mut line = serde_json::to_vec(record).unwrap_or_default();
        line.push(b'\n');
        let mut file = File::options()
            .create(true)
            .append(true)
            .read(true)
            .open(&self.path)
            .map_err(io)?;
        if ends_in_a_torn_line(&mut file).map_err(io)? {
            line.insert(0, b'\n');
        }
        file.write_all(&line).map_err(io)?;
        if is_flushed {
            file.sync_data().map_err(io)
        } else {
            Ok(())
        }
    }

    fn io(&self, source: std::io::Error) -> Error {
        Error::Io {
            what: format!("ledger {}", self.path.display()),
            source,
            hint: Some("nothing is restarted that cannot be recorded: mend it, or set AUTORESTART_STATE_DIR".to_owned()),
        }
    }

    /// All lines that can be read, and how many cannot.
    ///
    /// # Errors
    /// When there is a file that cannot be read.
    pub fn read(&self) -> Result<(Vec<Record>, usize), Error> {
        let text = match std::fs::read(&self.path) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => vec![],
            Err(error) => return Err(self.io(error)),
        };
        let lines = text
            .split(|byte| *byte == b'\n')
            .filter(|line| !line.is_empty());
        let (mut records, mut torn) = (vec![], 0);
        for line in lines {
            serde_json::from_slice(line).map_or_else(|_| torn += 1, |record| records.push(record));
        }
        Ok((records, torn))
    }

    /// The restarts of an app that were asked for, as the planner wants to know them.
    ///
    /// # Errors
    /// When there is a ledger that cannot be read.
    pub fn asked(&self, app_id: &str) -> Result<Vec<Asked>, Error> {
        let (records, _) = self.read()?;
        let mut asked: Vec<Asked> = vec![];
        for record in records.into_iter().filter(|record| record.app_id == app_id) {
            let (Some(dyno), Some(old_id)) = (record.dyno, record.old_id) else {
                continue;
            };
            let place = asked
                .iter()
                .rposition(|asked| asked.old_id == old_id && asked.occurrence == record.occurrence);
            match (record.event, place) {
                (Event::Requested, _) => asked.push(Asked {
                    dyno,
                    occurrence: record.occurrence,
                    old_id,
                    new_id: None,
                    at: record.at,
                    is_accepted: false,
                    outcome: None,
                    is_for_memory: record
                        .trigger
                        .as_deref()
                        .and_then(Trigger::of_word)
                        .is_some_and(Trigger::is_memory),
                    memory_after: None,
                }),
                (Event::Refused, Some(place)) => drop(asked.remove(place)),
                (Event::Accepted, Some(place)) => asked[place].is_accepted = true,
                (Event::Ended, Some(place)) => {
                    asked[place].outcome = record.outcome;
                    asked[place].new_id = record.new_id;
                }
                (Event::Measured, Some(place)) => asked[place].memory_after = record.memory_after,
                _ => {}
            }
        }
        Ok(asked)
    }
}

fn ends_in_a_torn_line(file: &mut File) -> std::io::Result<bool> {
    if file.metadata()?.len() == 0 {
        return Ok(false);
    }
    file.seek(SeekFrom::End(-1))?;
    let mut last = [0];
    file.read_exact(&mut last)?;
    Ok(last != *b"\n")
}
