//! The system's keychain: our own items, and the Heroku CLI's, which is read and never written. Every
//! question is limited in time: a stuck daemon would otherwise hang us for ever.

use super::{Error, Secret, own::Keyring};
use std::{
    ffi::OsStr,
    process::Output,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::time::Instant;

/// Longer than any keychain takes without a person, shorter than a person's patience.
const LIMIT: Duration = Duration::from_secs(2);
/// For a person who is asked for the keychain's password meanwhile.
const PATIENCE: Duration = Duration::from_secs(60);
/// One that did not answer is not asked again for so long.
const A_MOMENT: Duration = Duration::from_secs(10);
/// Why a locked one is not opened.
pub(super) const LOCKED: &str = "it is locked";
/// The service that our items are of.
const SERVICE: &str = "heroku-dynos-autorestart";

/// What the system calls it.
pub(super) const NAME: &str = if cfg!(target_os = "macos") {
    "the macOS keychain"
} else if cfg!(windows) {
    "the Windows credential manager"
} else {
    "the system keyring"
};

/// Why a question had no answer.
enum Trouble {
    /// There is no keychain here.
    Absent(String),
    NoEntry,
    Other(String),
}

impl From<Trouble> for Error {
    fn from(trouble: Trouble) -> Self {
        let unreadable = |why| Self::Unreadable {
            place: NAME.to_owned(),
            why,
        };
        match trouble {
            Trouble::Absent(why) => unreadable(absent(&why)),
            Trouble::Other(why) => unreadable(why),
            Trouble::NoEntry => Self::NotFound {
                tried: vec![NAME.to_owned()],
            },
        }
    }
}

fn silent(limit: Duration) -> Trouble {
    let seconds = limit.as_secs();
    Trouble::Other(format!("it did not answer within {seconds} seconds"))
}

/// When a question was last not answered.
fn stuck() -> MutexGuard<'static, Option<Instant>> {
    static STUCK: Mutex<Option<Instant>> = Mutex::new(None);
    STUCK.lock().unwrap_or_else(PoisonError::into_inner)
}

/// That there is none, in words; what a library says of it is for those who debug.
fn absent(why: &str) -> String {
    tracing::debug!(why, "no keychain");
    if cfg!(all(unix, not(target_os = "macos"))) {
        "no session bus with a Secret Service".to_owned()
    } else {
        why.to_owned()
    }
}

/// Asks it in a thread of its own, which is left behind when it does not answer.
async fn ask<T: Send + 'static>(
    limit: Duration,
    question: impl FnOnce() -> Result<T, keyring_core::Error> + Send + 'static,
) -> Result<T, Trouble> {
    use keyring_core::Error as Known;
    // It was asked a moment ago: what waits for one answer waits for all.
    let is_stuck = stuck().is_some_and(|at| at.elapsed() < A_MOMENT);
    if is_stuck {
        return Err(silent(LIMIT));
    }
    let asked = tokio::task::spawn_blocking(move || {
        if let Err(error) = keyring::Entry::store_status() {
            return Err(Trouble::Absent(why(error)));
        }
        question().map_err(|error| match error {
            Known::NoStorageAccess(_) => Trouble::Other(LOCKED.to_owned()),
            Known::Ambiguous(_) => Trouble::Other("it has two items of that name".to_owned()),
            Known::NoEntry => Trouble::NoEntry,
            error => Trouble::Other(why(&error)),
        })
    });
    match tokio::time::timeout(limit, asked).await {
        Err(_) => {
            *stuck() = Some(Instant::now());
            Err(silent(limit))
        }
        Ok(Err(_)) => Err(Trouble::Other("asking it failed".to_owned())),
        Ok(Ok(answer)) => answer,
    }
}

/// The cause, in one line.
fn why(error: &keyring_core::Error) -> String {
    use keyring_core::Error as Known;
    let text = match error {
        Known::PlatformFailure(cause) | Known::NoStorageAccess(cause) => cause.to_string(),
        error => error.to_string(),
    };
    text.lines().next().unwrap_or_default().to_owned()
}

