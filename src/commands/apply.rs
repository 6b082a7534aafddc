//! `apply` and `export`: schedules as a file in git, and what it takes to make those that there are
//! exactly these.

use super::{
    Context,
    runners::{self, Runners},
    set::{reach, told},
    void,
};
use crate::{
    cli::{Apply, Export},
    credentials::Use,
    error::{Error, exit},
    fleet::resolve,
    heroku,
    schedule::{self, Schedule},
    store::{self, SchedulesFile, Store, as_text, fingerprint, narrow, schema},
};
use console::Style;
use jiff::Timestamp;
use serde_json::{Value, json};

pub(super) async fn export(context: &Context<'_>, flags: Export) -> Result<u8, Error> {
    if flags.schema {
        let text = serde_json::to_string_pretty(&schema()).unwrap_or_default();
        context.ui.as_it_is(&text);
        return Ok(exit::DONE);
    }
    let schedules = context.schedules_of(&flags.common).await?;
    let schedules = narrow(schedules, flags.app.as_ref(), None);
    if let (true, Some(app)) = (schedules.is_empty(), &flags.app) {
        return Err(context.no_such(format!("{app} has no schedule")));
    }
    let schedules: Vec<Schedule> = schedules.into_iter().map(without_state).collect();
    let text = as_text(&schedules);
    if context.ui.is_json {
        context.ui.json(&json!({ "text": text }));
    } else {
        context.ui.as_it_is(text.trim_end());
    }
    Ok(exit::DONE)
}

/// What a person means, without what set and passes fill in. A pause stays: it is meant.
fn without_state(schedule: Schedule) -> Schedule {
    let app = schedule::App {
        id: None,
        account: None,
        host: None,
        ..schedule.app
    };
    Schedule {
        app,
        since: None,
        ..schedule
    }
}

/// What it takes; all of it, or none is done.
#[derive(Debug, Default, PartialEq)]
struct Difference {
    added: Vec<Schedule>,
    /// As it is, and as it is to be.
    changed: Vec<(Schedule, Schedule)>,
    removed: Vec<Schedule>,
}

impl Difference {
    fn between(there: &[Schedule], wanted: Vec<Schedule>, now: Timestamp) -> Self {
        let mut difference = Self::default();
        let is_it = |one: &Schedule, other: &Schedule| {
            let is_app = one.app.is(other.app.name.as_str()) || one.app.is_same(&other.app);
            is_app && one.name == other.name
        };
        let removed = there
            .iter()
            .filter(|one| !wanted.iter().any(|other| is_it(one, other)));
        difference.removed = removed.cloned().collect();
        let since = Some(schedule::minute_of(now));
        for one in wanted {
            let Some(known) = there.iter().find(|known| is_it(known, &one)) else {
                difference.added.push(Schedule { since, ..one });
                continue;
            };
            // Whose it is, and a pause that the file does not speak of, stay as they are.
            let pause = one.pause.or(known.pause);
            let app = known.app.clone();
            let same = Schedule {
                app,
                pause,
                since: known.since,
                ..one
            };
            if fingerprint(&same) != fingerprint(known) {
                difference
                    .changed
                    .push((known.clone(), Schedule { since, ..same }));
            }
        }
        difference
    }

    fn is_nothing(&self) -> bool {
        self.added.is_empty() && self.changed.is_empty() && self.removed.is_empty()
    }

    /// What it makes void.
    async fn tell_void(&self, context: &Context<'_>) {
        for (before, after) in &self.changed {
            void::tell(context, "apply", before, Some(after)).await;
        }
        for before in &self.removed {
            void::tell(context, "apply", before, None).await;
        }
    }

