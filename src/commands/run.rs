//! `run`: one pass, or passes for good; and `run --now`.

use super::{Context, set};
use crate::{
    cli::Run,
    error::{Error, exit},
    execute::{Stop, Tools},
    heartbeat::{Heartbeat, Mode},
    ledger::Ledger,
    pass::{self, Options, Pass, Request},
    plan::{Ended, Outcome, Skip, SkipReason, Weight, due::Given},
    report::{AppReport, Report, human, json as shapes},
    runner,
    schedule::{AppName, Schedule},
    signals,
    state::{self, StateDir},
    store::{Store, narrow},
};
use jiff::SignedDuration;

pub(super) async fn run(context: &Context<'_>, flags: Run) -> Result<u8, Error> {
    let has_how = flags.how.max_unavailable.is_some()
        || flags.how.wait_limit.is_some()
        || flags.how.settle.is_some();
    if !flags.now
        && (has_how || flags.target.process_type.is_some() || flags.target.dyno_name.is_some())
    {
        return Err(Error::usage(
            "--process-type, --dyno-name and the limits of a roll belong to --now; a schedule has its own",
            "add --now, or change the schedule with set",
        ));
    }
    let store = context.store(flags.common.schedules.as_deref())?;
    let state = StateDir::open(context.env)?;
    let (sender, stop) = Stop::new();
    let stopped = signals::stopped();
    tokio::spawn(async move {
        stopped.await;
        let _ = sender.send(true);
        std::future::pending::<()>().await;
    });
    let runner = Runner {
        context,
        store: &store,
        state: &state,
        stop: &stop,
        flags: &flags,
    };
    if flags.now {
        runner.now().await
    } else if flags.watch {
        let (clock, ui, app) = (context.clock, context.ui, flags.app.as_ref());
        let watch = runner::Watch {
            clock,
            stop: &stop,
            ui,
            state: &state,
            store: &store,
            app,
        };
        watch.run(&runner).await
    } else {
        let report = runner.pass_over_all().await?;
        tell(context, &report);
        Ok(report.exit_code())
    }
}

struct Runner<'a> {
    context: &'a Context<'a>,
    store: &'a Store,
    state: &'a StateDir,
    stop: &'a Stop,
    flags: &'a Run,
}

