//! One simulated dyno. Its state is a function of time: nothing ticks.

use super::{app::App, ids::uuid, leak::Leak, meter::Meter, scenario::Then};
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
    /// The status with which it answers requests.
    pub answers: u16,
    /// A state that a scenario or a test put it into.
    pub forced: Option<(String, Timestamp)>,
    /// From when on the list has it.
    pub listed_at: Timestamp,
    /// When it goes away, its successor being there already.
    pub leaves_at: Option<Timestamp>,
    /// How its memory grows.
    pub leak: Option<Leak>,
    pub meter: Meter,
}

/// A dyno that crashed is back on its way after this, the first time.
const AT_ONCE: SignedDuration = SignedDuration::from_secs(1);

impl Dyno {
    /// The state at `now`, and since when.
    pub fn state(&self, now: Timestamp) -> (&str, Timestamp) {
        if let Some((state, since)) = &self.forced {
            return (state, *since);
        }
        let up_at = self.started_at + self.boot;
        match self.then {
            Then::Hang => ("starting", self.started_at),
            Then::Stay if now < up_at => ("starting", self.started_at),
            Then::Stay => ("up", up_at),
            Then::CrashAtBoot => self.crash_again_and_again(now, SignedDuration::ZERO, back_off),
            Then::CrashAfter(after) => {
                self.crash_again_and_again(now, after.0.duration(), back_off)
            }
            Then::Flap(after) => self.crash_again_and_again(now, after.0.duration(), |_| AT_ONCE),
        }
    }

    /// Boots, is up for so long, crashes, and boots anew when it has rested; with the same id.
    fn crash_again_and_again(
        &self,
        now: Timestamp,
        up_for: SignedDuration,
        rest: impl Fn(u32) -> SignedDuration,
    ) -> (&str, Timestamp) {
        let mut booting_at = self.started_at;
        let mut crashes = 0;
        loop {
            let up_at = booting_at + self.boot;
            let crashed_at = up_at + up_for;
            let again_at = crashed_at + rest(crashes);
            match now {
                now if now < up_at => return ("starting", booting_at),
                now if now < crashed_at => return ("up", up_at),
                now if now < again_at => return ("crashed", crashed_at),
                _ => (booting_at, crashes) = (again_at, crashes + 1),
            }
        }
    }

    pub fn is_up(&self, now: Timestamp) -> bool {
        self.state(now).0 == "up"
    }

    /// The dyno that takes this one's place.
    pub fn successor(&self, name: String, release: u64, app: &App, now: Timestamp) -> Self {
        let (habits, id) = (&app.habits, uuid());
        Self {
            meter: Meter::new(app.has_metrics(), now, &id),
            id,
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
            answers: habits.answers,
            forced: None,
            listed_at: now + habits.absence.0.duration(),
            leaves_at: None,
            ..self.clone()
        }
    }
}

/// Heroku's back-off: at once, then after 10, 20, 40 minutes, and so on up to a day (HEROKU 2.3).
fn back_off(crashes: u32) -> SignedDuration {
    const DAY: SignedDuration = SignedDuration::from_hours(24);
    match crashes {
        0 => AT_ONCE,
        crashes => (SignedDuration::from_mins(5) * (1 << crashes.min(9))).min(DAY),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{app::App, scenario::Scenario};
    use super::*;

    #[test]
    fn a_dyno_that_crashes_is_tried_at_once_and_then_by_heroku_s_back_off() {
        let scenario = Scenario::parse(
            "[[app]]\nname = \"example-app\"\n[[app.formation]]\ntype = \"web\"\nquantity = 1\n",
        );
        let start: Timestamp = "2026-03-02T07:00:00Z".parse().expect("an instant");
        let mut dyno = App::new(
            &scenario.expect("a scenario").apps[0],
            "me@example.com",
            start,
        )
        .dynos[0]
            .clone();
        (dyno.started_at, dyno.boot) = (start, SignedDuration::from_secs(5));
        let state = |dyno: &Dyno, seconds| {
            let (state, _) = dyno.state(start + SignedDuration::from_secs(seconds));
            state.to_owned()
        };
        dyno.then = Then::CrashAtBoot;
        for (seconds, expected) in [
            (4, "starting"),
            (5, "crashed"),
            (6, "starting"),
            (11, "crashed"),
            (610, "crashed"),
            (611, "starting"),
            (616, "crashed"),
            (1_815, "crashed"),
            (1_816, "starting"),
        ] {
            assert_eq!(state(&dyno, seconds), expected, "after {seconds} s");
        }
    }
}
