//! How many dynos of a process type an app lacks: what budgets are about.

use super::{app::App, dyno::Dyno};
use jiff::{SignedDuration, Timestamp};

/// A list is an answer of some seconds ago, and a restart takes some to arrive.
const MOMENT: SignedDuration = SignedDuration::from_secs(3);

impl App {
    /// Dynos that the formation wants and that are not up, or not for long.
    pub fn down(&self, process_type: &str, now: Timestamp) -> u32 {
        let wanted = self
            .formation
            .iter()
            .find(|entry| entry.process_type == process_type)
            .map_or(0, |entry| entry.quantity);
        let up = self.dynos.iter().filter(|dyno| {
            dyno.process_type == process_type
                && !dyno.is_one_off
                // One whose successor boots is not there for long, whoever comes in its place.
                && dyno.leaves_at.is_none()
                && dyno.is_up(now)
        });
        wanted.saturating_sub(u32::try_from(up.count()).unwrap_or(u32::MAX))
    }

    /// How many of these were up a moment before, and fell by themselves.
    pub fn fell(&self, process_type: &str, now: Timestamp) -> u32 {
        let has_fallen = |dyno: &&Dyno| {
            let (is_here, then) = (dyno.leaves_at.is_none() && !dyno.is_one_off, now - MOMENT);
            let was_up = dyno.created_at < then && dyno.is_up(then);
            dyno.process_type == process_type && is_here && was_up && !dyno.is_up(now)
        };
        u32::try_from(self.dynos.iter().filter(has_fallen).count()).unwrap_or(u32::MAX)
    }
}
