//! `apply` and `export`: schedules as a file in git, and the schema that editors know it by.

use crate::process::{Home, Served, Told, block, shop};
use serde_json::{Value, json};
use std::path::PathBuf;

const FILE: &str = "version = 1\n\n# reviewed\n[[schedule]]\napp = \"example-app\"\nat = \"07:00,14:00\"\ntimezone = \"Europe/Paris\"\n\n[[schedule]]\napp = \"example-app\"\nname = \"workers\"\nprocess-type = \"worker\"\nmax-uptime = \"6h\"\n";

fn file(home: &Home, text: &str) -> String {
    let path = home.path().join("autorestart.toml");
    std::fs::write(&path, text).expect("a file");
    path.display().to_string()
}

/// Nobody is asked: the address leads nowhere.
fn told(home: &Home, words: &[&str]) -> Told {
    home.run("http://127.0.0.1:9", words)
}

#[test]
fn what_is_exported_is_applied_elsewhere_and_twice_is_once() {
    let (home, other) = (Home::new(), Home::new());
    home.write_schedules(FILE);
    let exported = told(&home, &["export"]);
    assert_eq!(exported.code, Some(0), "{exported:?}");
    let path = file(&other, &exported.stdout);
    let applied = told(&other, &["apply", "--file", &path, "--yes"]);
    assert_eq!(applied.code, Some(0), "{applied:?}");
    assert!(
        applied.stdout.ends_with("2 added, 0 changed, 0 removed\n"),
        "{applied:?}"
    );
    let before = std::fs::read_to_string(other.schedules()).expect("the file");
    let again = told(&other, &["apply", "--file", &path, "--yes", "--json"]);
    let nothing = json!({ "added": [], "changed": [], "removed": [], "applied": false });
    assert_eq!((again.code, again.json()), (Some(0), nothing));
    assert_eq!(
        std::fs::read_to_string(other.schedules()).expect("the file"),
        before
    );
    assert_eq!(
        told(&other, &["export"]).stdout,
        exported.stdout,
        "round and round"
    );
}

#[test]
fn the_difference_is_shown_first_and_what_is_the_same_stays_as_it_is() {
    let home = Home::new();
    let kept = "# why it is so\n[[schedule]]\napp = \"kept-app\" # ours\nat = \"03:00\"\ntimezone = \"UTC\"\nsince = 2026-01-01T00:00:00Z\npaused = true\n";
    let rest = "[[schedule]]\napp = \"changed-app\"\nat = \"04:00\"\ntimezone = \"UTC\"\n[[schedule]]\napp = \"old-app\"\nmax-uptime = \"6h\"\n";
    let there = format!("version = 1\n{kept}{rest}");
    home.write_schedules(&there);
    let wanted = "version = 1\n[[schedule]]\napp = \"kept-app\"\nat = \"03:00\"\ntimezone = \"UTC\"\n[[schedule]]\napp = \"changed-app\"\nat = \"05:00\"\ntimezone = \"UTC\"\n[[schedule]]\napp = \"new-app\"\ncron = \"0 4 * * sun#1\"\n";
    let path = file(&home, wanted);
    let shown = told(&home, &["apply", "--file", &path, "--dry-run"]);
    assert_eq!(shown.code, Some(3), "{shown:?}");
    for line in [
        "- ⬢ old-app",
        "- ⬢ changed-app default: all dynos at 04:00",
        "+ ⬢ changed-app default: all dynos at 05:00",
        "at: \"04:00\" → \"05:00\"",
        "+ ⬢ new-app",
    ] {
        assert!(shown.stdout.contains(line), "{line}: {shown:?}");
    }
    assert!(!shown.stdout.contains("kept-app"), "{shown:?}");
    let asked = told(&home, &["apply", "--file", &path]);
    assert_eq!(asked.code, Some(2), "{asked:?}");
    assert_eq!(
        std::fs::read_to_string(home.schedules()).expect("the file"),
        there
    );
    let applied = told(&home, &["apply", "--file", &path, "--yes", "--json"]);
    let names = |key: &str| applied.json()[key][0]["app"].clone();
    assert_eq!(
        [names("added"), names("changed"), names("removed")],
        ["new-app", "changed-app", "old-app"].map(Value::from)
    );
    let after = std::fs::read_to_string(home.schedules()).expect("the file");
    assert!(
        after.contains(kept),
        "comment, pause and since are as they were: {after}"
    );
    assert!(
        !after.contains("old-app") && after.contains("new-app"),
        "{after}"
    );
}

