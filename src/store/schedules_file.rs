//! The schedules file: TOML, edited in place with its comments kept, written whole or not at all,
//! locked while written. A file that cannot be read is never written.

use super::{Error, RunnerApp, Stamp, disk, find, has_id_of, identified, text};
use crate::{
    clock::Clock,
    env::Env,
    schedule::{App, Schedule},
};
use std::{
    cell::RefCell,
    collections::BTreeSet,
    path::{Path, PathBuf},
    rc::Rc,
};
use toml_edit::{ArrayOfTables, DocumentMut, Item, Table, value};

/// The file's format. A newer one is refused: this version would lose what it does not know.
pub(super) const VERSION: i64 = 1;

/// The schedules file. There need not be one yet.
#[derive(Debug, Clone)]
pub struct SchedulesFile {
    path: PathBuf,
    /// Somebody named the file: then there should be one.
    is_named: bool,
    /// What it had when it was last read, and how it is told that it has changed.
    last: RefCell<Option<(Stamp, Rc<Vec<Schedule>>)>>,
}

impl SchedulesFile {
    /// `--schedules PATH` or `AUTORESTART_FILE`, else `schedules.toml` in the config directory.
    ///
    /// # Errors
    /// When there is no home to keep it in.
    pub fn locate(named: Option<&Path>, env: &Env) -> Result<Self, Error> {
        let named = named
            .map(Path::to_path_buf)
            .or_else(|| env.path("AUTORESTART_FILE"));
        let is_named = named.is_some();
        let path = named
            .or_else(|| Some(env.config_dir()?.join("schedules.toml")))
            .ok_or(Error::NoHome)?;
        let last = RefCell::default();
        Ok(Self {
            path,
            is_named,
            last,
        })
    }

