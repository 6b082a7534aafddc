//! The trial of a timer's command, as if nobody were logged in: a runner that would fail is not
//! installed.

use super::super::{Context, auth};
use crate::{
    cli,
    error::Error,
    runner::install::{Job, system},
    stop::Stop,
    store::Store,
};

/// Tries the command in the timer's own environment; where it cannot read the credential, offers the
/// file that it can read.
pub async fn try_out(
    context: &Context<'_>,
    flags: &cli::Install,
    job: &Job,
    store: &Store,
    stop: &Stop,
) -> Result<(), Error> {
    let Some(first) = tried(context, job)? else {
        return Ok(());
    };
    let ui = context.ui;
    if !first.is_about_credential() || !ui.can_ask() {
        return Err(first.in_words(context));
    }
    ui.warn(&format!(
        "as if nobody were logged in, a pass would fail: {}",
        first.message
    ));
    let question =
        "Keep a credential for passes in a file that only you can read, so that they can?";
    match ui.ask(question, true, stop).await {
        Some(true) => {}
        Some(false) => return Err(first.in_words(context)),
        None => return Err(Error::Interrupted),
    }
    let schedules = store.read().await?;
    let account = schedules
        .iter()
        .find_map(|schedule| schedule.app.account.as_deref());
    auth::keep_in_file(context, stop, &flags.common, account).await?;
    match tried(context, job)? {
        None => Ok(()),
        Some(still) => Err(still.in_words(context)),
    }
}

/// Why a pass of the timer would fail, in the words of the pass.
#[derive(serde::Deserialize)]
struct Fails {
    code: String,
    message: String,
    hint: Option<String>,
}

impl Fails {
    fn is_about_credential(&self) -> bool {
        ["not_logged_in", "no_credential", "credential", "keyring"]
            .iter()
            .any(|begin| self.code.starts_with(begin))
    }

    fn in_words(self, context: &Context<'_>) -> Error {
        let hint = if self.is_about_credential() {
            Some(format!(
                "a credential that a timer can read is set up by {} --create --keep-in file",
                context.verb("auth:setup")
            ))
        } else {
            self.hint
        };
        Error::Other {
            code: "would_fail",
            message: format!(
                "a runner that would fail is not installed: as if nobody were logged in, {}",
                self.message
            ),
            hint,
        }
    }
}

/// Why a pass would fail; nothing where it would not.
fn tried(context: &Context<'_>, job: &Job) -> Result<Option<Fails>, Error> {
    #[derive(serde::Deserialize)]
    struct Document {
        error: Fails,
    }
    let action = context.ui.action("Trying it as if nobody were logged in");
    let mut words = vec!["run", "--check", "--json"];
    if let Some(place) = job.words.iter().position(|word| word == "--schedules") {
        words.extend(job.words[place..].iter().take(2).map(String::as_str));
    }
    let home = context.env.home().unwrap_or_default().display().to_string();
    let user = context
        .env
        .text("USER")
        .or_else(|| context.env.text("LOGNAME"));
    let ended = system::try_out(job, &home, user.unwrap_or_default(), &words);
    let ended = ended.map_err(|error| Error::io(job.binary.display().to_string(), error))?;
    if ended.is_well {
        action.done();
        return Ok(None);
    }
    let document = serde_json::from_str::<Document>(&ended.stdout);
    Ok(Some(document.map_or_else(
        |_| Fails {
            code: "would_fail".to_owned(),
            message: if ended.stderr.is_empty() {
                ended.stdout
            } else {
                ended.stderr
            },
            hint: None,
        },
        |document| document.error,
    )))
}
