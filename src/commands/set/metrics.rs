//! What a schedule that is about memory needs of its app: that its dynos tell what they use.

use super::{super::Context, seen::Seen};
use crate::{
    cli::Set,
    commands::foresee::Trouble,
    credentials::Use,
    error::Error,
    observe, plan,
    schedule::{Schedule, Threshold},
    snapshot::Generation,
};

const FEATURE: &str = "log-runtime-metrics";

/// Finds out whether the dynos of an app tell what they use, and turns that on where somebody wants it.
/// Returns what stands against it.
pub(super) async fn look(
    context: &Context<'_>,
    flags: &Set,
    schedule: &Schedule,
    seen: &Seen,
) -> Vec<Trouble> {
    if !schedule.memory.is_needed() {
        return vec![];
    }
    let app = &seen.app;
    if app.generation == Generation::Fir {
        return vec![Trouble {
            warning: format!("⬢ {} is on Fir, whose log tells neither what dynos use nor R14: by its memory no dyno is ever due", app.name),
            hint: Some("--at 07,14 or --max-uptime 6h works on Fir; Heroku itself restarts a dyno there that exceeds its quota".to_owned()),
            is_mild: false,
        }];
    }
    let mut troubles: Vec<Trouble> = auto(schedule, seen).into_iter().collect();
    troubles.extend(too_large(context, schedule, seen).await);
    let is_only_r14 = schedule.memory.on_r14
        && !schedule.memory.if_needed
        && schedule.memory.threshold.is_none()
        && schedule.memory.before_limit.is_none();
    if is_only_r14 {
        return troubles;
    }
    match is_on(context, flags, seen).await {
        Ok(true) => {}
        Ok(false) => troubles.push(Trouble {
            warning: format!("{FEATURE} is off on ⬢ {}, so no dyno tells what it uses: until that is on, only R14 counts", app.name),
            hint: Some(format!(
                "heroku labs:enable {FEATURE} --app {}, or the same with --enable-metrics; each dyno tells from its next start on, in about 8,640 log lines a day",
                app.name
            )),
            is_mild: false,
        }),
        Err(error) => troubles.push(Trouble {
            warning: format!("whether {FEATURE} is on is not known: {error}"),
            hint: Some(format!("heroku labs --app {} shows it", app.name)),
            is_mild: false,
        }),
    }
    troubles
}

async fn is_on(context: &Context<'_>, flags: &Set, seen: &Seen) -> Result<bool, Error> {
    let (client, ..) = context.client(Use::Person).await?;
    let (ui, app) = (context.ui, &seen.app);
    if client.has_feature(&app.id, FEATURE).await? {
        return Ok(true);
    }
    let is_wanted = if flags.memory.enable_metrics {
        true
    } else if ui.can_ask() {
        let question = format!("Turn {FEATURE} on for ⬢ {}? It restarts nothing", app.name);
        let stop = crate::commands::stop();
        match ui.ask(&question, true, &stop).await {
            Some(answer) => answer,
            // What was set is set.
            None => return Err(Error::Interrupted),
        }
    } else {
        false
    };
    if !is_wanted || !client.enable_feature(&app.id, FEATURE).await? {
        return Ok(false);
    }
    ui.say(&format!(
        "{FEATURE} is on for ⬢ {}: each dyno tells what it uses from its next start on; before that, only R14 counts",
        app.name
    ));
    Ok(true)
}

/// A threshold that is over what dynos may use: they swap before it is reached, or never reach it.
async fn too_large(context: &Context<'_>, schedule: &Schedule, seen: &Seen) -> Option<Trouble> {
    let over = match schedule.memory.threshold() {
        Threshold::Percent(percent) if percent > 100 => "their quota".to_owned(),
        Threshold::Size(size) => {
            // What cannot be asked stands against nothing.
            let (client, ..) = context.client(Use::Person).await.ok()?;
            let shape = (seen.formation.clone(), false);
            let mut snapshot = observe::dynos(&client, seen.app.clone(), shape)
                .await
                .ok()?;
            snapshot.sizes = client.dyno_sizes().await.ok()?;
            let target = &schedule.target;
            let over = snapshot.formation_dynos().filter_map(|dyno| {
                let quota = snapshot.quota(dyno).filter(|quota| *quota < size)?;
                let is_meant = target.includes(&dyno.name, &dyno.process_type);
                is_meant.then_some((dyno, quota))
            });
            let (dyno, quota) = over.min_by_key(|(dyno, _)| plan::place(&dyno.name))?;
            format!("the {quota} of {}", dyno.name)
        }
        Threshold::Auto | Threshold::Percent(_) => return None,
    };
    let before = if seen.app.is_ended_at_quota() {
        "Heroku ends a dyno"
    } else {
        "dynos swap, and are slow,"
    };
    Some(Trouble {
        warning: format!("the threshold is more than {over}: {before} before that is reached"),
        hint: Some("--memory auto is below the quota of each dyno, whatever its size".to_owned()),
        is_mild: false,
    })
}

/// What `auto` stands for here.
fn auto(schedule: &Schedule, seen: &Seen) -> Option<Trouble> {
    let is_auto = schedule.memory.threshold() == Threshold::Auto;
    let is_counted = schedule.memory.threshold.is_some() || schedule.memory.if_needed;
    let is_ended = seen.app.is_ended_at_quota();
    let share = Threshold::auto(is_ended);
    let why = if is_ended {
        "Heroku ends a dyno of a Private Space at its quota"
    } else {
        "beyond its quota a dyno swaps"
    };
    (is_auto && is_counted).then(|| Trouble {
        warning: format!("The threshold is {share}% of the quota: {why}"),
        hint: None,
        is_mild: true,
    })
}
