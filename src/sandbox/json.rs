//! Heroku's JSON: every key that the published hyper-schema demands (a test holds this).

use super::{
    accounts::{Authorization, Pays, User},
    addons::{Addon, PLANS},
    app::{App, Formation, Release},
    builds::Build,
    dyno::Dyno,
    routes::refuse,
    slugs::Slug,
    world::World,
};
use axum::{http::StatusCode, response::Response};
use jiff::Timestamp;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// A stable id for things that are not simulated: regions, stacks, sizes.
pub(super) fn id_of(what: &str) -> String {
    let digest = Sha256::digest(what.as_bytes());
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    uuid::Builder::from_random_bytes(bytes)
        .into_uuid()
        .to_string()
}

fn named(name: &str) -> Value {
    json!({ "id": id_of(name), "name": name })
}

pub(super) const STACKS: [&str; 3] = ["heroku-22", "heroku-24", "heroku-26"];

/// Sizes: name, memory in GB, cents a month.
pub(super) const SIZES: [(&str, f64, u32); 9] = [
    ("Eco", 0.5, 500),
    ("Basic", 0.5, 700),
    ("Standard-1X", 0.5, 2_500),
    ("Standard-2X", 1.0, 5_000),
    ("Performance-M", 2.5, 25_000),
    ("Performance-L", 14.0, 50_000),
    ("Private-S", 1.0, 12_500),
    ("Private-M", 2.5, 25_000),
    ("dyno-1c-0.5gb", 0.5, 2_500),
];

fn gigabytes(size: &str) -> f64 {
    let is_it = |(name, ..): &&(&str, f64, u32)| name.eq_ignore_ascii_case(size);
    SIZES
        .iter()
        .find(is_it)
        .map_or(0.5, |(_, memory, _)| *memory)
}

/// What a dyno of this size may use, in MB.
pub(super) fn quota(size: &str) -> f64 {
    1_024.0 * gigabytes(size)
}

/// With more, in MB, its process is ended (HEROKU 3.2).
pub(super) fn most(size: &str) -> f64 {
    2.0 * quota(size)
}

pub(super) fn dyno_size(index: usize) -> Value {
    let (name, memory, cents) = SIZES[index];
    json!({
        "architecture": "amd64", "compute": 1, "can_autoscale": name.starts_with("Performance"),
        "cost": { "cents": cents, "unit": "month" }, "dedicated": name.starts_with("Performance"), "precise_dyno_units": 1.0,
        "id": id_of(name), "memory": memory, "name": name, "private_space_only": name.starts_with("Private"), "generation": named(if name.starts_with("dyno-") { "fir" } else { "cedar" }),
        "infrastructure_tier": "production", "product_dyno_tier": "standard",
    })
}

pub(super) fn account(user: &User) -> Value {
    let since = "2020-01-01T00:00:00Z";
    json!({
        "allow_tracking": true, "beta": false, "created_at": since, "email": user.email, "federated": user.is_sso, "id": user.id,
        "identity_provider": user.is_sso.then(|| json!({ "id": id_of("idp"), "name": "acme-sso", "team": null, "owner": null })), "last_login": null, "name": null, "sms_number": null, "suspended_at": null, "delinquent_at": null,
        "two_factor_authentication": user.has_second_factor, "updated_at": since, "verified": user.pays != Pays::Nothing, "country_of_residence": null,
        "eco_dynos_enabled": user.pays == Pays::EcoToo, "eco_dynos_shutdown_at": null, "pipeline_cost_consent_at": null, "acknowledged_msa": true,
        "acknowledged_msa_at": null, "italian_customer_terms": null, "italian_partner_terms": null, "mfa_enabled": false,
        "mfa_exemption": false, "mfa_exemption_reason": null, "mfa_experience": "vaas", "default_organization": null, "default_team": null,
    })
}

