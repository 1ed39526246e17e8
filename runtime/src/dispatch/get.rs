//! What a URL has: one GET, over a connection of its own. As with sinks, redirects are never followed, and link-local addresses
//! never reached.

use std::time::Duration;

use activator::delivery::Advice;
use bytes::Bytes;
use hyper::Uri;
use hyper::http::uri::{Authority, PathAndQuery};
use tokio::net::TcpStream;

use super::advice::advice;
use super::answer::Answer;
use super::http1::{Line, put_field};
use super::sink;

/// An answer, whatever its status.
#[derive(Debug)]
pub(crate) struct Got(Answer);

/// Asks for it, with these headers beside those that HTTP itself wants. A body of more than `most` bytes is left.
///
/// # Errors
/// There is no answer; why, for people.
pub(crate) async fn get(uri: &Uri, headers: &[(&str, &str)], most: usize) -> Result<Got, String> {
    let addresses = sink::addresses(uri).await?;
    let stream = TcpStream::connect(&*addresses).await.map_err(|error| format!("cannot connect: {error}"))?;
    let mut line = Line::new(stream);
    let ask = |head: &mut Vec<u8>| {
        write(uri, headers, head);
        Bytes::new()
    };
    line.ask(ask).await.map_err(|error| error.to_string())?;
    let answer = line.answer(most).await.map_err(|error| error.to_string())?;
    Ok(Got(answer.into()))
}

/// What ends a line is in none of it: a URI has none, and headers were looked at when they were read.
fn write(uri: &Uri, headers: &[(&str, &str)], head: &mut Vec<u8>) {
    let host = uri.authority().map_or("localhost", Authority::as_str);
    let path = uri.path_and_query().map_or("/", PathAndQuery::as_str);
    for part in ["GET ", path, " HTTP/1.1\r\nhost: ", host, "\r\nconnection: close\r\n"] {
        head.extend_from_slice(part.as_bytes());
    }
    for (name, value) in headers {
        put_field(head, name.as_bytes(), value.as_bytes());
    }
    head.extend_from_slice(b"\r\n");
}

impl Got {
    pub(crate) const fn status(&self) -> u16 {
        self.0.status
    }

    /// Nothing where that is larger than was allowed.
    pub(crate) fn body(&self) -> Option<&Bytes> {
        self.0.body.as_ref()
    }

    /// The first value of a name in lower case, where that is text.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        std::str::from_utf8(self.0.headers.get(name)?).ok()
    }

    /// How long it asks to be left alone.
    pub(crate) fn retry_after(&self) -> Option<Duration> {
        match advice(&self.0.headers) {
            Advice::RetryAfter(wait) => Some(wait),
            Advice::None | Advice::DeadLetter => None,
        }
    }
}
