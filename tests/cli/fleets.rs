//! Schedules of several apps: which these are, and that they are looked for at each pass.

use crate::{
    control::Restart,
    deploy::{api, deploy, run_as_dyno},
    process::{Home, Served, Told, block, on_time, told_on_time},
};
use serde_json::{Value, json};
use std::{
    collections::BTreeSet,
    fmt::Write as _,
    process::{Command, Stdio},
};

const CLOCK: &str = "2026-03-02T07:00:10Z*60";

/// Apps in all the places where they may be; `secret-web` is one that the account does not reach.
const APPS: [(&str, &str); 8] = [
    (
        "shop-web",
        "team = \"acme\"\npipeline = \"shop/production\"",
    ),
    (
        "shop-api",
        "team = \"acme\"\npipeline = \"shop/production\"",
    ),
    (
        "shop-staging",
        "team = \"acme\"\npipeline = \"shop/staging\"",
    ),
    ("shop-pr-12", "team = \"acme\"\npipeline = \"shop/review\""),
    ("acme-site", "team = \"acme\""),
    ("blog", ""),
    ("shop-of-mine", ""),
    (
        "secret-web",
        "owner = \"them@example.com\"\npipeline = \"shop/production\"",
    ),
];

fn world(home: &Home) -> String {
    let mut text = "account = \"me@example.com\"\nseed = 7\n[[user]]\nemail = \"them@example.com\"\n[[team]]\nname = \"acme\"\nmembers = [\"me@example.com\"]\n".to_owned();
    for (name, place) in APPS {
        let _ = write!(
            text,
            "[[app]]\nname = \"{name}\"\n{place}\n[[app.formation]]\ntype = \"web\"\nquantity = 1\nsize = \"standard-1x\"\nup-for = \"20h\"\n"
        );
    }
    let path = home.path().join("world.toml");
    std::fs::write(&path, text).expect("a file");
    path.display().to_string()
}

fn schedule(selector: &str) -> String {
    format!("version = 1\n[[schedule]]\n{selector}\nat = \"07\"\ntimezone = \"UTC\"\n")
}

fn begin(selector: &str) -> (Home, Served) {
    let home = Home::new();
    let served = Served::start(&world(&home), Some(CLOCK));
    home.write_schedules(&schedule(selector));
    (home, served)
}

/// One pass, what it says, and the apps whose dynos it restarted, each once.
async fn pass(home: &Home, served: &Served) -> (Told, BTreeSet<String>) {
    pass_by(served, on_time(home, served, &["run"]).await).await
}

async fn pass_by(served: &Served, mut pass: Command) -> (Told, BTreeSet<String>) {
    let before = served.heroku.record().await.restarts.len();
    let told = pass.output().expect("it runs").into();
    let record = served.heroku.record().await;
    (told, restarted(&record.restarts[before..]))
}

fn restarted(restarts: &[Restart]) -> BTreeSet<String> {
    let asked = restarts.iter().filter(|one| one.cause == "request");
    let apps: Vec<String> = asked.map(|one| one.app.clone()).collect();
    let once: BTreeSet<String> = apps.iter().cloned().collect();
    assert_eq!(once.len(), apps.len(), "{apps:?}");
    once
}

/// What it says, wherever.
fn all(told: &Told) -> String {
    format!("{}{}", told.stdout, told.stderr)
}

