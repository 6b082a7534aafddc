//! What is known of each credential of ours, beside its token: whose, which scope, until when, where
//! it is kept. One file, 0600; a token is never in it.

use super::{Error, private};
use crate::env::Env;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// A credential that was set up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// As the netrc machine of the Heroku CLI: `api.heroku.com`.
    pub host: String,
    /// Whose schedules it is for; anybody's, where nobody was logged in.
    pub account: Option<String>,
    /// Whose the token is, where that is known; a service user's is not that of the schedules.
    pub owner: Option<String>,
    pub kind: Kind,
    /// Where the token is; nowhere for the Heroku CLI's login.
    pub place: Option<Place>,
    /// The id of the authorization at Heroku, which revokes it.
    pub authorization: Option<String>,
    #[serde(default)]
    pub scope: Vec<String>,
    pub expires_at: Option<Timestamp>,
    /// What was asked for when it was made; another one gets the same.
    #[serde(default, with = "seconds")]
    pub lifetime: Option<SignedDuration>,
    pub since: Timestamp,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// An authorization that we made.
    Authorization,
    /// A token that somebody gave us.
    Token,
    /// The Heroku CLI's login, as somebody chose.
    CliLogin,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Place {
    Keyring,
    File,
}

/// An authorization that is to be revoked at Heroku: it may have been made by a command that did not
/// come to its end, or could not be revoked when its time had come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToRevoke {
    pub host: String,
    /// Who can revoke it.
    pub account: Option<String>,
    /// No other authorization has this one.
    pub description: Option<String>,
    pub id: Option<String>,
}

impl ToRevoke {
    #[must_use]
    pub fn in_words(&self) -> String {
        match (&self.description, &self.id) {
            (Some(description), _) => format!("the authorization '{description}'"),
            (None, Some(id)) => format!("the authorization {id}"),
            (None, None) => "an authorization".to_owned(),
        }
    }
}

/// The whole file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Records {
    version: u32,
    #[serde(default)]
    pub credentials: Vec<Record>,
    #[serde(default)]
    pub to_revoke: Vec<ToRevoke>,
    /// Host and account of those who do not want to be offered one again.
    #[serde(default)]
    pub declined: Vec<(String, Option<String>)>,
}

const VERSION: u32 = 1;

/// Whether two addresses are one account's.
#[must_use]
pub fn is_same_account(one: &str, other: &str) -> bool {
    one.eq_ignore_ascii_case(other)
}

/// The same, where nobody tells whose it is too.
#[must_use]
pub fn is_same(one: Option<&str>, other: Option<&str>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => is_same_account(one, other),
        (None, None) => true,
        _ => false,
    }
}

impl Record {
    #[must_use]
    pub fn is_of(&self, host: &str, account: Option<&str>) -> bool {
        self.host == host && is_same(self.account.as_deref(), account)
    }
}

impl Records {
    /// What the file has; nothing where there is none.
    ///
    /// # Errors
    /// When it cannot be read, or others can read it.
    pub fn read(env: &Env) -> Result<Self, Error> {
        let Some(place) = place(env) else {
            return Ok(Self::default());
        };
        Self::read_from(&place)
    }

    fn read_from(place: &Path) -> Result<Self, Error> {
        let Some(text) = private::read(place)? else {
            return Ok(Self::default());
        };
        let records: Self = serde_json::from_slice(&text).map_err(|error| Error::Unreadable {
            place: place.display().to_string(),
            why: format!("it is not as we wrote it: {error}"),
        })?;
        if records.version > VERSION {
            return Err(Error::Closed {
                place: place.display().to_string(),
                why: format!("it is of a newer autorestart (version {})", records.version),
                mend: "update this one: heroku update, or heroku plugins:update".to_owned(),
            });
        }
        Ok(records)
    }

    /// Changes the file: read, changed and written while nobody else does.
    ///
    /// # Errors
    /// When it cannot be read or written; it is then as it was.
    pub fn edit<T>(env: &Env, change: impl FnOnce(&mut Self) -> T) -> Result<T, Error> {
        let place = place(env).ok_or_else(|| Error::Unwritable {
            place: "credentials.json".to_owned(),
            why: "there is no home directory to keep it in".to_owned(),
        })?;
        let _lock = private::lock(&place)?;
        let mut records = Self::read_from(&place)?;
        let result = change(&mut records);
        records.version = VERSION;
        let text = serde_json::to_vec_pretty(&records).unwrap_or_default();
        private::write(&place, &text)?;
        Ok(result)
    }

