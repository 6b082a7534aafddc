//! The ledger whatever happens to it: cut anywhere, written by many, set aside, on a full disk, unwritable.

use crate::{
    control::{Heroku, Record},
    process::{
        Home, Served, TOKEN, Told, binary, block, each_once, now, on_time, schedule, shop,
        told_on_time,
    },
};
use autorestart::{
    ledger::{Event, Ledger},
    plan::{Outcome, missed::Missed},
};
use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use serde_json::json;
use std::{
    collections::BTreeMap,
    fs::File,
    io::Write as _,
    process::{Command, Stdio},
};

const AT: &str = "2026-03-02T07:00:30Z";

fn at() -> Timestamp {
    AT.parse().expect("an instant")
}

/// One whole restart, as three lines.
fn restart(dyno: &str, old_id: &str) -> String {
    let line = |event: &str, more: serde_json::Value| {
        let mut line = json!({
            "at": AT, "event": event, "app": "example-app", "app_id": "01", "schedule": "default",
            "occurrence": "2026-03-02T07:00:00Z", "dyno": dyno, "old_id": old_id, "trigger": "calendar",
        });
        let fields = line.as_object_mut().expect("an object");
        fields.extend(more.as_object().expect("an object").clone());
        format!("{line}\n")
    };
    line("requested", json!({}))
        + &line("accepted", json!({ "request_ids": ["a", "b"] }))
        + &line(
            "ended",
            json!({ "outcome": "restarted", "new_id": "02", "took_ms": 5000, "detail": "zwölf" }),
        )
}

fn missed(number: usize, filler: usize) -> Missed {
    Missed {
        app: "example-app".to_owned(),
        schedule: format!("number-{number}"),
        occurrence: at(),
        count: 1,
        reason: "x".repeat(filler),
        zone: TimeZone::UTC,
    }
}

#[test]
fn cut_at_every_byte_it_loses_nothing_but_the_torn_line_and_says_so() {
    let home = tempfile::tempdir().expect("a directory");
    let path = home.path().join("ledger.jsonl");
    let whole = restart("web.1", "11") + &restart("web.2", "12");
    let first = whole.len() / 2;
    let mut torn_ones = 0;
    for cut in first..=whole.len() {
        let bytes = &whole.as_bytes()[..cut];
        std::fs::write(&path, bytes).expect("a file");
        let ledger = Ledger::new(path.clone(), "me".to_owned());
        let complete = memchr::memchr_iter(b'\n', bytes).count();
        let rest = bytes.rsplit(|byte| *byte == b'\n').next().expect("a rest");
        let is_line = serde_json::from_slice::<serde_json::Value>(rest).is_ok();
        let is_torn = !rest.is_empty() && !is_line;
        let (records, torn) = ledger.read().expect("a ledger");
        let expected = complete + usize::from(is_line);
        assert_eq!(
            (records.len(), torn),
            (expected, usize::from(is_torn)),
            "cut at {cut}"
        );
        let before = ledger.asked("01").expect("a ledger");
        assert!(
            before[0].is_accepted && before[0].new_id.as_deref() == Some("02"),
            "cut at {cut}: what was whole counts: {before:?}"
        );
        // Whoever writes next neither loses its line nor makes one of the torn one.
        ledger.missed(&missed(1, 3), "01", at()).expect("written");
        let (records, torn) = ledger.read().expect("a ledger");
        assert_eq!(
            (records.len(), torn),
            (expected + 1, usize::from(is_torn)),
            "cut at {cut}, and written on"
        );
        assert_eq!(records.last().map(|last| last.event), Some(Event::Missed));
        let fresh = Ledger::new(path.clone(), "me".to_owned());
        assert_eq!(
            ledger.asked("01").expect("a ledger"),
            fresh.asked("01").expect("a ledger"),
            "cut at {cut}: who reads on knows what who reads anew knows"
        );
        torn_ones += usize::from(is_torn);
    }
    println!(
        "{} cuts, {torn_ones} of them through a line",
        whole.len() + 1 - first
    );
    assert!(torn_ones > 500);
}

