//! What is the same for all apps of a fleet is shown once.

use super::Outlook;
use crate::schedule::{Membership, Schedule};
use std::collections::BTreeSet;

/// Outlooks to show, each with what it is of: an app, or a fleet with its apps.
pub(super) fn once<'a, 'b>(outlooks: &'b [Outlook<'a>]) -> Vec<(String, &'b Outlook<'a>)> {
    let mut seen = BTreeSet::new();
    let mut shown = vec![];
    for outlook in outlooks {
        let schedule = outlook.schedule;
        let Some(fleet) = fleet(schedule) else {
            shown.push((format!("⬢ {}", schedule.app.name), outlook));
            continue;
        };
        if seen.insert(fleet) {
            let apps = outlooks.iter().map(|outlook| outlook.schedule);
            let apps = apps.filter(|one| self::fleet(one) == Some(fleet));
            let names: Vec<&str> = apps.map(|one| one.app.name.as_str()).collect();
            let of = format!("{} (⬢ {})", fleet.0, names.join(", ⬢ "));
            shown.push((of, outlook));
        }
    }
    shown
}

/// The fleet and the name of a schedule that comes to the same for all apps: with a jitter each has
/// instants of its own.
fn fleet(schedule: &Schedule) -> Option<(&str, &str)> {
    match &schedule.app.membership {
        Membership::Member(label) if schedule.jitter.is_none() => {
            Some((label.as_str(), schedule.name.as_str()))
        }
        _ => None,
    }
}
