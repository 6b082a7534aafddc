//! What `set` and `plan` say of a schedule beside its occurrences.

use crate::process::{Home, Served, Told, block, now, shop};

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
