//! Jitter: the same instant in every runner, spread evenly, never before the occurrence nor past the
//! next one or the window.

use super::bounds::{bounds, schedule};
use autorestart::schedule::{Calendar, Recurrence, Schedule, Span, Zone};
use jiff::{SignedDuration, Timestamp};

fn jittered(app: &str, cron: &str, jitter: Span, windows: &[&str]) -> Schedule {
    let zone = Zone::utc();
    let cron = Recurrence::Cron(Box::new(cron.parse().expect(cron)));
    let calendar = Calendar::new(cron, zone.clone()).expect("a calendar");
    let mut schedule = schedule(Some(calendar), bounds(&zone, windows, &[]));
    schedule.app.name = app.parse().expect(app);
    schedule.jitter = Some(jitter);
    schedule
}

fn noon() -> Timestamp {
    "2026-03-02T12:00:00Z".parse().expect("an instant")
}

#[test]
fn apps_are_spread_evenly_and_none_comes_early_or_late() {
    let mut tenths = [0_u32; 10];
    for app in 0..5_000 {
        let schedule = jittered(&format!("app-{app}"), "0 12 * * *", Span::minutes(10), &[]);
        let late = schedule.due_at(noon()).duration_since(noon());
        assert!(
            (SignedDuration::ZERO..SignedDuration::from_mins(10)).contains(&late),
            "{late}"
        );
        tenths[usize::try_from(late.as_secs() / 60).expect("a minute")] += 1;
    }
    // Chi squared with nine degrees of freedom: 27.9 is passed once in a thousand.
    let deviations = tenths.map(|count| (f64::from(count) - 500.0).powi(2) / 500.0);
    let chi_squared: f64 = deviations.iter().sum();
    assert!(chi_squared < 27.9, "{tenths:?}: {chi_squared}");
}

#[test]
fn it_never_reaches_the_next_occurrence_nor_the_end_of_the_window() {
    for app in 0..500 {
        let app = format!("app-{app}");
        let minutes = jittered(&app, "*/5 * * * *", Span::hours(1), &[]);
        assert!(minutes.due_at(noon()) < noon() + SignedDuration::from_mins(5));
        let closing = jittered(&app, "0 12 * * *", Span::hours(1), &["11:00-12:02"]);
        assert!(closing.due_at(noon()) < noon() + SignedDuration::from_mins(2));
    }
}

#[test]
fn an_occurrence_is_due_once_its_own_instant_has_come() {
    let schedule = jittered("example-app", "0 12 * * *", Span::hours(1), &[]);
    let due = schedule.due_at(noon());
    assert_ne!(due, noon(), "this app's share is not nothing");
    let before = due - SignedDuration::from_secs(1);
    assert_eq!(schedule.next_occurrence(before), Some(noon()));
    assert_eq!(schedule.next_due(before), Some(due));
    assert_eq!(
        schedule.latest_occurrence(before),
        Some(noon() - SignedDuration::from_hours(24))
    );
    assert_eq!(schedule.latest_occurrence(due), Some(noon()));
    assert_eq!(
        schedule.next_occurrence(due),
        Some(noon() + SignedDuration::from_hours(24))
    );
}

#[test]
fn it_is_of_the_schedule_the_app_and_the_occurrence_alone() {
    let schedule = jittered("example-app", "0 12 * * *", Span::hours(1), &[]);
    let mut other = schedule.clone();
    (other.app.id, other.app.account) =
        (Some("an-id".to_owned()), Some("me@example.com".to_owned()));
    other.since = Some(noon() - SignedDuration::from_hours(100));
    assert_eq!(
        schedule.due_at(noon()),
        other.due_at(noon()),
        "another runner knows the id as well"
    );
    other.name = "another".parse().expect("a name");
    assert_ne!(schedule.due_at(noon()), other.due_at(noon()));
    let tomorrow = noon() + SignedDuration::from_hours(24);
    assert_ne!(
        schedule.due_at(tomorrow).duration_since(tomorrow),
        schedule.due_at(noon()).duration_since(noon())
    );
}
