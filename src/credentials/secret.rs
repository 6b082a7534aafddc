//! A token that cannot be printed by accident.

use secrecy::{ExposeSecret, SecretString};
use std::fmt;

/// Has no `Display` and no `Serialize`; `Debug` hides it; memory is zeroed on drop.
#[derive(Clone)]
pub struct Secret(SecretString);

impl Secret {
    #[must_use]
    pub fn new(text: String) -> Self {
        Self(SecretString::from(text))
    }

    /// The border: what leaves here is plain text.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    /// The same without the white space that files and keyrings put around it.
    #[must_use]
    pub fn trimmed(&self) -> Self {
        Self::new(self.expose().trim().to_owned())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// From now on this process leaves no core dump, which would have its secrets in it.
pub fn leave_no_core_dump() {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, setrlimit};
        let nothing = Rlimit {
            current: Some(0),
            maximum: Some(0),
        };
        let _ = setrlimit(Resource::Core, nothing);
    }
    // Nor to a program that collects them, which heeds no limit.
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{DumpableBehavior, set_dumpable_behavior};
        let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_prints_it() {
        let secret = Secret::new("HRKU-AA01".to_owned());
        assert_eq!(format!("{secret:?}"), "Secret(..)");
        assert_eq!(
            Secret::new(" HRKU-AA01\n".to_owned()).trimmed().expose(),
            "HRKU-AA01"
        );
    }
}
