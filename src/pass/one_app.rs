//! A pass over one app: plan, roll, plan again, until nothing is left or nothing may be done.

use super::{Pass, ROLLED_ELSEWHERE, Request, keep_trouble, memory::Looked};
use crate::{
    error::Error,
    execute::{End, Progress},
    plan::{self, Asked, Ended, Known, Outcome, Plan, Question, Step, due::Now},
    report::AppReport,
    schedule::{Schedule, ScheduleName, Target},
    snapshot::{App, Size, Snapshot},
    store::fingerprint,
};
use jiff::Timestamp;
use std::sync::Arc;
use tokio::sync::SemaphorePermit;

/// A pass over many apps holds many of these: what takes much room for a moment is boxed for so long.
pub(super) struct AppPass<'a> {
    pub pass: &'a Pass<'a>,
    pub schedules: Vec<Schedule>,
    /// The schedules that this pass is about, by name.
    pub names: Vec<ScheduleName>,
    pub known: Known,
    /// Steps of dynos that came due while the pass went on: they are for the next pass.
    pub due_again: Vec<Arc<Step>>,
    /// The steps of the newest plan: each of them has an end in the report, whatever comes between.
    pub planned: Vec<Arc<Step>>,
    /// Steps of earlier plans that a newer one lacks: their dynos may be gone.
    pub former: Vec<Arc<Step>>,
    /// What the log told when it was last looked at.
    pub looked: Option<Looked>,
    pub sizes: Vec<Size>,
    /// Held while it rolls, and not while it waits for somebody else.
    pub turn: Option<SemaphorePermit<'a>>,
}

/// Why a step of a plan was not begun.
const INTERRUPTED: &str = "interrupted";

impl<'a> AppPass<'a> {
    pub fn new(pass: &'a Pass<'a>, schedules: Vec<Schedule>) -> Self {
        let names = schedules
            .iter()
            .map(|schedule| schedule.name.clone())
            .collect();
        Self {
            pass,
            schedules,
            names,
            known: Known::default(),
            due_again: vec![],
            planned: vec![],
            former: vec![],
            looked: None,
            sizes: vec![],
            turn: None,
        }
    }

    pub async fn go(
        &mut self,
        request: Option<Request>,
        report: &mut AppReport,
    ) -> Result<(), Error> {
        self.take_turn().await?;
        let Some((_lock, app, first_heard)) = self.lock(report).await? else {
            report.has_given_up = report.is_asked_for || !self.pass.options.no_wait;
            let has_waited = !self.pass.options.no_wait && !self.pass.tools.stop.is_set();
            if has_waited && !report.is_asked_for {
                // Should the other pass not live to act on it.
                let why = Error::Other {
                    code: "rolled_elsewhere",
                    message: ROLLED_ELSEWHERE.to_owned(),
                    hint: None,
                };
                let now = self.pass.tools.client.now();
                keep_trouble(self.pass.state, &self.schedules, now, &why);
            }
            report
                .notices
                .push(format!("{}: {ROLLED_ELSEWHERE}", report.app));
            return Ok(());
        };
        let _share = self.pass.tools.client.share();
        self.refresh(&app).await;
        Box::pin(self.keep_identity(report, &app)).await;
        let mut snapshot = self.observe(app, true).await?;
        report.was_seen = true;
        report.app.clone_from(&snapshot.app.name);
        self.known.now = request
            .map(|request| asked(request, first_heard, &snapshot))
            .transpose()?;
        let result = self.roll_until_done(report, &mut snapshot).await;
        let plan = match result {
            Ok(plan) => plan,
            Err(error) => {
                // What failed may be the ledger itself; the report has it in any case.
                let _ = self.not_reached(report, &error.to_string());
                return Err(error);
            }
        };
        if self.pass.options.is_dry_run {
            (report.planned, report.skips) = (plan.steps, plan.skips);
            return Ok(());
        }
        // A pass may have waited until the catch-up was over.
        self.judge_missed(report, &snapshot, true)?;
        report.skips.clone_from(&plan.skips);
        self.note_skips(report, &snapshot)?;
        Box::pin(self.advise(report, &plan, &snapshot)).await;
        self.vanished(report, &snapshot)?;
        if let Some(gap) = self.gap(&snapshot) {
            report.has_gap = true;
            let then = if report.is_asked_for {
                ""
            } else {
                ": the next pass looks again"
            };
            let notice = format!("{}: {gap}{then}", report.app);
            report.notices.push(notice);
        }
        self.judge(report, &plan, &snapshot)
    }

