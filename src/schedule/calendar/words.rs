//! A calendar as a person would say it: `at 07:00 and 14:00, Monday to Friday`. What nobody would say
//! is shown as it was written.

use super::{
    Cron, Recurrence,
    cron::{FIELDS, number},
};
use crate::schedule::{Days, days::join_with_and};

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const WHICH: [&str; 6] = ["", "first", "second", "third", "fourth", "fifth"];
/// More times of day than anybody says one by one.
const MOST_TIMES: usize = 8;
const OF_THE_MONTH: &str = "of the month";

pub(super) fn of(recurrence: &Recurrence) -> String {
    match recurrence {
        Recurrence::At { times, days } => {
            let times: Vec<String> = times.iter().map(|time| time.to_string()).collect();
            with_comma(format!("at {}", join_with_and(&times)), &days.in_words())
        }
        Recurrence::Cron(cron) => {
            in_words(cron).unwrap_or_else(|| format!("at times of cron '{cron}'"))
        }
    }
}

fn with_comma(first: String, rest: &str) -> String {
    if rest.is_empty() {
        first
    } else {
        format!("{first}, {rest}")
    }
}

fn in_words(cron: &Cron) -> Option<String> {
    let [_, _, days, months, weekdays] = cron.fields.each_ref().map(String::as_str);
    let (of_month, of_week) = (in_month(days)?, in_week(weekdays)?);
    // Vixie cron: either of them, unless one begins with `*`.
    let is_either = !days.starts_with('*') && !weekdays.starts_with('*');
    let days = match (of_month.is_empty(), of_week.is_empty()) {
        (true, true) => String::new(),
        (true, _) | (_, true) if is_either => String::new(),
        (true, _) => of_week,
        (_, true) => of_month,
        _ if !is_either => return None,
        _ if of_week.contains(" to ") || of_week.starts_with("on ") => {
            format!("{of_month}, and {of_week}")
        }
        _ => format!("{of_month}, and every {of_week}"),
    };
    let text = with_comma(times(cron)?, &days);
    if months == "*" {
        return Some(text);
    }
    let name = |month: u8| MONTHS[usize::from(month) - 1].to_owned();
    let months: Vec<String> = numbers(3, months)?.into_iter().map(name).collect();
    let months = join_with_and(&months);
    let is_either = !in_month(cron.fields[2].as_str())?.is_empty() && cron.fields[4] != "*";
    Some(if text.contains(OF_THE_MONTH) && !is_either {
        text.replace(OF_THE_MONTH, &format!("of {months}"))
    } else {
        format!("{text}, in {months}")
    })
}

/// `at 07:00 and 14:00`, `every 15 minutes`, `every hour at :30`.
fn times(cron: &Cron) -> Option<String> {
    let [minutes, hours, ..] = cron.fields.each_ref().map(String::as_str);
    let minute = number(0, minutes);
    match (minutes, hours) {
        ("*", "*") => return Some("every minute".to_owned()),
        ("0", "*") => return Some("every hour".to_owned()),
        (_, "*") if minute.is_some() => return Some(format!("every hour at :{:02}", minute?)),
        _ => {}
    }
    let step = |field: &str, of: u8| {
        let step: u8 = field.strip_prefix("*/")?.parse().ok()?;
        of.is_multiple_of(step).then_some(step)
    };
    if hours == "*" {
        return step(minutes, 60).map(|step| match step {
            1 => "every minute".to_owned(),
            step => format!("every {step} minutes"),
        });
    }
    if let (Some(minute), Some(step)) = (minute, step(hours, 24)) {
        let at = if minute == 0 {
            String::new()
        } else {
            format!(" at :{minute:02}")
        };
        return Some(match step {
            1 => format!("every hour{at}"),
            step => format!("every {step} hours{at}"),
        });
    }
    let times = cron.times();
    (times.len() <= MOST_TIMES).then(|| {
        let times: Vec<String> = times.iter().map(ToString::to_string).collect();
        format!("at {}", join_with_and(&times))
    })
}

/// `on the 1st and 15th`; empty for every day.
fn in_month(field: &str) -> Option<String> {
    if field == "*" {
        return Some(String::new());
    }
    let one = |part: &str| match part {
        "l" => Some("the last day".to_owned()),
        "lw" => Some("the last working day".to_owned()),
        _ => match part.strip_suffix('w') {
            Some(day) => Some(format!(
                "the working day nearest the {}",
                nth(number(2, day)?)
            )),
            None => None,
        },
    };
    let is_special = |part: &&str| part.contains(['l', 'w']);
    let special = field.split(',').filter(is_special).map(one);
    let mut parts: Vec<String> = special.collect::<Option<_>>()?;
    let plain: Vec<&str> = field.split(',').filter(|part| !is_special(part)).collect();
    if !plain.is_empty() {
        let days: Vec<String> = numbers(2, &plain.join(","))?.into_iter().map(nth).collect();
        parts.insert(0, format!("the {}", join_with_and(&days)));
    }
    Some(format!("on {} {OF_THE_MONTH}", join_with_and(&parts)))
}

