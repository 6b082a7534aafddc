//! Which host is Heroku: `HEROKU_HOST` as in the Heroku CLI, but a token goes only to exact Heroku
//! domains over TLS, or to exact loopback hosts. (The CLI asks only whether the text contains
//! `localhost`.)

use super::Error;
use reqwest::Url;

/// Domains that belong to Heroku (from `@heroku-cli/command`'s list).
const DOMAINS: [&str; 4] = [
    "heroku.com",
    "herokai.com",
    "herokuspace.com",
    "herokudev.com",
];
const DEFAULT: &str = "heroku.com";
/// The machine name of Heroku's own API.
pub const OWN: &str = "api.heroku.com";

/// The API that requests go to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Host {
    base: Url,
    /// Machine name of its netrc entry.
    machine: String,
}

impl Host {
    /// Heroku's own.
    ///
    /// # Errors
    /// Never, as long as its address is a URL.
    pub fn heroku() -> Result<Self, Error> {
        Self::from_variable(DEFAULT)
    }

    /// Reads `HEROKU_HOST`: a URL is used as it is, anything else is a domain below which `api.` is.
    ///
    /// # Errors
    /// When a token must not be sent there.
    pub fn from_variable(text: &str) -> Result<Self, Error> {
        let is_url = text.starts_with("http://") || text.starts_with("https://");
        let address = if is_url {
            text.to_owned()
        } else {
            format!("https://api.{text}")
        };
        let refuse = |why: &str| Error::Host {
            host: without_user(text),
            why: why.to_owned(),
        };
        let mut base = Url::parse(&address).map_err(|_| refuse("it is no host name and no URL"))?;
        base.set_query(None);
        base.set_fragment(None);
        if !base.username().is_empty() || base.password().is_some() {
            return Err(refuse("a URL with a user name in it is refused"));
        }
        let name = base.host_str().unwrap_or_default().to_ascii_lowercase();
        let is_loopback = matches!(name.as_str(), "localhost" | "127.0.0.1" | "[::1]");
        match (is_heroku(&name), is_loopback, base.scheme()) {
            (true, _, "https") | (_, true, _) => {}
            (true, ..) => return Err(refuse("a token is sent to Heroku only over https")),
            _ => {
                return Err(refuse(
                    "a token is sent only to Heroku's domains or to this machine",
                ));
            }
        }
        let machine = match base.port() {
            Some(port) if is_url => format!("{name}:{port}"),
            _ => name,
        };
        Ok(Self { base, machine })
    }

    /// Whether the Heroku CLI takes this text for a host at all (`isValidHerokuHost` of its vars.js);
    /// what it does not, it warns of and passes over, and the login that it hands over is then that
    /// of heroku.com. What it takes too readily, [`Host::from_variable`] refuses.
    #[must_use]
    pub fn is_known_to_cli(text: &str) -> bool {
        let name = text
            .strip_prefix("https://")
            .or_else(|| text.strip_prefix("http://"))
            .unwrap_or(text);
        is_heroku(name) || text.contains("localhost") || text.contains("127.0.0.1")
    }

    /// `host:port` for a URL with a port, else `api.heroku.com` or the like.
    #[must_use]
    pub fn machine(&self) -> &str {
        &self.machine
    }

    /// Whether it is spoken to without TLS: only this machine is.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        self.base.scheme() == "http"
    }

    /// Whether requests stay on this machine, and must not go through a proxy.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        self.base.host_str().is_some_and(|name| !is_heroku(name))
    }

    /// Heroku itself, and none of its trial installations.
    #[must_use]
    pub fn is_own(&self) -> bool {
        self.machine == OWN
    }

    /// Its address without a path.
    #[must_use]
    pub fn origin(&self) -> String {
        self.base.origin().ascii_serialization()
    }

    /// The address of a resource; each segment is percent-encoded.
    #[must_use]
    pub fn url(&self, segments: &[&str]) -> Url {
        let mut url = self.base.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(segments);
        }
        url
    }
}

/// Whether a name is one of Heroku's domains, or below one.
fn is_heroku(name: &str) -> bool {
    DOMAINS.iter().any(|domain| {
        name.strip_suffix(domain)
            .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    })
}

/// The text without what may be a password before an `@`.
#[must_use]
pub(super) fn without_user(text: &str) -> String {
    match text.rsplit_once('@') {
        Some((_, host)) => format!("...@{host}"),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_heroku_s_or_this_machine() {
        for (text, base, machine) in [
            ("heroku.com", "https://api.heroku.com/", "api.heroku.com"),
            (
                "staging.herokudev.com",
                "https://api.staging.herokudev.com/",
                "api.staging.herokudev.com",
            ),
            (
                "http://localhost:5100",
                "http://localhost:5100/",
                "localhost:5100",
            ),
            (
                "http://127.0.0.1:5100",
                "http://127.0.0.1:5100/",
                "127.0.0.1:5100",
            ),
            (
                "https://api.heroku.com",
                "https://api.heroku.com/",
                "api.heroku.com",
            ),
        ] {
            let host = Host::from_variable(text).expect(text);
            assert_eq!(
                (host.base.as_str(), host.machine()),
                (base, machine),
                "{text}"
            );
        }
    }

    #[test]
    fn what_the_heroku_cli_passes_over_is_passed_over() {
        for (text, is_known) in [
            ("heroku.com", true),
            ("staging.herokudev.com", true),
            ("https://api.staging.herokudev.com", true),
            ("http://localhost:5100", true),
            ("https://api.staging.herokudev.com/", false),
            ("https://api.staging.herokudev.com:443", false),
            ("http://[::1]:5100", false),
            ("evilheroku.com", false),
            ("example.com", false),
        ] {
            assert_eq!(Host::is_known_to_cli(text), is_known, "{text}");
        }
    }

    #[test]
    fn a_token_goes_nowhere_else() {
        for text in [
            "http://api.heroku.com",
            "evil.com",
            "http://localhost.evil.com",
            "https://evilheroku.com",
            "http://127.0.0.1.evil.com",
            "https://heroku.com@evil.com",
            "https://user:pw@api.heroku.com",
            "mylocalhost",
            "https://",
            "http://[::2]:80",
        ] {
            assert!(Host::from_variable(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_segment_cannot_leave_its_place() {
        let host = Host::heroku().expect("heroku.com");
        assert_eq!(
            host.url(&["apps", "a/../b", "dynos", "web.1?x"]).as_str(),
            "https://api.heroku.com/apps/a%2F..%2Fb/dynos/web.1%3Fx"
        );
    }
}
