//! `auth`: what a pass would act with, and why: every source, and what each said.

use super::{
    super::Context,
    check::can_restart,
    subject::{App, apps},
    words,
};
use crate::{
    cli::Common,
    credentials::{
        self, Asked, Credential, Record, Records, Source, Use,
        records::{ToRevoke, is_same_account},
    },
    error::{Error, exit},
    heroku::{self, Client, Options},
    schedule::Schedule,
    state::StateDir,
};
use jiff::{Timestamp, tz::TimeZone};
use serde_json::{Value, json};

/// What passes for one account would act with.
struct Shown {
    account: Option<String>,
    chain: Vec<(Asked, Result<Credential, credentials::Error>)>,
    record: Option<Record>,
    /// What using it told.
    used: Option<Used>,
    last_used: Option<Timestamp>,
}

struct Used {
    scope: Option<Vec<String>>,
    expires_at: Option<Timestamp>,
    is_expiry_known: bool,
    apps: Vec<(App, Option<heroku::Error>)>,
    error: Option<heroku::Error>,
}

pub(super) async fn show(context: &Context<'_>, common: &Common) -> Result<u8, Error> {
    let options = context.options()?;
    let schedules = context.store(common.schedules.as_deref())?.read()?;
    let mut all = vec![];
    for account in accounts(context, &options, &schedules)? {
        all.push(look(context, &options, &schedules, account).await);
    }
    let now = context.clock.now();
    let host = options.host.machine();
    let left: Vec<ToRevoke> = Records::read(context.env)?.to_revoke;
    let left: Vec<ToRevoke> = left.into_iter().filter(|note| note.host == host).collect();
    context.ui.either(
        || in_words(host, &all, now),
        || json!({ "host": host, "credentials": all.iter().map(as_json).collect::<Vec<_>>(), "to_revoke": left }),
    );
    let is_well = all.iter().all(Shown::is_well);
    if !context.ui.is_json {
        for note in &left {
            context
                .ui
                .warn(&format!("{} may still be valid at Heroku", note.in_words()));
            let (rotate, remove) = (context.verb("auth:rotate"), context.verb("auth:remove"));
            context
                .ui
                .hint(&format!("the next {rotate} or {remove} revokes it"));
        }
        for shown in &all {
            advise(context, shown);
        }
    }
    Ok(if is_well { exit::DONE } else { exit::FAILED })
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
        let is_it = |known: &Option<String>| match (known, &account) {
            (Some(known), Some(account)) => is_same_account(known, account),
            (None, None) => true,
            _ => false,
        };
        if !accounts.iter().any(is_it) {
            accounts.push(account);
        }
    }
    if accounts.is_empty() {
        accounts.push(credentials::cli_account(context.env)?);
    }
    Ok(accounts)
}

async fn look(
    context: &Context<'_>,
    options: &Options,
    schedules: &[Schedule],
    account: Option<String>,
) -> Shown {
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
    Shown {
        account,
        chain,
        record,
        used,
        last_used,
    }
}

