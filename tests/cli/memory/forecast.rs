//! Forecasts, on leaks of many shapes: how far off an hour before, how often within the interval, and
//! whether what does not grow is ever called needed.

use crate::calendars::property::Random;
use autorestart::{
    memory::{Bytes, Life, Outlook},
    sandbox::{Leak, Shape},
};
use jiff::{SignedDuration, Timestamp};

const QUOTA: u32 = 512;
const HOUR: f64 = 3_600.0;

/// Lives of each shape; more of them for `npm run test:deep`.
fn lives() -> i64 {
    std::env::var("AUTORESTART_TEST_LIVES").map_or(8, |count| count.parse().expect("a number"))
}

/// So many worlds, each by its own number; the first is always the same.
fn worlds() -> impl Iterator<Item = u64> {
    let count = std::env::var("AUTORESTART_TEST_WORLDS");
    let count: u64 = count.map_or(1, |count| count.parse().expect("a number"));
    20_261_129..20_261_129 + count
}

fn begin() -> Timestamp {
    "2026-03-02T00:00:00Z".parse().expect("an instant")
}

fn at(seconds: f64) -> Timestamp {
    begin() + SignedDuration::from_secs_f64(seconds)
}

fn chance(random: &mut Random) -> f64 {
    f64::from(u32::try_from(random.below(1_000_001)).expect("small")) / 1_000_000.0
}

