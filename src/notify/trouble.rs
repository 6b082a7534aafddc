//! What is worth telling somebody of a pass: troubles by app, schedule and kind, and which are over.

use crate::{
    plan::{Outcome, Skip, SkipReason, Weight},
    report::AppReport,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The words are part of the contract of the generic JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A restart failed, or could not be proven.
    Failed,
    /// Due dynos are left alone until a person looks.
    Held,
    /// An occurrence was not acted on in time.
    Missed,
    /// The memory of a dyno is as large again soon after its restart.
    DoesNotHelp,
    /// An app could not be looked at.
    Error,
    /// The credential ends soon.
    CredentialEnds,
}

impl Kind {
    fn phrase(self) -> &'static str {
        match self {
            Self::Failed => "failed",
            Self::Held => "held",
            Self::Missed => "missed",
            Self::DoesNotHelp => "a restart does not help",
            Self::Error => "not looked at",
            Self::CredentialEnds => "the credential ends",
        }
    }
}

/// Which trouble: the same is told once.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Key {
    /// Empty for what is about no app.
    pub app: String,
    pub schedule: String,
    pub kind: Kind,
}

impl Key {
    /// `example-app, nightly: held`.
    #[must_use]
    pub fn in_words(&self) -> String {
        let kind = self.kind.phrase();
        match (self.app.as_str(), self.schedule.as_str()) {
            ("", _) => kind.to_owned(),
            (app, "") => format!("{app}: {kind}"),
            (app, schedule) => format!("{app} ({schedule}): {kind}"),
        }
    }
}

/// What is wrong by now, each in words.
pub type Troubles = BTreeMap<Key, String>;

/// What is wrong with an app after a pass. What was asked for has somebody who sees it.
fn of_app(report: &AppReport, schedules: &[&str], is_known: bool) -> Troubles {
    let mut troubles = Troubles::new();
    if report.is_asked_for {
        return troubles;
    }
    let mut tell = |schedule: &str, kind: Kind, said: String| {
        let key = Key {
            app: report.app.clone(),
            schedule: schedule.to_owned(),
            kind,
        };
        let known = troubles.entry(key).or_default();
        if !known.is_empty() {
            known.push_str("; ");
        }
        known.push_str(&said);
    };
    for ended in &report.ended {
        let is_bad = match ended.outcome {
            Outcome::Failed => true,
            Outcome::Unverified => !is_known,
            Outcome::Restarted
            | Outcome::AlreadyRestarted
            | Outcome::Gone
            | Outcome::NotReached => false,
        };
        if is_bad {
            let detail = ended.detail.as_deref().unwrap_or("no reason given");
            let said = format!("{} {}: {detail}", ended.step.dyno, ended.outcome.phrase());
            tell(&ended.step.schedule, Kind::Failed, said);
        }
    }
    for missed in &report.missed {
        let occurrence = missed.occurrence.to_zoned_datetime(missed.zone.clone());
        let occurrence = occurrence.strftime("%a %d %b %H:%M %Z");
        let more = match missed.count {
            0 | 1 => String::new(),
            count => format!(" and {} before it", count - 1),
        };
        let said = format!("{occurrence}{more}: {}", missed.reason);
        tell(&missed.schedule, Kind::Missed, said);
    }
    let skips = || {
        let of_schedule = |skip: &&Skip| skip.schedule.is_some();
        report.due_skips().filter(of_schedule)
    };
    for skip in skips() {
        let schedule = skip.schedule.as_deref().unwrap_or_default();
        let said = format!("{}: {}: {}", skip.dyno, skip.reason.phrase(), skip.detail);
        if skip.reason == SkipReason::RestartDoesNotHelp {
            tell(schedule, Kind::DoesNotHelp, said);
        } else if skip.reason.weight() == Weight::Held {
            tell(schedule, Kind::Held, said);
        }
    }
    if let Some(error) = &report.error {
        for schedule in schedules {
            tell(schedule, Kind::Error, error.to_string());
        }
    }
    troubles
}

/// What a pass found: troubles that there are, and of those that were told, which are over.
#[derive(Debug, Default)]
pub struct Found {
    pub troubles: Troubles,
    pub over: Vec<Key>,
}

/// Looks through what became of apps in a pass over these schedules (app, name); of one that was interrupted
/// `interrupted` tells whether by a person, who knows. `told` is what was told before.
#[must_use]
pub fn look(
    apps: &[&AppReport],
    interrupted: Option<bool>,
    schedules: &[(&str, &str)],
    told: &[Key],
) -> Found {
    let mut found = Found::default();
    for app in apps {
        let of_it = schedules.iter().filter(|(name, _)| *name == app.named);
        let names: Vec<&str> = of_it.map(|(_, schedule)| *schedule).collect();
        let troubles = of_app(app, &names, interrupted == Some(true));
        if app.was_seen && interrupted.is_none() && !app.is_asked_for {
            let of_it = told.iter().filter(|key| key.app == app.app);
            let over = of_it.filter(|key| is_over(key, app, &troubles));
            found.over.extend(over.cloned());
        }
        found.troubles.extend(troubles);
    }
    found
}

/// Whether this pass shows that a trouble is over: a pass for another schedule shows nothing of what
/// failed or was missed.
fn is_over(key: &Key, app: &AppReport, troubles: &Troubles) -> bool {
    if troubles.contains_key(key) || app.error.is_some() {
        return false;
    }
    match key.kind {
        Kind::Failed | Kind::Missed => {
            let mut ended = app.ended.iter();
            let is_well =
                ended.any(|ended| ended.step.schedule == key.schedule && ended.outcome.is_good());
            let has_failed = troubles.keys().any(|other| {
                other.schedule == key.schedule && matches!(other.kind, Kind::Failed | Kind::Held)
            });
            is_well && !has_failed
        }
        Kind::Held | Kind::DoesNotHelp | Kind::Error => true,
        Kind::CredentialEnds => false,
    }
}