#[test]
fn many_writers_at_once_lose_no_line_also_while_it_is_set_aside() {
    const WRITERS: usize = 4;
    const LINES: usize = 500;
    let home = tempfile::tempdir().expect("a directory");
    let path = home.path().join("ledger.jsonl");
    std::thread::scope(|scope| {
        for writer in 0..WRITERS {
            let path = path.clone();
            scope.spawn(move || {
                let ledger = Ledger::new(path, writer.to_string());
                for line in 0..LINES {
                    // 32 MB in all.
                    let missed = missed(line, 16_000);
                    ledger.missed(&missed, "01", at()).expect("written");
                }
            });
        }
    });
    let (records, torn) = Ledger::new(path.clone(), String::new())
        .read()
        .expect("a ledger");
    let mut seen = std::collections::BTreeSet::new();
    for record in &records {
        seen.insert((record.runner.clone(), record.schedule.clone()));
    }
    assert_eq!((seen.len(), torn), (WRITERS * LINES, 0));
    assert!(path.with_extension("1.jsonl").exists(), "it was set aside");
}

#[test]
fn one_that_reads_on_notices_that_the_file_was_set_aside() {
    let home = tempfile::tempdir().expect("a directory");
    let path = home.path().join("ledger.jsonl");
    std::fs::write(&path, restart("web.1", "11")).expect("a file");
    let ledger = Ledger::new(path.clone(), "me".to_owned());
    assert_eq!(ledger.asked("01").expect("a ledger").len(), 1);
    std::fs::rename(&path, path.with_extension("1.jsonl")).expect("set aside");
    assert_eq!(
        ledger.asked("01").expect("a ledger").len(),
        1,
        "by nobody else"
    );
    std::fs::write(&path, restart("web.2", "12")).expect("a file");
    let asked = ledger.asked("01").expect("a ledger");
    let dynos: Vec<&str> = asked.iter().map(|asked| asked.dyno.as_str()).collect();
    assert_eq!(dynos, ["web.1", "web.2"]);
}

/// A write is not seen at once by whoever reads meanwhile.
#[test]
fn one_that_reads_on_while_lines_are_written_piece_by_piece_misses_none() {
    const LINES: usize = 2_000;
    let home = tempfile::tempdir().expect("a directory");
    let path = home.path().join("ledger.jsonl");
    let mut file = File::create(&path).expect("a file");
    let ledger = Ledger::new(path, "me".to_owned());
    let known = || ledger.asked("01").expect("a ledger").len();
    std::thread::scope(|scope| {
        let writer = scope.spawn(move || {
            for number in 0..LINES {
                let lines = restart("web.1", &number.to_string());
                for piece in lines.as_bytes().chunks(150) {
                    file.write_all(piece).expect("written");
                }
            }
        });
        let mut least = 0;
        while !writer.is_finished() {
            let now = known();
            assert!(now >= least, "{now} of {least}");
            least = now;
        }
    });
    assert_eq!(known(), LINES);
}

/// A shop whose three dynos are due, on a clock that runs sixty times as fast.
fn due() -> (Home, Served) {
    let home = Home::new().without_offset();
    let served = Served::start(&shop(&home, 5), Some("2026-03-02T07:00:10Z*60"));
    home.write_schedules(&schedule("07:00"));
    (home, served)
}

/// `run`, none of whose files may grow beyond so many blocks of 1 kB: what a full disk is to a writer.
async fn run_with_room_for(home: &Home, served: &Served, blocks: u32) -> Told {
    with_room_for(home, served, blocks, "run --no-wait").await
}

async fn with_room_for(home: &Home, served: &Served, blocks: u32, words: &str) -> Told {
    let script = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" {words}");
    let output = Command::new("bash")
        .args(["-c", &script, &binary().display().to_string()])
        .env_clear()
        .env("HOME", home.path())
        .env("TZ", "UTC")
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("HEROKU_HOST", &served.heroku.url)
        .env("HEROKU_API_KEY", TOKEN)
        .env("AUTORESTART_CLOCK", format!("{}*60", now(served).await))
        .output();
    output.expect("bash runs").into()
}

