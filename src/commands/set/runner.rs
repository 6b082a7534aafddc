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

/// Tells how the schedule fares, and offers what it lacks; returns the exit code. What was set is set,
/// whatever becomes of it.
pub(super) async fn offer(
    context: &Context<'_>,
    common: &Common,
    runners: &Runners,
    (schedule, is_first): (&Schedule, bool),
    now: Timestamp,
) -> Result<u8, Error> {
    let of_it = std::slice::from_ref(schedule);
    let account = schedule.app.account.as_deref();
    let is_wanted = is_first && context.ui.can_ask() && runners.has_none(&schedule.app, now);
    let done = if is_wanted {
        choose(context, common, account).await
    } else {
        let offered = auth::offer(context, &stop(), common, account).await;
        offered.map(|_| exit::DONE)
    };
    // Last, so that it is what stays on the screen; a runner that has just come is another one.
    let looked =
        async { Runners::look(context, &context.store(common.schedules.as_deref()).await?).await };
    let anew = if is_wanted { looked.await.ok() } else { None };
    let has_none = |runners: &Runners| runners.has_none(&schedule.app, now);
    if is_wanted && anew.as_ref().is_none_or(has_none) {
        let (name, app) = (&schedule.name, &schedule.app.name);
        let said = format!("Schedule {name} of ⬢ {app} is set all the same");
        context.ui.say(&said);
    }
    runners::tell(context, anew.as_ref().unwrap_or(runners), of_it, now);
    done
}

/// Asks what is to run it, and does that.
async fn choose(
    context: &Context<'_>,
    common: &Common,
    account: Option<&str>,
) -> Result<u8, Error> {
    let stop = stop();
    let app = "a small app of its own on Heroku, about $7 a month";
    let timer = install::is_possible().then_some("a timer of this machine, which has to be on");
    let ways = [Some(app), timer, Some("nothing for now")];
    let ways: Vec<String> = ways.into_iter().flatten().map(ToOwned::to_owned).collect();
    let chosen = context.ui.choose("It is run by", &ways, &stop).await;
    let Some(chosen) = chosen else {
        return Ok(exit::DONE);
    };
    if chosen == 0 {
        let flags = Deploy {
            common: common.clone(),
            ..Deploy::default()
        };
        return Box::pin(deploy::deploy(context, flags)).await;
    }
    auth::offer(context, &stop, common, account).await?;
    if chosen + 1 == ways.len() {
        return Ok(exit::DONE);
    }
    let flags = Install {
        common: common.clone(),
        ..Install::default()
    };
    Box::pin(install::install(context, flags)).await
}
