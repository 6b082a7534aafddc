//! What an answer is, whatever it was an answer to: for whoever tries broken ones.

use super::{
    fleets::{Coupling, Listed, Pipeline},
    redact,
    wire::{
        Account, Addon, App, Authorization, Capabilities, Collaborator, Dyno, DynoSize, Feature,
        Formation, LogSession, Member, OwnApp, RateLimit, Release, Scale, Slug,
    },
    words::{Active, Current, Instance},
};
use crate::{credentials::Secret, snapshot};
use jiff::Timestamp;
use std::collections::BTreeMap;

/// Of how many of the shapes that we read an answer is; each is taken over as a call takes it.
#[must_use]
pub fn shapes_of(bytes: &[u8]) -> usize {
    fn is<T: serde::de::DeserializeOwned, U>(bytes: &[u8], take: impl FnOnce(T) -> U) -> usize {
        let Ok(mut value) = serde_json::from_slice(bytes) else {
            return 0;
        };
        redact::within(&mut value, &[Secret::new("s3cret".to_owned())]);
        usize::from(serde_json::from_value(value).map(take).is_ok())
    }
    let apps = is(bytes, |app: App| snapshot::App::from(app))
        + is(bytes, |app: OwnApp| super::OwnApp::from(app));
    let dynos = is(bytes, |all: Vec<Dyno>| {
        all.into_iter().map(snapshot::Dyno::from).count()
    });
    let formations = is(bytes, |all: Vec<Formation>| {
        all.into_iter().map(snapshot::Formation::from).count()
    }) + is(bytes, |all: Vec<Scale>| {
        all.into_iter().map(super::Scale::from).count()
    });
    let sizes = is(bytes, |all: Vec<DynoSize>| {
        all.into_iter().filter_map(DynoSize::size).count()
    });
    let others = is(bytes, |one: Feature| one)
        + is(bytes, |one: LogSession| one)
        + is(bytes, |one: RateLimit| one)
        + is(bytes, |one: Capabilities| one)
        + is(bytes, |one: Account| one)
        + is(bytes, |one: Slug| super::Slug::from(one))
        + is(bytes, |all: Vec<Addon>| {
            all.into_iter().map(super::Addon::from).count()
        })
        + is(bytes, |all: Vec<Release>| {
            all.iter().filter_map(Release::slug_id).count()
        })
        + is(bytes, |all: Vec<Authorization>| {
            let at = |one: Authorization| one.at(Timestamp::UNIX_EPOCH);
            all.into_iter().map(at).collect::<Vec<_>>()
        })
        + is(bytes, |all: Vec<Collaborator>| {
            all.into_iter().map(Collaborator::into_email).count()
        })
        + is(bytes, |all: Vec<Member>| all)
        + is(bytes, |all: Vec<Listed>| all)
        + is(bytes, |one: Pipeline| one)
        + is(bytes, |vars: BTreeMap<String, String>| vars)
        + is(bytes, |all: Vec<Instance>| all)
        + is(bytes, |all: Vec<Active>| all)
        + is(bytes, |all: Vec<Coupling>| {
            all.into_iter().map(Coupling::stage).count()
        })
        + is(bytes, |one: Current| one.incident());
    apps + dynos + formations + sizes + others
}
