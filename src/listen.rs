//! Listens to the log of an app, and keeps what it tells of the memory of its dynos.

use crate::{
    clock::Clock,
    heroku::{Client, Error, LINES, LogQuery},
    memory::{Extract, Lives},
};
use jiff::{SignedDuration, Timestamp};
use std::cell::RefCell;

/// What Heroku itself says: the last lines, and what comes.
const QUERY: LogQuery = LogQuery {
    is_heroku_only: true,
    lines: LINES,
    is_tail: true,
};
/// A tail that says nothing for so long may be dead (the Heroku SDK opens another one too).
const SILENCE: SignedDuration = SignedDuration::from_mins(15);
/// Between the end of one session and the beginning of the next: each costs a request of the quota.
const SHORTEST_PAUSE: SignedDuration = SignedDuration::from_secs(5);
const LONGEST_PAUSE: SignedDuration = SignedDuration::from_mins(5);
/// Lines in a row of a later time than now.
const MOST_REFUSED: u32 = 3;
/// A session that lasted so long was none that failed.
const LASTED: SignedDuration = SignedDuration::from_mins(5);

/// Follows an app's log for good, session after session. What fails is tried again, later and later.
/// `tell` is told why the log cannot be read, and with `None` that it can again.
pub async fn follow(
    client: &Client,
    clock: Clock,
    app: &str,
    lives: &RefCell<Lives>,
    tell: impl Fn(Option<&Error>),
) {
    let mut pause = SHORTEST_PAUSE;
    loop {
        let began = clock.now();
        if let Err(error) = session(client, clock, app, lives, &tell).await {
            tracing::debug!(app, %error, "the log session ended");
            tell(Some(&error));
        }
        let has_lasted = clock.now().duration_since(began) >= LASTED;
        pause = if has_lasted {
            SHORTEST_PAUSE
        } else {
            (pause * 2).min(LONGEST_PAUSE)
        };
        clock.sleep(pause).await;
    }
}

/// One session, until it ends or says nothing any more.
async fn session(
    client: &Client,
    clock: Clock,
    app: &str,
    lives: &RefCell<Lives>,
    tell: &impl Fn(Option<&Error>),
) -> Result<(), Error> {
    let mut stream = client.open_log(app, QUERY).await?;
    let (mut extract, mut refused) = (Extract::default(), 0);
    tell(None);
    loop {
        let piece = tokio::select! {
            piece = stream.next() => piece?,
            () = clock.sleep(SILENCE) => return Ok(()),
        };
        let Some(piece) = piece else { return Ok(()) };
        let now = client.now();
        extract.push(&piece, |line| {
            let is_in_time = lives.borrow_mut().tell(line, now);
            refused = if is_in_time { 0 } else { refused + 1 };
        });
        // Not the lines are wrong, but this machine's clock was set: a new session learns Heroku's.
        if refused >= MOST_REFUSED {
            return Ok(());
        }
    }
}

/// Reads the last lines of a log, and goes on until enough is known, or an instant has come. With the
/// instant passed already, only the past is read.
///
/// # Errors
/// When the log cannot be read.
pub async fn look(
    client: &Client,
    clock: Clock,
    app: &str,
    until: Timestamp,
    is_enough: impl Fn(&Lives) -> bool,
) -> Result<Lives, Error> {
    let is_tail = until > clock.now();
    let query = LogQuery { is_tail, ..QUERY };
    let mut stream = client.open_log(app, query).await?;
    let (mut lives, mut extract) = (Lives::default(), Extract::default());
    loop {
        let left = until.duration_since(clock.now());
        let piece = tokio::select! {
            piece = stream.next() => piece,
            () = clock.sleep(left), if is_tail => return Ok(lives),
        };
        // What was read is true, whatever became of the rest.
        let Ok(Some(piece)) = piece else {
            extract.end(|line| _ = lives.tell(line, client.now()));
            return Ok(lives);
        };
        let now = client.now();
        extract.push(&piece, |line| _ = lives.tell(line, now));
        if is_tail && is_enough(&lives) {
            return Ok(lives);
        }
    }
}
