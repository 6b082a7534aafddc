//! Whose credential it is about: host, account, the schedules' apps, and the login that can make and
//! revoke authorizations.

use super::super::Context;
use crate::{
    cli::Common,
    credentials::{self, Asked, Credential, Source, Use, records::is_same_account},
    error::Error,
    heroku::{self, Account, Client, Options},
    pass,
    schedule::{AppName, Schedule},
};

/// The Heroku CLI's login, or `HEROKU_API_KEY`: what a person acts with.
pub struct Login {
    pub client: Client,
    pub credential: Credential,
    /// Who that is; unknown where its scope does not cover it.
    pub account: Option<Account>,
}

pub struct Subject {
    pub options: Options,
    /// Whose schedules it is about; anybody's, where nobody is logged in.
    pub account: Option<String>,
    /// Of the schedules of that account, by id where that is known.
    pub apps: Vec<App>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct App {
    pub id: String,
    pub name: String,
    /// A person named it, or its schedule is of this account.
    pub is_sure: bool,
}

impl Subject {
    pub fn host(&self) -> &str {
        self.options.host.machine()
    }

    /// The account in words.
    pub fn account_in_words(&self) -> &str {
        self.account.as_deref().unwrap_or("any account")
    }
}

/// The login, where there is one.
///
/// # Errors
/// When one cannot be read, or Heroku refuses it.
pub async fn login(context: &Context<'_>, options: &Options) -> Result<Option<Login>, Error> {
    let Some(credential) = stored_login(context, options).await? else {
        return Ok(None);
    };
    let client = Client::new(options, &credential, context.clock)?.brief();
    let account = match client.account().await {
        Ok(account) => Some(account),
        // A token of less than the account's own rights.
        Err(heroku::Error::Api { status: 403, .. }) => None,
        Err(error) => return Err(error.into()),
    };
    Ok(Some(Login {
        client,
        credential,
        account,
    }))
}

async fn stored_login(
    context: &Context<'_>,
    options: &Options,
) -> Result<Option<Credential>, Error> {
    for asked in [Asked::ApiKey, Asked::CliLogin] {
        match credentials::ask(context.env, &options.host, Use::Person, asked).await {
            Err(credentials::Error::NotFound { .. }) => {}
            found => return Ok(Some(found?)),
        }
    }
    Ok(None)
}

impl Login {
    /// Whose it is, as far as anything tells.
    pub fn email(&self) -> Option<&str> {
        let told = self.account.as_ref().map(|account| account.email.as_str());
        told.or(self.credential.account.as_deref())
    }

    /// Who is logged in, and how.
    pub fn in_words(&self) -> String {
        let email = self.email().unwrap_or("another account");
        match self.credential.source {
            Source::ApiKey => format!("the token in HEROKU_API_KEY is of {email}"),
            _ => format!("the Heroku CLI is logged in as {email}"),
        }
    }

    /// Whether Heroku lets it make authorizations; where it signs in elsewhere, it does not.
    pub fn is_federated(&self) -> bool {
        self.account
            .as_ref()
            .is_some_and(|account| account.is_federated)
    }
}

/// The apps of this host's schedules that are of this account, or of nobody yet.
pub fn apps(schedules: &[Schedule], host: &str, account: Option<&str>) -> Vec<App> {
    let mut apps: Vec<App> = vec![];
    for schedule in schedules.iter().filter(|one| !one.app.is_fleet()) {
        let of = schedule.app.account.as_deref();
        let is_of_account = match (of, account) {
            (Some(of), Some(account)) => is_same_account(of, account),
            _ => true,
        };
        let app = App {
            id: schedule.app.id_or_name().to_owned(),
            name: schedule.app.name.to_string(),
            is_sure: of.is_some(),
        };
        let is_known = apps.iter().any(|known| known.id == app.id);
        let is_foreign = pass::foreign_host(schedule, host).is_some();
        if is_of_account && !is_foreign && !is_known {
            apps.push(app);
        }
    }
    apps
}

/// What a command is about; `app` is one to try beside those of the schedules.
pub async fn subject(
    context: &Context<'_>,
    options: Options,
    account: Option<String>,
    common: &Common,
    app: Option<&AppName>,
) -> Result<Subject, Error> {
    let all = context.schedules_within_reach(common).await?;
    let mut apps = apps(&all, options.host.machine(), account.as_deref());
    if let Some(app) = app {
        let is_it = |known: &App| known.id == app.as_str() || known.name == app.as_str();
        match apps.iter_mut().find(|known| is_it(known)) {
            Some(known) => known.is_sure = true,
            None => apps.insert(
                0,
                App {
                    id: app.to_string(),
                    name: app.to_string(),
                    is_sure: true,
                },
            ),
        }
    }
    Ok(Subject {
        options,
        account,
        apps,
    })
}
