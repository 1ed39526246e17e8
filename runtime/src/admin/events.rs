//! Events of the past, and the verdict of every subscription on one of them.

use std::sync::Arc;
use std::time::Duration;

use activator::id::{Offset, Partition};
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::routing::get;
use axum::{Json, Router};
use serde::Deserialize;
use tokio::sync::watch;

use super::error::{ApiError, Choice};
use super::replay;
use super::whole::Whole;
use crate::history::view::{Explained, Outcome, Row};
use crate::history::{History, Place, Selection, Until, Wanted};

const LIMIT: usize = 100;
const LIMIT_MAX: usize = 1000;
/// A client that waits longer asks again.
const WAIT_MAX: Duration = Duration::from_secs(600);

#[derive(Clone)]
struct Events {
    history: Arc<History>,
    whole: Whole,
    closed: watch::Receiver<bool>,
}

pub(super) fn routes(history: Arc<History>, whole: Whole, closed: watch::Receiver<bool>) -> Router {
    Router::new()
        .route("/api/v1/events", get(list))
        .route("/api/v1/events/{id}", get(one))
        .with_state(Events { history, whole, closed })
}

/// Which events; what is not said means any.
#[derive(Debug, Deserialize)]
struct ListQuery {
    id: Option<String>,
    source: Option<String>,
    /// The trigger, subscription or source that had them.
    trigger: Option<String>,
    /// CESQL.
    filter: Option<String>,
    /// As `broker/default`; its records of one partition, and from one offset to another, both included.
    channel: Option<String>,
    partition: Option<u32>,
    from_offset: Option<u64>,
    to_offset: Option<u64>,
    /// RFC 3339; of their arrival.
    since: Option<String>,
    until: Option<String>,
    #[serde(default)]
    failed: bool,
    /// The worst of their deliveries.
    outcome: Option<Outcome>,
    /// The newest so many.
    limit: Option<usize>,
}

impl ListQuery {
    fn selection(self) -> Result<Selection, ApiError> {
        Ok(Selection {
            id: self.id,
            source: self.source,
            of: self.trigger,
            filter: self.filter.as_deref().map(replay::filter).transpose()?,
            channel: self.channel,
            partition: self.partition.map(Partition),
            offsets: replay::offsets(self.from_offset, self.to_offset),
            since: self.since.as_deref().map(replay::time).transpose()?,
            until: self.until.as_deref().map(replay::time).transpose()?,
            failed: self.failed,
            outcome: self.outcome,
            to: None,
            last: self.limit.unwrap_or(LIMIT).min(LIMIT_MAX),
        })
    }
}

async fn list(
    State(events): State<Events>,
    query: Result<Query<ListQuery>, QueryRejection>,
) -> Result<Json<Vec<Row>>, ApiError> {
    let Query(query) = query.map_err(bad_query)?;
    Ok(Json(events.history.list(&query.selection()?).await))
}

/// Which of the events of one id, and how long to wait for what.
#[derive(Debug, Deserialize)]
struct OneQuery {
    source: Option<String>,
    /// `broker/default`; with `partition` and `offset` the one record the ingress named.
    channel: Option<String>,
    partition: Option<u32>,
    offset: Option<u64>,
    wait: Option<String>,
    /// `settled` (the default) or `arrived`.
    until: Option<String>,
    /// With the data, which is read from the event's channel.
    #[serde(default)]
    data: bool,
}

async fn one(
    State(events): State<Events>,
    Path(id): Path<String>,
    query: Result<Query<OneQuery>, QueryRejection>,
) -> Result<Json<Explained>, ApiError> {
    let Query(query) = query.map_err(bad_query)?;
    let wait = query.wait.as_deref().map_or(Ok(Duration::ZERO), duration)?;
    let (until, with_data) = (until(query.until.as_deref())?, query.data);
    let wanted = events.wanted(&id, query)?;
    let mut found = tokio::select! {
        found = events.history.wait(&wanted, until, wait.min(WAIT_MAX)) => found,
        () = super::closed(events.closed.clone()) => events.history.explain(&wanted).await,
    };
    match (found.pop(), found.len()) {
        (None, _) => Err(unknown(&id)),
        (Some(mut one), 0) => {
            if with_data {
                events.whole.fill(&mut one).await;
            }
            Ok(Json(one))
        }
        (Some(last), _) => {
            found.push(last);
            Err(ambiguous(&id, &found))
        }
    }
}

impl Events {
    fn wanted(&self, id: &str, query: OneQuery) -> Result<Wanted, ApiError> {
        let Some(label) = &query.channel else {
            return Ok(Wanted::Id { id: id.into(), source: query.source });
        };
        let (Some(partition), Some(offset)) = (query.partition, query.offset) else {
            let help = "give channel, partition and offset as the ingress answered them";
            return Err(ApiError::new(StatusCode::BAD_REQUEST, "a place in a channel has three parts", help));
        };
        let channel = self.history.channel(label).ok_or_else(|| {
            let help =
                "channels are called broker/NAME, channel/NAME, sequence/NAME, parallel/NAME, job/NAME or sink/NAME";
            ApiError::new(StatusCode::NOT_FOUND, format!("there is no channel {label:?}"), help)
        })?;
        if self.history.is_unread(channel) {
            let (message, help) = unread(label);
            return Err(ApiError::new(StatusCode::NOT_FOUND, message, help).code("unread"));
        }
        let place = Place { channel, partition: Partition(partition), offset: Offset(offset) };
        Ok(Wanted::At { place, id: id.into() })
    }
}

fn unread(label: &str) -> (String, &'static str) {
    if label.starts_with("sink/") {
        let message = format!("{label} is not read here: the event is on its topic");
        return (message, "read the topic with a [source.NAME], or with any client of Kafka");
    }
    let message = format!("nobody subscribes to {label}: the event waits there for a subscription");
    (message, "add a [subscription.NAME] with this channel to runtime.toml")
}

fn until(text: Option<&str>) -> Result<Until, ApiError> {
    match text {
        None | Some("settled") => Ok(Until::Settled),
        Some("arrived") => Ok(Until::Arrived),
        Some(other) => {
            let message = format!("until={other} is not understood");
            Err(ApiError::new(StatusCode::BAD_REQUEST, message, "use settled or arrived"))
        }
    }
}

/// A time as people write it: `10s`.
pub(super) fn duration(text: &str) -> Result<Duration, ApiError> {
    humantime::parse_duration(text).map_err(|error| {
        let message = format!("{text:?} is no duration: {error}");
        ApiError::new(StatusCode::BAD_REQUEST, message, "write 10s or 500ms")
    })
}

pub(super) fn bad_query(rejection: QueryRejection) -> ApiError {
    ApiError::new(StatusCode::BAD_REQUEST, rejection.body_text(), "compare the query with the documentation")
}

fn unknown(id: &str) -> ApiError {
    let help = "GET /api/v1/events lists those that are, and ?wait=10s waits for one to come";
    ApiError::new(StatusCode::NOT_FOUND, format!("no event with id {id:?} is known"), help)
}

fn ambiguous(id: &str, found: &[Explained]) -> ApiError {
    let sources: Vec<&str> = found.iter().map(|event| &*event.source).collect();
    let message = format!("{} events have the id {id:?}: from {}", found.len(), sources.join(", "));
    let choices = found.iter().map(|event| Choice {
        source: event.source.clone(),
        ty: event.ty.clone(),
        arrived: event.arrived.clone(),
    });
    let mut error = ApiError::new(StatusCode::CONFLICT, message, "pick one with ?source=").code("ambiguous");
    error.body.choices = choices.collect();
    error
}
