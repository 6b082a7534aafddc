//! A log as it comes: `POST /apps/{app}/log-sessions`, and what its URL sends (HEROKU 3.3, 3.4).
//!
//! Sent as plain text or as server-sent events, whichever the answer says it is: Fir's plain text has
//! nothing between two lines, so that events are asked for. They are read here as bytes: no text decoder
//! may give up on what an app prints.

use super::{Client, Error, elsewhere::place, sending::Question, wire};
use reqwest::{
    Method, Response,
    header::{ACCEPT, CONTENT_TYPE},
};
use serde_json::{Value, json};
use std::time::Duration;

/// Which lines of a log.
#[derive(Debug, Clone, Copy)]
pub struct LogQuery {
    /// Only what Heroku itself says, of the lines that are there.
    pub is_heroku_only: bool,
    /// Of the past; Fir has none.
    pub lines: u32,
    /// Whether it goes on.
    pub is_tail: bool,
}

/// A log that is being read.
pub struct LogStream {
    response: Response,
    events: Option<Events>,
    host: String,
}

/// A tail has no end of its own: this is only against a connection that hangs for ever.
const LONGEST: Duration = Duration::from_secs(7 * 24 * 3_600);

impl Client {
    /// Opens an app's log. Each call is one request of the account's quota.
    ///
    /// # Errors
    /// When Heroku cannot be asked, or answers with an error; [`Error::NoLog`] when only the place of
    /// the log does.
    pub async fn open_log(&self, app: &str, query: LogQuery) -> Result<LogStream, Error> {
        let mut body = json!({ "lines": query.lines, "tail": query.is_tail });
        if query.is_heroku_only {
            body["source"] = json!("heroku");
        }
        let limit = query.is_tail.then_some(LONGEST);
        let (response, host) = self
            .begin_log(app, &body, "text/event-stream", limit)
            .await?;
        let kind = response.headers().get(CONTENT_TYPE);
        let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        let is_events = kind.starts_with("text/event-stream");
        Ok(LogStream {
            events: is_events.then(Events::default),
            response,
            host,
        })
    }

    /// A log that has begun to come, and the host that it comes from.
    pub(super) async fn begin_log(
        &self,
        app: &str,
        body: &Value,
        accept: &str,
        limit: Option<Duration>,
    ) -> Result<(Response, String), Error> {
        // A watch of many apps that was cut off opens all their logs again.
        let turn = self.opening.acquire().await;
        let path = ["apps", app, "log-sessions"];
        let mut question = Question::new(Method::POST, &path);
        question.body = Some(body);
        let response = self.send(&question).await?;
        let session: wire::LogSession = self.secret_value(response).await?;
        drop(turn);
        let url = self.elsewhere(&session.logplex_url)?;
        let host = place(&url);
        let mut request = self.elsewhere_http()?.get(url).header(ACCEPT, accept);
        if let Some(limit) = limit {
            request = request.timeout(limit);
        }
        // A tail may last; its beginning may not.
        let response = tokio::time::timeout(self.time_limit, request.send()).await;
        let response = response.map_err(|_| Error::TimedOut {
            host: host.clone(),
            limit: self.time_limit,
        })?;
        let response = response.map_err(|error| self.failure_of(&error, &host))?;
        let status = response.status();
        if status.is_success() {
            return Ok((response, host));
        }
        let status = status.to_string();
        Err(Error::NoLog { host, status })
    }
}

impl LogStream {
    /// The next piece of the log, cut anywhere; `None` when it is over.
    ///
    /// # Errors
    /// When the connection breaks.
    pub async fn next(&mut self) -> Result<Option<Vec<u8>>, Error> {
        let piece = self.response.chunk().await;
        let piece = piece.map_err(|error| Error::Broken {
            host: self.host.clone(),
            // Without its URL, which is a secret.
            why: super::client::cause(&error.without_url()),
        })?;
        Ok(piece.map(|piece| match &mut self.events {
            Some(events) => events.push(&piece),
            None => piece.to_vec(),
        }))
    }
}

/// Server-sent events (WHATWG HTML, 9.2): what their `data` says, as lines.
#[derive(Debug, Default)]
pub struct Events {
    /// The beginning of a line whose end has not come.
    rest: Vec<u8>,
    has_data: bool,
    ended_in_return: bool,
}

/// More than any of Heroku's lines.
const LONGEST_LINE: usize = 64 << 10;

impl Events {
    /// The lines that end in this piece, which may be cut anywhere.
    pub fn push(&mut self, piece: &[u8]) -> Vec<u8> {
        let mut text = Vec::with_capacity(piece.len());
        for byte in piece {
            match byte {
                // A return and a newline end one line together.
                b'\n' if self.ended_in_return => {}
                b'\n' | b'\r' => self.line(&mut text),
                byte if self.rest.len() < LONGEST_LINE => self.rest.push(*byte),
                _ => {}
            }
            self.ended_in_return = *byte == b'\r';
        }
        text
    }

    fn line(&mut self, text: &mut Vec<u8>) {
        let line = std::mem::take(&mut self.rest);
        if line.is_empty() {
            if std::mem::take(&mut self.has_data) {
                text.push(b'\n');
            }
            return;
        }
        if let Some(data) = line.strip_prefix(b"data:") {
            if std::mem::replace(&mut self.has_data, true) {
                text.push(b'\n');
            }
            text.extend_from_slice(data.strip_prefix(b" ").unwrap_or(data));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_data_of_events_are_lines_wherever_they_are_cut() {
        let sent = b": hello\nid: 1\ndata: one\n\nid: 2\r\ndata:two\r\ndata: and more\r\n\r\nevent: x\n\ndata: \xff three\n\ndata: half";
        let read = b"one\ntwo\nand more\n\xff three\n";
        for first in 0..sent.len() {
            let mut events = Events::default();
            let (a, b) = sent.split_at(first);
            let text = [events.push(a), events.push(b)].concat();
            assert_eq!(text, read, "cut at {first}");
        }
    }
}