async fn deletes(heroku: &Heroku) -> usize {
    let record = heroku.record().await;
    let requests = record.requests.iter();
    requests.filter(|one| one.method == "DELETE").count()
}

#[test]
fn on_a_full_disk_nothing_is_restarted_that_cannot_be_recorded() {
    block(async {
        let (home, served) = due();
        // Full, but for a few bytes: a line breaks off.
        let filler = restart("web.9", "19");
        std::fs::write(home.ledger(), filler.repeat(3)).expect("a file");
        let before = std::fs::read(home.ledger()).expect("a ledger");
        assert!(
            before.len() > 1_900 && before.len() < 2_048,
            "{}",
            before.len()
        );
        let told = run_with_room_for(&home, &served, 2).await;
        assert!(
            matches!(told.code, Some(1 | 3))
                && told.stderr.contains("ledger")
                && told
                    .stderr
                    .contains("nothing is restarted that cannot be recorded"),
            "{told:?}"
        );
        assert_eq!(deletes(&served.heroku).await, 0, "{told:?}");
        for words in ["run --check", "doctor"] {
            let told = with_room_for(&home, &served, 2, words).await;
            let said = format!("{}{}", told.stdout, told.stderr);
            assert!(
                told.code == Some(1) && said.contains("AUTORESTART_STATE_DIR"),
                "{words}: {told:?}"
            );
        }
        assert_eq!(
            std::fs::read(home.ledger()).expect("a ledger"),
            before,
            "half a line is taken back"
        );
        // There is room again.
        let told = run_with_room_for(&home, &served, 1_000).await;
        assert_eq!(told.code, Some(0), "{told:?}");
        assert_eq!(served.heroku.record().await.restarts(), each_once());
    });
}

#[test]
fn a_disk_that_fills_up_in_the_middle_of_a_roll_stops_it_and_nothing_is_restarted_twice() {
    block(async {
        let mut stopped = 0;
        for filled in 0..6 {
            let (home, served) = due();
            let filler = format!("{{\"filler\":\"{}\"}}\n", "x".repeat(230));
            std::fs::write(home.ledger(), filler.repeat(6 + 2 * filled)).expect("a file");
            let told = run_with_room_for(&home, &served, 5).await;
            let record = served.heroku.record().await;
            assert!(
                record.restarts().values().all(|count| *count == 1),
                "{told:?}"
            );
            if told.code != Some(0) {
                assert!(told.stderr.contains("ledger"), "{told:?}");
                stopped += 1;
            }
            let told = run_with_room_for(&home, &served, 1_000).await;
            assert!(matches!(told.code, Some(0 | 3)), "{told:?}");
            let record = served.heroku.record().await;
            assert!(
                record.restarts().values().all(|count| *count == 1),
                "{told:?}"
            );
        }
        println!("the disk was full in the middle of {stopped} of 6 rolls");
        assert!(stopped >= 3, "{stopped}");
    });
}

#[test]
fn one_that_cannot_be_written_at_all_holds_everything() {
    block(async {
        let (home, served) = due();
        // Whoever runs the tests may be root, who may write what is read-only.
        std::fs::create_dir(home.ledger()).expect("a directory");
        let told = run_with_room_for(&home, &served, 1_000).await;
        assert!(
            matches!(told.code, Some(1 | 3)) && told.stderr.contains("ledger"),
            "{told:?}"
        );
        assert_eq!(deletes(&served.heroku).await, 0, "{told:?}");
        for words in [&["run", "--check"][..], &["doctor"]] {
            let told = home.run(&served.heroku.url, words);
            let said = format!("{}{}", told.stdout, told.stderr);
            assert!(
                told.code == Some(1)
                    && said.contains("nothing is restarted that cannot be recorded"),
                "{words:?}: {told:?}"
            );
        }
        std::fs::remove_dir(home.ledger()).expect("removed");
    });
}

