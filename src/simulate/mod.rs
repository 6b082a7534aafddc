//! Replays a recorded log through a policy: the restarts it would have made, and what they would have
//! come to. The decisions are the planner's own, on dynos that only this simulation restarts.
//!
//! What a dyno would have used after a restart that never was is not known. It is taken to use, at each
//! age, what the recorded dyno used at that age; one whose start the log does not have is taken to begin
//! as another start of the same dyno, or of its process type, did, and to grow as it did itself. Restarts
//! in the log (deploys, Heroku's own cycle) happen in the simulation too; but Heroku's cycle not to a dyno
//! that the policy has restarted within the day before, which puts it off.

mod place;
mod record;
mod recorded;
mod replay;

pub use record::{Record, Recording};
pub use recorded::Recorded;
pub use replay::{Outcome, replay};
