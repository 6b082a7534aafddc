//! What passes act with: credential, scope, expiry, second factor; and what Heroku's answers tell of
//! the way, the clock and the quota.

use super::{
    super::{Context, auth},
    Line,
};
use crate::{
    credentials::{self, Credential, Place, Records, Secret, Source, Use, expiry},
    error::Error,
    heroku::{self, Client, Options},
    plan::QUOTA_FLOOR,
    report::human,
    schedule::Schedule,
};

/// `runner_app`: the app that makes the passes, with a token of its own; then this is about the commands
/// that are typed here.
pub async fn look(
    context: &Context<'_>,
    options: &Options,
    schedules: &[Schedule],
    runner_app: Option<&str>,
) -> Vec<Line> {
    let accounts = match auth::accounts(context, options, schedules) {
        Ok(accounts) => accounts,
        Err(error) => return vec![Line::of("credential", &error)],
    };
    let mut lines = vec![];
    let several = accounts.len() > 1;
    let mut answered = None;
    for account in accounts {
        let wanted = Use::Pass(account.as_deref());
        let found = credentials::resolve(context.env, &options.host, wanted).await;
        let mut of = match &account {
            Some(account) if several => format!(", for {account}"),
            _ => String::new(),
        };
        if let Some(runner) = runner_app {
            of = format!("{of}, for commands typed here: ⬢ {runner} has a token of its own");
        }
        let (of_use, client) = match found {
            Err(error) => (vec![Line::of("credential", &error.into())], None),
            Ok(credential) => {
                let host = options.host.machine();
                let apps = auth::apps(schedules, host, account.as_deref());
                let whose = (of.as_str(), runner_app.is_some());
                one(context, options, &credential, whose, &apps).await
            }
        };
        lines.extend(of_use);
        answered = answered.or(client);
    }
    if answered.is_none() {
        for what in ["scope", "expiry", "second factor"] {
            lines.push(Line::warning(
                what,
                "not known",
                "mend what is broken first",
            ));
        }
        // Whether it is the way or the credential.
        let is_known = |line: &Line| line.what == "reachability";
        if !lines.iter().any(is_known) {
            match stranger(context, options).await {
                Ok(client) => answered = Some(client),
                Err(line) => lines.push(line),
            }
        }
    }
    let left = Records::read(context.env).map(|records| records.to_revoke);
    let left = left
        .unwrap_or_default()
        .iter()
        .filter(|note| note.host == options.host.machine())
        .count();
    if left > 0 {
        let (setup, remove) = (context.verb("auth:setup"), context.verb("auth:remove"));
        lines.push(Line::warning(
            "left behind",
            format!("{left} authorizations are still to be revoked"),
            format!("the next {setup} or {remove} of their account revokes them"),
        ));
    }
    if let Some(client) = answered {
        lines.extend(heroku_told(&client).await);
    }
    lines
}

/// Lines about one credential; and a client with it, where Heroku took it.
async fn one(
    context: &Context<'_>,
    options: &Options,
    credential: &Credential,
    (of, is_for_commands): (&str, bool),
    apps: &[auth::App],
) -> (Vec<Line>, Option<Client>) {
    let client = match Client::new(options, credential, context.clock) {
        Ok(client) => client.brief(),
        Err(error) => return (vec![Line::of("reachability", &error.into())], None),
    };
    match client.apps().await {
        Ok(_) => {}
        Err(error @ heroku::Error::Api { .. }) => {
            let mut line = Line::of("credential", &error.into());
            line.said = format!("{}{of}: {}", credential.source, line.said);
            return (vec![line], None);
        }
        Err(error) => return (vec![Line::of("reachability", &error.into())], None),
    }
    let mut lines = vec![source(context, credential, of, is_for_commands)];
    lines.extend(using(context, &client, credential, apps).await);
    (lines, Some(client))
}

/// A client without a credential, where Heroku answers it: the refusal tells its time.
async fn stranger(context: &Context<'_>, options: &Options) -> Result<Client, Line> {
    let line = |error: heroku::Error| Line::of("reachability", &error.into());
    let nobody = Credential {
        token: Secret::new("none".to_owned()),
        source: Source::Given,
        account: None,
        expires_at: None,
        mend: String::new(),
    };
    let client = Client::new(options, &nobody, context.clock).map_err(line)?;
    let client = client.brief();
    match client.apps().await {
        Ok(_) | Err(heroku::Error::Api { .. }) => Ok(client),
        Err(error) => Err(line(error)),
    }
}

fn source(context: &Context<'_>, credential: &Credential, of: &str, is_for_commands: bool) -> Line {
    let said = format!("{}{of}", credential.source);
    let setup = context.verb("auth:setup");
    match credential.source.word() {
        _ if is_for_commands => Line::ok("credential", said),
        "cli_login" => Line::warning(
            "credential",
            format!("{said}, which ends"),
            format!("{setup} sets up one that works while nobody is there"),
        ),
        _ if is_in_keyring(&credential.source) => Line::ok(
            "credential",
            format!("{said}; cron, and timers while you are logged out, cannot open it"),
        ),
        _ => Line::ok("credential", said),
    }
}

/// Where whoever is logged in opens it.
fn is_in_keyring(source: &Source) -> bool {
    cfg!(all(unix, not(target_os = "macos"))) && matches!(source, Source::Own(Place::Keyring, _))
}

/// What using a credential tells, which Heroku has just taken.
async fn using(
    context: &Context<'_>,
    client: &Client,
    credential: &Credential,
    apps: &[auth::App],
) -> Vec<Line> {
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
        Some(at) if expiry::is_soon(at, now) => {
            Line::warning("expiry", auth::when(at, now), credential.mend.clone())
        }
        Some(at) => Line::ok("expiry", auth::when(at, now)),
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
    lines
}

/// Whether an app demands a second factor, as far as this token may ask.
async fn second_factor(context: &Context<'_>, client: &Client, apps: &[auth::App]) -> Vec<Line> {
    let (mut demands, mut is_known) = (vec![], true);
    for app in apps {
        match client.may_restart(&app.id).await {
            Ok(capability) if capability.needs_second_factor => demands.push(app.name.clone()),
            Ok(_) => {}
            // The token may not ask; whoever is logged in may.
            Err(_) => match as_a_person(context, &app.id).await {
                Some(true) => demands.push(app.name.clone()),
                Some(false) => {}
                None => is_known = false,
            },
        }
    }
    if demands.is_empty() {
        let said = if is_known {
            "no app asks for one"
        } else {
            "none was asked for"
        };
        return vec![Line::ok("second factor", said)];
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

/// Whether the app demands a second factor, as far as whoever is logged in may ask.
async fn as_a_person(context: &Context<'_>, app_id: &str) -> Option<bool> {
    let (login, ..) = context.client(Use::Person).await.ok()?;
    let capability = login.brief().may_restart(app_id).await.ok()?;
    Some(capability.needs_second_factor)
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
