//! `auth:setup`: one short conversation, or the flags that answer it.

use super::{
    super::Context,
    authorization::Wish,
    check::{Checked, check},
    code,
    keep::{alone, before, keep, place, retire},
    look::expiry_of,
    making::make,
    subject::{Login, Subject, login, subject},
    token::{given, read_token},
    words,
};
use crate::{
    cli::{AuthSetup, Scope},
    credentials::{
        Kind, Place, Record, Records, Secret, Source, own,
        records::{ToRevoke, is_same_account},
    },
    error::Error,
    schedule::Span,
    stop::Stop,
};
use jiff::SignedDuration;

/// How passes are to act.
enum Way {
    Create {
        scope: Scope,
        lifetime: Option<SignedDuration>,
    },
    CliLogin,
    Token(Secret),
}

struct Setup<'a> {
    context: &'a Context<'a>,
    stop: &'a Stop,
    flags: &'a AuthSetup,
    login: Option<Login>,
    subject: Subject,
    /// Whether questions are asked: no flag has answered the first of them.
    asks: bool,
}

pub(super) async fn setup(
    context: &Context<'_>,
    flags: &AuthSetup,
    stop: &Stop,
) -> Result<u8, Error> {
    let is_told = flags.create || flags.use_cli_login || flags.token_stdin;
    if !is_told && !context.ui.can_ask() {
        let setup = context.verb("auth:setup");
        let why = if context.ui.is_json {
            "which credential to set up is not asked with --json"
        } else {
            "which credential to set up is asked at a terminal, and there is none"
        };
        return Err(Error::usage(
            why,
            format!(
                "say which: {setup} --create --expires-in 90d (an authorization with the scope write), {setup} --use-cli-login, or {setup} --token-stdin (a token on stdin)"
            ),
        ));
    }
    // Before anything else, since whatever fails must not lose it half read.
    let token = if flags.token_stdin {
        Some(read_token(context, stop).await?)
    } else {
        None
    };
    let options = context.options()?;
    let login = match stop.unless(login(context, &options)).await {
        // It is not needed for a token that is given, or will be pasted.
        Err(error) if (token.is_some() || !is_told) && !matches!(error, Error::Interrupted) => {
            let ui = context.ui;
            ui.warn(&format!("the login to Heroku cannot be used: {error}"));
            error.hint().iter().for_each(|hint| ui.hint(hint));
            None
        }
        login => login?,
    };
    let account = flags.account.clone();
    let account = account.or_else(|| Some(login.as_ref()?.email()?.to_owned()));
    let (common, app) = (&flags.common, flags.app.as_ref());
    let subject = subject(context, options, account, common, app).await?;
    let setup = Setup {
        context,
        stop,
        flags,
        login,
        subject,
        asks: !is_told,
    };
    let way = match token {
        Some(token) => Way::Token(token),
        None => setup.way().await?,
    };
    let code = match way {
        Way::Create { scope, lifetime } => setup.create(scope, lifetime).await?,
        Way::CliLogin => setup.use_login().await?,
        Way::Token(token) => setup.take(token).await?,
    };
    if context.env.secret("HEROKU_API_KEY").is_some() {
        context.ui.warn("HEROKU_API_KEY is set here: a pass that is started with it uses it, and not what was set up");
    }
    Ok(code)
}