    /// Returns the last plan, of which nothing can be done now.
    async fn roll_until_done(
        &mut self,
        report: &mut AppReport,
        snapshot: &mut Snapshot,
    ) -> Result<Plan, Error> {
        let mut waiting_since = None;
        let (mut waits, mut is_sure) = (0, false);
        loop {
            // The dynos are the witnesses, also of what a pass has slept through.
            self.judge_missed(report, snapshot, false)?;
            Box::pin(self.remember(report, snapshot)).await;
            let plan = self.plan(report, snapshot).await?;
            if self.pass.options.is_dry_run {
                return Ok(plan);
            }
            if plan.steps.is_empty() {
                let waited = snapshot
                    .at
                    .duration_since(*waiting_since.get_or_insert(snapshot.at));
                let may_wait = !self.pass.options.no_wait && waited < self.longest_wait();
                // One answer may be wrong; a second one is asked for before it is believed.
                if let Some(gap) = self.gap(snapshot).filter(|_| may_wait && !is_sure) {
                    is_sure = true;
                    if self.wait(snapshot, &gap, &mut waits).await {
                        return Ok(plan);
                    }
                    *snapshot = self.observe_again(snapshot).await?;
                    continue;
                }
                let Some(skip) = plan.waiting().next().filter(|_| may_wait) else {
                    report.has_given_up =
                        !self.pass.options.no_wait && plan.waiting().next().is_some();
                    return Ok(plan);
                };
                self.keep_waiting(&plan, snapshot)?;
                self.note_wait(skip, snapshot)?;
                let reason = format!("{}: {}", skip.reason.phrase(), skip.detail);
                if self.wait(snapshot, &reason, &mut waits).await {
                    return Ok(plan);
                }
                *snapshot = self.observe_again(snapshot).await?;
                continue;
            }
            let names = plan.steps.iter().map(|step| step.dyno.clone());
            report.was_due.extend(names);
            self.is_planned(&plan.steps);
            let ended_before = report.ended.len();
            match self.roll(report, &plan, snapshot).await? {
                // The rest of the roll begins with a fresh look: at maintenance, releases and all.
                End::Done if plan.steps.iter().any(|step| !report.has_end(step)) => {
                    *snapshot = self.observe_again(snapshot).await?;
                }
                End::Done => {}
                End::Replan(why) => {
                    let is_idle = report.ended.len() == ended_before;
                    let since = *waiting_since.get_or_insert(snapshot.at);
                    if is_idle && snapshot.at.duration_since(since) >= self.longest_wait() {
                        report.has_given_up = true;
                        return self.leave(report, snapshot, why).await;
                    }
                    if is_idle && self.wait(snapshot, why, &mut waits).await {
                        return self.leave(report, snapshot, INTERRUPTED).await;
                    }
                    *snapshot = self.observe_again(snapshot).await?;
                    if is_idle {
                        continue;
                    }
                }
                End::Failed(why) => return self.leave(report, snapshot, &why).await,
                End::Interrupted => return self.leave(report, snapshot, INTERRUPTED).await,
            }
            (waits, waiting_since, is_sure) = (0, None, false);
        }
    }

    /// What Heroku's answers lack of the dynos that this pass is about.
    fn gap(&self, snapshot: &Snapshot) -> Option<String> {
        snapshot.gap(|name, kind| {
            let asked = self.known.now.as_ref().map(|now| &now.target);
            let set = self.schedules.iter();
            let set = set.filter(|schedule| asked.is_none() && !schedule.is_paused(snapshot.at));
            let targets = set.map(|schedule| &schedule.target).chain(asked);
            targets
                .into_iter()
                .any(|target| target.includes(name, kind))
        })
    }

    /// Ends the pass in the middle of a roll: the rest of it is not reached.
    async fn leave(
        &mut self,
        report: &mut AppReport,
        snapshot: &Snapshot,
        why: &str,
    ) -> Result<Plan, Error> {
        self.not_reached(report, why)?;
        let mut left = self.plan(report, snapshot).await?;
        // What has come due since, or may only now be done, is for the next pass.
        self.due_again.append(&mut left.steps);
        Ok(left)
    }

    async fn plan(&mut self, report: &mut AppReport, snapshot: &Snapshot) -> Result<Plan, Error> {
        self.known.seen.note(snapshot);
        for fallen in self.known.seen.fallen(snapshot) {
            self.end(report, fallen)?;
        }
        self.refresh(&snapshot.app).await;
        let tools = &self.pass.tools;
        self.known.asked = tools.ledger.asked(&snapshot.app.id)?;
        self.known.judged = super::judged(self.pass.state, &self.schedules);
        let app = &snapshot.app.name;
        let told = self.pass.told.iter().filter(|record| record.app == *app);
        let before = told.filter_map(Asked::of_record);
        let is_new = |asked: &Asked| {
            let known = self.known.asked.iter();
            known.clone().all(|known| known.old_id != asked.old_id)
        };
        let before: Vec<Asked> = before.filter(is_new).collect();
        self.known.asked.splice(0..0, before);
        let mut plan = plan::plan(self.question(snapshot));
        if Box::pin(self.ask(report, &plan, snapshot)).await {
            plan = plan::plan(self.question(snapshot));
        }
        let is_done = |step: &Arc<Step>| {
            let is_it = |ended: &Arc<Ended>| {
                ended.step.dyno == step.dyno || ended.new_id.as_ref() == Some(&step.old_id)
            };
            report
                .ended
                .iter()
                .any(|ended| ended.outcome == Outcome::Restarted && is_it(ended))
        };
        (self.due_again, plan.steps) = plan.steps.into_iter().partition(is_done);
        for step in &mut plan.steps {
            let mut set = self.schedules.iter();
            let of_it = set.find(|schedule| schedule.name.as_str() == step.schedule);
            Arc::make_mut(step).schedule_hash = of_it.map(fingerprint);
        }
        Ok(plan)
    }

