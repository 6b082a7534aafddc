//! The one reader of zone files. Rules are those of this machine's database, which whoever looks after it
//! keeps current, else those that are built in.
//!
//! jiff reads the names of the whole database before it reads the first zone, which was two thirds of a
//! pass with nothing due: here the one file is read, and again when it changes.

use crate::{env::Env, schedule::Zone};
use jiff::tz::{TimeZone, TimeZoneDatabase};
use std::{
    collections::BTreeMap,
    fs, iter,
    path::PathBuf,
    sync::{Mutex, OnceLock, PoisonError},
    time::SystemTime,
};

/// Where databases are, as jiff has it; `TZDIR` goes before.
const FOLDERS: [&str; 3] = [
    "/usr/share/zoneinfo",
    "/usr/share/lib/zoneinfo",
    "/etc/zoneinfo",
];

static NAMED: OnceLock<Option<PathBuf>> = OnceLock::new();
static READ: Mutex<BTreeMap<String, (SystemTime, TimeZone)>> = Mutex::new(BTreeMap::new());

/// From now on names of zones are looked up here.
pub fn open(env: &Env) {
    let _ = NAMED.set(env.path("TZDIR"));
    Zone::look_up_with(zone);
}

fn zone(name: &str) -> Option<TimeZone> {
    let built_in = TimeZoneDatabase::bundled().get(name).ok();
    let canonical = built_in.as_ref().and_then(TimeZone::iana_name);
    of_machine(canonical.unwrap_or(name)).or(built_in)
}

fn of_machine(name: &str) -> Option<TimeZone> {
    // A name, and no way out of the database.
    let is_part = |part: &str| part.starts_with(|first: char| first.is_ascii_alphanumeric());
    if !name.split('/').all(is_part) {
        return None;
    }
    let named = NAMED.get().cloned().flatten();
    let folders = named.into_iter().chain(FOLDERS.map(PathBuf::from));
    let found = folders.map(|folder| folder.join(name)).find_map(|path| {
        let changed = fs::metadata(&path).ok()?.modified().ok()?;
        Some((path, changed))
    });
    let (path, changed) = found?;
    let mut read = READ.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((at, zone)) = read.get(name)
        && *at == changed
    {
        return Some(zone.clone());
    }
    let zone = TimeZone::tzif(name, &fs::read(path).ok()?).ok()?;
    read.extend(iter::once((name.to_owned(), (changed, zone.clone()))));
    Some(zone)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_zone_of_this_machine_has_the_rules_that_jiff_finds_for_it() {
        for name in [
            "Europe/Paris",
            "america/new_york",
            "Asia/Kathmandu",
            "Etc/UTC",
        ] {
            let (ours, theirs) = (zone(name).expect(name), TimeZone::get(name).expect(name));
            assert_eq!(ours.iana_name(), theirs.iana_name());
            for second in [0_i64, 1_774_000_000, 1_793_000_000, 4_000_000_000] {
                let at = jiff::Timestamp::from_second(second).expect("an instant");
                assert_eq!(ours.to_offset(at), theirs.to_offset(at), "{name} {second}");
            }
        }
    }

    #[test]
    fn what_is_no_zone_is_none() {
        for name in [
            "Mars/Base",
            "../../etc/passwd",
            "Europe/../../etc/passwd",
            "",
            "/",
            "zone.tab",
        ] {
            assert_eq!(zone(name), None, "{name}");
        }
    }
}
