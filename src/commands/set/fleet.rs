//! What Heroku says of the apps that a schedule of several is set for.

use super::{super::Context, seen::excuse};
use crate::{
    credentials::Use,
    error::Error,
    fleet::resolve,
    schedule::{App, Fleet, Schedule},
};
use jiff::Timestamp;

/// Which apps they are now, when Heroku could be asked.
pub(super) struct Found {
    pub apps: Vec<String>,
    pub now: Timestamp,
    account: Option<String>,
    /// Names that are none of an app of this account.
    unknown: Vec<String>,
}

/// Asks Heroku which apps a fleet has. Where nobody can be asked the schedule is set all the same; a
/// team or pipeline that is not there is an error.
pub(super) async fn look(
    context: &Context<'_>,
    label: &str,
    fleet: &Fleet,
) -> Result<Option<Found>, Error> {
    let asked = async {
        let (client, _, credential) = context.client(Use::Person).await?;
        let members = resolve(&client, fleet).await?;
        let unknown = members.iter().filter(|member| member.id.is_none());
        let unknown = unknown.map(|member| member.name.clone()).collect();
        Ok::<_, Error>(Found {
            apps: members.into_iter().map(|member| member.name).collect(),
            now: client.now(),
            account: credential.account,
            unknown,
        })
    };
    match asked.await {
        Ok(found) => Ok(Some(found)),
        Err(error) => excuse(context, label, error),
    }
}

/// Whose schedule it is.
pub(super) fn identity(
    fleet: App,
    found: Option<&Found>,
    known: Option<&App>,
    host: Option<String>,
) -> App {
    let account = found.and_then(|found| found.account.clone());
    App {
        account: account.or_else(|| known?.account.clone()),
        host,
        ..fleet
    }
}

impl Found {
    /// What somebody should know who set it.
    pub fn tell(&self, context: &Context<'_>, schedule: &Schedule, all: &[Schedule]) {
        let label = schedule.app.name.as_str();
        let is_own = |app: &&String| {
            let is_it = |one: &Schedule| one.app.is(app.as_str()) && one.name == schedule.name;
            all.iter().any(|one| !one.app.is_fleet() && is_it(one))
        };
        let own: Vec<&str> = self
            .apps
            .iter()
            .filter(is_own)
            .map(String::as_str)
            .collect();
        match &self.apps[..] {
            [] => context.ui.warn(&format!(
                "{label} has no app now: those that come are restarted from then on"
            )),
            [one] => context.ui.say(&format!("{label} is one app now: ⬢ {one}")),
            apps => {
                let names = apps.join(", ⬢ ");
                let count = apps.len();
                context
                    .ui
                    .say(&format!("{label} is {count} apps now: ⬢ {names}"));
            }
        }
        if !own.is_empty() {
            context.ui.warn(&format!(
                "⬢ {} {} a schedule {} of {} own, and {} by that one alone: another --name has {} go by both",
                own.join(", ⬢ "),
                if own.len() == 1 { "has" } else { "have" },
                schedule.name,
                if own.len() == 1 { "its" } else { "their" },
                if own.len() == 1 { "goes" } else { "go" },
                if own.len() == 1 { "it" } else { "them" },
            ));
        }
        let guards = &schedule.guards;
        let urls = [
            ("--check-url", &guards.check_url),
            ("--busy-url", &guards.busy_url),
        ];
        for (flag, _) in urls
            .iter()
            .filter(|(_, url)| url.is_some() && self.apps.len() > 1)
        {
            context.ui.warn(&format!(
                "{flag} is one URL for all of these apps: it is asked whichever of them is restarted"
            ));
        }
        for name in &self.unknown {
            context.ui.warn(&format!(
                "⬢ {name} is not among the apps of this account: a pass cannot restart it"
            ));
        }
    }
}
