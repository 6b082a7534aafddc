//! What a deploy is about to do, in words: what is made, what it costs, who can read the token.

use super::{
    Deployment,
    changes::{Changes, Way},
};
use crate::{
    error::Error,
    heroku::{self, Client},
    schedule::Schedule,
};
use std::collections::BTreeMap;

/// Dyno hours a month of one dyno that never stops.
const HOURS: u32 = 730;
/// Dyno hours in an account's pool of Eco hours, and what that costs a month in cents (HEROKU 3.7).
const POOL: (u32, u64) = (1_000, 500);
/// Cents a month, where Heroku does not tell (HEROKU 3.7).
const BASIC: u64 = 700;

/// What a dyno of this size that never stops costs a month, in cents, where that is known here.
pub fn cents(size: &str) -> Option<u64> {
    size.eq_ignore_ascii_case("Basic").then_some(BASIC)
}

/// What it costs a month, in cents, and in words.
pub fn cost(prices: &BTreeMap<String, u64>, way: Way, size: &str) -> (u64, String) {
    let dollars = |cents: u64| format!("${}.{:02}", cents / 100, cents % 100);
    let basic = prices.get("Basic").copied().unwrap_or(BASIC);
    match way {
        Way::Scheduler => (
            0,
            format!(
                "Heroku Scheduler is free; its one-off dynos run for seconds each, and are billed for these: well under a dollar a month (a Basic dyno is {} for a whole one)",
                dollars(basic)
            ),
        ),
        Way::Dyno(_) if size.eq_ignore_ascii_case("Eco") => {
            let (hours, cents) = POOL;
            (
                0,
                format!(
                    "about {HOURS} of the {hours} hours of the account's Eco pool each month, which is {} in all; where other Eco dynos need them, they all sleep when the pool is empty, and so does this",
                    dollars(cents)
                ),
            )
        }
        Way::Dyno(_) => {
            let known = prices
                .iter()
                .find(|(name, _)| name.eq_ignore_ascii_case(size));
            let cents = known.map_or(basic, |(_, cents)| *cents);
            (
                cents,
                format!("{} a month, prorated to the second", dollars(cents)),
            )
        }
    }
}

/// Those who can read the config vars of the app, and so the token.
pub async fn readers(client: &Client, app: Option<&str>, team: Option<&str>) -> Vec<String> {
    let mut all = match app {
        Some(app) => client.collaborators(app).await.unwrap_or_default(),
        None => vec![],
    };
    if let Some(team) = team {
        all.extend(client.members(team).await.unwrap_or_default());
    }
    // A team is the owner of its apps under an address that nobody reads.
    all.retain(|email| !email.ends_with("@herokumanager.com"));
    all.sort_unstable();
    all.dedup();
    all
}

/// What Heroku does not let an account do that signs in elsewhere: found out before anything is made.
pub fn federated(deployment: &Deployment<'_>) -> Error {
    let email = deployment.login.email().unwrap_or("this account");
    Error::Other {
        code: "federated",
        message: format!(
            "{email} signs in through an identity provider (SSO), and such accounts make no authorizations"
        ),
        hint: Some(format!(
            "invite a user without SSO to the apps (heroku access:add), heroku login as that user, and run {} again",
            deployment.context.verb("deploy")
        )),
    }
}

/// Why no authorization could be made, and what makes a runner all the same.
pub fn refused(deployment: &Deployment<'_>, error: Error) -> Error {
    let deploy = deployment.context.verb("deploy");
    let hint = match &error {
        Error::Interrupted | Error::Declined => return error,
        _ if error.code() == "two_factor" => {
            format!("run {deploy} at a terminal, where it asks for the code")
        }
        _ => return error,
    };
    Error::Other {
        code: error.code(),
        message: error.to_string(),
        hint: Some(hint),
    }
}

