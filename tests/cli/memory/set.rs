//! What `set` says of a threshold that no dyno should reach, and of a flag without its trigger.

use crate::process::{Home, Served, block, shop};

#[test]
fn a_threshold_over_the_quota_is_told() {
    block(async {
        let home = Home::new();
        let served = Served::start(&shop(&home, 2), None);
        let set = |memory: &str| {
            let words = ["set", "--app", "example-app", "--memory", memory];
            let told = home.run(&served.heroku.url, &words);
            assert_eq!(told.code, Some(0), "{told:?}");
            told.stderr
        };
        let swaps = "dynos swap, and are slow, before that is reached";
        for (memory, over) in [("150%", "their quota"), ("9GB", "the 512MB of web.1")] {
            let words = format!("the threshold is more than {over}: {swaps}");
            let told = set(memory);
            assert!(told.contains(&words), "{memory}: {told}");
        }
        for memory in ["100%", "90%", "512MB", "auto"] {
            let told = set(memory);
            assert!(
                !told.contains("the threshold is more than"),
                "{memory}: {told}"
            );
        }
    });
}

#[test]
fn if_needed_alone_is_told_what_it_belongs_to() {
    let home = Home::new();
    let words = ["set", "--app", "example-app", "--if-needed"];
    let told = home.run("http://127.0.0.1:9", &words);
    assert_eq!(told.code, Some(2), "{told:?}");
    assert!(
        told.stderr
            .contains("--if-needed belongs to --at or --cron, which is missing"),
        "{told:?}"
    );
}
