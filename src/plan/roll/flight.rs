//! One restart between its request and its proof: what the newest list of dynos says of it.
//!
//! A 202 is no success. A restart is proven by a new id that is up and stays up.

use crate::{
    plan::{Ended, Outcome, Seen, Step, Word, is_settled},
    schedule::{AppUrl, Span},
    snapshot::{Dyno, Generation, Snapshot, State},
};
use jiff::{SignedDuration, Timestamp};
use std::{collections::BTreeSet, sync::Arc};

/// What the answer to the DELETE was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    Accepted,
    /// It failed after the request may have been applied.
    Broken,
    /// No answer in time: it may still be applied.
    Silent,
}

#[derive(Debug, Clone)]
pub(super) struct Flight {
    pub step: Arc<Step>,
    /// Requests made for this step, this one included.
    pub attempts: u32,
    asked_at: Timestamp,
    answered_at: Timestamp,
    answer: Answer,
    /// Ids that were there when the restart was asked for: on Fir, a new one replaces the old.
    known_ids: BTreeSet<String>,
    new_id: Option<String>,
    /// The new dyno is up: now it must stay so.
    is_settling: bool,
    absences: u32,
    is_wanted: bool,
    /// The new dyno is up and settled: now these must answer well.
    unchecked: BTreeSet<AppUrl>,
    is_ready: bool,
    /// How often they were asked, and when they are asked again.
    checks: u32,
    check_again: Option<Timestamp>,
    /// What keeps it from being decided.
    trouble: Option<String>,
}

/// What a flight's newest observation means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Sighting {
    /// Not decided; look again, at the latest after this long.
    Pending(SignedDuration),
    /// It has left the list: is it still wanted?
    Absent,
    /// Certainly not applied: it may be asked for once more.
    NotApplied,
    Ended {
        outcome: Outcome,
        new_id: Option<String>,
        detail: Option<String>,
    },
}

/// For so long Heroku's list may lag behind a restart; then one that was answered with an error may
/// be asked for again.
pub(in crate::plan) const LONGEST_LAG: SignedDuration = SignedDuration::from_mins(5);
/// How long it is watched when no answer came at all; then the step has failed, since the request
/// could still be applied and a second one would be a second restart.
const SILENCE: SignedDuration = SignedDuration::from_secs(60);

impl Flight {
    pub fn new(
        step: Arc<Step>,
        attempts: u32,
        snapshot: &Snapshot,
        answer: Answer,
        (asked_at, answered_at): (Timestamp, Timestamp),
    ) -> Self {
        let known_ids = snapshot.dynos.iter().map(|dyno| dyno.id.clone()).collect();
        Self {
            unchecked: step.asks.checks.clone(),
            is_ready: false,
            checks: 0,
            check_again: None,
            step,
            attempts,
            asked_at,
            answered_at,
            answer,
            known_ids,
            new_id: None,
            is_settling: false,
            absences: 0,
            is_wanted: true,
            trouble: None,
        }
    }

    /// For how long it has been watched: since the answer, or since none came.
    pub fn age(&self, now: Timestamp) -> SignedDuration {
        now.duration_since(self.answered_at)
    }

