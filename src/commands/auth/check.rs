//! Whether a token does what a pass needs, found out by using it: never `GET /account`, which a
//! `write` token may not read.

use super::{super::Context, second_factor::with_code, subject::App};
use crate::{
    error::Error,
    heroku::{self, Client},
    stop::Stop,
};

/// What using a token told.
pub struct Checked {
    /// From `Oauth-Scope`; `None` where Heroku did not tell.
    pub scope: Option<Vec<String>>,
    /// The apps that it was tried on, and what was answered.
    pub apps: Vec<(App, Option<heroku::Error>)>,
    /// Names of the apps that the account owns or was invited to.
    pub reach: Vec<String>,
}

/// Whether a scope covers restarts (HEROKU 1.6); unknown counts as yes, and is tried.
#[must_use]
pub fn can_restart(scope: Option<&[String]>) -> bool {
    const ENOUGH: [&str; 3] = ["global", "write", "write-protected"];
    scope.is_none_or(|scope| scope.iter().any(|one| ENOUGH.contains(&one.as_str())))
}

/// Reads every app, and the list of apps.
///
/// # Errors
/// When the token is refused, cannot restart anything, reaches none of the apps, or Heroku cannot be
/// asked.
pub async fn check(
    context: &Context<'_>,
    stop: &Stop,
    client: &Client,
    apps: &[App],
) -> Result<Checked, Error> {
    let reach = stop.unless(client.app_names()).await?;
    let scope = client.scope();
    if !can_restart(scope.as_deref()) {
        let scope = scope.unwrap_or_default().join(" ");
        return Err(Error::Other {
            code: "scope_too_small",
            message: format!(
                "the token has the scope {scope}, with which no dyno can be restarted"
            ),
            hint: Some(
                "make one with heroku authorizations:create --scope write --short".to_owned(),
            ),
        });
    }
    let mut tried = vec![];
    for app in apps {
        let answer = try_one(context, stop, client, app).await;
        match answer {
            Ok(()) => tried.push((app.clone(), None)),
            Err(Error::Heroku(
                error @ heroku::Error::Api {
                    status: 403 | 404, ..
                },
            )) => {
                tried.push((app.clone(), Some(error)));
            }
            Err(error) => return Err(error),
        }
    }
    let refused = |(app, error): &(App, Option<heroku::Error>)| {
        let error = error
            .as_ref()
            .filter(|error| error.code() != "two_factor")?;
        Some(format!("⬢ {}: {error}", app.name))
    };
    let mut sure = tried.iter().filter(|(app, _)| app.is_sure).peekable();
    if sure.peek().is_some() && sure.all(|one| refused(one).is_some()) {
        let said: Vec<String> = tried.iter().filter_map(refused).collect();
        return Err(Error::Other {
            code: "no_access",
            message: format!("the token reaches none of the apps: {}", said.join("; ")),
            hint: Some("heroku access:add invites its account to an app".to_owned()),
        });
    }
    for (app, error) in &tried {
        let is_demand = |error: &heroku::Error| error.code() == "two_factor";
        if error.as_ref().is_some_and(is_demand) {
            context.ui.warn(&format!(
                "⬢ {} demands a second factor, which a pass without a person cannot give",
                app.name
            ));
        }
    }
    Ok(Checked {
        scope,
        apps: tried,
        reach,
    })
}

/// Where the app demands a second factor, a person gives it: what then works ends by itself.
async fn try_one(
    context: &Context<'_>,
    stop: &Stop,
    client: &Client,
    app: &App,
) -> Result<(), Error> {
    let answer = stop.unless(client.app(&app.id)).await;
    let Err(Error::Heroku(demand)) = &answer else {
        return answer.map(drop);
    };
    if demand.code() != "two_factor" || !context.ui.can_ask() {
        return answer.map(drop);
    }
    context
        .ui
        .say(&format!("⬢ {} demands a second factor", app.name));
    let id = app.id.as_str();
    with_code(context, stop, client, async |client| {
        client.preauthorize(id).await
    })
    .await?;
    stop.unless(client.app(id)).await?;
    context.ui.warn(&format!(
        "⬢ {} demands a second factor: Heroku takes this one for a while only, and a pass without a person cannot give another",
        app.name
    ));
    Ok(())
}