impl Setup<'_> {
    async fn way(&self) -> Result<Way, Error> {
        if self.flags.create {
            let lifetime = self.flags.expires_in.and_then(|lifetime| lifetime.0);
            let lifetime = lifetime.map(Span::duration);
            let scope = self.flags.scope.unwrap_or_default();
            return Ok(Way::Create { scope, lifetime });
        }
        if self.flags.use_cli_login {
            return Ok(Way::CliLogin);
        }
        self.stop.or(self.introduce()).await?;
        let ui = self.context.ui;
        let create = (0, "an authorization that is created for them (recommended)");
        let login = (1, "the Heroku CLI's login, which ends");
        let paste = (2, "a token that you paste");
        let ways = match &self.login {
            None => vec![paste],
            Some(login) if login.is_federated() => vec![
                (2, "a token that you paste (recommended)"),
                (1, "the Heroku CLI's login, which ends after 8 hours"),
            ],
            Some(_) => vec![create, login, paste],
        };
        let items: Vec<String> = ways.iter().map(|(_, words)| (*words).to_owned()).collect();
        let chosen = ui.choose("Passes act with", &items, self.stop).await;
        match chosen
            .map(|chosen| ways[chosen].0)
            .ok_or(Error::Interrupted)?
        {
            0 => Ok(Way::Create {
                scope: Scope::Write,
                lifetime: self.lifetime().await?,
            }),
            1 => Ok(Way::CliLogin),
            _ => {
                let token = ui.secret("Token (it is not shown)", self.stop).await;
                Ok(Way::Token(token.ok_or(Error::Interrupted)?))
            }
        }
    }

    async fn lifetime(&self) -> Result<Option<SignedDuration>, Error> {
        let days = |days: i64| Some(SignedDuration::from_hours(24 * days));
        let items = ["90 days", "a year", "as long as it is not revoked"].map(ToOwned::to_owned);
        let ui = self.context.ui;
        match ui.choose("It lives for", &items, self.stop).await {
            Some(0) => Ok(days(90)),
            Some(1) => Ok(days(365)),
            Some(_) => Ok(None),
            None => Err(Error::Interrupted),
        }
    }

    /// What it is about, and what can be had.
    async fn introduce(&self) {
        let (ui, subject) = (self.context.ui, &self.subject);
        ui.say("A pass needs a credential that is there when nobody is.");
        let mut lines = vec![(
            "account",
            format!("{} on {}", subject.account_in_words(), subject.host()),
        )];
        if !subject.apps.is_empty() {
            lines.push(("apps", words::apps(&subject.apps)));
        }
        match &self.login {
            Some(login) => {
                if let Ok(names) = self.stop.unless(login.client.app_names()).await {
                    lines.push(("reaches", words::reach(&names)));
                }
                let told = expiry_of(&login.client, &login.credential).await;
                if let Some(at) = told.flatten() {
                    let now = login.client.now();
                    lines.push(("login", format!("ends {}", words::expiry(Some(at), now))));
                }
            }
            None => lines.push((
                "login",
                "none: heroku login, to create an authorization".to_owned(),
            )),
        }
        ui.say(&words::lines(&lines));
        if self.login.as_ref().is_some_and(Login::is_federated) {
            ui.say("This account signs in through an identity provider (SSO): Heroku lets it make no authorization. What works is a user without SSO, invited to the apps (heroku access:add), whose token is pasted here.");
        }
    }

    /// The login that an authorization is made with.
    fn login(&self) -> Result<&Login, Error> {
        self.login.as_ref().ok_or_else(|| Error::Other {
            code: "not_logged_in",
            message: "not logged in to Heroku".to_owned(),
            hint: Some(format!(
                "run heroku login first; or give a token to {} --token-stdin",
                self.context.verb("auth:setup")
            )),
        })
    }

    fn record(&self, kind: Kind, place: Option<Place>) -> Record {
        Record {
            host: self.subject.host().to_owned(),
            account: self.subject.account.clone(),
            owner: None,
            kind,
            place,
            authorization: None,
            scope: vec![],
            expires_at: None,
            lifetime: None,
            since: self.context.clock.now(),
        }
    }

    async fn create(&self, scope: Scope, lifetime: Option<SignedDuration>) -> Result<u8, Error> {
        let (context, stop, login) = (self.context, self.stop, self.login()?);
        let place = place(context, self.flags.keep_in, stop, self.asks).await?;
        let wish = Wish::new(context, scope.word(), lifetime);
        let mut record = self.record(Kind::Authorization, Some(place));
        record.lifetime = lifetime;
        record.scope = vec![wish.scope.clone()];
        record.expires_at = lifetime.map(|lifetime| login.client.now() + lifetime);
        record.owner = login.email().map(ToOwned::to_owned);
        let reach = stop.unless(login.client.app_names()).await?;
        let does = format!("creates the authorization '{}'", wish.description);
        self.announce(&record, &does, &reach);
        self.agree("Create it?").await?;
        let _alone = alone(context, stop).await?;
        let (record, checked, before) =
            make(context, stop, login, &self.subject, &wish, record).await?;
        self.tell(&record, &checked);
        Ok(self.finish(before.as_ref(), &record).await)
    }

    async fn use_login(&self) -> Result<u8, Error> {
        let (context, login) = (self.context, self.login()?);
        if login.credential.source == Source::ApiKey {
            return Err(Error::usage(
                "--use-cli-login: HEROKU_API_KEY is set, which goes before any login",
                "unset it and run heroku login; or leave it, and passes that have it use it",
            ));
        }
        if let (Some(account), Some(email)) = (&self.subject.account, login.email())
            && !is_same_account(account, email)
        {
            return Err(Error::usage(
                format!(
                    "--account {account}: the Heroku CLI is logged in as {email}, and passes use no login of another account"
                ),
                format!("heroku login as {account} first, or leave --account out"),
            ));
        }
        let checked = check(context, self.stop, &login.client, &self.subject.apps).await?;
        let mut record = self.record(Kind::CliLogin, None);
        record.owner = login.email().map(ToOwned::to_owned);
        record.scope = checked.scope.clone().unwrap_or_default();
        let told = self.stop.or(expiry_of(&login.client, &login.credential));
        record.expires_at = told.await?.flatten();
        let does = "uses the Heroku CLI's login, and creates nothing";
        self.announce(&record, does, &checked.reach);
        self.agree("Use it?").await?;
        let _alone = alone(context, self.stop).await?;
        let before = keep(context, &record, None, None).await?;
        self.tell(&record, &checked);
        context.ui.warn("a login ends, and heroku logout ends it: restarts after that are missed, and each miss is reported");
        Ok(self.finish(before.as_ref(), &record).await)
    }

    async fn take(&self, token: Secret) -> Result<u8, Error> {
        let context = self.context;
        let given = given(context, self.stop, &self.subject, &token).await?;
        let place = place(context, self.flags.keep_in, self.stop, self.asks).await?;
        let mut record = self.record(Kind::Token, Some(place));
        if record.account.is_none() {
            record.account.clone_from(&given.owner);
        }
        let login = self.login.as_ref();
        let known = self.stop.or(given.fill(&mut record, login, &token)).await?;
        let does = "keeps the token that was given";
        self.announce(&record, does, &given.checked.reach);
        self.agree("Keep it?").await?;
        let _alone = alone(context, self.stop).await?;
        if let Some(before) = before(context, &record)?
            && own::token(context.env, &before)
                .await
                .is_ok_and(|old| old.expose() == token.expose())
        {
            // The very token that is kept already: only its place may be another one.
            let place = record.place;
            record = Record { place, ..before };
        }
        let before = keep(context, &record, Some(&token), None).await?;
        if let Some(known) = known {
            // Whatever was to be revoked before: it is in use now.
            Records::edit(context.env, |records| {
                records.forget(&known.id);
                let is_other =
                    |note: &ToRevoke| note.description.as_ref() != Some(&known.description);
                records.to_revoke.retain(is_other);
            })?;
        }
        self.tell(&record, &given.checked);
        Ok(self.finish(before.as_ref(), &record).await)
    }

    /// Revokes what was replaced.
    async fn finish(&self, before: Option<&Record>, record: &Record) -> u8 {
        let login = self.login.as_ref();
        let is_well = retire(self.context, self.stop, login, before, record).await;
        code(is_well, self.stop)
    }

    /// What is about to be done.
    fn announce(&self, record: &Record, does: &str, reach: &[String]) {
        let (context, subject) = (self.context, &self.subject);
        let now = context.clock.now();
        let account = subject.account_in_words();
        let mut lines = vec![("what", does.to_owned())];
        lines.push((
            "for",
            format!("schedules of {account} on {}", subject.host()),
        ));
        if let Some(owner) = record.owner.as_deref().filter(|owner| *owner != account) {
            lines.push(("of", owner.to_owned()));
        }
        if !record.scope.is_empty() {
            lines.push(("scope", words::scope(&record.scope)));
        }
        lines.push(("reaches", words::reach(reach)));
        lines.push(("expires", words::known_expiry(record, now)));
        lines.push(("kept in", own::place_in_words(context.env, record)));
        context.ui.say(&words::lines(&lines));
        if record.kind == Kind::Authorization {
            context.ui.say("A scope is for every app that the account reaches. To narrow it: a user of its own, invited to these apps only (heroku access:add); paste its token in place of this.");
        }
        if record.scope.iter().any(|scope| scope == "global") && record.kind == Kind::Token {
            context.ui.warn("this token can do everything that its account can; one with the scope write is enough");
        }
        if record.place == Some(Place::Keyring) && cfg!(all(unix, not(target_os = "macos"))) {
            context.ui.say("Cron jobs, and timers while you are logged out, cannot open the keyring: for them, --keep-in file.");
        }
    }

    async fn agree(&self, question: &str) -> Result<(), Error> {
        if !self.asks {
            return Ok(());
        }
        match self.context.ui.ask(question, true, self.stop).await {
            Some(true) => Ok(()),
            Some(false) => Err(Error::Declined),
            None => Err(Error::Interrupted),
        }
    }

    fn tell(&self, record: &Record, checked: &Checked) {
        let context = self.context;
        let now = context.clock.now();
        context.ui.either(
            || words::kept(context, record, checked, now),
            || words::json(context, record, checked),
        );
        if !context.ui.is_json {
            let auth = context.verb("auth");
            context.ui.hint(&format!(
                "{auth} shows it at any time; {} takes it away",
                context.verb("auth:remove")
            ));
        }
    }
}
