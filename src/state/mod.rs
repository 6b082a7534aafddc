//! The state directory: locks, marks and this runner's id. Losing it costs a few more looks and a
//! repeated report of what was missed, never a restart.

pub(crate) mod file;
mod mark;

pub use mark::{Mark, Untold, Waiting};

use crate::{env::Env, error::Error, heartbeat::Heartbeat, schedule::Schedule, store, turn};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::{
    fs::{self, File, TryLockError},
    io::{ErrorKind, Write as _},
    path::{Path, PathBuf},
};

/// One machine's directory; two directories are two machines.
#[derive(Debug, Clone)]
pub struct StateDir {
    path: PathBuf,
}

/// The lock of an app: gone with this value, and with the process.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

const INCIDENT: &str = "incident.json";

impl StateDir {
    /// `AUTORESTART_STATE_DIR`, else the platform's directory for state, for whoever only reads: it need
    /// not be there.
    ///
    /// # Errors
    /// When there is no home to look for it in.
    pub fn to_read(env: &Env) -> Result<Self, Error> {
        let path = env.state_dir().ok_or_else(|| {
            Error::usage(
                "there is no home directory to keep state in",
                "set HOME, or AUTORESTART_STATE_DIR",
            )
        })?;
        Ok(Self { path })
    }

    /// The same, made if need be.
    ///
    /// # Errors
    /// When there is none, or it cannot be made.
    pub fn open(env: &Env) -> Result<Self, Error> {
        let state = Self::to_read(env)?;
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        for place in [
            state.path.clone(),
            state.path.join("marks"),
            state.heartbeats(),
        ] {
            builder.create(&place).map_err(|error| state.io(&error))?;
        }
        Ok(state)
    }

    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// # Errors
    /// When nothing can be written into it.
    pub fn try_to_write(&self) -> Result<(), Error> {
        // A disk that is full has room for a file with nothing in it.
        let written = tempfile::NamedTempFile::new_in(&self.path).and_then(|mut fresh| {
            fresh.write_all(&[b' '; 16 << 10])?;
            fresh.as_file().sync_data()
        });
        written.map_err(|error| self.io(&error))
    }

    #[must_use]
    pub fn ledger(&self) -> PathBuf {
        self.path.join("ledger.jsonl")
    }

    /// Keeps a text until what it is about is done.
    ///
    /// # Errors
    /// When it cannot be kept.
    pub fn note(&self, name: &str, text: &str) -> Result<(), Error> {
        file::replace(&self.path.join(name), text.as_bytes()).map_err(|error| self.io(&error))
    }

    /// The text that is kept under this name.
    #[must_use]
    pub fn noted(&self, name: &str) -> Option<String> {
        let text = String::from_utf8(file::read(&self.path.join(name)).ok()?).ok()?;
        Some(text.trim().to_owned()).filter(|text| !text.is_empty())
    }

    /// The incident of Heroku's that a pass was told of last, and when.
    #[must_use]
    pub fn incident(&self) -> Option<(String, Timestamp)> {
        serde_json::from_str(&self.noted(INCIDENT)?).ok()?
    }

    /// Keeps it for the next process; without it, that asks for itself.
    pub fn note_incident(&self, incident: Option<&(String, Timestamp)>) {
        let text = serde_json::to_string(&incident).unwrap_or_default();
        if let Err(error) = self.note(INCIDENT, &text) {
            tracing::debug!(%error, "that Heroku has an incident is not kept");
        }
    }

    pub fn forget_note(&self, name: &str) {
        let _ = fs::remove_file(self.path.join(name));
    }

    /// Takes the lock of an app, held during a roll and gone with the process; `None` while another
    /// pass of this machine has it.
    ///
    /// # Errors
    /// When the lock file cannot be made.
    pub fn lock(&self, host: &str, app: &str) -> Result<Option<Lock>, Error> {
        let name: String = format!("{host}-{app}")
            .chars()
            .map(|c| {
                if c.is_ascii_alphanumeric() || c == '.' {
                    c
                } else {
                    '-'
                }
            })
            .collect();
        let file = turn::open(&self.lock_place(&name)).map_err(|error| self.io(&error))?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Lock { _file: file })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(self.io(&error)),
        }
    }

    /// Waits for the turn of this process at a small file, gone with the value.
    ///
    /// # Errors
    /// When the lock file cannot be made.
    pub fn turn(&self, name: &str) -> Result<Lock, Error> {
        let file = turn::take(&self.lock_place(name)).map_err(|error| self.io(&error))?;
        Ok(Lock { _file: file })
    }

    fn lock_place(&self, name: &str) -> PathBuf {
        self.path.join(format!("{name}.lock"))
    }

    /// What was judged of this schedule as it is now; nothing where it cannot be read.
    #[must_use]
    pub fn mark(&self, schedule: &Schedule) -> Mark {
        let fingerprint = store::fingerprint(schedule);
        let text = file::read(&self.mark_place(schedule)).unwrap_or_default();
        let mark = serde_json::from_slice(&text)
            .ok()
            .filter(|mark: &Mark| mark.fingerprint == fingerprint);
        mark.unwrap_or(Mark {
            fingerprint,
            ..Mark::default()
        })
    }

    /// # Errors
    /// When the mark cannot be written.
    pub fn set_mark(&self, schedule: &Schedule, mark: &Mark) -> Result<(), Error> {
        let text = serde_json::to_vec(mark).unwrap_or_default();
        file::replace(&self.mark_place(schedule), &text).map_err(|error| self.io(&error))
    }

    fn mark_place(&self, schedule: &Schedule) -> PathBuf {
        // Hashed, since not every file system tells `nightly` from `Nightly`.
        let app = &schedule.app;
        let of = format!("{:?}\n{}\n{}", app.host, app.name, schedule.name);
        let name = format!("{}.{}.json", app.name, short_hash(&of));
        self.path.join("marks").join(name)
    }

    /// This runner's id: made once, at random.
    ///
    /// # Errors
    /// When it cannot be kept.
    pub fn runner_id(&self) -> Result<String, Error> {
        let place = self.path.join("runner-id");
        let known = file::read(&place).map_err(|error| self.io(&error))?;
        let known = String::from_utf8_lossy(&known).trim().to_owned();
        if !known.is_empty() {
            return Ok(known);
        }
        let id = uuid::Uuid::new_v4().to_string();
        file::replace(&place, id.as_bytes()).map_err(|error| self.io(&error))?;
        Ok(id)
    }
}

