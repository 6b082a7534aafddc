//! A clock that is set while a log is followed: this machine's, or what is the same, Heroku's.

use crate::{
    process::{Home, Served, block, now},
    simulation,
};
use autorestart::{clock::Clock, env::Env, listen, memory::Lives};
use std::cell::RefCell;

const WORLD: &str = "[[app]]\nname = \"example-app\"\nmetrics = true\n[[app.formation]]\ntype = \"web\"\nquantity = 1\nup-for = \"2h\"\n";

#[test]
fn a_clock_that_is_set_deafens_nobody() {
    block(async {
        let home = Home::new();
        let world = home.path().join("world.toml");
        std::fs::write(&world, WORLD).expect("a file");
        let clock = "2026-03-02T07:00:00Z*60";
        let served = Served::start(&world.display().to_string(), Some(clock));
        let pairs = [
            ("HEROKU_HOST", served.heroku.url.as_str()),
            ("HEROKU_API_KEY", "a-token"),
            ("AUTORESTART_CLOCK", clock),
        ];
        let env = Env::from_pairs(pairs.map(|(name, value)| (name.to_owned(), value.to_owned())));
        let clock = Clock::from_env(&env).expect("a clock");
        let client = simulation::client(&env, clock).await;
        let lives = RefCell::new(Lives::default());
        let follow = listen::follow(&client, clock, "example-app", &lives, |_| {});
        let look = async {
            let heard_after = |instant: &str| {
                let instant = instant.parse().expect("an instant");
                lives.borrow().told_at().is_some_and(|at| at > instant)
            };
            while !heard_after("2026-03-02T07:00:00Z") {
                assert!(now(&served).await.as_str() < "2026-03-02T07:30", "in time");
            }
            let body = serde_json::json!({ "advance": "2h" });
            served.heroku.patch("/sandbox", &body).await;
            // From the past of a new session, and from what comes in it.
            while !heard_after("2026-03-02T09:05:00Z") {
                assert!(now(&served).await.as_str() < "2026-03-02T09:40", "in time");
            }
        };
        tokio::select! {
            () = follow => unreachable!("it follows for good"),
            () = look => {}
        }
    });
}
