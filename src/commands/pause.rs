//! `pause` and `resume`.

use super::{Context, void};
use crate::{
    cli::{Named, Pause},
    error::{Error, exit},
    report::human,
    schedule::{self, Schedule, Span},
};
use jiff::Timestamp;
use serde_json::json;

pub(super) async fn pause(context: &Context<'_>, pause: Pause) -> Result<u8, Error> {
    let app = context.meant(&pause.named.app, &pause.named.fleet)?.0;
    let store = context
        .store(pause.named.common.schedules.as_deref())
        .await?;
    let before = context.one(context.read(&store).await?, &app, pause.named.name.as_ref())?;
    let zone = before.time_zone();
    let until = pause
        .until
        .as_deref()
        .map(|text| match text.parse::<Span>() {
            Ok(span) => Ok(whole_seconds(context.clock.now() + span.duration())),
            Err(_) => super::instant("--until", text, &zone),
        })
        .transpose()?;
    if let Some(until) = until.filter(|until| *until <= context.clock.now()) {
        return Err(Error::usage(
            format!("--until {} has passed", human::instant(until, &zone)),
            "give a later instant, for example 2099-01-01T09:00",
        ));
    }
    let pause = Some(schedule::Pause { until });
    let changed = store.change(&context.clock, &before, |known| Schedule { pause, ..known });
    let Some((before, after)) = changed.await? else {
        return Err(context.no_such(format!("{app} no longer has a schedule {}", before.name)));
    };
    void::tell(context, "pause", &before, Some(&after)).await;
    let resumes = until.map_or_else(
        || {
            let name = match after.name.as_str() {
                "default" => String::new(),
                name => format!(" --name {name}"),
            };
            let (resume, app) = (context.verb("resume"), after.app.flags());
            format!("until {resume} {app}{name}")
        },
        |until| format!("until {}", human::instant(until, &zone)),
    );
    context.ui.either(
        || format!("Paused schedule {} of ⬢ {} {resumes}", after.name, after.app.name),
        || json!({ "app": after.app.name.as_str(), "name": after.name.as_str(), "paused": true, "until": until }),
    );
    Ok(exit::DONE)
}

/// What stands in a file that people read.
fn whole_seconds(at: Timestamp) -> Timestamp {
    at.round(jiff::Unit::Second).unwrap_or(at)
}

pub(super) async fn resume(context: &Context<'_>, named: Named) -> Result<u8, Error> {
    let app = context.meant(&named.app, &named.fleet)?.0;
    let store = context.store(named.common.schedules.as_deref()).await?;
    let before = context.one(context.read(&store).await?, &app, named.name.as_ref())?;
    let now = heroku_s_time(context, &before).await;
    let changed = store.change(&context.clock, &before, |known| {
        // What fell into the pause is void, to the second.
        let since = if known.is_paused(now) {
            Timestamp::from_second(now.as_second() + 1).ok()
        } else {
            known.floor()
        };
        Schedule {
            pause: None,
            since,
            ..known
        }
    });
    let Some((before, after)) = changed.await? else {
        return Err(context.no_such(format!("{app} no longer has a schedule {}", before.name)));
    };
    let was_paused = before.is_paused(now);
    let next = after.next_due(now);
    let then = next
        .map(|next| format!("; next {}", human::instant(next, &after.time_zone())))
        .unwrap_or_default();
    let verb = if was_paused { "Resumed" } else { "Not paused:" };
    context.ui.either(
        || format!("{verb} schedule {} of ⬢ {}{then}", after.name, after.app.name),
        || json!({ "app": after.app.name.as_str(), "name": after.name.as_str(), "paused": false, "next": next }),
    );
    Ok(exit::DONE)
}

/// Heroku's time, since that is what occurrences are judged by; this machine's where Heroku cannot
/// be asked.
async fn heroku_s_time(context: &Context<'_>, schedule: &Schedule) -> Timestamp {
    if schedule.app.is_fleet() {
        return context.clock.now();
    }
    let asked = async {
        let client = context.client_for(schedule).await?;
        client.app(schedule.app.id_or_name()).await?;
        Ok::<_, Error>(client.now())
    };
    asked.await.unwrap_or_else(|_| context.clock.now())
}
