//! What cannot be meant is refused: exit code 2, a message that names the flag, the value, what is
//! wrong and what would be right; and the schedules file is byte for byte as it was.

use crate::process::{Home, Served, shop};

const BEFORE: &str = "# mine\nversion = 1\n\n[[schedule]]\napp = \"example-app\" # the shop\nat = \"07:00\"\ntimezone = \"UTC\"\n";
/// Nobody listens there: whatever is refused must be refused before anybody is asked.
const NOBODY: &str = "http://127.0.0.1:9";

/// Words, and what the message must hold: the flag, the value, and a right example.
const CASES: &[(&[&str], &[&str])] = &[
    (&["--at", "25"], &["--at", "'25'", "0 to 23", "07:30"]),
    (&["--at", "7:60"], &["--at", "'7:60'", "00 to 59", "07:30"]),
    (&["--at", ""], &["--at", "no time is given", "07,14"]),
    (
        &["--at", "08,8"],
        &["--at", "'08,8'", "08:00 is given twice", "07,14"],
    ),
    (
        &["--at", "7", "--days", "mon-xyz"],
        &["--days", "'mon-xyz'", "'xyz' is not a day", "mon-fri"],
    ),
    (
        &["--at", "7", "--timezone", "Mars/Base"],
        &["--timezone", "'Mars/Base'", "no zone", "America/New_York"],
    ),
    (
        &["--at", "7", "--timezone", "CET5"],
        &["--timezone", "'CET5'", "slash", "America/New_York"],
    ),
    (
        &["--at", "7", "--timezone", "EST"],
        &[
            "--timezone",
            "'EST'",
            "pg:backups:schedule takes it for America/New_York",
        ],
    ),
    (
        &["--max-uptime", "0"],
        &["--max-uptime", "'0'", "number with a unit", "6h"],
    ),
    (
        &["--max-uptime", "0s"],
        &["--max-uptime", "'0s'", "restart loop", "6h"],
    ),
    (
        &["--max-uptime", "5"],
        &["--max-uptime", "'5'", "number with a unit", "6h"],
    ),
    (
        &["--max-uptime", "-5m"],
        &["--max-uptime", "'-5m'", "negative", "6h"],
    ),
    (
        &["--max-uptime", "90M"],
        &["--max-uptime", "'90M'", "'M' is not one of the units", "6h"],
    ),
    (
        &["--max-uptime", "1s"],
        &[
            "--max-uptime",
            "'1s'",
            "it is at least 10m: under that it is a restart loop",
            "6h",
        ],
    ),
    (
        &["--every", "9m"],
        &["--max-uptime", "'9m'", "restart loop"],
    ),
    (
        &["--at", "7", "--max-unavailable", "0"],
        &[
            "--max-unavailable",
            "'0'",
            "nothing could ever be restarted",
            "25%",
        ],
    ),
    (
        &["--at", "7", "--max-unavailable", "200%"],
        &["--max-unavailable", "'200%'", "1% to 100%", "25%"],
    ),
    (
        &["--at", "7", "--max-unavailable", "-1"],
        &["--max-unavailable", "'-1'", "25%"],
    ),
    (
        &["--at", "7", "--dyno-name", "web"],
        &["--dyno-name", "'web'", "a dot and a number", "web.1"],
    ),
    (
        &["--at", "7", "--dyno-name", "run.1234"],
        &["--dyno-name", "'run.1234'", "kill it for good", "web.1"],
    ),
    (
        &["--at", "7", "--process-type", "web;rm"],
        &["--process-type", "'web;rm'", "only letters", "worker"],
    ),
    (
        &["--at", "7", "--process-type", "RUN"],
        &["--process-type", "'RUN'", "one-offs", "worker"],
    ),
    (
        &["--at", "7", "--dyno-name", "Release.1"],
        &["--dyno-name", "'Release.1'", "kill it for good", "web.1"],
    ),
    (
        &["--at", "7", "--settle", "300d"],
        &["--settle", "'300d'", "at most 1h", "10s"],
    ),
    (
        &["--at", "7", "--process-type", "run"],
        &["--process-type", "'run'", "one-offs", "worker"],
    ),
    (
        &["--at", "7", "-p", "web", "-d", "web.1"],
        &["--process-type and --dyno-name", "web.1"],
    ),
    (&[], &["no trigger", "--at 07,14"]),
    (
        &["--days", "mon"],
        &["--days belongs to --at", "--at 07,14"],
    ),
    (
        &["--at", "7", "--name", "a b"],
        &["--name", "'a b'", "nightly"],
    ),
    (
        &["--at", "7", "--wait-limit", "1s"],
        &["--wait-limit", "'1s'", "at least 30s", "5m"],
    ),
    (
        &["--at", "7", "--catch-up", "0s"],
        &["--catch-up", "'0s'", "at least 1m", "1h"],
    ),
    (
        &["--at", "7", "--settle", "soon"],
        &["--settle", "'soon'", "10s"],
    ),
    (
        &["--at", "7", "--min-uptime", "3"],
        &["--min-uptime", "'3'", "30s"],
    ),
    (
        &["--at", "7", "--min-uptime", "9d", "--max-uptime", "6h"],
        &[
            "--min-uptime: 9d is longer than max-uptime 6h",
            "--min-uptime 1h --max-uptime 6h",
        ],
    ),
    (
        &["--cron", "0 0 31 2 *"],
        &[
            "--cron",
            "'0 0 31 2 *'",
            "no date is ever like that",
            "0 0 28 2 *",
        ],
    ),
    (
        &["--cron", "0 7 * *"],
        &["--cron", "five fields, and not 4", "@daily"],
    ),
    (
        &["--cron", "@reboot"],
        &["--cron", "there is no '@reboot'", "@daily"],
    ),
    (
        &["--cron", "0 24 * * *"],
        &["--cron", "hour '24'", "from 0 to 23", "@daily"],
    ),
    (
        &["--cron", "*/90 * * * *"],
        &["--cron", "minute '*/90'", "longer than the field"],
    ),
    (
        &["--cron", "5/15 * * * *"],
        &["--cron", "minute '5/15'", "a range, as in 5-59/15"],
    ),
    (
        &["--cron", "0 22-2 * * *"],
        &["--cron", "hour '22-2'", "backwards", "22-23,0-2"],
    ),
    (
        &["--cron", "0 3 * * fri-mon"],
        &[
            "--cron",
            "day of the week 'fri-mon'",
            "backwards",
            "5-6,0-1",
        ],
    ),
    (&["--cron", "0 3 * * L"], &["--cron", "day of the week 'l'"]),
    (&["--cron", "0 mon * * *"], &["--cron", "hour 'mon'"]),
    (
        &["--cron", "0 3 1,,2 * *"],
        &["--cron", "day of the month ''"],
    ),
    (
        &["--cron", "0 3 32W * *"],
        &["--cron", "'32w'", "from 1 to 31"],
    ),
    (&["--cron", "0 3 * * mon#6"], &["--cron", "'mon#6'"]),
    (&["--cron", ""], &["--cron", "five fields, and not 0"]),
    (
        &["--at", "7", "--cron", "0 7 * * *"],
        &["--at and --cron", "--at 07,14"],
    ),
    (
        &["--days", "mon", "--cron", "0 7 * * *"],
        &["--days belongs to --at", "mon-fri"],
    ),
    (
        &["--at", "3", "--window", "22:00"],
        &["--window", "'22:00'", "two times", "22:00-06:00"],
    ),
    (
        &["--at", "3", "--window", "06:00-06:00"],
        &["--window", "a whole day is 00:00-24:00", "22:00-06:00"],
    ),
    (
        &["--at", "3", "--window", "25:00-06:00"],
        &["--window", "hours go from 0 to 23", "22:00-06:00"],
    ),
    (
        &["--at", "3", "--window", "funday 22:00-06:00"],
        &["--window", "'funday' is not a day", "22:00-06:00"],
    ),
    (
        &["--at", "7", "--timezone", "UTC", "--window", "01:00-06:00"],
        &["--window", "no occurrence falls into it", "--at 03"],
    ),
    (
        &["--at", "7", "--except", "2026-12-26..2026-12-24"],
        &[
            "--except",
            "ends before it begins",
            "2026-12-24..2026-12-26",
        ],
    ),
    (
        &["--at", "7", "--except", "2026-02-30"],
        &["--except", "'2026-02-30' is no date", "2026-11-27"],
    ),
    (
        &["--at", "7", "--except", "christmas"],
        &["--except", "'christmas' is no date", "2026-11-27"],
    ),
    (
        &[
            "--at",
            "7",
            "--timezone",
            "UTC",
            "--except",
            "2000-01-01..2199-12-31",
        ],
        &["--except", "covers everything", "2026-12-24..2026-12-26"],
    ),
    (
        &[
            "--max-uptime",
            "6h",
            "--timezone",
            "UTC",
            "--except",
            "2000-01-01..2199-12-31",
        ],
        &["--except", "covers everything"],
    ),
    (
        &["--at", "7", "--jitter", "1s"],
        &["--jitter", "at least 1m", "10m"],
    ),
    (
        &["--max-uptime", "6h", "--jitter", "10m"],
        &[
            "--jitter: it belongs to a calendar (at or cron)",
            "--at 07 --jitter 10m",
        ],
    ),
    (
        &["--max-uptime", "6h", "--own-daily-cycle"],
        &[
            "--own-daily-cycle: it belongs to a calendar (at or cron)",
            "--max-uptime 23h",
        ],
    ),
    (
        &["--max-uptime", "6h", "--timezone", "UTC"],
        &["--timezone belongs to --at, --cron, --window or --except"],
    ),
    (
        &["--at", "7", "--timezone", "America/New_Yrok"],
        &["--timezone", "is America/New_York meant?"],
    ),
    (
        &["--at", "7", "--timezone", "EST5EDT"],
        &["--timezone", "'EST5EDT'", "slash", "America/New_York"],
    ),
    (
        &["--at", "7", "--no-such-flag"],
        &["--no-such-flag", "--help"],
    ),
];

