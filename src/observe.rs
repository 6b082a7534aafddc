//! Looks at one app: what the planner needs, in as few reads as it takes.

use crate::{
    heroku::{Client, Error},
    snapshot::{App, Formation, Snapshot},
};

/// Reads all but the dynos, which are read last to be the newest: the app, its formation, and
/// whether it has preboot.
///
/// # Errors
/// When one of the reads fails.
pub async fn app(client: &Client, name: &str) -> Result<(App, Vec<Formation>, bool), Error> {
    let app = client.app(name).await?;
    let formation = client.formation(&app.id).await?;
    // Preboot is about web dynos only.
    let has_web = formation.iter().any(|entry| entry.process_type == "web" && entry.quantity > 0);
    let has_preboot = has_web && client.has_preboot(&app.id).await?;
    Ok((app, formation, has_preboot))
}

/// Reads the whole of it.
///
/// # Errors
/// When one of the reads fails.
pub async fn whole(client: &Client, name: &str) -> Result<Snapshot, Error> {
    let (app, formation, has_preboot) = app(client, name).await?;
    let dynos = client.dynos(&app.id).await?;
    Ok(Snapshot { at: client.now(), app, formation, dynos, has_preboot })
}