/// A leak, and how far it wanders at each sample.
type Shaped = (&'static str, Leak, f64);

fn leaking() -> Vec<Shaped> {
    let line = Leak {
        from: 180.0,
        per_hour: 40.0,
        noise: 3.0,
        ..Leak::default()
    };
    let of = |shape, per_hour, swing, every| Leak {
        shape,
        per_hour,
        swing,
        every,
        ..line
    };
    vec![
        ("line", line, 0.0),
        (
            "line, slow",
            Leak {
                per_hour: 14.0,
                ..line
            },
            0.0,
        ),
        (
            "line, fast",
            Leak {
                per_hour: 120.0,
                ..line
            },
            0.0,
        ),
        (
            "noise",
            Leak {
                noise: 25.0,
                ..line
            },
            0.0,
        ),
        (
            "noise, slow",
            Leak {
                noise: 20.0,
                per_hour: 15.0,
                ..line
            },
            0.0,
        ),
        ("step of 20 min", of(Shape::Step, 40.0, 0.0, 20.0), 0.0),
        ("step of 60 min", of(Shape::Step, 30.0, 0.0, 60.0), 0.0),
        (
            "sawtooth of 7 min",
            of(Shape::Sawtooth, 25.0, 60.0, 7.0),
            0.0,
        ),
        (
            "sawtooth of 15 min",
            of(Shape::Sawtooth, 40.0, 40.0, 15.0),
            0.0,
        ),
        (
            "sawtooth of 60 min",
            of(Shape::Sawtooth, 20.0, 50.0, 60.0),
            0.0,
        ),
        ("spikes", of(Shape::Spike, 40.0, 30.0, 45.0), 0.0),
        ("high start", of(Shape::StartHigh, 40.0, 120.0, 60.0), 0.0),
        (
            "faster and faster",
            of(Shape::Faster, 25.0, 0.0, 240.0),
            0.0,
        ),
        (
            "slower and slower",
            of(Shape::Slower, 90.0, 0.0, 400.0),
            0.0,
        ),
        ("by day", of(Shape::Day, 25.0, 0.0, 60.0), 0.0),
        (
            "wandering",
            Leak {
                per_hour: 35.0,
                ..line
            },
            1.25,
        ),
        (
            "slow warm-up",
            Leak {
                warm_up: 20.0,
                per_hour: 60.0,
                ..line
            },
            0.0,
        ),
    ]
}

fn steady() -> Vec<Shaped> {
    let flat = Leak {
        from: 300.0,
        noise: 3.0,
        ..Leak::default()
    };
    let saw = |swing, every| Leak {
        shape: Shape::Sawtooth,
        swing,
        every,
        ..flat
    };
    vec![
        ("flat", flat, 0.0),
        (
            "flat, near the threshold",
            Leak {
                from: 420.0,
                ..flat
            },
            0.0,
        ),
        (
            "flat, noisy",
            Leak {
                from: 380.0,
                noise: 30.0,
                ..flat
            },
            0.0,
        ),
        ("flat sawtooth of 7 min", saw(120.0, 7.0), 0.0),
        ("flat sawtooth of 15 min", saw(80.0, 15.0), 0.0),
        ("flat sawtooth of 60 min", saw(100.0, 60.0), 0.0),
        (
            "flat after a high start",
            Leak {
                shape: Shape::StartHigh,
                swing: 150.0,
                ..flat
            },
            0.0,
        ),
        (
            "flat after a slow warm-up",
            Leak {
                from: 400.0,
                warm_up: 20.0,
                ..flat
            },
            0.0,
        ),
    ]
}

/// The samples of one life, as Heroku takes them: every 20 to 22 seconds.
fn samples(shaped: &Shaped, random: &mut Random, hours: f64) -> Vec<(f64, Bytes)> {
    let (_, leak, wander) = *shaped;
    let leak = Leak {
        per_hour: leak.per_hour * (0.75 + 0.5 * chance(random)),
        from: leak.from * (0.9 + 0.15 * chance(random)),
        every: leak.every * (0.8 + 0.4 * chance(random)),
        ..leak
    };
    let hour = 24.0 * chance(random);
    let (mut age, mut wandered) = (8.0 + 14.0 * chance(random), 0.0);
    let mut samples = vec![];
    while age < hours * HOUR {
        wandered += wander * (2.0 * chance(random) - 1.0);
        let used = leak.used(age, hour, 2.0 * chance(random) - 1.0) + wandered;
        let used = Bytes::of(used * Bytes::mb(1).as_f64()).expect("an amount");
        samples.push((age, used));
        age += 20.0 + 2.0 * chance(random);
    }
    samples
}

/// When three samples in a row are at a limit for the first time.
fn breach(samples: &[(f64, Bytes)], limit: Bytes) -> Option<f64> {
    let three = samples.windows(3);
    let found = three
        .into_iter()
        .find(|three| three.iter().all(|(_, used)| *used >= limit));
    found.map(|three| three[0].0)
}

fn life(samples: &[(f64, Bytes)], until: f64) -> Life {
    let mut life = Life::new("id");
    for (age, used) in samples.iter().filter(|(age, _)| *age <= until) {
        life.add(at(*age), *used, None);
    }
    life
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

#[test]
fn an_hour_before_the_quota_is_reached_the_forecast_is_near() {
    let quota = Bytes::mb(u64::from(QUOTA));
    let mut random = Random(worlds().last().expect("one"));
    let (mut errors, mut within, mut shapes) = (vec![], 0, 0);
    for shaped in &leaking() {
        let (mut of_shape, mut held) = (vec![], 0);
        for _ in 0..lives() {
            let samples = samples(shaped, &mut random, 80.0);
            let Some(breach) = breach(&samples, quota).filter(|breach| *breach > 1.5 * HOUR) else {
                continue;
            };
            let now = breach - HOUR;
            let life = life(&samples, now);
            // Nothing foreseen is as wrong as an hour of an hour.
            let (error, is_within) = match life.outlook(quota, at(now)) {
                Outlook::Reaches(forecast) => {
                    let ahead =
                        |instant: Timestamp| instant.duration_since(at(now)).as_secs_f64() / HOUR;
                    let is_within = ahead(forecast.earliest) <= 1.0
                        && forecast.latest.is_none_or(|latest| ahead(latest) >= 1.0);
                    ((ahead(forecast.at) - 1.0).abs(), is_within)
                }
                Outlook::Steady | Outlook::Unknown => (1.0, false),
            };
            of_shape.push(error);
            held += usize::from(is_within);
        }
        assert!(of_shape.len() >= 5, "{} breaches too seldom", shaped.0);
        shapes += 1;
        let share = 100 * held / of_shape.len();
        let error = 100.0 * median(of_shape.clone());
        println!(
            "{:20} {error:5.1} % off, {share:3} % within the interval",
            shaped.0
        );
        within += held;
        errors.extend(of_shape);
    }
    #[expect(clippy::cast_precision_loss, reason = "some hundreds")]
    let share = 100.0 * within as f64 / errors.len() as f64;
    let error = 100.0 * median(errors.clone());
    println!(
        "{shapes} shapes, {} lives: median {error:.1} % off, {share:.1} % within the interval of 90 %",
        errors.len()
    );
    assert!(shapes >= 12 && error <= 15.0, "{error:.1} %");
    assert!((80.0..=97.0).contains(&share), "{share:.1} %");
}

#[test]
fn what_does_not_grow_is_never_called_needed() {
    let threshold = Bytes::mb(u64::from(QUOTA)).percent(90);
    let (mut asked, mut unknown, mut needed) = (0, 0, vec![]);
    for world in worlds() {
        let mut random = Random(world);
        for shaped in &steady() {
            for _ in 0..lives() {
                let samples = samples(shaped, &mut random, 26.0);
                let mut now = 0.5 * HOUR + HOUR * chance(&mut random);
                while now < 26.0 * HOUR {
                    let life = life(&samples, now);
                    let next = at(now + 12.0 * HOUR);
                    let is_needed = life.reaches(threshold, next, at(now));
                    let told = format!("{world}: {} at {:.2} h", shaped.0, now / HOUR);
                    assert!(is_needed.is_some() || now < 1.5 * HOUR, "{told}: unknown");
                    if is_needed == Some(true) {
                        needed.push(told);
                    }
                    asked += 1;
                    unknown += u32::from(is_needed.is_none());
                    now += 2.0 * HOUR;
                }
            }
        }
    }
    let (shapes, count) = (steady().len(), needed.len());
    println!(
        "{shapes} steady shapes, asked {asked} times: needed {count} times, unknown {unknown} times, all within 90 minutes of the start"
    );
    assert!(needed.is_empty(), "{needed:?}");
}

#[test]
fn nothing_is_forecast_from_samples_that_are_old() {
    let mut random = Random(20_261_129);
    let samples = samples(&leaking()[0], &mut random, 6.0);
    let last = samples.last().expect("samples").0;
    let (life, quota) = (life(&samples, last), Bytes::mb(u64::from(QUOTA)));
    let (soon, later) = (at(last + 60.0), at(last + 600.0));
    assert!(matches!(life.outlook(quota, soon), Outlook::Reaches(_)));
    assert_eq!(
        life.reaches(quota, at(last + 24.0 * HOUR), soon),
        Some(true)
    );
    assert_eq!(life.outlook(quota, later), Outlook::Unknown);
    assert_eq!(life.reaches(quota, at(last + 24.0 * HOUR), later), None);
}
