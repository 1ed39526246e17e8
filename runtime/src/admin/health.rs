//! Whether the runtime lives, whether it can work, and what it is.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::config::resolved::Resolved;
use crate::driver::Handle;
use crate::history::channel_label;

/// What the runtime says of itself.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct About {
    pub(crate) version: String,
    pub(crate) pid: u32,
    /// Where the ingress answers.
    pub(crate) listen: SocketAddr,
    pub(crate) admin: SocketAddr,
    pub(crate) socket: PathBuf,
}

impl About {
    pub(super) fn new(listen: SocketAddr, admin: SocketAddr, socket: &Path) -> Self {
        Self {
            version: env!("CARGO_PKG_VERSION").into(),
            pid: std::process::id(),
            listen,
            admin,
            socket: socket.into(),
        }
    }
}

/// Whether events can be taken and delivered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct Readiness {
    ready: bool,
    /// Some channel is away; the others work.
    degraded: bool,
    reasons: Vec<String>,
    /// How many wait for somebody.
    dead_letters: usize,
}

pub(super) fn routes(about: About, driver: Handle) -> Router {
    let about = Router::new().route("/api/v1/version", get(version)).with_state(about);
    let driver = Router::new().route("/readyz", get(readyz)).with_state(driver);
    Router::new().route("/healthz", get(healthz)).merge(about).merge(driver)
}

async fn healthz() -> Json<Value> {
    Json(json!({"healthy": true}))
}

async fn version(State(about): State<About>) -> Json<About> {
    Json(about)
}

async fn readyz(State(driver): State<Handle>) -> Json<Readiness> {
    let channels = driver.open_channels();
    let channels = channels.iter().map(|(id, open, error)| (*id, *open, error.as_deref()));
    Json(readiness(&driver.config(), channels, driver.letters().count()))
}

type ChannelState<'a> = (activator::id::ChannelId, bool, Option<&'a str>);

/// Always ready: what cannot be stored now is refused event by event, with the reason.
fn readiness<'a>(
    config: &Resolved,
    channels: impl Iterator<Item = ChannelState<'a>>,
    dead_letters: usize,
) -> Readiness {
    let reason = |(id, open, error): ChannelState<'_>| {
        let name = config.channels.get(&id).map(channel_label)?;
        match (open, error) {
            (true, None) => None,
            (true, Some(error)) => Some(format!("{name} has stopped: {error}")),
            (false, Some(error)) => Some(format!("{name} is not open: {error}")),
            (false, None) => Some(format!("{name} is not open yet")),
        }
    };
    let reasons: Vec<String> = channels.filter_map(reason).collect();
    Readiness { ready: true, degraded: !reasons.is_empty(), reasons, dead_letters }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::fixture::{DEFAULT, ORDERS, resolved};

    #[test]
    fn a_channel_that_is_away_is_named_with_its_reason() {
        let config = resolved();
        let states = [(DEFAULT, true, None), (ORDERS, false, Some("connection refused"))];
        let readiness = |states: &[ChannelState<'static>]| readiness(&config, states.iter().copied(), 0);
        let degraded = readiness(&states);
        assert!(degraded.ready && degraded.degraded);
        assert_eq!(degraded.reasons, ["channel/orders is not open: connection refused"]);
        assert!(!readiness(&states[..1]).degraded);
        let stopped = readiness(&[(DEFAULT, true, Some("another runtime reads it"))]);
        assert_eq!(stopped.reasons, ["broker/default has stopped: another runtime reads it"]);
    }
}
