//! What people read. Every function is text from values.

use super::{AppReport, Report};
use crate::{
    ledger::Record,
    plan::{Ended, Outcome, Skip, missed::Missed},
    schedule::{MOST_COUNTED, Span},
};
use jiff::{SignedDuration, Timestamp, tz::TimeZone};

/// `3 dynos`, `1 dyno`.
#[must_use]
pub fn dynos(count: usize) -> String {
    if count == 1 {
        "1 dyno".to_owned()
    } else {
        format!("{count} dynos")
    }
}

/// `3 past restarts`, `1 past restart`.
#[must_use]
pub fn restarts(count: usize) -> String {
    if count == 1 {
        "1 past restart".to_owned()
    } else {
        format!("{count} past restarts")
    }
}

/// An instant on a zone's wall clock: `Tue 24 Nov 2026 07:00 CET`.
#[must_use]
pub fn instant(instant: Timestamp, zone: &TimeZone) -> String {
    instant
        .to_zoned_datetime(zone.clone())
        .strftime("%a %d %b %Y %H:%M %Z")
        .to_string()
}

/// How long until, or since: `in 7h 12m`, `3m ago`.
#[must_use]
pub fn distance(from: Timestamp, to: Timestamp) -> String {
    let duration = to.duration_since(from);
    let span = Span::whole_seconds_of(duration.abs()).rounded();
    if span == Span::default() {
        "now".to_owned()
    } else if duration.is_negative() {
        format!("{span} ago")
    } else {
        format!("in {span}")
    }
}

/// How long: `2h`.
#[must_use]
pub fn span(duration: SignedDuration) -> String {
    Span::whole_seconds_of(duration.abs()).rounded().to_string()
}

/// `3m ago`; `now` for what has just been, or by another clock is yet to be.
#[must_use]
pub fn ago(duration: SignedDuration) -> String {
    let duration = duration.max(SignedDuration::ZERO);
    distance(Timestamp::UNIX_EPOCH + duration, Timestamp::UNIX_EPOCH)
}

/// What keeps passes off an app, and what ends that.
#[must_use]
pub fn maintenance(app: &str) -> String {
    format!(
        "⬢ {app} is in maintenance mode: passes leave it alone until heroku maintenance:off --app {app}"
    )
}

/// What a pass came to, in a few words.
#[must_use]
pub fn tally(report: &Report) -> String {
    let ended = || report.apps.iter().flat_map(|app| &app.ended);
    let good = ended().filter(|ended| ended.outcome.is_good()).count();
    let bad = ended().count() - good;
    let missed: usize = report.apps.iter().map(|app| app.missed.len()).sum();
    let errors = report.apps.iter().filter(|app| app.error.is_some()).count();
    let parts = [
        (good, "restarted"),
        (bad, "failed"),
        (missed, "missed"),
        (errors, "not looked at"),
    ];
    let parts = parts.into_iter().filter(|(count, _)| *count > 0);
    let parts: Vec<String> = parts
        .map(|(count, what)| format!("{count} {what}"))
        .collect();
    if parts.is_empty() {
        "nothing restarted".to_owned()
    } else {
        parts.join(", ")
    }
}

/// The line of a watch that waits: what is next, to the second, and what was last.
#[must_use]
pub fn countdown(
    now: Timestamp,
    next: Option<(Timestamp, TimeZone)>,
    last: Option<&(Timestamp, String)>,
) -> String {
    let next = next.map_or("no occurrence is ahead".to_owned(), |(next, zone)| {
        let left = next.duration_since(now).as_secs().max(0);
        let (hours, minutes, seconds) = (left / 3_600, left / 60 % 60, left % 60);
        let at = instant(next, &zone);
        format!("next {at}, in {hours}:{minutes:02}:{seconds:02}")
    });
    let last = last.map(|(at, what)| format!("; last pass {}: {what}", distance(now, *at)));
    next + &last.unwrap_or_default()
}

