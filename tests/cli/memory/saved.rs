//! A saved log with a line of another time, and a status whose schedules cannot be read.

use crate::process::{Home, Served, block, shop};

/// Nobody listens there.
const NOBODY: &str = "http://127.0.0.1:9";

#[test]
fn a_log_that_goes_over_a_century_is_refused_at_once() {
    let home = Home::new();
    let line = |year: u32| {
        format!(
            "{year}-03-02T07:00:10.000000+00:00 heroku[web.1]: source=web.1 dyno=heroku.1.7f9b14bc-1d3b-47f4-91c1-704964b8793f sample#memory_rss=100.00MB sample#memory_quota=512.00MB\n"
        )
    };
    let path = home.path().join("saved.log");
    std::fs::write(&path, line(2026) + &line(2176)).expect("a file");
    let told = home.run(NOBODY, &["simulate", "--file", &path.display().to_string()]);
    assert_eq!(told.code, Some(1), "{told:?}");
    assert!(
        told.stderr.contains("54787 days, and 400 are the most"),
        "{told:?}"
    );
}

#[test]
fn status_does_not_pass_over_a_file_that_cannot_be_read() {
    block(async {
        let home = Home::new();
        let served = Served::start(&shop(&home, 2), None);
        home.write_schedules("version = 1\ngarbage [[\n");
        let told = home.run(&served.heroku.url, &["status", "--app", "example-app"]);
        assert_eq!(told.code, Some(2), "{told:?}");
        assert!(told.stderr.contains("schedules.toml:2"), "{told:?}");
    });
}
