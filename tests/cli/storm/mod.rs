//! Days of an account on a paused clock, in one runtime with the sandbox, by a seed: faults on every call,
//! boots that crash, hang or flap, deploys, config changes, scaling, maintenance, incidents, slow answers and
//! few requests in the middle of rolls, passes that are dropped wherever they wait. Nothing of what is promised may break.
//!
//! `AUTORESTART_TEST_WORLDS=50 cargo test --test cli storm:: -- --nocapture` lives 1,000 app-days;
//! `AUTORESTART_TEST_SEED=7` lives one world again, and `AUTORESTART_TEST_SHOW=app-1` shows what happened to an app.

mod judge;
mod life;
mod tally;
mod weather;

use life::Life;
use tally::Tally;

/// Worlds that are lived each time; every one has four apps for five days.
const FEW: u64 = 3;
/// Each world has a seed of its own, counted from here.
const FIRST: u64 = 20_261_129;

fn setting(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    // A scenario has it as TOML's integer.
    let number: i64 = text.parse().expect("a number below 2^63");
    Some(number.try_into().expect("not below 0"))
}

fn live(seed: u64) -> Tally {
    crate::process::block_paused(async {
        tokio::task::LocalSet::new()
            .run_until(Box::pin(Life::of(seed).live()))
            .await
    })
}

#[test]
fn whatever_happens_no_promise_breaks() {
    let began = std::time::Instant::now();
    let seeds: Vec<u64> = match setting("AUTORESTART_TEST_SEED") {
        Some(seed) => vec![seed],
        None => (0..setting("AUTORESTART_TEST_WORLDS").unwrap_or(FEW))
            .map(|number| FIRST + number)
            .collect(),
    };
    // Two at a time: a world is one thread.
    let next = std::sync::atomic::AtomicUsize::new(0);
    let whole = std::sync::Mutex::new(Tally::default());
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                loop {
                    let place = next.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                    let Some(seed) = seeds.get(place) else { return };
                    let tally = live(*seed);
                    println!("seed {seed}: {tally}");
                    whole.lock().expect("nobody panicked").add(tally);
                }
            });
        }
    });
    let whole = whole.into_inner().expect("nobody panicked");
    println!(
        "{} worlds, seeds {} to {}, {:.0} s: {whole}",
        seeds.len(),
        seeds[0],
        seeds[seeds.len() - 1],
        began.elapsed().as_secs_f64()
    );
    assert!(whole.wrong.is_empty(), "{:#?}", whole.wrong);
    if seeds.len() >= 3 {
        whole.is_a_storm();
    }
    if seeds.len() >= 50 {
        whole.is_everything();
    }
}

/// Lived again, a seed comes to the same: what fails can be looked at. Its sockets are real, so that on a busy
/// machine an answer may come a moment later than the time that stands still: then it is lived once more.
#[test]
fn a_seed_can_be_lived_again() {
    const LIVES: usize = 5;
    let seed = FIRST + 1_000;
    let mut known: Vec<Vec<_>> = vec![];
    while known.len() < LIVES {
        let restarts = live(seed).restarts;
        assert!(restarts.len() > 20);
        if known.contains(&restarts) {
            println!("seed {seed}: twice the same in {} lives", known.len() + 1);
            return;
        }
        known.push(restarts);
    }
    panic!("seed {seed} was lived {LIVES} times, and never the same");
}
