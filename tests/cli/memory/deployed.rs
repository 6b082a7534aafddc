//! The runner on a Heroku app, whose disk does not last, listens too.

use crate::{
    deploy::{deploy_this, remove},
    process::{Home, Served, block, now, told_on_time},
};

const WORLD: &str = "[[app]]\nname = \"example-app\"\nmetrics = true\nhabits = { boot = \"5s\" }\n[[app.formation]]\ntype = \"web\"\nquantity = 2\nup-for = \"40m\"\nleak = { from = 240, per-hour = 300 }\n";
const SCHEDULE: &str =
    "version = 1\n[[schedule]]\napp = \"example-app\"\nmemory = \"90%\"\ntimezone = \"UTC\"\n";

#[test]
fn a_deployed_runner_restarts_by_memory_and_its_log_tells_why() {
    block(async {
        let home = Home::new();
        let world = home.path().join("world.toml");
        std::fs::write(&world, WORLD).expect("a file");
        let world = world.display().to_string();
        let served = Served::running_slugs(&world, "2026-03-02T07:00:00Z*20");
        home.write_schedules(SCHEDULE);
        let told = deploy_this(&home, &served).await;
        assert_eq!(told.code, Some(0), "{told:?}");
        // From 440 MB to 461 in five minutes, and each of two dynos in turn.
        while served.heroku.record().await.restarts().len() < 2 {
            assert!(now(&served).await.as_str() < "2026-03-02T07:40", "in time");
        }
        let restarts = served.heroku.record().await.restarts();
        assert!(restarts.values().all(|count| *count == 1), "{restarts:?}");
        let history = told_on_time(&home, &served, &["history", "--json"]).await;
        let history = history.json();
        let first = &history[history.as_array().expect("a list").len() - 1];
        assert_eq!(first["trigger"], "memory", "{history}");
        let before = first["memory_before"].as_u64().expect("bytes") >> 20;
        assert!((455..=500).contains(&before), "{history}");
        // Its process ends with its app.
        let told = remove(&home, &served).await;
        assert_eq!(told.code, Some(0), "{told:?}");
    });
}
