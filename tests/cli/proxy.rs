//! In real time, through a proxy that breaks one call: each fault of the network on each call, once.
//!
//! `AUTORESTART_TEST_ALL=1 cargo test --test cli proxy:: -- --nocapture` breaks every call in every way;
//! without it every call and every way has its turn once.

use crate::{
    network::acceptor,
    process::{Home, Served, Told, block, each_once, now, schedule, shop},
};
use autorestart::clock::Clock;
use jiff::SignedDuration;
use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    /// The connection is reset before the request goes on.
    ResetBefore,
    /// It is reset in place of the answer.
    Reset,
    /// The side that answers is closed, and nothing was answered.
    HalfClose,
    /// Half of the answer, and the end.
    Truncate,
    /// The answer, a byte at a time, for longer than anybody waits.
    Trickle,
    /// Nothing goes on, and nothing comes back.
    Swallow,
    /// The request goes on, and nothing comes back.
    BlackHole,
    Garbage,
    /// No connection is made: the handshake fails.
    Tls,
}

const FAULTS: [Fault; 9] = [
    Fault::ResetBefore,
    Fault::Reset,
    Fault::HalfClose,
    Fault::Truncate,
    Fault::Trickle,
    Fault::Swallow,
    Fault::BlackHole,
    Fault::Garbage,
    Fault::Tls,
];

/// Which call is broken: the how manieth of its kind, and of all, as another pass made them.
#[derive(Debug, Clone)]
struct Call {
    kind: String,
    nth: usize,
    number: usize,
}

/// Speaks TLS to one process, and passes its calls on, one connection each.
struct Proxy {
    url: String,
    calls: Arc<Mutex<Vec<String>>>,
}

#[derive(Clone)]
struct Way {
    acceptor: TlsAcceptor,
    target: String,
    calls: Arc<Mutex<Vec<String>>>,
    count: Arc<AtomicUsize>,
    fault: Option<(Call, Fault)>,
}

impl Proxy {
    /// Until the process of the tests ends.
    fn start(heroku: &str, authority: &Path, fault: Option<(Call, Fault)>) -> Self {
        let calls = Arc::<Mutex<Vec<String>>>::default();
        let way = Way {
            acceptor: acceptor(authority),
            target: heroku.trim_start_matches("http://").to_owned(),
            calls: Arc::clone(&calls),
            count: Arc::default(),
            fault,
        };
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        listener.set_nonblocking(true).expect("it does not wait");
        std::thread::spawn(move || {
            block(async move {
                let listener = TcpListener::from_std(listener).expect("a listener");
                while let Ok((stream, _)) = listener.accept().await {
                    let way = way.clone();
                    tokio::spawn(async move { way.pass(stream).await });
                }
            });
        });
        let url = format!("https://localhost:{port}");
        Self { url, calls }
    }
}

impl Way {
    async fn pass(self, mut stream: TcpStream) -> Option<()> {
        let number = self.count.fetch_add(1, Ordering::Relaxed);
        // What a connection is for is not known before there is one.
        let is_tls = |(call, fault): &(Call, Fault)| *fault == Fault::Tls && call.number == number;
        if self.fault.as_ref().is_some_and(is_tls) {
            self.note("a handshake");
            let alert = [0x15, 3, 3, 0, 2, 2, 40];
            stream.write_all(&alert).await.ok()?;
            return stream.shutdown().await.ok();
        }
        let mut client = self.acceptor.accept(stream).await.ok()?;
        let request = head_and_body(&mut client).await?;
        let nth = self.note(request.lines().next().unwrap_or_default());
        let is_it = |(call, _): &&(Call, Fault)| nth == (call.kind.clone(), call.nth);
        let fault = self.fault.as_ref().filter(is_it).map(|(_, fault)| *fault);
        let fault = fault.filter(|fault| *fault != Fault::Tls);
        match fault {
            Some(Fault::ResetBefore) => return reset(&client),
            Some(Fault::Swallow) => return std::future::pending().await,
            _ => {}
        }
        let mut server = TcpStream::connect(&self.target).await.ok()?;
        let request = request.replacen("\r\n", "\r\nconnection: close\r\n", 1);
        server.write_all(request.as_bytes()).await.ok()?;
        let mut answer = vec![];
        server.read_to_end(&mut answer).await.ok()?;
        match fault {
            None => client.write_all(&answer).await.ok()?,
            Some(Fault::Reset) => return reset(&client),
            Some(Fault::HalfClose) => {
                client.shutdown().await.ok()?;
                return std::future::pending().await;
            }
            Some(Fault::Truncate) => {
                client.write_all(&answer[..answer.len() / 2]).await.ok()?;
            }
            Some(Fault::Trickle) => {
                for byte in answer {
                    client.write_all(&[byte]).await.ok()?;
                    client.flush().await.ok()?;
                    Clock::System.sleep(SignedDuration::from_millis(20)).await;
                }
            }
            Some(Fault::Garbage) => {
                let garbage: Vec<u8> = (0..=255).cycle().take(2_000).collect();
                client.write_all(&garbage).await.ok()?;
            }
            Some(_) => return std::future::pending().await,
        }
        client.shutdown().await.ok()
    }

