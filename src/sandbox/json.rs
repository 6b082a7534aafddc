//! Heroku's JSON: every key that the published hyper-schema demands (a test holds this).

use super::{
    accounts::{Authorization, User},
    app::{App, Formation, Release},
    dyno::Dyno,
    world::World,
};
use jiff::Timestamp;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// A stable id for things that are not simulated: regions, stacks, sizes.
fn id_of(what: &str) -> String {
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

/// Sizes: name, memory in GB, cents a month.
pub(super) const SIZES: [(&str, f64, u32); 6] = [
    ("Eco", 0.5, 500),
    ("Basic", 0.5, 700),
    ("Standard-1X", 0.5, 2_500),
    ("Standard-2X", 1.0, 5_000),
    ("Performance-M", 2.5, 25_000),
    ("Performance-L", 14.0, 50_000),
];

pub(super) fn dyno_size(index: usize) -> Value {
    let (name, memory, cents) = SIZES[index];
    json!({
        "architecture": "amd64", "compute": 1, "can_autoscale": name.starts_with("Performance"),
        "cost": { "cents": cents, "unit": "month" }, "dedicated": name.starts_with("Performance"), "precise_dyno_units": 1.0,
        "id": id_of(name), "memory": memory, "name": name, "private_space_only": false, "generation": named("cedar"),
        "infrastructure_tier": "production", "product_dyno_tier": "standard",
    })
}

pub(super) fn account(user: &User) -> Value {
    let since = "2020-01-01T00:00:00Z";
    json!({
        "allow_tracking": true, "beta": false, "created_at": since, "email": user.email, "federated": user.is_sso, "id": user.id,
        "identity_provider": user.is_sso.then(|| json!({ "id": id_of("idp"), "name": "acme-sso", "team": null, "owner": null })), "last_login": null, "name": null, "sms_number": null, "suspended_at": null, "delinquent_at": null,
        "two_factor_authentication": user.has_second_factor, "updated_at": since, "verified": true, "country_of_residence": null,
        "eco_dynos_enabled": true, "eco_dynos_shutdown_at": null, "pipeline_cost_consent_at": null, "acknowledged_msa": true,
        "acknowledged_msa_at": null, "italian_customer_terms": null, "italian_partner_terms": null, "mfa_enabled": false,
        "mfa_exemption": false, "mfa_exemption_reason": null, "mfa_experience": "vaas", "default_organization": null, "default_team": null,
    })
}

pub(super) fn app(world: &World, app: &App) -> Value {
    let (name, owner) = (&app.name, world.accounts.by_email(&app.owner));
    json!({
        "acm": false, "archived_at": null, "base_image_name": null, "build_stack": named("heroku-24"),
        "buildpack_provided_description": "Ruby", "buildpacks": null, "created_at": app.created_at, "current_build_architecture": [],
        "generation": app.generation, "git_url": format!("https://git.heroku.com/{name}.git"), "id": app.id, "internal_routing": null,
        "maintenance": app.is_in_maintenance, "name": name, "owner": { "email": owner.email, "id": owner.id },
        "organization": null, "team": null, "region": named("us"), "released_at": app.releases.last().map(|release| release.created_at),
        "repo_size": 0, "slug_size": 0, "space": null, "stack": named("heroku-24"), "updated_at": app.created_at,
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
        "description": release.description, "id": release.id, "updated_at": release.created_at, "oci_image": null, "slug": null,
        "status": status, "user": { "id": user.id, "email": user.email }, "version": release.version,
        "current": is_current, "output_stream_url": null, "eligible_for_rollback": !is_current,
    })
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
