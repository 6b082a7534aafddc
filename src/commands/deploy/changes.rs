//! What is to be done so that a runner is as it is wanted: pure, and nothing where it is that already.

use super::{ACCOUNT, begun::Begun, found::Found};
use crate::{
    runner::slug::Package,
    schedule::Schedule,
    store::{RUNNER_APP, fingerprint, variable_of, variables},
};
use std::collections::BTreeMap;

/// How a runner makes passes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// A dyno that watches; of this size, or of the one that it has.
    Dyno(Option<&'static str>),
    /// One-off dynos of Heroku Scheduler.
    Scheduler,
}

/// How it is wanted.
#[derive(Debug)]
pub struct Wanted<'a> {
    pub name: &'a str,
    pub package: &'a Package,
    pub version: &'a str,
    pub way: Way,
    /// Schedules of this machine's file, which move to the runner.
    pub schedules: &'a [Schedule],
    /// `HEROKU_HOST`, where it is not Heroku's own.
    pub host: Option<&'a str>,
    /// Whether the authorization that it has is known to be gone.
    pub is_authorization_gone: bool,
    /// The config vars that it lacks to tell somebody that it fares well, or what goes wrong.
    pub told: BTreeMap<String, String>,
    /// What was begun with it and not ended: of the schedules that came from here, the file tells what is
    /// meant by now.
    pub begun: Option<&'a Begun>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a step that is taken or not"
)]
pub struct Changes {
    pub makes_app: bool,
    pub authorizes: bool,
    /// A slug is made, uploaded and released.
    pub releases: bool,
    pub sets: BTreeMap<String, Option<String>>,
    /// How many dynos of which size.
    pub scales: Option<(u32, String)>,
    pub adds_scheduler: bool,
}

impl Changes {
    pub fn is_nothing(&self) -> bool {
        let is_step = self.makes_app || self.authorizes || self.releases || self.adds_scheduler;
        !is_step && self.sets.is_empty() && self.scales.is_none()
    }
}

/// A schedule that both have, and not the same.
#[derive(Debug, PartialEq, Eq)]
pub struct Conflict {
    pub app: String,
    pub schedule: String,
}

/// # Errors
/// When a schedule of this machine is another one there.
pub fn changes(found: Option<&Found>, wanted: &Wanted<'_>) -> Result<Changes, Conflict> {
    let config = found.map(|found| &found.config);
    let has = |name: &str| {
        config
            .and_then(|config| config.get(name))
            .map(String::as_str)
    };
    let there = found
        .map(|found| found.schedules.as_slice())
        .unwrap_or_default();
    let came_from_here =
        |schedule: &Schedule| wanted.begun.is_some_and(|begun| begun.has(schedule));
    let (mut moves, mut sets) = (vec![], BTreeMap::new());
    for schedule in wanted.schedules {
        let is_it =
            |other: &&Schedule| other.app.is_same(&schedule.app) && other.name == schedule.name;
        match there.iter().find(is_it) {
            None => moves.push(schedule.clone()),
            Some(other) if fingerprint(other) == fingerprint(schedule) => {}
            Some(other) if came_from_here(other) => moves.push(schedule.clone()),
            Some(_) => {
                return Err(Conflict {
                    app: schedule.app.name.to_string(),
                    schedule: schedule.name.to_string(),
                });
            }
        }
    }
    for other in there.iter().filter(|other| came_from_here(other)) {
        let is_it = |one: &&Schedule| one.app.is_same(&other.app) && one.name == other.name;
        let meant = wanted.schedules.iter().find(is_it);
        let is_as_meant = meant.is_some_and(|meant| fingerprint(meant) == fingerprint(other));
        let name = config.and_then(|config| variable_of(config, other));
        if let Some(name) = name.filter(|_| !is_as_meant) {
            sets.insert(name, None);
        }
    }
    let taken: Vec<&str> = config
        .iter()
        .flat_map(|config| config.keys().map(String::as_str))
        .collect();
    let fresh = variables(&moves, &taken).into_iter();
    sets.extend(fresh.map(|(name, value)| (name, Some(value))));
    let told = wanted.told.clone().into_iter();
    sets.extend(told.map(|(name, value)| (name, Some(value))));
    for (name, value) in [
        (RUNNER_APP, Some(wanted.name)),
        ("HEROKU_HOST", wanted.host),
    ] {
        if has(name) != value {
            sets.insert(name.to_owned(), value.map(ToOwned::to_owned));
        }
    }
    let has_token = has("HEROKU_API_KEY").is_some() && has(ACCOUNT).is_some();
    let slug = found.and_then(|found| found.slug.as_ref());
    let is_same =
        slug.is_some_and(|slug| slug.checksum.as_deref() == Some(&wanted.package.checksum));
    let is_newer = slug.is_some_and(|slug| {
        let there = slug.commit.as_deref().and_then(version);
        there > version(wanted.version)
    });
    let scale = found.and_then(|found| found.scale.as_ref());
    Ok(Changes {
        makes_app: found.is_none(),
        authorizes: !has_token || wanted.is_authorization_gone,
        // A colleague's newer one stays.
        releases: !is_same && !is_newer,
        sets,
        scales: match wanted.way {
            Way::Scheduler => scale
                .filter(|scale| scale.quantity > 0)
                .map(|scale| (0, scale.size.clone())),
            Way::Dyno(size) => {
                let known = scale.filter(|scale| scale.quantity > 0);
                let size = size.or(known.map(|scale| scale.size.as_str()));
                let size = size.unwrap_or("Basic");
                let is_it = |scale: &&crate::heroku::Scale| {
                    scale.quantity == 1 && scale.size.eq_ignore_ascii_case(size)
                };
                let is_as_wanted = scale.is_some_and(|scale| is_it(&scale));
                (!is_as_wanted).then(|| (1, size.to_owned()))
            }
        },
        adds_scheduler: wanted.way == Way::Scheduler
            && !found.is_some_and(|found| found.has_scheduler),
    })
}

