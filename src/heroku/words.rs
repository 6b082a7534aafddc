//! What others answer: an app by a URL of its own, and Heroku's status page. No token goes there, no
//! redirect is followed, and nothing of an answer of the app but its status is read.

use super::{
    Client,
    client::{cause, http_for},
    elsewhere::place,
    redact,
};
use crate::plan::{Ask, Word};
use reqwest::{StatusCode, Url};
use serde::Deserialize;
use std::time::Duration;

/// How long an app may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// So often a check is to be answered well.
const IN_A_ROW: u32 = 3;
/// How long Heroku's status page may take: it must hold nobody for long.
const PATIENCE_WITH_STATUS: Duration = Duration::from_secs(5);
/// What `heroku status` of CLI v11 asks first, and what it asks where that cannot be reached.
pub(super) const STATUS: &str = "https://status.heroku.com";
const TRUST: &str = "https://api.status.salesforce.com/v1";
/// A page longer than this is none.
const MOST: usize = 4 << 20;

impl Client {
    /// Asks all of these at once.
    pub async fn words(&self, asks: &[Ask]) -> Vec<Word> {
        futures_util::future::join_all(asks.iter().map(|ask| self.word(ask))).await
    }

    /// Asks the app. A check is answered well with 2xx, three times in a row. To whether a restart suits it, 2xx is a yes, and
    /// 409, 423, 429 and 503 are a no; whatever else comes is no answer.
    pub async fn word(&self, ask: &Ask) -> Word {
        let times = match ask {
            // Heroku's router picks a dyno for each: one answer may be that of another dyno.
            Ask::Check(_) => IN_A_ROW,
            Ask::Busy(..) => 1,
        };
        for _ in 1..times {
            let word = self.one_word(ask).await;
            if word != Word::Yes {
                return word;
            }
        }
        self.one_word(ask).await
    }

    async fn one_word(&self, ask: &Ask) -> Word {
        let (Ask::Check(url) | Ask::Busy(url, _)) = ask;
        let Ok(url) = Url::parse(url.as_str()) else {
            return Word::Nothing("cannot be asked".to_owned());
        };
        let http = match url.scheme() {
            "https" if self.host.is_plain() => http_for(&self.options, &url),
            _ => self.elsewhere_http(),
        };
        let http = match http {
            Ok(http) => http,
            Err(error) => return Word::Nothing(format!("cannot be asked ({error})")),
        };
        let response = http.get(url).timeout(PATIENCE).send().await;
        let status = match response {
            Ok(response) => response.status(),
            Err(error) if error.is_timeout() => {
                let seconds = PATIENCE.as_secs();
                return Word::Nothing(format!("did not answer within {seconds}s"));
            }
            Err(error) => {
                let why = cause(&error.without_url());
                return Word::Nothing(format!("could not be reached ({why})"));
            }
        };
        let said = format!("answered {}", status.as_u16());
        match (ask, status) {
            (_, status) if status.is_success() => Word::Yes,
            (
                Ask::Busy(..),
                StatusCode::CONFLICT
                | StatusCode::LOCKED
                | StatusCode::TOO_MANY_REQUESTS
                | StatusCode::SERVICE_UNAVAILABLE,
            ) => Word::No(said),
            (_, status) if status.is_redirection() => {
                Word::Nothing(format!("{said}, a redirect, which is not followed"))
            }
            _ => Word::Nothing(said),
        }
    }

    /// The incident that affects apps, if Heroku has one open now, in a few words.
    ///
    /// # Errors
    /// When nobody tells: then nothing is known.
    pub async fn incident(&self) -> Result<Option<String>, String> {
        let Some(base) = self.options.status_page() else {
            return Ok(None);
        };
        let current = format!("{base}/api/v4/current-status");
        match self.page::<Current>(&current).await {
            Ok(current) => Ok(current.incident()),
            // As the Heroku CLI does, where it is not told to ask somebody else.
            Err(_) if base == STATUS => self.trust().await,
            Err(why) => Err(why),
        }
    }

