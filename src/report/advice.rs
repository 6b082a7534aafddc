//! What helps a dyno that a restart does not help.

use crate::{
    memory::Bytes,
    snapshot::{Dyno, Size},
};

/// A larger size with its price, where there is one, and what costs nothing.
#[must_use]
pub fn more_memory(dyno: &Dyno, sizes: &[Size]) -> String {
    let fewer = match dyno.process_type.as_str() {
        "web" => "fewer web server processes or threads (WEB_CONCURRENCY, RAILS_MAX_THREADS)",
        _ => "fewer threads of the worker (its concurrency)",
    };
    let larger = larger(dyno, sizes);
    larger.map_or_else(
        || format!("{} needs more memory than its size has: {fewer}", dyno.name),
        |(own, larger)| {
            let price = match (own.cents, larger.cents) {
                (Some(own), Some(larger)) => {
                    format!(", ${} in place of ${} a month for each", larger / 100, own / 100)
                }
                _ => String::new(),
            };
            format!(
                "{} needs more memory than {} has: {} has {}{price} (heroku ps:type {}={}); or {fewer}",
                dyno.name,
                own.name,
                larger.name,
                amount(larger.memory),
                dyno.process_type,
                larger.name.to_lowercase()
            )
        },
    )
}

fn amount(memory: Bytes) -> String {
    let gigabytes = memory.as_mb() / 1_024.0;
    format!("{gigabytes} GB")
}

/// Its own size, and the smallest one with more memory that an app may mix with it: of the same family,
/// `Standard-1X` and `Standard-2X`, else any that is not for spaces.
fn larger<'a>(dyno: &Dyno, sizes: &'a [Size]) -> Option<(&'a Size, &'a Size)> {
    let family = |size: &str| size.split('-').next().unwrap_or_default().to_lowercase();
    let own = sizes
        .iter()
        .find(|size| size.name.eq_ignore_ascii_case(&dyno.size))?;
    let is_more = |size: &&Size| size.memory > own.memory;
    let is_kin = |size: &&Size| family(&size.name) == family(&own.name);
    let is_common =
        |size: &&Size| ["standard", "performance"].contains(&family(&size.name).as_str());
    let smallest = |a: &&Size, b: &&Size| (a.memory, a.cents).cmp(&(b.memory, b.cents));
    let of_kin = sizes.iter().filter(is_more).filter(is_kin).min_by(smallest);
    let of_common = || {
        let own_is_common = !["private", "shield", "dyno"].contains(&family(&own.name).as_str());
        let common = sizes
            .iter()
            .filter(is_more)
            .filter(is_common)
            .min_by(smallest);
        common.filter(|_| own_is_common)
    };
    of_kin.or_else(of_common).map(|larger| (own, larger))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::snapshot::State;

    fn dyno(size: &str) -> Dyno {
        Dyno {
            id: String::new(),
            name: "web.1".to_owned(),
            process_type: "web".to_owned(),
            state: State::Up,
            created_at: jiff::Timestamp::UNIX_EPOCH,
            updated_at: jiff::Timestamp::UNIX_EPOCH,
            release: 1,
            is_attached: false,
            size: size.to_owned(),
        }
    }

    #[test]
    fn the_next_larger_size_is_named_with_its_price() {
        let size = |name: &str, megabytes, cents| Size {
            name: name.to_owned(),
            memory: Bytes::mb(megabytes),
            cents: Some(cents),
        };
        let sizes = [
            size("Performance-L", 14_336, 50_000),
            size("Private-S", 1_024, 12_500),
            size("Standard-2X", 1_024, 5_000),
            size("Standard-1X", 512, 2_500),
            size("Performance-M", 2_560, 25_000),
        ];
        for (own, larger) in [
            (
                "standard-1x",
                "Standard-2X has 1 GB, $50 in place of $25 a month",
            ),
            (
                "Standard-2X",
                "Performance-M has 2.5 GB, $250 in place of $50",
            ),
            ("Performance-M", "Performance-L has 14 GB"),
            ("Private-S", "needs more memory than its size has: fewer"),
            ("Unheard-Of", "needs more memory than its size has: fewer"),
        ] {
            let advice = more_memory(&dyno(own), &sizes);
            assert!(advice.contains(larger), "{advice}");
        }
    }
}
