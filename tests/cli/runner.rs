//! What a watch leaves behind: signs of life that others read, and none where there is no runner.

use crate::process::{
    FAST, Home, Served, Told, block, each_once, on_time, schedule, shop, told_on_time,
};
use autorestart::{
    clock::Clock,
    error::Error,
    pass::Listened,
    report::Report,
    runner::{Ear, Passes, Watch},
    schedule::Schedule,
    stop::Stop,
    ui::Ui,
};
use serde_json::{Value, json};
use std::{
    io::{BufRead as _, BufReader},
    process::{Child, Command, Stdio},
    rc::Rc,
    sync::mpsc::Receiver,
    time::Duration,
};

/// A watch that has said that it watches.
async fn watch(home: &Home, served: &Served, more: &[&str]) -> Child {
    watch_and_read(home, served, more).await.0
}

/// The same, and what it says from then on.
async fn watch_and_read(home: &Home, served: &Served, more: &[&str]) -> (Child, Receiver<String>) {
    let words = [&["run", "--watch"], more].concat();
    let mut command = on_time(home, served, &words).await;
    let mut watch = command
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("it starts");
    let mut line = String::new();
    let mut said = BufReader::new(watch.stdout.take().expect("a pipe"));
    said.read_line(&mut line).expect("a line");
    assert!(line.contains(" event=watching "), "{line}");
    let (sender, lines) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        for line in said.lines().map_while(Result::ok) {
            // Whoever does not listen any more misses nothing.
            let _ = sender.send(line);
        }
    });
    (watch, lines)
}

fn ends(mut watch: Child) {
    let id = watch.id().to_string();
    Command::new("kill")
        .args(["-TERM", &id])
        .status()
        .expect("kill runs");
    assert_eq!(watch.wait().expect("it ends").code(), Some(130));
}

async fn listed(home: &Home, served: &Served) -> Value {
    let told: Told = told_on_time(home, served, &["--json"]).await;
    told.json()[0]["runner"].clone()
}

#[test]
fn a_watch_of_another_file_or_app_runs_nothing_here() {
    block(async {
        let home = Home::new();
        let served = Served::start(&shop(&home, 1), Some("2026-03-02T12:00:00Z*60"));
        home.write_schedules(
            &schedule("07:00").replace("at =", "since = 2026-03-02T11:00:00Z\nat ="),
        );
        let other = home.path().join("other.toml").display().to_string();
        for more in [&["--schedules", &other][..], &["--app", "another-app"]] {
            let watch = watch(&home, &served, more).await;
            assert_eq!(listed(&home, &served).await, Value::Null, "{more:?}");
            let list = told_on_time(&home, &served, &[]).await;
            assert!(
                list.stderr.contains("Nothing runs these schedules"),
                "{list:?}"
            );
            ends(watch);
        }
        for more in [&[][..], &["--app", "example-app"]] {
            let watch = watch(&home, &served, more).await;
            while listed(&home, &served).await["alive"] != json!(true) {
                tokio::task::yield_now().await;
            }
            let list = told_on_time(&home, &served, &[]).await;
            assert!(
                list.stderr.starts_with("Run by this machine: run --watch"),
                "{list:?}"
            );
            ends(watch);
            let rests = listed(&home, &served).await;
            assert_eq!(rests, Value::Null, "it took its sign away");
        }
    });
}

#[test]
fn a_watch_whose_passes_fail_is_listed_with_the_reason() {
    block(async {
        let home = Home::new().without_offset();
        let served = Served::start(&shop(&home, 1), Some(FAST));
        let refused = json!([{ "times": 100_000, "kind": { "status": { "status": 401, "id": "unauthorized", "message": "Invalid credentials provided." } } }]);
        served.heroku.faults(&refused).await;
        home.write_schedules(&schedule("07:00"));
        let watch = watch(&home, &served, &[]).await;
        let trouble = loop {
            let runner = listed(&home, &served).await;
            if let Some(trouble) = runner["trouble"].as_str() {
                break trouble.to_owned();
            }
        };
        assert!(trouble.contains("Invalid credentials"), "{trouble}");
        let list = told_on_time(&home, &served, &[]).await;
        assert!(list.stderr.contains("but its last pass failed"), "{list:?}");
        ends(watch);
    });
}

