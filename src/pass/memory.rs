//! What a pass knows of the memory of an app's dynos: from a log that somebody listens to already, or
//! from a look at it.

use super::{effects, one_app::AppPass};
use crate::{
    clock::Clock,
    heroku::{self, Client},
    listen,
    memory::{Bytes, Lives, Seen},
    plan::{Outcome, Plan, Skip, SkipReason},
    report::{AppReport, advice},
    schedule::Schedule,
    snapshot::{Dyno, Generation, Snapshot},
};
use jiff::{SignedDuration, Timestamp};
use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    rc::Rc,
};

/// A log that is listened to.
#[derive(Debug, Default)]
pub struct Heard {
    pub lives: RefCell<Lives>,
    /// Whether the platform ends the app's dynos at their quota, once a pass has seen that.
    pub is_ended_at_quota: Cell<bool>,
    /// The same of its id.
    pub app_id: RefCell<Option<String>>,
    /// What its dynos may use, by their names, as a pass has found out.
    pub quotas: RefCell<BTreeMap<String, Bytes>>,
    /// How far Heroku's clock is ahead of this machine's, by the newest pass.
    pub skew: Cell<SignedDuration>,
    /// Since when it cannot be read, and why.
    pub unread: RefCell<Option<(Timestamp, String)>>,
}

impl Heard {
    /// What its lines do not tell.
    fn learn(&self, snapshot: &Snapshot, client: &Client) {
        self.skew.set(client.skew().unwrap_or_default());
        self.is_ended_at_quota.set(snapshot.app.is_ended_at_quota());
        self.app_id.replace(Some(snapshot.app.id.clone()));
        let quota = |dyno: &Dyno| Some((dyno.name.clone(), snapshot.quota(dyno)?));
        let quotas = snapshot.formation_dynos().filter_map(quota);
        self.quotas.replace(quotas.collect());
    }
}

/// Logs that are listened to, by app: under its id and its name alike.
pub type Listened = RefCell<BTreeMap<String, Rc<Heard>>>;

/// What one look at a log told, and when.
pub(super) struct Looked {
    at: Timestamp,
    lives: Lives,
}

/// Three samples come within so long.
const PATIENCE: SignedDuration = SignedDuration::from_secs(70);
/// Who hears of some dyno every 20 seconds has heard of one since.
const HEARD_OF_LATE: SignedDuration = SignedDuration::from_mins(2);
/// A look is repeated when its samples are old.
const FRESH: SignedDuration = SignedDuration::from_secs(60);

/// Adds to a snapshot what the past of its log tells of memory, where a schedule asks for it; returns why it
/// could not be read.
pub async fn recall(
    client: &Client,
    clock: Clock,
    schedules: &[Schedule],
    snapshot: &mut Snapshot,
) -> Option<heroku::Error> {
    if !schedules.iter().any(|schedule| schedule.memory.is_needed()) {
        return None;
    }
    if snapshot.app.generation == Generation::Fir {
        snapshot.memory = Lives::default().seen(&snapshot.dynos);
        return None;
    }
    let app = snapshot.app.id.clone();
    match listen::look(client, clock, &app, snapshot.at.min(clock.now()), |_| true).await {
        Ok(lives) => {
            snapshot.memory = lives.seen(&snapshot.dynos);
            if lacks_quota(snapshot) {
                snapshot.sizes = client.dyno_sizes().await.unwrap_or_default();
            }
            None
        }
        Err(error) => Some(error),
    }
}

/// Whether a dyno tells what it uses, and not of how much.
fn lacks_quota(snapshot: &Snapshot) -> bool {
    let mut dynos = snapshot.formation_dynos();
    dynos.any(|dyno| {
        let seen = snapshot.memory.get(&dyno.id);
        seen.is_some_and(Seen::is_anything) && snapshot.quota(dyno).is_none()
    })
}