#[test]
fn history_tells_what_was_waited_for_although_all_was_restarted_in_the_end() {
    block(async {
        let (home, served) = due();
        let router = format!("{}/router/example-app", served.heroku.url);
        let busy_url = format!("busy-url = \"{router}/busy\"\n");
        home.write_schedules(&(schedule("07:00") + &busy_url));
        let app = "/sandbox/apps/example-app";
        let busy = json!({ "answers": { "/busy": 503 } });
        served.heroku.patch(app, &busy).await;
        let mut run = on_time(&home, &served, &["run"]).await;
        let mut run = run.spawn().expect("it starts");
        while !std::fs::read_to_string(home.ledger()).is_ok_and(|text| text.contains("app_busy")) {
            tokio::task::yield_now().await;
        }
        served.heroku.patch(app, &json!({ "answers": {} })).await;
        assert_eq!(run.wait().expect("it ends").code(), Some(0));
        assert_eq!(served.heroku.record().await.restarts(), each_once());
        let history = told_on_time(&home, &served, &["history"]).await.stdout;
        assert!(history.contains("app busy: "), "{history}");
        assert_eq!(
            history.matches("restarted  ").count() + history.matches("restarted\n").count(),
            3,
            "{history}"
        );
    });
}

/// Nobody writes into the pipe: whoever opened it would wait for good.
#[cfg(unix)]
#[test]
fn a_pipe_in_its_place_is_no_ledger_and_is_not_waited_for() {
    block(async {
        let (home, served) = due();
        nix::unistd::mkfifo(&home.ledger(), nix::sys::stat::Mode::S_IRWXU).expect("a pipe");
        for words in [&["run"][..], &["run", "--check"], &["doctor"], &["history"]] {
            let told = told_on_time(&home, &served, words).await;
            let said = format!("{}{}", told.stdout, told.stderr);
            assert!(
                matches!(told.code, Some(1 | 3)) && said.contains("is no file"),
                "{words:?}: {told:?}"
            );
        }
        assert_eq!(deletes(&served.heroku).await, 0);
        // The same for what else is kept there.
        std::fs::remove_file(home.ledger()).expect("removed");
        let id = home.ledger().with_file_name("runner-id");
        std::fs::remove_file(&id).expect("removed");
        nix::unistd::mkfifo(&id, nix::sys::stat::Mode::S_IRWXU).expect("a pipe");
        for words in [&["run"][..], &["run", "--check"], &["doctor"]] {
            let told = told_on_time(&home, &served, words).await;
            let said = format!("{}{}", told.stdout, told.stderr);
            assert!(
                told.code == Some(1) && said.contains("is no file"),
                "{words:?}: {told:?}"
            );
        }
        std::fs::remove_file(&id).expect("removed");
        // And for whose turn it is.
        let lock = home.ledger().with_extension("lock");
        let _ = std::fs::remove_file(&lock);
        std::fs::create_dir(&lock).expect("a directory");
        for words in [&["run", "--check"][..], &["doctor"]] {
            let told = told_on_time(&home, &served, words).await;
            assert_eq!(told.code, Some(1), "{words:?}: {told:?}");
        }
    });
}

/// Somebody else writes for long: starts a `run`, and returns when it has waited for its turn for half a
/// minute of the sandbox, its dynos seen long ago.
async fn waiting_for_its_turn(home: &Home, served: &Served) -> (File, std::process::Child) {
    home.write_schedules(&schedule("07:00"));
    let turn = File::create(home.ledger().with_extension("lock")).expect("a lock file");
    turn.lock().expect("a lock");
    let mut run = on_time(home, served, &["run"]).await;
    let run = run.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let run = run.expect("it starts");
    let has_asked = |record: &Record| {
        let lists = record.requests.iter();
        lists.filter(|one| one.path.ends_with("/dynos")).count() > 1
    };
    while !has_asked(&served.heroku.record().await) {
        tokio::task::yield_now().await;
    }
    let time = async || now(served).await.parse::<Timestamp>().expect("an instant");
    let since = time().await;
    while time().await.duration_since(since) < SignedDuration::from_secs(30) {
        tokio::task::yield_now().await;
    }
    (turn, run)
}