/// The source that a pass stops at.
fn first(
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
    if let Err(error) = client.apps().await {
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

impl Shown {
    fn is_well(&self) -> bool {
        self.used.as_ref().is_some_and(|used| {
            used.error.is_none()
                && can_restart(used.scope.as_deref())
                && used.apps.iter().all(|(_, error)| error.is_none())
        })
    }

    fn credential(&self) -> Option<&Credential> {
        first(&self.chain)?.as_ref().ok()
    }
}

fn name(asked: Asked) -> &'static str {
    match asked {
        Asked::ApiKey => "HEROKU_API_KEY",
        Asked::Own => "auth:setup",
        Asked::CliLogin => "Heroku CLI login",
    }
}

/// What a source said.
fn said(shown: &Shown, asked: Asked, found: &Result<Credential, credentials::Error>) -> String {
    let is_used = first(&shown.chain).is_some_and(|first| std::ptr::eq(first, found));
    match found {
        Ok(credential) => {
            let place = match (&credential.source, &credential.account) {
                (Source::ApiKey, _) => "set".to_owned(),
                (Source::Own(_, place), _) => place.clone(),
                (source, Some(account)) => format!("{source}, as {account}"),
                (source, None) => source.to_string(),
            };
            format!("{place}{}", if is_used { ": used" } else { "" })
        }
        Err(credentials::Error::NotFound { .. }) => match asked {
            Asked::ApiKey => "not set".to_owned(),
            Asked::Own if shown.record.is_some() => "the Heroku CLI's login was chosen".to_owned(),
            Asked::Own => "not set up".to_owned(),
            Asked::CliLogin => "none".to_owned(),
        },
        Err(error) => format!(
            "{error}{}",
            if is_used { ": a pass stops here" } else { "" }
        ),
    }
}

fn in_words(host: &str, all: &[Shown], now: Timestamp) -> String {
    let one = |shown: &Shown| {
        let account = shown.account.as_deref().unwrap_or("any account");
        let what = match (shown.credential(), &shown.record) {
            (None, _) if first(&shown.chain).is_some() => "cannot read their credential".to_owned(),
            (None, _) => "have no credential".to_owned(),
            (Some(credential), Some(record)) if credential.source.is_own() => {
                format!("use {}", words::kind(record))
            }
            (Some(credential), _) => format!("use {}", credential.source),
        };
        let mut text = format!("Passes for {account} on {host} {what}");
        let mut lines = vec![];
        if let Some(used) = &shown.used {
            lines.extend(told(used, now));
        }
        let is_own = shown.credential().is_some_and(|one| one.source.is_own());
        if is_own
            && let Some(owner) = shown
                .record
                .as_ref()
                .and_then(|record| record.owner.as_deref())
            && shown
                .account
                .as_deref()
                .is_none_or(|account| !is_same_account(account, owner))
        {
            lines.push(("of", owner.to_owned()));
        }
        let last = shown
            .last_used
            .map(|at| crate::report::human::instant(at, &TimeZone::system()));
        lines.push((
            "last used",
            last.unwrap_or_else(|| "not by a pass of this machine".to_owned()),
        ));
        text = format!("{text}\n{}\n", words::lines(&lines));
        for (asked, found) in &shown.chain {
            let said = said(shown, *asked, found);
            text = format!("{text}\n  {:<17} {said}", name(*asked));
        }
        text
    };
    all.iter().map(one).collect::<Vec<_>>().join("\n\n")
}

fn told(used: &Used, now: Timestamp) -> Vec<(&'static str, String)> {
    if let Some(error) = &used.error {
        return vec![("Heroku", error.to_string())];
    }
    let mut lines = vec![];
    let scope = used.scope.as_deref();
    lines.push((
        "scope",
        scope.map_or("Heroku does not tell".to_owned(), words::scope),
    ));
    let expiry = if used.is_expiry_known {
        words::expiry(used.expires_at, now)
    } else {
        "not known".to_owned()
    };
    lines.push(("expires", expiry));
    for (app, error) in &used.apps {
        let said = error
            .as_ref()
            .map_or("it works".to_owned(), ToString::to_string);
        lines.push(("tried on", format!("⬢ {}: {said}", app.name)));
    }
    lines
}

/// What to do where a pass would fail, or soon will.
fn advise(context: &Context<'_>, shown: &Shown) {
    let ui = context.ui;
    match (first(&shown.chain), &shown.used) {
        (None, _) => ui.hint(&format!("{} sets one up", context.verb("auth:setup"))),
        (Some(Err(error)), _) => error.hint().iter().for_each(|hint| ui.hint(hint)),
        (Some(Ok(credential)), Some(used)) => {
            let failed = used.error.as_ref();
            let failed = failed.or_else(|| used.apps.iter().find_map(|(_, error)| error.as_ref()));
            if let Some(hint) = failed.and_then(heroku::Error::hint) {
                ui.hint(&hint);
            } else if !can_restart(used.scope.as_deref()) {
                ui.warn("with this scope no dyno can be restarted");
                ui.hint(&credential.mend);
            } else if credential.source.word() == "cli_login" && shown.record.is_none() {
                ui.hint(&format!(
                    "a login ends; {} sets up a credential that works while nobody is there",
                    context.verb("auth:setup")
                ));
            }
        }
        (Some(Ok(_)), None) => {}
    }
}

fn as_json(shown: &Shown) -> Value {
    let chain: Vec<Value> = shown
        .chain
        .iter()
        .map(|(asked, found)| {
            let is_used = first(&shown.chain).is_some_and(|first| std::ptr::eq(first, found));
            let word = match asked {
                Asked::ApiKey => "heroku_api_key",
                Asked::Own => "own",
                Asked::CliLogin => "cli_login",
            };
            json!({
                "source": word, "found": found.is_ok(), "said": said(shown, *asked, found).trim_end_matches(": used"), "used": is_used && found.is_ok(),
                "error": found.as_ref().err().filter(|error| !matches!(error, credentials::Error::NotFound { .. })).map(credentials::Error::code),
            })
        })
        .collect();
    let used = shown.used.as_ref();
    let apps: Vec<Value> = used.map_or(vec![], |used| {
        let app = |(app, error): &(App, Option<heroku::Error>)| {
            json!({ "app": app.name, "error": error.as_ref().map(ToString::to_string) })
        };
        used.apps.iter().map(app).collect()
    });
    json!({
        "account": shown.account, "source": shown.credential().map(|credential| credential.source.word()),
        "from": shown.credential().map(|credential| credential.source.to_string()),
        "kind": shown.record.as_ref().map(|record| record.kind),
        "owner": shown.record.as_ref().and_then(|record| record.owner.clone()),
        "authorization": shown.record.as_ref().and_then(|record| record.authorization.clone()),
        "scope": used.and_then(|used| used.scope.clone()).or_else(|| shown.record.as_ref().map(|record| record.scope.clone())),
        "expires_at": used.map_or_else(|| shown.record.as_ref().and_then(|record| record.expires_at), |used| used.expires_at),
        "last_used": shown.last_used, "apps": apps, "works": shown.is_well(),
        "error": used.and_then(|used| used.error.as_ref()).map(|error| json!({ "code": error.code(), "message": error.to_string(), "hint": error.hint() })),
        "chain": chain,
    })
}
