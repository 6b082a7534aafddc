//! How a sandbox begins, as TOML; scenarios of the tests are files of this form.

use super::leak::Leak;
use crate::schedule::Span;
use serde::{Deserialize, Deserializer, de::Error as _};

/// Built in, for `sandbox` and `demo`.
const LEAKY_SHOP: &str = include_str!("leaky-shop.toml");

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Scenario {
    #[serde(default = "email")]
    pub account: String,
    /// The only token that is accepted; any, when absent.
    pub token: Option<String>,
    /// What all ids follow from; random ones, when absent.
    pub seed: Option<u64>,
    /// Requests that the account has left at the beginning.
    #[serde(default = "quota")]
    pub quota: u64,
    /// Nobody counts them.
    #[serde(default)]
    pub unlimited: bool,
    /// How long every answer takes, in milliseconds.
    #[serde(default)]
    pub latency_ms: u64,
    #[serde(rename = "team", default)]
    pub teams: Vec<TeamScenario>,
    /// More accounts, or more of the first one.
    #[serde(rename = "user", default)]
    pub users: Vec<UserScenario>,
    #[serde(rename = "app", default)]
    pub apps: Vec<AppScenario>,
}

/// An account, and the login that it has.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct UserScenario {
    pub email: String,
    pub token: Option<String>,
    /// Of that token.
    #[serde(default = "global")]
    pub scope: Vec<String>,
    /// How long that token is valid; for good, when absent.
    pub expires_in: Option<Age>,
    /// Signs in through an identity provider.
    #[serde(default)]
    pub sso: bool,
    /// Codes of its second factor, each of them valid once.
    #[serde(default)]
    pub second_factor: Vec<String>,
    /// Has no payment method, and so gets nothing that costs money.
    #[serde(default)]
    pub unverified: bool,
    /// Pays for the pool of Eco dyno hours.
    #[serde(default)]
    pub eco: bool,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct TeamScenario {
    pub name: String,
    pub members: Vec<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[expect(
    clippy::struct_excessive_bools,
    reason = "what a file may say of an app"
)]
pub struct AppScenario {
    pub name: String,
    /// The first account, when absent.
    pub owner: Option<String>,
    pub team: Option<String>,
    /// The pipeline that it is in, and where: `shop/production`.
    pub pipeline: Option<String>,
    #[serde(default)]
    pub collaborators: Vec<String>,
    /// Whether a second factor is demanded for whatever is done with it.
    #[serde(default)]
    pub second_factor: bool,
    #[serde(default = "cedar")]
    pub generation: String,
    #[serde(default)]
    pub preboot: bool,
    /// Whether log-runtime-metrics is on.
    #[serde(default)]
    pub metrics: bool,
    /// The Private Space that it is in: its dynos are ended at their quota.
    pub space: Option<String>,
    #[serde(default)]
    pub maintenance: bool,
    /// How long ago the current release was made.
    #[serde(default = "a_day")]
    pub released: Age,
    #[serde(default)]
    pub habits: Habits,
    #[serde(rename = "formation", default)]
    pub formation: Vec<FormationScenario>,
    #[serde(rename = "one-off", default)]
    pub one_offs: Vec<OneOff>,
}

/// How an app's dynos and Heroku behave from now on.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Habits {
    /// From the start of a dyno until it is up.
    pub boot: Age,
    /// What a dyno does when it has booted.
    pub then: Then,
    /// The status with which a dyno answers requests.
    pub answers: u16,
    /// How long old web dynos of a preboot app stay beside the new ones.
    pub overlap: Age,
    /// How long an accepted restart takes to show in the list.
    pub lag: Age,
    /// For how long after a restart neither the old dyno nor the new one is in the list: an instance
    /// that is terminated first and replaced then (Private Spaces, HEROKU 2.5).
    pub absence: Age,
    /// A restarted dyno keeps the `created_at` of the old one.
    pub keeps_created_at: bool,
    /// How long the release phase runs; none, when zero.
    pub release_phase: Age,
    /// Whether Heroku restarts every dyno after 24 hours and 0 to 216 minutes.
    pub daily_cycle: bool,
    /// The UUIDs of its log are not the ids of the API.
    pub logs_other_ids: bool,
    /// How long lines are held back before a tail has them.
    pub log_delay: Age,
    /// A tail ends by itself after so long; never, when zero.
    pub tail_ends: Age,
    /// What a tail has is cut into pieces of so many bytes, wherever lines end; whole, when zero.
    pub tail_pieces: usize,
    /// A tail that gets more than so many lines at once loses the others, and says so (L11).
    pub tail_buffer: usize,
}

