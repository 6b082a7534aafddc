//! The append-only record of every restart, of what was left alone and of what was missed: JSON lines.
//! Reading it can only prevent a restart, never cause one.

mod files;
mod index;
mod record;

pub use record::{Event, Record};

use crate::{
    error::Error,
    memory::Bytes,
    plan::{Asked, Ended, Skip, Step, missed::Missed},
    state::StateDir,
};
use files::{Files, News};
use index::Index;
use jiff::Timestamp;
use std::{
    cell::{RefCell, RefMut},
    path::{Path, PathBuf},
    rc::Rc,
};

/// The ledger of one state directory. Clones know what the others have read.
#[derive(Debug, Clone)]
pub struct Ledger {
    files: Files,
    runner: String,
    index: Rc<RefCell<Index>>,
}

impl Ledger {
    #[must_use]
    pub fn new(path: PathBuf, runner: String) -> Self {
        Self {
            files: Files::new(path),
            runner,
            index: Rc::default(),
        }
    }

    #[must_use]
    pub fn path(&self) -> &Path {
        self.files.path()
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
        let record = Record {
            request_ids,
            ..self.of(step, Event::Accepted, at)
        };
        self.append(&record, true)
    }

    /// # Errors
    /// When it cannot be written.
    pub fn refused(
        &self,
        step: &Step,
        at: Timestamp,
        why: &str,
        request_ids: Vec<String>,
    ) -> Result<(), Error> {
        let record = Record {
            detail: Some(why.to_owned()),
            request_ids,
            ..self.of(step, Event::Refused, at)
        };
        self.append(&record, true)
    }

    /// # Errors
    /// When it cannot be written.
    pub fn ended(&self, ended: &Ended, at: Timestamp) -> Result<(), Error> {
        self.append(&Record::of_end(ended, at, &self.runner), true)
    }

    /// # Errors
    /// When it cannot be written.
    pub fn missed(&self, missed: &Missed, app_id: &str, at: Timestamp) -> Result<(), Error> {
        self.append(&Record::of_miss(missed, app_id, at, &self.runner), true)
    }

    /// A pass left a dyno that was due; the same of one occurrence is noted once.
    ///
    /// # Errors
    /// When it cannot be read or written.
    pub fn skipped(&self, skip: &Skip, app: (&str, &str), at: Timestamp) -> Result<(), Error> {
        if self.index()?.has_skip(app.1, skip, at) {
            return Ok(());
        }
        self.append(&Record::of_skip(skip, app, at, &self.runner), true)
    }

    /// Restarts of an app since then whose effect is not noted yet.
    ///
    /// # Errors
    /// When there is a ledger that cannot be read.
    pub fn unmeasured(&self, app_id: &str, since: Timestamp) -> Result<Vec<Record>, Error> {
        Ok(self.index()?.unmeasured(app_id, since))
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
            request_ids: vec![],
            runner: self.runner.clone(),
            ..ended
        };
        self.append(&record, true)?;
        Ok(record)
    }

    /// The restarts of an app that were asked for, as the planner wants to know them.
    ///
    /// # Errors
    /// When there is a ledger that cannot be read.
    pub fn asked(&self, app_id: &str) -> Result<Vec<Asked>, Error> {
        Ok(self.index()?.asked(app_id))
    }

    /// The ledger of a state directory in which a pass could be made: what it has to know can be read, and
    /// lines could be written.
    ///
    /// # Errors
    /// When not.
    pub fn tried_out(state: &StateDir) -> Result<Self, Error> {
        state.try_to_write()?;
        let ledger = Self::new(state.ledger(), state.runner_id()?);
        let appended = ledger.files.try_to_append();
        appended.map_err(|error| ledger.io(error))?;
        ledger.index()?;
        Ok(ledger)
    }

    /// All lines that can be read, and how many cannot.
    ///
    /// # Errors
    /// When there is a file that cannot be read.
    pub fn read(&self) -> Result<(Vec<Record>, usize), Error> {
        let text = self.files.read().map_err(|error| self.io(error))?;
        let (mut records, mut torn) = (vec![], 0);
        for line in lines(&text) {
            serde_json::from_slice(line).map_or_else(|_| torn += 1, |record| records.push(record));
        }
        Ok((records, torn))
    }

    fn of(&self, step: &Step, event: Event, at: Timestamp) -> Record {
        Record::of_step(step, event, at, &self.runner)
    }

    fn append(&self, record: &Record, is_flushed: bool) -> Result<(), Error> {
        let line = serde_json::to_vec(record).unwrap_or_default();
        let appended = self.files.append(&line, is_flushed);
        appended.map_err(|error| self.io(error))
    }

    /// What stands there by now.
    fn index(&self) -> Result<RefMut<'_, Index>, Error> {
        let mut index = self.index.borrow_mut();
        let mut place = index.place;
        let read = self.files.read_on(&mut place, |news| match news {
            News::Anew => index.clear(),
            News::Line(line) => {
                if let Ok(record) = serde_json::from_slice(line) {
                    index.take(record);
                }
            }
        });
        index.place = place;
        read.map_err(|error| self.io(error))?;
        Ok(index)
    }

    fn io(&self, source: std::io::Error) -> Error {
        Error::Io {
            what: format!("ledger {}", self.path().display()),
            source,
            hint: Some("nothing is restarted that cannot be recorded: mend it, or set AUTORESTART_STATE_DIR".to_owned()),
        }
    }
}

fn lines(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    let lines = text.split(|byte| *byte == b'\n');
    lines.filter(|line| !line.is_empty())
}
