//! A simulated Heroku: Platform API, dynos that boot, crash and are cycled, faults on demand. For the
//! demo, for rehearsal, and for our tests. It behaves as Heroku is documented or has been seen to,
//! not as our client would like; where Heroku is unsourced it is the nastier one.
//!
//! [`World`] is the state, moved on lazily at each request; [`scenario`] says how it begins;
//! `routes` is Heroku's API, behind the `gate` of tokens, scopes and second factors; `control` (below `/sandbox`) is how a test bends it; `server` is the
//! HTTP around both, with quota, clock, record and [`faults`].

mod accounts;
mod addons;
mod app;
mod authorizations;
mod beginning;
mod builds;
mod control;
mod dyno;
pub mod faults;
mod gate;
mod ids;
mod json;
mod lacking;
mod leak;
mod logs;
mod making;
mod meter;
mod passage;
mod pipelines;
mod processes;
mod router;
mod routes;
mod scaling;
pub mod scenario;
mod server;
mod slugs;
mod world;

pub use leak::{Leak, Shape};
pub use scenario::Scenario;
pub use server::{Sandbox, serve};
pub use world::World;
