//! The credential of passes, as a process sets it up, uses it and takes it away. Here: the world that
//! these tests are played in.

mod ending;
mod making;
mod revoking;
mod terminal;
mod using;

use crate::{
    control::Heroku,
    process::{FAST, Home, Served, Told, now},
};
use serde_json::Value;
use std::{
    fs,
    path::PathBuf,
    process::{Child, Command, Stdio},
};

pub const LOGIN: &str = "HRKU-0c0ffee0-feed-4bad-8bad-5ec2e7000002";
pub const ME: &str = "me@example.com";

/// Accounts of every kind, and two apps that not all of them reach.
const WORLD: &str = r#"
account = "me@example.com"
token = "HRKU-0c0ffee0-feed-4bad-8bad-5ec2e7000002"
[[user]]
email = "other@example.com"
token = "HRKU-AAother0123456789"
[[user]]
email = "reader@example.com"
token = "HRKU-AAreader0123456789"
scope = ["read"]
[[user]]
email = "sso@example.com"
token = "HRKU-AAsso0123456789"
sso = true
[[user]]
email = "careful@example.com"
token = "HRKU-AAcareful0123456789"
second-factor = ["111111", "222222", "333333"]
[[app]]
name = "example-app"
collaborators = ["reader@example.com", "sso@example.com", "careful@example.com"]
habits = { boot = "5s" }
[[app.formation]]
type = "web"
quantity = 3
[[app]]
name = "other-app"
owner = "other@example.com"
[[app.formation]]
type = "web"
quantity = 1
"#;

/// A home, and a Heroku whose minute takes a second.
pub struct Place {
    pub home: Home,
    pub served: Served,
}

impl Place {
    pub fn new() -> Self {
        Self::with(ToOwned::to_owned)
    }

    /// With another world.
    pub fn with(world: impl Fn(&str) -> String) -> Self {
        let home = Home::new().without_offset();
        let scenario = home.path().join("world.toml");
        fs::write(&scenario, world(WORLD)).expect("a file");
        let served = Served::start(&scenario.display().to_string(), Some(FAST));
        let place = Self { home, served };
        place.log_in(ME, LOGIN);
        place
    }

    /// With a credential of its own, and a schedule whose dynos are all due.
    pub async fn set_up() -> Self {
        let place = Self::new();
        place.does(&CREATE).await;
        place
            .does(&["set", "--app", "example-app", "--max-uptime", "1h"])
            .await;
        place
    }

    /// Waits for the first restart.
    pub async fn restarted(&self) {
        while self.served.heroku.record().await.restarts.is_empty() {
            tokio::task::yield_now().await;
        }
    }

    pub fn log_in(&self, account: &str, token: &str) {
        let machine = self.served.heroku.url.trim_start_matches("http://");
        let text = format!("machine {machine}\n  login {account}\n  password {token}\n");
        fs::write(self.home.path().join(".netrc"), text).expect("a file");
    }

    /// The binary with this home's login, on the sandbox's clock.
    pub async fn command(&self, words: &[&str]) -> Command {
        let mut command = self.home.command(&self.served.heroku.url, words);
        command
            .env_remove("HEROKU_API_KEY")
            .env("AUTORESTART_REQUEST_TIMEOUT", "1s")
            .env(
                "AUTORESTART_CLOCK",
                format!("{}*60", now(&self.served).await),
            );
        command
    }

    pub async fn told(&self, words: &[&str]) -> Told {
        let output = self.command(words).await.output();
        output.expect("it runs").into()
    }

    /// The same, and it succeeds.
    pub async fn does(&self, words: &[&str]) -> Told {
        let told = self.told(words).await;
        assert_eq!(told.code, Some(0), "{words:?}: {told:?}");
        told
    }

    /// The same, not waited for; a request may take so long.
    pub async fn start(&self, words: &[&str], limit: &str) -> Child {
        let mut command = self.command(words).await;
        command
            .env("AUTORESTART_REQUEST_TIMEOUT", limit)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command.spawn().expect("it starts")
    }

    /// What it says when this is on its stdin.
    pub async fn given(&self, token: &str, words: &[&str]) -> Told {
        use std::io::Write as _;
        let mut child = self.start(words, "1s").await;
        let mut stdin = child.stdin.take().expect("a pipe");
        writeln!(stdin, "{token}").expect("a line");
        drop(stdin);
        child.wait_with_output().expect("it ends").into()
    }

    pub fn file(&self, name: &str) -> PathBuf {
        self.home.path().join(".config/autorestart").join(name)
    }

    /// The one file with a token.
    pub fn token_file(&self) -> PathBuf {
        let mut files = fs::read_dir(self.file("tokens")).expect("a directory");
        files.next().expect("a token").expect("an entry").path()
    }

    pub fn records(&self) -> Value {
        let text = fs::read(self.file("credentials.json")).unwrap_or_default();
        serde_json::from_slice(&text).unwrap_or(Value::Null)
    }
}

/// Authorizations that we made.
pub async fn ours(heroku: &Heroku) -> Vec<Value> {
    let all: Vec<Value> = heroku.get("/sandbox/authorizations").await;
    let is_ours = |one: &Value| {
        let description = one["description"].as_str().unwrap_or_default();
        description.starts_with("heroku dynos:autorestart")
    };
    all.into_iter().filter(is_ours).collect()
}

pub const CREATE: [&str; 5] = ["auth", "setup", "--create", "--app", "example-app"];

/// What a process says to its end.
pub fn end(child: Child) -> Told {
    child.wait_with_output().expect("it ends").into()
}
