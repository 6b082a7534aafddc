//! Whether a runner lives: its newest sign of life, or the first one of a new version; what is shown
//! where there is none.

use super::Deployment;
use crate::{error::Error, heroku::LogLine, runner::deployed, snapshot::State};
use jiff::{SignedDuration, Timestamp};

/// How long a new runner may take to its first sign of life: a dyno starts within a minute.
const FIRST_SIGN: SignedDuration = SignedDuration::from_mins(3);

impl Deployment<'_> {
    pub(super) async fn last_sign(&self, app: &str) -> Result<Option<Timestamp>, Error> {
        let seen = self
            .stop
            .unless(deployed::look(&self.login.client, app))
            .await?;
        let now = self.login.client.now();
        if seen.dyno == Some(State::Crashed) {
            self.show(&seen.tail);
            return Err(Error::Other {
                code: "crashed",
                message: format!(
                    "⬢ {} is as it should be, and its dyno has crashed",
                    self.name
                ),
                hint: Some(self.way_back()),
            });
        }
        let alive = seen.beat.filter(|beat| beat.is_alive(now));
        if let Some(trouble) = alive.as_ref().and_then(|beat| beat.trouble.as_ref()) {
            self.context
                .ui
                .warn(&format!("it runs, and has trouble: {trouble}"));
        }
        if alive.is_none() {
            let (ui, name) = (self.context.ui, &self.name);
            ui.warn(&format!(
                "⬢ {name} is as it should be, and shows no sign of life"
            ));
            ui.hint(&format!(
                "heroku ps:restart --app {name} starts it anew; heroku logs --app {name} shows why"
            ));
        }
        Ok(alive.map(|beat| beat.at))
    }

    /// Waits for a sign of life that is newer than this.
    pub(super) async fn first_sign(&self, app: &str, since: Timestamp) -> Result<Timestamp, Error> {
        let (client, clock) = (&self.login.client, self.context.clock);
        let action = self.context.ui.action("Waiting for its first sign of life");
        let (mut problem, mut tail, mut crashes) = (None, vec![], 0);
        // A dyno that crashed is started once more at once, and then not for a while.
        while client.now().duration_since(since) < FIRST_SIGN && crashes < 3 {
            match self.stop.or(deployed::look(client, app)).await? {
                Ok(seen) => {
                    if let Some(beat) = seen.beat.filter(|beat| beat.at >= since) {
                        action.done();
                        if let Some(trouble) = beat.trouble {
                            self.context
                                .ui
                                .warn(&format!("it runs, and has trouble: {trouble}"));
                        }
                        return Ok(beat.at);
                    }
                    let has_crashed = seen.dyno == Some(State::Crashed);
                    crashes = if has_crashed { crashes + 1 } else { 0 };
                    problem = has_crashed.then(|| "its dyno crashed".to_owned());
                    tail = seen.tail;
                }
                // Logs come when they come.
                Err(error) => problem = Some(error.to_string()),
            }
            self.stop
                .or(clock.sleep(SignedDuration::from_secs(2)))
                .await?;
        }
        drop(action);
        self.show(&tail);
        let why = problem.map_or(String::new(), |problem| format!(": {problem}"));
        Err(Error::Other {
            code: "no_sign_of_life",
            message: format!(
                "⬢ {} has shown no sign of life within 3 minutes{why}",
                self.name
            ),
            hint: Some(
                if self
                    .found
                    .as_ref()
                    .is_some_and(|found| found.slug.is_some())
                {
                    self.way_back()
                } else {
                    format!("run it again; heroku logs --app {} shows more", self.name)
                },
            ),
        })
    }

    /// The end of its log.
    fn show(&self, tail: &[LogLine]) {
        for line in tail {
            let text = format!("  {}: {}", line.from, line.text);
            self.context.ui.say(&text);
        }
    }

    /// To what ran before.
    fn way_back(&self) -> String {
        format!(
            "heroku releases:rollback --app {name} goes back to what ran before, heroku ps:restart --app {name} starts it anew",
            name = self.name
        )
    }
}
