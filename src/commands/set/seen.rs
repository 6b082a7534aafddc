//! What Heroku says of the app that a schedule is set for.

use super::super::Context;
use crate::{
    credentials::{self, Use},
    error::Error,
    heroku,
    schedule::{App, AppName, Membership},
    snapshot,
};
use jiff::{SignedDuration, Timestamp};

/// What Heroku said of the app, when it could be asked.
pub(super) struct Seen {
    pub app: snapshot::App,
    pub formation: Vec<snapshot::Formation>,
    pub now: Timestamp,
    /// How far Heroku's clock is ahead, where that is worth saying.
    pub skew: Option<SignedDuration>,
    pub account: Option<String>,
}

/// Asks Heroku for the app. Where nobody can be asked the schedule is set all the same, and the
/// first pass fills in what is missing; an app that is not there is an error.
pub(super) async fn look(context: &Context<'_>, app: &AppName) -> Result<Option<Seen>, Error> {
    let asked = async {
        let (client, _, credential) = context.client(Use::Person).await?;
        let seen = client.app(app.as_str()).await?;
        let formation = client.formation(&seen.id).await?;
        Ok::<_, Error>(Seen {
            app: seen,
            formation,
            now: client.now(),
            skew: client.skew_worth_saying(),
            account: credential.account,
        })
    };
    match asked.await {
        Ok(seen) => Ok(Some(seen)),
        Err(error) => excuse(context, app.as_str(), error),
    }
}

/// Whether a schedule may be set although Heroku could not be asked about what it is for; that is said.
pub(super) fn excuse<T>(
    context: &Context<'_>,
    app: &str,
    error: Error,
) -> Result<Option<T>, Error> {
    match error {
        Error::Credential(credentials::Error::NotFound { .. }) => {
            context.ui.warn("not logged in to Heroku, so the app was not checked; a pass needs a credential (auth:setup), heroku login or HEROKU_API_KEY");
            Ok(None)
        }
        // Nor can a pass, without a person; but that may be changed at Heroku.
        Error::Heroku(error) if error.code() == "two_factor" => {
            context.ui.warn(&format!("⬢ {app} demands a second factor, which a pass without a person cannot give: {error}"));
            context
                .ui
                .hint("take the demand off the app, or restart it by hand");
            Ok(None)
        }
        Error::Heroku(
            error @ (heroku::Error::Unreachable { .. }
            | heroku::Error::TimedOut { .. }
            | heroku::Error::Broken { .. }),
        ) => {
            context
                .ui
                .warn(&format!("Heroku could not be asked about {app}: {error}"));
            Ok(None)
        }
        error => Err(error),
    }
}

/// The app of a schedule: as Heroku told it, else as it was known.
pub(super) fn identity(
    app: AppName,
    seen: Option<&Seen>,
    known: Option<App>,
    host: Option<String>,
) -> App {
    match seen {
        Some(seen) => App {
            name: seen.app.name.parse().unwrap_or(app),
            id: Some(seen.app.id.clone()),
            // With HEROKU_API_KEY nobody tells whose it is: what was known stays.
            account: seen
                .account
                .clone()
                .or(known.and_then(|known| known.account)),
            host,
            membership: Membership::Alone,
        },
        None => known.unwrap_or(App {
            name: app,
            id: None,
            account: None,
            host,
            membership: Membership::Alone,
        }),
    }
}

/// The host that requests go to, when it is not Heroku's own.
pub(super) fn other_host(context: &Context<'_>) -> Result<Option<String>, Error> {
    let options = heroku::Options::from_env(context.env)?;
    let host = options.host.machine();
    Ok((host != "api.heroku.com").then(|| host.to_owned()))
}
