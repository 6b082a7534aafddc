//! The dynos of one app, as its log tells of them.

use super::{
    Bytes,
    life::Life,
    line::{Line, Told},
    overs::Overs,
    seen::{Newest, Seen},
};
use crate::{schedule, snapshot::Dyno};
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;

/// Everything that a log told of one app's dynos. The end of one session and the beginning of the next
/// may overlap: what was told is not told twice.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lives {
    dynos: BTreeMap<String, OfName>,
    /// Lines that Heroku says it did not deliver, and when it last said so.
    dropped: u64,
    dropped_at: Option<Timestamp>,
    /// Of the newest line.
    told_at: Option<Timestamp>,
}

/// A name is taken by one dyno after the other, and for minutes by two of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct OfName {
    /// Oldest first.
    lives: Vec<Life>,
    overs: Overs,
}

/// Starts that are kept of a name.
const MOST_LIVES: usize = 4;
/// What said nothing for so long is forgotten.
const KEPT: SignedDuration = SignedDuration::from_hours(24);
/// So far Heroku's clocks are apart at most, and we know them.
const AHEAD: SignedDuration = SignedDuration::from_mins(2);
/// For so long after a dyno's start, lines without its UUID may be of the one before: 30 seconds of
/// leave, and four minutes of preboot.
const OVERLAP: SignedDuration = SignedDuration::from_mins(5);

impl Lives {
    /// Takes a line that came at this instant of Heroku's clock, and tells whether it did. One of a later
    /// time is refused: what came after it would count as old.
    pub fn tell(&mut self, line: Line<'_>, now: Timestamp) -> bool {
        let is_in_time = line.at.duration_since(now) <= AHEAD;
        if is_in_time {
            self.take(line);
        }
        is_in_time
    }

    fn take(&mut self, line: Line<'_>) {
        self.told_at = self.told_at.max(Some(line.at));
        let (dyno, at) = match line.told {
            Told::Dropped { count } => {
                // A log that is read again tells them again.
                if self.dropped_at < Some(line.at) {
                    self.dropped = self.dropped.saturating_add(count);
                    self.dropped_at = Some(line.at);
                }
                return;
            }
            Told::Sample { dyno, .. } | Told::Running { dyno, .. } | Told::Exceeded { dyno } => {
                (dyno, line.at)
            }
        };
        if schedule::is_one_off(kind(dyno)) {
            return;
        }
        if !self.dynos.contains_key(dyno) {
            self.forget(at);
            self.dynos.insert(dyno.to_owned(), OfName::default());
        }
        let Some(known) = self.dynos.get_mut(dyno) else {
            return;
        };
        match line.told {
            Told::Sample {
                life, used, quota, ..
            } => known.sample(life, at, used, quota),
            Told::Running { used, quota, .. } => known.overs.running(at, used, quota),
            Told::Exceeded { .. } => known.overs.exceeded(at),
            Told::Dropped { .. } => {}
        }
    }

    /// Names come and go: whenever one comes, those that have been silent for long go.
    fn forget(&mut self, now: Timestamp) {
        self.dynos.retain(|_, known| {
            known.forget(now);
            !known.is_empty()
        });
    }

