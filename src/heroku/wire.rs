//! The parts of Heroku's JSON that we read; unknown fields are ignored.

use crate::{
    credentials::Secret,
    memory::Bytes,
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
    space: Option<Named>,
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
    release: OfRelease,
    #[serde(default)]
    size: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct Feature {
    pub enabled: bool,
}

/// `memory` is in GB (HEROKU 3.7).
#[derive(Debug, Deserialize)]
pub(super) struct DynoSize {
    name: String,
    memory: f64,
    cost: Option<Cost>,
}

#[derive(Debug, Deserialize)]
struct Cost {
    cents: u64,
    unit: String,
}

impl DynoSize {
    pub fn size(self) -> Option<snapshot::Size> {
        let gigabyte = Bytes::mb(1_024).as_f64();
        let cost = self.cost.filter(|cost| cost.unit == "month");
        Some(snapshot::Size {
            memory: Bytes::of(self.memory * gigabyte)?,
            name: self.name,
            cents: cost.map(|cost| cost.cents),
        })
    }
}

#[derive(Debug, Deserialize)]
pub(super) struct Account {
    pub email: String,
    #[serde(default)]
    pub federated: bool,
}

#[derive(Debug, Deserialize)]
struct OfRelease {
    version: u64,
}

#[derive(Debug, Deserialize)]
struct Named {
    name: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct OwnApp {
    id: String,
    name: String,
    owner: Option<User>,
    team: Option<Named>,
    region: Option<Named>,
    stack: Option<Named>,
    generation: Option<Generation>,
}

impl From<OwnApp> for super::OwnApp {
    fn from(app: OwnApp) -> Self {
        let name = |named: Option<Named>| named.map(|named| named.name);
        Self {
            id: app.id,
            name: app.name,
            owner: app.owner.map(|owner| owner.email).unwrap_or_default(),
            team: name(app.team),
            region: name(app.region).unwrap_or_default(),
            stack: name(app.stack).unwrap_or_default(),
            is_fir: app
                .generation
                .is_some_and(|generation| generation.name() == "fir"),
        }
    }
}

#[derive(Debug, Deserialize)]
pub(super) struct Slug {
    id: String,
    checksum: Option<String>,
    commit: Option<String>,
    blob: Blob,
}

#[derive(Debug, Deserialize)]
struct Blob {
    url: String,
}

impl From<Slug> for super::Slug {
    fn from(slug: Slug) -> Self {
        Self {
            id: slug.id,
            checksum: slug.checksum,
            commit: slug.commit,
            url: Secret::new(slug.blob.url),
        }
    }
}

#[derive(Debug, Deserialize)]
struct Id {
    id: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct Release {
    pub version: u64,
    #[serde(default)]
    pub current: bool,
    slug: Option<Id>,
}

impl Release {
    pub fn slug_id(&self) -> Option<&str> {
        self.slug.as_ref().map(|slug| slug.id.as_str())
    }
}

#[derive(Debug, Deserialize)]
pub(super) struct Scale {
    #[serde(rename = "type")]
    process_type: String,
    quantity: u32,
    dyno_size: Option<Named>,
    #[serde(default)]
    size: String,
    #[serde(default)]
    command: String,
}

impl From<Scale> for super::Scale {
    fn from(entry: Scale) -> Self {
        Self {
            process_type: entry.process_type,
            quantity: entry.quantity,
            size: entry.dyno_size.map_or(entry.size, |size| size.name),
            command: entry.command,
        }
    }
}

#[derive(Debug, Deserialize)]
pub(super) struct Collaborator {
    user: User,
}

impl Collaborator {
    pub fn into_email(self) -> String {
        self.user.email
    }
}

#[derive(Debug, Deserialize)]
pub(super) struct Member {
    pub email: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct Addon {
    id: String,
    plan: Named,
}

impl From<Addon> for super::Addon {
    fn from(addon: Addon) -> Self {
        Self {
            id: addon.id,
            plan: addon.plan.name,
        }
    }
}

/// Its URL is a secret.
#[derive(Deserialize)]
pub(super) struct LogSession {
    pub logplex_url: String,
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

#[derive(Debug, Deserialize)]
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

impl Generation {
    fn name(self) -> String {
        match self {
            Self::Text(name) | Self::Object { name } => name.to_ascii_lowercase(),
        }
    }
}

impl From<App> for snapshot::App {
    fn from(app: App) -> Self {
        let generation = app.generation.map(Generation::name);
        Self {
            id: app.id,
            name: app.name,
            is_in_maintenance: app.maintenance,
            released_at: app.released_at.map(|instant| instant.0),
            generation: match generation.as_deref() {
                Some("fir") => snapshot::Generation::Fir,
                _ => snapshot::Generation::Cedar,
            },
            is_in_space: app.space.is_some(),
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
            size: dyno.size,
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
