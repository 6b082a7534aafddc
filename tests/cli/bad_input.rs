//! What cannot be meant is refused: exit code 2, a message that names the flag, the value, what is
//! wrong and what would be right; and the schedules file is byte for byte as it was.

use crate::process::Home;

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
        &["--settle", "'soon'", "30s"],
    ),
    (
        &["--at", "7", "--min-uptime", "3"],
        &["--min-uptime", "'3'", "30s"],
    ),
    (
        &["--at", "7", "--min-uptime", "9d", "--max-uptime", "6h"],
        &["--min-uptime 9d", "--max-uptime 6h", "contradict", "1h"],
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

#[test]
fn a_broken_schedules_file_is_named_with_its_place_and_never_overwritten() {
    for (text, wanted) in [
        (
            "version = 1\n[[schedule]]\napp = \"example-app\"\nat = \"07",
            ":4:",
        ),
        (
            "version = 1\n[[schedule]]\napp = \"example-app\"\nat = \"25\"\n",
            ":4:6: at '25': hours go from 0 to 23",
        ),
        ("version = 2\n", "of version 2"),
        (
            "version = 1\n[[schedule]]\napp = \"example-app\"\nwindwo = \"x\"\nat = \"7\"\n",
            "'windwo' is not a key",
        ),
        ("\u{0}\u{1}", ":1:"),
        (
            "version = 1\n[[schedule]]\napp = \"shop\"\nat = \"7\"\nwait-limit = \"0s\"\n",
            ":5:14: wait-limit '0s': it is at least 30s",
        ),
        (
            "version = 1\n[[schedule]]\napp = \"shop\"\nat = \"7\"\nsettle = \"366d\"\n",
            ":5:10: settle '366d': it is at most 1h",
        ),
        (
            "version = 1\n[[schedule]]\napp = \"shop\"\nat = \"7\"\ncatch-up = \"1s\"\n",
            ":5:12: catch-up '1s': it is at least 1m",
        ),
        (
            "version = 1\n[[schedule]]\napp = \"shop\"\nat = \"7\"\nsince = \"-009999-01-02T01:59:59Z\"\n",
            ":5:9: since '-009999-01-02T01:59:59Z': its year",
        ),
        (
            "version = 1\n[[schedule]]\napp = \"shop\"\nat = \"7\"\npaused-until = 9999-12-30T00:00:00Z\n",
            ":5:16: paused-until '9999-12-30T00:00:00Z': its year",
        ),
    ] {
        let home = Home::new();
        home.write_schedules(text);
        for words in [
            &["set", "--app", "example-app", "--at", "7"][..],
            &["run"],
            &["plan"],
            &[],
            &["remove", "--app", "example-app"],
        ] {
            let told = home.run(NOBODY, words);
            assert_eq!(told.code, Some(2), "{words:?}: {told:?}");
            assert!(
                told.stderr.contains(wanted),
                "{words:?} must say {wanted}: {}",
                told.stderr
            );
            assert_eq!(
                std::fs::read_to_string(home.schedules()).expect("the file"),
                text
            );
        }
    }
}

#[test]
fn a_file_that_cannot_be_written_or_read_is_an_error_and_nothing_is_lost() {
    let set = [
        "set",
        "--app",
        "example-app",
        "--at",
        "08",
        "--timezone",
        "UTC",
    ];
    let home = Home::new();
    home.write_schedules(BEFORE);
    let mut permissions = std::fs::metadata(home.schedules())
        .expect("the file")
        .permissions();
    permissions.set_readonly(true);
    std::fs::set_permissions(home.schedules(), permissions).expect("read-only");
    let told = home.run(NOBODY, &set);
    assert_eq!(told.code, Some(1), "{told:?}");
    assert!(
        told.stderr.contains("read-only") || told.stderr.contains("permission denied"),
        "{told:?}"
    );
    assert_eq!(
        std::fs::read_to_string(home.schedules()).expect("the file"),
        BEFORE
    );

    let home = Home::new();
    std::fs::create_dir_all(home.schedules()).expect("a directory in its place");
    let told = home.run(NOBODY, &set);
    assert!(
        told.code == Some(1) && told.stderr.contains("directory"),
        "{told:?}"
    );

    let home = Home::new();
    home.write_schedules("");
    std::fs::write(home.schedules(), b"version = 1 # \xff\xfe\n").expect("bytes");
    let told = home.run(NOBODY, &set);
    assert!(
        told.code == Some(1) && told.stderr.contains("UTF-8"),
        "{told:?}"
    );
}

/// Every write fails for want of room.
#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_loses_nothing() {
    let home = Home::new();
    home.write_schedules(BEFORE);
    // The file may not grow: what a full disk does to the new file beside the old one.
    let script = format!(
        "ulimit -f 0; trap '' XFSZ; exec {} set --app example-app --at 08 --timezone UTC",
        crate::process::binary().display()
    );
    let mut command = std::process::Command::new("sh");
    command
        .args(["-c", &script])
        .env_clear()
        .env("HOME", home.path())
        .env("HEROKU_HOST", NOBODY)
        .env("HEROKU_API_KEY", "x");
    let told: crate::process::Told = command.output().expect("sh runs").into();
    assert!(
        told.code == Some(1) && told.stderr.contains("Error:"),
        "{told:?}"
    );
    assert_eq!(
        std::fs::read_to_string(home.schedules()).expect("the file"),
        BEFORE
    );
}

#[test]
fn comments_and_order_of_a_file_are_kept() {
    let home = Home::new();
    home.write_schedules(BEFORE);
    let told = home.run(
        NOBODY,
        &[
            "set",
            "--app",
            "example-app",
            "--at",
            "08",
            "--timezone",
            "UTC",
        ],
    );
    assert_eq!(told.code, Some(0), "{told:?}");
    let after = std::fs::read_to_string(home.schedules()).expect("the file");
    assert!(after.starts_with("# mine\nversion = 1\n\n[[schedule]]\napp = \"example-app\" # the shop\nat = \"08:00\"\n"), "{after}");
}

#[test]
fn line_ends_of_a_file_are_kept() {
    let home = Home::new();
    home.write_schedules(&BEFORE.replace('\n', "\r\n"));
    let told = home.run(NOBODY, &["pause", "--app", "example-app"]);
    assert_eq!(told.code, Some(0), "{told:?}");
    let after = std::fs::read_to_string(home.schedules()).expect("the file");
    assert_eq!(
        after.replace("\r\n", "").matches(['\r', '\n']).count(),
        0,
        "{after:?}"
    );
    assert!(after.contains("paused = true\r\n"), "{after:?}");
}

#[test]
fn a_file_named_without_a_directory_is_the_one_here() {
    let home = Home::new();
    let words = ["--app", "example-app", "--schedules", "here.toml"];
    for verb in [&["set", "--at", "7", "--timezone", "UTC"][..], &["pause"]] {
        let mut command = home.command(NOBODY, &[verb, &words].concat());
        let told: crate::process::Told = command
            .current_dir(home.path())
            .output()
            .expect("it runs")
            .into();
        assert_eq!(told.code, Some(0), "{told:?}");
    }
    let text = std::fs::read_to_string(home.path().join("here.toml")).expect("the file");
    assert!(text.contains("paused = true"), "{text}");
}