    /// How many lines were not delivered.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.dropped
    }

    /// When the newest line that counts was written.
    #[must_use]
    pub fn told_at(&self) -> Option<Timestamp> {
        self.told_at
    }

    /// Names and lives, oldest first.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Life)> {
        self.dynos
            .iter()
            .flat_map(|(name, known)| known.lives.iter().map(move |life| (name.as_str(), life)))
    }

    /// What was heard last under each name.
    pub fn newest(&self) -> impl Iterator<Item = Newest<'_>> {
        let last = |life: &&Life| life.last().map(|last| last.at);
        self.dynos.iter().map(move |(name, known)| Newest {
            name,
            process_type: kind(name),
            life: known.lives.iter().max_by_key(last),
            has_predecessor: known.lives.len() > 1,
            overs: &known.overs,
        })
    }

    /// What is known of the present life of each of these dynos, by its id.
    ///
    /// That the UUID of a line is the id of the API is not documented. Where the log has the id of any
    /// of them, it counts; where it has none, what the name told since long enough after the start.
    #[must_use]
    pub fn seen(&self, dynos: &[Dyno]) -> BTreeMap<String, Seen> {
        let has = |dyno: &Dyno| self.life(dyno).is_some();
        let are_ids = dynos.iter().any(has);
        let one = |dyno: &Dyno| {
            let known = self.dynos.get(&dyno.name);
            // A process that crashed and came back is another one, with the same id.
            let begin = dyno.began_at();
            let by_id = self.life(dyno).map(|life| life.since(begin));
            let after = begin + OVERLAP;
            let by_name = || {
                known?
                    .alone(dyno.created_at, after)
                    .map(|life| life.since(after))
            };
            let life = if are_ids { by_id } else { by_name() };
            let overs = known.map(|known| known.overs.since(after));
            let seen = Seen {
                life: life.filter(|life| life.last().is_some()),
                overs: overs.unwrap_or_default(),
            };
            (dyno.id.clone(), seen)
        };
        dynos.iter().map(one).collect()
    }

    fn life(&self, dyno: &Dyno) -> Option<&Life> {
        let lives = &self.dynos.get(&dyno.name)?.lives;
        lives.iter().find(|life| life.id == dyno.id)
    }
}

/// The process type of `web.1`, or of Fir's `web-848cd4f64d-pvpr2`.
fn kind(name: &str) -> &str {
    let of_pod = || name.rsplitn(3, '-').nth(2);
    let of_place = name.rsplit_once('.').map(|(kind, _)| kind);
    of_place.or_else(of_pod).unwrap_or(name)
}

impl OfName {
    fn sample(&mut self, id: &str, at: Timestamp, used: Bytes, quota: Option<Bytes>) {
        if let Some(life) = self.lives.iter_mut().find(|life| life.id == id) {
            return life.add(at, used, quota);
        }
        self.forget(at);
        let mut life = Life::new(id);
        life.add(at, used, quota);
        self.lives.push(life);
        if self.lives.len() > MOST_LIVES {
            // Not the oldest entry: a log that is read again begins with starts that were forgotten.
            let last = |life: &Life| life.last().map(|last| last.at);
            let stalest = (0..self.lives.len()).min_by_key(|place| last(&self.lives[*place]));
            stalest.map(|place| self.lives.remove(place));
        }
    }

    /// Forgets what told nothing for a day.
    fn forget(&mut self, now: Timestamp) {
        let is_old = |at: Option<Timestamp>| at.is_none_or(|at| now.duration_since(at) > KEPT);
        self.lives
            .retain(|life| !is_old(life.last().map(|last| last.at)));
        if is_old(self.overs.last_at()) {
            self.overs = Overs::default();
        }
    }

    fn is_empty(&self) -> bool {
        self.lives.is_empty() && self.overs.is_empty()
    }

    /// The only life that tells something after an instant, and told nothing before the dyno's start;
    /// none where there are two.
    fn alone(&self, created_at: Timestamp, after: Timestamp) -> Option<&Life> {
        let is_later = |life: &&Life| {
            life.first_at().is_some_and(|first| created_at <= first)
                && life.last().is_some_and(|last| after <= last.at)
        };
        let mut later = self.lives.iter().filter(is_later);
        let first = later.next()?;
        later.next().is_none().then_some(first)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        memory::{Level, line},
        snapshot::State,
    };

    const OLD: &str = "7f9b14bc-1d3b-47f4-91c1-704964b8793f";
    const NEW: &str = "d97d0ea7-cf3d-411b-b453-d2943a50b456";

