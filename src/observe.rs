//! Looks at one app: what the planner needs, in as few reads as it takes.

use crate::{
    heroku::{Client, Error},
    snapshot::{App, Dyno, Formation, Snapshot},
};
use jiff::{SignedDuration, Timestamp};
use std::collections::{BTreeMap, BTreeSet};

/// Reads what the dynos are held against: the formation, and whether web dynos overlap.
///
/// # Errors
/// When one of the reads fails.
pub async fn shape(client: &Client, app: &App) -> Result<(Vec<Formation>, bool), Error> {
    let formation = client.formation(&app.id).await?;
    // Preboot is about web dynos only.
    let has_web = formation
        .iter()
        .any(|entry| entry.process_type == "web" && entry.quantity > 0);
    let has_preboot = has_web && client.has_preboot(&app.id).await?;
    Ok((formation, has_preboot))
}

/// Reads the whole of an app; the dynos last, to be the newest.
///
/// # Errors
/// When one of the reads fails.
pub async fn whole(client: &Client, name: &str) -> Result<Snapshot, Error> {
    let app = client.app(name).await?;
    let shape = shape(client, &app).await?;
    dynos(client, app, shape).await
}

/// Reads the dynos of an app whose [`shape`] is known.
///
/// # Errors
/// When the read fails.
pub async fn dynos(
    client: &Client,
    app: App,
    (formation, has_preboot): (Vec<Formation>, bool),
) -> Result<Snapshot, Error> {
    let (dynos, at) = client.dynos(&app.id).await?;
    let mut snapshot = Snapshot {
        at,
        app,
        formation,
        dynos,
        has_preboot,
        memory: BTreeMap::new(),
        sizes: vec![],
    };
    // Young dynos beyond what was wanted: more may be wanted since the formation was read.
    let is_young = |dyno: &&Dyno| snapshot.at.duration_since(dyno.created_at) < YOUNG;
    let surplus = snapshot.surplus();
    let mut young = snapshot.dynos.iter().filter(is_young);
    if young.any(|dyno| surplus.contains(&dyno.id)) {
        snapshot.formation = client.formation(&snapshot.app.id).await?;
        look(client, &mut snapshot).await?;
    }
    Ok(snapshot)
}

/// Reads the dynos anew.
///
/// # Errors
/// When the read fails; the snapshot is then as it was.
pub async fn look(client: &Client, snapshot: &mut Snapshot) -> Result<(), Error> {
    (snapshot.dynos, snapshot.at) = client.dynos(&snapshot.app.id).await?;
    Ok(())
}

/// For so long an app is believed to be as it was: in no maintenance, of the same release, and of the
/// same formation.
const FRESH: SignedDuration = SignedDuration::from_secs(30);

/// A dyno that nobody wanted and that is older than this is a one-off, not news.
const YOUNG: SignedDuration = SignedDuration::from_mins(10);

/// A snapshot that is followed during a roll: its dynos at every look, the app and its formation now
/// and then, and whether they are still those that were planned for.
#[derive(Debug)]
pub struct Follow {
    seen_at: Timestamp,
    has_changed: bool,
    /// They could not be read the last time.
    has_doubt: bool,
    surplus: BTreeSet<String>,
}

impl Follow {
    #[must_use]
    pub fn new(snapshot: &Snapshot) -> Self {
        Self {
            seen_at: snapshot.at,
            has_changed: false,
            has_doubt: false,
            surplus: snapshot.surplus(),
        }
    }

    /// Whether the app and its formation are as they were planned for.
    #[must_use]
    pub fn is_as_planned(&self) -> bool {
        !self.has_changed && !self.has_doubt
    }

    /// Looks anew: the dynos last, since nothing may come between them and a DELETE.
    ///
    /// # Errors
    /// When the dynos cannot be read; without the app and its formation they are watched all the same.
    pub async fn look(&mut self, client: &Client, snapshot: &mut Snapshot) -> Result<(), Error> {
        // Where many share the requests of an account, they are read less often.
        let fresh = FRESH.max(client.pace() * 4);
        let is_stale = client.now().duration_since(self.seen_at) > fresh;
        if is_stale && !self.has_changed {
            self.shape(client, snapshot).await;
        }
        look(client, snapshot).await?;
        // More dynos than were wanted: it may be that more are wanted now.
        let surplus = snapshot.surplus();
        if !self.has_changed && !surplus.is_subset(&self.surplus) {
            self.shape(client, snapshot).await;
            look(client, snapshot).await?;
        }
        self.surplus = snapshot.surplus();
        Ok(())
    }

    /// Takes a formation that was read between two looks.
    pub fn formation(&mut self, snapshot: &mut Snapshot, formation: Vec<Formation>) {
        self.has_changed |= formation != snapshot.formation;
        snapshot.formation = formation;
    }

    async fn shape(&mut self, client: &Client, snapshot: &mut Snapshot) {
        let id = &snapshot.app.id;
        let read = async { Ok::<_, Error>((client.app(id).await?, client.formation(id).await?)) };
        let read = read.await;
        (self.seen_at, self.has_doubt) = (client.now(), read.is_err());
        if let Ok((app, formation)) = read {
            self.has_changed |= app != snapshot.app;
            self.formation(snapshot, formation);
            snapshot.app = app;
        }
    }
}
