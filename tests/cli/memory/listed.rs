//! The list tells of triggers by memory, in words and as JSON.

use crate::process::Home;
use serde_json::json;

/// Nobody listens there.
const NOBODY: &str = "http://127.0.0.1:9";

#[test]
fn the_list_has_what_was_set_of_memory() {
    let home = Home::new();
    home.write_schedules("version = 1\n[[schedule]]\napp = \"example-app\"\nat = \"07\"\ntimezone = \"UTC\"\nmemory = \"90%\"\nif-needed = true\nbefore-limit = \"20m\"\n[[schedule]]\napp = \"example-app\"\nname = \"other\"\nat = \"08\"\ntimezone = \"UTC\"\n");
    let told = home.run(NOBODY, &[]);
    let words = "at 07:00, UTC, if memory needs it, and when memory stays at 90% of the quota or more, and 20m before memory is forecast to reach the quota";
    assert!(told.stdout.contains(words), "{told:?}");
    let list = home.run(NOBODY, &["--json"]).json();
    let triggers = [&list[0]["triggers"], &list[1]["triggers"]];
    let told = triggers.map(|of_one| {
        [
            "memory",
            "on_r14",
            "if_needed",
            "before_limit",
            "max_per_day",
        ]
        .map(|key| of_one[key].clone())
    });
    assert_eq!(
        told[0],
        [
            json!("90%"),
            json!(false),
            json!(true),
            json!("20m"),
            json!(4)
        ]
    );
    assert_eq!(
        told[1],
        [
            json!(null),
            json!(false),
            json!(false),
            json!(null),
            json!(null)
        ]
    );
}
