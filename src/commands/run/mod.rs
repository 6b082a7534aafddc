//! `run`: one pass, or passes for good; and `run --now`.

mod check;
mod notifies;
mod now;
mod ping;
mod rounds;
mod watched;

use super::{
    Context, auth,
    notifying::{Notifier, Passed},
    passes::Passes,
    tell::tell,
};
use crate::{
    cli::Run,
    credentials::{self, Secret, Use},
    error::{Error, exit},
    fleet::Fleets,
    heartbeat::{Heartbeat, Mode},
    heroku::Platform,
    pass,
    report::{
        AppReport, Report,
        logfmt::{HEARTBEAT, Level, Line},
    },
    runner,
    schedule::Schedule,
    state::StateDir,
    stop::Stop,
    store::{Store, narrow},
};
use jiff::{SignedDuration, Timestamp};
use std::cell::{Cell, OnceCell, RefCell};
use tokio::sync::{Notify, Semaphore};

/// Apps that are rolled side by side, where no flag says how many.
pub(super) const CONCURRENCY: u16 = 100;

/// What only makes sense for what is asked for now.
fn refuse_stray(flags: &Run) -> Result<(), Error> {
    let has_how = flags.how.max_unavailable.is_some()
        || flags.how.wait_limit.is_some()
        || flags.how.settle.is_some()
        || flags.how.check_url.is_some();
    if !flags.now
        && (has_how || flags.target.process_type.is_some() || flags.target.dyno_name.is_some())
    {
        return Err(Error::usage(
            "--process-type, --dyno-name, --check-url and the limits of a roll belong to --now; a schedule has its own",
            "add --now, or change the schedule with set",
        ));
    }
    Ok(())
}

pub(super) async fn run(context: &Context<'_>, flags: Run) -> Result<u8, Error> {
    refuse_stray(&flags)?;
    if let Some(path) = &flags.log {
        context.ui.keep_log_in(path.clone(), context.clock)?;
    } else if flags.watch {
        context.ui.keep_log(context.clock);
    }
    let store = context.store(flags.common.schedules.as_deref()).await?;
    if let Store::Environment(_) = store {
        // A dyno's output is its app's log, and others look for signs of life there.
        context.ui.keep_log(context.clock);
    }
    let state = StateDir::open(context.env)?;
    let stop = super::stop();
    let notifier = Notifier::new(context, &state);
    let fresh = Notify::new();
    // A watch tells of each app by itself.
    let ended = |app: &mut AppReport, schedules: &[Schedule], now: Timestamp| {
        if flags.watch {
            return;
        }
        let passed = Passed {
            now,
            apps: vec![app],
            is_interrupted: stop.is_set(),
        };
        app.is_noted = notifier.note(&passed, schedules, None);
        fresh.notify_one();
    };
    let runner = Runner {
        context,
        store: &store,
        state: &state,
        stop: &stop,
        flags: &flags,
        passes: Passes {
            began: context.clock.now(),
            since: Cell::default(),
            told: RefCell::default(),
            ears: RefCell::default(),
            ledger: OnceCell::new(),
            turns: Semaphore::new(usize::from(flags.concurrency.unwrap_or(CONCURRENCY))),
            pools: RefCell::default(),
            platform: Platform::default(),
            fleets: Fleets::open(&state),
            ended: &ended,
            news: RefCell::default(),
            context,
            store: &store,
            state: &state,
            stop: &stop,
            is_watch: flags.watch,
            no_wait: flags.no_wait,
            process: uuid::Uuid::new_v4().to_string(),
        },
        asked_at: Cell::default(),
        ping: ping::of(context, &flags)?,
        pinged_at: Cell::new(Some(context.clock.now())),
        wrong: RefCell::default(),
        schedules: RefCell::default(),
        fares_well: Cell::default(),
        notifier: &notifier,
        fresh: &fresh,
    };
    if flags.now {
        let code = runner.now().await?;
        Ok(runner.offer_after(code).await)
    } else if flags.check {
        runner.check().await
    } else if flags.watch {
        if let Some(app) = store.runner_app() {
            return Err(Error::usage(
                format!(
                    "the schedules are in the config vars of ⬢ {}, which watches them",
                    app.name
                ),
                format!("{} makes one pass from here", context.verb("run")),
            ));
        }
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
        runner.once().await
    }
}