#[test]
fn what_was_seen_before_a_long_wait_for_the_ledger_restarts_nothing() {
    block(async {
        for is_stopped in [false, true] {
            let home = Home::new().without_offset();
            let served = Served::start(&shop(&home, 5), Some("2026-03-02T07:00:10Z*60"));
            let (turn, run) = waiting_for_its_turn(&home, &served).await;
            if is_stopped {
                let id = run.id().to_string();
                let kill = Command::new("kill").args(["-TERM", &id]).status();
                assert!(kill.expect("kill runs").success());
            } else {
                // Another machine was faster.
                let path = "/apps/example-app/dynos/web.1";
                let restart = reqwest::Client::new().delete(format!("{}{path}", served.heroku.url));
                let accept = "application/vnd.heroku+json; version=3";
                let restart = restart
                    .header("accept", accept)
                    .bearer_auth(TOKEN)
                    .send()
                    .await
                    .expect("an answer");
                assert!(restart.status().is_success());
            }
            drop(turn);
            let told: Told = run.wait_with_output().expect("it ends").into();
            let record = served.heroku.record().await;
            if is_stopped {
                assert_eq!(told.code, Some(130), "{told:?}");
                assert_eq!(record.restarts(), BTreeMap::new(), "{told:?}");
            } else {
                assert_eq!(told.code, Some(0), "{told:?}");
                assert_eq!(record.restarts(), each_once(), "{told:?}");
                assert_eq!(record.most_down(), 1, "{told:?}");
            }
        }
    });
}

#[test]
fn a_ledger_that_another_process_does_not_let_go_of_holds_everything_and_is_said() {
    block(async {
        let home = Home::new().without_offset();
        let served = Served::start(&shop(&home, 5), Some("2026-03-02T07:00:10Z*60"));
        let (turn, run) = waiting_for_its_turn(&home, &served).await;
        let told: Told = run.wait_with_output().expect("it ends").into();
        assert!(
            matches!(told.code, Some(1 | 3)) && told.stderr.contains("has held ledger.lock locked"),
            "{told:?}"
        );
        assert_eq!(deletes(&served.heroku).await, 0, "{told:?}");
        drop(turn);
    });
}

#[test]
fn a_miss_that_a_killed_pass_found_is_told_by_the_next_and_once() {
    block(async {
        let home = Home::new().without_offset();
        let served = Served::start(&shop(&home, 600), Some("2026-03-02T09:00:10Z*60"));
        home.write_schedules(&schedule("07:00,09:00"));
        let mut run = on_time(&home, &served, &["run"]).await;
        let mut run = run
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("it starts");
        while deletes(&served.heroku).await == 0 {
            tokio::task::yield_now().await;
        }
        run.kill().expect("killed");
        let killed: Told = run.wait_with_output().expect("it is gone").into();
        assert!(!format!("{killed:?}").contains("missed"), "{killed:?}");
        for (count, code) in [(1, 3), (0, 0)] {
            let told = told_on_time(&home, &served, &["run", "--no-wait"]).await;
            let said = "missed Mon 02 Mar 2026 07:00 UTC of schedule default";
            assert_eq!(told.stdout.matches(said).count(), count, "{told:?}");
            assert!(told.code == Some(code) || code == 0, "{told:?}");
        }
    });
}

#[test]
fn what_cannot_be_set_aside_is_moved_over_nothing() {
    let home = tempfile::tempdir().expect("a directory");
    let path = home.path().join("ledger.jsonl");
    let ledger = Ledger::new(path.clone(), "a runner".to_owned());
    let beside = |number: u32| path.with_extension(format!("{number}.jsonl"));
    std::fs::write(beside(1), restart("web.1", "11")).expect("a file");
    std::fs::create_dir_all(beside(2).join("in the way")).expect("a directory");
    std::fs::write(&path, "{}\n".repeat(6 << 20)).expect("a file");
    ledger.missed(&missed(1, 1), "01", at()).expect("written");
    let kept = std::fs::read_to_string(beside(1)).expect("a file");
    assert_eq!(kept, restart("web.1", "11"));
    let length = std::fs::metadata(&path).expect("a file").len();
    assert!(length > 18 << 20, "it goes on growing: {length}");
}