    /// Of which kind it is, and how many of these there were before.
    fn note(&self, call: &str) -> (String, usize) {
        let mut calls = self.calls.lock().expect("calls");
        let kind = kind(call);
        let nth = calls.iter().filter(|known| **known == kind).count();
        calls.push(kind.clone());
        (kind, nth)
    }
}

/// An RST in place of an end.
fn reset(client: &TlsStream<TcpStream>) -> Option<()> {
    client.get_ref().0.set_zero_linger().ok()
}

/// One whole request, as text.
async fn head_and_body(client: &mut TlsStream<TcpStream>) -> Option<String> {
    let mut bytes = vec![];
    loop {
        let mut piece = [0; 4_096];
        let count = client
            .read(&mut piece)
            .await
            .ok()
            .filter(|count| *count > 0)?;
        bytes.extend_from_slice(&piece[..count]);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let Some(end) = text.find("\r\n\r\n") else {
            continue;
        };
        let length = text[..end].lines().find_map(|line| {
            let line = line.to_ascii_lowercase();
            line.strip_prefix("content-length:")?.trim().parse().ok()
        });
        if text.len() >= end + 4 + length.unwrap_or(0_usize) {
            return Some(text);
        }
    }
}

/// What a call is, whichever app and dyno it is about: `GET /apps/_/dynos`.
fn kind(call: &str) -> String {
    let mut words = call.split(' ');
    let (method, path) = (
        words.next().unwrap_or_default(),
        words.next().unwrap_or_default(),
    );
    let segments = path.split('/').map(|segment| match segment {
        "example-app" => "_",
        id if id.len() == 36 || id.starts_with("web.") || id.starts_with("worker.") => "_",
        word => word,
    });
    format!("{method} {}", segments.collect::<Vec<_>>().join("/"))
}

/// A pass through a proxy, by a clock of which a minute is a second.
struct Trial {
    told: Told,
    calls: Vec<String>,
}

fn schedules(url: &str) -> String {
    let key = |key: &str| format!("{key}-url = \"{url}/router/example-app/{key}\"\n");
    schedule("07:00") + &key("check") + &key("busy")
}

async fn pass(home: &Home, served: &Served, fault: Option<(Call, Fault)>) -> Trial {
    let authority = home.path().join("authority.pem");
    let proxy = Proxy::start(&served.heroku.url, &authority, fault);
    home.write_schedules(&schedules(&proxy.url));
    let mut command = home.command(&proxy.url, &["run"]);
    command
        .env("NODE_EXTRA_CA_CERTS", &authority)
        .env("AUTORESTART_REQUEST_TIMEOUT", "1s")
        .env("AUTORESTART_CLOCK", format!("{}*60", now(served).await));
    let told = command.output().expect("it runs").into();
    let calls = proxy.calls.lock().expect("calls").clone();
    Trial { told, calls }
}

fn world() -> (Home, Served) {
    let home = Home::new().without_offset();
    let served = Served::start(&shop(&home, 5), Some("2026-03-02T07:00:10Z*60"));
    (home, served)
}

