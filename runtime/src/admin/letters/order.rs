//! Letters that are sent again or dropped. What was begun is done whether or not who asked is still there.

use activator::event::{Event, json};
use axum::Json;
use axum::body::Bytes;
use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::super::error::ApiError;
use super::wanted::Which;
use super::{LIMIT_MAX, find, ready, troubled};
use crate::channel::CommitError;
use crate::driver::Handle;
use crate::letters::{self, LetterId, Taken};

/// Which letters, and how many at once.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Order {
    pub(crate) trigger: Option<String>,
    #[serde(rename = "fn")]
    pub(crate) function: Option<String>,
    pub(crate) reason: Option<String>,
    pub(crate) since: Option<String>,
    /// What died since is left out: `as_of` of the first answer, so that what fails again is not sent again at once.
    pub(crate) until: Option<String>,
    /// Everything is meant, where nothing else says what.
    pub(crate) all: bool,
    pub(crate) limit: Option<usize>,
    /// Also those that were sent again too often.
    pub(crate) force: bool,
}

/// What was sent again.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Retried {
    pub(crate) retried: u64,
    /// Meant, and not sent yet: `limit` was reached.
    pub(crate) left: u64,
    /// Left out: sent again too often before.
    pub(crate) guarded: u64,
    /// Left out: whose they were is not there any more.
    pub(crate) unwired: u64,
    /// When these were looked up.
    pub(crate) as_of: String,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Dropped {
    pub(crate) dropped: u64,
}

impl Order {
    fn which(&self) -> Result<Which<'_>, ApiError> {
        let which = Which {
            trigger: self.trigger.as_deref(),
            function: self.function.as_deref(),
            reason: self.reason.as_deref(),
            since: self.since.as_deref(),
            until: self.until.as_deref(),
        };
        match which.is_some() != self.all {
            true => Ok(which),
            false => {
                let help = "give some of trigger, fn, reason and since, or all = true";
                Err(ApiError::new(StatusCode::BAD_REQUEST, "which dead letters are meant?", help))
            }
        }
    }
}

pub(super) async fn retry(
    State(driver): State<Handle>,
    order: Result<Json<Order>, JsonRejection>,
) -> Result<Json<Retried>, ApiError> {
    let Json(order) = order.map_err(bad_order)?;
    let selection = order.which()?.selection()?;
    let desk = ready(&driver).await?;
    let as_of = format!("{:.3}", Timestamp::now());
    let limit = order.limit.unwrap_or(LIMIT_MAX).min(LIMIT_MAX);
    let config = driver.config();
    let is_wired = |name: &str| config.topology.subscriptions.iter().any(|s| *s.name == *name);
    let page = desk.take_for_retry(&selection, limit, order.force, |case| is_wired(&case.subscription));
    let (left, guarded, unwired) = (page.left, page.guarded, page.unwired);
    let retried = to_its_end(send_again(driver.clone(), page.taken)).await?;
    Ok(Json(Retried { retried, left, guarded, unwired, as_of }))
}

/// One, whatever became of it before; with the event in the body in the place of its own.
pub(super) async fn retry_one(
    State(driver): State<Handle>,
    Path(id): Path<String>,
    body: Bytes,
) -> Result<Json<Retried>, ApiError> {
    let (id, letter) = find(&driver, &id).await?;
    let edited = if body.is_empty() { None } else { Some(decode(&body)?) };
    whose(&driver, id, &letter)?;
    let taken = driver.letters().take([id]);
    let as_of = format!("{:.3}", Timestamp::now());
    let sends = async move {
        if taken.ids().is_empty() {
            return Err(taken_already(id));
        }
        let event = edited.as_ref().unwrap_or(&letter);
        send(&driver, id, &letter, event).await?;
        taken.done(1).await.map_err(unmarked)?;
        Ok(1)
    };
    let retried = to_its_end(sends).await?;
    Ok(Json(Retried { retried, left: 0, guarded: 0, unwired: 0, as_of }))
}

pub(super) async fn drop_meant(
    State(driver): State<Handle>,
    order: Result<Json<Order>, JsonRejection>,
) -> Result<Json<Dropped>, ApiError> {
    let Json(order) = order.map_err(bad_order)?;
    let selection = order.which()?.selection()?;
    let taken = ready(&driver).await?.take_all(&selection);
    to_its_end(be_done(taken)).await
}