#[test]
fn a_restart_that_heroku_did_not_take_has_the_ids_of_its_requests_in_a_ledger_of_our_own() {
    use std::os::unix::fs::PermissionsExt as _;
    block(async {
        let (home, served) = due();
        let fault = |status: u16, id: &str| {
            json!([{
                "method": "DELETE", "path": "/dynos/",
                "times": 9, "kind": { "status": { "status": status, "id": id, "message": "no" } },
            }])
        };
        for (status, id, requests) in [(404, "not_found", 3), (400, "bad_request", 1)] {
            served.heroku.faults(&fault(status, id)).await;
            let told = run_with_room_for(&home, &served, 1_000).await;
            assert_eq!(told.code, Some(3), "{told:?}");
            served.heroku.no_faults().await;
            let (records, _) = Ledger::new(home.ledger(), String::new())
                .read()
                .expect("a ledger");
            let ended = records
                .iter()
                .rfind(|one| one.event == Event::Ended && one.outcome == Some(Outcome::Failed));
            let ended = ended.expect("an end");
            assert_eq!(ended.request_ids.len(), requests, "{ended:?}");
        }
        let mode = std::fs::metadata(home.ledger())
            .expect("a file")
            .permissions();
        assert_eq!(mode.mode() & 0o777, 0o600);
    });
}

#[test]
fn history_tells_what_was_skipped_and_is_narrowed_by_time_and_outcome() {
    block(async {
        let (home, served) = due();
        let maintenance = json!({ "maintenance": true });
        served
            .heroku
            .patch("/sandbox/apps/example-app", &maintenance)
            .await;
        for _ in 0..2 {
            run_with_room_for(&home, &served, 1_000).await;
        }
        let told = |words: &[&str]| home.run(&served.heroku.url, words);
        let skipped = told(&["history", "--outcome", "skipped", "--json"]).json();
        let skipped = skipped.as_array().expect("lines");
        assert_eq!(skipped.len(), 3, "each dyno once: {skipped:?}");
        assert_eq!(skipped[0]["reason"], "maintenance");
        assert_eq!(skipped[0]["occurrence"], "2026-03-02T07:00:00Z");
        let maintenance = json!({ "maintenance": false });
        served
            .heroku
            .patch("/sandbox/apps/example-app", &maintenance)
            .await;
        run_with_room_for(&home, &served, 1_000).await;
        let restarted = told(&["history", "--outcome", "restarted,failed", "--json"]).json();
        let restarted = restarted.as_array().expect("lines");
        assert_eq!(restarted.len(), 3, "{restarted:?}");
        for line in restarted {
            assert!(line["schedule_hash"].is_string() && line["runner"].is_string());
            let ids = line["request_ids"].as_array().expect("ids");
            assert!(!ids.is_empty(), "{line}");
        }
        let table = told(&["history"]);
        assert!(
            table.stdout.contains("skipped") && table.stdout.contains("maintenance"),
            "{table:?}"
        );
        for (words, count) in [
            (
                ["--from", "2026-03-02T06:00", "--to", "2026-03-02T07:59"],
                6,
            ),
            (["--from", "2026-03-01", "--to", "2026-03-02"], 0),
            (["--from", "2026-03-03", "--last", "5"], 0),
            (["--from", "-1h", "--last", "5"], 0),
        ] {
            let words = [&["history", "--json"], &words[..]].concat();
            let lines = told(&words).json();
            assert_eq!(lines.as_array().map(Vec::len), Some(count), "{words:?}");
        }
        let wrong = told(&["history", "--from", "2026-03-03", "--to", "2026-03-02"]);
        assert!(
            wrong.code == Some(2) && wrong.stderr.contains("--to is before --from"),
            "{wrong:?}"
        );
        let wrong = told(&["history", "--runner"]);
        assert!(
            wrong.code == Some(2) && wrong.stderr.contains("no runner on Heroku"),
            "{wrong:?}"
        );
    });
}