    /// The one for schedules of this account: its own, else the one for anybody's; where a schedule
    /// does not tell whose it is, the only one there is.
    ///
    /// # Errors
    /// When there are several, and nothing tells which.
    pub fn find(&self, host: &str, account: Option<&str>) -> Result<Option<&Record>, Error> {
        let of_host = || self.credentials.iter().filter(|record| record.host == host);
        let exact = || of_host().find(|record| record.is_of(host, account));
        let for_anybody = || of_host().find(|record| record.account.is_none());
        if let Some(found) = exact().or_else(for_anybody) {
            return Ok(Some(found));
        }
        let all: Vec<&Record> = of_host().collect();
        match (account, all.as_slice()) {
            (None, [only]) => Ok(Some(*only)),
            (None, [_, _, ..]) => Err(Error::Ambiguous {
                accounts: all
                    .iter()
                    .filter_map(|record| record.account.clone())
                    .collect(),
            }),
            _ => Ok(None),
        }
    }

    pub fn put(&mut self, record: Record) {
        self.take(&record.host, record.account.as_deref());
        let wants = |(host, account): &(String, Option<String>)| {
            !(*host == record.host && is_same(account.as_deref(), record.account.as_deref()))
        };
        self.declined.retain(wants);
        self.credentials.push(record);
    }

    /// Notes that the authorization of a record is to be revoked.
    pub fn retire(&mut self, record: &Record) {
        let owner = record.owner.clone().or_else(|| record.account.clone());
        let note = ToRevoke {
            host: record.host.clone(),
            account: owner,
            description: None,
            id: record.authorization.clone(),
        };
        if note.id.is_some()
            && record.kind == Kind::Authorization
            && !self.to_revoke.contains(&note)
        {
            self.to_revoke.push(note);
        }
    }

    /// Takes the note away that the authorization of this id is to be revoked.
    pub fn forget(&mut self, id: &str) {
        self.to_revoke.retain(|note| note.id.as_deref() != Some(id));
    }

    pub fn take(&mut self, host: &str, account: Option<&str>) -> Option<Record> {
        let place = self
            .credentials
            .iter()
            .position(|record| record.is_of(host, account))?;
        Some(self.credentials.remove(place))
    }

    #[must_use]
    pub fn has_declined(&self, host: &str, account: Option<&str>) -> bool {
        let is_it = |(known, of): &(String, Option<String>)| {
            known == host && is_same(of.as_deref(), account)
        };
        self.declined.iter().any(is_it)
    }
}

fn place(env: &Env) -> Option<PathBuf> {
    Some(env.config_dir()?.join("credentials.json"))
}

/// Whole seconds, or nothing.
mod seconds {
    use jiff::SignedDuration;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[expect(clippy::ref_option, reason = "serde's form")]
    pub fn serialize<S: Serializer>(
        value: &Option<SignedDuration>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        value.map(|value| value.as_secs()).serialize(to)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Option<SignedDuration>, D::Error> {
        let seconds = Option::<i64>::deserialize(from)?;
        Ok(seconds.map(SignedDuration::from_secs))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(host: &str, account: Option<&str>) -> Record {
        Record {
            host: host.to_owned(),
            account: account.map(ToOwned::to_owned),
            owner: None,
            kind: Kind::Token,
            place: Some(Place::File),
            authorization: None,
            scope: vec![],
            expires_at: None,
            lifetime: Some(SignedDuration::from_hours(24)),
            since: Timestamp::UNIX_EPOCH,
        }
    }

    fn records(all: &[(&str, Option<&str>)]) -> Records {
        let credentials = all
            .iter()
            .map(|(host, account)| record(host, *account))
            .collect();
        Records {
            credentials,
            ..Records::default()
        }
    }

    #[test]
    fn a_schedule_gets_the_credential_of_its_own_account() {
        let two = records(&[
            ("h", Some("a@x")),
            ("h", Some("b@x")),
            ("other", Some("c@x")),
        ]);
        let found = |account| {
            two.find("h", account)
                .map(|found| found.and_then(|one| one.account.clone()))
        };
        assert_eq!(found(Some("B@X")).ok(), Some(Some("b@x".to_owned())));
        assert_eq!(found(Some("c@x")).ok(), Some(None));
        assert!(matches!(found(None), Err(Error::Ambiguous { accounts }) if accounts.len() == 2));
        let one = records(&[("h", Some("a@x"))]);
        assert!(one.find("h", None).is_ok_and(|found| found.is_some()));
        assert!(
            one.find("h", Some("b@x"))
                .is_ok_and(|found| found.is_none())
        );
        let anybody = records(&[("h", None), ("h", Some("a@x"))]);
        assert!(
            anybody
                .find("h", Some("b@x"))
                .is_ok_and(|found| found.is_some_and(|one| one.account.is_none()))
        );
    }

    #[test]
    fn a_record_is_written_and_read_alike() {
        let all = records(&[("h", Some("a@x")), ("h", None)]);
        let text = serde_json::to_string(&all).expect("JSON");
        assert_eq!(
            serde_json::from_str::<Records>(&text).expect("records"),
            all
        );
    }
}