fn names(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

async fn next_day(served: &Served) {
    let change = json!({ "advance": "1d" });
    served.heroku.patch("/sandbox", &change).await;
}

async fn change(served: &Served, app: &str, change: Value) {
    let path = format!("/sandbox/apps/{app}");
    served.heroku.patch(&path, &change).await;
}

#[test]
fn each_selector_means_its_apps() {
    for (selector, apps) in [
        (
            "team = \"acme\"",
            &["acme-site", "shop-api", "shop-staging", "shop-web"][..],
        ),
        (
            "pipeline = \"shop\"",
            &["shop-api", "shop-staging", "shop-web"],
        ),
        (
            "pipeline = \"shop\"\nstage = \"production\"",
            &["shop-api", "shop-web"],
        ),
        ("pipeline = \"shop\"\nstage = \"review\"", &["shop-pr-12"]),
        (
            "apps-matching = \"shop-*\"",
            &["shop-api", "shop-of-mine", "shop-staging", "shop-web"],
        ),
        ("apps-matching = \"*-web\"\nteam = \"acme\"", &["shop-web"]),
        (
            "pipeline = \"shop\"\napps-matching = \"shop-???\"",
            &["shop-api", "shop-web"],
        ),
        ("apps = [\"blog\", \"shop-pr-12\"]", &["blog", "shop-pr-12"]),
    ] {
        let (home, served) = begin(selector);
        block(async {
            let (told, restarted) = pass(&home, &served).await;
            assert_eq!(told.code, Some(0), "{selector}: {told:?}");
            assert_eq!(restarted, names(apps), "{selector}");
        });
    }
}

#[test]
fn an_app_is_the_same_by_its_id_and_by_its_name_whoever_names_it() {
    let (home, served) = begin("apps = [\"blog\"]");
    block(async {
        let apps = api(&served, "/apps").await;
        let mut apps = apps.as_array().expect("apps").iter();
        let blog = apps.find(|app| app["name"] == "blog").expect("blog");
        let id = blog["id"].as_str().expect("an id");
        // By its id alone, twice, with a stricter limit beside it.
        let again = schedule(&format!("apps = [\"{id}\", \"blog\"]\nname = \"again\""));
        home.write_schedules(
            &(schedule(&format!("apps = [\"{id}\"]")) + &again.replace("version = 1\n", "")),
        );
        let (told, restarted) = pass(&home, &served).await;
        assert_eq!(told.code, Some(0), "{told:?}");
        assert_eq!(restarted, names(&["blog"]));
        next_day(&served).await;
        // It has another name by then.
        change(&served, "blog", json!({ "name": "weblog" })).await;
        let (told, apps) = pass(&home, &served).await;
        assert_eq!(told.code, Some(0), "{told:?}");
        assert_eq!(apps, names(&["weblog"]));
        let check = home.run(&served.heroku.url, &["run", "--check"]);
        assert!(check.stdout.contains("⬢ weblog answered"), "{check:?}");
    });
}

async fn advance(served: &Served, by: &str) {
    let by = json!({ "advance": by });
    served.heroku.patch("/sandbox", &by).await;
}

async fn put(served: &Served, app: &str, stage: &str) {
    let place = json!({ "pipeline": format!("shop/{stage}") });
    change(served, app, place).await;
}

#[test]
fn an_app_that_left_a_moment_before_the_occurrence_is_left_alone_until_it_is_back() {
    let home = Home::new();
    let served = Served::start(&world(&home), Some("2026-03-02T06:59:30Z*60"));
    home.write_schedules(&schedule("pipeline = \"shop\"\nstage = \"production\""));
    block(async {
        told_on_time(&home, &served, &["run"]).await;
        put(&served, "shop-web", "staging").await;
        advance(&served, "40s").await;
        let (told, restarted) = pass(&home, &served).await;
        assert_eq!(told.code, Some(0), "{told:?}");
        assert_eq!(restarted, names(&["shop-api"]));
        // While it may still be acted on.
        put(&served, "shop-web", "production").await;
        advance(&served, "6m").await;
        let (told, restarted) = pass(&home, &served).await;
        assert_eq!(told.code, Some(0), "{told:?}");
        assert_eq!(restarted, names(&["shop-web"]), "{told:?}");
        // And of a later time, for which it was away from the beginning.
        put(&served, "shop-web", "staging").await;
        advance(&served, "24h").await;
        let (_, restarted) = pass(&home, &served).await;
        assert_eq!(restarted, names(&["shop-api"]));
        advance(&served, "5m").await;
        pass(&home, &served).await;
        put(&served, "shop-web", "production").await;
        advance(&served, "5m").await;
        let (told, restarted) = pass(&home, &served).await;
        assert_eq!(restarted, names(&["shop-web"]), "{told:?}");
    });
}

#[test]
fn the_runner_s_own_app_is_left_out_unless_it_is_named() {
    for (selector, apps) in [
        (
            "apps-matching = \"shop-*\"",
            &["shop-of-mine", "shop-staging", "shop-web"][..],
        ),
        ("apps = [\"shop-api\"]", &["shop-api"]),
    ] {
        let (home, served) = begin(selector);
        block(async {
            let mut command = on_time(&home, &served, &["run"]).await;
            command.env("HEROKU_APP_NAME", "shop-api");
            let (told, restarted) = pass_by(&served, command).await;
            assert_eq!(told.code, Some(0), "{selector}: {told:?}");
            assert_eq!(restarted, names(apps), "{selector}");
        });
    }
}

#[test]
fn nothing_due_asks_nobody_which_apps_there_are() {
    let (home, served) = begin("pipeline = \"shop\"");
    block(async {
        told_on_time(&home, &served, &["run"]).await;
        let before = served.heroku.record().await.requests.len();
        let told = told_on_time(&home, &served, &["run"]).await;
        assert_eq!(told.code, Some(0), "{told:?}");
        assert_eq!(
            served.heroku.record().await.requests.len(),
            before,
            "{told:?}"
        );
    });
}

#[test]
fn new_apps_are_picked_up_and_those_that_left_are_told_once() {
    let (home, served) = begin("pipeline = \"shop\"\nstage = \"production\"");
    block(async {
        let told = told_on_time(&home, &served, &["run"]).await;
        assert!(!all(&told).contains("is new in"), "{told:?}");
        next_day(&served).await;
        change(
            &served,
            "shop-staging",
            json!({ "pipeline": "shop/production" }),
        )
        .await;
        change(&served, "shop-api", json!({ "pipeline": "" })).await;
        let (told, apps) = pass(&home, &served).await;
        assert_eq!(told.code, Some(0), "{told:?}");
        let label = "pipeline:shop/production";
        let said = format!("⬢ shop-staging is new in {label}");
        assert!(all(&told).contains(&said), "{told:?}");
        let said = format!("⬢ shop-api is no longer in {label}: it is not restarted any more");
        assert!(all(&told).contains(&said), "{told:?}");
        assert_eq!(apps, names(&["shop-staging", "shop-web"]));
        next_day(&served).await;
        let (told, apps) = pass(&home, &served).await;
        assert!(
            !all(&told).contains("no longer") && !all(&told).contains("is new"),
            "{told:?}"
        );
        assert_eq!(apps, names(&["shop-staging", "shop-web"]));
    });
}

/// What came in the middle of the day has missed nothing of the morning.
#[test]
fn an_app_that_came_after_an_occurrence_is_not_reported_as_missed() {
    let home = Home::new();
    let served = Served::start(&world(&home), Some("2026-03-02T10:00:00Z*60"));
    home.write_schedules(&schedule("team = \"acme\"\nmax-uptime = \"23h\""));
    block(async {
        let told = told_on_time(&home, &served, &["run"]).await;
        assert!(told.stdout.contains("missed"), "it was there: {told:?}");
        let later = json!({ "advance": "90m" });
        served.heroku.patch("/sandbox", &later).await;
        change(&served, "blog", json!({ "team": "acme" })).await;
        let told = told_on_time(&home, &served, &["run"]).await;
        assert!(
            all(&told).contains("⬢ blog is new in team:acme"),
            "{told:?}"
        );
        assert!(!all(&told).contains("missed"), "{told:?}");
        assert_eq!(told.code, Some(0), "{told:?}");
    });
}

#[test]
fn a_list_that_is_refused_is_said_and_known_apps_are_restarted() {
    let (home, served) = begin("pipeline = \"shop\"\nstage = \"production\"");
    block(async {
        told_on_time(&home, &served, &["run"]).await;
        next_day(&served).await;
        let refused = json!({ "status": { "status": 403, "id": "forbidden", "message": "You do not have access." } });
        let faults = json!([{ "path": "/pipelines/", "times": 100, "kind": refused }]);
        served.heroku.faults(&faults).await;
        let (told, apps) = pass(&home, &served).await;
        assert_eq!(told.code, Some(1), "{told:?}");
        assert!(
            all(&told).contains("pipeline:shop/production")
                && all(&told).contains("You do not have access."),
            "{told:?}"
        );
        assert_eq!(apps, names(&["shop-api", "shop-web"]));
    });
}

#[test]
fn a_list_that_lacks_apps_is_asked_for_again_before_it_is_believed() {
    let (home, served) = begin("pipeline = \"shop\"\nstage = \"production\"");
    block(async {
        told_on_time(&home, &served, &["run"]).await;
        let all_of_it = &["shop-api", "shop-web"][..];
        for (times, expected, code) in [(1, all_of_it, 0), (9, &[], 1), (9, &[], 1)] {
            next_day(&served).await;
            let faults = json!([{ "path": "/pipeline-couplings", "times": times, "kind": { "answer": { "body": [] } } }]);
            served.heroku.faults(&faults).await;
            let (told, apps) = pass(&home, &served).await;
            served.heroku.no_faults().await;
            assert_eq!(told.code, Some(code), "{times}: {told:?}");
            let said = all(&told).contains("pipeline:shop/production has no app any more");
            assert_eq!(said, code == 1, "{told:?}");
            let plan = told_on_time(&home, &served, &["plan"]).await;
            assert!(plan.stdout.contains("pipeline:shop/production"), "{plan:?}");
            assert_eq!(apps, names(expected), "{times}");
        }
        // What came while it had none is missed.
        next_day(&served).await;
        let (told, apps) = pass(&home, &served).await;
        assert_eq!((apps, told.code), (names(all_of_it), Some(3)), "{told:?}");
        assert!(told.stdout.contains("missed"), "{told:?}");
    });
}

#[test]
fn a_runner_on_heroku_restarts_a_fleet() {
    let home = Home::new();
    let served = Served::start(&world(&home), Some("2026-03-02T06:00:00Z*60"));
    home.write_schedules(&schedule("apps-matching = \"*shop*\""));
    block(async {
        let told = deploy(&home, &served, &["--yes"]).await;
        assert_eq!(told.code, Some(0), "{told:?}");
        let change = json!({ "advance": "1h" });
        served.heroku.patch("/sandbox", &change).await;
        let told = run_as_dyno(&home, &served, "disk").await;
        assert_eq!(told.code, Some(0), "{told:?}");
        let apps = restarted(&served.heroku.record().await.restarts);
        assert_eq!(
            apps,
            names(&["shop-api", "shop-of-mine", "shop-staging", "shop-web"])
        );
        let list = told_on_time(&home, &served, &["--json"]).await.json();
        assert_eq!(list[0]["fleet"]["matching"], json!("*shop*"), "{list}");
    });
}

#[test]
fn apply_takes_fleets_and_refuses_one_that_is_not_there() {
    let home = Home::new();
    let served = Served::start(&world(&home), Some("2026-03-02T12:00:00Z*1"));
    let file = home.path().join("wanted.toml");
    let path = file.display().to_string();
    let apply = |text: &str| {
        std::fs::write(&file, text).expect("a file");
        home.run(&served.heroku.url, &["apply", "--file", &path, "--yes"])
    };
    let told = apply(&schedule("team = \"acme\"\napps-matching = \"shop-*\""));
    assert_eq!(told.code, Some(0), "{told:?}");
    let exported = home.run(&served.heroku.url, &["export"]).stdout;
    let told = apply(&exported);
    assert!(
        told.code == Some(0) && all(&told).contains("othing"),
        "{exported}: {told:?}"
    );
    let told = apply(&schedule("pipeline = \"nobody-s\""));
    assert_eq!(told.code, Some(2), "{told:?}");
    assert!(told.stderr.contains("pipeline nobody-s"), "{told:?}");
    assert_eq!(home.run(&served.heroku.url, &["export"]).stdout, exported);
    for (wrong, said) in [
        ("app = \"blog\"\nteam = \"acme\"", ":3:7: "),
        (
            "stage = \"production\"",
            "stage: a stage is one of a pipeline",
        ),
        ("apps = []", ":3:8: apps '': an app name has"),
        (
            "apps-matching = \"Shop*\"",
            "a pattern has only what app names have",
        ),
    ] {
        let told = apply(&schedule(wrong));
        assert_eq!(told.code, Some(2), "{wrong}: {told:?}");
        assert!(told.stderr.contains(said), "{wrong}: {told:?}");
    }
}

#[test]
fn a_team_that_is_not_there_is_an_error_of_every_pass() {
    let (home, served) = begin("team = \"nobody\"");
    block(async {
        let told = told_on_time(&home, &served, &["run"]).await;
        assert_eq!(told.code, Some(1), "{told:?}");
        assert!(
            all(&told).contains("team nobody: Couldn't find that team."),
            "{told:?}"
        );
        assert!(
            all(&told).contains("heroku teams lists those of this account"),
            "{told:?}"
        );
        let set = ["set", "--team", "nobody", "--at", "07"];
        let told = home.run(&served.heroku.url, &set);
        assert_eq!(told.code, Some(1), "{told:?}");
        let text = std::fs::read_to_string(home.schedules()).expect("a file");
        assert_eq!(text, schedule("team = \"nobody\""), "nothing is written");
    });
}

#[test]
fn an_app_s_own_schedule_goes_before_that_of_its_fleet() {
    let home = Home::new();
    let served = Served::start(&world(&home), Some(CLOCK));
    let own = "[[schedule]]\napp = \"shop-web\"\nat = \"09\"\ntimezone = \"UTC\"\n";
    home.write_schedules(&(schedule("pipeline = \"shop\"") + own));
    block(async {
        let (told, apps) = pass(&home, &served).await;
        assert_eq!(told.code, Some(0), "{told:?}");
        assert_eq!(apps, names(&["shop-api", "shop-staging"]));
    });
}

#[test]
fn a_watch_finds_apps_that_come_while_it_runs() {
    let home = Home::new().without_offset();
    let served = Served::start(&world(&home), Some(CLOCK));
    home.write_schedules("version = 1\n[[schedule]]\npipeline = \"shop\"\nstage = \"production\"\ncron = \"*/10 * * * *\"\ntimezone = \"UTC\"\n");
    block(async {
        let mut command = on_time(&home, &served, &["run", "--watch"]).await;
        let piped = command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = piped.spawn().expect("it runs");
        let wait_for = async |app: &str| {
            for _ in 0..600 {
                let record = served.heroku.record().await;
                let asked = record.restarts.iter().filter(|one| one.cause == "request");
                if asked.clone().any(|one| one.app == app) {
                    return;
                }
                tokio::time::sleep(std::time::Duration::from_millis(50)).await;
            }
            panic!("{app} is not restarted");
        };
        wait_for("shop-web").await;
        wait_for("shop-api").await;
        change(&served, "blog", json!({ "pipeline": "shop/production" })).await;
        wait_for("blog").await;
        let pid = nix::unistd::Pid::from_raw(child.id().try_into().expect("an id"));
        nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGTERM).expect("a signal");
        let _ = child.wait();
        let others = served.heroku.record().await.restarts;
        let others = others.iter().filter(|one| one.app == "shop-staging");
        assert_eq!(others.count(), 0);
    });
}