    /// The file of this path.
    #[must_use]
    pub fn at(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
            is_named: true,
            last: RefCell::default(),
        }
    }

    /// The error that a file which somebody named is not there.
    #[must_use]
    pub fn missing(&self) -> Option<Error> {
        let path = self.path.clone();
        (self.is_named && !path.exists()).then_some(Error::Missing { path })
    }

    /// Whether others than its owner can change the file.
    #[must_use]
    pub fn is_open_to_others(&self) -> bool {
        disk::is_open_to_others(&self.path)
    }

    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// All schedules, in the order of the file; none when there is no file.
    ///
    /// # Errors
    /// When the file cannot be read, or an entry in it is wrong.
    pub fn read(&self) -> Result<Vec<Schedule>, Error> {
        text::read(
            &self.path,
            disk::read(&self.path)?.as_deref().unwrap_or_default(),
        )
    }

    /// The same, without reading what has not changed: many rolls ask before each of their steps.
    ///
    /// # Errors
    /// As [`SchedulesFile::read`].
    pub fn read_again(&self) -> Result<Rc<Vec<Schedule>>, Error> {
        let stamp = disk::stamp(&self.path);
        let last = self.last.borrow().clone();
        if let Some((known, schedules)) = last
            && stamp.as_ref() == Some(&known)
        {
            return Ok(schedules);
        }
        let schedules = Rc::new(self.read()?);
        *self.last.borrow_mut() = stamp.map(|stamp| (stamp, Rc::clone(&schedules)));
        Ok(schedules)
    }

    /// Creates or replaces the schedule of this app and name; tells whether there was one. Where the
    /// file has it twice, under the app's former name too, the other entry goes.
    ///
    /// # Errors
    /// When the file cannot be read or written; it is then as it was.
    pub async fn put(&self, clock: &Clock, schedule: &Schedule) -> Result<bool, Error> {
        self.edit(clock, |entries, tables| {
            let place = find(entries, schedule);
            let mut fresh = Table::new();
            let table = match place {
                Some(place) => tables.get_mut(place),
                None => Some(&mut fresh),
            };
            if let Some(table) = table {
                text::write(table, schedule);
            }
            if place.is_none() {
                tables.push(fresh);
            }
            for other in (0..entries.len()).rev() {
                if Some(other) != place && has_id_of(&entries[other], schedule) {
                    tables.remove(other);
                }
            }
            place.is_some()
        })
        .await
    }

    /// Changes this schedule as it is in the file by now, whatever was read before; returns it as it
    /// was and as it is, or `None` when it is there no more.
    ///
    /// # Errors
    /// When the file cannot be read or written; it is then as it was.
    pub async fn change(
        &self,
        clock: &Clock,
        known: &Schedule,
        change: impl FnOnce(Schedule) -> Schedule,
    ) -> Result<Option<(Schedule, Schedule)>, Error> {
        self.edit(clock, |entries, tables| {
            let place = find(entries, known)?;
            let (before, table) = (entries.get(place)?.clone(), tables.get_mut(place)?);
            let after = change(before.clone());
            text::write(table, &after);
            Some((before, after))
        })
        .await
    }

    /// Takes these schedules out; tells how many there were.
    ///
    /// # Errors
    /// When the file cannot be read or written; it is then as it was.
    pub async fn remove(&self, clock: &Clock, schedules: &[Schedule]) -> Result<usize, Error> {
        self.edit(clock, |entries, tables| {
            let places = schedules
                .iter()
                .filter_map(|schedule| find(entries, schedule));
            let mut places: Vec<usize> = places.collect();
            places.sort_unstable_by(|a, b| b.cmp(a));
            places.dedup();
            for place in &places {
                tables.remove(*place);
            }
            places.len()
        })
        .await
    }

    pub(super) async fn apply(
        &self,
        clock: &Clock,
        puts: &[Schedule],
        removes: &[Schedule],
    ) -> Result<(), Error> {
        self.edit(clock, |entries, tables| {
            let mut gone: Vec<usize> = removes
                .iter()
                .filter_map(|schedule| find(entries, schedule))
                .collect();
            let mut fresh = vec![];
            for schedule in puts {
                let place = find(entries, schedule);
                if let Some(table) = place.and_then(|place| tables.get_mut(place)) {
                    text::write(table, schedule);
                } else {
                    let mut table = Table::new();
                    text::write(&mut table, schedule);
                    fresh.push(table);
                }
            }
            gone.sort_unstable_by(|a, b| b.cmp(a));
            gone.dedup();
            for place in gone {
                tables.remove(place);
            }
            for table in fresh {
                tables.push(table);
            }
        })
        .await
    }

    /// Writes down whose schedules these are: each app's name and id, account and host. Leaves an entry
    /// alone that was changed meanwhile, and one whose new name another entry has; tells of each whether
    /// it was written.
    ///
    /// # Errors
    /// When the file cannot be read or written; it is then as it was.
    pub async fn identify(
        &self,
        clock: &Clock,
        known: &[(Schedule, App)],
    ) -> Result<Vec<bool>, Error> {
        self.edit(clock, |entries, tables| {
            let places = identified(entries, known);
            for (place, (known, app)) in places.iter().zip(known) {
                if let Some(table) = place.and_then(|place| tables.get_mut(place)) {
                    let wanted = Schedule {
                        app: app.clone(),
                        ..known.clone()
                    };
                    text::write(table, &wanted);
                }
            }
            places.iter().map(Option::is_some).collect()
        })
        .await
    }

    /// The app whose config vars have the schedules in this file's place.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn runner_app(&self) -> Result<Option<RunnerApp>, Error> {
        let source = disk::read(&self.path)?.unwrap_or_default();
        text::runner_app(&self.path, &source)
    }

    /// Leaves the schedules to a runner app, whose config vars have those that were moved by now. A file
    /// that had any is kept beside, with its comments; tells where. One that has others by now, or
    /// names another runner, is left.
    ///
    /// # Errors
    /// When the file cannot be read or written; it is then as it was.
    pub async fn move_to(
        &self,
        clock: &Clock,
        runner: &RunnerApp,
        moved: &[Schedule],
    ) -> Result<Option<PathBuf>, Error> {
        let _lock = disk::lock(&self.path, clock).await?;
        let before = disk::read(&self.path)?;
        let source = before.as_deref().unwrap_or_default();
        let had = text::runner_app(&self.path, source)?;
        if had.as_ref() == Some(runner) {
            return Ok(None);
        }
        let there = text::read(&self.path, source)?;
        let is_as_known = match &had {
            None => meaning(&there) == meaning(moved),
            // It is called something else by now.
            Some(had) => had.id == runner.id && had.host == runner.host,
        };
        if !is_as_known {
            return Err(self.changed_meanwhile());
        }
        let has_any = !there.is_empty();
        let kept = self.kept_path();
        if has_any {
            // The newest is called so; none that there is goes.
            if let Some(older) = disk::read(&kept)?.filter(|older| older != source) {
                let aside = (1..).map(|number| {
                    self.path
                        .with_extension(format!("before-deploy.{number}.toml"))
                });
                if let Some(free) = aside.take(1_000).find(|path| !path.exists()) {
                    disk::write(&free, &older)?;
                }
            }
            disk::write(&kept, source)?;
        }
        disk::write(&self.path, &text::of_runner(runner))?;
        Ok(has_any.then_some(kept))
    }

    fn changed_meanwhile(&self) -> Error {
        Error::ChangedMeanwhile {
            path: self.path.clone(),
        }
    }

    /// Where the file is kept as it was before its schedules moved.
    #[must_use]
    pub fn kept_path(&self) -> PathBuf {
        self.path.with_extension("before-deploy.toml")
    }

    /// The schedules of the file as it was before they moved; none where it had none.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn kept(&self) -> Result<Vec<Schedule>, Error> {
        let kept = self.kept_path();
        text::read(&kept, disk::read(&kept)?.as_deref().unwrap_or_default())
    }

    /// Takes the schedules back from a runner app: the file as it was, with its comments, where they
    /// are the same. A file that does not name that runner any more is left.
    ///
    /// # Errors
    /// When the file cannot be read or written; it is then as it was.
    pub async fn move_back(
        &self,
        clock: &Clock,
        runner: &RunnerApp,
        schedules: &[Schedule],
    ) -> Result<(), Error> {
        let _lock = disk::lock(&self.path, clock).await?;
        if self.runner_app()?.as_ref() != Some(runner) {
            return Err(self.changed_meanwhile());
        }
        let kept = disk::read(&self.kept_path())?.unwrap_or_default();
        let before = text::read(&self.kept_path(), &kept).unwrap_or_default();
        if !before.is_empty() && meaning(&before) == meaning(schedules) {
            return disk::write(&self.path, &kept);
        }
        disk::write(&self.path, &text::of_schedules(schedules))
    }

    async fn edit<T>(
        &self,
        clock: &Clock,
        change: impl FnOnce(&[Schedule], &mut ArrayOfTables) -> T,
    ) -> Result<T, Error> {
        let _lock = disk::lock(&self.path, clock).await?;
        let before = disk::read(&self.path)?;
        let source = before.as_deref().unwrap_or_default();
        // What cannot be read must not be written.
        let entries = text::read(&self.path, source)?;
        let mut document: DocumentMut = source
            .parse()
            .map_err(|error| text::syntax(&self.path, source, &error))?;
        if !document.contains_key("version") {
            document.insert("version", value(VERSION));
        }
        let entry = document
            .entry("schedule")
            .or_insert_with(|| Item::ArrayOfTables(ArrayOfTables::new()));
        let Some(tables) = entry.as_array_of_tables_mut() else {
            return Err(Error::wrong(
                &self.path,
                source,
                None,
                "schedule is not a list of [[schedule]] tables",
            ));
        };
        let result = change(&entries, tables);
        if tables.is_empty() {
            document.remove("schedule");
        }
        let after = as_before(source, document.to_string());
        if before.as_deref() != Some(&after) {
            // What the next command could not read is not written either.
            text::read(&self.path, &after)?;
            disk::write(&self.path, &after)?;
        }
        Ok(result)
    }
}

/// The text with the line ends and the byte order mark that the file had.
fn as_before(source: &str, text: String) -> String {
    const MARK: char = '\u{feff}';
    let text = if source.contains("\r\n") {
        text.replace("\r\n", "\n").replace('\n', "\r\n")
    } else {
        text
    };
    if source.starts_with(MARK) && !text.starts_with(MARK) {
        format!("{MARK}{text}")
    } else {
        text
    }
}

/// What schedules mean, in whatever order and under whatever comments.
fn meaning(all: &[Schedule]) -> BTreeSet<(String, String, String)> {
    let one = |one: &Schedule| {
        let app = one.app.name.to_string();
        (app, one.name.to_string(), text::fingerprint(one))
    };
    all.iter().map(one).collect()
}
