//! `run --check`: whether a pass could be made from here; nothing is restarted.

use super::Runner;
use crate::{
    credentials::Use,
    error::{Error, exit},
    ledger::Ledger,
    pass,
    store::narrow,
};

impl Runner<'_> {
    /// Whether a pass could be made from here: state directory, schedules, credential, every app.
    pub(super) async fn check(&self) -> Result<u8, Error> {
        let context = self.context;
        Ledger::tried_out(self.passes.state)?;
        let set = self.read().await?;
        let has_fleets = set.iter().any(|one| one.app.is_fleet());
        let all = self.passes.expanded(&set, true).await;
        for app in self.passes.news() {
            if let Some(error) = app.error {
                return Err(error);
            }
        }
        let schedules = narrow(all, self.flags.app.as_ref(), None);
        if let Some(missing) = self.store.missing() {
            return Err(missing.into());
        }
        if let (true, Some(app)) = (schedules.is_empty(), &self.flags.app) {
            return Err(context.no_such(format!("{app} has no schedule")));
        }
        if schedules.is_empty() {
            // Those that are to come need a credential too.
            let (client, ..) = self.stop.unless(context.client(Use::Pass(None))).await?;
            self.stop.unless(client.remaining()).await?;
        }
        let mut seen = vec![];
        for (account, schedules) in pass::by_account(&schedules) {
            let wanted = Use::Pass(account.as_deref());
            let (client, ..) = self.stop.unless(context.client(wanted)).await?;
            for of_app in pass::by_app(schedules.iter()).into_values() {
                let app = of_app[0].app.id_or_name();
                let found = self.stop.unless(client.app(app)).await;
                let of_it = |error: Error| match error {
                    Error::Heroku(error) => Error::Other {
                        code: error.code(),
                        message: format!("{}: {error}", of_app[0].app.name),
                        hint: error.hint(),
                    },
                    error => error,
                };
                seen.push(found.map_err(of_it)?.name);
            }
        }
        let names: Vec<String> = seen.iter().map(|app| format!("⬢ {app}")).collect();
        context.ui.either(
            || match names[..] {
                [] if has_fleets => "No fleet has an app now: a pass has nothing to do".to_owned(),
                [] => "There are no schedules: a pass has nothing to do".to_owned(),
                _ => format!(
                    "A pass can be made from here: {} answered",
                    names.join(", ")
                ),
            },
            || serde_json::json!({ "apps": seen }),
        );
        Ok(exit::DONE)
    }
}
