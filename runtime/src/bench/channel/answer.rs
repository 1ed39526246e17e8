//! The trivial function: answers every request with 200, at once or after a time, and counts. `GET /count` tells, `GET
//! /anew` also forgets when events came and how long they were under way.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Context;
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response};
use hyper_util::rt::TokioIo;
use serde_json::json;
use tokio::net::TcpListener;

/// What came so far.
#[derive(Debug, Default)]
struct Seen {
    events: u64,
    /// When the first came, and when the last was answered; microseconds since 1970.
    first: Option<u64>,
    answered: Option<u64>,
    last: Option<Instant>,
    longest_gap: Duration,
    /// Of each event whose `time` said when it was made: how long it was under way, microseconds.
    under_way: Vec<u64>,
}

/// Serves on `$PORT`, as any function does, for as long as it is left alone. What an event takes is this, unless it
/// says so itself.
pub(crate) async fn serve(takes: Duration) -> anyhow::Result<()> {
    let port: u16 = std::env::var("PORT").context("no $PORT")?.parse().context("$PORT is no port")?;
    let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], port))).await?;
    let seen = Arc::<Mutex<Seen>>::default();
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let seen = Arc::clone(&seen);
        let service = service_fn(move |request| answer(request, takes, Arc::clone(&seen)));
        tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
    }
}

async fn answer(
    request: Request<Incoming>,
    takes: Duration,
    seen: Arc<Mutex<Seen>>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let (head, body) = request.into_parts();
    body.collect().await.ok();
    if head.method == Method::GET {
        let mut seen = lock(&seen);
        let text = seen.tell();
        if head.uri.path() == "/anew" {
            *seen = Seen { events: seen.events, ..Seen::default() };
        }
        return Ok(Response::new(Full::new(text.into())));
    }
    let micros = |name| head.headers.get(name).and_then(|said| said.to_str().ok()?.parse().ok());
    lock(&seen).came(micros("ce-madeat"));
    let takes = micros("ce-takesus").map_or(takes, Duration::from_micros);
    if takes > Duration::ZERO {
        tokio::time::sleep(takes).await;
    }
    lock(&seen).done();
    Ok(Response::new(Full::default()))
}

fn lock(seen: &Mutex<Seen>) -> MutexGuard<'_, Seen> {
    seen.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Seen {
    fn came(&mut self, made: Option<u64>) {
        let now = Instant::now();
        if let Some(last) = self.last.replace(now) {
            self.longest_gap = self.longest_gap.max(now - last);
        }
        self.first.get_or_insert_with(super::micros_now);
        self.under_way.extend(made.map(|made| super::micros_now().saturating_sub(made)));
    }

    fn done(&mut self) {
        self.events += 1;
        self.answered = Some(super::micros_now());
    }

    /// What came so far.
    fn tell(&mut self) -> String {
        self.under_way.sort_unstable();
        let quantile = |share: usize| self.under_way.get(self.under_way.len() * share / 100).copied();
        json!({
            "events": self.events,
            "first_us": self.first,
            "answered_us": self.answered,
            "longest_gap_us": self.longest_gap.as_micros(),
            "p50_us": quantile(50),
            "p99_us": quantile(99),
        })
        .to_string()
    }
}
