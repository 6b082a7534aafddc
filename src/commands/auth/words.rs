//! How a credential is told: to a person, and as JSON.

use super::{super::Context, check::Checked, subject::App};
use crate::{
    credentials::{Kind, Record, expiry::distance, own},
    report::human,
};
use jiff::{Timestamp, tz::TimeZone};
use serde_json::{Value, json};

/// Apps named in one line; the rest are counted.
const NAMED: usize = 5;

/// An end: `Tue 23 Feb 2027 07:00 CET (in 90 days)`.
pub fn when(ends: Timestamp, now: Timestamp) -> String {
    let at = human::instant(ends, &TimeZone::system());
    format!("{at} ({})", distance(now, ends))
}

pub fn expiry(expires_at: Option<Timestamp>, now: Timestamp) -> String {
    expires_at.map_or("when it is revoked".to_owned(), |at| when(at, now))
}

/// What a scope lets its token do, in one line; it is for all apps, whatever we want (HEROKU 1.6).
pub fn scope(scope: &[String]) -> String {
    let has = |word: &str| scope.iter().any(|one| one == word);
    let rights = if has("global") {
        "everything that the account itself can do"
    } else if has("write-protected") {
        "restarts, scaling, deploys, config vars; no account"
    } else if has("write") {
        "restarts, scaling, deploys; no config vars, no account"
    } else if has("read") || has("read-protected") {
        "reading; no restarts"
    } else {
        return scope.join(" ");
    };
    format!("{}: {rights}", scope.join(" "))
}

/// `3 apps: a, b, c`.
pub fn reach(names: &[String]) -> String {
    let count = names.len();
    let noun = if count == 1 { "app" } else { "apps" };
    let first = names[..count.min(NAMED)].join(", ");
    match count {
        0 => "no app of its own, nor one it was invited to".to_owned(),
        _ if count > NAMED => format!("{count} {noun}: {first}, ..."),
        _ => format!("{count} {noun}: {first}"),
    }
}

pub fn apps(apps: &[App]) -> String {
    let names: Vec<&str> = apps.iter().map(|app| app.name.as_str()).collect();
    names.join(", ")
}

/// Lines of a list, their labels in one column.
pub fn lines(lines: &[(&str, String)]) -> String {
    let line = |(label, text): &(&str, String)| format!("  {label:<9} {text}");
    lines.iter().map(line).collect::<Vec<_>>().join("\n")
}

pub fn kind(record: &Record) -> &'static str {
    match record.kind {
        Kind::Authorization => "an authorization of their own",
        Kind::Token => "a token that was given",
        Kind::CliLogin => "the Heroku CLI's login",
    }
}

/// That a credential is set up, as a result.
pub fn kept(context: &Context<'_>, record: &Record, checked: &Checked, now: Timestamp) -> String {
    let account = record.account.as_deref().unwrap_or("any account");
    let mut text = format!(
        "Passes for {account} on {} use {}",
        record.host,
        kind(record)
    );
    let mut told = vec![];
    if !record.scope.is_empty() {
        told.push(("scope", scope(&record.scope)));
    }
    told.push(("expires", known_expiry(record, now)));
    told.push(("kept in", own::place_in_words(context.env, record)));
    for (app, error) in &checked.apps {
        let said = error
            .as_ref()
            .map_or("reached".to_owned(), ToString::to_string);
        told.push(("tried on", format!("⬢ {}: {said}", app.name)));
    }
    text.push('\n');
    text.push_str(&lines(&told));
    text
}

/// The expiry of a record; one of a token that somebody gave is not known.
pub fn known_expiry(record: &Record, now: Timestamp) -> String {
    match (record.kind, record.expires_at) {
        (Kind::Authorization, at) | (_, at @ Some(_)) => expiry(at, now),
        (Kind::Token, None) => "not known: Heroku does not tell".to_owned(),
        (Kind::CliLogin, None) => {
            "not known: 30 days or a year after the login, 8 hours with SSO".to_owned()
        }
    }
}

pub fn json(context: &Context<'_>, record: &Record, checked: &Checked) -> Value {
    let apps: Vec<Value> = checked
        .apps
        .iter()
        .map(|(app, error)| json!({ "app": app.name, "error": error.as_ref().map(ToString::to_string) }))
        .collect();
    json!({
        "host": record.host, "account": record.account, "owner": record.owner, "kind": record.kind,
        "scope": record.scope, "expires_at": record.expires_at, "authorization": record.authorization,
        "place": record.place, "kept_in": own::place_in_words(context.env, record), "apps": apps,
        "reach": checked.reach,
    })
}
