//! The schedules file: what is wrong with it is named with its place, nothing in it is lost, and what is
//! no file is left alone.

use crate::process::{Home, Served, Told, block, each_once, shop};

const BEFORE: &str = "# mine\nversion = 1\n\n[[schedule]]\napp = \"example-app\" # the shop\nat = \"07:00\"\ntimezone = \"UTC\"\n";
/// Nobody listens there.
const NOBODY: &str = "http://127.0.0.1:9";

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
            "version = 1\n[[schedule]]\napp = \"shop\"\nat = \"7\"\nwindow = \"01:00-06:00\"\n",
            "nothing would ever be restarted, for example at = \"03\" and window = \"01:00-06:00\"",
        ),
        (
            "version = 1\n[[schedule]]\napp = \"shop\"\nmax-uptime = \"6h\"\nown-daily-cycle = true\n",
            "missing, for example max-uptime = \"23h\"",
        ),
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
        told.code == Some(2) && told.stderr.contains("it is a directory, not a file"),
        "{told:?}"
    );

    let home = Home::new();
    home.write_schedules("");
    std::fs::write(home.schedules(), b"version = 1 # \xff\xfe\n").expect("bytes");
    let told = home.run(NOBODY, &set);
    assert!(
        told.code == Some(2) && told.stderr.contains(":1:15: it is not UTF-8 text"),
        "{told:?}"
    );
}

fn is_harmless(told: &Told) {
    for text in [&told.stdout, &told.stderr] {
        let is_bad = |c: char| c.is_control() && c != '\n' || c == '\u{202e}';
        assert!(!text.contains(is_bad), "{told:?}");
        assert!(text.len() < 5_000, "{} bytes", text.len());
    }
}

/// The file may come from somebody else, who must not write to the terminal of whoever reads it.
#[test]
fn what_a_terminal_obeys_is_not_said_back_nor_too_much_of_anything() {
    let home = Home::new();
    let evil = "\\u001b]0;title\\u0007\\u202e";
    let long = "x".repeat(1 << 20);
    for wrong in [
        format!("app = \"{evil}\""),
        format!("\"{evil}\" = 1"),
        format!("app = \"example-app\"\nat = \"{evil}\""),
        format!("app = \"example-app\"\nat = \"{long}\""),
        format!("app = \"{long}\""),
    ] {
        let file = home.path().join("theirs.toml");
        let text = format!("version = 1\n[[schedule]]\n{wrong}\n");
        std::fs::write(&file, text).expect("a file");
        let path = file.display().to_string();
        for words in [
            &["apply", "--yes", "--file", &path][..],
            &["--schedules", &path],
        ] {
            let told = home.run(NOBODY, words);
            assert_eq!(told.code, Some(2), "{told:?}");
            is_harmless(&told);
            assert!(told.stderr.contains("hint: "), "{told:?}");
        }
        let doctor = home.run(NOBODY, &["doctor", "--schedules", &path]);
        assert_eq!(doctor.code, Some(1), "{doctor:?}");
        is_harmless(&doctor);
    }
}

#[cfg(target_os = "linux")]
#[test]
fn whoever_only_reads_needs_no_place_to_write() {
    let home = Home::new();
    home.write_schedules(BEFORE);
    // Whoever runs the tests may be root, who may write what is read-only; nobody makes anything there.
    let told = |words: &[&str]| -> Told {
        let mut command = home.command(NOBODY, words);
        let output = command
            .env("AUTORESTART_STATE_DIR", "/proc/nowhere")
            .output();
        output.expect("it runs").into()
    };
    for words in [&["history"][..], &["history", "--json"], &["--json"]] {
        let told = told(words);
        assert_eq!(told.code, Some(0), "{words:?}: {told:?}");
    }
    let run = told(&["run"]);
    assert!(
        run.code == Some(1) && run.stderr.contains("AUTORESTART_STATE_DIR"),
        "{run:?}"
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

#[cfg(unix)]
#[test]
fn a_device_or_a_pipe_is_refused_and_stays_what_it_is() {
    use nix::sys::stat::Mode;
    use std::os::unix::fs::FileTypeExt as _;
    let home = Home::new();
    let pipe = home.path().join("pipe");
    nix::unistd::mkfifo(&pipe, Mode::S_IRWXU).expect("a pipe");
    let path = pipe.display().to_string();
    for words in [
        &[
            "set",
            "--app",
            "example-app",
            "--at",
            "7",
            "--schedules",
            &path,
        ][..],
        &["run", "--schedules", &path],
        &["--schedules", &path],
    ] {
        let told = home.run(NOBODY, words);
        assert!(
            told.code == Some(2) && told.stderr.contains("not a file"),
            "{told:?}"
        );
    }
    let kind = std::fs::metadata(&pipe).expect("it is there").file_type();
    assert!(kind.is_fifo());
}

#[test]
fn a_named_file_that_is_not_there_is_no_success() {
    let home = Home::new();
    let path = home.path().join("no-such.toml").display().to_string();
    let named = ["--schedules", path.as_str()];
    let run = home.run(NOBODY, &[&["run"][..], &named].concat());
    assert!(
        run.code == Some(2) && run.stderr.contains("no such file"),
        "{run:?}"
    );
    for words in [&[][..], &["plan"]] {
        let told = home.run(NOBODY, &[words, &named].concat());
        assert!(
            told.code == Some(0) && told.stderr.contains("no such file"),
            "{words:?}: {told:?}"
        );
    }
    let run = home.run(NOBODY, &["run"]);
    assert!(
        run.code == Some(0) && run.stderr.contains("there are no schedules in"),
        "{run:?}"
    );
}

/// An identity is written down for all of them at once: the file is replaced a few times, not once for
/// each of them.
#[test]
fn hundreds_of_schedules_of_one_app_are_one_write() {
    block(async {
        let home = Home::new();
        let served = Served::start(&shop(&home, 1), Some("2026-03-02T07:00:30Z*60"));
        let entry = |n| {
            format!(
                "[[schedule]]\napp = \"example-app\"\nname = \"n{n}\"\nat = \"07\"\ntimezone = \"UTC\"\n"
            )
        };
        let entries: String = (0..300).map(entry).collect();
        home.write_schedules(&format!("version = 1\n{entries}"));
        let ran = crate::process::told_on_time(&home, &served, &["run"]).await;
        assert_eq!(ran.code, Some(0), "{ran:?}");
        assert_eq!(served.heroku.record().await.restarts(), each_once());
        let text = std::fs::read_to_string(home.schedules()).expect("the file");
        assert_eq!(text.matches("app-id").count(), 300);
    });
}
