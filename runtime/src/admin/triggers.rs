//! Triggers, subscriptions and sources: what they are, and the wish to pause one or to let it go on.

use std::collections::BTreeSet;
use std::sync::Arc;

use activator::topology::{Destination, Subscription};
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::{Deserialize, Serialize};

use super::error::ApiError;
use crate::config::resolved::Resolved;
use crate::config::{is_called, kind_and_name, nearest, short_name};
use crate::driver::Handle;

/// One of them. Field names are public interface: more may be added, none renamed.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct TriggerView {
    pub(crate) trigger: String,
    /// `trigger`, `subscription` or `source`.
    pub(crate) kind: String,
    /// `fn/bill`, `channel/orders`, a URL.
    pub(crate) to: String,
    pub(crate) paused: bool,
    /// Whether that is so after a restart as well.
    pub(crate) kept: bool,
}

pub(super) fn routes(driver: Handle) -> Router {
    Router::new()
        .route("/api/v1/triggers", get(list))
        .route("/api/v1/triggers/{name}/pause", post(pause))
        .route("/api/v1/triggers/{name}/resume", post(resume))
        .with_state(driver)
}

async fn list(State(driver): State<Handle>) -> Json<Vec<TriggerView>> {
    let (config, paused) = (driver.config(), driver.paused().await);
    let kept = config.runtime.state.is_some();
    let views = subscriptions(&config).map(|subscription| view(subscription, &paused, kept));
    Json(views.collect())
}

async fn pause(
    State(driver): State<Handle>,
    Path(name): Path<String>,
) -> Result<Json<TriggerView>, ApiError> {
    set(&driver, &name, true).await
}

async fn resume(
    State(driver): State<Handle>,
    Path(name): Path<String>,
) -> Result<Json<TriggerView>, ApiError> {
    set(&driver, &name, false).await
}

async fn set(driver: &Handle, name: &str, paused: bool) -> Result<Json<TriggerView>, ApiError> {
    let config = driver.config();
    let subscription = find(&config, name)?;
    let kept = driver.pause(&subscription.name, paused).await.map_err(|error| {
        let now = if paused { "paused" } else { "resumed" };
        let message = format!("it is {now}, and will not be after a restart: cannot write that: {error}");
        ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, message, "look at the state folder, and ask again")
    })?;
    Ok(Json(view(subscription, &driver.paused().await, kept)))
}

/// Those that people named.
fn subscriptions(config: &Resolved) -> impl Iterator<Item = &Arc<Subscription>> {
    config.topology.subscriptions.iter().filter(|subscription| subscription.to != Destination::Named)
}

fn view(subscription: &Subscription, paused: &BTreeSet<Arc<str>>, kept: bool) -> TriggerView {
    let (kind, trigger) = kind_and_name(&subscription.name);
    TriggerView {
        trigger: trigger.into(),
        kind: kind.into(),
        to: subscription.to_name.as_ref().into(),
        paused: paused.contains(&subscription.name),
        kept,
    }
}

/// By its name, with its kind before it where another kind has one of that name.
fn find<'c>(config: &'c Resolved, name: &str) -> Result<&'c Subscription, ApiError> {
    let found: Vec<_> = subscriptions(config).filter(|s| is_called(&s.name, name)).collect();
    match &found[..] {
        [one] => Ok(one),
        [] => Err(unknown(config, name)),
        several => {
            let names: Vec<&str> = several.iter().map(|subscription| &*subscription.name).collect();
            let message = format!("{} have the name {name:?}: {}", several.len(), names.join(", "));
            Err(ApiError::new(StatusCode::CONFLICT, message, format!("write {}", names[0])))
        }
    }
}

fn unknown(config: &Resolved, name: &str) -> ApiError {
    let message = format!("there is no trigger, subscription or source {name:?}");
    let help = match nearest(name, subscriptions(config).map(|s| short_name(&s.name))) {
        Some(near) => format!("did you mean `{near}`?"),
        None => "GET /api/v1/triggers lists them".to_owned(),
    };
    ApiError::new(StatusCode::NOT_FOUND, message, help)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::fixture::resolved;

    #[test]
    fn one_is_found_by_its_name_with_or_without_its_kind() {
        let mut config = resolved();
        for name in ["bill", "trigger/bill"] {
            assert_eq!(&*find(&config, name).unwrap().name, "trigger/bill");
        }
        let refused = find(&config, "bil").unwrap_err();
        assert_eq!((refused.status, &*refused.body.help), (StatusCode::NOT_FOUND, "did you mean `bill`?"));
        Arc::make_mut(&mut config.topology.subscriptions[1]).name = "source/bill".into();
        let refused = find(&config, "bill").unwrap_err();
        assert_eq!((refused.status, &*refused.body.help), (StatusCode::CONFLICT, "write trigger/bill"));
        assert_eq!(&*find(&config, "source/bill").unwrap().name, "source/bill");
    }
}
