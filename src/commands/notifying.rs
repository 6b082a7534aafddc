//! Tells the names of schedules what a pass found. Written down first and sent apart, so that a receiver
//! that hangs holds no restart, and one that is away hears it later.

use super::Context;
use crate::{
    error::Error,
    notify::{
        self, Format,
        message::{self, Message},
        outbox::{Letter, Outbox},
        told::Told,
        trouble::{self, Found, Key, Kind},
    },
    pass,
    plan::{Ended, Outcome},
    report::{AppReport, Report},
    schedule::{NotifyName, Schedule},
    state::StateDir,
};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

/// After so long no further letter is sent: what waits is sent later, and whoever waits for us is not held.
const ENOUGH: Duration = Duration::from_secs(10);

pub(super) struct Notifier<'a> {
    context: &'a Context<'a>,
    state: &'a StateDir,
    /// Of names that did not take it: how often, and when it is tried again.
    failed: RefCell<BTreeMap<String, (u32, Timestamp)>>,
    /// What was taken and could not be noted.
    delivered: RefCell<Vec<Letter>>,
}

/// What became of apps, of which nobody was told yet.
pub(super) struct Passed<'a> {
    pub now: Timestamp,
    pub apps: Vec<&'a AppReport>,
    pub is_interrupted: bool,
}

impl<'a> From<&'a Report> for Passed<'a> {
    fn from(report: &'a Report) -> Self {
        let apps = report.apps.iter().filter(|app| !app.is_noted);
        Self {
            now: report.now,
            apps: apps.collect(),
            is_interrupted: report.is_interrupted,
        }
    }
}

/// A credential that ends soon: whose, and what is said of it.
pub(super) struct Ending {
    pub account: Option<String>,
    pub said: String,
}

impl<'a> Notifier<'a> {
    pub fn new(context: &'a Context<'a>, state: &'a StateDir) -> Self {
        Self {
            context,
            state,
            failed: RefCell::default(),
            delivered: RefCell::default(),
        }
    }

    /// Writes down what is news of a pass over these schedules. What cannot be written is said; tells whether
    /// it is.
    pub fn note(
        &self,
        passed: &Passed<'_>,
        schedules: &[Schedule],
        endings: Option<&[Ending]>,
    ) -> bool {
        let names: BTreeSet<&str> = schedules.iter().flat_map(names_of).collect();
        if names.is_empty() {
            return true;
        }
        let noted = self.try_to_note(passed, schedules, endings, &names);
        if let Err(error) = &noted {
            self.context.ui.warn(&format!("nobody is told: {error}"));
        }
        noted.is_ok()
    }

    fn try_to_note(
        &self,
        passed: &Passed<'_>,
        schedules: &[Schedule],
        endings: Option<&[Ending]>,
        names: &BTreeSet<&str>,
    ) -> Result<(), Error> {
        let (now, apps) = (passed.now, &passed.apps);
        let of: Vec<(&str, &str)> = schedules
            .iter()
            .map(|schedule| (schedule.app.name.as_str(), schedule.name.as_str()))
            .collect();
        let mut outbox = Outbox::read(self.state);
        let before = outbox.told.clone();
        outbox.drop_old(now);
        outbox.told = kept_of(outbox.told, apps, schedules);
        let told = outbox.told.keys();
        let ended = passed.is_interrupted.then(|| self.context.ui.is_watched());
        let mut found = trouble::look(apps, ended, &of, &told);
        of_credentials(&mut found, endings, schedules, &told);
        // A schedule may have a former name of its app.
        let former = |key: &str| {
            let renamed = apps
                .iter()
                .find(|app| app.app == key)
                .map(|app| app.named.as_str());
            renamed.unwrap_or(key).to_owned()
        };
        let from = self.context.env.machine();
        let those = names.iter().filter(|name| self.hears_all(name));
        let of_everything: BTreeSet<&str> = those.copied().collect();
        let letters = |outbox: &Outbox| {
            let mut all = vec![];
            for name in names {
                let is_meant = |key: &Key| {
                    let mut for_it = schedules.iter().filter(|one| is_for(one, name));
                    key.kind == Kind::CredentialEnds
                        || for_it.any(|one| {
                            let is_app = [key.app.as_str(), &former(&key.app)]
                                .contains(&one.app.name.as_str());
                            is_app && one.name.as_str() == key.schedule
                        })
                };
                let news = outbox.told.news(name, &found, is_meant, now);
                let hears_all = of_everything.contains(name);
                let ended = apps.iter().flat_map(|app| &app.ended);
                let restarted: Vec<&Ended> = ended
                    .map(AsRef::as_ref)
                    .filter(|ended| {
                        let mut for_it = schedules.iter().filter(|one| is_for(one, name));
                        let is_its = |one: &Schedule| {
                            let step = &ended.step;
                            (one.app.is(&step.app) || one.app.is(&former(&step.app)))
                                && one.name.as_str() == step.schedule
                        };
                        hears_all && ended.outcome == Outcome::Restarted && for_it.any(is_its)
                    })
                    .collect();
                if news.is_empty() && restarted.is_empty() {
                    continue;
                }
                let message = Message {
                    news: &news,
                    restarted: &restarted,
                    at: now,
                    from: &from,
                };
                let letter = Letter {
                    to: (*name).to_owned(),
                    at: now,
                    said: message.body(Format::Json),
                    keys: news
                        .troubles
                        .iter()
                        .map(|(entry, _)| entry.key.clone())
                        .collect(),
                };
                all.push((letter, news));
            }
            all
        };
        // Most passes find no news.
        if outbox.told == before && letters(&outbox).is_empty() {
            return Ok(());
        }
        let turn = self.state.lock("notify", "delivery");
        let is_any_on_its_way = !matches!(turn, Ok(Some(_)));
        Outbox::edit(self.state, now, |outbox| {
            outbox.told = kept_of(std::mem::take(&mut outbox.told), apps, schedules);
            for (letter, news) in letters(outbox) {
                outbox.told.note(&letter.to, &news);
                outbox.put(letter, is_any_on_its_way);
            }
        })
    }

