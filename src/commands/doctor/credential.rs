//! What passes act with: credential, scope, expiry, second factor; and what Heroku's answers tell of
//! the way, the clock and the quota.

use super::{
    super::{Context, auth},
    Line,
};
use crate::{
    credentials::{self, Credential, Use, expiry},
    error::Error,
    heroku::{self, Client, Options},
    plan::QUOTA_FLOOR,
    report::human,
    schedule::Schedule,
};
use jiff::tz::TimeZone;

pub async fn look(context: &Context<'_>, options: &Options, schedules: &[Schedule]) -> Vec<Line> {
    let accounts = match auth::accounts(context, options, schedules) {
        Ok(accounts) => accounts,
        Err(error) => return vec![Line::of("credential", &error)],
    };
    let mut lines = vec![];
    let several = accounts.len() > 1;
    let mut has_asked = false;
    for account in accounts {
        let wanted = Use::Pass(account.as_deref());
        let credential = credentials::resolve(context.env, &options.host, wanted).await;
        let credential = match credential {
            Ok(credential) => credential,
            Err(error) => {
                lines.push(Line::of("credential", &error.into()));
                continue;
            }
        };
        let of = match &account {
            Some(account) if several => format!(", for {account}"),
            _ => String::new(),
        };
        lines.extend(source(context, &credential, &of));
        let client = match Client::new(options, &credential, context.clock) {
            Ok(client) => client.brief(),
            Err(error) => {
                lines.push(Line::of("credential", &error.into()));
                continue;
            }
        };
        let apps = auth::apps(schedules, options.host.machine(), account.as_deref());
        let (of_use, is_reached) = using(context, &client, &credential, &apps).await;
        lines.extend(of_use);
        if is_reached && !has_asked {
            has_asked = true;
            lines.extend(heroku_told(&client).await);
        }
    }
    lines
}

fn source(context: &Context<'_>, credential: &Credential, of: &str) -> Vec<Line> {
    let said = format!("{}{of}", credential.source);
    let setup = context.verb("auth:setup");
    vec![match credential.source.word() {
        "cli_login" => Line::warning(
            "credential",
            format!("{said}, which ends"),
            format!("{setup} sets up one that works while nobody is there"),
        ),
        _ => Line::ok("credential", said),
    }]
}

/// Lines about the credential, and whether Heroku answered.
async fn using(
    context: &Context<'_>,
    client: &Client,
    credential: &Credential,
    apps: &[auth::App],
) -> (Vec<Line>, bool) {
    if let Err(error) = client.apps().await {
        let is_answer = matches!(error, heroku::Error::Api { .. });
        let what = if is_answer {
            "credential"
        } else {
            "reachability"
        };
        return (vec![Line::of(what, &error.into())], is_answer);
    }
    let mut lines = vec![];
    let scope = client.scope();
    lines.push(match &scope {
        None => Line::warning("scope", "Heroku does not tell", "a pass finds out"),
        Some(scope) if !auth::can_restart(Some(scope)) => Line::broken(
            "scope",
            format!("{}: no dyno can be restarted with it", scope.join(" ")),
            credential.mend.clone(),
        ),
        Some(scope) if scope.iter().any(|one| one == "global") && credential.source.is_own() => {
            Line::warning(
                "scope",
                "global, which is more than restarts need",
                "one with the scope write is enough",
            )
        }
        Some(scope) => Line::ok("scope", scope.join(" ")),
    });
    let ends = match credential.expires_at {
        None if !credential.source.is_own() => auth::expiry_of(client, credential).await.flatten(),
        known => known,
    };
    let now = client.now();
    lines.push(match ends {
        None => Line::ok("expiry", "none that is known"),
        Some(at) if expiry::is_soon(at, now) => Line::warning(
            "expiry",
            format!(
                "{} ({})",
                human::instant(at, &TimeZone::system()),
                expiry::distance(now, at)
            ),
            credential.mend.clone(),
        ),
        Some(at) => Line::ok("expiry", human::instant(at, &TimeZone::system())),
    });
    let mut is_second_factor_known = false;
    for app in apps {
        if let Err(error) = client.app(&app.id).await {
            let is_second_factor = error.code() == "two_factor";
            is_second_factor_known |= is_second_factor;
            let what = if is_second_factor {
                "second factor"
            } else {
                "access"
            };
            let error = Error::from(error);
            let mut line = Line::of(what, &error);
            line.said = format!("⬢ {}: {}", app.name, line.said);
            lines.push(line);
        }
    }
    if !is_second_factor_known {
        lines.extend(second_factor(context, client, apps).await);
    }
    (lines, true)
}

/// Whether an app demands a second factor, as far as this token may ask.
async fn second_factor(context: &Context<'_>, client: &Client, apps: &[auth::App]) -> Vec<Line> {
    let mut demands = vec![];
    for app in apps {
        match client.may_restart(&app.id).await {
            Ok(capability) if capability.needs_second_factor => demands.push(app.name.clone()),
            Ok(_) => {}
            // The token may not ask; that apps answered without one was seen.
            Err(_) => return vec![Line::ok("second factor", "none was asked for")],
        }
    }
    if demands.is_empty() {
        return vec![Line::ok("second factor", "no app asks for one")];
    }
    let plan = context.verb("plan");
    vec![Line::broken(
        "second factor",
        format!(
            "⬢ {} demands one, which no pass can give",
            demands.join(", ")
        ),
        format!(
            "take the demand off the app, or restart it by hand; {plan} shows what a pass can do"
        ),
    )]
}

/// The way, the clock, the quota.
async fn heroku_told(client: &Client) -> Vec<Line> {
    let mut lines = vec![Line::ok("reachability", "Heroku answers")];
    lines.push(match client.skew_worth_saying() {
        Some(skew) => Line::warning(
            "clock",
            human::skew(skew),
            "set this machine's clock; what is due is judged by Heroku's",
        ),
        None => Line::ok("clock", "within seconds of Heroku's"),
    });
    let remaining = match client.remaining().await {
        Ok(remaining) => Some(remaining),
        Err(_) => client.usage().1,
    };
    if let Some(remaining) = remaining {
        let said = format!("{remaining} of 4500 requests left");
        lines.push(if remaining < QUOTA_FLOOR {
            Line::broken(
                "API quota",
                said,
                "it refills at 75 a minute; find what uses it up",
            )
        } else if remaining < 1_000 {
            Line::warning(
                "API quota",
                said,
                "it refills at 75 a minute; other tools share it",
            )
        } else {
            Line::ok("API quota", said)
        });
    }
    lines
}
