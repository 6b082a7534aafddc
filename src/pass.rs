//! One pass: observe, plan, execute, report; apps side by side, so that a sick one holds no other.

use crate::{
    error::Error,
    execute::{End, Progress, Tools},
    observe,
    plan::{self, Ended, Known, Outcome, Plan, Question, due::Now, missed},
    report::{AppReport, Report},
    schedule::{Guards, Schedule, Span, Target},
    snapshot::{App, Snapshot},
    state::{Mark, StateDir, Waiting, offset},
    store::Store,
};
use jiff::{SignedDuration, Timestamp};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs::File,
};

/// How a pass is to go.
#[derive(Debug, Clone, Default)]
pub struct Options {
    pub is_dry_run: bool,
    /// Leaves at once where it would wait for a reason that passes by itself.
    pub no_wait: bool,
    /// Nobody watches: another runner may be at the same occurrence, and goes first for a moment.
    pub is_unattended: bool,
}

/// `run --now`.
#[derive(Debug, Clone)]
pub struct Request {
    pub target: Target,
    pub older_than: Option<Span>,
    pub guards: Guards,
}

/// What a pass works with.
pub struct Pass<'a> {
    pub tools: Tools<'a>,
    pub state: &'a StateDir,
    pub store: &'a Store,
    pub runner_id: &'a str,
    pub host: &'a str,
    pub options: Options,
}

/// Skews up to this come from the whole seconds of a `Date` header and the way of the answer.
const SKEW_WORTH_SAYING: SignedDuration = SignedDuration::from_secs(5);
const ROLLED_ELSEWHERE: &str = "another pass of this machine is rolling it";
/// Waiting for reasons that pass by themselves ends after this, whatever the trigger.
const LONGEST_WAIT: SignedDuration = SignedDuration::from_hours(1);

impl Pass<'_> {
    /// One pass over these schedules.
    pub async fn run(&self, schedules: &[Schedule]) -> Report {
        let mut by_app: BTreeMap<&str, Vec<Schedule>> = BTreeMap::new();
        for schedule in schedules
            .iter()
            .filter(|schedule| has_reason_to_look(schedule, self.state, self.tools.clock.now()))
        {
            by_app
                .entry(
                    schedule
                        .app
                        .id
                        .as_deref()
                        .unwrap_or(schedule.app.name.as_str()),
                )
                .or_default()
                .push(schedule.clone());
        }
        let passes = by_app
            .into_values()
            .map(|schedules| self.one_app(schedules[0].app.name.to_string(), schedules, None));
        let apps = futures_util::future::join_all(passes).await;
        self.report(apps, schedules)
    }

    /// Restarts the target of one app, asked for now.
    pub async fn run_now(&self, app: &str, request: Request) -> Report {
        let report = self.one_app(app.to_owned(), vec![], Some(request)).await;
        self.report(vec![report], &[])
    }

    fn report(&self, apps: Vec<AppReport>, schedules: &[Schedule]) -> Report {
        let client = self.tools.client;
        let (requests, remaining) = client.usage();
        let now = client.now();
        Report {
            now,
            apps,
            requests,
            remaining,
            skew: client.skew().filter(|skew| skew.abs() > SKEW_WORTH_SAYING),
            is_dry_run: self.options.is_dry_run,
            is_interrupted: self.tools.stop.is_set(),
            next: schedules
                .iter()
                .filter_map(|schedule| schedule.next_occurrence(now))
                .min(),
        }
    }

    async fn one_app(
        &self,
        app: String,
        schedules: Vec<Schedule>,
        request: Option<Request>,
    ) -> AppReport {
        let mut report = AppReport::of(&app);
        report.is_asked_for = request.is_some();
        let pass = AppPass {
            pass: self,
            schedules,
            request,
            known: Known::default(),
            is_canary_proven: false,
            seen_up: BTreeMap::new(),
        };
        if let Err(error) = pass.go(&mut report).await {
            report.error = Some(error);
        }
        report
    }
}

fn no_such_dynos(snapshot: &Snapshot, target: &Target) -> Error {
    let names: Vec<&str> = snapshot
        .formation_dynos()
        .map(|dyno| dyno.name.as_str())
        .collect();
    let there_are = if names.is_empty() {
        "no dynos of the formation".to_owned()
    } else {
        names.join(", ")
    };
    Error::Other {
        code: "no_such_dynos",
        message: format!("{} has nothing to restart for {target}", snapshot.app.name),
        hint: Some(format!(
            "it has {there_are}; look with heroku ps --app {}",
            snapshot.app.name
        )),
    }
}