#[test]
fn commands_name_a_fleet_as_set_does() {
    let home = Home::new();
    let served = Served::start(&world(&home), Some("2026-03-02T12:00:00Z*1"));
    let run = |words: &[&str]| home.run(&served.heroku.url, words);
    let fleet = ["--pipeline", "shop", "--stage", "production"];
    let with = |words: &[&str]| -> Told {
        let words: Vec<&str> = words.iter().chain(&fleet).copied().collect();
        run(&words)
    };
    let told = with(&["set", "--at", "07"]);
    assert_eq!(told.code, Some(0), "{told:?}");
    let said = "pipeline:shop/production is 2 apps now: ⬢ shop-api, ⬢ shop-web";
    assert!(told.stderr.contains(said), "{told:?}");
    let told = with(&["pause"]);
    assert!(
        told.stdout
            .contains("resume --pipeline shop --stage production"),
        "{told:?}"
    );
    assert_eq!(with(&["resume"]).code, Some(0));
    let list = run(&["--json"]).json();
    assert_eq!(list[0]["fleet"]["stage"], json!("production"), "{list}");
    let plan = run(&["plan"]);
    let once = plan.stdout.matches(" 07:00 UTC  (in ").count();
    assert_eq!(once, 5, "{plan:?}");
    assert!(
        plan.stdout
            .contains("pipeline:shop/production (⬢ shop-api, ⬢ shop-web)"),
        "{plan:?}"
    );
    let told = with(&["remove"]);
    assert!(
        told.stdout
            .contains("Removed schedule default of ⬢ pipeline:shop/production"),
        "{told:?}"
    );
    assert_eq!(run(&["--json"]).json(), json!([]));
    let told = run(&["set", "--app", "blog", "--at", "7"]);
    assert_eq!(told.code, Some(0), "{told:?}");
    let told = run(&["set", "--apps-matching", "b*", "--at", "7"]);
    let own =
        "⬢ blog has a schedule default of its own, and goes by that one alone: another --name";
    assert!(told.stderr.contains(own), "{told:?}");
    for (wrong, said) in [
        (
            &["set", "--team", "acme", "--app", "blog", "--at", "7"][..],
            "--app names one app",
        ),
        (
            &["set", "--stage", "production", "--at", "7"],
            "--stage: a stage is one of a pipeline",
        ),
        (
            &["set", "--apps", "blog", "--team", "acme", "--at", "7"],
            "--apps: apps are named, or selected",
        ),
        (
            &["set", "--apps-matching", "shop", "--at", "7"],
            "a pattern has a * or a ?",
        ),
        (
            &["set", "--pipeline", "shop", "--stage", "prod", "--at", "7"],
            "a stage is one of test",
        ),
        (&["pause", "--team", "acme"], "team:acme has no schedule"),
    ] {
        let told = run(wrong);
        assert!(told.stderr.contains(said), "{wrong:?}: {told:?}");
        assert!(matches!(told.code, Some(1 | 2)), "{wrong:?}: {told:?}");
    }
}