    fn in_words(&self, context: &Context<'_>) -> String {
        let line = |mark: &str, style: &Style, schedule: &Schedule| {
            let (app, name) = (&schedule.app.name, &schedule.name);
            let text = format!(
                "{mark} ⬢ {app} {name}: {} {}",
                schedule.target,
                schedule.when()
            );
            context.ui.paint(&text, style)
        };
        let (green, red) = (Style::new().green(), Style::new().red());
        let added = self.added.iter().map(|one| line("+", &green, one));
        let removed = self.removed.iter().map(|one| line("-", &red, one));
        let changed = self.changed.iter().map(|(before, after)| {
            let keys = store::changes(before, after).into_iter();
            let keys: String = keys
                .map(|(key, before, after)| {
                    let shown = |value: Option<String>| value.unwrap_or_else(|| "none".to_owned());
                    format!("\n    {key}: {} → {}", shown(before), shown(after))
                })
                .collect::<Vec<_>>()
                .concat();
            let (before, after) = (line("-", &red, before), line("+", &green, after));
            format!("{before}\n{after}{keys}")
        });
        let all: Vec<String> = removed.chain(changed).chain(added).collect();
        all.join("\n")
    }

    fn json(&self, is_applied: bool) -> Value {
        let one = |one: &Schedule| json!({ "app": one.app.name.as_str(), "name": one.name.as_str(), "when": one.when() });
        let changed = |(before, after): &(Schedule, Schedule)| {
            let mut one = one(after);
            let keys = store::changes(before, after).into_iter();
            let keys = keys.map(
                |(key, before, after)| json!({ "key": key, "before": before, "after": after }),
            );
            one["keys"] = keys.collect();
            one
        };
        json!({
            "added": self.added.iter().map(one).collect::<Vec<_>>(),
            "changed": self.changed.iter().map(changed).collect::<Vec<_>>(),
            "removed": self.removed.iter().map(one).collect::<Vec<_>>(),
            "applied": is_applied,
        })
    }
}

pub(super) async fn apply(context: &Context<'_>, flags: Apply) -> Result<u8, Error> {
    let ui = context.ui;
    let file = SchedulesFile::at(&flags.file);
    let shown = context.env.in_words(&flags.file);
    let wanted = match file.missing() {
        None => file.read(),
        Some(missing) => Err(missing),
    };
    let wanted = wanted.map_err(|error| match error {
        // The hint of these is about the schedules file.
        store::Error::Missing { .. } | store::Error::Io { .. } | store::Error::NoFile { .. } => {
            Error::usage(
                format!("--file: {error}"),
                format!(
                    "{} writes one of the schedules that there are",
                    context.verb("export")
                ),
            )
        }
        error => error.into(),
    })?;
    if wanted.is_empty() {
        return Err(Error::usage(
            format!("{shown} has no schedules, and applying it would remove all that there are"),
            format!("{} removes one", context.verb("remove")),
        ));
    }
    let store = context.store(flags.common.schedules.as_deref()).await?;
    if store.file().is_some_and(|here| is_same_file(here, &file)) {
        return Err(Error::usage(
            format!("{shown} is the schedules file itself: what it says is what there is"),
            "keep the reviewed file apart from it",
        ));
    }
    let there = context.read(&store).await?;
    let now = context.clock.now();
    let mut difference = Difference::between(&there, wanted, now);
    let is_changed = !difference.is_nothing() && !flags.dry_run;
    if is_changed {
        identify(context, &store, &mut difference.added).await?;
    }
    if difference.is_nothing() {
        ui.either(
            || {
                format!(
                    "The schedules in {} are those of {shown}: nothing was changed",
                    store.place()
                )
            },
            || difference.json(false),
        );
        return Ok(exit::DONE);
    }
    if !ui.is_json {
        ui.result(&difference.in_words(context));
    }
    if flags.dry_run {
        if ui.is_json {
            ui.json(&difference.json(false));
        }
        return Ok(exit::NOT_ALL_WELL);
    }
    agree(context, &flags).await?;
    if store.read().await? != there {
        return Err(Error::Other {
            code: "changed_meanwhile",
            message: "the schedules were changed while it was asked".to_owned(),
            hint: Some("run it again: it takes what is there now".to_owned()),
        });
    }
    let changed = difference.changed.iter().map(|(_, after)| after);
    let puts: Vec<Schedule> = difference.added.iter().chain(changed).cloned().collect();
    for one in &puts {
        told::check(context, &store, one).await?;
    }
    store
        .apply(&context.clock, &puts, &difference.removed)
        .await?;
    difference.tell_void(context).await;
    let count = |count: usize, what: &str| format!("{count} {what}");
    ui.either(
        || {
            [
                count(difference.added.len(), "added"),
                count(difference.changed.len(), "changed"),
                count(difference.removed.len(), "removed"),
            ]
            .join(", ")
        },
        || difference.json(true),
    );
    if !ui.is_json {
        let runners = Runners::look(context, &store).await?;
        runners::tell(context, &runners, &puts, context.clock.now());
    }
    Ok(exit::DONE)
}

