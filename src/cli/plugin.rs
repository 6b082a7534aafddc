//! What the plugin adds to the command line: ids, what is done about the app, examples.

/// What the Heroku CLI does about the app of a command before it starts us.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AppPolicy {
    /// `--app`, `HEROKU_APP` or a git remote: one of them must name it.
    Resolve,
    /// Only a typed `--app` counts.
    Typed,
}

/// Commands of the plugin: id, what is done about the app, examples.
pub const PLUGIN: [(&str, AppPolicy, &[&str]); 24] = [
    (
        "",
        AppPolicy::Typed,
        &[
            "heroku dynos:autorestart",
            "heroku dynos:autorestart --app example-app --json",
        ],
    ),
    (
        "set",
        AppPolicy::Resolve,
        &[
            "heroku dynos:autorestart:set --app example-app --at 07,14",
            "heroku dynos:autorestart:set --app example-app --at 03:30 --days mon-fri --timezone Europe/Paris",
            "heroku dynos:autorestart:set --app example-app --memory 90% --at 07,14 --if-needed",
            "heroku dynos:autorestart:set --app example-app --cron '0 4 * * sun#1' --except 2026-12-24..2026-12-26",
            "heroku dynos:autorestart:set --pipeline shop --stage production --at 07,14",
            "heroku dynos:autorestart:set --app example-app --name workers --process-type worker --max-uptime 6h --window 22:00-06:00",
        ],
    ),
    (
        "remove",
        AppPolicy::Resolve,
        &["heroku dynos:autorestart:remove --app example-app"],
    ),
    (
        "pause",
        AppPolicy::Resolve,
        &[
            "heroku dynos:autorestart:pause --app example-app",
            "heroku dynos:autorestart:pause --app example-app --until 2026-12-01T09:00",
        ],
    ),
    (
        "resume",
        AppPolicy::Resolve,
        &["heroku dynos:autorestart:resume --app example-app"],
    ),
    (
        "plan",
        AppPolicy::Typed,
        &[
            "heroku dynos:autorestart:plan",
            "heroku dynos:autorestart:plan --app example-app --next 10",
            "heroku dynos:autorestart:plan --app example-app --from 2026-12-20 --to 2026-12-31",
        ],
    ),
    (
        "run",
        AppPolicy::Typed,
        &[
            "heroku dynos:autorestart:run",
            "heroku dynos:autorestart:run --watch",
            "heroku dynos:autorestart:run --now --app example-app --process-type web --yes",
        ],
    ),
    (
        "status",
        AppPolicy::Resolve,
        &[
            "heroku dynos:autorestart:status --app example-app",
            "heroku dynos:autorestart:status --app example-app --watch",
            "heroku dynos:autorestart:status --app example-app --svg memory.svg",
        ],
    ),
    (
        "simulate",
        AppPolicy::Typed,
        &[
            "heroku dynos:autorestart:simulate --file saved.log",
            "heroku dynos:autorestart:simulate --file saved.log.gz --policy '--memory 90%' --policy '--at 07,14 --if-needed' --svg policies.svg",
        ],
    ),
    (
        "history",
        AppPolicy::Typed,
        &["heroku dynos:autorestart:history --app example-app"],
    ),
    (
        "auth",
        AppPolicy::Typed,
        &[
            "heroku dynos:autorestart:auth",
            "heroku dynos:autorestart:auth --json",
        ],
    ),
    (
        "auth setup",
        AppPolicy::Typed,
        &[
            "heroku dynos:autorestart:auth:setup",
            "heroku dynos:autorestart:auth:setup --create --expires-in 90d --app example-app",
            "heroku dynos:autorestart:auth:setup --token-stdin < token",
        ],
    ),
    (
        "auth rotate",
        AppPolicy::Typed,
        &[
            "heroku dynos:autorestart:auth:rotate",
            "heroku dynos:autorestart:auth:rotate --keep-in file",
        ],
    ),
    (
        "auth remove",
        AppPolicy::Typed,
        &["heroku dynos:autorestart:auth:remove --confirm me@example.com"],
    ),
    (
        "deploy",
        AppPolicy::Typed,
        &[
            "heroku dynos:autorestart:deploy",
            "heroku dynos:autorestart:deploy --team acme --yes",
            "heroku dynos:autorestart:deploy --scheduler",
        ],
    ),
    (
        "deploy remove",
        AppPolicy::Typed,
        &["heroku dynos:autorestart:deploy:remove --confirm example-runner"],
    ),
    (
        "install",
        AppPolicy::Typed,
        &[
            "heroku dynos:autorestart:install",
            "heroku dynos:autorestart:install --print",
            "heroku dynos:autorestart:install --print github-actions",
        ],
    ),
    (
        "uninstall",
        AppPolicy::Typed,
        &["heroku dynos:autorestart:uninstall"],
    ),
    (
        "apply",
        AppPolicy::Typed,
        &[
            "heroku dynos:autorestart:apply --file autorestart.toml",
            "heroku dynos:autorestart:apply --file autorestart.toml --yes",
        ],
    ),
    (
        "export",
        AppPolicy::Typed,
        &[
            "heroku dynos:autorestart:export > autorestart.toml",
            "heroku dynos:autorestart:export --schema > autorestart.schema.json",
        ],
    ),
    (
        "notify",
        AppPolicy::Typed,
        &["heroku dynos:autorestart:notify"],
    ),
    (
        "notify add",
        AppPolicy::Typed,
        &["heroku dynos:autorestart:notify:add ops"],
    ),
    (
        "notify remove",
        AppPolicy::Typed,
        &["heroku dynos:autorestart:notify:remove ops"],
    ),
    (
        "doctor",
        AppPolicy::Typed,
        &["heroku dynos:autorestart:doctor"],
    ),
];
