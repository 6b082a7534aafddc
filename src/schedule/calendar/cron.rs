//! Cron expressions of five fields: minute, hour, day of month, month, day of week.
//!
//! `croner` reads them and knows their dates (`L`, `W`, `#`). Where it is laxer than Vixie cron they
//! are read as Vixie cron has them: a day and a weekday are both needed when either begins with `*`;
//! a step that is longer than its field, and a range that runs backwards, are refused.

use crate::schedule::{Invalid, TimeOfDay};
use croner::{
    Cron as Pattern,
    parser::{CronParser, Seconds, Year},
};
use jiff::civil::Date;
use std::{fmt, str::FromStr};

const EXAMPLE: &str = "'0 7,14 * * mon-fri', '30 3 * * sun#1' or @daily";

/// The fields by name, with the numbers that each has.
pub(super) const FIELDS: [(&str, u8, u8); 5] = [
    ("minute", 0, 59),
    ("hour", 0, 23),
    ("day of the month", 1, 31),
    ("month", 1, 12),
    ("day of the week", 0, 7),
];
const MONTHS: [&str; 12] = [
    "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
];
const WEEKDAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

/// Names for whole expressions; there is no start of a machine to run at (`@reboot`).
const NAMES: [(&str, &str); 7] = [
    ("@yearly", "0 0 1 1 *"),
    ("@annually", "0 0 1 1 *"),
    ("@monthly", "0 0 1 * *"),
    ("@weekly", "0 0 * * 0"),
    ("@daily", "0 0 * * *"),
    ("@midnight", "0 0 * * *"),
    ("@hourly", "0 * * * *"),
];

/// A cron expression that names at least one date.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cron {
    /// As it was written, spaces and upper case aside.
    text: String,
    pub(super) fields: [String; 5],
    pattern: Pattern,
    times: Vec<TimeOfDay>,
}

impl Cron {
    pub(super) fn times(&self) -> &[TimeOfDay] {
        &self.times
    }

    pub(super) fn is_interval(&self) -> bool {
        self.fields[..2].iter().any(|field| field.starts_with('*'))
    }

    pub(super) fn is_on(&self, date: Date) -> bool {
        let (month, day) = (
            u32::from(date.month().unsigned_abs()),
            u32::from(date.day().unsigned_abs()),
        );
        let weekday = weekday(date.weekday());
        let pattern = &self.pattern.pattern;
        pattern.month_match(month).unwrap_or(false)
            && pattern
                .day_match(i32::from(date.year()), month, day, weekday)
                .unwrap_or(false)
    }
}

fn weekday(weekday: jiff::civil::Weekday) -> croner::time::Weekday {
    use croner::time::Weekday::{Friday, Monday, Saturday, Sunday, Thursday, Tuesday, Wednesday};
    use jiff::civil::Weekday as Day;
    match weekday {
        Day::Monday => Monday,
        Day::Tuesday => Tuesday,
        Day::Wednesday => Wednesday,
        Day::Thursday => Thursday,
        Day::Friday => Friday,
        Day::Saturday => Saturday,
        Day::Sunday => Sunday,
    }
}

impl FromStr for Cron {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let lower = text.to_ascii_lowercase();
        let text = lower.split_whitespace().collect::<Vec<_>>().join(" ");
        let expression = match NAMES.iter().find(|(name, _)| *name == text) {
            Some((_, expression)) => *expression,
            None if text.starts_with('@') => {
                return Err(Invalid::new(format!("there is no '{text}'"), EXAMPLE));
            }
            None => text.as_str(),
        };
        let fields: Vec<String> = expression.split(' ').map(ToOwned::to_owned).collect();
        let fields: [String; 5] = fields.try_into().map_err(|fields: Vec<String>| {
            let count = if text.is_empty() { 0 } else { fields.len() };
            Invalid::new(format!("it has five fields, and not {count}: minute, hour, day of the month, month, day of the week"), EXAMPLE)
        })?;
        for (place, field) in fields.iter().enumerate() {
            check(place, field)?;
        }
        let is_both = fields[2].starts_with('*') || fields[4].starts_with('*');
        let parser = CronParser::builder()
            .seconds(Seconds::Disallowed)
            .year(Year::Disallowed)
            .dom_and_dow(is_both)
            .build();
        let mut pattern = parser.parse(&fields.join(" ")).map_err(|error| {
            Invalid::new(format!("it is no cron expression ({error})"), EXAMPLE)
        })?;
        // Every year is meant, and five thousand of them are five kilobytes.
        drop(std::mem::take(&mut pattern.pattern.years));
        let hours = (0..24).filter(|hour| pattern.pattern.hour_match(*hour).unwrap_or(false));
        let minutes: Vec<u32> = (0..60)
            .filter(|minute| pattern.pattern.minute_match(*minute).unwrap_or(false))
            .collect();
        let times = hours.flat_map(|hour| minutes.iter().map(move |minute| (hour, *minute)));
        let times = times
            .filter_map(|(hour, minute)| {
                TimeOfDay::new(i8::try_from(hour).ok()?, i8::try_from(minute).ok()?)
            })
            .collect();
        Ok(Self {
            text,
            fields,
            pattern,
            times,
        })
    }
}

