//! Dynos over a threshold that a pass has left alone for good reasons: a pass a minute would ask Heroku
//! the same again and again.

use crate::memory::Newest;
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeSet;

/// What the newest fruitless pass was about.
#[derive(Debug, Default)]
pub(super) struct Settled {
    dynos: BTreeSet<String>,
    until: Option<Timestamp>,
    /// Fruitless passes in a row about no other dynos.
    times: u32,
}

/// After the first of them, each pause twice as long,
const SHORTEST: SignedDuration = SignedDuration::from_mins(2);
/// up to this.
const LONGEST: SignedDuration = SignedDuration::from_mins(30);

/// One start of a dyno.
pub(super) fn key(newest: &Newest<'_>) -> String {
    let life = newest.life.map_or("", |life| life.id.as_str());
    format!("{} {life}", newest.name)
}

impl Settled {
    /// A pass over these dynos found nothing to do, and nothing to wait for.
    pub fn settle(&mut self, dynos: BTreeSet<String>, now: Timestamp) {
        let is_same = !dynos.is_empty() && dynos.is_subset(&self.dynos);
        self.times = if is_same { self.times + 1 } else { 0 };
        let pause = SHORTEST * (1 << self.times.min(8));
        self.until = Some(now + pause.min(LONGEST));
        self.dynos = dynos;
    }

    /// A pass was made that did something, or waits for something.
    pub fn stir(&mut self) {
        *self = Self::default();
    }

    /// Whether there is no need to look at this dyno yet.
    pub fn has(&self, dyno: &str, now: Timestamp) -> bool {
        // One that lies far ahead is of a clock that was set back since.
        let is_near = |until: Timestamp| now < until && until <= now + LONGEST;
        self.until.is_some_and(is_near) && self.dynos.contains(dyno)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_dynos_are_looked_at_less_and_less_often_and_others_at_once() {
        let begin: Timestamp = "2026-03-02T07:00:00Z".parse().expect("an instant");
        let at = |minutes: i64| begin + SignedDuration::from_mins(minutes);
        let dynos = |names: &[&str]| names.iter().map(ToString::to_string).collect();
        let mut settled = Settled::default();
        assert!(!settled.has("web.1 a", at(0)));
        settled.settle(dynos(&["web.1 a", "web.2 b"]), at(0));
        assert!(settled.has("web.1 a", at(1)) && !settled.has("web.1 a", at(2)));
        assert!(!settled.has("web.1 c", at(1)), "it was restarted");
        let mut now = 2;
        for pause in [4, 8, 16, 30, 30] {
            settled.settle(dynos(&["web.1 a"]), at(now));
            assert!(settled.has("web.1 a", at(now + pause - 1)));
            assert!(!settled.has("web.1 a", at(now + pause)));
            now += pause;
        }
        settled.settle(dynos(&["web.1 a", "web.2 b"]), at(now));
        assert!(!settled.has("web.1 a", at(now + 2)), "there is another one");
        assert!(
            !settled.has("web.1 a", at(now - 60)),
            "the clock was set back"
        );
        settled.stir();
        assert!(!settled.has("web.1 a", at(now)));
    }
}
