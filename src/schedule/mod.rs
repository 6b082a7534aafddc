//! What a user sets: a [`Schedule`] is an app, a [`Target`], triggers and guards.
//!
//! Pure values with a text form each; parsing and printing round-trip. Owns no file format (see
//! `store`) and no decision (see `plan`).

mod app_name;
mod app_url;
mod blackout;
mod bounds;
mod calendar;
mod clock_change;
mod contradiction;
mod days;
mod fleet;
mod foreseen;
mod instant;
mod invalid;
pub mod limits;
mod max_unavailable;
mod name;
mod notify_name;
mod occurrences;
mod of_memory;
mod own_cycle;
mod span;
mod target;
mod threshold;
mod time_of_day;
mod wall;
mod window;
mod zone;

pub use app_name::AppName;
pub use app_url::AppUrl;
pub use blackout::Blackout;
pub use bounds::{Bar, Bounds};
pub use calendar::{Calendar, Cron, Recurrence};
pub use clock_change::ClockChange;
pub use contradiction::Contradiction;
pub use days::Days;
pub use fleet::{Fleet, Identity, Pattern, Stage, names_of_apps};
pub use foreseen::{Foreseen, MOST_COUNTED};
pub use instant::{instant, instant_in, is_meant, minute_of};
pub use invalid::Invalid;
pub use max_unavailable::MaxUnavailable;
pub use name::ScheduleName;
pub use notify_name::NotifyName;
pub use occurrences::Void;
pub use of_memory::{MAX_PER_DAY, OfMemory, WARM_UP};
pub use own_cycle::{CYCLE_AFTER, CYCLE_SPREAD, OWN_CYCLE};
pub use span::Span;
pub use target::{Target, dyno_name, is_one_off, process_type};
pub use threshold::Threshold;
pub use time_of_day::{TimeOfDay, Times};
pub use wall::first_instant_of;
pub use window::Window;
pub use zone::Zone;

use jiff::{Timestamp, tz::TimeZone};

/// One entry that a user sets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule {
    pub name: ScheduleName,
    pub app: App,
    pub target: Target,
    /// Trigger: instants named by a calendar.
    pub calendar: Option<Calendar>,
    /// Trigger: a dyno older than this is due.
    pub max_uptime: Option<Span>,
    /// An occurrence is acted on up to so much later, each schedule and app at its own instant.
    pub jitter: Option<Span>,
    /// Dynos are restarted before Heroku's own daily cycle can reach them.
    pub own_daily_cycle: bool,
    /// Triggers by memory, and whether the calendar heeds it.
    pub memory: OfMemory,
    /// When restarts are allowed at all, whatever the trigger.
    pub bounds: Bounds,
    pub guards: Guards,
    /// Who is told what goes wrong.
    pub notify: Vec<NotifyName>,
    /// Occurrences before this instant are void: the minute in which the schedule was set, changed
    /// or resumed. `None` means no floor.
    pub since: Option<Timestamp>,
    pub pause: Option<Pause>,
}

/// The app of a schedule, with what the first answer from Heroku adds to the name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct App {
    pub name: AppName,
    /// Heroku's id of the app: survives a rename.
    pub id: Option<String>,
    /// E-mail of the account that the schedule was set with.
    pub account: Option<String>,
    /// API host, when it is not Heroku's own.
    pub host: Option<String>,
    /// Whether it stands for several apps, or was found among them.
    pub membership: Membership,
}

/// How an app of a schedule belongs to others.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Membership {
    /// An app with a schedule of its own.
    #[default]
    Alone,
    /// Several apps; the name is what the fleet is called.
    Fleet(Box<Fleet>),
    /// An app that a pass found in the fleet that is called so; its schedule is the fleet's.
    Member(AppName),
}

/// What bounds a restart. Defaults are those of `set` without flags.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Guards {
    /// How late an occurrence may still be acted on.
    pub catch_up: Span,
    /// A dyno that was younger than this at the occurrence is left alone.
    pub min_uptime: Option<Span>,
    pub max_unavailable: MaxUnavailable,
    /// How long one restart may take until the dyno is up and settled.
    pub wait_limit: Span,
    /// How long a dyno must stay up to be believed.
    pub settle: Span,
    /// Must answer well before the next dyno goes.
    pub check_url: Option<AppUrl>,
    /// May answer that a restart does not suit the app now.
    pub busy_url: Option<AppUrl>,
    /// For how long that puts a restart off; [`BUSY_MAX`] where it is not given.
    pub busy_max: Option<Span>,
    /// Restarts although Heroku has an incident.
    pub ignore_incident: bool,
}

