//! Values that are durations, and still cannot be meant.

use crate::schedule::{Invalid, SHORTEST_MAX_UPTIME, Span};

pub(super) fn max_uptime(text: &str) -> Result<Span, Invalid> {
    let span: Span = text.parse()?;
    if span < SHORTEST_MAX_UPTIME {
        return Err(Invalid::new(
            format!("under {SHORTEST_MAX_UPTIME} it is a restart loop"),
            "6h or 90m",
        ));
    }
    Ok(span)
}

pub(super) fn wait_limit(text: &str) -> Result<Span, Invalid> {
    at_least(
        text,
        Span::seconds(30),
        "no dyno boots faster than that for certain",
        "5m",
    )
}

pub(super) fn catch_up(text: &str) -> Result<Span, Invalid> {
    at_least(
        text,
        Span::minutes(1),
        "a pass needs a moment in which it may come",
        "1h",
    )
}

fn at_least(text: &str, least: Span, why: &str, example: &'static str) -> Result<Span, Invalid> {
    let span: Span = text.parse()?;
    if span < least {
        Err(Invalid::new(
            format!("it is at least {least}: {why}"),
            example,
        ))
    } else {
        Ok(span)
    }
}
