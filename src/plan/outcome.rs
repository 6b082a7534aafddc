//! How one step ended.

use super::Step;
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// The words are part of the contract (`--json`, ledger).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// A new dyno is up and settled.
    Restarted,
    /// Somebody else, or a release, had replaced the dyno.
    AlreadyRestarted,
    /// Scaled away.
    Gone,
    /// We had to leave before seeing it up.
    Unverified,
    Failed,
    /// The roll stopped before its turn.
    NotReached,
}

impl Outcome {
    /// Whether nothing is left to do for this step.
    #[must_use]
    pub fn is_good(self) -> bool {
        self.rank() == 0
    }

    /// How bad it is: 0 is good.
    #[must_use]
    pub fn rank(self) -> u8 {
        match self {
            Self::Restarted | Self::AlreadyRestarted | Self::Gone => 0,
            Self::NotReached => 1,
            Self::Unverified => 2,
            Self::Failed => 3,
        }
    }

    #[must_use]
    pub fn phrase(self) -> &'static str {
        match self {
            Self::Restarted => "restarted",
            Self::AlreadyRestarted => "already restarted",
            Self::Gone => "gone",
            Self::Unverified => "unverified",
            Self::Failed => "failed",
            Self::NotReached => "not reached",
        }
    }
}

/// A step and its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    pub step: Arc<Step>,
    pub outcome: Outcome,
    pub new_id: Option<String>,
    /// From the request to the proof.
    pub took: SignedDuration,
    pub detail: Option<String>,
    /// What Heroku called the requests for it.
    pub request_ids: Vec<String>,
}

impl Ended {
    /// A step that was planned, and whose turn did not come.
    #[must_use]
    pub fn not_reached(step: Arc<Step>, reason: &str) -> Self {
        Self {
            step,
            outcome: Outcome::NotReached,
            new_id: None,
            took: SignedDuration::ZERO,
            detail: Some(reason.to_owned()),
            request_ids: vec![],
        }
    }
}
