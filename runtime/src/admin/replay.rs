//! Events of the past, delivered again.

use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::SystemTime;

use activator::filter::{Expression, Filter};
use activator::id::{Offset, Partition};
use activator::topology::Subscription;
use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use axum::http::StatusCode;
use axum::routing::post;
use axum::{Json, Router};
use serde::{Deserialize, Serialize};

use super::error::ApiError;
use super::pace::Pace;
use super::whole::Whole;
use crate::config::resolved::Resolved;
use crate::config::{is_called, short_name};
use crate::driver::Handle;
use crate::history::{History, Picked, Selection};

/// Events of one request, unless it says how many.
const LAST: usize = 1000;
/// Deliveries a second, unless the request says how many.
const RATE: u32 = 1000;
/// Why an event does not go.
const FORGOTTEN: &str = "its channel holds it no more, and the history has not all of its data";
/// Why an event does not go to whom it went.
const GONE: &str = "there is no such trigger, subscription or source any more";

/// Which events, and how. The body of `POST /api/v1/replay`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Asked {
    pub(crate) id: Option<String>,
    pub(crate) source: Option<String>,
    /// The trigger, subscription or source that gets them; nothing = each that did.
    pub(crate) trigger: Option<String>,
    /// CESQL.
    pub(crate) filter: Option<String>,
    /// As `broker/default`; its records of one partition, and from one offset to another, both included.
    pub(crate) channel: Option<String>,
    pub(crate) partition: Option<u32>,
    pub(crate) from_offset: Option<u64>,
    pub(crate) to_offset: Option<u64>,
    /// RFC 3339.
    pub(crate) since: Option<String>,
    pub(crate) until: Option<String>,
    pub(crate) failed: bool,
    /// The newest so many.
    pub(crate) last: Option<usize>,
    /// Deliveries a second.
    pub(crate) rate: Option<u32>,
    /// With the distances in time they arrived with, divided by this; instead of a rate.
    pub(crate) speed: Option<f64>,
    /// Only says what would be done.
    pub(crate) dry_run: bool,
}

/// One event for one subscription; a line of `replay -o json`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Replayed {
    pub(crate) id: String,
    pub(crate) source: String,
    #[serde(rename = "type")]
    pub(crate) ty: String,
    pub(crate) channel: String,
    pub(crate) partition: u32,
    pub(crate) offset: u64,
    pub(crate) trigger: String,
    /// Whether it is kept until it is delivered; with a dry run, whether it could be.
    pub(crate) replayed: bool,
    /// Why it is not.
    pub(crate) reason: Option<String>,
}

#[derive(Clone)]
struct Replay {
    driver: Handle,
    history: Arc<History>,
    whole: Whole,
}

pub(super) fn routes(driver: Handle, history: Arc<History>, whole: Whole) -> Router {
    Router::new().route("/api/v1/replay", post(replay)).with_state(Replay { driver, history, whole })
}

async fn replay(
    State(replay): State<Replay>,
    asked: Result<Json<Asked>, JsonRejection>,
) -> Result<Json<Vec<Replayed>>, ApiError> {
    let Json(asked) = asked.map_err(|error| bad(error.body_text(), "see `hydrant replay --help`"))?;
    let selection = replay.selection(&asked)?;
    let mut pace = pace(&asked)?;
    let mut done = Vec::new();
    for picked in replay.history.pick(&selection).await {
        let event = replay.whole.picked(&picked).await;
        for to in &picked.to {
            let kept = match &event {
                _ if !replay.is_there(to) => Err(GONE.to_owned()),
                Some(_) if asked.dry_run => Ok(()),
                Some(event) => {
                    pace.turn(picked.arrived).await;
                    replay.driver.replay(event, to).await.map(drop).map_err(|error| error.to_string())
                }
                None => Err(FORGOTTEN.to_owned()),
            };
            done.push(Replayed::of(&picked, to, kept.err()));
        }
    }
    Ok(Json(done))
}