#[test]
fn a_sign_of_life_that_cannot_be_left_ends_no_roll() {
    block(async {
        let home = Home::new().without_offset();
        let served = Served::start(&shop(&home, 5), Some(FAST));
        home.write_schedules("version = 1\n");
        let mut watch = watch(&home, &served, &[]).await;
        let signs = home.path().join(".local/state/autorestart/heartbeats");
        // At once, whatever the watch is writing into it.
        std::fs::rename(&signs, signs.with_extension("away")).expect("a directory");
        std::fs::write(&signs, "").expect("a file in its place");
        home.write_schedules(&schedule("07:00"));
        while served.heroku.record().await.restarts() != each_once() {
            assert!(watch.try_wait().expect("a state").is_none(), "it stays");
            tokio::task::yield_now().await;
        }
        ends(watch);
    });
}

#[test]
fn a_watch_whose_file_is_gone_restarts_nothing_and_says_so() {
    block(async {
        let home = Home::new().without_offset();
        let served = Served::start(&shop(&home, 1), Some("2026-03-02T06:00:00Z*60"));
        home.write_schedules(&schedule("07:00"));
        let (watch, lines) = watch_and_read(&home, &served, &[]).await;
        std::fs::remove_file(home.schedules()).expect("it is gone");
        let mut wanted = vec![
            "there are no schedules to run any more",
            "event=heartbeat schedules=0 trouble=",
        ];
        while !wanted.is_empty() {
            let line = lines.recv_timeout(Duration::from_secs(60));
            let line = line.unwrap_or_else(|_| panic!("not said: {wanted:?}"));
            wanted.retain(|part| !(line.contains(part) && line.contains("is gone")));
        }
        ends(watch);
    });
}

#[test]
fn an_app_that_rolls_for_long_holds_no_other_of_one_run() {
    block(async {
        let home = Home::new().without_offset();
        let path = home.path().join("two.toml");
        let more =
            "\n[[app]]\nname = \"other-app\"\n[[app.formation]]\ntype = \"web\"\nquantity = 1\n";
        let slow = include_str!("../../src/sandbox/leaky-shop.toml")
            .replace("boot = \"2s\"", "boot = \"100s\"");
        std::fs::write(&path, slow + more).expect("a file");
        let path = path.display().to_string();
        let served = Served::start(&path, Some("2026-03-02T07:00:05Z*60"));
        let other = schedule("07:02")
            .replace("example-app", "other-app")
            .replace("version = 1\n", "");
        home.write_schedules(&(schedule("07:00") + &other));
        let told = told_on_time(&home, &served, &["run", "--quiet", "--no-wait"]).await;
        assert_eq!(told.code, Some(0), "{told:?}");
        let restarts = served.heroku.record().await.restarts;
        let (rolled, others): (Vec<_>, Vec<_>) =
            restarts.iter().partition(|one| one.app == "example-app");
        let last = rolled.iter().map(|one| one.at).max().expect("a roll");
        let [second] = &others[..] else {
            panic!("{restarts:?}: {told:?}");
        };
        let over = last + jiff::SignedDuration::from_secs(100);
        assert!(
            second.at < over,
            "it waited for the other app: {restarts:?}"
        );
    });
}

/// Panics in the middle of a pass.
struct Panics;

impl Passes for Panics {
    async fn pass(&self, _: Vec<Schedule>, _: &Listened) -> Result<Report, Error> {
        panic!("a defect")
    }

    async fn listen(&self, _: Vec<Schedule>, _: Rc<Ear>) {}

    fn measure(&self, _: &Ear) {}

    fn tell(&self, _: &Report) {}

    fn endings(&self, _: &[Schedule]) -> Vec<String> {
        vec![]
    }

    async fn readable(&self, _: &[Schedule]) -> Result<(), Error> {
        Ok(())
    }

    async fn ping(&self, _: usize) -> Option<String> {
        None
    }
}

