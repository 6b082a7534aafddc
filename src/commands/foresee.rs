//! What will stand against a schedule's restarts, as far as that can be known without trying: a
//! credential that ends, or that Heroku refuses, or that reaches too little.

use super::{Context, auth};
use crate::{
    credentials::{self, Credential, Place, Records, Use, expiry},
    error::Error,
    heroku::{self, Client},
    plan::{Ask, Word},
    schedule::{BUSY_MAX, Schedule},
    ui::Ui,
};
use jiff::Timestamp;

/// A warning, and what to do about it.
pub struct Trouble {
    pub warning: String,
    pub hint: Option<String>,
    /// Worth knowing, and no reason to act.
    pub is_mild: bool,
}

impl Trouble {
    pub fn tell(&self, ui: &Ui) {
        if self.is_mild {
            ui.say(&self.warning);
        } else {
            ui.warn(&self.warning);
        }
        self.hint.iter().for_each(|hint| ui.hint(hint));
    }

    fn of(warning: String, error: &Error) -> Self {
        Self {
            warning,
            hint: error.hint(),
            is_mild: false,
        }
    }
}

/// What the app's own URLs answer by now that a roll could not go by.
async fn words(client: &Client, schedule: &Schedule) -> Vec<Trouble> {
    let guards = &schedule.guards;
    let mut troubles = vec![];
    if let Some(url) = &guards.check_url {
        let word = client.word(&Ask::Check(url.clone())).await;
        if let Word::No(said) | Word::Nothing(said) = word {
            troubles.push(Trouble {
                warning: format!(
                    "{} {said}: after a restart it must answer 2xx within {}, or the roll stops",
                    url.place(),
                    guards.wait_limit
                ),
                hint: None,
                is_mild: false,
            });
        }
    }
    if let Some(url) = &guards.busy_url {
        let max = guards.busy_max.unwrap_or(BUSY_MAX);
        let word = client.word(&Ask::Busy(url.clone(), max)).await;
        if let Word::Nothing(said) = word {
            troubles.push(Trouble {
                warning: format!("{} {said}, which puts no restart off", url.place()),
                hint: Some("it is to answer 2xx while a restart suits the app, and 503 (or 409, 423, 429) while it does not".to_owned()),
                is_mild: false,
            });
        }
    }
    troubles
}

/// What stands against the next restart of a schedule; `app_id` is as Heroku told it. Where nothing
/// runs the schedule yet, also what stands against a timer.
pub async fn foresee(
    context: &Context<'_>,
    schedule: &Schedule,
    app_id: &str,
    is_run: bool,
    now: Timestamp,
) -> Vec<Trouble> {
    let Ok(options) = context.options_in_silence() else {
        return vec![];
    };
    let wanted = Use::Pass(schedule.app.account.as_deref());
    let credential = match credentials::resolve(context.env, &options.host, wanted).await {
        Ok(credential) => credential,
        Err(error) => {
            let error = Error::from(error);
            let warning = format!("passes have no credential for this: {error}");
            return vec![Trouble::of(warning, &error)];
        }
    };
    let Ok(client) = Client::new(&options, &credential, context.clock) else {
        return vec![];
    };
    let client = client.brief();
    let words = words(&client, schedule).await;
    let name = schedule.app.name.as_str();
    let mut troubles = words;
    match client.app(app_id).await {
        Err(error @ heroku::Error::Api { .. }) => {
            let error = Error::from(error);
            let warning = format!("passes cannot restart ⬢ {name}: {error}");
            troubles.push(Trouble::of(warning, &error));
        }
        // Nobody can be asked now: that was said.
        Err(_) => return vec![],
        Ok(_) => {
            let scope = client.scope();
            if !auth::can_restart(scope.as_deref()) {
                troubles.push(Trouble {
                    is_mild: false,
                    warning: format!(
                        "passes cannot restart ⬢ {name}: their token has the scope {}",
                        scope.unwrap_or_default().join(" ")
                    ),
                    hint: Some(credential.mend.clone()),
                });
            }
            troubles.extend(second_factor(context, &client, name, app_id).await);
        }
    }
    troubles.extend(end(&client, &credential, schedule, now).await);
    if !is_run {
        troubles.extend(closed_to_timers(context, &options, schedule));
    }
    troubles
}

/// A keyring is open while its owner is logged in; cron and timers run at any time.
fn closed_to_timers(
    context: &Context<'_>,
    options: &heroku::Options,
    schedule: &Schedule,
) -> Option<Trouble> {
    let records = Records::read(context.env).ok()?;
    let account = schedule.app.account.as_deref();
    let record = records.find(options.host.machine(), account).ok()??;
    let is_keyring = record.place == Some(Place::Keyring);
    (is_keyring && cfg!(all(unix, not(target_os = "macos")))).then(|| Trouble {
            is_mild: false,
        warning: "the credential is in the keyring, which cron, and timers while you are logged out, cannot open".to_owned(),
        hint: Some(format!(
            "{} --keep-in file moves it to where they can",
            context.verb("auth:rotate")
        )),
    })
}

/// An app that demands a second factor lets nobody restart it unattended.
async fn second_factor(
    context: &Context<'_>,
    client: &Client,
    name: &str,
    app_id: &str,
) -> Option<Trouble> {
    let (asked, is_own) = match client.may_restart(app_id).await {
        // Not every token may ask; whoever is logged in may, and tells of the app alone.
        Err(heroku::Error::Api { status: 403, .. }) => {
            let (login, ..) = context.client(Use::Person).await.ok()?;
            (login.may_restart(app_id).await, false)
        }
        asked => (asked, true),
    };
    let capability = asked.ok()?;
    if capability.needs_second_factor {
        return Some(Trouble {
            is_mild: false,
            warning: format!(
                "⬢ {name} demands a second factor, which a pass without a person cannot give"
            ),
            hint: Some("take the demand off the app, or restart it by hand".to_owned()),
        });
    }
    (is_own && !capability.is_capable).then(|| Trouble {
        is_mild: false,
        warning: format!("this account may not restart dynos of ⬢ {name}"),
        hint: Some("heroku access shows who may do what".to_owned()),
    })
}

/// A credential that ends before the schedule's next use, or soon.
async fn end(
    client: &Client,
    credential: &Credential,
    schedule: &Schedule,
    now: Timestamp,
) -> Option<Trouble> {
    let ends = match credential.expires_at {
        None if !credential.source.is_own() => auth::expiry_of(client, credential).await.flatten(),
        known => known,
    }?;
    let is_before_use = schedule.next_due(now).is_some_and(|next| ends < next);
    if !is_before_use && !expiry::is_soon(ends, now) {
        return None;
    }
    let at = auth::when(ends, now);
    let before = if is_before_use {
        ", before the schedule's next use"
    } else {
        ""
    };
    Some(Trouble {
        is_mild: false,
        warning: format!(
            "the credential of passes {} {at}{before}",
            ends_or_ended(ends, now)
        ),
        hint: Some(credential.mend.clone()),
    })
}

/// That the credential of passes ends.
pub fn end_of(from: &str, mend: &str, ends: Timestamp, now: Timestamp) -> String {
    let at = auth::when(ends, now);
    let verb = ends_or_ended(ends, now);
    format!("the credential from {from} {verb} {at}: {mend}")
}

fn ends_or_ended(ends: Timestamp, now: Timestamp) -> &'static str {
    if ends <= now { "ended" } else { "ends" }
}