fn pace(asked: &Asked) -> Result<Pace, ApiError> {
    match (asked.rate, asked.speed) {
        (Some(_), Some(_)) => Err(bad("both `rate` and `speed` are said", "leave out one of the two")),
        (rate, None) => Ok(Pace::rate(rate.unwrap_or(RATE))),
        (None, Some(speed)) => Pace::times(speed).ok_or_else(|| {
            bad(format!("`speed` is {speed}"), "a number above zero, 10 for ten times as fast")
        }),
    }
}

impl Replay {
    fn selection(&self, asked: &Asked) -> Result<Selection, ApiError> {
        Ok(Selection {
            id: asked.id.clone(),
            source: asked.source.clone(),
            filter: asked.filter.as_deref().map(filter).transpose()?,
            channel: asked.channel.clone(),
            partition: asked.partition.map(Partition),
            offsets: offsets(asked.from_offset, asked.to_offset),
            since: asked.since.as_deref().map(time).transpose()?,
            until: asked.until.as_deref().map(time).transpose()?,
            failed: asked.failed,
            to: asked.trigger.as_deref().map(|name| self.named(name)).transpose()?,
            last: asked.last.unwrap_or(LAST),
            ..Selection::default()
        })
    }

    /// Whether there still is a subscription of this name.
    fn is_there(&self, name: &str) -> bool {
        self.driver.config().topology.subscriptions.iter().any(|s| *s.name == *name)
    }

    /// `bill` or `trigger/bill`.
    fn named(&self, name: &str) -> Result<Arc<str>, ApiError> {
        named(&self.driver.config(), name).map(|subscription| Arc::clone(&subscription.name))
    }
}

/// `bill` or `trigger/bill`.
pub(super) fn named(config: &Resolved, name: &str) -> Result<Arc<Subscription>, ApiError> {
    let mut meant = config.topology.subscriptions.iter().filter(|s| is_called(&s.name, name));
    match (meant.next(), meant.next()) {
        (Some(one), None) => Ok(Arc::clone(one)),
        (Some(one), Some(other)) => Err(bad(
            format!("{name:?} is {} and {}", one.name, other.name),
            "write the one that is meant in full",
        )),
        (None, _) => Err(ApiError::new(
            StatusCode::NOT_FOUND,
            format!("there is no trigger, subscription or source {name:?}"),
            "hydrant explain ID names those of an event",
        )),
    }
}

/// The offsets from one to another; nothing when neither is said.
pub(super) fn offsets(from: Option<u64>, to: Option<u64>) -> Option<RangeInclusive<Offset>> {
    let all = Offset(from.unwrap_or(0))..=Offset(to.unwrap_or(u64::MAX));
    (from.is_some() || to.is_some()).then_some(all)
}

impl Replayed {
    fn of(picked: &Picked, to: &str, reason: Option<String>) -> Self {
        let trigger = short_name(to).into();
        Self {
            id: picked.event.id().into(),
            source: picked.event.source().into(),
            ty: picked.event.ty().into(),
            channel: picked.spot.channel.as_ref().into(),
            partition: picked.spot.partition.0,
            offset: picked.spot.offset.0,
            trigger,
            replayed: reason.is_none(),
            reason,
        }
    }
}

pub(super) fn filter(text: &str) -> Result<Filter, ApiError> {
    let expression = Expression::parse(text).map_err(|problems| {
        let first = problems.first().map(|problem| problem.what.to_string()).unwrap_or_default();
        bad(format!("the filter is no CESQL: {first}"), "hydrant cesql EXPR shows where")
    })?;
    Ok(Filter::Cesql(expression))
}

pub(super) fn time(text: &str) -> Result<SystemTime, ApiError> {
    let time: Result<jiff::Timestamp, _> = text.parse();
    let help = "write it as 2026-11-26T08:00:00Z";
    time.map(SystemTime::from).map_err(|error| bad(format!("{text:?} is no time: {error}"), help))
}

fn bad(message: impl Into<String>, help: &str) -> ApiError {
    ApiError::new(StatusCode::BAD_REQUEST, message, help)
}
