//! `remove`: takes a schedule out, and says how to get it back.

use super::{Context, index, void};
use crate::{
    cli::Named,
    error::{Error, exit},
    schedule::Membership,
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
    let goes_by = context.of_fleet(&left, &schedule);
    if let Some(Membership::Member(label)) = goes_by.map(|one| one.app.membership) {
        let (app, name) = (&schedule.app.name, &schedule.name);
        context.ui.say(&format!(
            "⬢ {app} goes by schedule {name} of {label} from now on"
        ));
    }
    context.ui.either(
        || format!("Removed schedule {} of ⬢ {}: {} {}", schedule.name, schedule.app.name, schedule.target, schedule.when()),
        || json!({ "removed": { "app": schedule.app.name.as_str(), "name": schedule.name.as_str() } }),
    );
    if left.is_empty() {
        index::idle_runner(context, &store);
    }
    Ok(exit::DONE)
}
