//! What must come of memory where something is not as usual.

use super::week::watch;
use crate::process::alone;
use jiff::SignedDuration;

const DAY: SignedDuration = SignedDuration::from_hours(24);

fn world(app: &str, formation: &str) -> String {
    format!(
        "[[app]]\nname = \"example-app\"\nmetrics = true\n{app}\n[[app.formation]]\ntype = \"web\"\n{formation}\n"
    )
}

fn schedule(keys: &str) -> String {
    format!(
        "version = 1\n[[schedule]]\napp = \"example-app\"\nsince = 2026-03-01T00:00:00Z\n{keys}\n"
    )
}

const HABITS: &str = "habits = { boot = \"8s\", log-delay = \"10s\" }";

#[test]
fn a_dyno_that_starts_at_95_percent_is_restarted_no_more_than_once_and_the_advice_is_given() {
    const NAME: &str = "memory::stories::a_dyno_that_starts_at_95_percent_is_restarted_no_more_than_once_and_the_advice_is_given";
    alone(NAME, async {
        let world = world(
            HABITS,
            "quantity = 1\nup-for = \"2h\"\nleak = { from = 487 }",
        );
        let came = watch(&world, &schedule("memory = \"90%\""), DAY).await;
        // Whoever comes to a dyno of hours has not seen how it began.
        assert_eq!(came.restarts.len(), 1, "{came:?}");
        let told: Vec<&String> = came.told.iter().collect();
        assert!(
            told.iter()
                .any(|told| told.contains("restart does not help: it used 48")),
            "{told:?}"
        );
        let has_advice =
            |told: &&String| told.contains("Standard-2X has 1 GB, $50 in place of $25");
        assert!(told.iter().any(has_advice), "{told:?}");
        // A pass a minute would be thousands of them.
        assert!(came.requests < 400, "{} requests", came.requests);
        println!("told: {} requests in a day", came.requests);
        println!("told: {told:?}");
    });
}

#[test]
fn a_dyno_that_leaks_too_fast_is_restarted_four_times_a_day() {
    const NAME: &str = "memory::stories::a_dyno_that_leaks_too_fast_is_restarted_four_times_a_day";
    alone(NAME, async {
        let world = world(
            HABITS,
            "quantity = 1\nup-for = \"2h\"\nleak = { from = 200, per-hour = 400 }",
        );
        let came = watch(&world, &schedule("memory = \"90%\""), DAY).await;
        let ours = came.triggers.len();
        assert_eq!(ours, 4, "{came:?}");
        assert!(
            came.told.iter().any(|told| told.contains("4 times")),
            "{:?}",
            came.told
        );
    });
}

#[test]
fn all_web_dynos_over_the_threshold_go_one_at_a_time() {
    const NAME: &str = "memory::stories::all_web_dynos_over_the_threshold_go_one_at_a_time";
    alone(NAME, async {
        let world = world(
            HABITS,
            "quantity = 6\nup-for = \"8h\"\nleak = { from = 200, per-hour = 34 }",
        );
        let came = watch(
            &world,
            &schedule("memory = \"85%\""),
            SignedDuration::from_hours(2),
        )
        .await;
        assert_eq!((came.restarts.len(), came.most_down), (6, 1), "{came:?}");
    });
}

#[test]
fn samples_of_an_old_dyno_after_its_restart_restart_nothing() {
    for (name, more) in [
        (
            "preboot",
            "preboot = true\nhabits = { boot = \"8s\", log-delay = \"10s\" }",
        ),
        (
            "other ids",
            "habits = { boot = \"8s\", log-delay = \"10s\", logs-other-ids = true }",
        ),
        (
            "preboot and other ids",
            "preboot = true\nhabits = { boot = \"8s\", log-delay = \"10s\", logs-other-ids = true }",
        ),
        (
            "cut lines",
            "habits = { boot = \"8s\", log-delay = \"10s\", tail-pieces = 61, tail-ends = \"10m\" }",
        ),
        (
            "lost lines",
            "habits = { boot = \"8s\", log-delay = \"30s\", tail-buffer = 3 }",
        ),
    ] {
        const NAME: &str =
            "memory::stories::samples_of_an_old_dyno_after_its_restart_restart_nothing";
        alone(NAME, async {
            let world = world(
                more,
                "quantity = 2\nup-for = \"9h\"\nleak = { from = 200, per-hour = 30 }",
            );
            let came = watch(&world, &schedule("memory = \"90%\""), DAY / 2).await;
            println!(
                "told: {name}: {} restarts, {} requests, R14 {} times",
                came.restarts.len(),
                came.requests,
                came.r14
            );
            // One of each within the first hours, and nine hours to the next.
            // With preboot, too: whose successor boots is not counted.
            assert_eq!(came.most_down, 1, "{name}: {came:?}");
            assert_eq!(came.r14, 0, "{name}: {came:?}");
            assert!((2..=4).contains(&came.restarts.len()), "{name}: {came:?}");
        });
        if std::env::var_os("AUTORESTART_TEST_ALONE").is_none() {
            break;
        }
    }
}

#[test]
fn r14_counts_without_log_runtime_metrics() {
    const NAME: &str = "memory::stories::r14_counts_without_log_runtime_metrics";
    alone(NAME, async {
        let world = world(
            HABITS,
            "quantity = 2\nup-for = \"9h\"\nleak = { from = 200, per-hour = 40 }",
        );
        let world = world.replace("metrics = true", "metrics = false");
        let came = watch(&world, &schedule("on-r14 = true"), DAY).await;
        assert!(
            came.r14 > 0 && (4..=8).contains(&came.restarts.len()),
            "{came:?}"
        );
        assert!(
            came.triggers.iter().all(|trigger| trigger == "r14"),
            "{came:?}"
        );
        assert_eq!(came.most_down, 1, "{came:?}");
    });
}