    fn hears_all(&self, name: &str) -> bool {
        match notify::kept(self.context.env, name) {
            Ok(kept) => kept.is_some_and(|kept| kept.restarts),
            Err(error) => {
                self.context.ui.warn(&format!("{name}: {error}"));
                false
            }
        }
    }

    /// Whether something waits to be told, and may be tried by now.
    pub fn has_letters(&self) -> bool {
        let letters = Outbox::read(self.state).letters;
        letters.iter().any(|letter| self.may_try(&letter.to))
    }

    fn may_try(&self, name: &str) -> bool {
        let failed = self.failed.borrow();
        let again = failed.get(name).map(|(_, again)| *again);
        again.is_none_or(|again| self.context.clock.now() >= again)
    }

    /// Sends what waits; returns the problems that are new. Another process at it is left to it.
    pub async fn deliver(&self) -> Vec<String> {
        let waiting = Outbox::read(self.state).by_name();
        let turn = self.state.lock("notify", "delivery");
        if let Err(error) = &turn {
            return vec![format!("nobody is told: {error}")];
        }
        let Ok(Some(_turn)) = turn else {
            for (name, _) in &waiting {
                self.try_later(name);
            }
            return vec![];
        };
        let waiting = waiting.into_iter().filter(|(name, _)| self.may_try(name));
        let began = tokio::time::Instant::now();
        let sent = waiting.map(async |(name, letters)| {
            let (mut unnoted, mut problem) = (None, None);
            let is_delivered = |letter: &Letter| self.delivered.borrow().contains(letter);
            let (done, waiting): (Vec<_>, Vec<_>) = letters.into_iter().partition(is_delivered);
            if !done.is_empty() {
                unnoted = self.taken(done).err();
            }
            for letters in Letter::grouped(waiting) {
                if began.elapsed() > ENOUGH {
                    break;
                }
                if let Err(why) = self.send(&name, &letters).await {
                    problem = Some(why);
                    break;
                }
                unnoted = unnoted.or(self.taken(letters).err());
            }
            (name, problem, unnoted)
        });
        let sent = futures_util::future::join_all(sent).await;
        let now = self.context.clock.now();
        let mut problems = vec![];
        for (name, problem, unnoted) in sent {
            problems.extend(self.keep_problem(&name, problem, now));
            if let Some(error) = unnoted {
                self.try_later(&name);
                problems.push(error.to_string());
            }
        }
        problems
    }

