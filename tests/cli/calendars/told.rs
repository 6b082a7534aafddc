//! What `set` and `plan` say of a schedule beside its occurrences.

use crate::process::{Home, Served, Told, block, now, shop};

/// Nobody listens there.
const NOBODY: &str = "http://127.0.0.1:9";

/// Whoever lives at an instant of the sandbox.
async fn at_its_time(home: &Home, served: &Served, words: &[&str]) -> Told {
    let mut command = home.command(&served.heroku.url, words);
    command.env("AUTORESTART_CLOCK", now(served).await);
    command.output().expect("it runs").into()
}

fn set<'a>(more: &[&'a str]) -> Vec<&'a str> {
    let base = ["set", "--app", "example-app", "--timezone", "UTC"];
    [&base[..], more].concat()
}

#[test]
fn set_warns_of_occurrences_that_follow_each_other_at_once() {
    block(async {
        let home = Home::new().without_offset();
        let served = Served::start(&shop(&home, 5), None);
        let apart = "only 1m apart: a dyno is restarted at both";
        for (more, is_crowded) in [
            (&["--cron", "* * * * *"][..], true),
            (&["--cron", "0,1 4 * * *"], true),
            (&["--cron", "0 * * * *"], false),
            (&["--at", "07,14"], false),
            (&["--cron", "* * * * *", "--min-uptime", "6h"], false),
        ] {
            let told = at_its_time(&home, &served, &set(more)).await;
            assert_eq!(told.code, Some(0), "{more:?}: {told:?}");
            assert_eq!(
                told.stderr.contains(apart),
                is_crowded,
                "{more:?}: {told:?}"
            );
        }
    });
}

#[test]
fn set_names_the_other_schedule_of_the_same_dynos() {
    block(async {
        let home = Home::new().without_offset();
        let served = Served::start(&shop(&home, 5), None);
        let told = at_its_time(&home, &served, &set(&["--at", "07", "--name", "daily"])).await;
        assert!(!told.stderr.contains("too"), "alone: {told:?}");
        let web = set(&["--at", "07,14", "--name", "web", "--process-type", "web"]);
        let told = at_its_time(&home, &served, &web).await;
        let wanted = "Schedule daily of ⬢ example-app is about some of these dynos too (all dynos, at 07:00, UTC)";
        assert!(
            told.code == Some(0) && told.stderr.contains(wanted),
            "{told:?}"
        );
        let worker = set(&["--at", "09", "--name", "worker", "--process-type", "worker"]);
        let told = at_its_time(&home, &served, &worker).await;
        assert!(
            !told.stderr.contains("Schedule web"),
            "not the same dynos: {told:?}"
        );
    });
}

#[test]
fn on_fir_nothing_is_said_of_the_cycle_but_that_it_is_unknown() {
    block(async {
        let home = Home::new().without_offset();
        let path = shop(&home, 5);
        home.write_schedules(&crate::process::schedule("07:00"));
        for generation in ["cedar", "fir"] {
            let text = std::fs::read_to_string(&path).expect("a scenario");
            let text = text.replacen(
                "[[app]]",
                &format!("[[app]]\ngeneration = \"{generation}\""),
                1,
            );
            let scenario = home.path().join(format!("{generation}.toml"));
            std::fs::write(&scenario, text).expect("a file");
            let served = Served::start(&scenario.display().to_string(), None);
            let document = at_its_time(&home, &served, &["plan", "--json"])
                .await
                .json();
            let gaps = document["daily_cycle_gaps"].as_array().expect("gaps");
            assert_eq!(gaps.is_empty(), generation == "fir", "{document}");
            let told = at_its_time(&home, &served, &["plan"]).await.stdout;
            assert_eq!(
                told.contains("24h lie between restarts"),
                generation == "cedar",
                "{told}"
            );
            let answers = document["daily_cycle"].as_array().expect("answers");
            assert!(!answers.is_empty());
            if generation == "fir" {
                let is_unknown = |answer: &serde_json::Value| answer["verdict"] == "unknown";
                assert!(answers.iter().all(is_unknown), "{document}");
            }
        }
    });
}

/// 02:30 comes as 03:00 when clocks go forward, and the window that it lies in is over by then.
#[test]
fn plan_tells_of_an_occurrence_that_the_clock_takes_out_of_its_window() {
    let home = Home::new();
    for (times, window, is_left_out) in [
        ("02:30", "02:00-03:00", true),
        ("02:30", "01:00-03:00", true),
        ("20:00,02:30", "02:00-03:00,19:00-21:00", true),
        ("22:00,02:29", "22:00-02:30", true),
        // The first of two readings that the gap swallows lies in no window.
        ("02:10,02:50", "02:45-03:00", true),
        ("02:30", "02:00-04:00", false),
        // No window is meant for it.
        ("20:00,02:30", "19:00-21:00", false),
    ] {
        let windows: Vec<String> = window
            .split(',')
            .map(|window| format!("\"{window}\""))
            .collect();
        home.write_schedules(&format!(
            "version = 1\n[[schedule]]\napp = \"example-app\"\nat = \"{times}\"\ntimezone = \"America/New_York\"\nwindow = [{}]\n",
            windows.join(", ")
        ));
        let span = ["--from", "2026-03-07", "--to", "2026-03-10"];
        let json = home.run(NOBODY, &[&["plan", "--json"][..], &span].concat());
        let void = json.json()["void"].clone();
        let wanted = usize::from(is_left_out);
        assert_eq!(
            void.as_array().map(Vec::len),
            Some(wanted),
            "{times} {window}: {void}"
        );
        let told = home.run(NOBODY, &[&["plan"][..], &span].concat()).stdout;
        let sentence = "does not exist that day, and at 03:00, after the gap, the window is closed";
        assert_eq!(
            told.contains(sentence),
            is_left_out,
            "{times} {window}: {told}"
        );
        if is_left_out {
            assert_eq!(
                (&void[0]["first"], &void[0]["reason"]),
                (
                    &serde_json::json!("2026-03-08T07:00:00Z"),
                    &serde_json::json!("outside_window")
                )
            );
        }
    }
}

#[test]
fn set_names_only_what_closes_the_gap() {
    let home = Home::new();
    let hint = |more: &[&str]| {
        let told = home.run(NOBODY, &set(more)).stderr;
        let lines = told
            .lines()
            .skip_while(|line| !line.contains("daily cycle"));
        lines.take(2).collect::<Vec<_>>().join("\n")
    };
    for (more, wanted) in [
        (
            &["--at", "07"][..],
            "--own-daily-cycle, --max-uptime 23h, or --at 07:00,19:00, comes before it",
        ),
        (
            &["--at", "07,14", "--days", "mon-fri"],
            "or --at 07:00,14:00 on every day, comes before it",
        ),
        (
            &["--at", "03", "--window", "03:00-03:30"],
            "its windows and blackouts leave no room",
        ),
        (
            &["--max-uptime", "2d", "--except", "2020-01-01"],
            "--max-uptime 23h comes before it",
        ),
        (&["--at", "07,19"], ""),
        // Another gap weeks later, by a blackout, hides no hint.
        (
            &["--at", "07", "--except", "2099-12-15"],
            "--own-daily-cycle, --max-uptime 23h",
        ),
    ] {
        let said = hint(more);
        assert!(said.contains(wanted), "{more:?}: {said}");
        assert_eq!(said.is_empty(), wanted.is_empty(), "{more:?}: {said}");
    }
}
