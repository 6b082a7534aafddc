//! What can go wrong with a credential before Heroku is asked, worded once.

/// The fallback rule: a source that has nothing is passed over, any other failure stops the search.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("not logged in to Heroku")]
    NotFound { tried: Vec<String> },
    #[error("{place}: {why}")]
    Unreadable { place: String, why: String },
    #[error("{place}: {why}")]
    Unwritable { place: String, why: String },
    /// It was set up, and is no longer where it was kept.
    #[error("the token is no longer in {place}")]
    Lost { place: String, mend: String },
    /// It is where it was kept, which cannot be opened from here.
    #[error("{place}: {why}")]
    Closed {
        place: String,
        why: String,
        mend: String,
    },
    #[error("the schedule is of {wanted}, and the Heroku CLI is logged in as {found}")]
    OtherAccount {
        wanted: String,
        found: String,
        setup: String,
    },
    #[error("the schedule does not say whose it is, and there are credentials of {}", accounts.join(", "))]
    Ambiguous { accounts: Vec<String> },
}

impl Error {
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotFound { .. } => "not_logged_in",
            Self::Unreadable { .. } | Self::Closed { .. } => "credential_unreadable",
            Self::Unwritable { .. } => "credential_unwritable",
            Self::Lost { .. } => "credential_lost",
            Self::OtherAccount { .. } => "other_account",
            Self::Ambiguous { .. } => "account_ambiguous",
        }
    }

    #[must_use]
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::NotFound { tried } => format!(
                "run heroku login, or set HEROKU_API_KEY (looked at {})",
                tried.join("; ")
            ),
            Self::Unreadable { place, .. } if place.ends_with("notify.json") => {
                "mend it, or remove it and add each name again with notify:add".to_owned()
            }
            Self::Unreadable { .. } => "mend it, or set HEROKU_API_KEY".to_owned(),
            Self::Unwritable { .. } => "make it writable, or make room on its disk".to_owned(),
            Self::Lost { mend, .. } | Self::Closed { mend, .. } => mend.clone(),
            Self::OtherAccount { wanted, setup, .. } => format!(
                "log in as {wanted} and run {setup}, which keeps a credential of that account; or set the schedule again"
            ),
            Self::Ambiguous { .. } => {
                "set the schedule again, logged in as the account that it is of".to_owned()
            }
        })
    }
}
