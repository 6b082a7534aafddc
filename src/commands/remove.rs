//! `remove`: takes a schedule out, and says how to get it back.

use super::{Context, void};
use crate::{
    cli::Named,
    error::{Error, exit},
    fleet::Fleets,
    schedule::Membership,
    state::StateDir,
};
use serde_json::json;

pub(super) async fn remove(context: &Context<'_>, named: Named) -> Result<u8, Error> {
    let app = context.meant(&named.app, &named.fleet)?.0;
    let store = context.store(named.common.schedules.as_deref()).await?;
    let schedule = context.one(context.read(&store).await?, &app, named.name.as_ref())?;
    store
        .remove(&context.clock, std::slice::from_ref(&schedule))
        .await?;
    void::tell(context, "remove", &schedule, None).await;
    let left = context.read(&store).await?;
    let (app_name, id) = (&schedule.app.name, schedule.app.id.as_deref());
    let fleets = Fleets::open(&StateDir::open(context.env)?);
    let goes_by = fleets.of_app(&left, id.unwrap_or_default(), app_name.as_str());
    let goes_by = goes_by.iter().filter(|one| one.name == schedule.name);
    for one in goes_by.filter(|_| !schedule.app.is_fleet()) {
        if let Membership::Member(label) = &one.app.membership {
            let name = &schedule.name;
            context.ui.say(&format!(
                "⬢ {app_name} goes by schedule {name} of {label} from now on"
            ));
        }
    }
    context.ui.either(
        || format!("Removed schedule {} of ⬢ {}: {} {}", schedule.name, schedule.app.name, schedule.target, schedule.when()),
        || json!({ "removed": { "app": schedule.app.name.as_str(), "name": schedule.name.as_str() } }),
    );
    Ok(exit::DONE)
}