    pub(super) fn question<'b>(&'b self, snapshot: &'b Snapshot) -> Question<'b> {
        let tools = &self.pass.tools;
        Question {
            schedules: &self.schedules,
            snapshot,
            now: snapshot.at,
            local_now: tools.clock.now(),
            remaining: tools.client.usage().1,
            known: &self.known,
        }
    }

    /// Takes the schedules as the file has them now; one that was paused or removed counts no more.
    async fn refresh(&mut self, app: &App) {
        if self.known.now.is_none()
            && let Some(current) = Box::pin(self.current(app)).await
        {
            self.schedules = current;
        }
    }

    async fn roll(
        &mut self,
        report: &mut AppReport,
        plan: &Plan,
        snapshot: &mut Snapshot,
    ) -> Result<End, Error> {
        // The first restart of an app in a pass goes alone: a broken boot takes down one dyno.
        let first = &plan.steps[0];
        let count = if !self.known.seen.has_proven() {
            1
        } else if first.trigger.is_memory() {
            // What a dyno uses changes by the minute: after each batch it is looked at again.
            first.limits.max_unavailable as usize
        } else {
            plan.steps.len()
        };
        let steps = &plan.steps[..count.min(plan.steps.len())];
        self.known.open.extend(
            plan.steps
                .iter()
                .map(|step| (step.schedule.clone(), step.occurrence)),
        );
        let open = self.open_beside(plan, snapshot.at);
        self.known.open.extend(open);
        let asked = self.known.now.as_ref();
        let until = plan::until(&self.schedules, asked, steps, snapshot.at);
        let mut seen = std::mem::take(&mut self.known.seen);
        let tools = &self.pass.tools;
        let meant: Vec<String> = self.schedules.iter().map(fingerprint).collect();
        let (is_now, app) = (self.known.now.is_some(), snapshot.app.clone());
        let heeds_incidents = steps.iter().any(|step| !step.asks.ignores_incident);
        let outdated = || {
            let current = self.current_here(&app).filter(|_| !is_now);
            let has_changed = current.is_some_and(|current| {
                current.iter().map(fingerprint).collect::<Vec<_>>() != meant
            });
            let has_incident = heeds_incidents && tools.platform.incident().is_some();
            let incident = has_incident.then_some("Heroku has an incident");
            has_changed
                .then_some("its schedules have changed")
                .or(incident)
        };
        if report.ended.is_empty() {
            tools.observer.progress(Progress::Begun {
                app: &snapshot.app.name,
                steps: &plan.steps,
            });
        }
        let rolled = tools.roll(steps, snapshot, &mut seen, until, &outdated);
        let (end, ended) = rolled.await;
        self.known.seen = seen;
        for ended in ended {
            report.end(ended);
        }
        end
    }

    /// Occurrences of other schedules that the steps of a plan satisfy too: one step speaks for all.
    fn open_beside(&self, plan: &Plan, now: Timestamp) -> Vec<(String, Timestamp)> {
        let is_about = |schedule: &&Schedule| {
            let is_it = |step: &Arc<Step>| schedule.target.includes(&step.dyno, &step.process_type);
            !schedule.is_paused(now) && plan.steps.iter().any(is_it)
        };
        let of_one = |schedule: &Schedule| {
            let latest = schedule.latest_occurrence(now)?;
            (now <= schedule.expires_at(latest)).then(|| (schedule.name.to_string(), latest))
        };
        let schedules = self.schedules.iter().filter(|_| self.known.now.is_none());
        schedules.filter(is_about).filter_map(of_one).collect()
    }
}

/// The occurrence of `run --now` is the instant of the question.
/// A dyno that another pass restarts while this one waits for its turn is not restarted again.
fn asked(request: Request, first_heard: Timestamp, snapshot: &Snapshot) -> Result<Now, Error> {
    let Request {
        target,
        older_than,
        ignores_windows,
        given,
        asked_at,
    } = request;
    if snapshot
        .formation_dynos()
        .any(|dyno| target.includes(&dyno.name, &dyno.process_type))
    {
        return Ok(Now {
            asked_at: asked_at.unwrap_or(first_heard),
            target,
            older_than,
            ignores_windows,
            given,
        });
    }
    Err(no_such_dynos(snapshot, &target))
}

fn no_such_dynos(snapshot: &Snapshot, target: &Target) -> Error {
    let mut names: Vec<&str> = snapshot
        .formation_dynos()
        .map(|dyno| dyno.name.as_str())
        .collect();
    names.sort_by_key(|name| plan::place(name));
    let there_are = if names.is_empty() {
        "no dynos of the formation".to_owned()
    } else {
        names.join(", ")
    };
    let name = &snapshot.app.name;
    Error::Other {
        code: "no_such_dynos",
        message: format!("{name} has nothing to restart for {target}"),
        hint: Some(format!(
            "it has {there_are}; look with heroku ps --app {name}"
        )),
    }
}