pub(super) fn app(world: &World, app: &App) -> Value {
    let (name, owner) = (&app.name, world.accounts.by_email(&app.owner));
    let team = app.team.as_deref().map(named);
    let slug = app.releases.last().and_then(|release| app.slug(release));
    json!({
        "acm": false, "archived_at": null, "base_image_name": null, "build_stack": named(&app.stack),
        "buildpack_provided_description": "Ruby", "buildpacks": null, "created_at": app.created_at, "current_build_architecture": [],
        "generation": app.generation, "git_url": format!("https://git.heroku.com/{name}.git"), "id": app.id, "internal_routing": null,
        "maintenance": app.is_in_maintenance, "name": name, "owner": { "email": owner.email, "id": owner.id },
        "organization": team, "team": team, "region": named(&app.region), "released_at": app.releases.last().map(|release| release.created_at),
        "repo_size": 0, "slug_size": slug.and_then(Slug::size), "space": app.space.as_deref().map(|space| json!({ "id": id_of(space), "name": space, "shield": false })), "stack": named(&app.stack), "updated_at": app.created_at,
        "web_url": format!("https://{name}.herokuapp.com/"),
    })
}

pub(super) fn dyno(app: &App, dyno: &Dyno, now: Timestamp) -> Value {
    let (state, since) = dyno.state(now);
    let release = app
        .releases
        .iter()
        .find(|release| release.version == dyno.release);
    json!({
        "attach_url": dyno.is_attached.then_some("rendezvous://rendezvous.runtime.heroku.com:5000/secret"), "command": dyno.command,
        "created_at": dyno.created_at, "id": dyno.id, "name": dyno.name,
        "release": { "id": release.map_or_else(|| id_of("release"), |release| release.id.clone()), "version": dyno.release },
        "app": { "name": app.name, "id": app.id }, "size": dyno.size, "state": state, "type": dyno.process_type, "updated_at": since,
    })
}

pub(super) fn formation(app: &App, entry: &Formation) -> Value {
    json!({
        "app": { "name": app.name, "id": app.id }, "command": entry.command, "created_at": app.created_at,
        "dyno_size": named(&entry.size), "id": entry.id, "quantity": entry.quantity, "size": entry.size, "type": entry.process_type,
        "updated_at": app.created_at,
    })
}

pub(super) fn release(world: &World, app: &App, release: &Release) -> Value {
    let is_over = |release: &&Release| !app.is_pending(release);
    let user = world.accounts.by_email(&app.owner);
    let current = app.releases.iter().rev().find(is_over);
    let is_current = current.is_some_and(|current| current.version == release.version);
    let status = if app.is_pending(release) {
        "pending"
    } else {
        "succeeded"
    };
    json!({
        "addon_plan_names": [], "artifacts": [], "app": { "name": app.name, "id": app.id }, "created_at": release.created_at,
        "description": release.description, "id": release.id, "updated_at": release.created_at, "oci_image": null, "slug": release.slug.as_ref().map(|id| json!({ "id": id })),
        "status": status, "user": { "id": user.id, "email": user.email }, "version": release.version,
        "current": is_current, "output_stream_url": null, "eligible_for_rollback": !is_current,
    })
}

pub(super) fn slug(base: &str, slug: &Slug, method: &str) -> Value {
    let url = format!("{base}/blobs/{}?Signature={}", slug.id, slug.signature);
    json!({
        "blob": { "method": method, "url": url }, "buildpack_provided_description": null, "checksum": slug.checksum,
        "commit": slug.commit, "commit_description": null, "created_at": slug.created_at, "id": slug.id,
        "process_types": slug.process_types, "size": slug.size(), "stack": named(&slug.stack), "updated_at": slug.created_at,
        "deleted_at": null,
    })
}

pub(super) fn build(world: &World, app: &App, build: &Build) -> Value {
    let user = world.accounts.by_email(&build.user);
    let (release, slug) = build.made.clone().unzip();
    let status = if build.made.is_some() {
        "succeeded"
    } else {
        "pending"
    };
    json!({
        "app": { "id": app.id }, "buildpacks": null, "created_at": build.created_at, "id": build.id, "labs": {},
        "output_stream_url": format!("{}/logplex/{}", world.url, build.id),
        "source_blob": { "checksum": null, "url": build.source, "version": build.version, "version_description": null },
        "release": release.map(|id| json!({ "id": id })), "slug": slug.map(|id| json!({ "id": id })), "stack": app.stack,
        "status": status, "updated_at": build.created_at, "user": { "email": user.email, "id": user.id },
    })
}

