//! Runs the slugs of the simulated apps: a process on this machine for each dyno of an app that was
//! deployed as a slug, started, stopped and restarted as Heroku would. What it prints is the log.

use super::{server::Shared, world::World};
use crate::clock::Clock;
use axum::body::Bytes;
use flate2::read::GzDecoder;
use jiff::{SignedDuration, Timestamp};
use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    path::{Path, PathBuf},
    process::Stdio,
};
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncRead, BufReader},
    process::{Child, Command},
};

/// How often the processes are compared with the dynos, in this machine's time.
const LOOK: SignedDuration = SignedDuration::from_millis(50);
/// How long a process has to leave by itself.
const GRACE: SignedDuration = SignedDuration::from_secs(30);

/// A dyno that a process is wanted for.
#[derive(Debug, Clone)]
struct Wanted {
    app: String,
    dyno: String,
    command: String,
    slug: String,
    blob: Option<Bytes>,
    config: BTreeMap<String, String>,
}

struct Running {
    wanted: Wanted,
    child: Child,
    /// When it is ended by force.
    killed_at: Option<Timestamp>,
}

/// Until when a dyno that crashed rests, and how often it has.
#[derive(Default, Clone, Copy)]
struct Rest {
    crashes: u32,
    until: Option<Timestamp>,
}

/// Starts and stops processes until it is dropped; they end with it.
///
/// # Errors
/// When there is no place to unpack slugs in.
pub(super) async fn run(shared: Shared) -> io::Result<()> {
    let place = tempfile::Builder::new().prefix("sandbox-").tempdir()?;
    let mut processes = Processes {
        shared,
        place,
        running: BTreeMap::new(),
        resting: BTreeMap::new(),
    };
    loop {
        processes.look();
        Clock::System.sleep(LOOK).await;
    }
}

struct Processes {
    shared: Shared,
    place: TempDir,
    running: BTreeMap<String, Running>,
    resting: BTreeMap<String, Rest>,
}

impl Processes {
    fn look(&mut self) {
        let (now, wanted) = {
            let mut world = self.shared.lock();
            let now = world.settle();
            (now, wanted(&world))
        };
        self.end(&wanted, now);
        self.reap(now);
        self.resting.retain(|id, _| wanted.contains_key(id));
        for (id, wanted) in wanted {
            let rest = self.resting.get(&id).copied().unwrap_or_default();
            let may_start = rest.until.is_none_or(|until| until <= now);
            if may_start && !self.running.contains_key(&id) {
                self.start(id, wanted, now);
            }
        }
    }

    fn start(&mut self, id: String, wanted: Wanted, now: Timestamp) {
        let command = &wanted.command;
        let from = format!("heroku[{}]", wanted.dyno);
        self.say(
            &wanted.app,
            now,
            &from,
            &format!("Starting process with command `{command}`"),
        );
        match self.spawn(&wanted) {
            Ok(mut child) => {
                let streams: [Option<Box<dyn AsyncRead + Unpin + Send>>; 2] = [
                    child.stdout.take().map(|stream| Box::new(stream) as _),
                    child.stderr.take().map(|stream| Box::new(stream) as _),
                ];
                for stream in streams.into_iter().flatten() {
                    tokio::spawn(listen(self.shared.clone(), wanted.clone(), stream));
                }
                self.put(&wanted, &id, None);
                self.say(&wanted.app, now, &from, "State changed from starting to up");
                self.running.insert(
                    id,
                    Running {
                        wanted,
                        child,
                        killed_at: None,
                    },
                );
            }
            Err(error) => {
                self.say(&wanted.app, now, &from, &format!("Error: {error}"));
                self.crash(&wanted, id, now);
            }
        }
    }

    fn spawn(&self, wanted: &Wanted) -> io::Result<Child> {
        let blob = wanted.blob.as_ref().ok_or_else(|| {
            io::Error::other("the slug is missing, or is not the one that was announced")
        })?;
        let root = self.place.path().join(&wanted.slug);
        if !root.exists() {
            unpack(blob, &root)?;
        }
        let home = root.join("app");
        let mut command = Command::new("/bin/sh");
        command
            .arg("-c")
            .arg(format!("exec {}", wanted.command))
            .current_dir(&home)
            .env_clear()
            .env("PATH", "/usr/local/bin:/usr/bin:/bin")
            .env("HOME", &home)
            .env("DYNO", &wanted.dyno)
            .env("PORT", "5000")
            .envs(clock(&self.shared.lock()))
            .envs(&wanted.config)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        command.spawn()
    }

    /// Ends the processes of dynos that are no more.
    fn end(&mut self, wanted: &BTreeMap<String, Wanted>, now: Timestamp) {
        let mut said = vec![];
        for (id, running) in &mut self.running {
            if wanted.contains_key(id) {
                continue;
            }
            match running.killed_at {
                None => {
                    terminate(&running.child);
                    running.killed_at = Some(now + GRACE);
                    said.push((
                        running.wanted.clone(),
                        "Stopping all processes with SIGTERM",
                    ));
                }
                Some(at) if at <= now => {
                    let _ = running.child.start_kill();
                    said.push((running.wanted.clone(), "Error R12 (Exit timeout) -> At least one process failed to exit within 30 seconds of SIGTERM"));
                }
                Some(_) => {}
            }
        }
        for (wanted, text) in said {
            self.say(&wanted.app, now, &format!("heroku[{}]", wanted.dyno), text);
        }
    }

