//! What the trivial function has seen, asked of it over HTTP.

use std::net::SocketAddr;

use serde_json::Value;

use super::client::Client;

/// `events`, `first_us`, `longest_gap_us`, and `p50_us` and `p99_us` of those that told when they were made.
pub(super) async fn seen(address: SocketAddr, path: &str) -> anyhow::Result<Value> {
    let mut client = Client::connect(address).await?;
    Ok(serde_json::from_slice(&client.get(path).await?)?)
}
