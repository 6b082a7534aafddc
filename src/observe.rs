//! Looks at one app: what the planner needs, in as few reads as it takes.

use crate::{
    heroku::{Client, Error},
    snapshot::{App, Formation, Snapshot},
};

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
    let dynos = client.dynos(&app.id).await?;
    Ok(Snapshot {
        at: client.now(),
        app,
        formation,
        dynos,
        has_preboot,
    })
}