pub(super) async fn drop_one(
    State(driver): State<Handle>,
    Path(id): Path<String>,
) -> Result<Json<Dropped>, ApiError> {
    let named = id.parse::<LetterId>().ok();
    // One that cannot be read can be dropped by its name all the same.
    let taken = named.map(|id| driver.letters().take([id])).filter(|taken| !taken.ids().is_empty());
    let taken = match taken {
        Some(taken) => taken,
        None => {
            let (id, _) = find(&driver, &id).await?;
            driver.letters().take([id])
        }
    };
    to_its_end(be_done(taken)).await
}

async fn be_done(taken: Taken) -> Result<Json<Dropped>, ApiError> {
    let count = taken.ids().len();
    taken.done(count).await.map_err(unmarked)?;
    Ok(Json(Dropped { dropped: count as u64 }))
}

/// In their order, until one cannot be sent. Those before it are done with, and it and the rest stay.
async fn send_again(driver: Handle, taken: Taken) -> Result<u64, ApiError> {
    let mut sent = 0;
    let mut trouble = None;
    for &id in taken.ids() {
        let sending = async {
            let (_, letter) = driver.letters().read(id).await.map_err(troubled)?;
            send(&driver, id, &letter, &letter).await
        };
        match sending.await {
            Ok(()) => sent += 1,
            Err(error) => {
                trouble = Some(error);
                break;
            }
        }
    }
    taken.done(sent).await.map_err(unmarked)?;
    match trouble {
        None => Ok(sent as u64),
        Some(mut error) => {
            error.body.message = format!("{} ({sent} were sent again before it)", error.body.message);
            Err(error)
        }
    }
}

/// To the subscription it was for, by way of the replay channel. When this is done, that has it.
async fn send(driver: &Handle, id: LetterId, letter: &Event, event: &Event) -> Result<(), ApiError> {
    let subscription = whose(driver, id, letter)?;
    let redrives = letters::redrives(letter);
    let event = letters::redriven(event, redrives).map_err(|error| {
        let message = format!("{id} cannot be sent again: {error}");
        ApiError::new(StatusCode::UNPROCESSABLE_ENTITY, message, "hydrant dlq edit can take attributes out")
    })?;
    driver.replay(&event, &subscription).await.map(drop).map_err(|error| {
        let message = format!("{id} stays where it is: {error}");
        ApiError::new(StatusCode::SERVICE_UNAVAILABLE, message, "GET /readyz tells which channel has stopped")
    })
}

/// The subscription a letter goes back to, which must be there.
fn whose(driver: &Handle, id: LetterId, letter: &Event) -> Result<String, ApiError> {
    let name = letters::subscription(letter).unwrap_or_default();
    let config = driver.config();
    if config.topology.subscriptions.iter().any(|s| *s.name == *name) {
        return Ok(name.to_owned());
    }
    let whose = if name.is_empty() {
        "whose it was is not told".into()
    } else {
        format!("{name} is not there any more")
    };
    let help = format!("add it again, or: hydrant dlq export {id}, hydrant send, hydrant dlq drop {id}");
    Err(ApiError::new(StatusCode::CONFLICT, format!("{id} goes nowhere: {whose}"), help).code("unwired"))
}

fn decode(body: &Bytes) -> Result<Event, ApiError> {
    json::decode(body).map_err(|error| {
        let message = format!("not a CloudEvent: {error}");
        ApiError::new(StatusCode::BAD_REQUEST, message, "the body is one event in the JSON format, or empty")
    })
}

/// Who asks may hang up; what was sent must be marked as done all the same.
async fn to_its_end<T: Send + 'static>(
    what: impl Future<Output = Result<T, ApiError>> + Send + 'static,
) -> Result<T, ApiError> {
    let stopping = |_| {
        let help = "start it again: what was not sent is still a dead letter";
        ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "the runtime is stopping", help)
    };
    tokio::spawn(what).await.map_err(stopping)?
}

fn taken_already(id: LetterId) -> ApiError {
    ApiError::new(StatusCode::CONFLICT, format!("somebody else is about to be done with {id}"), "look again")
}

fn unmarked(error: CommitError) -> ApiError {
    let message = format!("done, but that is not stored: {error}");
    let help = "it is tried again with the next letter; until then a restart brings these back";
    ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, message, help)
}

fn bad_order(rejection: JsonRejection) -> ApiError {
    let help = "send JSON such as {\"trigger\": \"bill\", \"limit\": 100} as application/json";
    ApiError::new(StatusCode::BAD_REQUEST, rejection.body_text(), help)
}