impl Default for Habits {
    fn default() -> Self {
        Self {
            boot: Age(Span::seconds(5)),
            then: Then::Stay,
            answers: 200,
            overlap: Age(Span::minutes(3)),
            lag: Age::default(),
            absence: Age::default(),
            keeps_created_at: false,
            release_phase: Age::default(),
            daily_cycle: false,
            logs_other_ids: false,
            log_delay: Age::default(),
            tail_ends: Age::default(),
            tail_pieces: 0,
            tail_buffer: 1_024,
        }
    }
}

/// What a dyno does once it has booted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Then {
    #[default]
    Stay,
    /// It never comes up.
    Hang,
    /// It crashes instead of coming up.
    CrashAtBoot,
    /// It is up, and crashes after so long.
    CrashAfter(Age),
    /// It is up for so long, crashes, boots again, and so on.
    Flap(Age),
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct FormationScenario {
    #[serde(rename = "type")]
    pub process_type: String,
    pub quantity: u32,
    #[serde(default = "standard")]
    pub size: String,
    pub command: Option<String>,
    /// Age of the first dyno; each further one is a minute younger.
    #[serde(default = "a_day")]
    pub up_for: Age,
    /// How the memory of its dynos grows.
    pub leak: Option<Leak>,
    /// States other than `up`, by number: `{ 2 = "crashed" }`.
    #[serde(default)]
    pub states: std::collections::BTreeMap<String, String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct OneOff {
    pub name: String,
    #[serde(rename = "type")]
    pub process_type: String,
    #[serde(default)]
    pub attached: bool,
    #[serde(default = "bash")]
    pub command: String,
}

/// A duration in a scenario: `"90s"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Age(pub Span);

impl<'de> Deserialize<'de> for Age {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map(Self)
            .map_err(D::Error::custom)
    }
}

impl Scenario {
    /// A scenario by its built-in name.
    #[must_use]
    pub fn built_in(name: &str) -> Option<Self> {
        (name == "leaky-shop")
            .then(|| Self::parse(LEAKY_SHOP).ok())
            .flatten()
    }

    /// A built-in one, or the file of this path.
    ///
    /// # Errors
    /// When there is neither, or the file is no scenario: why, in words.
    pub fn named(name: &str) -> Result<Self, String> {
        if let Some(scenario) = Self::built_in(name) {
            return Ok(scenario);
        }
        let text = std::fs::read_to_string(name).map_err(|error| error.to_string())?;
        Self::parse(&text).map_err(|error| error.to_string())
    }

    /// # Errors
    /// When the text is no scenario.
    pub fn parse(text: &str) -> Result<Self, toml_edit::de::Error> {
        toml_edit::de::from_str(text)
    }
}

fn email() -> String {
    "me@example.com".to_owned()
}

fn global() -> Vec<String> {
    vec!["global".to_owned()]
}

fn bash() -> String {
    "bash".to_owned()
}

fn quota() -> u64 {
    4_500
}

fn cedar() -> String {
    "cedar".to_owned()
}

fn standard() -> String {
    "Standard-1X".to_owned()
}

fn a_day() -> Age {
    Age(Span::hours(20))
}
