//! Why a dyno is left alone: one word each, and how much it weighs.

use crate::snapshot::Dyno;
use jiff::Timestamp;
use serde::Serialize;

/// One dyno that is not restarted now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skip {
    pub dyno: String,
    pub schedule: Option<String>,
    pub reason: SkipReason,
    /// The reason in words, with the instants and names that made it.
    pub detail: String,
    /// What the dyno was due for, when it was due.
    pub occurrence: Option<Timestamp>,
}

impl Skip {
    pub(super) fn of(
        dyno: &Dyno,
        schedule: Option<&str>,
        reason: SkipReason,
        detail: impl Into<String>,
    ) -> Self {
        Self {
            dyno: dyno.name.clone(),
            schedule: schedule.map(ToOwned::to_owned),
            reason,
            detail: detail.into(),
            occurrence: None,
        }
    }

    pub(super) fn with_occurrence(self, occurrence: Timestamp) -> Self {
        Self {
            occurrence: Some(occurrence),
            ..self
        }
    }
}

/// The words are part of the contract (`--json`): renaming one breaks scripts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SkipReason {
    /// No schedule's target includes the dyno.
    NotTargeted,
    /// A one-off, or beyond the formation's quantity.
    NotInFormation,
    /// It started after the occurrence, or no occurrence has come.
    NotDue,
    /// The schedule rests.
    Paused,
    /// As old as it may get, or its memory as large, and windows or blackouts allow its restart only
    /// later.
    NotAllowedYet,
    /// The log does not tell what it uses.
    MemoryUnknown,
    /// Its memory is not forecast to reach the threshold before the next occurrence.
    NotNeeded,
    /// Its memory is as large soon after a restart, or it was restarted for it too often.
    RestartDoesNotHelp,
    /// None of the schedule's windows is open.
    OutsideWindow,
    /// A day on which the schedule restarts nothing.
    Blackout,
    /// The occurrence is longer ago than the catch-up.
    CatchUpOver,
    /// It was young at the occurrence.
    MinUptime,
    /// This machine's clock is past the occurrence, Heroku's is not yet.
    OccurrenceAhead,
    /// Crashed: Heroku's own back-off is kept.
    Crashed,
    /// An Eco dyno asleep: waking it would burn its hours.
    Idle,
    /// On its way up, or in a state that is neither up nor down.
    Starting,
    Maintenance,
    ReleaseInProgress,
    ReleaseJustMade,
    /// Old and new web dynos overlap.
    PrebootWindow,
    /// The process type has as many dynos down as the user allows, and they are on their way up.
    MaxUnavailable,
    /// The same, and they will not come up by themselves.
    TooFewUp,
    /// A dyno restarted for this occurrence is not settled yet: a roll is going on.
    Settling,
    /// A dyno restarted for this occurrence did not stay up.
    PreviousRestartNotHealthy,
    /// The account has few requests left: what is going on must be able to end.
    QuotaFloor,
    /// The app says that a restart does not suit it.
    AppBusy,
    /// Heroku has an incident that affects apps.
    HerokuIncident,
    /// A restart was asked for and Heroku's list does not show it yet.
    RestartPending,
    /// A restart was done and `created_at` did not move: the platform is not as we believe.
    AlreadyInLedger,
}

/// What a reason means for the pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weight {
    /// Nothing to do: the dyno is not due, or not ours.
    NotDue,
    /// Due and left alone; a later pass looks again.
    Left,
    /// Due, and the reason passes by itself: this pass waits.
    Passing,
    /// Due, and a person should look: the pass ends with exit code 3.
    Held,
}

impl SkipReason {
    #[must_use]
    pub fn weight(self) -> Weight {
        match self {
            Self::NotTargeted
            | Self::NotInFormation
            | Self::NotDue
            | Self::NotAllowedYet
            | Self::Paused
            | Self::MemoryUnknown
            | Self::NotNeeded
            | Self::MinUptime => Weight::NotDue,
            Self::Crashed
            | Self::Idle
            | Self::Maintenance
            | Self::CatchUpOver
            | Self::RestartDoesNotHelp
            | Self::OutsideWindow
            | Self::Blackout => Weight::Left,
            Self::OccurrenceAhead
            | Self::Starting
            | Self::ReleaseInProgress
            | Self::ReleaseJustMade
            | Self::PrebootWindow
            | Self::MaxUnavailable
            | Self::Settling
            | Self::QuotaFloor
            | Self::AppBusy
            | Self::HerokuIncident
            | Self::RestartPending => Weight::Passing,
            Self::TooFewUp | Self::PreviousRestartNotHealthy | Self::AlreadyInLedger => {
                Weight::Held
            }
        }
    }

    /// Whether what others do, say or need puts a restart off, which may last.
    #[must_use]
    pub fn is_of_others(self) -> bool {
        matches!(
            self,
            Self::AppBusy | Self::HerokuIncident | Self::QuotaFloor | Self::ReleaseInProgress
        )
    }

    /// The word, as `--json` and the ledger have it.
    #[must_use]
    pub fn word(self) -> String {
        serde_json::to_value(self)
            .ok()
            .and_then(|value| value.as_str().map(ToOwned::to_owned))
            .unwrap_or_default()
    }

    /// The word as people read it: `release just made`.
    #[must_use]
    pub fn phrase(self) -> String {
        if self == Self::CatchUpOver {
            return "catch-up over".to_owned();
        }
        self.word().replace('_', " ")
    }
}
