//! A pass over an app waits: for its turn among others, and for reasons that pass by themselves.

use super::{LONGEST_WAIT, keep_trouble, one_app::AppPass};
use crate::{error::Error, execute::Progress, snapshot::Snapshot};
use jiff::SignedDuration;

impl AppPass<'_> {
    /// Waits until there is room among the apps that are rolled.
    pub(super) async fn take_turn(&mut self) -> Result<(), Error> {
        let turns = self.pass.turns;
        if let Ok(turn) = turns.try_acquire() {
            self.turn = Some(turn);
            return Ok(());
        }
        if self.known.now.is_none() && !self.pass.options.is_dry_run {
            let why = Error::Other {
                code: "waiting_for_its_turn",
                message: "it waited for its turn among the apps that are rolled at once".to_owned(),
                hint: None,
            };
            let now = self.pass.tools.client.now();
            keep_trouble(self.pass.state, &self.schedules, now, &why);
        }
        let turn = self.pass.tools.stop.or(turns.acquire()).await?;
        self.turn = turn.ok();
        Ok(())
    }

    /// Until the catch-up of every schedule is over, at least an hour.
    pub(super) fn longest_wait(&self) -> SignedDuration {
        /// So long Heroku may take to answer well where nothing else is waited for.
        const A_MOMENT: SignedDuration = SignedDuration::from_secs(60);
        if self.pass.options.no_wait {
            return A_MOMENT;
        }
        let catch_ups = self
            .schedules
            .iter()
            .map(|schedule| schedule.guards.catch_up.duration());
        catch_ups.max().unwrap_or_default().max(LONGEST_WAIT)
    }

    pub(super) async fn wait(
        &mut self,
        snapshot: &Snapshot,
        reason: &str,
        waits: &mut usize,
    ) -> bool {
        const SECONDS: [i64; 3] = [5, 10, 15];
        let seconds = SECONDS.get(*waits).copied().unwrap_or(30);
        *waits += 1;
        let tools = &self.pass.tools;
        tools.observer.progress(Progress::Waiting {
            app: &snapshot.app.name,
            reason,
        });
        // A fresh look takes four requests.
        let wait = SignedDuration::from_secs(seconds).max(tools.client.pace() * 4);
        drop(self.turn.take());
        let is_stopped = self.pass.tools.pause(wait).await;
        is_stopped || self.take_turn().await.is_err()
    }
}
