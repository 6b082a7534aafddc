//! What passes for an account would act with: every source is asked, and the first is tried.

use super::{
    super::Context,
    check::can_restart,
    subject::{App, apps},
};
use crate::{
    credentials::{self, Asked, Credential, Record, Records, Use, records::is_same},
    error::Error,
    heroku::{self, Client, Options},
    schedule::Schedule,
    state::StateDir,
};
use jiff::Timestamp;

/// What passes for one account would act with.
pub(super) struct Looked {
    pub account: Option<String>,
    pub chain: Vec<(Asked, Result<Credential, credentials::Error>)>,
    pub record: Option<Record>,
    /// What using it told.
    pub used: Option<Used>,
    pub last_used: Option<Timestamp>,
}

pub(super) struct Used {
    pub scope: Option<Vec<String>>,
    pub expires_at: Option<Timestamp>,
    pub is_expiry_known: bool,
    pub apps: Vec<(App, Option<heroku::Error>)>,
    pub error: Option<heroku::Error>,
}

/// Accounts that passes on this host act for: those of schedules, those that a credential is set up
/// for; where there is none, whoever is logged in.
///
/// # Errors
/// When what is known of credentials cannot be read.
pub(in crate::commands) fn accounts(
    context: &Context<'_>,
    options: &Options,
    schedules: &[Schedule],
) -> Result<Vec<Option<String>>, Error> {
    let host = options.host.machine();
    let of_schedules = schedules
        .iter()
        .filter(|schedule| crate::pass::foreign_host(schedule, host).is_none())
        .map(|schedule| schedule.app.account.clone());
    let records = Records::read(context.env)?;
    let of_records = records.credentials.iter();
    let of_records = of_records
        .filter(|record| record.host == host)
        .map(|record| record.account.clone());
    let mut accounts: Vec<Option<String>> = vec![];
    for account in of_schedules.chain(of_records) {
        let is_it = |known: &Option<String>| is_same(known.as_deref(), account.as_deref());
        if !accounts.iter().any(is_it) {
            accounts.push(account);
        }
    }
    if accounts.is_empty() {
        accounts.push(credentials::cli_account(context.env)?);
    }
    Ok(accounts)
}

pub(super) async fn look(
    context: &Context<'_>,
    options: &Options,
    schedules: &[Schedule],
    account: Option<String>,
) -> Looked {
    let host = options.host.machine();
    let wanted = Use::Pass(account.as_deref());
    let chain = credentials::chain(context.env, &options.host, wanted).await;
    let records = Records::read(context.env).unwrap_or_default();
    let record = records
        .find(host, account.as_deref())
        .ok()
        .flatten()
        .cloned();
    let used = match first(&chain) {
        Some(Ok(credential)) => {
            let apps = apps(schedules, host, account.as_deref());
            Some(try_out(context, options, credential, record.as_ref(), apps).await)
        }
        _ => None,
    };
    let state = StateDir::open(context.env).ok();
    let last_used = state.and_then(|state| state.credential(host, account.as_deref()).last_used);
    Looked {
        account,
        chain,
        record,
        used,
        last_used,
    }
}

/// The source that a pass stops at.
pub(super) fn first(
    chain: &[(Asked, Result<Credential, credentials::Error>)],
) -> Option<&Result<Credential, credentials::Error>> {
    let is_nothing = |found: &Result<Credential, credentials::Error>| {
        matches!(found, Err(credentials::Error::NotFound { .. }))
    };
    chain
        .iter()
        .map(|(_, found)| found)
        .find(|found| !is_nothing(found))
}

async fn try_out(
    context: &Context<'_>,
    options: &Options,
    credential: &Credential,
    record: Option<&Record>,
    apps: Vec<App>,
) -> Used {
    let mut used = Used {
        scope: None,
        expires_at: credential.expires_at,
        is_expiry_known: credential.source.is_own(),
        apps: vec![],
        error: None,
    };
    let client = match Client::new(options, credential, context.clock) {
        Ok(client) => client.brief(),
        Err(error) => {
            used.error = Some(error);
            return used;
        }
    };
    if let Err(error) = client.app_names().await {
        used.error = Some(error);
        return used;
    }
    used.scope = client.scope();
    for app in apps {
        let answer = client.app(&app.id).await.err();
        used.apps.push((app, answer));
    }
    if !credential.source.is_own() {
        let told = expiry_of(&client, credential).await;
        used.is_expiry_known = told.is_some();
        used.expires_at = told.flatten();
    } else if record.is_some_and(|record| record.kind == credentials::Kind::Token) {
        used.is_expiry_known = used.expires_at.is_some();
    }
    used
}

/// When a login ends: Heroku lists it among the authorizations of its account, where it may ask. The
/// outer nothing is that it does not tell.
pub(in crate::commands) async fn expiry_of(
    client: &Client,
    credential: &Credential,
) -> Option<Option<Timestamp>> {
    let all = client.authorizations().await.ok()?;
    Some(
        all.iter()
            .find(|one| one.is_of(&credential.token))?
            .expires_at,
    )
}

impl Looked {
    pub fn is_well(&self) -> bool {
        self.used.as_ref().is_some_and(|used| {
            used.error.is_none()
                && can_restart(used.scope.as_deref())
                && used.apps.iter().all(|(_, error)| error.is_none())
        })
    }

    pub fn credential(&self) -> Option<&Credential> {
        first(&self.chain)?.as_ref().ok()
    }
}
