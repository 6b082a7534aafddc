//! `run --now`: what somebody asks for, shown and asked about before anything is restarted.

use super::Runner;
use crate::{
    commands::{set, tell::tell},
    error::{Error, exit},
    pass::Request,
    plan::due::Given,
    store::narrow,
};

impl Runner<'_> {
    pub(super) async fn now(&self) -> Result<u8, Error> {
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
        let all = self.passes.expanded(&self.read().await?, true).await;
        let schedules = narrow(all, Some(app), None);
        let mut request = Request {
            target,
            older_than: self.flags.older_than,
            ignores_windows: self.flags.ignore_windows,
            given: Given {
                max_unavailable: self.flags.how.max_unavailable,
                wait_limit: self.flags.how.wait_limit,
                settle: self.flags.how.settle,
                check_url: self.flags.how.check_url.clone(),
                ignores_busy: self.flags.ignore_busy,
                ignores_incident: self.flags.ignore_incident,
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
            let asked = self.passes.asked(app, &schedules, request.clone(), true);
            let plan = asked.await?;
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
            match ui.ask(&question, false, self.stop).await {
                Some(true) => {}
                Some(false) => {
                    ui.say("Nothing was restarted");
                    return Ok(exit::DONE);
                }
                None => return Err(Error::Interrupted),
            }
        }
        let report = self
            .passes
            .asked(app, &schedules, request, self.flags.dry_run)
            .await?;
        tell(context, &report);
        Ok(report.exit_code())
    }
}
