//! Durations that can be read, and still cannot be meant: the same for a flag and for a key.

use super::{Invalid, Span};

/// # Errors
/// Under ten minutes, restarting is a loop and not a cure.
pub fn max_uptime(text: &str) -> Result<Span, Invalid> {
    let why = "under that it is a restart loop";
    within(text, Span::minutes(10), Span::MAX, why, "6h or 90m")
}

/// # Errors
/// Under half a minute a slow boot is called a failure; over a day nobody waits.
pub fn wait_limit(text: &str) -> Result<Span, Invalid> {
    let why = "no dyno boots faster than that for certain";
    within(text, Span::seconds(30), Span::hours(24), why, "5m")
}

/// # Errors
/// Over an hour it would hold a roll, and its lock, for ever.
pub fn settle(text: &str) -> Result<Span, Invalid> {
    within(text, Span::default(), Span::hours(1), "", "10s")
}

/// # Errors
/// Under a minute it is asked once, over a day nobody waits.
pub fn busy_max(text: &str) -> Result<Span, Invalid> {
    let why = "under that it puts nothing off";
    within(text, Span::minutes(1), Span::hours(24), why, "30m")
}

/// # Errors
/// Under five minutes a forecast says nothing more than the sample itself; beyond a day it says nothing.
pub fn before_limit(text: &str) -> Result<Span, Invalid> {
    let why = "a roll must be over before the quota is reached";
    within(text, Span::minutes(5), Span::hours(24), why, "20m")
}

/// How often one dyno is restarted for its memory in 24 hours.
///
/// # Errors
/// When it is no number, or so many that it is a restart loop.
pub fn max_per_day(text: &str) -> Result<u32, Invalid> {
    let number = text.parse().ok().filter(|number| (1..=48).contains(number));
    number.ok_or_else(|| Invalid::new("it is a whole number from 1 to 48", "4"))
}

/// # Errors
/// Under a minute no pass would come in time.
pub fn catch_up(text: &str) -> Result<Span, Invalid> {
    let why = "a pass needs a moment in which it may come";
    within(text, Span::minutes(1), Span::MAX, why, "1h")
}

/// # Errors
/// Over a day nobody knows which occurrence it belongs to.
pub fn jitter(text: &str) -> Result<Span, Invalid> {
    let why = "under that it spreads nothing";
    within(text, Span::minutes(1), Span::hours(24), why, "10m")
}

/// How long a credential lives; `None` is until it is revoked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lifetime(pub Option<Span>);

/// # Errors
/// Under an hour it would end before a schedule uses it.
pub fn lifetime(text: &str) -> Result<Lifetime, Invalid> {
    if text.eq_ignore_ascii_case("never") {
        return Ok(Lifetime(None));
    }
    let why = "it would end before it is used";
    within(text, Span::hours(1), Span::MAX, why, "90d or never").map(|span| Lifetime(Some(span)))
}

/// An account, as Heroku names it.
///
/// # Errors
/// When it is no e-mail address.
pub fn account(text: &str) -> Result<String, Invalid> {
    let parts = text
        .split_once('@')
        .filter(|(user, host)| !user.is_empty() && !host.is_empty());
    let is_plain = text.chars().all(|c| !c.is_whitespace() && !c.is_control());
    if parts.is_some() && is_plain {
        return Ok(text.to_owned());
    }
    Err(Invalid::new(
        "an account is an e-mail address",
        "me@example.com",
    ))
}

/// The same, or the word for a credential that is for anybody's schedules.
///
/// # Errors
/// When it is neither.
pub fn account_or_anybody(text: &str) -> Result<String, Invalid> {
    if text == "anybody" {
        return Ok(text.to_owned());
    }
    account(text)
}

/// How many of something are shown.
///
/// # Errors
/// When it is no number, or not from 1 to 1000.
pub fn count(text: &str) -> Result<u16, Invalid> {
    let number = text
        .parse()
        .ok()
        .filter(|number| (1..=1_000).contains(number));
    number.ok_or_else(|| Invalid::new("it is a whole number from 1 to 1000", "10"))
}

/// # Errors
/// When it is no port number.
pub fn port(text: &str) -> Result<u16, Invalid> {
    let wrong = || Invalid::new("a port is a whole number from 0 to 65535", "5100");
    text.parse().map_err(|_| wrong())
}

fn within(
    text: &str,
    least: Span,
    most: Span,
    why: &str,
    example: &'static str,
) -> Result<Span, Invalid> {
    let span: Span = text
        .parse()
        .map_err(|wrong: Invalid| Invalid::new(wrong.problem, example))?;
    if span < least {
        Err(Invalid::new(
            format!("it is at least {least}: {why}"),
            example,
        ))
    } else if span > most {
        Err(Invalid::new(format!("it is at most {most}"), example))
    } else {
        Ok(span)
    }
}
