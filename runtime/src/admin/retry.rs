//! The wish that what failed at a trigger, subscription or source is tried now.

use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use axum::http::StatusCode;
use axum::routing::post;
use axum::{Json, Router};
use serde::{Deserialize, Serialize};

use super::error::ApiError;
use super::replay::named;
use crate::driver::Handle;

/// Whose. The body of `POST /api/v1/retry`, and of its answer, which has the name in full.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Retry {
    pub(crate) trigger: String,
}

pub(super) fn routes(driver: Handle) -> Router {
    Router::new().route("/api/v1/retry", post(retry)).with_state(driver)
}

async fn retry(
    State(driver): State<Handle>,
    asked: Result<Json<Retry>, JsonRejection>,
) -> Result<(StatusCode, Json<Retry>), ApiError> {
    let bad = |error: JsonRejection| {
        ApiError::new(StatusCode::BAD_REQUEST, error.body_text(), "see `hydrant retry --help`")
    };
    let Json(asked) = asked.map_err(bad)?;
    let subscription = named(&driver.config(), &asked.trigger)?;
    driver.retry(subscription.id).await;
    Ok((StatusCode::ACCEPTED, Json(Retry { trigger: subscription.name.as_ref().into() })))
}