/// `--app`, and what is wrong with it.
const APPS: &[(&str, &str)] = &[
    ("Example", "upper case"),
    ("a/b", "lower case letters, digits and dashes"),
    ("shop/../admin", "lower case letters, digits and dashes"),
    ("abcdefghij-abcdefghij-abcdefghi", "3 to 30"),
    ("1shop", "begins with a letter"),
    ("", "3 to 30"),
];

#[test]
fn what_cannot_be_meant_is_refused_and_nothing_is_written() {
    let home = Home::new();
    home.write_schedules(BEFORE);
    let check = |words: &[&str], wanted: &[&str]| {
        let told = home.run(NOBODY, words);
        assert_eq!(told.code, Some(2), "{words:?}: {told:?}");
        assert!(
            wanted.iter().all(|part| told.stderr.contains(part)),
            "{words:?} must say {wanted:?}: {}",
            told.stderr
        );
        assert_eq!(told.stdout, "", "{words:?}");
        let told = home.run(NOBODY, &[words, &["--json"]].concat());
        let error = &told.json()["error"];
        assert_eq!(
            (told.code, error["code"].as_str(), told.stderr.as_str()),
            (Some(2), Some("usage"), ""),
            "{words:?}: {told:?}"
        );
        let said = format!(
            "{} {}",
            error["message"].as_str().unwrap_or_default(),
            error["hint"].as_str().unwrap_or_default()
        );
        assert!(
            wanted.iter().all(|part| said.contains(part)),
            "{words:?} --json must say {wanted:?}: {said}"
        );
        assert_eq!(
            std::fs::read_to_string(home.schedules()).expect("the file"),
            BEFORE,
            "{words:?}"
        );
    };
    for (words, wanted) in CASES {
        check(&[&["set", "--app", "example-app"], *words].concat(), wanted);
    }
    for (app, why) in APPS {
        check(
            &["set", "--at", "07,14", "--app", app],
            &["--app", &format!("'{app}'"), why, "example-app"],
        );
    }
    check(&["set", "--at", "7"], &["no app", "--app example-app"]);
    check(
        &["run", "--process-type", "web"],
        &["--process-type", "--now"],
    );
    check(
        &["run", "--now", "--yes"],
        &["--app is missing", "--now --app example-app"],
    );
    check(
        &["run", "--now", "--app", "example-app"],
        &["nobody to ask", "--yes"],
    );
    check(
        &["pause", "--app", "example-app", "--until", "soon"],
        &["--until", "'soon'", "2026-12-01T09:00"],
    );
    check(
        &["plan", "--from", "2026-03-02", "--to", "2026-03-01"],
        &["--to", "--from"],
    );
    for (words, value) in [
        (["plan", "--next"], "x"),
        (["plan", "--next"], "0"),
        (["plan", "--next"], "-1"),
        (["history", "--last"], "0"),
        (["history", "--last"], "99999999999999999999"),
    ] {
        let quoted = format!("'{value}'");
        let wanted = [words[1], &quoted, "a whole number from 1 to 1000", "10"];
        check(&[&words[..], &[value]].concat(), &wanted);
    }
    check(
        &["set", "--app", "example-app", "--at", "7", "--at", "8"],
        &["--at", "multiple times", "give it once"],
    );
    check(&["run", "--yes"], &["--now"]);
    check(
        &[
            "pause",
            "--app",
            "example-app",
            "--until",
            "2026-12-01T09:00[Mars/Base]",
        ],
        &["--until", "Mars/Base", "2026-12-01T09:00"],
    );
    check(&["frobnicate"], &["frobnicate", "--help"]);
}

