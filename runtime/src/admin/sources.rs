//! Sources: what they are, when those that fire do so next, and the wish that one fires now.

use std::collections::BTreeMap;

use axum::extract::{self, Path};
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::error::ApiError;
use crate::config::resolved::{ChannelKind, Resolved};
use crate::config::{kind_and_name, nearest};
use crate::driver::Handle;
use crate::history::view::rfc3339;
use crate::ping::Ping;
use crate::sources::container::{Container, Standing, State};

/// One of them. Field names are public interface: more may be added, none renamed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SourceView {
    pub(crate) source: String,
    /// `ping`, `kafka` or `container`.
    #[serde(rename = "type")]
    pub(crate) ty: String,
    /// `fn/bill`, `broker/default`, a URL.
    pub(crate) to: String,
    #[serde(flatten)]
    pub(crate) timing: Option<Timing>,
    #[serde(flatten)]
    pub(crate) running: Option<Running>,
}

/// How one that is a program stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Running {
    /// starting, running, waiting, broken, stopping.
    pub(crate) state: String,
    pub(crate) pid: Option<u32>,
    /// RFC 3339.
    pub(crate) since: Option<String>,
    pub(crate) restarts: u32,
    /// How it ended last, or why it does not run.
    pub(crate) error: Option<String>,
}

/// When one of type ping fires.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Timing {
    schedule: String,
    timezone: String,
    /// For people.
    pub(crate) told: String,
    /// RFC 3339, by the clock of the time zone.
    next: Option<String>,
}

/// Where the event of a firing is, as `send` tells of its own.
#[derive(Clone, Debug, Serialize)]
struct FiredView {
    id: String,
    channel: String,
    partition: u32,
    offset: u64,
}

pub(super) fn routes(driver: Handle) -> Router {
    Router::new()
        .route("/api/v1/sources", get(list))
        .route("/api/v1/sources/{name}/fire", post(fire))
        .with_state(driver)
}

async fn list(extract::State(driver): extract::State<Handle>) -> Json<Vec<SourceView>> {
    Json(views(&driver, Timestamp::now()))
}

async fn fire(
    extract::State(driver): extract::State<Handle>,
    Path(name): Path<String>,
) -> Result<Json<FiredView>, ApiError> {
    let config = driver.config();
    let ping = find(&config, &name)?;
    let fired = ping.fire(&driver).await.map_err(|error| {
        let message = format!("{} did not fire: {error}", ping.name);
        ApiError::new(StatusCode::SERVICE_UNAVAILABLE, message, "fire it again")
    })?;
    let (partition, offset) = (fired.position.partition.0, fired.position.offset.0);
    Ok(Json(FiredView { id: fired.id, channel: fired.channel, partition, offset }))
}

fn views(driver: &Handle, now: Timestamp) -> Vec<SourceView> {
    let config = driver.config();
    let pings = config.pings.values().map(|ping| view(ping, now));
    let containers = config.containers.values().map(|source| program_view(driver, source));
    let topics = topics(&config).into_iter();
    let topics =
        topics.map(|(source, to)| SourceView { source, ty: "kafka".into(), to, timing: None, running: None });
    let mut all: Vec<SourceView> = pings.chain(containers).chain(topics).collect();
    all.sort_by(|a, b| a.source.cmp(&b.source));
    all
}

fn view(ping: &Ping, now: Timestamp) -> SourceView {
    let schedule = &ping.schedule;
    let next = schedule.next(now).map(|next| schedule.local(next));
    let timing = Timing {
        schedule: schedule.text().into(),
        timezone: schedule.zone().into(),
        told: schedule.told(),
        next: next.map(|next| next.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string()),
    };
    SourceView {
        source: ping.name.to_string(),
        ty: "ping".into(),
        to: ping.outlet.to.clone(),
        timing: Some(timing),
        running: None,
    }
}

fn program_view(driver: &Handle, source: &Container) -> SourceView {
    let standing = driver.containers().standing(&source.name).unwrap_or_default();
    let (pid, since) = match standing.state {
        State::Running { pid, since } => (Some(pid), Some(rfc3339(since))),
        _ => (None, None),
    };
    let Standing { state, restarts, error } = standing;
    SourceView {
        source: source.name.to_string(),
        ty: "container".into(),
        to: source.outlet.to.clone(),
        timing: None,
        running: Some(Running { state: state.text().into(), pid, since, restarts, error }),
    }
}

/// Those that read topics, which have a subscription for each, and where their events go.
fn topics(config: &Resolved) -> BTreeMap<String, String> {
    let subscriptions = config.topology.subscriptions.iter();
    let named = subscriptions.filter_map(|subscription| {
        let (kind, name) = kind_and_name(&subscription.name);
        let (source, _topic) = name.split_once('/').filter(|_| kind == ChannelKind::Source.text())?;
        Some((source.to_owned(), subscription.to_name.to_string()))
    });
    named.collect()
}

fn find<'c>(config: &'c Resolved, name: &str) -> Result<&'c Ping, ApiError> {
    if let Some(ping) = config.pings.get(name) {
        return Ok(ping);
    }
    let refused = |why: &str, help: &str| {
        let message = format!("source {name:?} {why}: it has nothing to fire");
        Err(ApiError::new(StatusCode::CONFLICT, message, help))
    };
    if config.containers.contains_key(name) {
        return refused("is a program", "only those of type ping fire; this one sends when it likes");
    }
    if topics(config).contains_key(name) {
        let help = "only those of type ping fire; to try it, write a record into its topic";
        return refused("reads topics of Kafka", help);
    }
    let help = match nearest(name, config.pings.keys().map(|name| &**name)) {
        Some(near) => format!("did you mean `{near}`?"),
        None => "GET /api/v1/sources lists them".to_owned(),
    };
    Err(ApiError::new(StatusCode::NOT_FOUND, format!("there is no source {name:?}"), help))
}
