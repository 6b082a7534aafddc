//! The Heroku CLI's own login, read where CLI v11 keeps it: the system keychain under the account
//! of `login.json`, else netrc. Read only; the CLI alone writes there.

use super::{Credential, Error, Found, Secret, Source, keychain, netrc};
use crate::{env::Env, heroku::Host};
use std::{
    io::ErrorKind,
    path::{Path, PathBuf},
};

/// The CLI's `login.json`.
#[derive(serde::Deserialize)]
struct Login {
    account: String,
}

/// Looks at the keychain, then at netrc.
pub(super) async fn find(env: &Env, host: &Host) -> Found {
    let mut tried = vec![];
    // Only this word, in whatever case, turns the CLI away from the keychain.
    let is_netrc_alone = |value: &str| value.eq_ignore_ascii_case("true");
    if !env.text("HEROKU_NETRC_WRITE").is_some_and(is_netrc_alone) {
        match from_keychain(env).await {
            Err(Error::NotFound { tried: more }) => tried.extend(more),
            found => return found,
        }
    }
    match from_netrc(env, host).await {
        Err(Error::NotFound { tried: more }) => Err(Error::NotFound {
            tried: tried.into_iter().chain(more).collect(),
        }),
        found => found,
    }
}

async fn from_keychain(env: &Env) -> Found {
    let nothing = |what: String| Error::NotFound { tried: vec![what] };
    let Some(directory) = env.cli_data_dir() else {
        return Err(nothing(
            "no home directory, which would have the Heroku CLI's login".to_owned(),
        ));
    };
    let place = directory.join("login.json");
    let Some(text) = read(&place)? else {
        return Err(nothing(place.display().to_string()));
    };
    let unreadable = |_| Error::Unreadable {
        place: place.display().to_string(),
        why: "it is not the Heroku CLI's JSON".to_owned(),
    };
    let login: Login = serde_json::from_slice(&text).map_err(unreadable)?;
    match keychain::heroku_cli_token(&login.account).await? {
        Some(token) => Ok(Credential {
            token: token.trimmed(),
            source: Source::Keychain,
            account: Some(login.account),
        }),
        None => Err(nothing(
            "the system keychain, which has no such item or cannot be reached".to_owned(),
        )),
    }
}

async fn from_netrc(env: &Env, host: &Host) -> Found {
    let Some(home) = env.home() else {
        let tried = vec!["no home directory, which would have a netrc".to_owned()];
        return Err(Error::NotFound { tried });
    };
    let plain = home.join(if cfg!(windows) { "_netrc" } else { ".netrc" });
    let sealed = PathBuf::from(format!("{}.gpg", plain.display()));
    // The Heroku CLI takes the sealed file when there is one.
    let (place, text) = if sealed.exists() {
        (sealed.clone(), Some(decrypt(&sealed).await?))
    } else {
        (plain.clone(), read(&plain)?)
    };
    let entry = text.and_then(|text| netrc::find(&String::from_utf8_lossy(&text), host.machine()));
    match entry.and_then(|entry| Some((entry.login, entry.password?))) {
        Some((account, password)) => Ok(Credential {
            token: Secret::new(password).trimmed(),
            source: Source::Netrc(place.display().to_string()),
            account,
        }),
        None => Err(Error::NotFound {
            tried: vec![place.display().to_string()],
        }),
    }
}

/// `None` when there is no such file.
fn read(place: &Path) -> Result<Option<Vec<u8>>, Error> {
    match std::fs::read(place) {
        Ok(text) => Ok(Some(text)),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            Ok(None)
        }
        Err(error) => Err(Error::Unreadable {
            place: place.display().to_string(),
            why: error.to_string(),
        }),
    }
}

/// Asks gpg, as the Heroku CLI does; it may ask its agent for the passphrase.
async fn decrypt(place: &Path) -> Result<Vec<u8>, Error> {
    let unreadable = |why: String| Error::Unreadable {
        place: place.display().to_string(),
        why,
    };
    let arguments = ["--batch", "--quiet", "--decrypt"];
    let output = keychain::run("gpg", &arguments, &[place.as_os_str()])
        .await
        .map_err(|why| unreadable(format!("gpg: {why}")))?;
    if output.status.success() {
        Ok(output.stdout)
    } else {
        let said = String::from_utf8_lossy(&output.stderr);
        Err(unreadable(
            said.lines().last().unwrap_or("gpg failed").to_owned(),
        ))
    }
}