impl Runner<'_> {
    /// One pass over the schedules as they are in the file now.
    async fn pass_over_all(&self) -> Result<Report, Error> {
        let all = self.store.read()?;
        if let Some(missing) = self.store.missing() {
            return Err(missing.into());
        }
        if all.is_empty() {
            let set = self.context.verb("set");
            let what = format!(
                "there are no schedules in {}; {set} makes one",
                self.store.path().display()
            );
            self.context.ui.warn(&what);
        }
        let schedules = narrow(all, self.flags.app.as_ref(), None);
        if let (true, Some(app)) = (schedules.is_empty(), &self.flags.app) {
            return Err(self.context.no_such(format!("{app} has no schedule")));
        }
        let now = self.context.clock.now();
        let is_due = |schedule: &Schedule| pass::has_reason_to_look(schedule, self.state, now);
        let made = if schedules.iter().any(is_due) {
            Some(self.pass(&schedules, None, self.flags.dry_run).await)
        } else {
            None
        };
        let trouble = made.as_ref().and_then(|made| match made {
            Ok(report) => report.trouble(),
            Err(error) => Some(error.to_string()),
        });
        if !self.flags.dry_run {
            let (path, app) = (self.store.path(), self.flags.app.as_ref());
            let at = self.context.clock.now();
            let sign = Heartbeat::new(Mode::Once, path, app, trouble, at);
            // What a person called once is no runner.
            let is_runner = !self.context.ui.is_watched();
            if is_runner && let Err(error) = self.state.beat(&sign) {
                self.context.ui.warn(&error.to_string());
            }
        }
        if let Some(made) = made {
            return made;
        }
        // Nothing can be due: no credential is looked for, and no request is made.
        Ok(Report {
            now,
            apps: vec![],
            requests: 0,
            remaining: None,
            skew: None,
            is_dry_run: self.flags.dry_run,
            is_interrupted: false,
            next: Schedule::next_of(schedules.iter(), now),
        })
    }

    async fn pass(
        &self,
        schedules: &[Schedule],
        request: Option<(&AppName, Request)>,
        is_dry_run: bool,
    ) -> Result<Report, Error> {
        let client = tokio::select! {
            client = self.context.client() => client,
            () = self.stop.set() => Err(Error::Interrupted),
        };
        if let (Err(error), None, false) = (&client, &request, is_dry_run) {
            pass::keep_trouble(self.state, schedules, self.context.clock.now(), error);
        }
        let (client, options, credential) = client?;
        let runner_id = self.state.runner_id()?;
        let ledger = Ledger::new(self.state.ledger(), runner_id.clone());
        let has_nobody = self.flags.watch || !self.context.ui.is_watched();
        let is_unattended = request.is_none() && has_nobody;
        let pass = Pass {
            tools: Tools {
                client: &client,
                clock: self.context.clock,
                ledger: &ledger,
                stop: self.stop,
                observer: self.context.ui,
                lag: if is_unattended {
                    state::lag(&runner_id)
                } else {
                    SignedDuration::ZERO
                },
            },
            state: self.state,
            store: self.store,
            runner_id: &runner_id,
            host: options.host.machine(),
            account: credential.account.as_deref(),
            options: Options {
                is_dry_run,
                no_wait: self.flags.no_wait,
                is_unattended,
            },
        };
        Ok(match request {
            Some((app, request)) => pass.run_now(app.as_str(), schedules, request).await,
            None => pass.run(schedules).await,
        })
    }

    async fn now(&self) -> Result<u8, Error> {
        let (context, ui) = (self.context, self.context.ui);
        let Some(app) = &self.flags.app else {
            return Err(Error::usage(
                "--now: --app is missing",
                format!(
                    "name the app: {} --now --app example-app",
                    context.verb("run")
                ),
            ));
        };
        let target = set::target(&self.flags.target)?;
        let schedules = narrow(self.store.read()?, Some(app), None);
        let mut request = Request {
            target,
            older_than: self.flags.older_than,
            given: Given {
                max_unavailable: self.flags.how.max_unavailable,
                wait_limit: self.flags.how.wait_limit,
                settle: self.flags.how.settle,
            },
            asked_at: None,
        };
        if !self.flags.yes && !self.flags.dry_run {
            if !ui.can_ask() {
                return Err(Error::usage(
                    "--now asks before it restarts, and there is nobody to ask",
                    "add --yes",
                ));
            }
            let asked = Some((app, request.clone()));
            let plan = self.pass(&schedules, asked, true).await?;
            request.asked_at = Some(plan.now);
            let names: Vec<&str> = plan
                .apps
                .iter()
                .flat_map(|app| app.planned.iter().map(|step| step.dyno.as_str()))
                .collect();
            if names.is_empty() {
                tell(context, &plan);
                return Ok(plan.exit_code());
            }
            let pace = if names.len() == 1 {
                ""
            } else {
                ", one of a process type at a time"
            };
            let question = format!("Restart {} of ⬢ {app}{pace}?", names.join(", "));
            match ui.ask(&question, self.stop).await {
                Some(true) => {}
                Some(false) => {
                    ui.say("Nothing was restarted");
                    return Ok(exit::DONE);
                }
                None => return Err(Error::Interrupted),
            }
        }
        let report = self
            .pass(&schedules, Some((app, request)), self.flags.dry_run)
            .await?;
        tell(context, &report);
        Ok(report.exit_code())
    }
}

