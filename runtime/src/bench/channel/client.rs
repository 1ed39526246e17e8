//! Who sends: one kept connection, one request at a time.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::{Method, Request, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::MissedTickBehavior;

/// What an event of the bench carries.
pub(super) const DATA: Bytes = Bytes::from_static(&[b'x'; 1024]);

/// A steady stream: a hundred a second, for five seconds.
pub(in crate::bench) const DRIP: usize = 500;
pub(in crate::bench) const DRIP_PAUSE: Duration = Duration::from_millis(10);

/// A kept connection.
pub(in crate::bench) struct Client {
    address: SocketAddr,
    sender: SendRequest<Full<Bytes>>,
}

impl Client {
    pub(in crate::bench) async fn connect(address: SocketAddr) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let (sender, connection) = handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        Ok(Self { address, sender })
    }

    /// Posts an event in binary mode.
    pub(in crate::bench) async fn post(&mut self, id: usize) -> anyhow::Result<StatusCode> {
        self.post_of("bench.hit", id, &[]).await
    }

    /// Posts an event of a type, with more attributes.
    pub(in crate::bench) async fn post_of(
        &mut self,
        ty: &str,
        id: usize,
        more: &[(&str, u64)],
    ) -> anyhow::Result<StatusCode> {
        let mut request = Request::post("/")
            .header("host", self.address.to_string())
            .header("ce-specversion", "1.0")
            .header("ce-id", id)
            .header("ce-source", "/bench")
            .header("ce-type", ty)
            .header("ce-madeat", super::micros_now())
            .header("content-type", "application/octet-stream");
        for (name, value) in more {
            request = request.header(*name, *value);
        }
        self.exchange(request.body(Full::new(DATA))?).await.map(|(status, _)| status)
    }

    pub(in crate::bench) async fn get(&mut self, path: &str) -> anyhow::Result<Bytes> {
        let (status, body) = self.ask(path).await?;
        anyhow::ensure!(status.is_success(), "{path} was answered with {status}");
        Ok(body)
    }

    /// The answer, whatever it is.
    pub(in crate::bench) async fn ask(&mut self, path: &str) -> anyhow::Result<(StatusCode, Bytes)> {
        self.bodiless(Method::GET, path).await
    }

    /// A wish that the API answers with success.
    pub(in crate::bench) async fn wish(&mut self, path: &str) -> anyhow::Result<()> {
        let (status, body) = self.bodiless(Method::POST, path).await?;
        anyhow::ensure!(status.is_success(), "{path}: {status}: {}", String::from_utf8_lossy(&body));
        Ok(())
    }

    async fn bodiless(&mut self, method: Method, path: &str) -> anyhow::Result<(StatusCode, Bytes)> {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("host", self.address.to_string())
            .body(Full::default())?;
        self.exchange(request).await
    }

    async fn exchange(&mut self, request: Request<Full<Bytes>>) -> anyhow::Result<(StatusCode, Bytes)> {
        self.sender.ready().await?;
        let answer = self.sender.send_request(request).await?;
        let status = answer.status();
        Ok((status, answer.into_body().collect().await?.to_bytes()))
    }
}

/// Posts `events` over so many connections, each as fast as it is answered.
pub(super) async fn flood(address: SocketAddr, events: usize, connections: usize) -> anyhow::Result<()> {
    let mut tasks = JoinSet::new();
    for first in 0..connections {
        tasks.spawn(async move {
            let mut client = Client::connect(address).await?;
            for id in (first..events).step_by(connections) {
                let status = client.post(id).await?;
                if !status.is_success() {
                    bail!("an event was answered with {status}");
                }
            }
            anyhow::Ok(())
        });
    }
    while let Some(done) = tasks.join_next().await {
        done??;
    }
    Ok(())
}

/// Posts `events` at a steady rate; gives how long each took to be answered.
pub(in crate::bench) async fn drip(
    address: SocketAddr,
    events: usize,
    pause: Duration,
) -> anyhow::Result<Vec<Duration>> {
    let mut client = Client::connect(address).await?;
    let mut ticks = tokio::time::interval(pause);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut times = Vec::with_capacity(events);
    for id in 0..events {
        ticks.tick().await;
        let begin = Instant::now();
        client.post(id).await.context("the steady stream broke")?;
        times.push(begin.elapsed());
    }
    Ok(times)
}