    fn at(seconds: i64) -> Timestamp {
        let begin: Timestamp = "2026-03-02T07:00:00Z".parse().expect("an instant");
        begin + SignedDuration::from_secs(seconds)
    }

    fn dyno(id: &str, created_at: i64) -> Dyno {
        Dyno {
            id: id.to_owned(),
            name: "web.1".to_owned(),
            process_type: "web".to_owned(),
            state: State::Up,
            created_at: at(created_at),
            updated_at: at(created_at + 5),
            release: 1,
            is_attached: false,
            size: "Standard-1X".to_owned(),
        }
    }

    fn sample(lives: &mut Lives, name: &str, id: &str, seconds: i64, used: u32) {
        let when = format!("{:.6}", at(seconds)).replace('Z', "+00:00");
        let text = format!(
            "{when} heroku[{name}]: source={name} dyno=heroku.1.{id} sample#memory_rss={used}.00MB sample#memory_swap=0.00MB sample#memory_quota=512.00MB"
        );
        let line = line::read(text.as_bytes()).expect("a sample");
        lives.tell(line, line.at);
    }

    fn pair(lives: &mut Lives, seconds: i64, is_code_first: bool) {
        let when = format!("{:.6}", at(seconds)).replace('Z', "+00:00");
        let mut texts = [
            format!("{when} heroku[web.1]: Process running mem=590M(115.2%)"),
            format!("{when} heroku[web.1]: Error R14 (Memory quota exceeded)"),
        ];
        if is_code_first {
            texts.reverse();
        }
        for text in texts {
            let line = line::read(text.as_bytes()).expect("a line");
            lives.tell(line, line.at);
        }
    }

    fn level(lives: &Lives, dyno: &Dyno, now: i64) -> Level {
        lives.seen(std::slice::from_ref(dyno))[&dyno.id].level(Bytes::mb(460), at(now))
    }

    #[test]
    fn samples_of_the_dyno_before_count_for_nothing() {
        let mut lives = Lives::default();
        for place in 0..60 {
            sample(&mut lives, "web.1", OLD, 20 * place, 500);
        }
        let fresh = dyno(NEW, 600);
        // Both are alive, and the new one has not been heard of.
        assert_eq!(level(&lives, &fresh, 1_190), Level::Unknown);
        for place in 31..60 {
            sample(&mut lives, "web.1", NEW, 20 * place, 100);
        }
        assert_eq!(level(&lives, &fresh, 1_190), Level::Below(Bytes::mb(100)));
    }

    #[test]
    fn where_ids_differ_from_the_api_s_only_a_lone_life_long_after_the_start_counts() {
        let mut lives = Lives::default();
        for place in 0..60 {
            sample(&mut lives, "web.1", OLD, 20 * place, 500);
        }
        let (known, unknown) = (dyno("another-id", -600), dyno("another-id", 1_000));
        assert!(matches!(level(&lives, &known, 1_190), Level::Over { .. }));
        assert_eq!(
            level(&lives, &unknown, 1_190),
            Level::Unknown,
            "it is too young"
        );
        sample(&mut lives, "web.1", NEW, 1_185, 100);
        assert_eq!(level(&lives, &known, 1_190), Level::Unknown, "two tell");
    }

    #[test]
    fn a_process_that_crashed_and_came_back_begins_anew() {
        let mut lives = Lives::default();
        for place in 0..10 {
            sample(&mut lives, "web.1", OLD, 20 * place, 500);
        }
        let mut back = dyno(OLD, 0);
        assert!(matches!(level(&lives, &back, 190), Level::Over { .. }));
        back.updated_at = at(185);
        assert_eq!(level(&lives, &back, 190), Level::Unknown);
    }