#[test]
fn a_file_that_cannot_be_meant_is_refused() {
    let home = Home::new();
    home.write_schedules(FILE);
    let here = home.schedules().display().to_string();
    for (text, said) in [
        ("version = 1\n", "has no schedules"),
        (
            "version = 1\n[[schedule]]\napp = \"example-app\"\nat = \"25\"\n",
            "hours go from 0 to 23",
        ),
        ("version = 2\n", "is of version 2"),
    ] {
        let path = file(&home, text);
        let refused = told(&home, &["apply", "--file", &path, "--yes"]);
        assert_eq!(refused.code, Some(2), "{refused:?}");
        assert!(refused.stderr.contains(said), "{refused:?}");
    }
    for path in [here.as_str(), "/no/such/file.toml"] {
        let refused = told(&home, &["apply", "--file", path, "--yes"]);
        assert_eq!(refused.code, Some(2), "{refused:?}");
    }
    assert_eq!(
        std::fs::read_to_string(home.schedules()).expect("the file"),
        FILE
    );
}

/// One change of the runner app, whatever the difference: it restarts the runner once.
#[test]
fn a_runner_app_is_changed_once() {
    block(async {
        let home = Home::new();
        let served = Served::start(&shop(&home, 5), None);
        let host = served.heroku.url.as_str();
        let machine = host.trim_start_matches("http://");
        let make = reqwest::Client::builder()
            .no_proxy()
            .build()
            .expect("a client");
        let ask = async |method: reqwest::Method, path: &str, body: Value| {
            let request = make
                .request(method, format!("{host}{path}"))
                .bearer_auth("x");
            let request = request
                .header("accept", "application/vnd.heroku+json; version=3")
                .json(&body);
            request
                .send()
                .await
                .expect("an answer")
                .json::<Value>()
                .await
                .expect("JSON")
        };
        let app = ask(
            reqwest::Method::POST,
            "/apps",
            json!({ "name": "acme-runner" }),
        )
        .await;
        let id = app["id"].as_str().expect("an id");
        home.write_schedules(&format!("version = 1\n[runner-app]\nname = \"acme-runner\"\nid = \"{id}\"\nhost = \"{machine}\"\n"));
        let path = file(&home, FILE);
        let applied = home.run(host, &["apply", "--file", &path, "--yes"]);
        assert_eq!(applied.code, Some(0), "{applied:?}");
        let changes = served.heroku.record().await.requests;
        let changes = changes
            .iter()
            .filter(|request| request.method == "PATCH")
            .count();
        assert_eq!(changes, 1);
        let config = ask(
            reqwest::Method::GET,
            "/apps/acme-runner/config-vars",
            Value::Null,
        )
        .await;
        let names: Vec<&String> = config.as_object().expect("an object").keys().collect();
        assert_eq!(
            names,
            [
                "AUTORESTART_SCHEDULE_EXAMPLE_APP",
                "AUTORESTART_SCHEDULE_EXAMPLE_APP__WORKERS"
            ]
        );
        assert!(
            config[names[0]]
                .as_str()
                .expect("a text")
                .contains("app-id = "),
            "{config}"
        );
    });
}

#[test]
fn the_schema_in_docs_is_that_of_the_code_and_judges_files_as_the_reader_does() {
    let home = Home::new();
    let printed = told(&home, &["export", "--schema"]).stdout;
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("docs/schedules.schema.json");
    let in_docs = std::fs::read_to_string(path).unwrap_or_default();
    assert_eq!(
        in_docs, printed,
        "autorestart export --schema > docs/schedules.schema.json"
    );
    let schema: Value = serde_json::from_str(&printed).expect("JSON");
    let validator = jsonschema::options()
        .with_draft(jsonschema::Draft::Draft7)
        .build(&schema)
        .expect("a schema");
    let schedule = |entry: Value| json!({ "version": 1, "schedule": [entry] });
    for (entry, is_good) in [
        (json!({ "app": "a-b", "at": "07,14" }), true),
        (
            json!({ "app": "a-b", "at": 7, "days": "mon-fri", "timezone": "Europe/Paris" }),
            true,
        ),
        (
            json!({ "app": "a-b", "max-uptime": "6h", "window": ["22:00-06:00", "sat 01:00-05:00"], "max-unavailable": 2 }),
            true,
        ),
        (
            json!({ "app": "a-b", "cron": "@daily", "own-daily-cycle": true, "except": "2026-12-24..2026-12-26" }),
            true,
        ),
        (json!({ "at": "07" }), false),
        (json!({ "app": "a-b" }), false),
        (json!({ "app": "a-b", "at": "07", "cron": "@daily" }), false),
        (json!({ "app": "a-b", "at": "07", "windwo": "1" }), false),
        (
            json!({ "app": "a-b", "at": "07", "own-daily-cycle": "yes" }),
            false,
        ),
        (
            json!({ "app": "a-b", "at": "07", "process-type": "web", "dyno-name": "web.1" }),
            false,
        ),
    ] {
        let document = schedule(entry.clone());
        assert_eq!(validator.is_valid(&document), is_good, "{entry}");
        // As TOML: what is in it is JSON that TOML has too.
        let keys = entry.as_object().expect("an object").iter();
        let lines: Vec<String> = keys
            .map(|(key, value)| format!("{key} = {value}"))
            .collect();
        let lines = lines.join("\n");
        let path = file(&home, &format!("version = 1\n[[schedule]]\n{lines}"));
        let read = told(&home, &["--schedules", &path]);
        assert_eq!(read.code == Some(0), is_good, "{entry}: {read:?}");
    }
    assert!(
        !validator.is_valid(&json!({ "version": 2 }))
            && !validator.is_valid(&json!({ "schedules": [] }))
    );
}

