//! Apps that a schedule is for, whichever they are when a pass looks.

use super::{AppName, Invalid};
use std::{collections::BTreeSet, fmt, str::FromStr};
use wildmatch::WildMatch;

/// What selects apps; an app is meant that all of these select.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Fleet {
    /// These, by name or id, and nothing else.
    pub apps: BTreeSet<AppName>,
    /// Those of a Heroku team.
    pub team: Option<Identity>,
    /// Those of a pipeline.
    pub pipeline: Option<Identity>,
    /// Of a pipeline, those of this stage.
    pub stage: Option<Stage>,
    /// Those whose name matches.
    pub matching: Option<Pattern>,
}

impl Fleet {
    /// What it is called: `team:acme`, `pipeline:shop/production`, `apps:one,two`, or several of them
    /// with a `+` in between. No app can be called so.
    #[must_use]
    pub fn label(&self) -> AppName {
        let apps = self.names().map(|names| format!("apps:{names}"));
        let team = self.team.as_ref().map(|team| format!("team:{team}"));
        let pipeline = self.pipeline.as_ref().map(|pipeline| {
            let stage = self.stage.map(|stage| format!("/{stage}"));
            format!("pipeline:{pipeline}{}", stage.unwrap_or_default())
        });
        let matching = self.matching.as_ref().map(|one| format!("matching:{one}"));
        let parts = [apps, team, pipeline, matching].into_iter().flatten();
        AppName::of_fleet(parts.collect::<Vec<_>>().join("+"))
    }

    /// The flags that select it.
    #[must_use]
    pub fn flags(&self) -> String {
        let parts = [
            self.names().map(|names| format!("--apps {names}")),
            self.team.as_ref().map(|team| format!("--team {team}")),
            self.pipeline
                .as_ref()
                .map(|one| format!("--pipeline {one}")),
            self.stage.map(|stage| format!("--stage {stage}")),
            self.matching
                .as_ref()
                .map(|one| format!("--apps-matching '{one}'")),
        ];
        parts.into_iter().flatten().collect::<Vec<_>>().join(" ")
    }

    fn names(&self) -> Option<String> {
        let names: Vec<&str> = self.apps.iter().map(AppName::as_str).collect();
        (!names.is_empty()).then(|| names.join(","))
    }

    /// What is contradictory in it: the key, and what would be right.
    #[must_use]
    pub fn problem(&self) -> Option<(&'static str, &'static str)> {
        let selects = self.team.is_some() || self.pipeline.is_some() || self.matching.is_some();
        if !self.apps.is_empty() && selects {
            return Some((
                "apps",
                "apps are named, or selected by team, pipeline and apps-matching",
            ));
        }
        if self.stage.is_some() && self.pipeline.is_none() {
            return Some(("stage", "a stage is one of a pipeline, which is missing"));
        }
        None
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Names with commas in between.
///
/// # Errors
/// When one of them is no name of an app.
pub fn names_of_apps(text: &str) -> Result<BTreeSet<AppName>, Invalid> {
    text.split(',').map(|name| name.trim().parse()).collect()
}

/// The name of a team or a pipeline, or its id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity(String);

impl Identity {
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Identity {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        let begins = text.starts_with(|c: char| c.is_ascii_alphanumeric());
        if begins && text.len() <= 100 && text.chars().all(is_plain) {
            return Ok(Self(text.to_owned()));
        }
        Err(Invalid::new(
            "a name has letters, digits, dashes, dots and underscores, at most 100",
            "acme",
        ))
    }
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Where in a pipeline an app is (hyper-schema, `pipeline-coupling.stage`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    Test,
    Review,
    Development,
    Staging,
    Production,
}

impl Stage {
    const ALL: [(Self, &str); 5] = [
        (Self::Test, "test"),
        (Self::Review, "review"),
        (Self::Development, "development"),
        (Self::Staging, "staging"),
        (Self::Production, "production"),
    ];
}

impl FromStr for Stage {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let found = Self::ALL.into_iter().find(|(_, name)| *name == text);
        found.map(|(stage, _)| stage).ok_or_else(|| {
            let names = Self::ALL.map(|(_, name)| name).join(", ");
            Invalid::new(format!("a stage is one of {names}"), "production")
        })
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = Self::ALL.iter().find(|(stage, _)| stage == self);
        f.write_str(name.map_or("", |(_, name)| name))
    }
}

/// A pattern of app names: `*` stands for any text, `?` for one character.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern(String);

impl Pattern {
    #[must_use]
    pub fn matches(&self, name: &str) -> bool {
        WildMatch::new(&self.0).matches(name)
    }
}

impl FromStr for Pattern {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        const EXAMPLE: &str = "'shop-*'";
        let may_stand = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-*?".contains(c);
        if text.is_empty() || text.len() > 100 || !text.chars().all(may_stand) {
            return Err(Invalid::new(
                "a pattern has only what app names have (lower case letters, digits and dashes), * and ?",
                EXAMPLE,
            ));
        }
        if !text.contains(['*', '?']) {
            return Err(Invalid::new(
                "a pattern has a * or a ?; an app is named with app",
                EXAMPLE,
            ));
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_tells_all_that_selects_and_is_no_name_of_an_app() {
        let fleet = Fleet {
            team: Some("acme".parse().expect("a name")),
            pipeline: Some("shop".parse().expect("a name")),
            stage: Some(Stage::Production),
            matching: Some("shop-*".parse().expect("a pattern")),
            ..Fleet::default()
        };
        let label = fleet.label().to_string();
        assert_eq!(label, "team:acme+pipeline:shop/production+matching:shop-*");
        assert!(label.parse::<AppName>().is_err());
        assert_eq!(fleet.problem(), None);
    }

    #[test]
    fn what_is_no_selector_is_refused() {
        for wrong in ["shop", "", "Shop-*", "shop/*"] {
            assert!(wrong.parse::<Pattern>().is_err(), "{wrong}");
        }
        for wrong in ["", "-x", "a/b", "a b", "..", "a?b"] {
            assert!(wrong.parse::<Identity>().is_err(), "{wrong}");
        }
        assert!("prod".parse::<Stage>().is_err());
        for (_, name) in Stage::ALL {
            let stage: Stage = name.parse().expect(name);
            assert_eq!(stage.to_string(), name);
        }
        let lonely = Fleet {
            stage: Some(Stage::Review),
            ..Fleet::default()
        };
        assert_eq!(lonely.problem().map(|(key, _)| key), Some("stage"));
    }
}