pub(super) fn addon(app: &App, addon: &Addon) -> Value {
    let service = addon.service();
    let cents = PLANS.iter().find(|(plan, _)| *plan == addon.plan);
    let cents = cents.map_or(0, |(_, cents)| *cents);
    json!({
        "actions": [], "addon_service": named(service), "app": { "name": app.name, "id": app.id },
        "billing_entity": { "id": app.id, "name": app.name, "type": "app" },
        "billed_price": { "cents": cents, "contract": false, "metered": false, "unit": "month" }, "config_vars": [],
        "created_at": addon.created_at, "id": addon.id, "name": addon.name, "plan": named(&addon.plan), "provider_id": addon.id,
        "provision_message": "", "state": "provisioned", "updated_at": addon.created_at,
        "web_url": format!("https://addons-sso.heroku.com/apps/{}/addons/{}", app.id, addon.id),
    })
}

pub(super) fn team(name: &str) -> Value {
    let since = "2020-01-01T00:00:00Z";
    json!({
        "id": id_of(&format!("team {name}")), "created_at": since, "credit_card_collections": true, "default": false,
        "enterprise_account": null, "identity_provider": null, "membership_limit": null, "pipeline_cost_consent_at": null,
        "pipeline_cost_consent_user_email": null, "name": name, "provisioned_licenses": false, "role": "admin", "type": "team",
        "updated_at": since,
    })
}

pub(super) fn member(user: &User, email: &str) -> Value {
    let since = "2020-01-01T00:00:00Z";
    json!({
        "created_at": since, "email": email, "federated": user.is_sso, "id": id_of(&format!("member {email}")),
        "identity_provider": null, "role": "admin", "two_factor_authentication": user.has_second_factor, "updated_at": since,
        "user": { "email": email, "id": id_of(email), "name": null },
    })
}

/// What an account without a payment method is told.
pub(super) fn unverified(message: &str) -> Response {
    let message =
        format!("{message}, see https://devcenter.heroku.com/articles/account-verification");
    refuse(
        StatusCode::UNPROCESSABLE_ENTITY,
        "verification_needed",
        &message,
    )
}

pub(super) fn feature(app: &App, name: &str) -> Value {
    json!({
        "created_at": app.created_at, "description": format!("{name} for an app"), "doc_url": "https://devcenter.heroku.com/",
        "enabled": app.features.get(name).copied().unwrap_or(false), "id": id_of(name), "name": name, "state": "general",
        "updated_at": app.created_at, "display_name": name, "feedback_email": "feedback@example.com",
    })
}

/// The owner, then those who were invited.
pub(super) fn collaborators(world: &World, app: &App) -> Vec<Value> {
    let emails = std::iter::once(&app.owner).chain(&app.collaborators);
    let one = |(number, email): (usize, &String)| {
        let user = world.accounts.by_email(email);
        json!({
            "app": { "name": app.name, "id": app.id }, "created_at": app.created_at, "id": id_of(&format!("{} {email}", app.name)),
            "permissions": [], "role": if number == 0 { "owner" } else { "member" }, "updated_at": app.created_at,
            "user": { "email": user.email, "federated": user.is_sso, "id": user.id },
        })
    };
    emails.enumerate().map(one).collect()
}

/// The token itself is shown once, to whoever made it.
pub(super) fn authorization(world: &World, one: &Authorization, is_shown: bool) -> Value {
    let user = world.accounts.by_email(&one.user);
    let token = if is_shown {
        one.token.clone()
    } else {
        let (head, tail) = (
            one.token.get(..9),
            one.token
                .len()
                .checked_sub(4)
                .and_then(|from| one.token.get(from..)),
        );
        format!(
            "{}**********{}",
            head.unwrap_or_default(),
            tail.unwrap_or_default()
        )
    };
    let left = one
        .expires_at
        .map(|at| at.duration_since(world.now()).as_secs().max(0));
    json!({
        "access_token": { "expires_in": left, "id": one.token_id, "token": token, "version": 1 }, "client": null,
        "created_at": one.created_at, "description": one.description, "grant": null, "id": one.id, "refresh_token": null,
        "scope": one.scope, "session": null, "updated_at": one.updated_at,
        "user": { "id": user.id, "email": user.email, "full_name": null },
    })
}