    fn reap(&mut self, now: Timestamp) {
        let mut ended = vec![];
        for (id, running) in &mut self.running {
            if let Ok(Some(status)) = running.child.try_wait() {
                ended.push((id.clone(), status));
            }
        }
        for (id, status) in ended {
            let Some(running) = self.running.remove(&id) else {
                continue;
            };
            let (app, from) = (
                &running.wanted.app,
                format!("heroku[{}]", running.wanted.dyno),
            );
            let code = status.code().unwrap_or(137);
            self.say(
                app,
                now,
                &from,
                &format!("Process exited with status {code}"),
            );
            if running.killed_at.is_none() {
                self.crash(&running.wanted, id, now);
            }
        }
    }

    /// A process that ended by itself has crashed, whatever its code; it is started again at once,
    /// then after 10, 20, 40 minutes and so on (HEROKU 2.3).
    fn crash(&mut self, wanted: &Wanted, id: String, now: Timestamp) {
        self.put(wanted, &id, Some(&("crashed".to_owned(), now)));
        let from = format!("heroku[{}]", wanted.dyno);
        self.say(&wanted.app, now, &from, "State changed from up to crashed");
        let rest = self.resting.entry(id).or_default();
        let minutes = match rest.crashes {
            0 => 0,
            crashes => 10_i64 << (crashes - 1).min(7),
        };
        rest.crashes += 1;
        rest.until = Some(now + SignedDuration::from_mins(minutes));
    }

    fn put(&self, wanted: &Wanted, id: &str, state: Option<&(String, Timestamp)>) {
        let mut world = self.shared.lock();
        if let Some(app) = world.app(&wanted.app) {
            for dyno in app.dynos.iter_mut().filter(|dyno| dyno.id == id) {
                dyno.forced = state.cloned();
                dyno.boot = SignedDuration::ZERO;
            }
        }
    }

    fn say(&self, app: &str, now: Timestamp, from: &str, text: &str) {
        if let Some(app) = self.shared.lock().app(app) {
            app.say(now, from, text);
        }
    }
}

/// The dynos whose app has a slug, by their ids.
fn wanted(world: &World) -> BTreeMap<String, Wanted> {
    let mut wanted = BTreeMap::new();
    for app in &world.apps {
        let current = app
            .releases
            .iter()
            .rfind(|release| !app.is_pending(release));
        let Some(slug) = current.and_then(|release| app.slug(release)) else {
            continue;
        };
        let dynos = app.dynos.iter();
        let ours = dynos.filter(|dyno| !dyno.is_one_off && dyno.leaves_at.is_none());
        for dyno in ours {
            let one = Wanted {
                app: app.id.clone(),
                dyno: dyno.name.clone(),
                command: dyno.command.clone(),
                slug: slug.id.clone(),
                blob: slug.sound().cloned(),
                config: app.config.clone(),
            };
            wanted.insert(dyno.id.clone(), one);
        }
    }
    wanted
}

/// The clock of a simulated machine is that of the simulated Heroku.
fn clock(world: &World) -> Option<(&'static str, String)> {
    match world.clock() {
        Clock::System => None,
        Clock::Moved { rate, .. } => Some(("AUTORESTART_CLOCK", format!("{}*{rate}", world.now()))),
    }
}

/// Each line that a process prints is a line of the log.
async fn listen(shared: Shared, wanted: Wanted, stream: impl AsyncRead + Unpin) {
    let mut lines = BufReader::new(stream).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        let mut world = shared.lock();
        let now = world.now();
        if let Some(app) = world.app(&wanted.app) {
            app.say(now, &format!("app[{}]", wanted.dyno), &line);
        }
    }
}

/// Unpacks a slug: a gzipped tar whose entries are below `./app`, and go nowhere else.
fn unpack(blob: &[u8], root: &Path) -> io::Result<()> {
    std::fs::create_dir(root)?;
    let mut archive = tar::Archive::new(GzDecoder::new(blob));
    let mut seen = BTreeSet::<PathBuf>::new();
    for entry in archive.entries()? {
        let mut entry = entry?;
        let path = entry.path()?.into_owned();
        if !path.starts_with("app") && !path.starts_with("./app") {
            return Err(io::Error::other("an entry of the slug is not below ./app"));
        }
        entry.unpack_in(root)?;
        seen.insert(path);
    }
    if seen.is_empty() {
        return Err(io::Error::other("the slug is empty"));
    }
    Ok(())
}

#[cfg(unix)]
fn terminate(child: &Child) {
    let id = child.id().and_then(|id| i32::try_from(id).ok());
    if let Some(id) = id.and_then(rustix::process::Pid::from_raw) {
        let _ = rustix::process::kill_process(id, rustix::process::Signal::TERM);
    }
}

#[cfg(not(unix))]
fn terminate(_child: &Child) {}
