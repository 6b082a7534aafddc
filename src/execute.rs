//! Does a roll: reads the list, does what [`Roll`] says, writes every step into the ledger.

use crate::{
    clock::Clock,
    error::Error,
    heroku::{self, Client, Fate, Platform},
    ledger::Ledger,
    observe::{self, Follow},
    plan::{
        Asked, Ended, QUOTA_FLOOR, Seen, Step,
        roll::{Action, Answer, Roll},
    },
    snapshot::Snapshot,
    stop::{LAST_WORD, Stop},
};
use jiff::{SignedDuration, Timestamp};
use std::sync::Arc;

/// What a person may want to see while it happens.
#[derive(Debug, Clone, Copy)]
pub enum Progress<'a> {
    Begun {
        app: &'a str,
        steps: &'a [Arc<Step>],
    },
    Requested(&'a Step),
    /// The state of the dyno in the place of the old one.
    Seen {
        step: &'a Step,
        state: &'a str,
    },
    Ended(&'a Ended),
    Waiting {
        app: &'a str,
        reason: &'a str,
    },
    Over {
        app: &'a str,
    },
}

/// Told of progress; prints, or does nothing.
pub trait Observer {
    fn progress(&self, progress: Progress<'_>);
}

/// What a roll works with.
pub struct Tools<'a> {
    pub client: &'a Client,
    pub clock: Clock,
    pub ledger: &'a Ledger,
    pub stop: &'a Stop,
    pub observer: &'a dyn Observer,
    /// How Heroku fares.
    pub platform: &'a Platform,
    /// Added to every wait of a roll, so that two machines do not go on in step.
    pub lag: SignedDuration,
}

/// How a roll ended.
#[derive(Debug, PartialEq, Eq)]
pub enum End {
    /// Every step was done.
    Done,
    /// A step failed; why the rest is not reached.
    Failed(String),
    /// It is to be planned anew, and why.
    Replan(&'static str),
    Interrupted,
}

/// Reads of the list that may fail in a row before a roll is left.
const BLIND: u32 = 3;
/// A list that was longer under way is good to watch by, and no restart is begun on it.
const LATE: SignedDuration = SignedDuration::from_secs(5);
/// Between two reads while the account has few requests left.
const WHILE_QUOTA_IS_LOW: SignedDuration = SignedDuration::from_secs(30);
/// A restart is looked at right after it was asked for, unless requests are to be saved.
const AT_ONCE: SignedDuration = SignedDuration::from_secs(1);

impl Tools<'_> {
    /// Waits; tells whether it was asked to stop meanwhile.
    pub async fn pause(&self, duration: SignedDuration) -> bool {
        tokio::select! {
            () = self.clock.sleep(duration) => self.stop.is_set(),
            () = self.stop.set() => true,
        }
    }

    /// Rolls these steps; `snapshot` and `seen` follow what is seen. No step is begun at or after
    /// `until`, nor once the schedules are no longer those that were planned for.
    ///
    /// Fails when the ledger cannot be written: what flies is then unverified.
    pub async fn roll(
        &self,
        steps: &[Arc<Step>],
        snapshot: &mut Snapshot,
        seen: &mut Seen,
        until: Option<Timestamp>,
        outdated: &dyn Fn() -> Option<&'static str>,
    ) -> (Result<End, Error>, Vec<Arc<Ended>>) {
        let mut roll = Roll::new(steps, until, std::mem::take(seen));
        let mut ended = vec![];
        let refused = self.refuse_what_was_asked(&mut roll, steps, &snapshot.app.id);
        let mut end = match refused {
            Ok(()) => self.drive(&mut roll, snapshot, &mut ended, outdated).await,
            Err(error) => Err(error),
        };
        match &end {
            Ok(End::Interrupted) => {
                Box::pin(self.last_read(&mut roll, snapshot)).await;
                roll.leave("interrupted", self.client.now());
                let recorded = self.record(&mut roll, &mut ended);
                end = recorded.and(end);
            }
            Err(error) => {
                roll.leave(&error.to_string(), self.client.now());
                ended.extend(roll.drain_ended());
            }
            Ok(_) => {}
        }
        *seen = roll.into_seen();
        (end, ended)
    }

    /// The executor's own refusal: whatever the plan says, a restart that stands in the ledger as
    /// accepted is not asked for again.
    fn refuse_what_was_asked(
        &self,
        roll: &mut Roll,
        steps: &[Arc<Step>],
        app_id: &str,
    ) -> Result<(), Error> {
        let asked = self.ledger.asked(app_id)?;
        for step in steps {
            let is_it = |asked: &Asked| {
                let is_same = asked.old_id == step.old_id
                    && asked.occurrence == step.occurrence
                    && asked.is_accepted;
                is_same || asked.is_again(step)
            };
            if asked.iter().any(is_it) {
                roll.refused(step, "the ledger has this restart already".to_owned());
            }
        }
        Ok(())
    }

    async fn drive(
        &self,
        roll: &mut Roll,
        snapshot: &mut Snapshot,
        ended: &mut Vec<Arc<Ended>>,
        outdated: &dyn Fn() -> Option<&'static str>,
    ) -> Result<End, Error> {
        let app = snapshot.app.id.clone();
        let mut failures = 0;
        let mut follow = Follow::new(snapshot);
        loop {
            let look = self.stop.or(async {
                if roll.has_steps_left() {
                    self.platform.look(self.client).await;
                }
                follow.look(self.client, snapshot).await
            });
            let Ok(look) = look.await else {
                return Ok(End::Interrupted);
            };
            let why;
            match look {
                Ok(()) => {
                    failures = 0;
                    let is_late = self.client.now().duration_since(snapshot.at) > LATE;
                    let late = is_late.then_some("Heroku takes long to list the dynos");
                    why = late.or_else(outdated);
                    roll.begins_no_more(!follow.is_as_planned() || why.is_some());
                }
                Err(error) => {
                    failures += 1;
                    if !error.is_transient()
                        || (failures >= BLIND && !roll.may_wait(self.client.now()))
                    {
                        let why = format!("Heroku could not be asked ({error})");
                        roll.leave(&why, self.client.now());
                        self.record(roll, ended)?;
                        return Ok(End::Failed(why));
                    }
                    if self.pause(SignedDuration::from_secs(5)).await {
                        return Ok(End::Interrupted);
                    }
                    continue;
                }
            }
            let action = roll.next(snapshot, snapshot.at);
            for (step, state) in roll.sightings(snapshot) {
                self.observer.progress(Progress::Seen { step, state });
            }
            match action {
                Action::Restart(_) if self.is_quota_low() => {
                    self.record(roll, ended)?;
                    if !roll.is_flying() {
                        // The planner waits for it, and not for ever.
                        return Ok(End::Replan("few API requests are left"));
                    }
                    if self.pause(WHILE_QUOTA_IS_LOW).await {
                        return Ok(End::Interrupted);
                    }
                }
                Action::Restart(step) => {
                    self.restart(roll, &step, snapshot, ended).await?;
                    let pace = self.client.pace();
                    if pace > AT_ONCE && self.pause(pace).await {
                        return Ok(End::Interrupted);
                    }
                }
                Action::Wait(wait) => {
                    self.record(roll, ended)?;
                    let wait = if self.is_quota_low() {
                        WHILE_QUOTA_IS_LOW
                    } else {
                        wait + self.lag
                    };
                    if self.pause(wait.max(self.client.pace())).await {
                        return Ok(End::Interrupted);
                    }
                }
                Action::Ask(asks) => {
                    self.record(roll, ended)?;
                    let words = self.stop.or(self.client.words(&asks));
                    let Ok(words) = words.await else {
                        return Ok(End::Interrupted);
                    };
                    for (ask, word) in asks.iter().zip(&words) {
                        roll.told(ask, word, self.client.now());
                    }
                }
                Action::AskFormation => match self.stop.unless(self.client.formation(&app)).await {
                    Ok(formation) => {
                        follow.formation(snapshot, formation);
                        roll.formation(snapshot);
                    }
                    Err(error) => roll.no_formation(&error.to_string()),
                },
                Action::Replan | Action::Done => {
                    self.record(roll, ended)?;
                    return Ok(match (roll.failure(), action) {
                        (Some(why), _) => End::Failed(why.to_owned()),
                        (None, Action::Replan) => End::Replan(why.unwrap_or("the app has changed")),
                        (None, _) => End::Done,
                    });
                }
            }
        }
    }

    /// Sends the DELETE. Whatever becomes of it, the next thing is a read.
    async fn restart(
        &self,
        roll: &mut Roll,
        step: &Arc<Step>,
        snapshot: &Snapshot,
        ended: &mut Vec<Arc<Ended>>,
    ) -> Result<(), Error> {
        if self.stop.is_set() {
            return Ok(()); // the next read notices
        }
        let asked_at = self.client.now();
        self.ledger.requested(step, asked_at)?;
        let now = self.client.now();
        let is_slow = now.duration_since(asked_at) > AT_ONCE;
        // The disk took its time, or whoever writes besides: a signal is heard now, and the list has aged.
        let is_stopped = is_slow && self.pause(SignedDuration::from_millis(1)).await;
        if is_stopped || now.duration_since(snapshot.at) > LATE {
            let why = "not asked for: the ledger took long to write";
            roll.was_told(why.to_owned());
            roll.not_applied(step, now + SignedDuration::from_secs(2));
            return self.ledger.refused(step, now, why, vec![]);
        }
        let answer = tokio::select! {
            answer = Box::pin(self.client.restart(&step.app_id, &step.dyno)) => Some(answer),
            () = self.stop.after_the_last_word() => None,
        };
        let now = self.client.now();
        // Not before the DELETE, since nothing may come between; but told in their order.
        let recorded = self.record(roll, ended);
        self.observer.progress(Progress::Requested(step));
        match answer {
            Some(Ok(restart)) => {
                roll.answered(step, Answer::Accepted, snapshot, asked_at, now);
                roll.is_called(step, &restart.request_ids);
                self.ledger.accepted(step, now, restart.request_ids)?;
            }
            Some(Err(error)) => {
                tracing::debug!(dyno = step.dyno, %error, "the restart was not answered with success");
                roll.was_told(error.to_string());
                let (fate, ids) = (error.fate(), error.request_ids());
                roll.is_called(step, ids);
                if matches!(fate, Fate::NotSent | Fate::Refused) {
                    self.ledger
                        .refused(step, now, &error.to_string(), ids.to_vec())?;
                }
                let answered = |roll: &mut Roll, answer| {
                    roll.answered(step, answer, snapshot, asked_at, now);
                };
                match fate {
                    Fate::NotSent => roll.not_applied(step, now + SignedDuration::from_secs(2)),
                    Fate::Refused => roll.refused(step, refusal(&error)),
                    // Too many requests: none may be spent soon, so that it costs nothing to be sure.
                    Fate::Later(_) | Fate::Broken => answered(roll, Answer::Broken),
                    Fate::Silent => answered(roll, Answer::Silent),
                }
                if !matches!(fate, Fate::NotSent | Fate::Refused) {
                    let reason = format!(
                        "{error}; whether {} restarts all the same is watched",
                        step.dyno
                    );
                    let (app, reason) = (step.app.as_str(), reason.as_str());
                    self.observer.progress(Progress::Waiting { app, reason });
                }
            }
            None => roll.answered(step, Answer::Silent, snapshot, asked_at, now),
        }
        recorded
    }

    fn is_quota_low(&self) -> bool {
        self.client
            .usage()
            .1
            .is_some_and(|remaining| remaining < QUOTA_FLOOR)
    }

    /// Asked to leave: one last look, so that what is done is not called unverified.
    async fn last_read(&self, roll: &mut Roll, snapshot: &mut Snapshot) {
        if !roll.is_flying() {
            return;
        }
        let look = observe::look(self.client, snapshot);
        if let Ok(Ok(())) = tokio::time::timeout(LAST_WORD, look).await {
            roll.look(snapshot, snapshot.at);
        }
    }

    /// Tells of what has ended and records it: all of it, whatever cannot be recorded.
    fn record(&self, roll: &mut Roll, ended: &mut Vec<Arc<Ended>>) -> Result<(), Error> {
        let mut recorded = Ok(());
        for end in roll.drain_ended() {
            self.observer.progress(Progress::Ended(&end));
            recorded = recorded.and(self.ledger.ended(&end, self.client.now()));
            ended.push(end);
        }
        recorded
    }
}

fn refusal(error: &heroku::Error) -> String {
    error
        .hint()
        .map_or_else(|| error.to_string(), |hint| format!("{error} ({hint})"))
}