/// `0.2.10` as numbers, to compare.
fn version(text: &str) -> Option<Vec<u64>> {
    let parts = text.trim_start_matches('v').split(['.', '-', '+']).take(3);
    parts.map(|part| part.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::heroku::{OwnApp, Scale};

    fn package() -> Package {
        Package {
            bytes: vec![],
            checksum: "SHA256:00".to_owned(),
        }
    }

    fn wanted(package: &Package) -> Wanted<'_> {
        Wanted {
            name: "example-runner",
            package,
            version: "0.1.0",
            way: Way::Dyno(None),
            schedules: &[],
            host: None,
            is_authorization_gone: false,
            told: BTreeMap::new(),
            begun: None,
        }
    }

    fn found(config: &[(&str, &str)], quantity: u32, size: &str) -> Found {
        Found {
            app: OwnApp {
                id: "01".to_owned(),
                name: "example-runner".to_owned(),
                owner: "me@example.com".to_owned(),
                team: None,
                region: "us".to_owned(),
                stack: "heroku-24".to_owned(),
                is_fir: false,
            },
            config: config
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
            schedules: vec![],
            wrong: vec![],
            slug: None,
            scale: Some(Scale {
                process_type: "runner".to_owned(),
                quantity,
                size: size.to_owned(),
                command: String::new(),
            }),
            has_scheduler: false,
        }
    }

    const CONFIG: [(&str, &str); 3] = [
        (RUNNER_APP, "example-runner"),
        (ACCOUNT, "me@example.com"),
        ("HEROKU_API_KEY", "[redacted]"),
    ];

    #[test]
    fn without_an_app_everything_is_made() {
        let package = package();
        let all = changes(None, &wanted(&package)).expect("changes");
        assert!(all.makes_app && all.authorizes && all.releases && !all.adds_scheduler);
        assert_eq!(all.scales, Some((1, "Basic".to_owned())));
        assert_eq!(all.sets[RUNNER_APP].as_deref(), Some("example-runner"));
    }

    #[test]
    fn the_size_that_it_has_is_kept_unless_another_one_is_asked_for() {
        let package = package();
        let eco = found(&CONFIG, 1, "Eco");
        assert_eq!(
            changes(Some(&eco), &wanted(&package))
                .expect("changes")
                .scales,
            None
        );
        let basic = found(&CONFIG, 1, "Basic");
        let wants_eco = Wanted {
            way: Way::Dyno(Some("Eco")),
            ..wanted(&package)
        };
        let scales = changes(Some(&basic), &wants_eco).expect("changes").scales;
        assert_eq!(scales, Some((1, "Eco".to_owned())));
        let stopped = found(&CONFIG, 0, "Basic");
        let scales = changes(Some(&stopped), &wanted(&package))
            .expect("changes")
            .scales;
        assert_eq!(scales, Some((1, "Basic".to_owned())));
        let scheduler = Wanted {
            way: Way::Scheduler,
            ..wanted(&package)
        };
        let changes = changes(Some(&basic), &scheduler).expect("changes");
        assert_eq!(changes.scales, Some((0, "Basic".to_owned())));
        assert!(changes.adds_scheduler && !changes.authorizes);
    }

    #[test]
    fn a_lost_token_is_made_anew() {
        let package = package();
        let there = found(&CONFIG, 1, "Basic");
        let gone = Wanted {
            is_authorization_gone: true,
            ..wanted(&package)
        };
        assert!(changes(Some(&there), &gone).expect("changes").authorizes);
        let without = found(&CONFIG[..2], 1, "Basic");
        assert!(
            changes(Some(&without), &wanted(&package))
                .expect("changes")
                .authorizes
        );
    }

    #[test]
    fn versions_are_numbers() {
        assert!(version("v0.10.0") > version("0.9.9"));
        assert_eq!(version("main"), None);
    }
}
