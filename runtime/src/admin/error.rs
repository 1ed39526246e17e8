//! What is answered when there is nothing better to answer: a status and one JSON object.

use axum::Json;
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};

/// A refused request.
#[derive(Debug)]
pub(super) struct ApiError {
    pub(super) status: StatusCode,
    pub(super) body: ErrorBody,
}

/// What is wrong and what to do, for people and programs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ErrorBody {
    /// For programs, where one error is to be told from another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) code: Option<String>,
    pub(crate) message: String,
    pub(crate) help: String,
    /// Those that one is to be picked from.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) choices: Vec<Choice>,
}

/// One of several events with the same id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Choice {
    pub(crate) source: String,
    #[serde(rename = "type")]
    pub(crate) ty: String,
    pub(crate) arrived: String,
}

impl ApiError {
    pub(super) fn new(status: StatusCode, message: impl Into<String>, help: impl Into<String>) -> Self {
        let (message, help) = (message.into(), help.into());
        Self { status, body: ErrorBody { code: None, message, help, choices: Vec::new() } }
    }

    pub(super) fn code(mut self, code: &str) -> Self {
        self.body.code = Some(code.into());
        self
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        (self.status, Json(self.body)).into_response()
    }
}

pub(super) async fn not_found(uri: Uri) -> ApiError {
    let message = format!("there is no {}", uri.path());
    ApiError::new(
        StatusCode::NOT_FOUND,
        message,
        "the API is /api/v1/{functions,triggers,sources,events,stream,logs,dlq,version}, /healthz, /readyz",
    )
}
