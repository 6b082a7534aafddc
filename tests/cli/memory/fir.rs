//! On Fir nothing tells of memory, and that is said everywhere.

use crate::process::{Home, Served, block};

const WORLD: &str = "[[app]]\nname = \"fir-app\"\ngeneration = \"fir\"\n[[app.formation]]\ntype = \"web\"\nquantity = 1\nup-for = \"2h\"\n";

#[test]
fn what_cannot_be_had_on_fir_is_said_by_set_run_and_status() {
    block(async {
        let home = Home::new();
        let world = home.path().join("world.toml");
        std::fs::write(&world, WORLD).expect("a file");
        let served = Served::start(&world.display().to_string(), None);
        let url = &served.heroku.url;
        let set = home.run(url, &["set", "--app", "fir-app", "--memory", "90%"]);
        assert!(
            set.stderr.contains("is on Fir, whose log tells neither"),
            "{set:?}"
        );
        assert!(
            set.stderr
                .contains("--at 07,14 or --max-uptime 6h works on Fir"),
            "{set:?}"
        );
        let run = home.run(url, &["run", "--no-wait", "--json"]);
        let notice = "memory unknown: the log of an app on Fir has no sample of memory";
        let notices = run.json()["notices"].to_string();
        assert!(notices.contains(notice), "{run:?}");
        let skips = &run.json()["skips"];
        assert_eq!(skips[0]["reason"], "memory_unknown", "{run:?}");
        assert_eq!(
            skips[0]["detail"],
            "the log of an app on Fir has no sample of memory"
        );
        let status = home.run(url, &["status", "--app", "fir-app"]);
        assert!(status.stdout.contains("unknown"), "{status:?}");
        assert!(
            status
                .stderr
                .contains("the log of an app on Fir has no samples"),
            "{status:?}"
        );
        assert!(served.heroku.record().await.restarts().is_empty());
    });
}