    /// Notes at once what was taken: whoever hangs, or ends this process, sends nobody else anything twice.
    fn taken(&self, letters: Vec<Letter>) -> Result<(), Error> {
        let now = self.context.clock.now();
        let noted = Outbox::edit(self.state, now, |outbox| {
            outbox.letters.retain(|other| !letters.contains(other));
        });
        let mut delivered = self.delivered.borrow_mut();
        delivered.retain(|other| !letters.contains(other));
        if noted.is_err() {
            // They are not sent again, although that cannot be noted.
            delivered.extend(letters);
        }
        noted
    }

    fn try_later(&self, name: &str) {
        let again = self.context.clock.now() + SignedDuration::from_mins(1);
        let mut failed = self.failed.borrow_mut();
        let times = failed.get(name).map_or(0, |(times, _)| *times);
        failed.insert(name.to_owned(), (times, again));
    }

    /// Tries less and less often; tells what is new.
    fn keep_problem(&self, name: &str, problem: Option<String>, now: Timestamp) -> Option<String> {
        let mut failed = self.failed.borrow_mut();
        let Some(problem) = problem else {
            failed.remove(name);
            return None;
        };
        let times = failed.get(name).map_or(0, |(times, _)| *times);
        let wait = SignedDuration::from_mins(1 << times.min(5));
        failed.insert(name.to_owned(), (times + 1, now + wait));
        (times == 0).then(|| format!("{name} was not told yet: {problem}"))
    }

    async fn send(&self, name: &str, letters: &[Letter]) -> Result<(), String> {
        let kept = notify::kept(self.context.env, name).map_err(|error| error.to_string())?;
        let kept = kept.ok_or_else(|| "no URL is kept under that name".to_owned())?;
        let options = self.context.options_in_silence();
        let options = options.map_err(|error| error.to_string())?;
        let all: Vec<&Value> = letters.iter().map(|letter| &letter.said).collect();
        let said = message::together(&all);
        let said = match kept.format {
            Format::Json => said,
            Format::Slack => message::of_text(said["text"].as_str().unwrap_or("")),
        };
        // It takes ten seconds at most, also while somebody wants this process to leave.
        notify::send(&options, &kept.url, &said).await
    }
}

/// What was told before, as far as it is about schedules as they are now.
fn kept_of(mut told: Told, apps: &[&AppReport], schedules: &[Schedule]) -> Told {
    for app in apps.iter().filter(|app| app.app != app.named) {
        told.rename(&app.named, &app.app);
    }
    let now_called = |schedule: &Schedule| {
        let app = apps
            .iter()
            .find(|app| app.named == schedule.app.name.as_str());
        app.map_or_else(|| schedule.app.name.to_string(), |app| app.app.clone())
    };
    told.keep(|name, entry| {
        let key = &entry.key;
        let mut of_app = schedules
            .iter()
            .filter(|one| now_called(one) == key.app)
            .peekable();
        // Of other apps nothing is known here.
        if of_app.peek().is_none() {
            return true;
        }
        // One that was set anew is another one.
        let is_it = |one: &Schedule| {
            one.name.as_str() == key.schedule
                && is_for(one, name)
                && one.since.is_none_or(|since| since <= entry.since)
        };
        of_app.any(is_it)
    });
    told
}

/// Credentials that end soon; those that were told and do not end any more are over.
fn of_credentials(
    found: &mut Found,
    endings: Option<&[Ending]>,
    schedules: &[Schedule],
    told: &[Key],
) {
    // Where nobody can tell, nothing is over.
    let Some(endings) = endings else { return };
    let accounts = pass::by_account(schedules);
    let is_ours = |key: &&Key| {
        let mut accounts = accounts.iter();
        accounts.any(|(account, _)| account.as_deref().unwrap_or_default() == key.schedule)
    };
    let key = |account: Option<&str>| Key {
        app: String::new(),
        schedule: account.unwrap_or_default().to_owned(),
        kind: Kind::CredentialEnds,
    };
    for ending in endings {
        let said = ending.said.clone();
        found.troubles.insert(key(ending.account.as_deref()), said);
    }
    let told = told.iter().filter(|key| key.kind == Kind::CredentialEnds);
    let told = told.filter(is_ours);
    let over = told.filter(|key| !found.troubles.contains_key(key));
    found.over.extend(over.cloned().collect::<Vec<_>>());
}

fn names_of(schedule: &Schedule) -> impl Iterator<Item = &str> {
    schedule.notify.iter().map(NotifyName::as_str)
}

fn is_for(schedule: &Schedule, name: &str) -> bool {
    names_of(schedule).any(|one| one == name)
}
