//! `auth`: what a pass would act with, and why: every source, and what each said.

use super::{
    super::Context,
    check::can_restart,
    look::{Looked, Used, accounts, first, look},
    subject::App,
    words,
};
use crate::{
    cli::Common,
    credentials::{
        self, Asked, Credential, Records, Source,
        records::{ToRevoke, is_same_account},
    },
    error::{Error, exit},
    heroku,
};
use jiff::{Timestamp, tz::TimeZone};
use serde_json::{Value, json};

pub(super) async fn show(context: &Context<'_>, common: &Common) -> Result<u8, Error> {
    let options = context.options()?;
    let schedules = context.schedules_within_reach(common).await?;
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
    let is_well = all.iter().all(Looked::is_well);
    if !context.ui.is_json {
        for note in &left {
            let ui = context.ui;
            ui.warn(&format!("{} may still be valid at Heroku", note.in_words()));
            let (setup, remove) = (context.verb("auth:setup"), context.verb("auth:remove"));
            let account = note.account.as_deref().unwrap_or("its account");
            ui.hint(&format!(
                "the next {setup} or {remove} as {account} revokes it"
            ));
        }
        for looked in &all {
            advise(context, looked);
        }
    }
    Ok(if is_well { exit::DONE } else { exit::FAILED })
}

fn name(asked: Asked) -> &'static str {
    match asked {
        Asked::ApiKey => "HEROKU_API_KEY",
        Asked::Own => "auth:setup",
        Asked::CliLogin => "Heroku CLI login",
    }
}

/// What a source said.
fn said(looked: &Looked, asked: Asked, found: &Result<Credential, credentials::Error>) -> String {
    let is_used = first(&looked.chain).is_some_and(|first| std::ptr::eq(first, found));
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
            Asked::Own if looked.record.is_some() => "the Heroku CLI's login was chosen".to_owned(),
            Asked::Own => "not set up".to_owned(),
            Asked::CliLogin => "none".to_owned(),
        },
        Err(error) => format!(
            "{error}{}",
            if is_used { ": a pass stops here" } else { "" }
        ),
    }
}

fn in_words(host: &str, all: &[Looked], now: Timestamp) -> String {
    let one = |looked: &Looked| {
        let account = looked.account.as_deref().unwrap_or("any account");
        let what = match (looked.credential(), &looked.record) {
            (None, _) if first(&looked.chain).is_some() => {
                "cannot read their credential".to_owned()
            }
            (None, _) => "have no credential".to_owned(),
            (Some(credential), Some(record)) if credential.source.is_own() => {
                format!("use {}", words::kind(record))
            }
            (Some(credential), _) => format!("use {}", credential.source),
        };
        let mut text = format!("Passes for {account} on {host} {what}");
        let mut lines = vec![];
        if let Some(used) = &looked.used {
            lines.extend(told(used, now));
        }
        let is_own = looked.credential().is_some_and(|one| one.source.is_own());
        if is_own
            && let Some(owner) = looked
                .record
                .as_ref()
                .and_then(|record| record.owner.as_deref())
            && looked
                .account
                .as_deref()
                .is_none_or(|account| !is_same_account(account, owner))
        {
            lines.push(("of", owner.to_owned()));
        }
        let last = looked
            .last_used
            .map(|at| crate::report::human::instant(at, &TimeZone::system()));
        lines.push((
            "last used",
            last.unwrap_or_else(|| "not by a pass of this machine".to_owned()),
        ));
        text = format!("{text}\n{}\n", words::lines(&lines));
        for (asked, found) in &looked.chain {
            let said = said(looked, *asked, found);
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
            .map_or("reached".to_owned(), ToString::to_string);
        lines.push(("tried on", format!("⬢ {}: {said}", app.name)));
    }
    lines
}

/// What to do where a pass would fail, or soon will.
fn advise(context: &Context<'_>, looked: &Looked) {
    let ui = context.ui;
    match (first(&looked.chain), &looked.used) {
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
            } else if credential.source.word() == "cli_login" && looked.record.is_none() {
                ui.hint(&format!(
                    "a login ends; {} sets up a credential that works while nobody is there",
                    context.verb("auth:setup")
                ));
            }
        }
        (Some(Ok(_)), None) => {}
    }
}

fn as_json(looked: &Looked) -> Value {
    let chain: Vec<Value> = looked
        .chain
        .iter()
        .map(|(asked, found)| {
            let is_used = first(&looked.chain).is_some_and(|first| std::ptr::eq(first, found));
            let word = match asked {
                Asked::ApiKey => "heroku_api_key",
                Asked::Own => "own",
                Asked::CliLogin => "cli_login",
            };
            json!({
                "source": word, "found": found.is_ok(), "said": said(looked, *asked, found).trim_end_matches(": used"), "used": is_used && found.is_ok(),
                "error": found.as_ref().err().filter(|error| !matches!(error, credentials::Error::NotFound { .. })).map(credentials::Error::code),
            })
        })
        .collect();
    let used = looked.used.as_ref();
    let apps: Vec<Value> = used.map_or(vec![], |used| {
        let app = |(app, error): &(App, Option<heroku::Error>)| {
            json!({ "app": app.name, "error": error.as_ref().map(ToString::to_string) })
        };
        used.apps.iter().map(app).collect()
    });
    json!({
        "account": looked.account, "source": looked.credential().map(|credential| credential.source.word()),
        "from": looked.credential().map(|credential| credential.source.to_string()),
        "kind": looked.record.as_ref().map(|record| record.kind),
        "owner": looked.record.as_ref().and_then(|record| record.owner.clone()),
        "authorization": looked.record.as_ref().and_then(|record| record.authorization.clone()),
        "scope": used.and_then(|used| used.scope.clone()).or_else(|| looked.record.as_ref().map(|record| record.scope.clone())),
        "expires_at": used.map_or_else(|| looked.record.as_ref().and_then(|record| record.expires_at), |used| used.expires_at),
        "last_used": looked.last_used, "apps": apps, "works": looked.is_well(),
        "error": used.and_then(|used| used.error.as_ref()).map(|error| json!({ "code": error.code(), "message": error.to_string(), "hint": error.hint() })),
        "chain": chain,
    })
}