/// `Monday to Friday`, `on the first Monday of the month`; empty for every day.
fn in_week(field: &str) -> Option<String> {
    if field == "*" {
        return Some(String::new());
    }
    let is_special = |part: &&str| part.contains('#') || part.ends_with('l');
    if !field.split(',').any(|part| is_special(&part)) {
        return Some(days(numbers(4, field)?).in_words());
    }
    let one = |part: &str| {
        let (day, which) = match part.split_once('#') {
            Some((day, which)) => (day, WHICH[which.parse::<usize>().ok()?]),
            None => (part.strip_suffix('l')?, "last"),
        };
        Some(format!(
            "the {which} {}",
            days(vec![number(4, day)?]).in_words()
        ))
    };
    let parts = field.split(',').map(one).collect::<Option<Vec<_>>>()?;
    Some(format!("on {} {OF_THE_MONTH}", join_with_and(&parts)))
}

fn days(numbers: Vec<u8>) -> Days {
    Days::of(
        numbers
            .into_iter()
            .map(|number| (usize::from(number) + 6) % 7),
    )
}

/// `1st`, `2nd`, `23rd`.
fn nth(day: u8) -> String {
    let end = match day {
        1 | 21 | 31 => "st",
        2 | 22 => "nd",
        3 | 23 => "rd",
        _ => "th",
    };
    format!("{day}{end}")
}

/// The few numbers of a plain field, in order; `None` for more than anybody says.
fn numbers(place: usize, field: &str) -> Option<Vec<u8>> {
    let (_, first, last) = FIELDS[place];
    let mut found = vec![];
    for part in field.split(',') {
        let (range, step) = part.split_once('/').unwrap_or((part, "1"));
        let (from, to) = match range.split_once('-') {
            Some((from, to)) => (number(place, from)?, number(place, to)?),
            None if range == "*" => (first, last - u8::from(place == 4)),
            None => (number(place, range)?, number(place, range)?),
        };
        let to = if place == 4 && to < from { 7 } else { to };
        found.extend((from..=to).step_by(step.parse().ok()?));
    }
    found.sort_unstable();
    found.dedup();
    (found.len() <= MOST_TIMES).then_some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cron_is_said_as_people_say_it() {
        for (cron, said) in [
            ("0 7,14 * * mon-fri", "at 07:00 and 14:00, Monday to Friday"),
            ("30 3 * * *", "at 03:30"),
            ("@daily", "at 00:00"),
            ("@hourly", "every hour"),
            ("15 * * * *", "every hour at :15"),
            ("*/15 * * * *", "every 15 minutes"),
            ("* * * * *", "every minute"),
            ("0 */6 * * *", "every 6 hours"),
            (
                "30 */6 * * sat,sun",
                "every 6 hours at :30, Saturday and Sunday",
            ),
            ("0 3 1,15 * *", "at 03:00, on the 1st and 15th of the month"),
            ("0 3 L * *", "at 03:00, on the last day of the month"),
            (
                "0 3 LW * *",
                "at 03:00, on the last working day of the month",
            ),
            (
                "0 3 15W * *",
                "at 03:00, on the working day nearest the 15th of the month",
            ),
            (
                "0 3 * * mon#1",
                "at 03:00, on the first Monday of the month",
            ),
            ("0 3 * * friL", "at 03:00, on the last Friday of the month"),
            ("0 3 29 2 *", "at 03:00, on the 29th of February"),
            (
                "0 9 1,15 * mon",
                "at 09:00, on the 1st and 15th of the month, and every Monday",
            ),
            ("0 3 * jan,jul sun", "at 03:00, Sunday, in January and July"),
            (
                "0 0 30 2 mon",
                "at 00:00, on the 30th of the month, and every Monday, in February",
            ),
            ("0 3 1 * 0-6", "at 03:00"),
            ("0 3 1 * mon-sun", "at 03:00"),
            ("0 3 1 2 1-7", "at 03:00, in February"),
            ("0 3 * * 0-6", "at 03:00"),
            ("0 3 * * fri-sun", "at 03:00, Friday to Sunday"),
            ("0 3 * * 0,7", "at 03:00, Sunday"),
            ("*/7 * * * *", "at times of cron '*/7 * * * *'"),
            ("*/15 9-17 * * *", "at times of cron '*/15 9-17 * * *'"),
            ("0 3 */2 * mon", "at times of cron '0 3 */2 * mon'"),
        ] {
            let cron: Cron = cron.parse().expect(cron);
            assert_eq!(of(&Recurrence::Cron(Box::new(cron))), said);
        }
    }
}
