//! Time zones by their IANA name, as the schedule file stores them.

use super::Invalid;
use jiff::{Timestamp, tz::TimeZone};
use std::{fmt, str::FromStr, sync::OnceLock};

const EXAMPLE: &str = "America/New_York or UTC";

/// Abbreviations that people type, with what `heroku pg:backups:schedule` takes each for: a hint
/// only, since an abbreviation names one half of the year.
const ABBREVIATIONS: [(&str, &str); 13] = [
    ("PST", "America/Los_Angeles"),
    ("PDT", "America/Los_Angeles"),
    ("MST", "America/Boise"),
    ("MDT", "America/Boise"),
    ("CST", "America/Chicago"),
    ("CDT", "America/Chicago"),
    ("EST", "America/New_York"),
    ("EDT", "America/New_York"),
    ("Z", "UTC"),
    ("GMT", "Europe/London"),
    ("BST", "Europe/London"),
    ("CET", "Europe/Paris"),
    ("CEST", "Europe/Paris"),
];

/// Names without a slash that the database knows and that carry rules of their own, with the zone that
/// each stands for (IANA `backward`).
const LINKS: [(&str, &str); 13] = [
    ("EST5EDT", "America/New_York"),
    ("CST6CDT", "America/Chicago"),
    ("MST7MDT", "America/Denver"),
    ("PST8PDT", "America/Los_Angeles"),
    ("WET", "Europe/Lisbon"),
    ("MET", "Europe/Brussels"),
    ("EET", "Europe/Athens"),
    ("HST", "Pacific/Honolulu"),
    ("GB", "Europe/London"),
    ("NZ", "Pacific/Auckland"),
    ("PRC", "Asia/Shanghai"),
    ("ROC", "Asia/Taipei"),
    ("ROK", "Asia/Seoul"),
];

/// Finds a zone by its name; jiff's own way where none is named.
static LOOK_UP: OnceLock<fn(&str) -> Option<TimeZone>> = OnceLock::new();

/// A zone of the IANA database whose name has a `/`, or `UTC`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Zone(TimeZone);

impl Zone {
    /// From now on zones are found so.
    pub fn look_up_with(look_up: fn(&str) -> Option<TimeZone>) {
        let _ = LOOK_UP.set(look_up);
    }

    #[must_use]
    pub fn utc() -> Self {
        Self(TimeZone::UTC)
    }

    #[must_use]
    pub fn time_zone(&self) -> &TimeZone {
        &self.0
    }

    #[must_use]
    pub fn name(&self) -> &str {
        self.0.iana_name().unwrap_or("UTC")
    }
}

impl Zone {
    /// An instant on this zone's wall clock, to the second: `Sat 07 Mar 2026 02:30:00 EST`.
    #[must_use]
    pub fn tell(&self, instant: Timestamp) -> String {
        let shown = instant.to_zoned_datetime(self.0.clone());
        shown.strftime("%a %d %b %Y %H:%M:%S %Z").to_string()
    }
}

impl FromStr for Zone {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        if text.eq_ignore_ascii_case("UTC") {
            return Ok(Self::utc());
        }
        let is_it = |(name, _): &&(&str, &'static str)| text.eq_ignore_ascii_case(name);
        if let Some((_, zone)) = ABBREVIATIONS.iter().find(is_it) {
            let problem = format!(
                "'{text}' is an abbreviation, and no IANA name (pg:backups:schedule takes it for {zone})"
            );
            return Err(Invalid::new(problem, *zone));
        }
        let is_named = text.contains('/');
        let look_up = LOOK_UP.get();
        let found = || look_up.map_or_else(|| TimeZone::get(text).ok(), |look_up| look_up(text));
        if let Some(zone) = is_named.then(found).flatten() {
            return Ok(Self(zone));
        }
        let problem = if is_named {
            format!("the IANA database has no zone '{text}'")
        } else {
            "a zone is an IANA name with a slash, or UTC".to_owned()
        };
        let link = LINKS.iter().find(is_it).map(|(_, zone)| (*zone).to_owned());
        Err(match link.or_else(|| nearest(text)) {
            Some(zone) => Invalid::new(format!("{problem} (is {zone} meant?)"), zone),
            None => Invalid::new(problem, EXAMPLE),
        })
    }
}

/// The zone whose name, or whose city, is most like a text; `None` where none is like it.
fn nearest(text: &str) -> Option<String> {
    const ALIKE: f64 = 0.84;
    // Three or four letters are an abbreviation of whatever, and like some city's name by chance.
    if text.len() < 5 {
        return None;
    }
    let wanted = text.trim().to_ascii_lowercase().replace(' ', "_");
    let names = jiff::tz::db().available().map(|name| name.to_string());
    let likeness = |name: &str| {
        let name = name.to_ascii_lowercase();
        let city = name.rsplit('/').next().unwrap_or_default();
        let (whole, of_city) = (
            strsim::jaro_winkler(&wanted, &name),
            strsim::jaro_winkler(wanted.rsplit('/').next().unwrap_or_default(), city),
        );
        if wanted.contains('/') {
            whole.midpoint(of_city)
        } else {
            of_city
        }
    };
    let with_slash = names.filter(|name| name.contains('/') && !name.starts_with("Etc/"));
    let alike = with_slash.map(|name| (likeness(&name), name));
    let nearest = alike.max_by(|a, b| a.0.total_cmp(&b.0))?;
    (nearest.0 >= ALIKE).then_some(nearest.1)
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zones_have_a_slash_or_are_utc() {
        for (text, name) in [
            ("UTC", "UTC"),
            ("utc", "UTC"),
            ("america/new_york", "America/New_York"),
            ("Etc/UTC", "Etc/UTC"),
        ] {
            assert_eq!(
                text.parse::<Zone>().map(|zone| zone.name().to_owned()),
                Ok(name.to_owned()),
                "{text}"
            );
        }
        for text in [
            "Mars/Base",
            "CET5",
            "EST",
            "CET",
            "EST5EDT",
            "",
            "/",
            "+02:00",
        ] {
            assert!(text.parse::<Zone>().is_err(), "{text}");
        }
    }

    #[test]
    fn the_nearest_zone_is_named() {
        for (text, meant) in [
            ("America/New_Yrok", "America/New_York"),
            ("Europe/Pari", "Europe/Paris"),
            ("america/new york", "America/New_York"),
            ("Berlin", "Europe/Berlin"),
            ("Tokio", "Asia/Tokyo"),
            ("EST5EDT", "America/New_York"),
        ] {
            let refused = text.parse::<Zone>().expect_err(text).problem;
            assert!(refused.contains(meant), "{text}: {refused}");
        }
        let refused = "Mars/Base".parse::<Zone>().expect_err("no zone").problem;
        assert!(!refused.contains("meant"), "{refused}");
    }

    #[test]
    fn an_abbreviation_is_answered_with_what_others_take_it_for() {
        let refused = "EST".parse::<Zone>().expect_err("EST is refused");
        assert!(refused.problem.contains("America/New_York"), "{refused}");
    }
}