/// Why a dyno of a size was not started. Without its pool of hours there is no Eco dyno.
pub fn no_dyno(deployment: &Deployment<'_>, error: heroku::Error, size: &str) -> Error {
    let is_refused = matches!(
        error,
        heroku::Error::Api {
            status: 402 | 403 | 422,
            ..
        }
    );
    if !(is_refused && size.eq_ignore_ascii_case("Eco")) {
        return error.into();
    }
    Error::Other {
        code: error.code(),
        message: error.to_string(),
        hint: Some(format!(
            "subscribe to Eco dynos on the billing page of the Heroku dashboard, or run {} without --eco: a Basic dyno",
            deployment.context.verb("deploy")
        )),
    }
}

/// The lines of what is about to be done.
pub fn lines(deployment: &Deployment<'_>, changes: &Changes) -> Vec<(&'static str, String)> {
    let mut lines = vec![("app", app(deployment, changes))];
    lines.push(("runs on", runs_on(deployment)));
    lines.push(("costs", deployment.cost.1.clone()));
    if changes.authorizes {
        let email = deployment.login.email().unwrap_or("your account");
        lines.push((
            "acts with",
            format!(
                "an authorization of {email} with the scope write, kept in a config var of the app"
            ),
        ));
    }
    if !deployment.readers.is_empty() {
        let readers = deployment.readers.join(", ");
        let has_names = |schedule: &Schedule| !schedule.notify.is_empty();
        let has_url = deployment.flags.ping.is_some() || deployment.schedules.iter().any(has_names);
        let url = if has_url { ", and the URL to tell" } else { "" };
        lines.push((
            "read by",
            format!("{readers}: whoever reads its config vars has the token{url}"),
        ));
    }
    if let Some(name) = &deployment.flags.ping {
        lines.push((
            "tells",
            format!(
                "{name}, every ten minutes, that it fares well; the URL is kept in a config var"
            ),
        ));
    }
    let schedules = schedules(deployment.schedules);
    let count = deployment.schedules.len();
    if count > 0 {
        lines.push((
            "schedules",
            format!(
                "{schedules}, from {} to its config vars",
                deployment.file_in_words
            ),
        ));
    }
    lines
}

fn app(deployment: &Deployment<'_>, changes: &Changes) -> String {
    let name = &deployment.name;
    if let Some(found) = &deployment.found {
        let team = found
            .app
            .team
            .as_ref()
            .map(|team| format!(" of the team {team}"));
        return format!("⬢ {name}{}, which is there", team.unwrap_or_default());
    }
    debug_assert!(changes.makes_app);
    let flags = deployment.flags;
    let of = [
        flags
            .team
            .as_ref()
            .map(|team| format!("of the team {team}")),
        flags
            .space
            .as_ref()
            .map(|space| format!("in the space {space}")),
        flags
            .region
            .as_ref()
            .map(|region| format!("in the region {region}")),
    ];
    let of: Vec<String> = of.into_iter().flatten().collect();
    format!("⬢ {name}, a new one {}", of.join(" "))
        .trim_end()
        .to_owned()
}

fn runs_on(deployment: &Deployment<'_>) -> String {
    let size = &deployment.size;
    match deployment.way {
        Way::Scheduler => "one-off dynos of Heroku Scheduler, every 10 minutes: a pass is up to about 11 minutes late, and Heroku says that a run may rarely be missed".to_owned(),
        Way::Dyno(_) => format!("one dyno (runner.1, {size}), day and night: a pass is seconds late"),
    }
}

/// `2 schedules of ⬢ a, ⬢ b`.
fn schedules(schedules: &[Schedule]) -> String {
    let mut apps: Vec<String> = schedules
        .iter()
        .map(|schedule| format!("⬢ {}", schedule.app.name))
        .collect();
    apps.sort_unstable();
    apps.dedup();
    let count = schedules.len();
    let noun = if count == 1 { "schedule" } else { "schedules" };
    format!("{count} {noun} of {}", apps.join(", "))
}