struct AppPass<'a> {
    pass: &'a Pass<'a>,
    schedules: Vec<Schedule>,
    request: Option<Request>,
    known: Known,
    is_canary_proven: bool,
    /// Dynos seen up, and since when they were.
    seen_up: BTreeMap<String, Timestamp>,
}

impl AppPass<'_> {
    async fn go(mut self, report: &mut AppReport) -> Result<(), Error> {
        let Some((_lock, app)) = self.lock(report).await? else {
            report
                .notices
                .push(format!("{}: {ROLLED_ELSEWHERE}", report.app));
            return Ok(());
        };
        self.keep_identity(report, &app).await?;
        let mut snapshot = self.observe(app, true).await?;
        report.app.clone_from(&snapshot.app.name);
        if let Some(request) = self.request.take() {
            let Request {
                target,
                older_than,
                guards,
            } = request;
            if !snapshot
                .formation_dynos()
                .any(|dyno| target.includes(&dyno.name, &dyno.process_type))
            {
                return Err(no_such_dynos(&snapshot, &target));
            }
            self.known.now = Some(Now {
                asked_at: snapshot.at,
                target,
                older_than,
                guards,
            });
        } else {
            self.judge_missed(report, &snapshot)?;
        }
        let began = snapshot.at;
        let mut waits = 0;
        loop {
            let plan = self.plan(&snapshot)?;
            if self.pass.options.is_dry_run {
                (report.planned, report.skips) = (plan.steps, plan.skips);
                return Ok(());
            }
            let done: BTreeSet<&str> = report
                .ended
                .iter()
                .filter(|ended| ended.outcome == Outcome::Restarted)
                .map(|ended| ended.step.dyno.as_str())
                .collect();
            // A dyno that comes due again while the pass goes on is for the next pass.
            let is_only_again = plan
                .steps
                .iter()
                .all(|step| done.contains(step.dyno.as_str()));
            let may_wait =
                !self.pass.options.no_wait && snapshot.at.duration_since(began) < LONGEST_WAIT;
            if is_only_again {
                let waiting = plan
                    .waiting()
                    .next()
                    .map(|skip| format!("{}: {}", skip.reason.phrase(), skip.detail));
                match waiting.filter(|_| may_wait) {
                    Some(reason) => {
                        if self.wait(&snapshot, &reason, &mut waits).await {
                            return self.finish(report, plan, &snapshot);
                        }
                        snapshot = self.observe_again(&snapshot).await?;
                        continue;
                    }
                    None => return self.finish(report, plan, &snapshot),
                }
            }
            waits = 0;
            let end = self.roll(report, &plan, &mut snapshot).await?;
            match end {
                End::Done => self.is_canary_proven = true,
                End::Replan => snapshot = self.observe_again(&snapshot).await?,
                End::Failed | End::Interrupted => {
                    Self::not_reached(
                        report,
                        &plan,
                        if end == End::Failed {
                            "a step of this app failed before"
                        } else {
                            "interrupted"
                        },
                    );
                    let plan = self.plan(&snapshot)?;
                    return self.finish(
                        report,
                        Plan {
                            steps: vec![],
                            ..plan
                        },
                        &snapshot,
                    );
                }
            }
        }
    }

    fn plan(&mut self, snapshot: &Snapshot) -> Result<Plan, Error> {
        for dyno in &snapshot.dynos {
            let fell_back = |since: &Timestamp| !dyno.is_up() || dyno.updated_at > *since;
            if self.seen_up.get(&dyno.id).is_some_and(fell_back) {
                self.known.fell_back.insert(dyno.id.clone());
            } else if dyno.is_up() {
                self.seen_up.insert(dyno.id.clone(), dyno.updated_at);
            }
        }
        self.known.asked = self.pass.tools.ledger.asked(&snapshot.app.id)?;
        Ok(plan::plan(Question {
            schedules: &self.schedules,
            snapshot,
            now: snapshot.at,
            local_now: self.pass.tools.clock.now(),
            known: &self.known,
        }))
    }

    /// The app, and its lock once nobody else of this machine has it; `None` when we do not wait.
    async fn lock(&self, report: &AppReport) -> Result<Option<(Option<File>, App)>, Error> {
        let (pass, tools) = (self.pass, &self.pass.tools);
        let stored = self
            .schedules
            .first()
            .and_then(|schedule| schedule.app.id.as_deref());
        let name = stored.unwrap_or(&report.app);
        let mut app = tools
            .client
            .app(name)
            .await
            .map_err(|error| self.explain(error))?;
        if pass.options.is_dry_run {
            return Ok(Some((None, app)));
        }
        let mut has_waited = false;
        loop {
            if let Some(lock) = pass.state.lock(pass.host, &app.id)? {
                if has_waited {
                    app = tools.client.app(name).await?;
                }
                return Ok(Some((Some(lock), app)));
            }
            tools.observer.progress(Progress::Waiting {
                app: &report.app,
                reason: ROLLED_ELSEWHERE,
            });
            if pass.options.no_wait || tools.pause(SignedDuration::from_secs(2)).await {
                return Ok(None);
            }
            has_waited = true;
        }
    }

    async fn observe(&self, app: App, is_first: bool) -> Result<Snapshot, Error> {
        let (pass, client) = (self.pass, self.pass.tools.client);
        let (formation, has_preboot) = observe::shape(client, &app).await?;
        if is_first && pass.options.is_unattended && !pass.options.is_dry_run {
            // Two machines at one occurrence: each lets the other go first for a moment of its own.
            pass.tools.pause(offset(pass.runner_id)).await;
        }
        let dynos = client.dynos(&app.id).await?;
        Ok(Snapshot {
            at: client.now(),
            app,
            formation,
            dynos,
            has_preboot,
        })
    }

    async fn observe_again(&self, before: &Snapshot) -> Result<Snapshot, Error> {
        let app = self.pass.tools.client.app(&before.app.id).await?;
        self.observe(app, false).await
    }

    fn explain(&self, error: crate::heroku::Error) -> Error {
        let id = self
            .schedules
            .first()
            .and_then(|schedule| schedule.app.id.as_deref());
        match (&error, id) {
            (crate::heroku::Error::Api { status: 404, .. }, Some(id)) => {
                let name = &self.schedules[0].app.name;
                Error::Other {
                    code: "app_gone",
                    message: format!(
                        "{name}: Heroku no longer shows this account an app with the id {id}"
                    ),
                    hint: Some(format!(
                        "if {name} was made anew, set its schedule again; if it is gone, remove the schedule"
                    )),
                }
            }
            _ => error.into(),
        }
    }

    /// Fills in the id of a schedule written by hand, and follows a rename, which is said.
    async fn keep_identity(&mut self, report: &mut AppReport, app: &App) -> Result<(), Error> {
        for schedule in &mut self.schedules {
            let is_renamed = schedule.app.name.as_str() != app.name && !schedule.app.name.is_id();
            let Ok(name) = app.name.parse() else { continue };
            if (schedule.app.id.is_some() && !is_renamed) || self.pass.options.is_dry_run {
                continue;
            }
            if is_renamed {
                report.notices.push(format!(
                    "{} is now called {}; its schedule follows",
                    schedule.app.name, app.name
                ));
            }
            let mark = self.pass.state.mark(schedule);
            (schedule.app.name, schedule.app.id) = (name, Some(app.id.clone()));
            self.pass
                .store
                .put(&self.pass.tools.clock, schedule)
                .await?;
            self.pass.state.set_mark(schedule, &mark)?;
        }
        Ok(())
    }

    /// Occurrences whose catch-up is over are judged before anything is restarted: the dynos are
    /// the witnesses.
    fn judge_missed(&self, report: &mut AppReport, snapshot: &Snapshot) -> Result<(), Error> {
        for schedule in &self.schedules {
            let mut mark = self.pass.state.mark(schedule);
            let Some(expired) = missed::latest_expired(schedule, mark.judged, snapshot.at) else {
                continue;
            };
            if let Some(mut missed) = missed::missed(schedule, snapshot, mark.judged, snapshot.at) {
                if let Some(waiting) = mark
                    .waiting
                    .take()
                    .filter(|waiting| waiting.occurrence == expired)
                {
                    missed.reason = waiting.reason;
                }
                if !self.pass.options.is_dry_run {
                    self.pass
                        .tools
                        .ledger
                        .missed(&missed, &snapshot.app.id, snapshot.at)?;
                }
                report.missed.push(missed);
            }
            if !self.pass.options.is_dry_run {
                self.pass.state.set_mark(
                    schedule,
                    &Mark {
                        judged: Some(expired),
                        ..mark
                    },
                )?;
            }
        }
        Ok(())
    }

    async fn roll(
        &mut self,
        report: &mut AppReport,
        plan: &Plan,
        snapshot: &mut Snapshot,
    ) -> Result<End, Error> {
        // The first restart of an app in a pass goes alone: a broken boot takes down one dyno.
        let steps = if self.is_canary_proven {
            &plan.steps[..]
        } else {
            &plan.steps[..1]
        };
        self.known.open.extend(
            plan.steps
                .iter()
                .map(|step| (step.schedule.clone(), step.occurrence)),
        );
        let until = self
            .schedules
            .iter()
            .filter_map(|schedule| schedule.next_occurrence(snapshot.at))
            .min();
        let tools = &self.pass.tools;
        if report.ended.is_empty() {
            tools.observer.progress(Progress::Begun {
                app: &snapshot.app.name,
                steps: &plan.steps,
            });
        }
        let (end, ended) = tools.roll(steps, snapshot, until).await?;
        let is_restarted = |ended: &&Ended| ended.outcome == Outcome::Restarted;
        self.known.proven.extend(
            ended
                .iter()
                .filter(is_restarted)
                .filter_map(|ended| ended.new_id.clone()),
        );
        report.ended.extend(ended);
        Ok(end)
    }

    async fn wait(&self, snapshot: &Snapshot, reason: &str, waits: &mut usize) -> bool {
        const SECONDS: [i64; 3] = [5, 10, 15];
        let seconds = SECONDS.get(*waits).copied().unwrap_or(30);
        *waits += 1;
        self.pass.tools.observer.progress(Progress::Waiting {
            app: &snapshot.app.name,
            reason,
        });
        self.pass
            .tools
            .pause(SignedDuration::from_secs(seconds))
            .await
    }

    fn not_reached(report: &mut AppReport, plan: &Plan, reason: &str) {
        for step in &plan.steps {
            if report.ended.iter().all(|ended| ended.step != *step) {
                let detail = Some(reason.to_owned());
                let took = SignedDuration::ZERO;
                report.ended.push(Ended {
                    step: step.clone(),
                    outcome: Outcome::NotReached,
                    new_id: None,
                    took,
                    detail,
                });
            }
        }
    }

    /// Marks what is settled, so that the next pass need not look, and says why the rest is not.
    fn finish(&self, report: &mut AppReport, plan: Plan, snapshot: &Snapshot) -> Result<(), Error> {
        self.pass.tools.observer.progress(Progress::Over {
            app: &snapshot.app.name,
        });
        let now = snapshot.at;
        for schedule in &self.schedules {
            let mark = self.pass.state.mark(schedule);
            let of_it = |name: &Option<String>| name.as_deref() == Some(schedule.name.as_str());
            let open = plan
                .skips
                .iter()
                .find(|skip| of_it(&skip.schedule) && skip.occurrence.is_some());
            let has_failed = report.ended.iter().any(|ended| {
                ended.step.schedule == schedule.name.as_str() && !ended.outcome.is_good()
            });
            let is_settled = open.is_none()
                && !has_failed
                && !plan
                    .steps
                    .iter()
                    .any(|step| step.schedule == schedule.name.as_str());
            let waiting = open.and_then(|skip| {
                Some(Waiting {
                    occurrence: skip.occurrence?,
                    reason: skip.reason.phrase(),
                })
            });
            let dynos = snapshot
                .formation_dynos()
                .filter(|dyno| schedule.target.includes(&dyno.name, &dyno.process_type));
            let oldest = dynos.map(|dyno| dyno.created_at).min();
            let not_before = schedule
                .max_uptime
                .zip(oldest)
                .map(|(span, oldest)| oldest + span.duration());
            let fresh = Mark {
                judged: if is_settled {
                    schedule.latest_occurrence(now).max(mark.judged)
                } else {
                    mark.judged
                },
                not_before: not_before.filter(|_| is_settled),
                waiting,
                ..mark.clone()
            };
            if fresh != mark {
                self.pass.state.set_mark(schedule, &fresh)?;
            }
        }
        report.skips = plan.skips;
        Ok(())
    }
}

/// Whether this machine's clock and the marks leave a chance that something is due. No request.
#[must_use]
pub fn has_reason_to_look(schedule: &Schedule, state: &StateDir, now: Timestamp) -> bool {
    if schedule.is_paused(now) {
        return false;
    }
    let mark = state.mark(schedule);
    let latest = schedule.latest_occurrence(now);
    let is_calendar_open =
        latest.is_some_and(|latest| mark.judged.is_none_or(|judged| judged < latest));
    let is_uptime_open =
        schedule.max_uptime.is_some() && mark.not_before.is_none_or(|not_before| not_before <= now);
    is_calendar_open || is_uptime_open
}

/// The instant until which a watch may sleep: the next one at which a pass may find something.
#[must_use]
pub fn next_look(schedules: &[Schedule], state: &StateDir, now: Timestamp) -> Option<Timestamp> {
    let of_one = |schedule: &Schedule| {
        let uptime = schedule
            .max_uptime
            .and_then(|_| state.mark(schedule).not_before);
        [schedule.next_occurrence(now), uptime]
            .into_iter()
            .flatten()
            .min()
    };
    schedules.iter().filter_map(of_one).min()
}