#[test]
fn a_panic_in_a_pass_ends_the_process_which_is_started_again() {
    const INNER: &str = "AUTORESTART_TEST_PANIC";
    const NAME: &str = "runner::a_panic_in_a_pass_ends_the_process_which_is_started_again";
    if std::env::var_os(INNER).is_none() {
        let this = std::env::current_exe().expect("this program");
        let mut inner = Command::new(this);
        let inner = inner.args(["--exact", NAME]).env(INNER, "1").output();
        let inner: Told = inner.expect("it runs").into();
        assert_eq!(inner.code, Some(101), "{inner:?}");
        assert!(inner.stdout.contains("a defect"), "{inner:?}");
        return;
    }
    block(async {
        let home = Home::new();
        let served = Served::start(&shop(&home, 1), None);
        let machine = crate::simulation::Machine::new(
            &served.heroku,
            Clock::System,
            &schedule("07:00").replace("at = \"07:00\"", "max-uptime = \"1h\""),
        );
        let (state, store) = (machine.state(), machine.store());
        let (ui, (_sender, stop)) = (Ui::new(false, &machine.env), Stop::new());
        let watch = Watch {
            clock: machine.clock,
            stop: &stop,
            ui: &ui,
            state: &state,
            store: &store,
            app: None,
        };
        // Nothing on the way to main may catch it.
        let ended = watch.run(&Panics).await;
        panic!("it went on: {ended:?}");
    });
}

#[test]
fn a_watch_whose_cli_was_gone_before_it_could_look_leaves() {
    use std::os::unix::process::ExitStatusExt as _;
    let home = Home::new();
    home.write_schedules(&schedule("07:00"));
    let mut cli = Command::new("cat");
    let mut cli = cli.stdin(Stdio::piped()).spawn().expect("it starts");
    let leaves = |cli: u32| {
        let mut watch = home.command("http://127.0.0.1:9", &["run", "--watch"]);
        let watch = watch
            .env("AUTORESTART_CLI_VERSION", "11.0.0")
            .env("AUTORESTART_CLI_PID", cli.to_string());
        let ended = watch.output().expect("it ends").status;
        assert_eq!(ended.signal(), Some(15), "{ended:?}");
    };
    cli.kill().expect("it is there");
    #[cfg(target_os = "linux")]
    {
        use nix::sys::wait::{Id, WaitPidFlag, waitid};
        let id = nix::unistd::Pid::from_raw(i32::try_from(cli.id()).expect("an id"));
        let dead = waitid(Id::Pid(id), WaitPidFlag::WEXITED | WaitPidFlag::WNOWAIT);
        dead.expect("it is dead, and its end is not noticed");
        leaves(cli.id());
    }
    cli.wait().expect("it ends");
    leaves(cli.id());
}

#[test]
fn a_log_is_written_into_nothing_but_a_log() {
    let home = Home::new();
    let host = "http://127.0.0.1:9";
    home.write_schedules(&schedule("07:00"));
    let pipe = home.path().join("pipe");
    nix::unistd::mkfifo(&pipe, nix::sys::stat::Mode::S_IRWXU).expect("a pipe");
    for path in [home.schedules(), pipe, home.path().to_owned()] {
        let path = path.display().to_string();
        let told = home.run(host, &["run", "--quiet", "--log", &path]);
        assert_eq!(told.code, Some(2), "{told:?}");
        assert!(
            told.stderr.contains(&format!("--log {path}: it ")),
            "{told:?}"
        );
    }
    let file = std::fs::read_to_string(home.schedules()).expect("the file");
    assert_eq!(file, schedule("07:00"));
    // Its own one goes on, and is put aside when it is long.
    let log = home.path().join("a log.txt");
    let path = log.display().to_string();
    for _ in 0..2 {
        home.run(host, &["run", "--quiet", "--log", &path]);
    }
    let lines = std::fs::read_to_string(&log).expect("a log");
    let signs = lines
        .lines()
        .filter(|line| line.contains("event=heartbeat"));
    assert_eq!(signs.count(), 2, "{lines}");
    std::fs::write(
        &log,
        "ts=2026-03-02T07:00:00.000Z level=info event=said\n".repeat(20_000),
    )
    .expect("a long log");
    home.run(host, &["run", "--quiet", "--log", &path]);
    let aside = home.path().join("a log.txt.1");
    assert!(std::fs::metadata(aside).expect("the old one").len() > 1_000_000);
    assert!(std::fs::metadata(&log).expect("a new one").len() < 10_000);
}
