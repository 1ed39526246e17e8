//! Dead letters: listed and counted here, sent again or dropped in [`order`].

mod order;
mod wanted;

use std::sync::Arc;

use activator::event::Event;
use axum::extract::rejection::QueryRejection;
use axum::extract::{DefaultBodyLimit, Path, Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;

use super::error::ApiError;
use super::events::bad_query;
use crate::driver::Handle;
use crate::letters::{Desk, DeskError, GroupView, LetterId, LetterView, Read};
use wanted::Which;

pub(crate) use order::{Dropped, Order, Retried};

const LIMIT: usize = 100;
const LIMIT_MAX: usize = 1000;
/// An event that was edited: as large as any is, in JSON.
const BODY_BYTES_MAX: usize = 64 << 20;

pub(super) fn routes(driver: Handle) -> Router {
    Router::new()
        .route("/api/v1/dlq", get(list))
        .route("/api/v1/dlq/groups", get(groups))
        .route("/api/v1/dlq/retry", post(order::retry))
        .route("/api/v1/dlq/drop", post(order::drop_meant))
        .route("/api/v1/dlq/{id}", get(one))
        .route("/api/v1/dlq/{id}/retry", post(order::retry_one))
        .route("/api/v1/dlq/{id}/drop", post(order::drop_one))
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .with_state(driver)
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct ListQuery {
    trigger: Option<String>,
    #[serde(rename = "fn")]
    function: Option<String>,
    reason: Option<String>,
    since: Option<String>,
    until: Option<String>,
    /// The last one of the page before.
    after: Option<String>,
    limit: Option<usize>,
    /// With the data of the events.
    data: Option<bool>,
}

impl ListQuery {
    fn which(&self) -> Which<'_> {
        Which {
            trigger: self.trigger.as_deref(),
            function: self.function.as_deref(),
            reason: self.reason.as_deref(),
            since: self.since.as_deref(),
            until: self.until.as_deref(),
        }
    }
}

/// A page; a shorter one than `limit` need not be the last, an empty one is.
async fn list(
    State(driver): State<Handle>,
    query: Result<Query<ListQuery>, QueryRejection>,
) -> Result<(HeaderMap, Json<Vec<LetterView>>), ApiError> {
    let Query(query) = query.map_err(bad_query)?;
    let selection = query.which().selection()?;
    let after = query.after.as_deref().map(place).transpose()?;
    let limit = query.limit.unwrap_or(LIMIT).min(LIMIT_MAX);
    let desk = ready(&driver).await?;
    let letters = desk.list(&selection, after, limit).await.map_err(troubled)?;
    let with_data = query.data == Some(true);
    let views = letters.iter().map(|(id, letter)| LetterView::new(*id, letter, with_data)).collect();
    let mut head = HeaderMap::new();
    head.insert("hydrant-total", HeaderValue::from(desk.count()));
    Ok((head, Json(views)))
}

async fn groups(
    State(driver): State<Handle>,
    query: Result<Query<ListQuery>, QueryRejection>,
) -> Result<Json<Vec<GroupView>>, ApiError> {
    let Query(query) = query.map_err(bad_query)?;
    let selection = query.which().selection()?;
    Ok(Json(ready(&driver).await?.groups(&selection)))
}

async fn one(State(driver): State<Handle>, Path(id): Path<String>) -> Result<Json<LetterView>, ApiError> {
    let (id, letter) = find(&driver, &id).await?;
    Ok(Json(LetterView::new(id, &letter, true)))
}

/// The letters, when all of them are known.
async fn ready(driver: &Handle) -> Result<&Arc<Desk>, ApiError> {
    driver.letters().caught_up().await.map_err(troubled)?;
    Ok(driver.letters())
}

/// The one that is called so, or whose event is.
async fn find(driver: &Handle, text: &str) -> Result<Read, ApiError> {
    let mut found = ready(driver).await?.find(text).await.map_err(troubled)?;
    match (found.pop(), found.len()) {
        (None, _) => {
            let message = format!("there is no dead letter {text:?}");
            let help = "hydrant dlq ls has all of them; one that was retried or dropped is none any more";
            Err(ApiError::new(StatusCode::NOT_FOUND, message, help))
        }
        (Some(one), 0) => Ok(one),
        (Some(last), _) => Err(ambiguous(text, found.into_iter().chain([last]))),
    }
}

fn ambiguous(text: &str, found: impl Iterator<Item = (LetterId, Event)>) -> ApiError {
    let mut found: Vec<_> = found.map(|(id, _)| id).collect();
    found.sort_unstable();
    let ids: Vec<String> = found.iter().map(ToString::to_string).collect();
    let message =
        format!("{} dead letters are called {text:?} or are of such an event: {}", ids.len(), ids.join(", "));
    let help = "name one of them; hydrant dlq ls tells whose each is";
    ApiError::new(StatusCode::CONFLICT, message, help).code("ambiguous")
}

fn place(text: &str) -> Result<LetterId, ApiError> {
    text.parse().map_err(|_| {
        let message = format!("after={text} is no dead letter");
        ApiError::new(StatusCode::BAD_REQUEST, message, "give the id of the last one of the page before")
    })
}

/// What the letters say when they cannot be had.
fn troubled(error: DeskError) -> ApiError {
    let (status, help) = match &error {
        DeskError::NotOpen => {
            (StatusCode::SERVICE_UNAVAILABLE, "GET /readyz tells why; try again".to_owned())
        }
        DeskError::Unread => {
            (StatusCode::SERVICE_UNAVAILABLE, "there are many of them; try again in a moment".into())
        }
        DeskError::Read(_) => {
            (StatusCode::INTERNAL_SERVER_ERROR, "look at the disk of the state folder".into())
        }
        DeskError::Gone(id) => (
            StatusCode::GONE,
            format!("its record cannot be read; hydrant dlq drop {id} takes it off the list"),
        ),
    };
    ApiError::new(status, error.to_string(), help)
}