    #[test]
    fn r14_counts_without_samples_in_either_order_and_after_the_overlap() {
        for is_code_first in [false, true] {
            let mut lives = Lives::default();
            for place in 0..4 {
                pair(&mut lives, 20 * place, is_code_first);
            }
            let (old, young) = (dyno(OLD, -600), dyno(OLD, -200));
            let seen = lives
                .seen(std::slice::from_ref(&old))
                .remove(OLD)
                .expect("seen");
            assert_eq!(seen.exceeded_since(at(65)), Some(at(0)));
            assert_eq!(seen.exceeded_since(at(151)), None, "it is over");
            assert_eq!(seen.quota(), Some(Bytes::mb(512)));
            assert!(matches!(level(&lives, &old, 65), Level::Over { .. }));
            assert_eq!(
                level(&lives, &young, 65),
                Level::Unknown,
                "it may be of the one before"
            );
        }
    }

    #[test]
    fn one_offs_tell_nothing_and_a_seam_is_told_once() {
        let mut lives = Lives::default();
        sample(&mut lives, "run.2660", OLD, 0, 500);
        sample(&mut lives, "scheduler.1", OLD, 0, 500);
        assert_eq!(lives.iter().count(), 0);
        sample(&mut lives, "run-it.1", OLD, 0, 500);
        sample(&mut lives, "web.1", OLD, 0, 500);
        let once = lives.clone();
        sample(&mut lives, "web.1", OLD, 0, 500);
        assert_eq!(lives, once);
        assert_eq!(lives.iter().count(), 2);
    }

    #[test]
    fn what_was_silent_for_a_day_is_forgotten() {
        const HOUR: i64 = 3_600;
        let mut lives = Lives::default();
        sample(&mut lives, "job.4711", OLD, 0, 500);
        sample(&mut lives, "web.1", OLD, 0, 500);
        sample(&mut lives, "web.1", NEW, 23 * HOUR, 100);
        sample(&mut lives, "job.4712", OLD, 23 * HOUR, 500);
        let known = |lives: &Lives| {
            let known = lives.iter();
            known
                .map(|(name, life)| format!("{name} {}", &life.id[..1]))
                .collect::<Vec<_>>()
        };
        assert_eq!(
            known(&lives),
            ["job.4711 7", "job.4712 7", "web.1 7", "web.1 d"]
        );
        sample(&mut lives, "web.2", OLD, 25 * HOUR, 100);
        assert_eq!(known(&lives), ["job.4712 7", "web.1 d", "web.2 7"]);
    }

    #[test]
    fn a_line_of_a_later_time_blinds_nobody() {
        let mut lives = Lives::default();
        sample(&mut lives, "web.1", OLD, 0, 100);
        let text = format!(
            "2026-06-02T07:00:00+00:00 heroku[web.1]: source=web.1 dyno=heroku.1.{OLD} sample#memory_rss=180.00MB"
        );
        lives.tell(line::read(text.as_bytes()).expect("a sample"), at(10));
        for seconds in [20, 40, 60] {
            sample(&mut lives, "web.1", OLD, seconds, 500);
        }
        assert_eq!(lives.told_at(), Some(at(60)));
        assert!(matches!(
            level(&lives, &dyno(OLD, -600), 61),
            Level::Over { .. }
        ));
    }

    #[test]
    fn one_quota_that_is_not_the_others_is_none() {
        let mut lives = Lives::default();
        let quota = |lives: &Lives| lives.iter().next().and_then(|(_, life)| life.quota);
        for seconds in [0, 20] {
            sample(&mut lives, "web.1", OLD, seconds, 100);
            assert_eq!(quota(&lives), None);
        }
        sample(&mut lives, "web.1", OLD, 40, 100);
        assert_eq!(quota(&lives), Some(Bytes::mb(512)));
        let text = format!(
            "{} heroku[web.1]: source=web.1 dyno=heroku.1.{OLD} sample#memory_rss=100.00MB sample#memory_quota=12.00MB",
            at(60)
        );
        lives.tell(line::read(text.as_bytes()).expect("a sample"), at(60));
        assert_eq!(quota(&lives), Some(Bytes::mb(512)));
    }
}
