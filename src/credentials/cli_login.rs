//! The Heroku CLI's own login, read where CLI v11 keeps it: the system keychain under the account
//! of `login.json`, else netrc. Read only; the CLI alone writes there.

use super::{Credential, Error, Found, Secret, Source, keychain, netrc, records::is_same_account};
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

/// What the shim handed over, else the keychain, else netrc. Where an account is wanted, a login of
/// another one is told and not used: `accounts:set` may have changed it since.
pub(super) async fn find(env: &Env, host: &Host, wanted: Option<&str>) -> Found {
    let mut search = Search {
        env,
        wanted,
        tried: vec![],
        other: None,
    };
    let found = match search.handed_over() {
        Some(found) => Some(found),
        None => search.in_keychain().await?,
    };
    let found = match found {
        Some(found) => Some(found),
        None => search.in_netrc(host).await?,
    };
    match (found, search.other, wanted) {
        (Some(found), ..) => Ok(found),
        (None, Some(other), Some(wanted)) => Err(Error::OtherAccount {
            wanted: wanted.to_owned(),
            found: other,
            setup: env.verb("auth:setup"),
        }),
        _ => Err(Error::NotFound {
            tried: search.tried,
        }),
    }
}

/// The account that the Heroku CLI is logged in as, where it says so without being asked for a token.
///
/// # Errors
/// When its own file cannot be read.
pub fn account(env: &Env) -> Result<Option<String>, Error> {
    if let Some(account) = env.text("AUTORESTART_CLI_ACCOUNT") {
        return Ok(Some(account.to_owned()));
    }
    Ok(login(env)?.map(|login| login.account))
}

struct Search<'a> {
    env: &'a Env,
    wanted: Option<&'a str>,
    tried: Vec<String>,
    /// A login that is there, of an account that is not wanted.
    other: Option<String>,
}

impl Search<'_> {
    /// Whether a login of this account will do.
    fn is_wanted(&mut self, account: Option<&str>) -> bool {
        let Some(wanted) = self.wanted else {
            return true;
        };
        let account = account.unwrap_or("somebody whom it does not name");
        let is_it = is_same_account(wanted, account);
        if !is_it {
            self.other = Some(account.to_owned());
        }
        is_it
    }

    fn credential(&self, token: &Secret, source: Source, account: Option<String>) -> Credential {
        Credential {
            token: token.trimmed(),
            source,
            account,
            expires_at: None,
            mend: super::mend(self.env, None),
        }
    }

    fn handed_over(&mut self) -> Option<Credential> {
        let token = self.env.secret("AUTORESTART_CLI_TOKEN")?;
        let account = self
            .env
            .text("AUTORESTART_CLI_ACCOUNT")
            .map(ToOwned::to_owned);
        let is_wanted = self.is_wanted(account.as_deref());
        is_wanted.then(|| self.credential(&token, Source::Shim, account))
    }

    async fn in_keychain(&mut self) -> Result<Option<Credential>, Error> {
        // Only this word, in whatever case, turns the CLI away from the keychain.
        let is_netrc_alone = |value: &str| value.eq_ignore_ascii_case("true");
        if self
            .env
            .text("HEROKU_NETRC_WRITE")
            .is_some_and(is_netrc_alone)
        {
            return Ok(None);
        }
        let login = login(self.env)?;
        let current = login.as_ref().map(|login| login.account.clone());
        if let Some(current) = &current {
            self.is_wanted(Some(current));
        } else {
            self.tried.push(match login_place(self.env) {
                Some(place) => place.display().to_string(),
                None => "no home directory, which would have the Heroku CLI's login".to_owned(),
            });
        }
        // The CLI keeps an item for each account that has logged in.
        let wanted = self.wanted.map(ToOwned::to_owned);
        // In the CLI's own spelling.
        let is_wanted = |current: &String| {
            wanted
                .as_ref()
                .is_none_or(|wanted| is_same_account(wanted, current))
        };
        let Some(account) = current.filter(is_wanted).or(wanted) else {
            return Ok(None);
        };
        let token = keychain::heroku_cli_token(&account).await?;
        if token.is_none() {
            let name = keychain::NAME;
            let why = format!("{name}, which has no such item or cannot be reached");
            self.tried.push(why);
        }
        Ok(token.map(|token| self.credential(&token, Source::Keychain, Some(account))))
    }

    async fn in_netrc(&mut self, host: &Host) -> Result<Option<Credential>, Error> {
        let Some(home) = self.env.home() else {
            let why = "no home directory, which would have a netrc";
            self.tried.push(why.to_owned());
            return Ok(None);
        };
        let plain = home.join(if cfg!(windows) { "_netrc" } else { ".netrc" });
        let sealed = PathBuf::from(format!("{}.gpg", plain.display()));
        // The Heroku CLI takes the sealed file when there is one.
        let (place, text) = if sealed.exists() {
            (sealed.clone(), Some(decrypt(&sealed).await?))
        } else {
            (plain.clone(), read(&plain)?)
        };
        let entry =
            text.and_then(|text| netrc::find(&String::from_utf8_lossy(&text), host.machine()));
        let found = entry.and_then(|entry| Some((entry.login, Secret::new(entry.password?))));
        let Some((account, token)) = found else {
            self.tried.push(place.display().to_string());
            return Ok(None);
        };
        let is_wanted = self.is_wanted(account.as_deref());
        let source = Source::Netrc(place.display().to_string());
        Ok(is_wanted.then(|| self.credential(&token, source, account)))
    }
}

fn login_place(env: &Env) -> Option<PathBuf> {
    Some(env.cli_data_dir()?.join("login.json"))
}

/// `None` when nobody is logged in.
fn login(env: &Env) -> Result<Option<Login>, Error> {
    let Some(place) = login_place(env) else {
        return Ok(None);
    };
    let Some(text) = read(&place)? else {
        return Ok(None);
    };
    let login = serde_json::from_slice(&text).map_err(|_| Error::Unreadable {
        place: place.display().to_string(),
        why: "it is not the Heroku CLI's JSON".to_owned(),
    })?;
    Ok(Some(login))
}

/// `None` when there is no such file.
fn read(place: &Path) -> Result<Option<Vec<u8>>, Error> {
    // A pipe would be waited for.
    if std::fs::metadata(place).is_ok_and(|known| !known.is_file()) {
        return Err(Error::Unreadable {
            place: place.display().to_string(),
            why: "it is no file".to_owned(),
        });
    }
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
