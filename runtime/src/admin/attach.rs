//! A function's place for a process that somebody else starts: over the Unix socket only, since what its environment holds
//! is for nobody but the function, and since a socket that is no file can hand over no listener.
//!
//! The connection becomes the person's own (`Upgrade: hydrant-attach`), and its end is the end of the place.

use activator::lifecycle::Declined;
use axum::Router;
use axum::extract::{Path, Request, State};
use axum::http::header::{CONNECTION, HeaderValue, UPGRADE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use hyper::upgrade::OnUpgrade;

use super::error::ApiError;
use super::functions::find;
use crate::config::resolved::{Found, Function, Protocol};
use crate::dispatch::ATTACH_PROTOCOL;
use crate::driver::Handle;

const PATH: &str = "/api/v1/functions/{name}/attach";
const EXPECTED: &str = "use hydrant attach FN";

/// For the Unix socket.
pub(super) fn routes(driver: Handle) -> Router {
    Router::new().route(PATH, post(attach)).with_state(driver)
}

/// For everybody else.
pub(super) fn refusals() -> Router {
    Router::new().route(PATH, post(only_here))
}

async fn only_here() -> ApiError {
    let message = "a process is attached over the Unix socket only";
    ApiError::new(StatusCode::FORBIDDEN, message, format!("{EXPECTED}; GET /api/v1/version names the socket"))
}

async fn attach(
    State(driver): State<Handle>,
    Path(name): Path<String>,
    mut request: Request,
) -> Result<Response, ApiError> {
    let upgrade = request.extensions_mut().remove::<OnUpgrade>().filter(|_| is_ours(request.headers()));
    let upgrade = upgrade.ok_or_else(|| {
        let message = format!("this connection is to become another: Upgrade: {ATTACH_PROTOCOL}");
        ApiError::new(StatusCode::UPGRADE_REQUIRED, message, EXPECTED)
    })?;
    let (id, function) = find(&driver.config(), &name)?;
    speaks_http(&function)?;
    driver.attach(id, upgrade).await.map_err(|why| declined(&name, why))?;
    let mut switched = StatusCode::SWITCHING_PROTOCOLS.into_response();
    switched.headers_mut().insert(UPGRADE, HeaderValue::from_static(ATTACH_PROTOCOL));
    switched.headers_mut().insert(CONNECTION, HeaderValue::from_static("upgrade"));
    Ok(switched)
}

fn is_ours(headers: &HeaderMap) -> bool {
    headers.get(UPGRADE).is_some_and(|protocol| protocol == ATTACH_PROTOCOL)
}

/// Whoever is spoken to on stdin is a child of ours, or nobody.
fn speaks_http(function: &Function) -> Result<(), ApiError> {
    let Found::Program(program) = &function.found else { return Ok(()) };
    let protocol = match program.terms.protocol {
        Protocol::Http | Protocol::H2c => return Ok(()),
        Protocol::Oneshot => "oneshot",
        Protocol::Stdio => "stdio",
    };
    let message = format!("{} is protocol = \"{protocol}\", and cannot be attached", function.name);
    let help = "it is spoken to on its stdin, which a process that somebody else starts has from elsewhere; start it by \
                hand, with an event on its stdin";
    Err(ApiError::new(StatusCode::CONFLICT, message, help))
}

fn declined(name: &str, why: Declined) -> ApiError {
    let (message, help) = match why {
        Declined::Taken => {
            (format!("{name} is attached already"), "end the other attach first, or its process".to_owned())
        }
        Declined::Broken(reason) => {
            (format!("{name} cannot be attached: {reason}"), "its file says how it is to be run".to_owned())
        }
        Declined::SingleUse => {
            (format!("{name} takes a process for each event"), "start it by hand".to_owned())
        }
        Declined::Unknown => (format!("there is no function {name:?}"), "hydrant ps lists them".to_owned()),
        Declined::Stopping => ("the runtime is stopping".to_owned(), "start it again".to_owned()),
    };
    ApiError::new(StatusCode::CONFLICT, message, help)
}
