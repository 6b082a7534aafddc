//! Accounts and their authorizations: whose a token is, what its scope allows, until when (HEROKU
//! 1.5 to 1.7).

use super::{ids::uuid, scenario::UserScenario};
use jiff::{SignedDuration, Timestamp};
use std::collections::{BTreeMap, BTreeSet};

#[derive(Debug, Clone)]
pub(super) struct User {
    pub id: String,
    pub email: String,
    /// Codes that are valid, each of them once; none where the account has no second factor.
    pub codes: Vec<String>,
    pub has_second_factor: bool,
    /// Signs in through an identity provider: cannot make authorizations.
    pub is_sso: bool,
    pub pays: Pays,
}

/// What an account pays for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Pays {
    /// It has no payment method, and gets nothing that costs.
    Nothing,
    #[default]
    Bills,
    /// The pool of Eco dyno hours as well.
    EcoToo,
}

#[derive(Debug, Clone)]
pub(super) struct Authorization {
    pub id: String,
    pub user: String,
    pub description: String,
    pub scope: Vec<String>,
    pub token_id: String,
    pub token: String,
    pub expires_at: Option<Timestamp>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    /// Until when it may do without a second factor, by the app's id.
    pub preauthorized: BTreeMap<String, Timestamp>,
}

/// Whose a request is.
#[derive(Debug, Clone)]
pub(super) struct Caller {
    pub user: User,
    pub scope: Vec<String>,
    /// None for a token that only a sandbox without a token of its own accepts.
    pub authorization: Option<String>,
}

#[derive(Debug)]
pub(super) struct Accounts {
    pub users: Vec<User>,
    pub authorizations: Vec<Authorization>,
    /// Tokens that were valid once.
    dead: BTreeSet<String>,
    /// No login has a token of its own: any token is the first user's.
    is_open: bool,
}

/// How long a pre-authorization lasts. Not documented; short is the nastier guess.
const PREAUTHORIZED: SignedDuration = SignedDuration::from_hours(8);

impl Accounts {
    pub fn new(first: &str, token: Option<&str>, users: &[UserScenario], now: Timestamp) -> Self {
        let mut accounts = Self {
            users: vec![],
            authorizations: vec![],
            dead: BTreeSet::new(),
            is_open: token.is_none() && users.iter().all(|user| user.token.is_none()),
        };
        accounts.user(first);
        for user in users {
            let known = accounts.user(&user.email);
            known.is_sso = user.sso;
            known.pays = match (user.unverified, user.eco) {
                (true, _) => Pays::Nothing,
                (false, true) => Pays::EcoToo,
                (false, false) => Pays::Bills,
            };
            known.has_second_factor = !user.second_factor.is_empty();
            known.codes.clone_from(&user.second_factor);
            let ends = user.expires_in.map(|age| now + age.0.duration());
            if let Some(token) = &user.token {
                accounts.log_in(&user.email, token, user.scope.clone(), ends, now);
            }
        }
        if let Some(token) = token {
            accounts.log_in(first, token, vec!["global".to_owned()], None, now);
        }
        accounts
    }

    /// The user of this address, made if need be.
    pub fn user(&mut self, email: &str) -> &mut User {
        let place = self.users.iter().position(|user| user.email == email);
        let place = place.unwrap_or_else(|| {
            self.users.push(User {
                id: uuid(),
                email: email.to_owned(),
                codes: vec![],
                has_second_factor: false,
                is_sso: false,
                pays: Pays::default(),
            });
            self.users.len() - 1
        });
        &mut self.users[place]
    }

    pub fn first(&self) -> &User {
        &self.users[0]
    }

    pub fn by_email(&self, email: &str) -> &User {
        let found = self.users.iter().find(|user| user.email == email);
        found.unwrap_or(&self.users[0])
    }

    /// An authorization with a token of its own choice, as a login makes one.
    fn log_in(
        &mut self,
        email: &str,
        token: &str,
        scope: Vec<String>,
        expires_at: Option<Timestamp>,
        now: Timestamp,
    ) {
        self.is_open = false;
        let made = self.authorize(email, "Heroku CLI login from sandbox", scope, now);
        token.clone_into(&mut made.token);
        made.expires_at = expires_at;
    }

    /// Only this token is the first user's login from now on.
    pub fn set_login(&mut self, token: &str, now: Timestamp) {
        let email = self.first().email.clone();
        self.authorizations.retain(|known| {
            known.user != email || known.description != "Heroku CLI login from sandbox"
        });
        self.log_in(&email, token, vec!["global".to_owned()], None, now);
    }

