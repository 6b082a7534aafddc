//! `plan`: the next occurrences, what a pass would do now, dyno by dyno, and whether Heroku's own daily
//! cycle can come before.

mod ahead;
mod fleets;
mod now;
mod picture;

use super::{
    Context, index, instant,
    runners::{self, Runners},
};
use crate::{
    cli,
    error::{Error, exit},
    pass,
    plan::daily_cycle::{self, Between},
    report::{forecast, human, json as shapes},
    schedule::{Foreseen, Schedule},
    snapshot::Generation,
    store::narrow,
};
use jiff::{SignedDuration, Timestamp};
use now::AppPlan;
use serde::Serialize;
use serde_json::Value;
use std::{collections::BTreeMap, rc::Rc};

/// A schedule, and what is to come of it.
struct Outlook<'a> {
    schedule: &'a Schedule,
    /// Where it begins: now, or `--from`.
    from: Timestamp,
    /// Where `--to` ends it.
    to: Option<Timestamp>,
    foreseen: Vec<Foreseen>,
    /// Where Heroku's cycle may fire between two of its restarts, within a month.
    gaps: Rc<Vec<Between>>,
}

/// The gaps of each app and target, looked for once: they are the same for all of its schedules.
struct Gaps<'a> {
    /// By the app's name; after a rename it has two.
    by_name: BTreeMap<String, Rc<Vec<Schedule>>>,
    found: BTreeMap<(&'a str, String, Timestamp), Rc<Vec<Between>>>,
}

impl<'a> Gaps<'a> {
    fn of(schedules: &[Schedule]) -> Self {
        let mut by_name = BTreeMap::new();
        for of_app in pass::by_app(schedules.iter()).into_values() {
            let of_app = Rc::new(of_app);
            for schedule in of_app.iter() {
                by_name.insert(schedule.app.name.to_string(), Rc::clone(&of_app));
            }
        }
        Self {
            by_name,
            found: BTreeMap::new(),
        }
    }

    fn from(&mut self, schedule: &'a Schedule, from: Timestamp) -> Rc<Vec<Between>> {
        let (app, target) = (schedule.app.name.as_str(), &schedule.target);
        let of_app: Vec<&Schedule> = self.by_name[app].iter().collect();
        let look = || {
            Rc::new(daily_cycle::between(
                target,
                &of_app,
                from,
                from + GAPS_WITHIN,
            ))
        };
        let key = (app, target.to_string(), from);
        Rc::clone(self.found.entry(key).or_insert_with(look))
    }
}

/// Within how long gaps are looked for.
const GAPS_WITHIN: SignedDuration = SignedDuration::from_hours(31 * 24);

pub(super) async fn plan(context: &Context<'_>, flags: cli::Plan) -> Result<u8, Error> {
    let store = context.store(flags.common.schedules.as_deref()).await?;
    let entries = context.read(&store).await?;
    let all = context.expanded(&entries).await?;
    let schedules = narrow(all, flags.app.as_ref(), None);
    let now = context.clock.now();
    if let Some(missing) = store.missing() {
        context.ui.warn(&missing.to_string());
    }
    if schedules.is_empty() {
        // What is wrong is said all the same.
        span(&flags, &jiff::tz::TimeZone::system())?;
        if context.ui.is_json {
            context.ui.json(&document(now, &[], &[]));
        } else {
            let fleets: Vec<&str> = entries.iter().map(|one| one.app.name.as_str()).collect();
            if flags.app.is_none() && !fleets.is_empty() {
                let fleets = fleets.join(", ");
                context
                    .ui
                    .result(&format!("No app of {fleets} now: nothing is restarted"));
                return Ok(exit::DONE);
            }
            context.ui.result(&index::none(flags.app.as_ref()));
            context.ui.hint(&format!(
                "{} --app example-app --at 07,14 makes one",
                context.verb("set")
            ));
        }
        return Ok(exit::DONE);
    }
    let mut gaps = Gaps::of(&schedules);
    let mut outlooks = schedules
        .iter()
        .map(|schedule| outlook(&flags, schedule, &mut gaps, now))
        .collect::<Result<Vec<_>, Error>>()?;
    let runners = Runners::look(context, &store).await?;
    let apps = now::ask(context, &runners, &schedules).await?;
    // Whether an app on Fir has the cycle at all nobody tells: that is said of its dynos.
    let is_fir = |outlook: &&mut Outlook<'_>| {
        let plans = apps.iter().filter_map(|app| app.plan.as_ref().ok());
        let mut of_fir = plans.filter(|now| now.snapshot.app.generation == Generation::Fir);
        of_fir.any(|now| now.is_of(outlook.schedule))
    };
    for outlook in outlooks.iter_mut().filter(is_fir) {
        outlook.gaps = Rc::default();
    }
    let has_error = apps.iter().any(|app| app.plan.is_err());
    if context.ui.is_json {
        context.ui.json(&document(now, &outlooks, &apps));
    } else {
        let width = context.ui.width();
        let shown = fleets::once(&outlooks);
        let pictures = picture::is_wanted(width, shown.len());
        let outlook = |(of, outlook): &(String, &Outlook<'_>)| {
            let words = in_words(of, outlook, now);
            let picture = pictures.then(|| picture::of(context.ui, outlook, &apps));
            words + &picture.unwrap_or_default()
        };
        let mut parts: Vec<String> = shown.iter().map(outlook).collect();
        parts.extend(apps.iter().filter_map(|app| now::in_words(width, app)));
        parts.extend(now::together(&apps));
        context.ui.result(&parts.join("\n\n"));
        for app in &apps {
            if let Err(error) = &app.plan {
                context.ui.warn(&format!(
                    "⬢ {}: what a pass would do now is unknown: {error}",
                    app.app
                ));
                error.hint().iter().for_each(|hint| context.ui.hint(hint));
            }
        }
        runners::tell(context, &runners, &schedules, now);
    }
    if outlooks
        .iter()
        .any(|outlook| outlook.foreseen.len() >= MOST_SHOWN)
    {
        context.ui.warn(&format!(
            "only the first {MOST_SHOWN} occurrences are shown"
        ));
    }
    Ok(if has_error { exit::FAILED } else { exit::DONE })
}

