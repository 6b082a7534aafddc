//! How Heroku is reached: long lists page by page, certificates, proxies.

use crate::{
    control::Heroku,
    process::{Home, Told},
};
use autorestart::{
    clock::Clock,
    credentials,
    env::Env,
    heroku::{Client, Options},
    observe,
    sandbox::Scenario,
};
use std::{path::Path, sync::Arc};
use tokio::{
    io::{AsyncReadExt as _, copy_bidirectional},
    net::{TcpListener, TcpStream},
};
use tokio_rustls::{TlsAcceptor, rustls};

#[tokio::test]
async fn a_list_longer_than_a_page_is_read_whole() {
    let world =
        "[[app]]\nname = \"example-app\"\n[[app.formation]]\ntype = \"worker\"\nquantity = 1200\n";
    let heroku = Heroku::start(&Scenario::parse(world).expect("a scenario"), Clock::System).await;
    let env = Env::from_pairs(
        [
            ("HEROKU_HOST", heroku.url.as_str()),
            ("HEROKU_API_KEY", "x"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned())),
    );
    let options = Options::from_env(&env).expect("options");
    let credential = credentials::resolve(&env, &options.host, credentials::Use::Person)
        .await
        .expect("a token");
    let client = Client::new(&options, &credential, Clock::System).expect("a client");
    let snapshot = observe::whole(&client, "example-app")
        .await
        .expect("a snapshot");
    let mut ids: Vec<&str> = snapshot.dynos.iter().map(|dyno| dyno.id.as_str()).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 1_200, "each once");
    let lists = heroku
        .record()
        .await
        .requests
        .into_iter()
        .filter(|request| request.path.ends_with("/dynos"));
    assert_eq!(lists.count(), 2, "two pages");
}

/// What answers for `localhost` with a certificate of an authority of its own, which is written down.
pub fn acceptor(authority: &Path) -> TlsAcceptor {
    let key = rcgen::KeyPair::generate().expect("a key");
    let mut parameters = rcgen::CertificateParams::new(vec![]).expect("parameters");
    parameters.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let ca = parameters.self_signed(&key).expect("an authority");
    std::fs::write(authority, ca.pem()).expect("a file");
    let issuer = rcgen::Issuer::new(parameters, key);
    let server_key = rcgen::KeyPair::generate().expect("a key");
    let server = rcgen::CertificateParams::new(vec!["localhost".to_owned()]).expect("parameters");
    let certificate = server
        .signed_by(&server_key, &issuer)
        .expect("a certificate");
    let private =
        rustls::pki_types::PrivateKeyDer::try_from(server_key.serialize_der()).expect("a key");
    let config = rustls::ServerConfig::builder_with_provider(Arc::new(
        rustls::crypto::ring::default_provider(),
    ))
    .with_safe_default_protocol_versions()
    .expect("versions")
    .with_no_client_auth()
    .with_single_cert(vec![certificate.der().clone()], private)
    .expect("a certificate that fits");
    TlsAcceptor::from(Arc::new(config))
}

/// A port that speaks TLS with a certificate of its own authority, and passes on to the sandbox.
async fn behind_tls(heroku: &Heroku, authority: &Path) -> String {
    let (acceptor, target) = (
        acceptor(authority),
        heroku.url.trim_start_matches("http://").to_owned(),
    );
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (acceptor, target) = (acceptor.clone(), target.clone());
            tokio::spawn(async move {
                let mut secure = acceptor.accept(stream).await.ok()?;
                let mut plain = TcpStream::connect(target).await.ok()?;
                copy_bidirectional(&mut secure, &mut plain).await.ok()
            });
        }
    });
    format!("https://localhost:{port}")
}

async fn plan(home: &Home, host: &str, variables: &[(&str, &str)]) -> Told {
    let mut command = home.command(host, &["plan", "--json"]);
    command.envs(variables.iter().copied());
    let output = tokio::task::spawn_blocking(move || command.output()).await;
    output.expect("joined").expect("it runs").into()
}

