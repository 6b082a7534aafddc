//! One simulated dyno. Its state is a function of time: nothing ticks.

use super::scenario::{Habits, Then};
use jiff::{SignedDuration, Timestamp};

#[derive(Debug, Clone)]
pub(super) struct Dyno {
    pub id: String,
    pub name: String,
    pub process_type: String,
    pub size: String,
    pub command: String,
    pub release: u64,
    pub created_at: Timestamp,
    pub is_one_off: bool,
    pub is_attached: bool,
    /// When it began to boot; differs from `created_at` where a scenario keeps that.
    pub started_at: Timestamp,
    pub boot: SignedDuration,
    pub then: Then,
    /// A state that a scenario or a test put it into.
    pub forced: Option<(String, Timestamp)>,
    /// When it goes away, its successor being there already.
    pub leaves_at: Option<Timestamp>,
}

/// A crashed dyno that flaps is back on its way after this.
const RESPAWN: SignedDuration = SignedDuration::from_secs(1);

impl Dyno {
    /// The state at `now`, and since when.
    pub fn state(&self, now: Timestamp) -> (&str, Timestamp) {
        if let Some((state, since)) = &self.forced {
            return (state, *since);
        }
        let up_at = self.started_at + self.boot;
        if now < up_at || self.then == Then::Hang {
            return ("starting", self.started_at);
        }
        match self.then {
            Then::CrashAtBoot => ("crashed", up_at),
            Then::CrashAfter(after) if now >= up_at + after.0.duration() => {
                ("crashed", up_at + after.0.duration())
            }
            Then::Stay | Then::Hang | Then::CrashAfter(_) => ("up", up_at),
            Then::Flap(after) => self.flap(now, after.0.duration()),
        }
    }

    fn flap(&self, now: Timestamp, up_for: SignedDuration) -> (&str, Timestamp) {
        let mut up_at = self.started_at + self.boot;
        loop {
            let crashed_at = up_at + up_for;
            let booting_at = crashed_at + RESPAWN;
            let next_up_at = booting_at + self.boot.max(RESPAWN);
            match now {
                now if now < crashed_at => return ("up", up_at),
                now if now < booting_at => return ("crashed", crashed_at),
                now if now < next_up_at => return ("starting", booting_at),
                _ => up_at = next_up_at,
            }
        }
    }

    pub fn is_up(&self, now: Timestamp) -> bool {
        self.state(now).0 == "up"
    }

    /// The dyno that takes this one's place.
    pub fn successor(&self, name: String, release: u64, habits: &Habits, now: Timestamp) -> Self {
        Self {
            id: uuid::Uuid::new_v4().to_string(),
            name,
            release,
            created_at: if habits.keeps_created_at {
                self.created_at
            } else {
                now
            },
            started_at: now,
            boot: habits.boot.0.duration(),
            then: habits.then,
            forced: None,
            leaves_at: None,
            ..self.clone()
        }
    }
}
