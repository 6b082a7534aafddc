//! What happens to an app by itself as time passes: overlaps end, releases and accepted restarts take
//! effect, Heroku's daily cycle.

use super::{
    app::{Accepted, App, Restart},
    dyno::Dyno,
};
use jiff::{SignedDuration, Timestamp};

impl App {
    /// Lets everything happen that was to happen until `now`.
    pub fn settle(&mut self, now: Timestamp) -> Vec<Restart> {
        self.dynos
            .retain(|dyno| dyno.leaves_at.is_none_or(|at| now < at));
        let mut restarts = self.settle_builds(now);
        if let Some((_, at)) = self.pending.filter(|(_, at)| *at <= now) {
            restarts.extend(self.apply_release(at));
        }
        let (due, later): (Vec<Accepted>, Vec<Accepted>) = std::mem::take(&mut self.accepted)
            .into_iter()
            .partition(|accepted: &Accepted| accepted.at <= now);
        self.accepted = later;
        for Accepted {
            name,
            asked_at,
            at,
            down,
            fell,
            ..
        } in due
        {
            let is_it = |dyno: &Dyno| dyno.name == name && dyno.leaves_at.is_none();
            if let Some(place) = self.dynos.iter().position(is_it) {
                let restart = self.replace(place, "request", at);
                restarts.push(Restart {
                    asked_at,
                    down,
                    fell,
                    ..restart
                });
            }
        }
        if self.habits.daily_cycle {
            restarts.extend(self.cycle(now));
        }
        restarts.extend(self.meter(now));
        restarts
    }

    /// Heroku's daily cycle: a dyno of the formation is replaced, a one-off ends.
    fn cycle(&mut self, now: Timestamp) -> Vec<Restart> {
        let cycled_at = |dyno: &Dyno| {
            let at = dyno.started_at + SignedDuration::from_hours(24) + random_minutes(&dyno.id);
            (at <= now && dyno.leaves_at.is_none()).then(|| (dyno.id.clone(), at))
        };
        let due: Vec<_> = self.dynos.iter().filter_map(cycled_at).collect();
        let mut restarts = vec![];
        for (id, at) in due {
            let place = self.dynos.iter().position(|dyno| dyno.id == id);
            restarts.extend(place.map(|place| {
                if self.dynos[place].is_one_off {
                    self.end(place, "cycle", at)
                } else {
                    self.replace(place, "cycle", at)
                }
            }));
        }
        restarts
    }
}

/// 0 to 216 minutes, always the same for one dyno.
fn random_minutes(id: &str) -> SignedDuration {
    let number = uuid::Uuid::parse_str(id).map_or(0, |id| id.as_u128() % 217);
    SignedDuration::from_mins(i64::try_from(number).unwrap_or(0))
}