    pub fn authorize(
        &mut self,
        email: &str,
        description: &str,
        scope: Vec<String>,
        now: Timestamp,
    ) -> &mut Authorization {
        self.authorizations.push(Authorization {
            id: uuid(),
            user: email.to_owned(),
            description: description.to_owned(),
            scope,
            token_id: uuid(),
            token: fresh_token(),
            expires_at: None,
            created_at: now,
            updated_at: now,
            preauthorized: BTreeMap::new(),
        });
        let last = self.authorizations.len() - 1;
        &mut self.authorizations[last]
    }

    pub fn authorization(&mut self, id: &str) -> Option<&mut Authorization> {
        self.authorizations.iter_mut().find(|known| known.id == id)
    }

    /// A new token; the old one is dead at once.
    pub fn regenerate(&mut self, id: &str, now: Timestamp) -> Option<Authorization> {
        let known = self.authorizations.iter_mut().find(|one| one.id == id)?;
        let old = std::mem::replace(&mut known.token, fresh_token());
        known.token_id = uuid();
        known.updated_at = now;
        let known = known.clone();
        self.dead.insert(old);
        Some(known)
    }

    pub fn revoke(&mut self, id: &str) -> Option<Authorization> {
        let place = self.authorizations.iter().position(|one| one.id == id)?;
        let revoked = self.authorizations.remove(place);
        self.dead.insert(revoked.token.clone());
        Some(revoked)
    }

    /// Whose this token is; `None` for one that is unknown, expired or revoked.
    pub fn caller(&self, token: &str, now: Timestamp) -> Option<Caller> {
        let is_dead = |known: &&Authorization| known.expires_at.is_some_and(|at| at <= now);
        if let Some(known) = self.authorizations.iter().find(|one| one.token == token) {
            return (!is_dead(&known)).then(|| Caller {
                user: self.by_email(&known.user).clone(),
                scope: known.scope.clone(),
                authorization: Some(known.id.clone()),
            });
        }
        let is_anybody = self.is_open && !self.dead.contains(token);
        is_anybody.then(|| Caller {
            user: self.first().clone(),
            scope: vec!["global".to_owned()],
            authorization: None,
        })
    }

    /// Uses up a code; tells whether it was one.
    pub fn takes_code(&mut self, email: &str, code: &str) -> bool {
        let codes = &mut self.user(email).codes;
        let place = codes.iter().position(|known| known == code);
        place.map(|place| codes.remove(place)).is_some()
    }

    pub fn preauthorize(&mut self, caller: &Caller, app: &str, now: Timestamp) {
        let id = caller.authorization.as_deref();
        if let Some(known) = id.and_then(|id| self.authorization(id)) {
            let until = now + PREAUTHORIZED;
            known.preauthorized.insert(app.to_owned(), until);
        }
    }

    pub fn is_preauthorized(&self, caller: &Caller, app: &str, now: Timestamp) -> bool {
        let id = caller.authorization.as_deref();
        let known = self.authorizations.iter().find(|one| Some(&*one.id) == id);
        known.is_some_and(|known| known.preauthorized.get(app).is_some_and(|at| now < *at))
    }
}

/// The newer form: a prefix, and more than a UUID.
fn fresh_token() -> String {
    let random = || uuid().replace('-', "");
    format!("HRKU-AA{}_{}", random(), &random()[..20])
}

const READS: &[&str] = &[
    "global",
    "read",
    "read-protected",
    "write",
    "write-protected",
];
const WRITES: &[&str] = &["global", "write", "write-protected"];

/// The scopes that a request accepts. Where no source tells (HEROKU 1.6), the narrower guess.
pub(super) fn accepted(method: &str, path: &str) -> &'static [&'static str] {
    let segments: Vec<&str> = path.trim_matches('/').split('/').collect();
    let is_read = method == "GET";
    match (segments.as_slice(), is_read) {
        (["account", "rate-limits"], _) => &[
            "global",
            "identity",
            "read",
            "read-protected",
            "write",
            "write-protected",
        ],
        (["account"] | ["users", "~", "capabilities"], _) => &["global", "identity"],
        (["oauth", ..], _) => &["global"],
        (["apps", _, "config-vars" | "releases", ..], true) => {
            &["global", "read-protected", "write-protected"]
        }
        (["apps", _, "config-vars", ..], false) => &["global", "write-protected"],
        (_, true) => READS,
        (_, false) => WRITES,
    }
}

pub(super) const SCOPES: [&str; 6] = [
    "global",
    "identity",
    "read",
    "write",
    "read-protected",
    "write-protected",
];