    async fn trust(&self) -> Result<Option<String>, String> {
        let instances = format!("{TRUST}/instances?products=Heroku");
        let active = format!("{TRUST}/incidents/active");
        let (instances, active) = tokio::join!(
            self.page::<Vec<Instance>>(&instances),
            self.page::<Vec<Active>>(&active)
        );
        let (instances, active) = (instances?, active?);
        let is_herokus = |key: &String| instances.iter().any(|instance| instance.key == *key);
        let is_ours = |incident: &&Active| {
            let is_apps = |key: &String| key == "HerokuApps" || key == "Apps";
            let is_open = |impact: &Impact| impact.end_time.is_none() && impact.severity.is_some();
            incident.instance_keys.iter().any(is_herokus)
                && incident.service_keys.iter().any(is_apps)
                && incident.impacts.iter().any(is_open)
        };
        let incident = active.iter().find(is_ours);
        Ok(incident.map(|incident| format!("incident {} affects apps", incident.id)))
    }

    async fn page<T: serde::de::DeserializeOwned>(&self, url: &str) -> Result<T, String> {
        let url = Url::parse(url).map_err(|error| error.to_string())?;
        let at = place(&url);
        let broken = |error: reqwest::Error| format!("{at}: {}", cause(&error.without_url()));
        let http = self.elsewhere_http().map_err(|error| error.to_string())?;
        let request = http.get(url).timeout(PATIENCE_WITH_STATUS);
        let mut response = request.send().await.map_err(broken)?;
        if !response.status().is_success() {
            return Err(format!("{at} answered {}", response.status().as_u16()));
        }
        let mut bytes = vec![];
        while let Some(chunk) = response.chunk().await.map_err(broken)? {
            bytes.extend_from_slice(&chunk);
            if bytes.len() > MOST {
                return Err(format!("{at} answered more than a status page has"));
            }
        }
        serde_json::from_slice(&bytes).map_err(|_| format!("{at} did not answer with its status"))
    }
}

/// `GET /api/v4/current-status`, as far as it matters.
#[derive(Debug, Deserialize)]
pub(super) struct Current {
    status: Vec<System>,
    #[serde(default)]
    incidents: Vec<Incident>,
}

#[derive(Debug, Deserialize)]
struct System {
    system: String,
    /// `green`, `yellow` or `red`.
    status: String,
}

#[derive(Debug, Deserialize)]
struct Incident {
    title: Option<String>,
}

impl Current {
    pub(super) fn incident(&self) -> Option<String> {
        let is_bad = |system: &&System| {
            system.system.eq_ignore_ascii_case("apps")
                && !system.status.eq_ignore_ascii_case("green")
        };
        let bad = self.status.iter().find(is_bad)?;
        let titles = self.incidents.iter().filter_map(|one| one.title.as_deref());
        let titles: Vec<String> = titles.take(3).map(redact::on_one_line).collect();
        let said = format!(
            "Heroku's status of apps is {}",
            redact::on_one_line(&bad.status)
        );
        Some(match titles[..] {
            [] => said,
            _ => format!("{said}: {}", titles.join("; ")),
        })
    }
}

#[derive(Debug, Deserialize)]
pub(super) struct Instance {
    key: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Active {
    id: serde_json::Value,
    #[serde(default)]
    instance_keys: Vec<String>,
    #[serde(default)]
    service_keys: Vec<String>,
    #[serde(default, rename = "IncidentImpacts")]
    impacts: Vec<Impact>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Impact {
    end_time: Option<String>,
    severity: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_is_told_on_one_line() {
        let page = r#"{"status": [{"system": "Apps", "status": "red"}], "incidents": [{"title": "Apps\n\u001b[31m are  down "}]}"#;
        let current: Current = serde_json::from_str(page).expect("a page");
        let said = current.incident().expect("an incident");
        assert_eq!(said, "Heroku's status of apps is red: Apps [31m are down");
    }
}
