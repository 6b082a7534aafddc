//! The only reader of the environment: every variable that has a meaning for us, read once.

use crate::credentials::Secret;
use std::{collections::BTreeMap, io, path::PathBuf};

/// The environment as it was when the process began.
#[derive(Debug, Clone, Default)]
pub struct Env {
    variables: BTreeMap<String, String>,
    secrets: BTreeMap<String, Secret>,
}

/// Variables whose value is a secret: kept apart, so that no dump of the rest can show one.
const SECRETS: [&str; 2] = ["HEROKU_API_KEY", "AUTORESTART_CLI_TOKEN"];

/// What the names of variables begin with that have a URL to tell something to: secrets too.
pub const NOTIFY: &str = "AUTORESTART_NOTIFY_";

impl Env {
    /// Reads the process's environment.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "the one home of the environment")]
    pub fn read() -> Self {
        let all = std::env::vars_os().filter_map(|(name, value)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        });
        Self::from_pairs(all)
    }

    pub fn from_pairs(pairs: impl IntoIterator<Item = (String, String)>) -> Self {
        let mut env = Self::default();
        for (name, value) in pairs {
            if SECRETS.contains(&name.as_str()) || name.starts_with(NOTIFY) {
                env.secrets.insert(name, Secret::new(value));
            } else {
                env.variables.insert(name, value);
            }
        }
        env
    }

    /// The same without the login that the Heroku CLI handed over.
    #[must_use]
    pub fn without_handed_over(&self) -> Self {
        let mut env = self.clone();
        env.secrets.remove("AUTORESTART_CLI_TOKEN");
        env
    }

    /// All variables but the secrets.
    #[must_use]
    pub fn texts(&self) -> &BTreeMap<String, String> {
        &self.variables
    }

    /// A variable's value; an empty one counts as unset.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        self.variables
            .get(name)
            .map(String::as_str)
            .filter(|value| !value.is_empty())
    }

    /// A secret's value; an empty one counts as unset.
    #[must_use]
    pub fn secret(&self, name: &str) -> Option<Secret> {
        self.secrets
            .get(name)
            .filter(|secret| !secret.expose().trim().is_empty())
            .cloned()
    }

    #[must_use]
    pub fn path(&self, name: &str) -> Option<PathBuf> {
        self.text(name).map(PathBuf::from)
    }

    #[must_use]
    pub fn is_set(&self, name: &str) -> bool {
        self.text(name)
            .is_some_and(|value| value != "0" && value != "false")
    }

    /// Whether the Heroku CLI started us.
    #[must_use]
    pub fn is_under_cli(&self) -> bool {
        self.text("AUTORESTART_CLI_VERSION").is_some()
    }

    /// A command of ours as the user would type it: `auth:setup`, or nothing for the list.
    #[must_use]
    pub fn verb(&self, verb: &str) -> String {
        match (self.is_under_cli(), verb) {
            (true, "") => "heroku dynos:autorestart".to_owned(),
            (true, verb) => format!("heroku dynos:autorestart:{verb}"),
            (false, verb) => format!("autorestart {}", verb.replace(':', " "))
                .trim_end()
                .to_owned(),
        }
    }

    /// The file of this program.
    ///
    /// # Errors
    /// When the system does not tell.
    pub fn own_binary(&self) -> io::Result<PathBuf> {
        std::env::current_exe()
    }

    /// What this machine is called, for a description that a person reads.
    #[must_use]
    pub fn machine(&self) -> String {
        let name = self.text("COMPUTERNAME").map(ToOwned::to_owned);
        #[cfg(unix)]
        let name = name.or_else(|| {
            let system = rustix::system::uname();
            Some(system.nodename().to_str().ok()?.to_owned())
        });
        let name = name.unwrap_or_default();
        // Without its domain.
        let short = name.split('.').next().unwrap_or_default();
        if short.is_empty() {
            "this machine".to_owned()
        } else {
            short.chars().filter(|c| !c.is_control()).take(40).collect()
        }
    }

    /// The home directory, as the Heroku CLI finds it.
    #[must_use]
    pub fn home(&self) -> Option<PathBuf> {
        let windows = || {
            Some(PathBuf::from(format!(
                "{}{}",
                self.text("HOMEDRIVE")?,
                self.text("HOMEPATH")?
            )))
        };
        self.path("HOME")
            .or_else(windows)
            .or_else(|| self.path("USERPROFILE"))
    }

    /// A path as people write it: the home directory is `~`.
    #[must_use]
    pub fn in_words(&self, path: &std::path::Path) -> String {
        let home = self.home();
        match home.and_then(|home| path.strip_prefix(home).ok()) {
            Some(below) => format!("~{}{}", std::path::MAIN_SEPARATOR, below.display()),
            None => path.display().to_string(),
        }
    }

    /// A base directory by the XDG rules: the variable when it is absolute, else below the home.
    fn base(&self, variable: &str, below_home: &str) -> Option<PathBuf> {
        let named = self.path(variable).filter(|path| path.is_absolute());
        named.or_else(|| Some(self.home()?.join(below_home)))
    }

    /// Where schedules are kept: `~/.config/autorestart` on Unix, `%APPDATA%` on Windows.
    #[must_use]
    pub fn config_dir(&self) -> Option<PathBuf> {
        let base = if cfg!(windows) {
            self.path("APPDATA")
        } else {
            self.config_home()
        };
        Some(base?.join("autorestart"))
    }

    /// Where programs keep their configuration on Unix: `~/.config`.
    #[must_use]
    pub fn config_home(&self) -> Option<PathBuf> {
        self.base("XDG_CONFIG_HOME", ".config")
    }

    /// Where ledger, locks and marks are kept: `~/.local/state/autorestart` on Unix.
    #[must_use]
    pub fn state_dir(&self) -> Option<PathBuf> {
        let base = if cfg!(windows) {
            self.path("LOCALAPPDATA")
        } else {
            self.base("XDG_STATE_HOME", ".local/state")
        };
        self.path("AUTORESTART_STATE_DIR")
            .or_else(|| Some(base?.join("autorestart")))
    }

    /// The Heroku CLI's data directory, which holds `login.json` (oclif's rule, or told by the shim).
    #[must_use]
    pub fn cli_data_dir(&self) -> Option<PathBuf> {
        let told = self
            .path("AUTORESTART_CLI_DATA_DIR")
            .or_else(|| self.path("HEROKU_DATA_DIR"));
        let windows = || Some(self.path("LOCALAPPDATA")?.join("heroku"));
        let unix = || Some(self.base("XDG_DATA_HOME", ".local/share")?.join("heroku"));
        told.or_else(|| if cfg!(windows) { windows() } else { unix() })
    }
}