/// Whether a token can be kept in it: by keeping something, and deleting it again.
pub(super) async fn attempt(is_attended: bool) -> Keyring {
    let in_words = |trouble: Trouble| match trouble {
        Trouble::Absent(why) => Keyring::Absent(absent(&why)),
        trouble => Keyring::Broken(match Error::from(trouble) {
            Error::Unreadable { why, .. } => why,
            error => error.to_string(),
        }),
    };
    // That it answers at all is known before a person is waited for.
    if let Err(trouble) = ask(LIMIT, || Ok(())).await {
        return in_words(trouble);
    }
    let limit = if is_attended { PATIENCE } else { LIMIT };
    let tried = ask(limit, || {
        let entry = keyring::Entry::new(SERVICE, "a try, which can be deleted")?;
        entry.set_password("a try")?;
        entry.delete_credential()
    });
    tried.await.map_or_else(in_words, |()| Keyring::Works)
}

/// Our token of this name; [`Error::NotFound`] when there is none.
pub(super) async fn token(user: String) -> Result<Secret, Error> {
    let found = ask(LIMIT, move || {
        keyring::Entry::new(SERVICE, &user)?.get_password()
    })
    .await?;
    Ok(Secret::new(found).trimmed())
}

/// Keeps our token under this name, in place of any other. A person may be asked to unlock it.
pub(super) async fn keep(user: String, token: Secret, is_attended: bool) -> Result<(), Error> {
    let limit = if is_attended { PATIENCE } else { LIMIT };
    let kept = ask(limit, move || {
        keyring::Entry::new(SERVICE, &user)?.set_password(token.expose())
    });
    Ok(kept.await?)
}

/// Tells whether there was one.
pub(super) async fn forget(user: String) -> Result<bool, Error> {
    let forgotten = ask(LIMIT, move || {
        keyring::Entry::new(SERVICE, &user)?.delete_credential()
    });
    match forgotten.await {
        Ok(()) => Ok(true),
        Err(Trouble::NoEntry) => Ok(false),
        Err(trouble) => Err(trouble.into()),
    }
}

/// The token that the Heroku CLI stored for this account; `None` when there is none, or no keychain.
#[cfg(all(unix, not(target_os = "macos")))]
pub(super) async fn heroku_cli_token(account: &str) -> Result<Option<Secret>, Error> {
    let account = account.to_owned();
    let search = ask(LIMIT, move || {
        // The CLI's `secret-tool store` names its attributes `service` and `account`.
        let wanted = std::collections::HashMap::from([
            ("service", "heroku-cli"),
            ("account", account.as_str()),
        ]);
        let entry = keyring_core::Entry::search(&wanted)?.into_iter().next();
        entry.map(|entry| entry.get_password()).transpose()
    });
    match search.await {
        Ok(token) => Ok(token.map(Secret::new)),
        // No session bus, or nobody keeps secrets on it.
        Err(Trouble::Absent(_) | Trouble::NoEntry) => Ok(None),
        Err(trouble) => Err(trouble.into()),
    }
}

/// Asked through `security`, which the item's access list trusts; our own reading would raise a
/// dialog, and our writing would lock the Heroku CLI out.
#[cfg(target_os = "macos")]
pub(super) async fn heroku_cli_token(account: &str) -> Result<Option<Secret>, Error> {
    let arguments = [
        "find-generic-password",
        "-a",
        account,
        "-s",
        "heroku-cli",
        "-w",
    ];
    let unreadable = |why| Error::Unreadable {
        place: "the macOS keychain".to_owned(),
        why,
    };
    let output = run("security", &arguments, &[]).await.map_err(unreadable)?;
    let is_absent = output.status.code() == Some(44);
    match (output.status.success(), is_absent) {
        (true, _) => Ok(Some(Secret::new(
            String::from_utf8_lossy(&output.stdout).into_owned(),
        ))),
        (_, true) => Ok(None),
        _ => Err(unreadable(
            String::from_utf8_lossy(&output.stderr).trim().to_owned(),
        )),
    }
}

/// The CLI keeps its token in PasswordVault, which only the shim can read for us.
#[cfg(windows)]
pub(super) async fn heroku_cli_token(_account: &str) -> Result<Option<Secret>, Error> {
    Ok(None)
}

/// Runs a program without input, its output kept; a person may have to unlock something.
pub(super) async fn run(
    program: &str,
    arguments: &[&str],
    more: &[&OsStr],
) -> Result<Output, String> {
    const A_WHILE: Duration = Duration::from_secs(30);
    // Killed with the question: neither its process nor a thread stays behind.
    let output = tokio::process::Command::new(program)
        .args(arguments)
        .args(more)
        .stdin(std::process::Stdio::null())
        .kill_on_drop(true)
        .output();
    match tokio::time::timeout(A_WHILE, output).await {
        Ok(Ok(output)) => Ok(output),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err("no answer within 30 seconds".to_owned()),
    }
}
