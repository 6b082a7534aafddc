//! What a watch has made for it.

use super::Ear;
use crate::{error::Error, pass::Listened, report::Report, schedule::Schedule};
use std::rc::Rc;

/// Whatever makes one pass, and tells of it.
pub trait Passes {
    /// Of logs that are listened to, `listened` has what they told.
    fn pass(
        &self,
        schedules: Vec<Schedule>,
        listened: &Listened,
    ) -> impl Future<Output = Result<Report, Error>>;
    /// Listens to the log of these schedules' app, until nobody wants to know any more.
    fn listen(&self, schedules: Vec<Schedule>, ear: Rc<Ear>) -> impl Future<Output = ()>;
    fn tell(&self, report: &Report);
    /// What a process before this one found to be missed, and did not live to tell.
    fn untold(&self, _schedules: &[Schedule]) -> Option<Report> {
        None
    }
    /// Notes what earlier restarts bought, as far as a log tells.
    fn measure(&self, ear: &Ear);
    /// What ends soon, each of it told once a day.
    fn endings(&self, schedules: &[Schedule]) -> Vec<String>;
    /// Whether the credentials can be read from here, looked at now and then.
    fn readable(&self, schedules: &[Schedule]) -> impl Future<Output = Result<(), Error>>;
    /// Writes down whom what came of a pass over these schedules is to be told.
    fn note(&self, _made: Result<&Report, &Error>, _schedules: &[Schedule]) {}
    /// The schedules with those of a fleet's apps in its place, as far as they are known.
    fn expand(&self, schedules: &[Schedule]) -> Vec<Schedule> {
        schedules.to_vec()
    }
    /// Whether Heroku is to be asked about a fleet, or the one that a schedule is of, before anything is
    /// done for it.
    fn is_stale(&self, _schedule: &Schedule) -> bool {
        false
    }
    /// Asks about fleets; what came of it is to be told.
    fn ask(&self, _fleets: Vec<Schedule>) -> impl Future<Output = Option<Report>> {
        async { None }
    }
    /// Whether somebody is still to be told something, and may be by now.
    fn has_news(&self) -> bool {
        false
    }
    /// Tells them; what cannot be told is said.
    fn deliver(&self) -> impl Future<Output = ()> {
        async {}
    }
    /// Tells whoever wants to know that the runner fares well; returns why that failed.
    fn ping(&self, schedules: usize) -> impl Future<Output = Option<String>>;
}