/// That two clocks differ, by how much Heroku's is ahead.
#[must_use]
pub fn skew(ahead: SignedDuration) -> String {
    let way = if ahead.is_positive() {
        "ahead of"
    } else {
        "behind"
    };
    let by = Span::whole_seconds_of(ahead.abs());
    format!("Heroku's clock is {by} {way} this machine's; what is due is judged by Heroku's")
}

#[must_use]
pub fn ended(ended: &Ended) -> String {
    // What was left in the middle has taken no time yet.
    let is_over = matches!(ended.outcome, Outcome::Restarted | Outcome::Failed);
    let took = if is_over && ended.took > SignedDuration::ZERO {
        format!(" in {}", Span::whole_seconds_of(ended.took))
    } else {
        String::new()
    };
    let detail = ended
        .detail
        .as_ref()
        .map(|detail| format!(": {detail}"))
        .unwrap_or_default();
    format!(
        "{} {}{took}{detail}",
        ended.step.dyno,
        ended.outcome.phrase()
    )
}

/// What a restart bought.
#[must_use]
pub fn measured(record: &Record) -> Option<String> {
    let dyno = record.dyno.as_ref()?;
    let (before, after) = (record.memory_before?.as_mb(), record.memory_after?.as_mb());
    let less = before - after;
    let bought = if less >= 0.05 * before {
        format!("{less:.0} MB less")
    } else {
        "the restart did not help".to_owned()
    };
    Some(format!(
        "{dyno} used {before:.0} MB before its restart, and {after:.0} MB once warmed up: {bought}"
    ))
}

#[must_use]
pub fn skip(skip: &Skip) -> String {
    format!(
        "{} left alone, {}: {}",
        skip.dyno,
        skip.reason.phrase(),
        skip.detail
    )
}

#[must_use]
pub fn missed(missed: &Missed) -> String {
    let earlier = match missed.count {
        0 | 1 => String::new(),
        2 => " and one earlier".to_owned(),
        MOST_COUNTED => format!(" and {} or more earlier", MOST_COUNTED - 1),
        count => format!(" and {} earlier", count - 1),
    };
    format!(
        "missed {}{earlier} of schedule {}: {}",
        instant(missed.occurrence, &missed.zone),
        missed.schedule,
        missed.reason
    )
}

/// What a pass did, for the end of `run`.
#[must_use]
pub fn run(report: &Report) -> String {
    let mut lines: Vec<String> = report.apps.iter().flat_map(app).collect();
    let next = report.next.as_ref().map(|(next, zone)| {
        let distance = distance(report.now, *next);
        format!("next occurrence {} ({distance})", instant(*next, zone))
    });
    let has_more = |app: &AppReport| app.error.is_some() || !app.notices.is_empty();
    if lines.is_empty() && report.apps.iter().any(has_more) {
        lines.push("Nothing was restarted".to_owned());
    } else if lines.is_empty() {
        let next = next.map(|next| format!("; {next}")).unwrap_or_default();
        lines.push(format!("Nothing is due{next}"));
    } else if let Some(next) = next {
        lines.push(next);
    }
    lines.join("\n")
}

fn app(report: &AppReport) -> Vec<String> {
    let planned = report.planned.iter().enumerate().map(|(place, step)| {
        format!(
            "{}. {} would be restarted ({})",
            place + 1,
            step.dyno,
            step.why()
        )
    });
    let missed = report.missed.iter().map(missed);
    let lines = missed
        .chain(planned)
        .chain(report.ended.iter().map(|one| ended(one)))
        .chain(report.told_skips().map(skip))
        .chain(report.measured.iter().filter_map(measured));
    let mut lines: Vec<String> = lines.map(|line| format!("  {line}")).collect();
    if !lines.is_empty() {
        lines.insert(0, format!("⬢ {}", report.app));
    }
    lines
}