#[test]
fn review_apps_that_cannot_be_told_from_others_are_not_restarted() {
    let refused = json!({ "status": { "status": 403, "id": "forbidden", "message": "No." } });
    let empty = json!({ "answer": { "body": [] } });
    for (kind, times, code) in [(refused, 9, 1), (empty, 1, 0)] {
        // At first, and once they are known.
        for is_known in [false, true] {
            let (home, served) = begin("team = \"acme\"");
            block(async {
                if is_known {
                    let (told, _) = pass(&home, &served).await;
                    assert_eq!(told.code, Some(0), "{told:?}");
                    next_day(&served).await;
                }
                let faults =
                    json!([{ "path": "/pipeline-couplings", "times": times, "kind": kind }]);
                served.heroku.faults(&faults).await;
                let (told, apps) = pass(&home, &served).await;
                assert_eq!(told.code, Some(code), "{told:?}");
                assert!(!apps.contains("shop-pr-12"), "{told:?}");
                let said = all(&told).contains("review apps cannot be told from others: No.");
                assert_eq!(said, code == 1, "{told:?}");
                assert_eq!(apps.is_empty(), code == 1 && !is_known, "{told:?}");
            });
        }
    }
}

#[test]
fn a_change_that_makes_an_occurrence_of_a_fleet_void_says_of_which_apps() {
    for (words, others) in [
        (&["pause", "--team", "acme"][..], 4),
        (&["remove", "--team", "acme"], 4),
        (
            &["set", "--team", "acme", "--at", "09", "--timezone", "UTC"],
            4,
        ),
        (
            &[
                "set",
                "--app",
                "shop-web",
                "--at",
                "23",
                "--timezone",
                "UTC",
            ],
            1,
        ),
    ] {
        let (home, served) = begin("team = \"acme\"");
        block(async {
            let (_, apps) = pass(&home, &served).await;
            assert_eq!(apps.len(), 4);
            let quiet = told_on_time(&home, &served, words).await;
            assert!(
                !quiet.stderr.contains("makes it void"),
                "acted on: {quiet:?}"
            );
        });
        let (home, served) = begin("team = \"acme\"");
        block(async {
            // What is known of the fleet is older than the occurrence.
            let (_, apps) = pass(&home, &served).await;
            assert_eq!(apps.len(), 4);
            next_day(&served).await;
            let told = told_on_time(&home, &served, words).await;
            assert_eq!(told.code, Some(0), "{told:?}");
            let verb = words[0];
            let end = format!("and {verb} makes it void");
            let warning = told.stderr.lines().find(|line| line.ends_with(&end));
            let warning = warning.unwrap_or_else(|| panic!("{words:?}: {told:?}"));
            assert!(warning.contains("03 Mar 2026 07:00"), "{warning}");
            assert!(
                others == 1 || warning.matches('⬢').count() == others,
                "{warning}"
            );
            let history = told_on_time(
                &home,
                &served,
                &["history", "--outcome", "missed", "--json"],
            )
            .await;
            assert_eq!(
                history.json().as_array().map(Vec::len),
                Some(others),
                "{history:?}"
            );
        });
    }
}