/// For how long an app may put a restart off at a stretch.
pub const BUSY_MAX: Span = Span::minutes(30);

impl Default for Guards {
    fn default() -> Self {
        Self {
            catch_up: Span::hours(1),
            min_uptime: None,
            max_unavailable: MaxUnavailable::default(),
            wait_limit: Span::minutes(5),
            settle: Span::seconds(10),
            check_url: None,
            busy_url: None,
            busy_max: None,
            ignore_incident: false,
        }
    }
}

/// A schedule that rests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pause {
    /// It resumes by itself at this instant; `None` means until `resume`.
    pub until: Option<Timestamp>,
}

impl App {
    /// Whether somebody who says this name, or this id, means this app.
    #[must_use]
    pub fn is(&self, name_or_id: &str) -> bool {
        self.name.as_str() == name_or_id || self.id.as_deref() == Some(name_or_id)
    }

    /// Whether both are one app: by id, which a rename leaves, or by name.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        self.is(other.id_or_name()) || self.name == other.name
    }

    /// The fleet that it stands for, and no app.
    #[must_use]
    pub fn fleet(&self) -> Option<&Fleet> {
        match &self.membership {
            Membership::Fleet(fleet) => Some(fleet),
            Membership::Alone | Membership::Member(_) => None,
        }
    }

    /// The flags that name it: `--app example-app`, `--team acme`.
    #[must_use]
    pub fn flags(&self) -> String {
        let app = || format!("--app {}", self.name);
        self.fleet().map_or_else(app, Fleet::flags)
    }

    #[must_use]
    pub fn is_fleet(&self) -> bool {
        self.fleet().is_some()
    }

    /// What requests call it: its id, which survives a rename, where that is known.
    #[must_use]
    pub fn id_or_name(&self) -> &str {
        self.id.as_deref().unwrap_or(self.name.as_str())
    }
}

impl Schedule {
    /// Whether the schedule rests at `now`.
    #[must_use]
    pub fn is_paused(&self, now: Timestamp) -> bool {
        self.pause
            .is_some_and(|pause| pause.until.is_none_or(|until| now < until))
    }

    /// Occurrences before this instant are void: they lie before the schedule was set, or inside a
    /// pause that has ended.
    #[must_use]
    pub fn floor(&self) -> Option<Timestamp> {
        self.since.max(self.pause.and_then(|pause| pause.until))
    }

    /// The zone of its calendar and windows; UTC for a schedule without either.
    #[must_use]
    pub fn zone(&self) -> &Zone {
        let calendar = self.calendar.as_ref().map(Calendar::zone);
        calendar.unwrap_or(&self.bounds.zone)
    }

    /// The zone in which its instants are told.
    #[must_use]
    pub fn time_zone(&self) -> TimeZone {
        self.zone().time_zone().clone()
    }

    /// The triggers and bounds in words: `at 07:00 and 14:00, Monday to Friday, Europe/Paris`.
    #[must_use]
    pub fn when(&self) -> String {
        let calendar = self.calendar.as_ref().map(ToString::to_string);
        let uptime = self.max_uptime.map(|span| format!("when up for {span}"));
        let calendar = calendar.map(|calendar| {
            if self.memory.if_needed {
                format!("{calendar}, if memory needs it")
            } else {
                calendar
            }
        });
        let triggers = [calendar, uptime].into_iter().flatten();
        let triggers = triggers.chain(self.when_by_memory());
        let mut parts = vec![triggers.collect::<Vec<_>>().join(", and ")];
        parts.extend(self.jitter.map(|span| format!("up to {span} later")));
        parts.extend(
            self.own_daily_cycle
                .then(|| "and before Heroku's daily cycle".to_owned()),
        );
        parts.extend(self.bounds.in_words());
        if self.calendar.is_none() && !self.bounds.is_free() {
            parts.push(self.bounds.zone.to_string());
        }
        parts.join(", ")
    }
}