fn is_same_file(one: &SchedulesFile, other: &SchedulesFile) -> bool {
    let whole = |file: &SchedulesFile| std::path::absolute(file.path()).ok();
    whole(one) == whole(other)
}

/// Every app must be there, as far as Heroku can be asked. A runner app cannot write down whose
/// schedules these are: for one it is found out before.
async fn identify(
    context: &Context<'_>,
    store: &Store,
    added: &mut [Schedule],
) -> Result<(), Error> {
    let vars = match store {
        Store::ConfigVars(vars) => Some(vars),
        Store::File(_) | Store::Environment(_) => None,
    };
    let client = match vars {
        Some(vars) => Some(vars.client().clone()),
        None => context
            .client(Use::Person)
            .await
            .ok()
            .map(|(client, ..)| client.brief()),
    };
    let Some(client) = client.filter(|_| !added.is_empty()) else {
        return Ok(());
    };
    // What another account or host looks after is for its own pass to find out.
    let is_theirs =
        |one: &Schedule| vars.is_none() && (one.app.account.is_some() || one.app.host.is_some());
    for schedule in added.iter_mut().filter(|one| !is_theirs(one)) {
        if let Some(fleet) = schedule.app.fleet() {
            match resolve(&client, fleet).await {
                Ok(members) => {
                    if let Some(unknown) = members.iter().find(|one| one.id.is_none()) {
                        return Err(Error::usage(
                            format!("⬢ {} is not among the apps of this account", unknown.name),
                            "mend its name in the file, or ask for access to it",
                        ));
                    }
                    if members.is_empty() {
                        let label = &schedule.app.name;
                        context.ui.warn(&format!("{label} has no app now"));
                    }
                }
                Err(error) if vars.is_some() || error.code() == "no_such_fleet" => {
                    return Err(Error::usage(
                        error.to_string(),
                        "mend its name in the file, or ask for access to it",
                    ));
                }
                Err(_) => return Ok(()),
            }
            continue;
        }
        let app = match client.app(schedule.app.id_or_name()).await {
            Ok(app) => app,
            Err(error @ heroku::Error::Api { status: 404, .. }) => {
                return Err(Error::usage(
                    format!("app {}: {error}", schedule.app.name),
                    "mend its name in the file, or ask for access to it",
                ));
            }
            Err(error) if vars.is_some() => return Err(error.into()),
            // The first pass finds it out.
            Err(_) => return Ok(()),
        };
        reach::is_not_the_runner(store, &app.id)?;
        if let Some(vars) = vars {
            let host = vars.runner().host.clone();
            schedule.app.id = Some(app.id);
            schedule.app.host = (host != crate::pass::HEROKU).then_some(host);
        }
    }
    Ok(())
}

async fn agree(context: &Context<'_>, flags: &Apply) -> Result<(), Error> {
    if flags.yes {
        return Ok(());
    }
    if !context.ui.can_ask() {
        return Err(Error::usage(
            "apply asks before it changes anything, and there is nobody to ask",
            "add --yes; or --dry-run, which changes nothing",
        ));
    }
    match context.ui.ask("Apply it?", true, &super::stop()).await {
        Some(true) => Ok(()),
        Some(false) => Err(Error::Declined),
        None => Err(Error::Interrupted),
    }
}