#[test]
fn an_app_whose_own_schedule_is_removed_goes_by_its_fleet_from_then_on() {
    let text = |own: &str| {
        let fleet = schedule("team = \"acme\"");
        let own = own.replace(
            "OWN",
            "[[schedule]]\napp = \"shop-web\"\nat = \"23\"\ntimezone = \"UTC\"\n",
        );
        format!("{fleet}{own}")
    };
    let home = Home::new();
    let served = Served::start(&world(&home), Some(CLOCK));
    home.write_schedules(&text("OWN"));
    block(async {
        let (told, apps) = pass(&home, &served).await;
        assert_eq!(
            apps,
            names(&["acme-site", "shop-api", "shop-staging"]),
            "{told:?}"
        );
        let told = told_on_time(&home, &served, &["remove", "--app", "shop-web"]).await;
        assert!(
            told.stderr
                .contains("⬢ shop-web goes by schedule default of team:acme from now on"),
            "{told:?}"
        );
        for hours in ["0s", "3h"] {
            served
                .heroku
                .patch("/sandbox", &json!({ "advance": hours }))
                .await;
            let (told, apps) = pass(&home, &served).await;
            assert_eq!((apps.len(), told.code), (0, Some(0)), "{told:?}");
        }
        next_day(&served).await;
        served
            .heroku
            .patch("/sandbox", &json!({ "advance": "21h" }))
            .await;
        let (told, apps) = pass(&home, &served).await;
        assert!(apps.contains("shop-web"), "{told:?}");
    });
}

