//! Sources: what they are, when those that fire do so next, and the wish that one fires now.

use std::collections::BTreeMap;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use jiff::Timestamp;
use serde::Serialize;

use super::error::ApiError;
use crate::config::resolved::{ChannelKind, Resolved};
use crate::config::{kind_and_name, nearest};
use crate::driver::Handle;
use crate::ping::{self, Ping};

/// One of them. Field names are public interface: more may be added, none renamed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct SourceView {
    source: String,
    /// `ping` or `kafka`.
    #[serde(rename = "type")]
    ty: &'static str,
    /// `fn/bill`, `broker/default`, a URL.
    to: String,
    #[serde(flatten)]
    timing: Option<Timing>,
}

/// When one of type ping fires.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct Timing {
    schedule: String,
    timezone: String,
    /// For people.
    told: String,
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

async fn list(State(driver): State<Handle>) -> Json<Vec<SourceView>> {
    Json(views(&driver.config(), Timestamp::now()))
}

async fn fire(State(driver): State<Handle>, Path(name): Path<String>) -> Result<Json<FiredView>, ApiError> {
    let config = driver.config();
    let ping = find(&config, &name)?;
    let fired = ping::fire(&driver, ping).await.map_err(|error| {
        let message = format!("{} did not fire: {error}", ping.name);
        ApiError::new(StatusCode::SERVICE_UNAVAILABLE, message, "fire it again")
    })?;
    let (partition, offset) = (fired.position.partition.0, fired.position.offset.0);
    Ok(Json(FiredView { id: fired.id, channel: fired.channel, partition, offset }))
}

fn views(config: &Resolved, now: Timestamp) -> Vec<SourceView> {
    let pings = config.pings.values().map(|ping| view(ping, now));
    let topics = topics(config).into_iter();
    let topics = topics.map(|(name, to)| SourceView { source: name, ty: "kafka", to, timing: None });
    let mut all: Vec<SourceView> = pings.chain(topics).collect();
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
    SourceView { source: ping.name.to_string(), ty: "ping", to: ping.to.clone(), timing: Some(timing) }
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
    if topics(config).contains_key(name) {
        let message = format!("source {name:?} reads topics of Kafka: it has nothing to fire");
        let help = "only those of type ping fire; to try it, write a record into its topic";
        return Err(ApiError::new(StatusCode::CONFLICT, message, help));
    }
    let help = match nearest(name, config.pings.keys().map(|name| &**name)) {
        Some(near) => format!("did you mean `{near}`?"),
        None => "GET /api/v1/sources lists them".to_owned(),
    };
    Err(ApiError::new(StatusCode::NOT_FOUND, format!("there is no source {name:?}"), help))
}