#[test]
fn the_ways_people_write_seven_o_clock_are_right() {
    for at in ["07", "7", "08", "09", "7am", "07:00"] {
        let home = Home::new();
        let told = home.run(
            NOBODY,
            &[
                "set",
                "--app",
                "example-app",
                "--at",
                at,
                "--timezone",
                "UTC",
            ],
        );
        assert_eq!(told.code, Some(0), "{at}: {told:?}");
    }
}

/// What is offered in place of a wrong value is taken.
#[test]
fn every_example_is_right_itself() {
    let home = Home::new();
    let served = Served::start(&shop(&home, 1), None);
    let host = &served.heroku.url;
    let mut tried = 0;
    for (words, _) in CASES {
        let set = ["set", "--app", "example-app"];
        let told = home.run(host, &[&set[..], *words, &["--json"]].concat());
        let error = told.json()["error"].take();
        let hint = error["hint"].as_str().unwrap_or_default();
        let Some(examples) = hint.strip_prefix("for example ") else {
            continue;
        };
        let (_, before) = words.split_last().expect("words");
        for example in examples.split(", ").flat_map(|part| part.split(" or ")) {
            // In a shell, its spaces are quoted.
            let example = example.trim_matches('\'');
            let words = [&set[..], before, &[example]].concat();
            let told = home.run(host, &words);
            assert_eq!(told.code, Some(0), "{words:?}: {told:?}");
            tried += 1;
        }
    }
    assert!(tried > 40, "{tried} examples");
}

#[test]
fn an_instant_may_have_a_zone_of_its_own() {
    for (until, resumes) in [
        ("2099-12-01T09:00[America/New_York]", "14:00"),
        ("2099-12-01T09:00", "09:00"),
        ("2099-12-01T09:00-02:00", "11:00"),
    ] {
        let home = Home::new();
        home.write_schedules(BEFORE);
        let words = ["pause", "--app", "example-app", "--until", until];
        let told = home.run(NOBODY, &words);
        let said = format!("until Tue 01 Dec 2099 {resumes} UTC");
        assert!(told.stdout.contains(&said), "{until}: {told:?}");
    }
}