    /// The dyno that took the place of the old one. On Fir, where names change, it is the oldest
    /// new one that no other flight has claimed.
    pub fn successor<'a>(
        &self,
        snapshot: &'a Snapshot,
        claimed: &BTreeSet<String>,
    ) -> Option<&'a Dyno> {
        match snapshot.app.generation {
            Generation::Cedar => {
                let is_it =
                    |dyno: &&Dyno| dyno.name == self.step.dyno && dyno.id != self.step.old_id;
                snapshot
                    .dynos
                    .iter()
                    .filter(is_it)
                    .max_by_key(|dyno| dyno.created_at)
            }
            Generation::Fir if self.new_id.is_some() => snapshot
                .dynos
                .iter()
                .find(|dyno| Some(&dyno.id) == self.new_id.as_ref()),
            Generation::Fir => {
                let is_new = |dyno: &&Dyno| {
                    !self.known_ids.contains(&dyno.id) && !claimed.contains(&dyno.id)
                };
                let of_type = snapshot
                    .formation_dynos()
                    .filter(|dyno| dyno.process_type == self.step.process_type);
                of_type.filter(is_new).min_by_key(|dyno| dyno.created_at)
            }
        }
    }

    /// Id of the dyno that it has claimed as the old one's successor.
    pub fn new_id(&self) -> Option<&String> {
        self.new_id.as_ref()
    }

    /// Whether neither the old dyno nor a new one was in the newest list.
    pub fn is_absent(&self) -> bool {
        self.absences > 0
    }

    /// Tells that the formation still wants this dyno, although it is not in the list.
    pub fn is_still_wanted(&mut self, is_wanted: bool) {
        (self.is_wanted, self.absences, self.trouble) = (is_wanted, 0, None);
    }

    /// Tells why the formation could not be asked.
    pub fn cannot_ask(&mut self, why: &str) {
        let why = format!("whether it is still wanted could not be asked ({why})");
        (self.absences, self.trouble) = (0, Some(why));
    }

    /// Judges the newest list.
    pub fn look(
        &mut self,
        snapshot: &Snapshot,
        claimed: &BTreeSet<String>,
        seen: &Seen,
        now: Timestamp,
    ) -> Sighting {
        let Some(dyno) = self.successor(snapshot, claimed) else {
            return self.without_successor(snapshot, now);
        };
        self.absences = 0;
        let end = |outcome, detail| Sighting::Ended {
            outcome,
            new_id: Some(dyno.id.clone()),
            detail,
        };
        if dyno.release > self.step.old_release {
            return end(
                Outcome::AlreadyRestarted,
                Some(format!("release v{} replaced it", dyno.release)),
            );
        }
        let is_another = self.new_id.as_ref().is_some_and(|known| *known != dyno.id);
        let fell_back = is_another || seen.has_fallen(dyno);
        self.new_id = Some(dyno.id.clone());
        if dyno.state == State::Crashed {
            let when = if fell_back {
                "after it was up"
            } else {
                "while it started"
            };
            end(
                Outcome::Failed,
                Some(format!("the new dyno crashed {when}")),
            )
        } else if fell_back {
            end(
                Outcome::Failed,
                Some("the new dyno fell back from up".to_owned()),
            )
        } else if dyno.is_up() {
            self.is_settling = true;
            let is_alone = !snapshot
                .dynos
                .iter()
                .any(|other| other.id == self.step.old_id);
            let is_settled = is_settled(dyno, self.step.limits.settle, now);
            self.is_ready = is_settled && is_alone;
            if self.is_ready && self.unchecked.is_empty() {
                end(Outcome::Restarted, None)
            } else if self.is_ready {
                self.until_checked(now)
            } else if is_settled {
                self.trouble = Some("the old dyno is still listed beside it".to_owned());
                self.until_wait_limit(now, SignedDuration::MAX)
            } else {
                let left = self.step.limits.settle.duration() - now.duration_since(dyno.updated_at);
                self.until_wait_limit(now, left)
            }
        } else {
            self.until_wait_limit(now, SignedDuration::MAX)
        }
    }

    fn without_successor(&mut self, snapshot: &Snapshot, now: Timestamp) -> Sighting {
        let end = |outcome, detail: &str| Sighting::Ended {
            outcome,
            new_id: None,
            detail: Some(detail.to_owned()),
        };
        if !self.is_wanted {
            // On Fir a release brings dynos of other names in place of all.
            let is_newer = |dyno: &&Dyno| {
                snapshot.app.generation == Generation::Fir
                    && dyno.process_type == self.step.process_type
                    && dyno.release > self.step.old_release
            };
            return match snapshot.dynos.iter().find(is_newer) {
                Some(newer) => {
                    let why = format!("release v{} replaced it", newer.release);
                    end(Outcome::AlreadyRestarted, &why)
                }
                None => end(Outcome::Gone, "scaled away"),
            };
        }
        let old = snapshot
            .dynos
            .iter()
            .find(|dyno| dyno.id == self.step.old_id);
        if old.is_some() {
            self.absences = 0;
        }
        match (old, self.answer) {
            // An error proves nothing: the list is watched for as long as a restart may take to show.
            (Some(old), Answer::Broken) if old.is_up() && self.age(now) >= LONGEST_LAG => {
                Sighting::NotApplied
            }
            (Some(_), Answer::Silent) if self.age(now) >= SILENCE => end(
                Outcome::Failed,
                "the restart was never answered, and the old dyno is still there",
            ),
            (Some(_), _) => self.until_wait_limit(now, SignedDuration::MAX),
            (None, _) => {
                self.absences += 1;
                match self.until_wait_limit(now, SignedDuration::MAX) {
                    Sighting::Pending(_) if self.absences >= 2 => Sighting::Absent,
                    decided => decided,
                }
            }
        }
    }

    /// The next URL that must answer well, when it is time to ask it.
    pub fn wants_check(&self, now: Timestamp) -> Option<&AppUrl> {
        let is_time = self.check_again.is_none_or(|again| now >= again);
        self.unchecked.first().filter(|_| self.is_ready && is_time)
    }

    /// Whether the new dyno is up and settled by the list, and its checks are not answered yet.
    pub fn is_ready(&self) -> bool {
        self.is_ready
    }

    /// Tells what a URL answered.
    pub fn checked(&mut self, url: &AppUrl, word: &Word, now: Timestamp) {
        const SECONDS: [i64; 5] = [1, 2, 3, 5, 8];
        if !self.is_ready || !self.unchecked.contains(url) {
            return;
        }
        if let Word::No(said) | Word::Nothing(said) = word {
            let seconds = SECONDS.get(self.checks as usize).copied().unwrap_or(10);
            self.checks += 1;
            self.check_again = Some(now + SignedDuration::from_secs(seconds));
            self.trouble = Some(format!("{} {said}", url.place()));
        } else {
            self.unchecked.remove(url);
            self.check_again = None;
        }
    }

    fn until_checked(&self, now: Timestamp) -> Sighting {
        let again = self.check_again.unwrap_or(now).duration_since(now);
        // However late it came up, it is asked once.
        if self.checks == 0 {
            return Sighting::Pending(SignedDuration::ZERO);
        }
        self.until_wait_limit(now, again.max(SignedDuration::ZERO))
    }

    fn until_wait_limit(&self, now: Timestamp, wish: SignedDuration) -> Sighting {
        // The settle of a dyno that is up is not cut short by the limit on getting up.
        let settling = if self.is_settling {
            self.step.limits.settle
        } else {
            Span::default()
        };
        // An error is watched for as long as a restart may take to show, however short the limit.
        let limit = match self.answer {
            Answer::Broken => self.step.limits.wait_limit.duration().max(LONGEST_LAG),
            Answer::Accepted | Answer::Silent => self.step.limits.wait_limit.duration(),
        };
        let left = limit + settling.duration() - self.age(now);
        if left > SignedDuration::ZERO {
            return Sighting::Pending(wish.min(left));
        }
        if let (true, Some(why)) = (self.is_ready, &self.trouble) {
            let limit = self.step.limits.wait_limit;
            return Sighting::Ended {
                outcome: Outcome::Failed,
                new_id: self.new_id.clone(),
                detail: Some(format!("the new dyno is up, and within {limit} {why}")),
            };
        }
        let detail = match &self.new_id {
            Some(_) => format!(
                "the new dyno was not up within {}",
                self.step.limits.wait_limit
            ),
            None => format!(
                "{}, and no new dyno came within {}",
                match self.answer {
                    Answer::Accepted => "Heroku accepted the restart",
                    Answer::Broken => "the restart was answered with an error",
                    Answer::Silent => "the restart was never answered",
                },
                self.step.limits.wait_limit
            ),
        };
        let trouble = self.trouble.as_ref();
        let detail = trouble.map_or_else(|| detail.clone(), |why| format!("{detail}: {why}"));
        Sighting::Ended {
            outcome: Outcome::Failed,
            new_id: self.new_id.clone(),
            detail: Some(detail),
        }
    }

    pub fn ended(
        self,
        outcome: Outcome,
        new_id: Option<String>,
        detail: Option<String>,
        now: Timestamp,
    ) -> Ended {
        let took = now.duration_since(self.asked_at);
        Ended {
            step: self.step,
            outcome,
            new_id: new_id.or(self.new_id),
            took,
            detail,
            request_ids: vec![],
        }
    }
}