/// What passes of this machine did with one credential.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CredentialMark {
    pub last_used: Option<Timestamp>,
    /// When it was last said that it ends soon.
    pub warned: Option<Timestamp>,
    /// When it was last looked whether it can be read, although nothing was due; and that it could not.
    #[serde(default)]
    pub read: Option<Timestamp>,
    #[serde(default)]
    pub is_unread: bool,
}

impl StateDir {
    /// What is known of the credential for schedules of this account; nothing where it cannot be read.
    #[must_use]
    pub fn credential(&self, host: &str, account: Option<&str>) -> CredentialMark {
        let text = file::read(&self.credential_place(host, account)).unwrap_or_default();
        serde_json::from_slice(&text).unwrap_or_default()
    }

    /// # Errors
    /// When it cannot be written.
    pub fn set_credential(
        &self,
        host: &str,
        account: Option<&str>,
        mark: &CredentialMark,
    ) -> Result<(), Error> {
        let place = self.credential_place(host, account);
        let text = serde_json::to_vec(mark).unwrap_or_default();
        file::replace(&place, &text).map_err(|error| self.io(&error))
    }

    fn credential_place(&self, host: &str, account: Option<&str>) -> PathBuf {
        let of = format!("{host}\n{:?}", account.map(str::to_lowercase));
        self.path
            .join(format!("credential.{}.json", short_hash(&of)))
    }
}

impl StateDir {
    /// Leaves a sign of life.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn beat(&self, heartbeat: &Heartbeat) -> Result<(), Error> {
        heartbeat
            .leave(&self.heartbeats())
            .map_err(|error| self.io(&error))
    }

    /// Takes a runner's sign of life away; without it, it is believed for a quarter of an hour.
    pub fn rest(&self, heartbeat: &Heartbeat) {
        let _ = heartbeat.take(&self.heartbeats());
    }

    /// The signs of life of whatever makes passes over this file, however long ago; the newest last.
    #[must_use]
    pub fn signs(&self, schedules: &str) -> Vec<Heartbeat> {
        Heartbeat::all(&self.heartbeats(), schedules)
    }

    fn heartbeats(&self) -> PathBuf {
        self.path.join("heartbeats")
    }

    fn io(&self, error: &std::io::Error) -> Error {
        let mend = match error.kind() {
            ErrorKind::StorageFull => "make room on its disk",
            _ => "make it writable",
        };
        Error::Io {
            what: format!("state directory {}", self.path.display()),
            source: match error.kind() {
                ErrorKind::Other => std::io::Error::other(error.to_string()),
                // Without the name of a temporary file, which is nobody's concern.
                kind => kind.into(),
            },
            hint: Some(format!(
                "{mend}, or name another one with AUTORESTART_STATE_DIR"
            )),
        }
    }
}

/// How long a runner lets others go first: 0 to 8 seconds, always the same for the same id.
#[must_use]
pub fn offset(runner_id: &str) -> jiff::SignedDuration {
    share_of(8_000, runner_id)
}

/// How much slower than others a runner reads: 0 to 1 second, unrelated to its [`offset`].
#[must_use]
pub fn lag(runner_id: &str) -> jiff::SignedDuration {
    share_of(1_000, &format!("lag of {runner_id}"))
}

/// Sixteen hexadecimal digits that stand for a text.
pub(crate) fn short_hash(text: &str) -> String {
    let digest = Sha256::digest(text.as_bytes());
    let number = u64::from_be_bytes(std::array::from_fn(|place| digest[place]));
    format!("{number:016x}")
}

fn share_of(milliseconds: i64, text: &str) -> jiff::SignedDuration {
    let digest = Sha256::digest(text.as_bytes());
    let number = u16::from_be_bytes([digest[0], digest[1]]);
    jiff::SignedDuration::from_millis(i64::from(number) * milliseconds / i64::from(u16::MAX))
}
