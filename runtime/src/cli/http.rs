//! A small HTTP/1.1 client for one request: over the admin socket, or over TCP.

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper::header::{HOST, HeaderMap, HeaderName, HeaderValue};
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixStream};
use tokio::task::JoinSet;

/// Whom to ask.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Endpoint {
    Unix(PathBuf),
    Tcp(SocketAddr),
}

/// What to ask.
#[derive(Clone, Debug)]
pub(super) struct Ask {
    pub(super) method: Method,
    /// Path and query.
    pub(super) target: String,
    pub(super) headers: Vec<(HeaderName, HeaderValue)>,
    pub(super) body: Bytes,
}

/// What was answered, and when.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
    /// From the first byte sent until the head of the answer was there.
    pub(super) first_byte: Duration,
    /// Until its last byte was there.
    pub(super) total: Duration,
}

/// An answer that goes on.
#[derive(Debug)]
pub(super) struct Streaming {
    body: Incoming,
    /// Moves its bytes.
    _connection: JoinSet<()>,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum HttpError {
    /// Nobody listens there.
    #[error("cannot connect: {0}")]
    Connect(#[source] io::Error),
    #[error("no request can be made of this: {0}")]
    Request(#[source] hyper::http::Error),
    #[error("the connection broke: {0}")]
    Broken(#[source] hyper::Error),
}

impl Ask {
    pub(super) fn new(method: Method, target: impl Into<String>) -> Self {
        Self { method, target: target.into(), headers: Vec::new(), body: Bytes::new() }
    }
}

impl Endpoint {
    pub(super) async fn ask(&self, ask: Ask) -> Result<Answer, HttpError> {
        match self {
            Self::Unix(path) => {
                let stream = UnixStream::connect(path).await.map_err(HttpError::Connect)?;
                exchange(stream, "localhost".into(), ask).await
            }
            Self::Tcp(address) => {
                let stream = TcpStream::connect(address).await.map_err(HttpError::Connect)?;
                // Without it the kernel may hold back the body until the head is acknowledged.
                stream.set_nodelay(true).map_err(HttpError::Connect)?;
                exchange(stream, address.to_string(), ask).await
            }
        }
    }
}

impl Streaming {
    /// What came next; nothing when that was all.
    pub(super) async fn next(&mut self) -> Option<Bytes> {
        loop {
            // However it broke off, there is no more.
            if let Ok(data) = self.body.frame().await?.ok()?.into_data() {
                return Some(data);
            }
        }
    }
}

impl Endpoint {
    /// Asks for an answer that goes on; gives one that says no as a whole.
    pub(super) async fn stream(&self, ask: Ask) -> Result<Result<Streaming, Answer>, HttpError> {
        match self {
            Self::Unix(path) => {
                let stream = UnixStream::connect(path).await.map_err(HttpError::Connect)?;
                begin(stream, "localhost".into(), ask).await
            }
            Self::Tcp(address) => {
                let stream = TcpStream::connect(address).await.map_err(HttpError::Connect)?;
                begin(stream, address.to_string(), ask).await
            }
        }
    }
}

async fn begin(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    host: String,
    ask: Ask,
) -> Result<Result<Streaming, Answer>, HttpError> {
    let request = request(ask, host)?;
    let started = Instant::now();
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(HttpError::Broken)?;
    let mut moving = JoinSet::new();
    moving.spawn(async move { drop(connection.await) });
    let answer = sender.send_request(request).await.map_err(HttpError::Broken)?;
    if !answer.status().is_success() {
        return Ok(Err(whole(answer, started).await?));
    }
    Ok(Ok(Streaming { body: answer.into_body(), _connection: moving }))
}

/// Asks for a connection of the admin socket to become another one; gives it when that is granted, with what was read of it
/// already, or else the answer.
pub(super) async fn upgrade(
    socket: &Path,
    ask: Ask,
) -> Result<Result<(UnixStream, Bytes), Answer>, HttpError> {
    let stream = UnixStream::connect(socket).await.map_err(HttpError::Connect)?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(HttpError::Broken)?;
    let request = request(ask, "localhost".into())?;
    let started = Instant::now();
    // Without a sender, a connection that stays what it is comes to its end.
    let answering = async move {
        let mut answer = sender.send_request(request).await.map_err(HttpError::Broken)?;
        if answer.status() != StatusCode::SWITCHING_PROTOCOLS {
            return Ok(Err(whole(answer, started).await?));
        }
        Ok(Ok(hyper::upgrade::on(&mut answer).await.map_err(HttpError::Broken)?))
    };
    // The connection moves bytes only while it is polled.
    let (answered, _) = tokio::join!(answering, connection.with_upgrades());
    let upgraded = match answered? {
        Ok(upgraded) => upgraded,
        Err(answer) => return Ok(Err(answer)),
    };
    let parts = upgraded.downcast::<TokioIo<UnixStream>>().expect("it was made of a UnixStream, above");
    Ok(Ok((parts.io.into_inner(), parts.read_buf)))
}

pub(super) fn request(ask: Ask, host: String) -> Result<Request<Full<Bytes>>, HttpError> {
    let mut request = Request::builder().method(ask.method).uri(ask.target);
    if !ask.headers.iter().any(|(name, _)| name == HOST) {
        request = request.header(HOST, host);
    }
    for (name, value) in ask.headers {
        request = request.header(name, value);
    }
    request.body(Full::new(ask.body)).map_err(HttpError::Request)
}

pub(super) async fn whole(answer: Response<Incoming>, started: Instant) -> Result<Answer, HttpError> {
    let first_byte = started.elapsed();
    let (head, body) = answer.into_parts();
    let body = body.collect().await.map_err(HttpError::Broken)?.to_bytes();
    let total = started.elapsed();
    Ok(Answer { status: head.status, headers: head.headers, body, first_byte, total })
}

async fn exchange(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    host: String,
    ask: Ask,
) -> Result<Answer, HttpError> {
    let request = request(ask, host)?;
    let started = Instant::now();
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(HttpError::Broken)?;
    let answering =
        async { whole(sender.send_request(request).await.map_err(HttpError::Broken)?, started).await };
    tokio::pin!(answering);
    // The connection moves bytes only while it is polled; what it has to say about its end, the answer says, too.
    tokio::select! {
        answer = &mut answering => return answer,
        _ = connection => {}
    }
    answering.await
}

/// A text as one part of a path or query.
pub(super) fn encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => encoded.push(byte.into()),
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::Router;
    use axum::routing::post;

    fn echo() -> Router {
        Router::new().route("/a%20b", post(|headers: HeaderMap, body: Bytes| async move { (headers, body) }))
    }

    async fn check(endpoint: Endpoint) {
        let mut ask = Ask::new(Method::POST, "/a%20b");
        ask.headers = vec![(HeaderName::from_static("x-test"), HeaderValue::from_static("1"))];
        // More than any buffer on the way holds.
        ask.body = vec![b'x'; 4 << 20].into();
        let answer = endpoint.ask(ask).await.unwrap();
        assert_eq!((answer.status, answer.body.len()), (StatusCode::OK, 4 << 20));
        assert_eq!(answer.headers["x-test"], "1");
        assert!(answer.first_byte <= answer.total);
    }

    #[tokio::test]
    async fn a_request_is_answered_over_either_kind_of_socket() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("s");
        let unix = tokio::net::UnixListener::bind(&path).unwrap();
        let tcp = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = tcp.local_addr().unwrap();
        let limit = axum::extract::DefaultBodyLimit::disable;
        let mut servers = tokio::task::JoinSet::new();
        servers.spawn(async move { axum::serve(unix, echo().layer(limit())).await });
        servers.spawn(async move { axum::serve(tcp, echo().layer(limit())).await });
        check(Endpoint::Unix(path)).await;
        check(Endpoint::Tcp(address)).await;
        servers.shutdown().await;
        let asked = Endpoint::Tcp(address).ask(Ask::new(Method::GET, "/")).await;
        assert!(matches!(asked, Err(HttpError::Connect(_))), "nobody listens any more");
    }

    #[test]
    fn nothing_of_a_text_leaves_its_part_of_the_path() {
        assert_eq!(encode("a/b?c=d&e #\u{e9}%"), "a%2Fb%3Fc%3Dd%26e%20%23%C3%A9%25");
        assert_eq!(encode("01JD-x_y.z~"), "01JD-x_y.z~");
    }
}