impl AppPass<'_> {
    /// Adds to a snapshot what is known of the memory of its dynos, where a schedule asks for it. What
    /// cannot be found out is told, and holds no other trigger.
    pub(super) async fn remember(&mut self, report: &mut AppReport, snapshot: &mut Snapshot) {
        let is_needed = self.known.now.is_none()
            && self
                .schedules
                .iter()
                .any(|schedule| schedule.memory.is_needed());
        if !is_needed {
            return;
        }
        let heard = self.listened(snapshot);
        let client = self.pass.tools.client;
        // Fir's log has no past, and nothing of memory.
        if snapshot.app.generation == Generation::Fir {
            snapshot.memory = Lives::default().seen(&snapshot.dynos);
            if let Some(heard) = heard {
                heard.learn(snapshot, client);
            }
            return;
        }
        let new = heard
            .as_ref()
            .filter(|heard| heard.app_id.borrow().is_none());
        if let Some(heard) = new
            && self.is_measured(snapshot).await
        {
            self.wait_for(heard, snapshot).await;
        }
        if let Some(heard) = &heard {
            heard.learn(snapshot, client);
        }
        // One who hears nothing any more knows less than the log.
        let is_of_late = |heard: &Rc<Heard>| {
            let told_at = heard.lives.borrow().told_at();
            told_at.is_some_and(|at| snapshot.at.duration_since(at) < HEARD_OF_LATE)
        };
        let seen = match heard.clone().filter(is_of_late) {
            Some(heard) => heard.lives.borrow().seen(&snapshot.dynos),
            None => match self.look_at_log(snapshot).await {
                Ok(lives) => lives.seen(&snapshot.dynos),
                Err(error) => {
                    let notice = format!("{}: its log cannot be read: {error}", report.app);
                    if !report.notices.contains(&notice) {
                        report.notices.push(notice);
                    }
                    return;
                }
            },
        };
        snapshot.memory = seen;
        self.measure(report, snapshot);
        if lacks_quota(snapshot) {
            self.ask_for_sizes().await;
            snapshot.sizes.clone_from(&self.sizes);
        }
        if let Some(heard) = heard {
            heard.learn(snapshot, client);
        }
    }

    /// What helps the dynos that a restart does not help; which were restarted in doubt, and of which
    /// nothing is known.
    pub(super) async fn advise(
        &mut self,
        report: &mut AppReport,
        plan: &Plan,
        snapshot: &Snapshot,
    ) {
        let doubtful = report.ended.iter();
        let doubtful =
            doubtful.filter(|ended| ended.step.is_in_doubt && ended.outcome == Outcome::Restarted);
        let doubtful: Vec<&str> = doubtful.map(|ended| ended.step.dyno.as_str()).collect();
        if !doubtful.is_empty() {
            let dynos = doubtful.join(", ");
            report.notices.push(format!(
                "{}: {dynos}: restarted in doubt, for the log did not tell enough of memory to know that it was not needed",
                report.app
            ));
        }
        let mut unknown: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for skip in &plan.skips {
            if skip.reason == SkipReason::MemoryUnknown {
                unknown.entry(&skip.detail).or_default().push(&skip.dyno);
            }
        }
        for (why, dynos) in unknown {
            let dynos = dynos.join(", ");
            report
                .notices
                .push(format!("{}: {dynos}: memory unknown: {why}", report.app));
        }
        let is_helpless = |skip: &&Skip| skip.reason == SkipReason::RestartDoesNotHelp;
        let named = |skip: &Skip| snapshot.dynos.iter().find(|dyno| dyno.name == skip.dyno);
        let helpless: Vec<&Dyno> = plan
            .skips
            .iter()
            .filter(is_helpless)
            .filter_map(named)
            .collect();
        if helpless.is_empty() {
            return;
        }
        self.ask_for_sizes().await;
        for dyno in helpless {
            let advice = advice::more_memory(dyno, &self.sizes);
            report.notices.push(format!("{}: {advice}", report.app));
        }
    }

    async fn ask_for_sizes(&mut self) {
        if self.sizes.is_empty() {
            let sizes = self.pass.tools.client.dyno_sizes().await;
            self.sizes = sizes.unwrap_or_default();
        }
    }

    /// Notes what earlier restarts bought; that it cannot be noted stops nothing.
    fn measure(&self, report: &mut AppReport, snapshot: &Snapshot) {
        if self.pass.options.is_dry_run {
            return;
        }
        let ledger = self.pass.tools.ledger;
        let measure =
            |lives: &Lives| effects::measure(ledger, &snapshot.app.id, lives, snapshot.at);
        let listened = self
            .listened(snapshot)
            .map(|heard| measure(&heard.lives.borrow()));
        let looked = || self.looked.as_ref().map(|looked| measure(&looked.lives));
        match listened.or_else(looked) {
            Some(Ok(measured)) => report.measured.extend(measured),
            Some(Err(error)) => tracing::debug!(%error, "what restarts bought is not noted"),
            None => {}
        }
    }

    fn listened(&self, snapshot: &Snapshot) -> Option<Rc<Heard>> {
        let listened = self.pass.listened?.borrow();
        let app = &snapshot.app;
        let heard = listened.get(&app.id).or_else(|| listened.get(&app.name));
        heard.cloned()
    }

    /// Whether its dynos tell what they use.
    async fn is_measured(&self, snapshot: &Snapshot) -> bool {
        let client = self.pass.tools.client;
        let told = || client.has_feature(&snapshot.app.id, "log-runtime-metrics");
        snapshot.app.generation == Generation::Cedar && told().await.unwrap_or(true)
    }

    /// Whether enough is known of each dyno that is judged by its memory now.
    fn is_known(&self, lives: &Lives, snapshot: &Snapshot) -> bool {
        let seen = lives.seen(&snapshot.dynos);
        let is_ours = |dyno: &&Dyno| {
            let mut about = self.schedules.iter().filter(|one| one.memory.is_needed());
            let up_for = snapshot.at.duration_since(dyno.began_at());
            // One that is warming up is not judged yet.
            let is_meant = |one: &Schedule| {
                one.target.includes(&dyno.name, &dyno.process_type)
                    && up_for >= one.warm_up().duration()
            };
            dyno.is_up() && about.any(is_meant)
        };
        let now = self.pass.tools.client.now();
        let mut dynos = snapshot.formation_dynos().filter(is_ours);
        dynos.all(|dyno| seen.get(&dyno.id).is_some_and(|seen| seen.is_known(now)))
    }

    /// Whoever has just begun to listen hears the past of the log in a moment, and the next samples soon.
    async fn wait_for(&self, heard: &Heard, snapshot: &Snapshot) {
        const A_SECOND: SignedDuration = SignedDuration::from_secs(1);
        let clock = self.pass.tools.clock;
        let until = clock.now() + PATIENCE;
        let is_over = || {
            let has_failed = heard.unread.borrow().is_some();
            let is_known = || self.is_known(&heard.lives.borrow(), snapshot);
            has_failed || self.pass.tools.stop.is_set() || clock.now() >= until || is_known()
        };
        while !is_over() {
            clock.sleep(A_SECOND).await;
        }
    }

    async fn look_at_log(&mut self, snapshot: &Snapshot) -> Result<&Lives, heroku::Error> {
        let now = snapshot.at;
        let is_fresh = |looked: &Looked| now.duration_since(looked.at) < FRESH;
        if !self.looked.as_ref().is_some_and(is_fresh) {
            let (client, clock) = (self.pass.tools.client, self.pass.tools.clock);
            let app = snapshot.app.id.as_str();
            let options = &self.pass.options;
            let may_wait = !options.is_dry_run && !options.no_wait;
            // Where no dyno is measured there is nothing to wait for.
            let is_patient = may_wait && self.is_measured(snapshot).await;
            let until = if is_patient {
                clock.now() + PATIENCE
            } else {
                clock.now()
            };
            let is_known = |lives: &Lives| self.is_known(lives, snapshot);
            let look = listen::look(client, clock, app, until, is_known);
            let lives = tokio::select! {
                lives = look => lives?,
                () = self.pass.tools.stop.set() => Lives::default(),
            };
            self.looked = Some(Looked {
                at: client.now(),
                lives,
            });
        }
        let empty = || Looked {
            at: now,
            lives: Lives::default(),
        };
        Ok(&self.looked.get_or_insert_with(empty).lives)
    }
}
