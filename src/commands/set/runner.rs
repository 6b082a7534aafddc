//! Offers a runner to a person who has set the first schedule, and the credential that it needs:
//! nothing comes of a schedule that nothing runs.

use super::super::{
    Context, auth, deploy, install,
    runners::{self, Runners},
    stop,
};
use crate::{
    cli::{Common, Deploy, Install},
    error::{Error, exit},
    schedule::Schedule,
};
use jiff::Timestamp;

/// Tells how the schedule fares, or offers what it lacks; returns the exit code. What was set is set,
/// whatever becomes of it.
pub(super) async fn offer(
    context: &Context<'_>,
    common: &Common,
    runners: &Runners,
    (schedule, is_first): (&Schedule, bool),
    now: Timestamp,
) -> Result<u8, Error> {
    let (ui, stop) = (context.ui, stop());
    let account = schedule.app.account.as_deref();
    if is_first && ui.can_ask() && runners.has_none(&schedule.app, now) {
        let ways = [
            "a small app of its own on Heroku, about $7 a month",
            "a timer of this machine, which has to be on",
            "nothing for now",
        ];
        let ways = ways.map(ToOwned::to_owned);
        match ui.choose("It is run by", &ways, &stop).await {
            Some(0) => {
                let flags = Deploy {
                    common: common.clone(),
                    ..Deploy::default()
                };
                return Box::pin(deploy::deploy(context, flags)).await;
            }
            Some(1) => {
                auth::offer(context, &stop, common, account).await?;
                let flags = Install {
                    common: common.clone(),
                    ..Install::default()
                };
                return Box::pin(install::install(context, flags)).await;
            }
            _ => {}
        }
    }
    let offered = auth::offer(context, &stop, common, account).await;
    // Last, so that it is what stays on the screen.
    runners::tell(context, runners, std::slice::from_ref(schedule), now);
    offered.map(|_| exit::DONE)
}