#[test]
fn a_forecast_chooses_the_last_window_before_the_quota_is_reached() {
    const NAME: &str =
        "memory::stories::a_forecast_chooses_the_last_window_before_the_quota_is_reached";
    alone(NAME, async {
        // From 140 MB at its start to 512 MB in 31 hours: nightly windows are 24 hours apart.
        let world = world(
            HABITS,
            "quantity = 2\nup-for = \"1h\"\nleak = { from = 140, per-hour = 12 }",
        );
        let keys = "before-limit = \"20m\"\nwindow = \"02:00-05:00\"\ntimezone = \"UTC\"";
        let came = watch(&world, &schedule(keys), DAY * 4).await;
        assert_eq!(came.r14, 0, "{came:?}");
        let hour = |at: &jiff::Timestamp| at.to_zoned_datetime(jiff::tz::TimeZone::UTC).hour();
        let hours: Vec<_> = came.restarts.iter().map(|(at, _)| hour(at)).collect();
        assert!(hours.iter().all(|hour| (2..5).contains(hour)), "{hours:?}");
        assert!((6..=8).contains(&hours.len()), "{came:?}");
    });
}

#[test]
fn auto_comes_earlier_where_heroku_ends_a_dyno_at_its_quota() {
    const NAME: &str = "memory::stories::auto_comes_earlier_where_heroku_ends_a_dyno_at_its_quota";
    alone(NAME, async {
        for (space, bounds) in [("", 94.0..97.0), ("space = \"acme-space\"", 84.0..88.0)] {
            let formation = "quantity = 2\nup-for = \"9h\"\nleak = { from = 200, per-hour = 30 }";
            let formation = if space.is_empty() {
                formation.to_owned()
            } else {
                // 1 GB of a Private-S dyno.
                format!(
                    "size = \"Private-S\"\n{}",
                    formation.replace("from = 200", "from = 600")
                )
            };
            let world = world(&format!("{space}\n{HABITS}"), &formation);
            let came = watch(&world, &schedule("memory = \"auto\""), DAY / 2).await;
            assert_eq!(came.r14, 0, "{came:?}");
            assert!(
                bounds.contains(&came.worst) && came.restarts.len() >= 2,
                "{came:?}"
            );
            println!("told: {space}: at most {} % of the quota", came.worst);
        }
    });
}

#[test]
fn a_dyno_that_is_not_known_to_need_a_restart_is_restarted_in_doubt_and_that_is_said() {
    const NAME: &str = "memory::stories::a_dyno_that_is_not_known_to_need_a_restart_is_restarted_in_doubt_and_that_is_said";
    alone(NAME, async {
        let world = world(
            HABITS,
            "quantity = 1\nup-for = \"9h\"\nleak = { from = 200 }",
        );
        let world = world.replace("metrics = true", "metrics = false");
        let keys = "at = \"07:10\"\nif-needed = true\ntimezone = \"UTC\"";
        let came = watch(&world, &schedule(keys), DAY / 2).await;
        assert_eq!(came.restarts.len(), 1, "{came:?}");
        let is_said = |told: &String| told.contains("web.1: restarted in doubt");
        assert!(came.told.iter().any(is_said), "{:?}", came.told);
    });
}

#[test]
fn a_dyno_that_is_over_its_quota_already_needs_no_forecast() {
    const NAME: &str = "memory::stories::a_dyno_that_is_over_its_quota_already_needs_no_forecast";
    alone(NAME, async {
        let world = world(
            HABITS,
            "quantity = 1\nup-for = \"2h\"\nleak = { from = 600 }",
        );
        let came = watch(&world, &schedule("before-limit = \"20m\""), DAY / 2).await;
        assert_eq!(came.triggers, ["forecast"], "{came:?}");
        let is_said = |told: &String| told.contains("restart does not help");
        assert!(came.told.iter().any(is_said), "{:?}", came.told);
    });
}

#[test]
fn a_dyno_that_starts_over_its_quota_without_metrics_is_restarted_no_more_than_once() {
    const NAME: &str = "memory::stories::a_dyno_that_starts_over_its_quota_without_metrics_is_restarted_no_more_than_once";
    alone(NAME, async {
        let world = world(
            HABITS,
            "quantity = 2\nup-for = \"2h\"\nleak = { from = 540 }",
        );
        let world = world.replace("metrics = true", "metrics = false");
        let came = watch(&world, &schedule("on-r14 = true"), DAY).await;
        assert_eq!(came.triggers, ["r14", "r14"], "{came:?}");
        let words = "it was over its quota ten minutes after its start already";
        assert!(
            came.told.iter().any(|told| told.contains(words)),
            "{:?}",
            came.told
        );
        assert!(came.requests < 800, "{} requests", came.requests);
    });
}

#[test]
fn r14_of_the_dyno_before_which_still_runs_restarts_nothing() {
    const NAME: &str = "memory::stories::r14_of_the_dyno_before_which_still_runs_restarts_nothing";
    alone(NAME, async {
        let app =
            "preboot = true\nhabits = { boot = \"8s\", log-delay = \"30s\", overlap = \"4m\" }";
        let world = world(
            app,
            "quantity = 2\nup-for = \"9h\"\nleak = { from = 200, per-hour = 40 }",
        );
        let world = world.replace("metrics = true", "metrics = false");
        let keys = "on-r14 = true\nmin-uptime = \"1m\"";
        let came = watch(&world, &schedule(keys), DAY / 2).await;
        // Each once at once, and once eight hours later.
        assert_eq!(came.triggers.len(), 4, "{came:?}");
        assert_eq!(came.most_down, 1, "{came:?}");
    });
}