/// Prints a report: the result, then what is worth a warning.
fn tell(context: &Context<'_>, report: &Report) {
    let ui = context.ui;
    ui.either(|| human::run(report), || shapes::run(report));
    if ui.is_json {
        return;
    }
    if let Some(skew) = report.skew {
        ui.warn(&human::skew(skew));
    }
    for app in &report.apps {
        app.notices.iter().for_each(|notice| ui.say(notice));
        if let Some(error) = &app.error {
            ui.say(&format!("⬢ {}", app.app));
            ui.error(error);
        }
        if let Some(hint) = hint(context, app) {
            ui.hint(&hint);
        } else if app.error.is_some() {
            let (run, name) = (context.verb("run"), &app.app);
            ui.hint(&if app.is_asked_for {
                format!("then {run} --now --app {name} asks anew")
            } else {
                format!("then {run} goes on")
            });
        }
    }
    if report.is_interrupted {
        let is_asked_for = report.apps.iter().any(|app| app.is_asked_for);
        ui.warn(if is_asked_for {
            "interrupted"
        } else {
            "interrupted; the next pass goes on from what it finds"
        });
    }
}

/// The next command, where not all went well: for the worst of it.
fn hint(context: &Context<'_>, app: &AppReport) -> Option<String> {
    let (name, run) = (&app.app, context.verb("run"));
    let of = |outcome| app.ended.iter().find(|ended| ended.outcome == outcome);
    // A schedule goes on by itself; what was asked for is asked for again, dyno by dyno.
    let again = |worst: &Ended| {
        if !app.is_asked_for {
            return format!("{run} goes on");
        }
        let is_left = |ended: &&Ended| ended.outcome == Outcome::NotReached;
        let left: Vec<&Ended> = app.ended.iter().filter(is_left).collect();
        let first = left.first().unwrap_or(&worst);
        let dyno = &first.step.dyno;
        let others: Vec<&str> = left
            .iter()
            .skip(1)
            .map(|ended| ended.step.dyno.as_str())
            .collect();
        let others = match others[..] {
            [] => String::new(),
            _ => format!("; left too: {}", others.join(", ")),
        };
        format!("{run} --now --app {name} --dyno-name {dyno} --yes restarts {dyno} alone{others}")
    };
    if let Some(failed) = of(Outcome::Failed) {
        let (dyno, again) = (&failed.step.dyno, again(failed));
        return Some(match failed.new_id {
            Some(_) => format!(
                "heroku logs --app {name} --dyno-name {dyno} shows why; when it is mended, {again}"
            ),
            None => format!(
                "heroku ps --app {name} shows how {dyno} is; then {again}; where Heroku accepted the restart and did not do it, {run} --now --app {name} --yes asks anew"
            ),
        });
    }
    if let Some(unverified) = of(Outcome::Unverified).or_else(|| of(Outcome::NotReached)) {
        let (dyno, again) = (&unverified.step.dyno, again(unverified));
        return Some(format!(
            "heroku ps --app {name} shows how {dyno} is; {again}"
        ));
    }
    let is_held = |skip: &&Skip| skip.reason.weight() == Weight::Held;
    if let Some(held) = app.due_skips().find(is_held) {
        return Some(if held.reason == SkipReason::AlreadyInLedger {
            format!(
                "heroku ps --app {name} shows since when its dynos run; for this occurrence it is left alone, and {run} --now --app {name} --yes asks anew"
            )
        } else {
            format!(
                "heroku ps --app {name} and heroku logs --app {name} show what is wrong; when it is mended, the next pass goes on"
            )
        });
    }
    if app.is_asked_for && app.due_skips().next().is_some() {
        return Some(format!(
            "heroku ps --app {name} shows how they are; then {run} --now --app {name} asks anew"
        ));
    }
    let is_missed = !app.missed.is_empty();
    is_missed.then(|| {
        let set = context.verb("set");
        format!(
            "when nothing stands against it any more, {run} --now --app {name} --yes makes up for it; --catch-up of {set} allows for later passes"
        )
    })
}

impl runner::Passes for Runner<'_> {
    async fn pass(&self, schedules: Vec<Schedule>) -> Result<Report, Error> {
        Runner::pass(self, &schedules, None, false).await
    }

    fn tell(&self, report: &Report) {
        tell(self.context, report);
    }
}