struct Runner<'a> {
    context: &'a Context<'a>,
    store: &'a Store,
    state: &'a StateDir,
    stop: &'a Stop,
    flags: &'a Run,
    passes: Passes<'a>,
    /// When Heroku last took the token.
    asked_at: Cell<Option<Timestamp>>,
    /// Who is told that it fares well, by name and URL.
    ping: Option<(String, Secret)>,
    pinged_at: Cell<Option<Timestamp>>,
    /// What is wrong beside the schedules.
    wrong: RefCell<Option<String>>,
    /// As they were last read.
    schedules: RefCell<Vec<Schedule>>,
    /// After a pass over this many schedules, where nothing was wrong.
    fares_well: Cell<Option<usize>>,
    notifier: &'a Notifier<'a>,
    /// Rings when something may wait to be told.
    fresh: &'a Notify,
}

impl Runner<'_> {
    fn tell(&self, report: &Report) {
        tell(self.context, report);
        pass::was_told(self.state, report);
    }

    /// One pass, told; whoever is to hear of an app hears it once the pass over that has ended.
    async fn once(&self) -> Result<u8, Error> {
        let is_over = Cell::new(false);
        let pass = async {
            let made = self.one_pass().await;
            is_over.set(true);
            self.fresh.notify_one();
            made
        };
        let (made, ()) = futures_util::future::join(pass, self.deliver_until(&is_over)).await;
        let report = made?;
        if !self.flags.dry_run {
            pass::was_told(self.state, &report);
        }
        if let Some(schedules) = self.fares_well.get() {
            self.tell_well(schedules).await;
        }
        Ok(self.offer_after(report.exit_code()).await)
    }

    /// Made and shown, and written down for whoever is to hear of it.
    async fn one_pass(&self) -> Result<Report, Error> {
        let mut made = self.pass_over_all().await;
        let is_nobody = matches!(
            &made,
            Err(Error::Credential(credentials::Error::NotFound { .. }))
        );
        if is_nobody && !self.flags.dry_run && self.offer().await? {
            made = self.pass_over_all().await;
        }
        let report = match made {
            Ok(report) => report,
            Err(error) => {
                self.note_trouble(&error);
                return Err(error);
            }
        };
        if !(self.flags.quiet && report.is_silent()) {
            tell(self.context, &report);
        }
        if !self.flags.dry_run {
            self.note(&report, &self.schedules.borrow());
        }
        Ok(report)
    }

    /// Offers a credential for passes: to whoever the first schedule is of. Tells whether there is one
    /// now.
    async fn offer(&self) -> Result<bool, Error> {
        // A runner app makes the passes, with a token of its own.
        if self.store.runner_app().is_some() {
            return Ok(false);
        }
        let schedules = narrow(self.read().await?, self.flags.app.as_ref(), None);
        if schedules.is_empty() {
            return Ok(false);
        }
        let account = schedules
            .into_iter()
            .find_map(|schedule| schedule.app.account);
        auth::offer(
            self.context,
            self.stop,
            &self.flags.common,
            account.as_deref(),
        )
        .await
    }

    /// The same after what was done, whose code stands unless all went well.
    async fn offer_after(&self, code: u8) -> u8 {
        if self.flags.dry_run {
            return code;
        }
        match self.offer().await {
            Ok(_) => code,
            Err(error) => {
                self.context.ui.error(&error);
                if code == exit::DONE {
                    error.exit_code()
                } else {
                    code
                }
            }
        }
    }

    /// The schedules; what is wrong beside them is said.
    async fn read(&self) -> Result<Vec<Schedule>, Error> {
        let (schedules, wrong) = self.store.read_all().await?;
        self.context.tell_wrong(&wrong);
        *self.wrong.borrow_mut() = wrong.first().map(ToString::to_string);
        self.schedules.borrow_mut().clone_from(&schedules);
        Ok(schedules)
    }

    /// One pass over the schedules as they are in the file now.
    async fn pass_over_all(&self) -> Result<Report, Error> {
        let all = self.read().await?;
        if let Some(missing) = self.store.missing() {
            return Err(missing.into());
        }
        if all.is_empty() && !self.flags.quiet {
            let set = self.context.verb("set");
            let what = format!(
                "there are no schedules in {}; {set} makes one",
                self.store.place()
            );
            self.context.ui.warn(&what);
        }
        let fleets = all.iter().filter(|one| one.app.is_fleet()).cloned();
        let mut told: Vec<Schedule> = fleets.collect();
        let all = self.passes.expanded(&all, self.flags.dry_run).await;
        told.extend_from_slice(&all);
        *self.schedules.borrow_mut() = told;
        let schedules = narrow(all, self.flags.app.as_ref(), None);
        self.passes.recall(&schedules);
        let news = self.passes.report_of_news();
        if let (true, Some(app)) = (schedules.is_empty(), &self.flags.app) {
            if let Some(news) = &news {
                self.tell(news);
            }
            return Err(self.context.no_such(format!("{app} has no schedule")));
        }
        let now = self.context.clock.now();
        let is_due = |schedule: &Schedule| pass::may_be_due(schedule, self.state, now);
        let made = if schedules.iter().any(is_due) {
            Some(
                rounds::rounds(
                    &self.passes,
                    &schedules,
                    self.flags.app.as_ref(),
                    self.flags.dry_run,
                    async |trouble| self.live_on(trouble, schedules.len()).await,
                )
                .await,
            )
        } else {
            // Nothing can be due: no request is made.
            let readable = runner::Passes::readable(self, &schedules).await;
            readable.err().map(Err)
        };
        let endings = if self.flags.dry_run {
            vec![]
        } else {
            self.passes.endings(&schedules)
        };
        let trouble = made.as_ref().and_then(|made| match made {
            Ok(report) => report.trouble(),
            Err(error) => Some(error.to_string()),
        });
        let trouble = trouble
            .or_else(|| news.as_ref()?.trouble())
            .or_else(|| self.wrong.borrow().clone());
        if !self.flags.dry_run {
            let next = Schedule::next_of(schedules.iter(), now);
            let line = Line::new(Level::Info, HEARTBEAT)
                .with("schedules", schedules.len())
                .and("next", next.map(|(next, _)| next))
                .and("trouble", trouble.as_ref());
            self.context.ui.log(&line);
            self.fares_well
                .set(trouble.is_none().then_some(schedules.len()));
            self.beat(trouble);
        }
        if let Some(made) = made {
            return match made {
                Ok(mut report) => {
                    report.warnings.extend(endings);
                    report
                        .apps
                        .extend(news.into_iter().flat_map(|news| news.apps));
                    // What came due meanwhile.
                    report.apps.extend(self.passes.news());
                    Ok(report)
                }
                Err(error) => {
                    if let Some(news) = &news {
                        self.tell(news);
                    }
                    for ending in &endings {
                        self.context.ui.warn(ending);
                    }
                    Err(error)
                }
            };
        }
        Ok(Report {
            next: Schedule::next_of(schedules.iter(), now),
            warnings: endings,
            apps: news.into_iter().flat_map(|news| news.apps).collect(),
            ..Report::empty(now, self.flags.dry_run)
        })
    }

    /// A sign of life on this machine. What a person called once is no runner.
    fn beat(&self, trouble: Option<String>) {
        let (key, app) = (self.store.key(), self.flags.app.as_ref());
        let at = self.context.clock.now();
        let sign = Heartbeat::new(Mode::Once, &key, app, trouble, at);
        let is_runner = !self.context.ui.is_watched();
        if is_runner && let Err(error) = self.state.beat(&sign) {
            self.context.ui.warn(&error.to_string());
        }
    }

    /// Whether Heroku takes the token of this runner, asked now and then: it may have been revoked long
    /// before the next occurrence. The request costs nothing of the account's quota.
    async fn is_taken(&self) -> Result<(), Error> {
        let now = self.context.clock.now();
        let is_fresh = |at: Timestamp| now.duration_since(at) < SignedDuration::from_hours(1);
        if self.asked_at.get().is_some_and(is_fresh) {
            return Ok(());
        }
        let (client, ..) = self.context.client(Use::Pass(None)).await?;
        match client.brief().remaining().await {
            Err(error) if error.code() == "unauthorized" => Err(error.into()),
            Err(_) => {
                // Not known: it is asked again in ten minutes.
                self.asked_at.set(Some(now - SignedDuration::from_mins(50)));
                Ok(())
            }
            Ok(_) => {
                self.asked_at.set(Some(now));
                Ok(())
            }
        }
    }
}
