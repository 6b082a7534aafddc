//! A URL of the app's own, which is asked whether it is well, or whether a restart suits it.

use super::Invalid;
use std::{fmt, str::FromStr};
use url::{Host, Url};

const EXAMPLE: &str = "https://example-app.herokuapp.com/health";
/// Longer ones are no URL that somebody typed.
const LONGEST: usize = 2_000;

/// `https`, or `http` of this machine; without a user or a password, since it stands where schedules do.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AppUrl(Url);

impl AppUrl {
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// What messages call it: without what follows a question mark.
    #[must_use]
    pub fn place(&self) -> String {
        let mut bare = self.0.clone();
        bare.set_query(None);
        bare.into()
    }
}

impl FromStr for AppUrl {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let invalid = |problem: &str| Invalid::new(problem.to_owned(), EXAMPLE);
        let url = Url::parse(text).ok().filter(|_| text.len() <= LONGEST);
        let mut url = url.ok_or_else(|| invalid("it is no URL"))?;
        let is_here = match url.host() {
            Some(Host::Domain(name)) => name == "localhost",
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            None => false,
        };
        match url.scheme() {
            _ if !url.username().is_empty() || url.password().is_some() => Err(invalid(
                "it has a user or a password in it, and is kept where others may read it",
            )),
            "https" => {
                url.set_fragment(None);
                Ok(Self(url))
            }
            "http" if is_here => Ok(Self(url)),
            _ => Err(invalid("it is not https")),
        }
    }
}

impl fmt::Display for AppUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_of_apps_are_https_and_hold_no_password() {
        for right in [
            "https://example-app.herokuapp.com/health?deep=1",
            "https://example.com",
            "http://localhost:3000/up",
            "http://127.0.0.1:1/",
            "http://[::1]:5100/up",
        ] {
            let url: AppUrl = right.parse().expect(right);
            assert_eq!(url.to_string().parse(), Ok(url));
        }
        for wrong in [
            "",
            "example.com/health",
            "http://example.com/health",
            "http://localhost.example.com/",
            "ftp://example.com",
            "https://me:secret@example.com/",
            "https://",
            "/health",
        ] {
            let invalid = wrong.parse::<AppUrl>().expect_err(wrong).to_string();
            assert!(!invalid.contains("secret"), "{invalid}");
        }
        let url: AppUrl = "https://example.com/up?key=1".parse().expect("a URL");
        assert_eq!(url.place(), "https://example.com/up");
    }
}
