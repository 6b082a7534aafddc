//! The credentials of passes: which are ours, when they end, whether they can be read from here.

use super::{
    super::{auth, foresee, notifying::Ending},
    Passes,
};
use crate::{
    credentials::{Credential, Kind, Place, Record, Records, Use, expiry, mend, own},
    error::Error,
    heroku::{self, Client},
    pass,
    schedule::Schedule,
};
use jiff::Timestamp;

impl Passes<'_> {
    /// What to do where a credential of ours was taken away while it was used.
    pub(super) fn changed(&self, wanted: Use<'_>, host: &str) -> Option<String> {
        let records = Records::read(self.context.env).ok()?;
        let (Use::Pass(account) | Use::Now(account)) = wanted else {
            return None;
        };
        let record = records.find(host, account).ok()?;
        match record.map(|record| record.kind) {
            None => Some(format!(
                "the credential was removed meanwhile; {} sets up another one",
                self.context.verb("auth:setup")
            )),
            Some(Kind::CliLogin) => Some(
                "the Heroku CLI's login was chosen in its place meanwhile; the next pass uses it"
                    .to_owned(),
            ),
            Some(Kind::Authorization | Kind::Token) => None,
        }
    }

    /// The credentials of ours that passes over these schedules would act with: no request is made.
    fn ours(&self, schedules: &[Schedule]) -> Result<Vec<(Option<String>, Record)>, Error> {
        let env = self.context.env;
        if env.secret("HEROKU_API_KEY").is_some() {
            return Ok(vec![]);
        }
        let records = Records::read(env)?;
        if records.credentials.is_empty() {
            return Ok(vec![]);
        }
        let options = self.context.options_in_silence()?;
        let host = options.host.machine();
        let mut ours = vec![];
        for (account, _) in pass::by_account(schedules) {
            if let Some(record) = records.find(host, account.as_deref())? {
                ours.push((account, record.clone()));
            }
        }
        Ok(ours)
    }

    /// Which credentials of ours end soon: each for as long as it does.
    /// `None` where that cannot be found out.
    pub fn ending(&self, schedules: &[Schedule]) -> Option<Vec<Ending>> {
        let now = self.context.clock.now();
        let ours = self.ours(schedules).ok()?.into_iter();
        let ending = ours.filter_map(|(account, record)| {
            // A login may have been renewed since.
            let is_soon = |ends: &Timestamp| expiry::is_soon(*ends, now);
            let ends = record.expires_at.filter(is_soon)?;
            let mend = mend(self.context.env, Some(&record));
            (record.kind != Kind::CliLogin).then(|| Ending {
                account,
                said: foresee::end_of("auth:setup", &mend, ends, now),
            })
        });
        Some(ending.collect())
    }

    /// That credentials of ours end soon, once a day each, although nothing is due.
    pub fn endings(&self, schedules: &[Schedule]) -> Vec<String> {
        let now = self.context.clock.now();
        // What cannot be read is told by whoever needs it.
        let ours = self.ours(schedules).unwrap_or_default().into_iter();
        let ending = ours.filter_map(|(account, record)| {
            let is_soon = |ends: &Timestamp| expiry::is_soon(*ends, now);
            // A login may have been renewed since.
            let is_ours = record.kind != Kind::CliLogin;
            let ends = record.expires_at.filter(|ends| is_ours && is_soon(ends))?;
            let (host, account) = (record.host.as_str(), account.as_deref());
            let mut mark = self.state.credential(host, account);
            if !expiry::is_to_be_said(mark.warned, now) {
                return None;
            }
            mark.warned = Some(now);
            self.state.set_credential(host, account, &mark).ok()?;
            let mend = mend(self.context.env, Some(&record));
            Some(foresee::end_of("auth:setup", &mend, ends, now))
        });
        ending.collect()
    }

    /// Whether the credentials of ours can be read from where this runs: a keyring may be closed to a
    /// timer. Found out before anything relies on it, once a day while all is well.
    ///
    /// # Errors
    /// When one cannot.
    pub async fn readable(&self, schedules: &[Schedule]) -> Result<(), Error> {
        let now = self.context.clock.now();
        for (account, record) in self.ours(schedules)? {
            let (host, account) = (record.host.as_str(), account.as_deref());
            let mut mark = self.state.credential(host, account);
            let is_time = expiry::is_to_be_said(mark.read, now) || mark.is_unread;
            if record.place != Some(Place::Keyring) || !is_time {
                continue;
            }
            let read = self
                .stop
                .unless(own::token(self.context.env, &record))
                .await;
            (mark.read, mark.is_unread) = (Some(now), read.is_err());
            if let Err(error) = self.state.set_credential(host, account, &mark) {
                tracing::debug!(%error, "that the credential was read is not noted");
            }
            read?;
        }
        Ok(())
    }

    /// Notes that the credential was used; once a day it is looked at when it ends, and said when
    /// that is soon. What cannot be noted stops nothing.
    pub(super) async fn note_use(
        &self,
        wanted: Use<'_>,
        client: &Client,
        options: &heroku::Options,
        credential: &Credential,
    ) -> Option<String> {
        let account = match wanted {
            Use::Pass(account) | Use::Now(account) => account,
            Use::Person => return None,
        };
        if self.stop.is_set() || client.refused().is_some() {
            return None;
        }
        let host = options.host.machine();
        let mut mark = self.state.credential(host, account);
        let now = client.now();
        let is_time = expiry::is_to_be_said(mark.warned, now);
        // That one of ours ends is said although nothing is due.
        let mut ends = None;
        if is_time && credential.source.word() == "cli_login" {
            mark.warned = Some(now);
            ends = tokio::select! {
                told = auth::expiry_of(client, credential) => told.flatten(),
                () = self.stop.set() => None,
            };
        }
        let ends = ends.filter(|ends| expiry::is_soon(*ends, now));
        mark.last_used = Some(now);
        if let Err(error) = self.state.set_credential(host, account, &mark) {
            tracing::debug!(%error, "that the credential was used is not noted");
        }
        let from = credential.source.to_string();
        Some(foresee::end_of(&from, &credential.mend, ends?, now))
    }
}
