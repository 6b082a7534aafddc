//! The Heroku CLI's item in the system keychain. Every question to a keychain is limited in time:
//! a stuck daemon would otherwise hang us for ever.

use super::{Error, Secret};
use std::{ffi::OsStr, process::Output, time::Duration};

/// Longer than any keychain takes without a person, shorter than a person's patience.
const LIMIT: Duration = Duration::from_secs(2);

/// The token that the Heroku CLI stored for this account; `None` when there is none, or no keychain.
#[cfg(all(unix, not(target_os = "macos")))]
pub(super) async fn heroku_cli_token(account: &str) -> Result<Option<Secret>, Error> {
    let account = account.to_owned();
    let unreadable = |why: &str| Error::Unreadable {
        place: "the Secret Service".to_owned(),
        why: why.to_owned(),
    };
    let search = tokio::task::spawn_blocking(move || {
        if keyring::Entry::store_status().is_err() {
            return Ok(None); // no session bus, or nobody keeps secrets on it
        }
        // The CLI's `secret-tool store` names its attributes `service` and `account`.
        let wanted = std::collections::HashMap::from([
            ("service", "heroku-cli"),
            ("account", account.as_str()),
        ]);
        let entry = keyring_core::Entry::search(&wanted)?.into_iter().next();
        entry.map(|entry| entry.get_password()).transpose()
    });
    match tokio::time::timeout(LIMIT, search).await {
        Err(_) => Err(unreadable("it did not answer within 2 seconds")),
        Ok(Err(_)) => Err(unreadable("asking it failed")),
        Ok(Ok(Err(keyring_core::Error::NoEntry))) => Ok(None),
        Ok(Ok(Err(keyring_core::Error::NoStorageAccess(_)))) => Err(unreadable("it is locked")),
        Ok(Ok(Err(error))) => Err(unreadable(&error.to_string())),
        Ok(Ok(Ok(token))) => Ok(token.map(Secret::new)),
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
    const PATIENCE: Duration = Duration::from_secs(30);
    // Killed with the question: neither its process nor a thread stays behind.
    let output = tokio::process::Command::new(program)
        .args(arguments)
        .args(more)
        .stdin(std::process::Stdio::null())
        .kill_on_drop(true)
        .output();
    match tokio::time::timeout(PATIENCE, output).await {
        Ok(Ok(output)) => Ok(output),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err("no answer within 30 seconds".to_owned()),
    }
}
