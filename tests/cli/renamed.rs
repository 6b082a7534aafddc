//! What a rename of an app leaves in the schedules file: two names, one id. Each entry is the one that
//! its name says, and no command writes what the next one cannot read.

use crate::process::{Home, Served, block, shop};
use serde_json::json;

/// A schedule that was set before the app was renamed, and an entry under its new name.
async fn renamed() -> (Home, Served) {
    let home = Home::new();
    let served = Served::start(&shop(&home, 1), None);
    let host = &served.heroku.url;
    let set = home.run(host, &["set", "--app", "example-app", "--at", "07"]);
    assert_eq!(set.code, Some(0), "{set:?}");
    let app = json!({ "name": "new-name" });
    served.heroku.patch("/sandbox/apps/example-app", &app).await;
    let text = std::fs::read_to_string(home.schedules()).expect("the file");
    home.write_schedules(&format!(
        "{text}\n[[schedule]]\napp = \"new-name\"\nat = \"09:00\"\n"
    ));
    (home, served)
}

fn entries(home: &Home, host: &str) -> Vec<(String, String)> {
    let list = home.run(host, &["--json"]);
    assert_eq!(list.code, Some(0), "{list:?}");
    let list = list.json();
    let text = |value: &serde_json::Value| value.as_str().expect("a text").to_owned();
    let entries = list.as_array().expect("a list").iter();
    entries
        .map(|entry| (text(&entry["app"]), text(&entry["triggers"]["at"])))
        .collect()
}

fn pair(app: &str, at: &str) -> (String, String) {
    (app.to_owned(), at.to_owned())
}

#[test]
fn set_under_the_new_name_replaces_both_entries() {
    block(async {
        let (home, served) = renamed().await;
        let host = &served.heroku.url;
        let set = home.run(host, &["set", "--app", "new-name", "--at", "10"]);
        assert_eq!(set.code, Some(0), "{set:?}");
        assert_eq!(entries(&home, host), [pair("new-name", "10:00")]);
    });
}

#[test]
fn an_entry_is_removed_by_its_own_name() {
    block(async {
        let (home, served) = renamed().await;
        let host = &served.heroku.url;
        let removed = home.run(host, &["remove", "--app", "new-name"]);
        assert_eq!(removed.code, Some(0), "{removed:?}");
        assert_eq!(entries(&home, host), [pair("example-app", "07:00")]);
    });
}

#[test]
fn history_under_the_new_name_has_what_was_before() {
    block(async {
        let home = Home::new();
        let served = Served::start(&shop(&home, 1), None);
        let host = &served.heroku.url;
        home.run(host, &["set", "--app", "example-app", "--at", "07"]);
        let now = [
            "run",
            "--now",
            "--app",
            "example-app",
            "--dyno-name",
            "web.1",
        ];
        let now = home.run(host, &[&now[..], &["--settle", "0s", "--yes"]].concat());
        assert_eq!(now.code, Some(0), "{now:?}");
        let app = json!({ "name": "new-name" });
        served.heroku.patch("/sandbox/apps/example-app", &app).await;
        home.run(host, &["set", "--app", "new-name", "--at", "08"]);
        for (app, lines) in [("new-name", 1), ("example-app", 1), ("other", 0)] {
            let history = home.run(host, &["history", "--app", app, "--json"]);
            let count = history.json().as_array().map(Vec::len);
            assert_eq!(count, Some(lines), "{app}: {history:?}");
        }
    });
}
