//! Which dynos of an app a schedule is about.

use super::Invalid;
use std::fmt;

/// Process types that are one-off by nature: a DELETE kills their dynos for good, so they are never
/// a target (HEROKU: `run`, `scheduler` and `release` dynos are not restarted by the platform).
const ONE_OFF_TYPES: [&str; 3] = ["run", "scheduler", "release"];

/// All dynos of the formation, those of one process type, or one.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Target {
    #[default]
    All,
    ProcessType(String),
    Dyno(String),
}

impl Target {
    /// The verb after the target: `all dynos restart`, `web.1 restarts`.
    #[must_use]
    pub fn restarts(&self) -> &'static str {
        match self {
            Self::All | Self::ProcessType(_) => "restart",
            Self::Dyno(_) => "restarts",
        }
    }

    /// Whether every dyno that the other is about is one of this too.
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::All, _) => true,
            (_, Self::All) => false,
            (_, Self::ProcessType(kind)) => self.includes("", kind),
            (_, Self::Dyno(name)) => self.includes(name, kind_of(name)),
        }
    }

    /// Whether some dyno may be one of both.
    #[must_use]
    pub fn overlaps(&self, other: &Self) -> bool {
        self.covers(other) || other.covers(self)
    }

    /// Whether a dyno of this name and process type is meant; upper and lower case are the same.
    #[must_use]
    pub fn includes(&self, name: &str, process_type: &str) -> bool {
        match self {
            Self::All => true,
            Self::ProcessType(wanted) => wanted.eq_ignore_ascii_case(process_type),
            Self::Dyno(wanted) => wanted.eq_ignore_ascii_case(name),
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => f.write_str("all dynos"),
            Self::ProcessType(process_type) => write!(f, "{process_type} dynos"),
            Self::Dyno(name) => f.write_str(name),
        }
    }
}

/// Reads a process type; Heroku's rule is `^[-\w]{1,128}$`.
///
/// # Errors
/// When the text breaks the rule, or names a one-off type.
pub fn process_type(text: &str) -> Result<String, Invalid> {
    const EXAMPLE: &str = "web or worker";
    if !(1..=128).contains(&text.len()) || !text.bytes().all(is_type_byte) {
        Err(Invalid::new(
            "a process type has only letters, digits, - and _",
            EXAMPLE,
        ))
    } else if is_one_off(text) {
        Err(Invalid::new(
            format!("'{text}' dynos are one-offs: a restart would kill them for good"),
            EXAMPLE,
        ))
    } else {
        Ok(text.to_owned())
    }
}

/// Reads a dyno name: `web.1`, or a Fir name such as `web-848cd4f64d-pvpr2`.
///
/// # Errors
/// When the text is no dyno name, or names a one-off.
pub fn dyno_name(text: &str) -> Result<String, Invalid> {
    const EXAMPLE: &str = "web.1";
    let (kind, is_name) = match text.split_once('.') {
        Some((kind, number)) => (
            kind,
            is_ordinal(number) && !kind.is_empty() && kind.bytes().all(is_type_byte),
        ),
        None => match text.rsplitn(3, '-').collect::<Vec<_>>()[..] {
            [pod, set, kind] => (
                kind,
                pod.len() == 5
                    && !kind.is_empty()
                    && [pod, set].iter().all(|part| {
                        !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric())
                    })
                    && kind.bytes().all(is_type_byte),
            ),
            _ => (text, false),
        },
    };
    if !is_name {
        Err(Invalid::new(
            "a dyno name is a process type, a dot and a number",
            EXAMPLE,
        ))
    } else if is_one_off(kind) {
        Err(Invalid::new(
            format!("'{text}' is a one-off: a restart would kill it for good"),
            EXAMPLE,
        ))
    } else {
        Ok(text.to_owned())
    }
}

/// Whether dynos of this process type are one-off by nature.
#[must_use]
pub fn is_one_off(kind: &str) -> bool {
    ONE_OFF_TYPES
        .iter()
        .any(|one_off| one_off.eq_ignore_ascii_case(kind))
}

/// The process type of a dyno's name, of either generation.
fn kind_of(name: &str) -> &str {
    let of_pod = || name.rsplitn(3, '-').nth(2);
    let of_place = name.split_once('.').map(|(kind, _)| kind);
    of_place.or_else(of_pod).unwrap_or(name)
}

fn is_type_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_'
}

fn is_ordinal(text: &str) -> bool {
    !text.starts_with('0')
        && (1..=9).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_both_generations_are_read() {
        for name in ["web.1", "worker.12", "my_type-2.3", "web-848cd4f64d-pvpr2"] {
            assert!(dyno_name(name).is_ok(), "{name}");
        }
    }

    #[test]
    fn targets_cover_and_overlap() {
        let (all, web) = (Target::All, Target::ProcessType("web".to_owned()));
        let one = Target::Dyno("web.1".to_owned());
        let pod = Target::Dyno("web-848cd4f64d-pvpr2".to_owned());
        let worker = Target::Dyno("worker.1".to_owned());
        assert!(all.covers(&web) && web.covers(&one) && web.covers(&pod) && one.covers(&one));
        assert!(!web.covers(&all) && !one.covers(&web) && !web.covers(&worker));
        assert!(one.overlaps(&all) && !one.overlaps(&worker) && !web.overlaps(&worker));
    }

    #[test]
    fn one_offs_and_nonsense_are_refused() {
        for name in [
            "web",
            "run.1234",
            "scheduler.1",
            "release.7",
            "web.0",
            "web.01",
            "web.",
            ".1",
            "web.x",
            "web;rm.1",
            "",
            "web.1.2",
            "run-848cd4f64d-pvpr2",
        ] {
            assert!(dyno_name(name).is_err(), "{name}");
        }
        for name in ["run", "web;rm", "", "scheduler", "release", "web.1"] {
            assert!(process_type(name).is_err(), "{name}");
        }
    }
}