fn outlook<'a>(
    flags: &cli::Plan,
    schedule: &'a Schedule,
    gaps: &mut Gaps<'a>,
    now: Timestamp,
) -> Result<Outlook<'a>, Error> {
    let (from, to) = span(flags, &schedule.time_zone())?;
    // What falls on --from itself is shown too.
    let from = from.map_or(now, |from| from - SignedDuration::from_nanos(1));
    // Up to an instant: all of them, unless it is said how many.
    let few = if to.is_some() { MOST_SHOWN } else { 5 };
    let limit = flags.next.map_or(few, usize::from);
    Ok(Outlook {
        schedule,
        from,
        to,
        foreseen: schedule.foresee(from, to, limit),
        gaps: gaps.from(schedule, from),
    })
}

/// Occurrences shown of one schedule, whatever `--to` is.
const MOST_SHOWN: usize = 100_000;

/// `--from` and `--to`, as the wall clock of a zone has them.
fn span(
    flags: &cli::Plan,
    zone: &jiff::tz::TimeZone,
) -> Result<(Option<Timestamp>, Option<Timestamp>), Error> {
    let bound = |name: &str, text: &Option<String>| {
        text.as_deref()
            .map(|text| instant(name, text, zone))
            .transpose()
    };
    let (from, to) = (bound("--from", &flags.from)?, bound("--to", &flags.to)?);
    if let (Some(from), Some(to)) = (from, to)
        && to <= from
    {
        return Err(Error::usage(
            "--to is not after --from",
            "give a later --to, for example --from 2026-03-01 --to 2026-04-01",
        ));
    }
    Ok((from, to))
}

fn in_words(of: &str, outlook: &Outlook<'_>, now: Timestamp) -> String {
    let schedule = outlook.schedule;
    let zone = schedule.time_zone();
    let mut lines = vec![format!(
        "{of}  {}: {} {} {}",
        schedule.name,
        schedule.target,
        schedule.target.restarts(),
        schedule.when()
    )];
    if schedule.is_paused(now) {
        let until = schedule
            .pause
            .and_then(|pause| pause.until)
            .map(|until| format!(" until {}", human::instant(until, &zone)))
            .unwrap_or_default();
        lines.push(format!("  paused{until}"));
    }
    let foreseen = outlook.foreseen.iter();
    lines.extend(foreseen.map(|foreseen| forecast::line(foreseen, &zone, now)));
    if outlook.foreseen.is_empty() && schedule.calendar.is_some() && !schedule.is_paused(now) {
        lines.push("  no occurrences in this time".to_owned());
    }
    if let Some((gaps, _)) = forecast::gaps(&outlook.gaps, &zone) {
        lines.push(format!("  Heroku's own daily cycle {gaps}"));
    }
    lines.join("\n")
}

/// `plan --json`. Occurrences can be many, so that they are not made a tree of values first.
#[derive(Serialize)]
struct Document<'a> {
    now: Timestamp,
    occurrences: Vec<forecast::Occurrence<'a>>,
    own_daily_cycle: Vec<Value>,
    void: Vec<Value>,
    daily_cycle_gaps: Vec<Value>,
    errors: Vec<Value>,
    #[serde(flatten)]
    now_at_heroku: now::Json,
}

fn document<'a>(now: Timestamp, outlooks: &'a [Outlook<'a>], apps: &[AppPlan]) -> Document<'a> {
    let mut foreseen = forecast::Json::default();
    for outlook in outlooks {
        let one = forecast::json_of(outlook.schedule, &outlook.foreseen);
        foreseen.occurrences.extend(one.occurrences);
        foreseen.own_daily_cycle.extend(one.own_daily_cycle);
        foreseen.void.extend(one.void);
    }
    let gaps = |outlook: &Outlook<'_>| {
        forecast::json_of_gaps(outlook.schedule, &outlook.gaps).collect::<Vec<_>>()
    };
    let errors = apps.iter().filter_map(|app| {
        let error = app.plan.as_ref().err()?;
        Some(shapes::error(&app.app, error))
    });
    Document {
        now,
        occurrences: foreseen.occurrences,
        own_daily_cycle: foreseen.own_daily_cycle,
        void: foreseen.void,
        daily_cycle_gaps: outlooks.iter().flat_map(gaps).collect(),
        errors: errors.collect(),
        now_at_heroku: now::json(apps),
    }
}
