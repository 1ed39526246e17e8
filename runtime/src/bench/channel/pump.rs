//! The floor of a drain: a bare consumer whose records go out over hyper, a few at a time, and nothing between.

use std::net::SocketAddr;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::Request;
use tokio::sync::mpsc;

use super::relay;
use crate::channel::BareConsumer;

/// Requests under way, as many as a function takes by default.
const CONNECTIONS: usize = 100;

/// Posts every record of a topic to `to`, for as long as it is left alone.
pub(crate) async fn run(brokers: String, topic: String, to: SocketAddr) -> anyhow::Result<()> {
    let consumer = BareConsumer::start(&brokers, &topic).await?;
    let mut posting = Vec::new();
    for _ in 0..CONNECTIONS {
        let (records, waiting) = mpsc::channel(1);
        tokio::spawn(post_all(waiting, to));
        posting.push(records);
    }
    for connection in (0..CONNECTIONS).cycle() {
        posting[connection].send(consumer.next().await?).await?;
    }
    Ok(())
}

async fn post_all(mut records: mpsc::Receiver<Bytes>, to: SocketAddr) -> anyhow::Result<()> {
    let mut out = relay::connect(to).await?;
    while let Some(record) = records.recv().await {
        out.ready().await?;
        let request = Request::post("/")
            .header("host", to.to_string())
            .header("content-type", "application/octet-stream")
            .body(Full::new(record))?;
        out.send_request(request).await?.into_body().collect().await?;
    }
    Ok(())
}