#[test]
fn an_app_under_its_new_name_and_a_pause_of_the_file_are_no_other_schedules() {
    let home = Home::new();
    let there = "version = 1\n[[schedule]]\napp = \"old-name\"\nat = \"03:00\"\ntimezone = \"UTC\"\nsince = 2026-01-01T00:00:00Z\napp-id = \"01234567-89ab-cdef-0123-456789abcdef\"\naccount = \"me@example.com\"\n";
    home.write_schedules(there);
    let with = |app: &str, more: &str| {
        format!(
            "version = 1\n[[schedule]]\napp = \"{app}\"\nat = \"03:00\"\ntimezone = \"UTC\"\n{more}"
        )
    };
    // By its id, whatever it is called by now.
    let path = file(&home, &with("01234567-89ab-cdef-0123-456789abcdef", ""));
    let same = told(&home, &["apply", "--file", &path, "--yes"]);
    assert_eq!(same.code, Some(0), "{same:?}");
    assert!(same.stdout.contains("nothing was changed"), "{same:?}");
    let path = file(&home, &with("old-name", "paused = true\n"));
    let paused = told(&home, &["apply", "--file", &path, "--yes"]);
    assert!(
        paused.stdout.ends_with("0 added, 1 changed, 0 removed\n"),
        "{paused:?}"
    );
    let list = told(&home, &["--json"]).json();
    assert_eq!(
        (&list[0]["paused"], &list[0]["app_id"]),
        (&json!(true), &json!("01234567-89ab-cdef-0123-456789abcdef"))
    );
    // A pause that the file does not speak of stays.
    let path = file(&home, &with("old-name", ""));
    let same = told(&home, &["apply", "--file", &path, "--yes"]);
    assert!(same.stdout.contains("nothing was changed"), "{same:?}");
}

#[test]
fn an_occurrence_that_apply_makes_void_is_told_and_recorded() {
    block(async {
        let home = Home::new();
        let served = Served::start(&shop(&home, 1), Some("2026-03-02T07:05:00Z*60"));
        home.write_schedules("version = 1\n[[schedule]]\napp = \"example-app\"\nat = \"07:00\"\ntimezone = \"UTC\"\n");
        let wanted = "version = 1\n[[schedule]]\napp = \"example-app\"\nat = \"07:00\"\ntimezone = \"UTC\"\nmin-uptime = \"5m\"\n";
        let path = file(&home, wanted);
        let words = ["apply", "--file", &path, "--yes"];
        let told = crate::process::told_on_time(&home, &served, &words).await;
        assert_eq!(told.code, Some(0), "{told:?}");
        assert!(told.stderr.contains("apply makes it void"), "{told:?}");
        let history = crate::process::told_on_time(&home, &served, &["history", "--json"]).await;
        assert_eq!(history.json()[0]["event"], json!("missed"), "{history:?}");
    });
}

#[test]
fn an_app_that_there_is_not_is_refused_and_who_runs_the_rest_is_told() {
    let home = Home::new();
    let served = Served::start(&shop(&home, 1), None);
    let host = served.heroku.url.as_str();
    let wanted =
        "version = 1\n[[schedule]]\napp = \"example-app\"\nat = \"03:00\"\ntimezone = \"UTC\"\n";
    let path = file(&home, &wanted.replace("example-app", "no-such-app"));
    let words = ["apply", "--file", &path, "--yes"];
    let refused = home.run(host, &words);
    assert_eq!(refused.code, Some(2), "{refused:?}");
    assert!(refused.stderr.contains("app no-such-app: "), "{refused:?}");
    assert!(!home.schedules().exists(), "nothing was written");
    file(&home, wanted);
    let applied = home.run(host, &words);
    assert_eq!(applied.code, Some(0), "{applied:?}");
    assert!(
        applied.stderr.contains("Nothing runs these schedules"),
        "{applied:?}"
    );
    let nobody = home.run(host, &["export", "--app", "no-such-app"]);
    assert_eq!(nobody.code, Some(1), "{nobody:?}");
    assert!(
        nobody.stderr.contains("no-such-app has no schedule"),
        "{nobody:?}"
    );
    let nowhere = home.run(host, &["apply", "--file", "nowhere.toml", "--yes"]);
    assert!(
        nowhere.code == Some(2)
            && nowhere.stderr.contains("--file: ")
            && !nowhere.stderr.contains("--schedules"),
        "{nowhere:?}"
    );
}
