//! What the trivial function has seen, asked of it over HTTP.

use std::net::SocketAddr;

use serde_json::Value;

use super::child::Role;
use super::client::Client;

/// `events`, `first_us`, `answered_us`, `longest_gap_us`, and `p50_us` and `p99_us` of those that told when they were made.
pub(in crate::bench) async fn seen(address: SocketAddr, path: &str) -> anyhow::Result<Value> {
    let mut client = Client::connect(address).await?;
    Ok(serde_json::from_slice(&client.get(path).await?)?)
}

/// Waits until the function of a runtime has so many events. Each look is a call of the function, and costs.
pub(in crate::bench) async fn wait_for(runtime: &Role, events: usize) -> anyhow::Result<()> {
    let has = async || {
        let seen = seen(runtime.address, "/fn/sink/count").await;
        seen.is_ok_and(|seen| seen["events"].as_u64() >= Some(events as u64))
    };
    runtime.wait_until("all are delivered", has).await
}
