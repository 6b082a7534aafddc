//! The parts of Heroku's JSON that we read; unknown fields are ignored.

use crate::{
    credentials::Secret,
    schedule::{self, Invalid},
    snapshot,
};
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

/// An instant that can be reckoned with; one at the end of time is no answer.
#[derive(Debug, Deserialize)]
#[serde(try_from = "String")]
struct Instant(Timestamp);

impl TryFrom<String> for Instant {
    type Error = Invalid;

    fn try_from(text: String) -> Result<Self, Invalid> {
        schedule::instant(&text).map(Self)
    }
}

#[derive(Debug, Deserialize)]
pub(super) struct App {
    id: String,
    name: String,
    #[serde(default)]
    maintenance: bool,
    released_at: Option<Instant>,
    generation: Option<Generation>,
}

/// A text in the hyper-schema, an object with a name in the CLI's types.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Generation {
    Text(String),
    Object { name: String },
}

#[derive(Debug, Deserialize)]
pub(super) struct Formation {
    #[serde(rename = "type")]
    process_type: String,
    quantity: u32,
}

#[derive(Debug, Deserialize)]
pub(super) struct Dyno {
    id: String,
    name: String,
    #[serde(rename = "type")]
    process_type: String,
    state: String,
    created_at: Instant,
    updated_at: Instant,
    attach_url: Option<String>,
    release: Release,
}

#[derive(Debug, Deserialize)]
struct Release {
    version: u64,
}

#[derive(Debug, Deserialize)]
pub(super) struct Feature {
    pub enabled: bool,
}

#[derive(Debug, Deserialize)]
pub(super) struct Account {
    pub email: String,
    #[serde(default)]
    pub federated: bool,
}

#[derive(Debug, Deserialize)]
pub(super) struct RateLimit {
    pub remaining: u64,
}

#[derive(Debug, Deserialize)]
pub(super) struct Capabilities {
    pub capabilities: Vec<Capability>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Capability {
    pub capable: bool,
    pub requires_second_factor: Option<bool>,
}

#[derive(Deserialize)]
pub(super) struct Authorization {
    id: String,
    description: Option<String>,
    #[serde(default)]
    scope: Vec<String>,
    access_token: Option<AccessToken>,
    user: Option<User>,
}

#[derive(Deserialize)]
struct AccessToken {
    token: Option<String>,
    /// Seconds that are left.
    expires_in: Option<i64>,
}

#[derive(Deserialize)]
struct User {
    email: String,
}

/// What stands for the middle of a token that is not shown.
const HIDDEN: &str = "**********";

impl Authorization {
    pub fn is(&self, id: &str) -> bool {
        self.id == id
    }

    pub fn at(self, now: Timestamp) -> super::Authorization {
        // It is told in whole seconds.
        let now = Timestamp::from_second(now.as_second()).unwrap_or(now);
        let (token, left) = self
            .access_token
            .map_or((None, None), |access| (access.token, access.expires_in));
        let shown = token.as_deref().and_then(|token| token.split_once(HIDDEN));
        let shown = shown.map(|(head, tail)| (head.to_owned(), tail.to_owned()));
        super::Authorization {
            id: self.id,
            description: self.description.unwrap_or_default(),
            scope: self.scope,
            token: token.filter(|_| shown.is_none()).map(Secret::new),
            shown,
            expires_at: left.and_then(|left| now.checked_add(SignedDuration::from_secs(left)).ok()),
            email: self.user.map(|user| user.email),
        }
    }
}

impl App {
    pub fn into_name(self) -> String {
        self.name
    }
}

impl From<App> for snapshot::App {
    fn from(app: App) -> Self {
        let generation = app.generation.map(|generation| match generation {
            Generation::Text(name) | Generation::Object { name } => name.to_ascii_lowercase(),
        });
        Self {
            id: app.id,
            name: app.name,
            is_in_maintenance: app.maintenance,
            released_at: app.released_at.map(|instant| instant.0),
            generation: match generation.as_deref() {
                Some("fir") => snapshot::Generation::Fir,
                _ => snapshot::Generation::Cedar,
            },
        }
    }
}

impl From<Formation> for snapshot::Formation {
    fn from(formation: Formation) -> Self {
        Self {
            process_type: formation.process_type,
            quantity: formation.quantity,
        }
    }
}

impl From<Dyno> for snapshot::Dyno {
    fn from(dyno: Dyno) -> Self {
        Self {
            id: dyno.id,
            name: dyno.name,
            process_type: dyno.process_type,
            state: dyno.state.as_str().into(),
            created_at: dyno.created_at.0,
            updated_at: dyno.updated_at.0,
            release: dyno.release.version,
            is_attached: dyno.attach_url.is_some(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_generation_is_a_text_or_an_object_and_its_case_does_not_matter() {
        for (generation, is) in [
            (json!("cedar"), snapshot::Generation::Cedar),
            (json!("Fir"), snapshot::Generation::Fir),
            (
                json!({ "id": "x", "name": "fir" }),
                snapshot::Generation::Fir,
            ),
            (json!({ "name": "cedar" }), snapshot::Generation::Cedar),
            (json!(null), snapshot::Generation::Cedar),
        ] {
            let app = json!({
                "id": "1", "name": "example-app", "released_at": null, "generation": generation, "junk": [],
            });
            let app: App = serde_json::from_value(app).expect("an app");
            assert_eq!(snapshot::App::from(app).generation, is, "{generation}");
        }
    }
}