/// The first and the last of the calls of each kind.
fn worth_breaking() -> Vec<Call> {
    let (home, served) = world();
    let trial = block(pass(&home, &served, None));
    assert_eq!(trial.told.code, Some(0), "{:?}", trial.told);
    let kinds = &trial.calls;
    let call = |(number, kind): (usize, &String)| Call {
        kind: kind.clone(),
        nth: kinds[..number]
            .iter()
            .filter(|known| *known == kind)
            .count(),
        number,
    };
    let is_last = |call: &Call| !kinds[call.number + 1..].contains(&call.kind);
    let calls = kinds.iter().enumerate().map(call);
    calls
        .filter(|call| call.nth == 0 || is_last(call))
        .collect()
}

/// One call broken in one way: each dyno is restarted once, by this pass or the next; or it is said why not.
/// Returns how it ended, and whether the call was made at all: a busy machine looks less often.
fn break_one(call: &Call, fault: Fault) -> (Option<i32>, bool) {
    let what = format!("{fault:?} of {call:?}");
    let (home, served) = world();
    block(async {
        let trial = pass(&home, &served, Some((call.clone(), fault))).await;
        let told = &trial.told;
        let record = served.heroku.record().await;
        let counts = record.restarts();
        assert!(
            counts.values().all(|count| *count == 1) && record.most_down() <= 1,
            "{what}: {counts:?} {told:?}"
        );
        assert!(!told.stderr.contains("panicked"), "{what}: {told:?}");
        if told.code == Some(0) {
            assert_eq!(counts, each_once(), "{what}: {told:?}");
        } else {
            assert!(matches!(told.code, Some(1 | 3)), "{what}: {told:?}");
            let said = format!("{}{}", told.stdout, told.stderr);
            let is_said = [
                "failed",
                "could not",
                "cannot",
                "not reached",
                "no answer",
                "left alone",
            ];
            assert!(
                is_said.iter().any(|word| said.contains(word)),
                "{what}: {told:?}"
            );
        }
        let made = if fault == Fault::Tls {
            trial
                .calls
                .iter()
                .any(|call| call.starts_with("a handshake"))
        } else {
            trial
                .calls
                .iter()
                .filter(|kind| **kind == call.kind)
                .count()
                > call.nth
        };
        assert!(made || call.nth > 0, "{what}: it was broken");
        // Six minutes later nothing is in the way.
        let later = serde_json::json!({ "advance": "6m" });
        served.heroku.patch("/sandbox", &later).await;
        let again = pass(&home, &served, None).await;
        let record = served.heroku.record().await;
        assert_eq!(
            record.restarts(),
            each_once(),
            "{what}, afterwards: {:?} then {:?}",
            told,
            again.told
        );
        (told.code, made)
    })
}

#[test]
fn each_fault_of_the_network_on_each_call_restarts_no_dyno_twice() {
    let worth = worth_breaking();
    let is_all = std::env::var_os("AUTORESTART_TEST_ALL").is_some();
    let trials: Vec<(&Call, Fault)> = if is_all {
        let of_call = |call| FAULTS.map(|fault| (call, fault));
        worth.iter().flat_map(of_call).collect()
    } else {
        // Every call, and every way, at least once.
        let count = worth.len().max(FAULTS.len());
        let trial = |place: usize| (&worth[place % worth.len()], FAULTS[place % FAULTS.len()]);
        (0..count).map(trial).collect()
    };
    let kinds: BTreeSet<&str> = worth.iter().map(|call| call.kind.as_str()).collect();
    println!("{} calls of {} kinds: {kinds:?}", worth.len(), kinds.len());
    assert!(kinds.len() >= 7, "{kinds:?}");
    let next = AtomicUsize::new(0);
    let codes = Mutex::new(BTreeMap::<Option<i32>, usize>::new());
    let unmade = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        // They wait for most of the time.
        for _ in 0..4 {
            scope.spawn(|| {
                while let Some((call, fault)) = trials.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let (code, made) = break_one(call, *fault);
                    unmade.fetch_add(usize::from(!made), Ordering::Relaxed);
                    *codes.lock().expect("codes").entry(code).or_default() += 1;
                }
            });
        }
    });
    let codes = codes.into_inner().expect("codes");
    let unmade = unmade.into_inner();
    println!(
        "{} trials, by exit code: {codes:?}; {unmade} of the last calls were not made",
        trials.len()
    );
    assert!(unmade * 4 <= trials.len(), "{unmade}");
}