/// Whether a field is written as Vixie cron has it, or with `L`, `W` and `#`: croner lets more pass.
fn check(place: usize, field: &str) -> Result<(), Invalid> {
    let (name, first, last) = FIELDS[place];
    let wrong =
        |part: &str, why: String| Err(Invalid::new(format!("{name} '{part}': {why}"), EXAMPLE));
    for part in field.split(',') {
        let is_of_month = place == 2 && is_day_of_month(part);
        let is_of_week = place == 4 && is_weekday_of_month(part);
        if is_of_month || is_of_week {
            continue;
        }
        let (range, step) = part
            .split_once('/')
            .map_or((part, None), |(r, s)| (r, Some(s)));
        if let Some(step) = step {
            let length = last - first + u8::from(place != 4);
            match step.parse::<u8>() {
                Err(_) | Ok(0) => return wrong(part, format!("'{step}' is no step")),
                Ok(number) if number >= length => {
                    return wrong(part, format!("a step of {step} is longer than the field"));
                }
                Ok(_) if range != "*" && !range.contains('-') => {
                    return wrong(
                        part,
                        format!("a step follows * or a range, as in {range}-{last}/{step}"),
                    );
                }
                Ok(_) => {}
            }
        }
        if range == "*" {
            // As a part of a list it would make the rest of the list mean nothing.
            if field.contains(',') {
                return wrong(field, "* stands alone".to_owned());
            }
            continue;
        }
        let (from, to) = range.split_once('-').unwrap_or((range, range));
        let (Some(from), Some(to)) = (number(place, from), number(place, to)) else {
            let names = match place {
                2 => ", L, LW or 15W",
                3 => ", or a name (jan)",
                4 => ", or a name (mon), mon#1 to mon#5, or friL",
                _ => "",
            };
            return wrong(
                part,
                format!("it is a number from {first} to {last}, a range or *{names}"),
            );
        };
        // A week may be said to end with Sunday.
        let to = if place == 4 && to == 0 && from > 0 {
            7
        } else {
            to
        };
        if from > to {
            let two = two(place, from, to);
            return wrong(
                part,
                format!("the range runs backwards: {two} is both ends of it"),
            );
        }
    }
    Ok(())
}

/// `L`, `LW` or `15W`.
fn is_day_of_month(part: &str) -> bool {
    let day = part.strip_suffix('w').and_then(|day| number(2, day));
    part == "l" || part == "lw" || day.is_some()
}

/// `mon#1` or `friL`.
fn is_weekday_of_month(part: &str) -> bool {
    let (day, which) = part
        .split_once('#')
        .map_or((part, None), |(d, w)| (d, Some(w)));
    match which {
        Some(which) => number(4, day).is_some() && matches!(which, "1" | "2" | "3" | "4" | "5"),
        None => day
            .strip_suffix('l')
            .and_then(|day| number(4, day))
            .is_some(),
    }
}

/// A range that runs backwards, as it can be written.
fn two(place: usize, from: u8, to: u8) -> String {
    let (_, first, last) = FIELDS[place];
    let last = if place == 4 { 6 } else { last };
    if place == 4 && from == 7 {
        return format!("0-{to}");
    }
    format!("{from}-{last},{first}-{to}")
}

/// The number of a field's value, also of a name; `None` where the field has no such value.
pub(super) fn number(place: usize, text: &str) -> Option<u8> {
    let (_, first, last) = FIELDS[place];
    let named = match place {
        3 => MONTHS
            .iter()
            .position(|name| *name == text)
            .map(|at| at + 1),
        4 => WEEKDAYS.iter().position(|name| *name == text),
        _ => None,
    };
    let is_plain = (1..=2).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    let number = is_plain.then(|| text.parse().ok()).flatten();
    let number = number.or_else(|| u8::try_from(named?).ok());
    number.filter(|number| (first..=last).contains(number))
}

impl fmt::Display for Cron {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}
