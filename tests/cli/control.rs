//! The sandbox's control routes, as the tests use them.

use autorestart::{
    clock::Clock,
    sandbox::{Sandbox, Scenario, World, serve},
};
use serde_json::Value;
use std::collections::BTreeMap;

/// A sandbox in this process, on this runtime.
pub struct Heroku {
    pub url: String,
    http: reqwest::Client,
}

impl Heroku {
    pub async fn start(scenario: &Scenario, clock: Clock) -> Self {
        let sandbox = Sandbox::bind(0, World::new(scenario, clock))
            .await
            .expect("a free port");
        let url = sandbox.url().expect("an address");
        tokio::spawn(serve(sandbox));
        Self::at(url)
    }

    /// A sandbox that is already there.
    pub fn at(url: String) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder()
            .no_proxy()
            .build()
            .expect("a client");
        Self { url, http }
    }

    pub async fn send(&self, method: reqwest::Method, path: &str, body: &Value) {
        let request = self.http.request(method, format!("{}{path}", self.url));
        let response = while_time_stands_still(request.json(body).send()).await;
        let status = response.expect("the sandbox answers").status();
        assert!(status.is_success(), "{path} {body}: {status}");
    }

    pub async fn patch(&self, path: &str, body: &Value) {
        self.send(reqwest::Method::PATCH, path, body).await;
    }

    pub async fn faults(&self, faults: &Value) {
        self.send(reqwest::Method::POST, "/sandbox/faults", faults)
            .await;
    }

    pub async fn no_faults(&self) {
        self.send(reqwest::Method::DELETE, "/sandbox/faults", &Value::Null)
            .await;
    }

    /// What an authorization is revoked by that nobody asked us about.
    pub async fn revoke(&self, id: &str) {
        let path = format!("/sandbox/authorizations/{id}");
        self.send(reqwest::Method::DELETE, &path, &Value::Null)
            .await;
    }

    pub async fn get<T: serde::de::DeserializeOwned>(&self, path: &str) -> T {
        let request = self.http.get(format!("{}{path}", self.url));
        while_time_stands_still(async {
            let response = request.send().await.expect("the sandbox answers");
            response.json().await.expect("JSON")
        })
        .await
    }

    pub async fn record(&self) -> Record {
        self.get("/sandbox/record").await
    }
}

/// A paused clock goes on when nothing else is to be done; that a socket is waited for is nothing to it, but a
/// thread is.
async fn while_time_stands_still<T>(work: impl Future<Output = T>) -> T {
    let (held, until_dropped) = std::sync::mpsc::channel::<()>();
    tokio::task::spawn_blocking(move || until_dropped.recv().is_ok());
    let done = work.await;
    drop(held);
    done
}

/// What really happened.
#[derive(Debug, Clone, serde::Deserialize)]
pub struct Record {
    pub requests: Vec<Request>,
    pub restarts: Vec<Restart>,
}

#[derive(Debug, Clone, serde::Deserialize)]
pub struct Request {
    pub method: String,
    pub path: String,
    #[serde(default)]
    pub fault: Option<String>,
    #[serde(default)]
    pub status: Option<u16>,
}

#[derive(Debug, Clone, serde::Deserialize)]
pub struct Restart {
    pub at: jiff::Timestamp,
    pub asked_at: jiff::Timestamp,
    pub app: String,
    pub dyno: String,
    pub process_type: String,
    pub old_id: String,
    /// None when it was ended for good.
    pub new_id: Option<String>,
    pub cause: String,
    pub down: u32,
    #[serde(default)]
    pub fell: u32,
}

impl Record {
    /// How often each dyno was restarted because somebody asked for it, by its name: on Fir each new dyno
    /// has a new one.
    pub fn restarts(&self) -> BTreeMap<String, u32> {
        let mut count = BTreeMap::new();
        for restart in self
            .restarts
            .iter()
            .filter(|restart| restart.cause == "request")
        {
            *count.entry(restart.dyno.clone()).or_default() += 1;
        }
        count
    }

    /// The most dynos of one process type that were down right after a restart that was asked for.
    pub fn most_down(&self) -> u32 {
        let asked = self
            .restarts
            .iter()
            .filter(|restart| restart.cause == "request");
        asked.map(|restart| restart.down).max().unwrap_or(0)
    }
}