#[tokio::test]
async fn an_authority_of_one_s_own_is_believed_only_when_it_is_named() {
    let heroku = Heroku::start(
        &Scenario::built_in("leaky-shop").expect("built in"),
        Clock::System,
    )
    .await;
    let home = Home::new();
    let authority = home.path().join("authority.pem");
    let host = behind_tls(&heroku, &authority).await;
    home.write_schedules("version = 1\n[[schedule]]\napp = \"example-app\"\nat = \"07:00\"\n");
    let named = authority.display().to_string();
    for variable in ["NODE_EXTRA_CA_CERTS", "SSL_CERT_FILE"] {
        let told = plan(&home, &host, &[(variable, &named)]).await;
        assert_eq!(told.code, Some(0), "{variable}: {told:?}");
    }
    let before = heroku.record().await.requests.len();
    let told = plan(&home, &host, &[]).await;
    assert_eq!(
        (told.code, told.json()["errors"][0]["code"].as_str()),
        (Some(1), Some("unreachable")),
        "{told:?}"
    );
    assert_eq!(
        heroku.record().await.requests.len(),
        before,
        "nothing was sent"
    );
    let empty = home.path().join("empty.pem");
    std::fs::write(&empty, "no certificate\n").expect("a file");
    let empty = empty.display().to_string();
    for file in ["/no/such/file", &empty] {
        let told = plan(&home, &host, &[("NODE_EXTRA_CA_CERTS", file)]).await;
        let message = told.json()["errors"][0]["message"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        assert!(
            told.code == Some(1)
                && message.contains("NODE_EXTRA_CA_CERTS")
                && message.contains(file),
            "{told:?}"
        );
    }
}

#[tokio::test]
async fn a_proxy_is_asked_but_not_for_this_machine_and_one_that_cannot_be_is_refused() {
    let heroku = Heroku::start(
        &Scenario::built_in("leaky-shop").expect("built in"),
        Clock::System,
    )
    .await;
    let home = Home::new();
    home.write_schedules("version = 1\n[[schedule]]\napp = \"example-app\"\nat = \"07:00\"\n");
    let nobody = "http://127.0.0.1:9";
    let told = plan(
        &home,
        &heroku.url,
        &[("HTTP_PROXY", nobody), ("ALL_PROXY", nobody)],
    )
    .await;
    assert_eq!(told.code, Some(0), "loopback goes past the proxy: {told:?}");

    let proxy = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = format!("http://{}", proxy.local_addr().expect("an address"));
    let asked = tokio::spawn(async move {
        let (mut stream, _) = proxy.accept().await.expect("a connection");
        let mut line = [0; 64];
        let length = stream.read(&mut line).await.expect("bytes");
        String::from_utf8_lossy(&line[..length]).into_owned()
    });
    let variables = [
        ("HTTPS_PROXY", address.as_str()),
        ("AUTORESTART_REQUEST_TIMEOUT", "1s"),
    ];
    let told = plan(&home, "heroku.com", &variables).await;
    assert_eq!(told.code, Some(1), "{told:?}");
    assert!(
        asked
            .await
            .expect("joined")
            .starts_with("CONNECT api.heroku.com:443"),
        "the proxy is asked for Heroku"
    );

    // One that cannot be read is not gone round.
    for wrong in [
        "http://",
        "htp://127.0.0.1:9",
        "socks5://127.0.0.1:9",
        "http://127.0.0.1:x",
        "htp//:127.0.0.1",
        "http:/127.0.0.1:9",
    ] {
        let told = plan(&home, "heroku.com", &[("HTTPS_PROXY", wrong)]).await;
        let message = told.json()["errors"][0]["message"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        assert!(
            told.code == Some(1) && message.contains("HTTPS_PROXY"),
            "{wrong}: {told:?}"
        );
    }
}

#[tokio::test]
async fn a_proxy_that_cannot_be_reached_is_named() {
    let home = Home::new();
    home.write_schedules("version = 1\n[[schedule]]\napp = \"example-app\"\nat = \"07:00\"\n");
    let nobody = [("HTTPS_PROXY", "http://127.0.0.1:9")];
    let told = plan(&home, "heroku.com", &nobody).await;
    let json = told.json();
    let message = json["errors"][0]["message"].as_str().unwrap_or_default();
    assert!(
        message.contains("api.heroku.com through the proxy of HTTPS_PROXY"),
        "{told:?}"
    );
}

/// What comes to a proxy that is named like this, with its address in place of `PROXY`.
async fn asked_of_proxy(home: &Home, variables: &[(&str, &str)]) -> String {
    let proxy = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = proxy.local_addr().expect("an address").to_string();
    let variables: Vec<(&str, String)> = variables
        .iter()
        .map(|(name, value)| (*name, value.replace("PROXY", &address)))
        .collect();
    let variables: Vec<(&str, &str)> = variables
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .chain([("AUTORESTART_REQUEST_TIMEOUT", "1s")])
        .collect();
    let asked = async {
        let (mut stream, _) = proxy.accept().await.expect("a connection");
        let mut bytes = [0; 512];
        let length = stream.read(&mut bytes).await.expect("bytes");
        String::from_utf8_lossy(&bytes[..length]).into_owned()
    };
    let (asked, _) = tokio::join!(asked, plan(home, "heroku.com", &variables));
    asked
}

#[tokio::test]
async fn a_proxy_is_found_however_it_is_written() {
    let home = Home::new();
    home.write_schedules("version = 1\n[[schedule]]\napp = \"example-app\"\nat = \"07:00\"\n");
    for variables in [
        &[("HTTPS_PROXY", "PROXY")][..],
        &[("HTTPS_PROXY", "http://PROXY ")],
        &[("HTTPS_PROXY", ""), ("https_proxy", "http://PROXY")],
        &[("ALL_PROXY", "http://PROXY/")],
        &[("HTTPS_PROXY", "http://PROXY"), ("NO_PROXY", "example.com")],
    ] {
        let asked = asked_of_proxy(&home, variables).await;
        assert!(
            asked.starts_with("CONNECT api.heroku.com:443"),
            "{variables:?}: {asked}"
        );
    }
    let asked = asked_of_proxy(&home, &[("https_proxy", "http://me:p^w@PROXY")]).await;
    assert!(
        asked
            .to_ascii_lowercase()
            .contains("proxy-authorization: basic bwu6cf53"),
        "me:p^w, in Base64: {asked}"
    );
}

#[tokio::test]
async fn headers_of_the_environment_are_sent_as_the_heroku_cli_sends_them() {
    let home = Home::new();
    home.write_schedules("version = 1\n[[schedule]]\napp = \"example-app\"\nat = \"07:00\"\n");
    let heroku = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let host = format!("http://{}", heroku.local_addr().expect("an address"));
    let headers = r#"{"X-One":"1","X-Number":2,"X-Nothing":null,"User-Agent":"mine","Authorization":"Basic x"}"#;
    let asked = async {
        let (mut stream, _) = heroku.accept().await.expect("a connection");
        let mut bytes = [0; 1_024];
        let length = stream.read(&mut bytes).await.expect("bytes");
        String::from_utf8_lossy(&bytes[..length]).to_ascii_lowercase()
    };
    let variables = [
        ("HEROKU_HEADERS", headers),
        ("AUTORESTART_REQUEST_TIMEOUT", "1s"),
    ];
    let (asked, _) = tokio::join!(asked, plan(&home, &host, &variables));
    for line in [
        "x-one: 1",
        "x-number: 2",
        "user-agent: mine",
        "authorization: bearer ",
    ] {
        assert!(asked.contains(line), "{line} in {asked}");
    }
    assert!(!asked.contains("x-nothing"), "{asked}");
}