#[test]
fn the_list_knows_what_a_fleet_s_apps_came_to_and_which_schedules_an_app_has() {
    let (home, served) = begin("team = \"acme\"");
    block(async {
        let list = told_on_time(&home, &served, &["--json"]).await.json();
        assert_eq!(list[0]["last"], json!(null), "{list}");
        pass(&home, &served).await;
        let list = told_on_time(&home, &served, &["--json"]).await.json();
        assert_eq!(list[0]["last"]["outcome"], json!("restarted"), "{list}");
        let told = told_on_time(&home, &served, &["--app", "shop-web"]).await;
        assert!(told.stdout.contains("⬢ team:acme"), "{told:?}");
        let told = told_on_time(&home, &served, &["--app", "blog"]).await;
        assert!(told.stdout.contains("No schedules for ⬢ blog"), "{told:?}");
        let url = "https://shop-web.herokuapp.com/up";
        let words = [
            "set",
            "--team",
            "acme",
            "--at",
            "09",
            "--timezone",
            "UTC",
            "--check-url",
            url,
        ];
        let told = told_on_time(&home, &served, &words).await;
        let warning = "--check-url is one URL for all of these apps";
        assert!(told.stderr.contains(warning), "{told:?}");
    });
}

#[test]
fn an_app_that_is_named_is_the_one_that_it_was_whoever_takes_its_name() {
    let (home, served) = begin("apps = [\"blog\"]");
    block(async {
        let (_, apps) = pass(&home, &served).await;
        assert_eq!(apps, names(&["blog"]));
        change(&served, "blog", json!({ "name": "weblog" })).await;
        change(&served, "shop-of-mine", json!({ "name": "blog" })).await;
        for _ in 0..2 {
            next_day(&served).await;
            let (told, apps) = pass(&home, &served).await;
            assert_eq!((apps, told.code), (names(&["weblog"]), Some(0)), "{told:?}");
        }
    });
}
