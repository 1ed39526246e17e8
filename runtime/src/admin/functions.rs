//! Functions as they stand, and the wish to have one at zero.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use activator::id::FunctionId;
use activator::{FunctionPhase, State as Standing};
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use super::error::ApiError;
use super::events::{bad_query, duration};
use crate::config::nearest;
use crate::config::resolved::{Found, Function, Resolved};
use crate::driver::{FunctionRow, Handle};
use crate::history::History;
use crate::history::view::millis;

/// One function, as `ps -o json` shows it. Field names are public interface: more may be added, none renamed.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct FunctionView {
    pub(crate) function: String,
    /// zero, starting, warm, busy, draining, broken, attached.
    pub(crate) state: String,
    pub(crate) instances: u32,
    pub(crate) instances_max: Option<u32>,
    pub(crate) in_flight: u32,
    pub(crate) queued: u32,
    pub(crate) events: u64,
    pub(crate) failed: u64,
    /// Those of them that a process may have handled all the same: it had the request, and there was no answer in time.
    pub(crate) unanswered: u64,
    pub(crate) cold_starts: u64,
    pub(crate) cold_p50_ms: Option<f64>,
    pub(crate) cold_p99_ms: Option<f64>,
    pub(crate) run_p50_ms: Option<f64>,
    pub(crate) run_p99_ms: Option<f64>,
    pub(crate) revision: Option<String>,
    /// The SHA-256 of what its files hold, once they were read.
    pub(crate) content: Option<String>,
    /// How long it has had no work.
    pub(crate) idle_ms: Option<f64>,
    /// Why nothing starts, if so.
    pub(crate) reason: Option<String>,
    /// The file that is run.
    pub(crate) program: Option<String>,
}

#[derive(Clone)]
struct Functions {
    driver: Handle,
    history: Arc<History>,
    closed: watch::Receiver<bool>,
}

pub(super) fn routes(driver: Handle, history: Arc<History>, closed: watch::Receiver<bool>) -> Router {
    Router::new()
        .route("/api/v1/functions", get(list))
        .route("/api/v1/functions/{name}", get(one))
        .route("/api/v1/functions/{name}/reap", post(reap))
        .with_state(Functions { driver, history, closed })
}

async fn list(State(functions): State<Functions>) -> Json<Vec<FunctionView>> {
    let config = functions.driver.config();
    let rows = functions.driver.functions().await;
    let mut views: Vec<FunctionView> =
        rows.iter().filter_map(|(id, row)| Some(view(config.functions.get(id)?, row))).collect();
    views.sort_by(|a, b| a.function.cmp(&b.function));
    Json(views)
}

async fn one(
    State(functions): State<Functions>,
    Path(name): Path<String>,
) -> Result<Json<FunctionView>, ApiError> {
    functions.view(&name).await.map(Json)
}

#[derive(Debug, Deserialize)]
struct ReapQuery {
    /// Answer when it is at zero, or after this time.
    wait: Option<String>,
}

async fn reap(
    State(functions): State<Functions>,
    Path(name): Path<String>,
    query: Result<Query<ReapQuery>, QueryRejection>,
) -> Result<(StatusCode, Json<FunctionView>), ApiError> {
    let Query(query) = query.map_err(bad_query)?;
    let (id, _) = find(&functions.driver.config(), &name)?;
    let wait = query.wait.as_deref().map(duration).transpose()?;
    functions.driver.reap(id).await;
    if let Some(wait) = wait {
        functions.wait_for_zero(id, wait).await;
    }
    Ok((StatusCode::ACCEPTED, Json(functions.view(&name).await?)))
}

impl Functions {
    async fn view(&self, name: &str) -> Result<FunctionView, ApiError> {
        let config = self.driver.config();
        let (id, function) = find(&config, name)?;
        let rows = self.driver.functions().await;
        rows.get(&id).map(|row| view(&function, row)).ok_or_else(|| unknown(&config, name))
    }

    async fn wait_for_zero(&self, id: FunctionId, wait: Duration) {
        let mut closed = self.closed.clone();
        let zero = async {
            loop {
                // Enlisted before the look, so that what happens in between is not missed.
                let mut news = pin!(self.history.function_news());
                news.as_mut().enable();
                if self.driver.functions().await.get(&id).is_none_or(|row| row.state.instances == 0) {
                    return;
                }
                news.await;
            }
        };
        tokio::select! {
            () = zero => {}
            () = tokio::time::sleep(wait) => {}
            _ = closed.wait_for(|closed| *closed) => {}
        }
    }
}

pub(super) fn find(config: &Resolved, name: &str) -> Result<(FunctionId, Function), ApiError> {
    let mut functions = config.functions.iter();
    let found = functions.find(|(_, function)| function.name == name);
    found.map(|(&id, function)| (id, function.clone())).ok_or_else(|| unknown(config, name))
}

fn unknown(config: &Resolved, name: &str) -> ApiError {
    let message = format!("there is no function {name:?}");
    let help = match nearest(name, config.functions.values().map(|function| &*function.name)) {
        Some(near) => format!("did you mean `{near}`?"),
        None => "GET /api/v1/functions (hydrant ps) lists them".to_owned(),
    };
    ApiError::new(StatusCode::NOT_FOUND, message, help)
}

fn view(function: &Function, row: &FunctionRow) -> FunctionView {
    let Standing { phase, instances, in_flight, queued, reason } = &row.state;
    let program = match &function.found {
        Found::Program(program) => Some(program),
        Found::Absent | Found::Broken(_) => None,
    };
    let stats = &row.stats;
    FunctionView {
        function: function.name.clone(),
        state: phase_name(*phase).into(),
        instances: *instances,
        instances_max: program.map(|program| program.settings.scaling.max),
        in_flight: *in_flight,
        queued: *queued,
        events: stats.events,
        failed: stats.failed,
        unanswered: stats.unanswered,
        cold_starts: stats.cold_starts,
        cold_p50_ms: percentile(&stats.cold_ms, 50),
        cold_p99_ms: percentile(&stats.cold_ms, 99),
        run_p50_ms: percentile(&stats.run_ms, 50),
        run_p99_ms: percentile(&stats.run_ms, 99),
        revision: row.revision.map(|revision| format!("r{revision}")),
        content: program.and_then(|program| program.content.hash()).map(|hash| hash.to_string()),
        idle_ms: row.idle.map(millis),
        reason: reason.clone(),
        program: program.map(|program| program.path.display().to_string()),
    }
}

const fn phase_name(phase: FunctionPhase) -> &'static str {
    match phase {
        FunctionPhase::Zero => "zero",
        FunctionPhase::Starting => "starting",
        FunctionPhase::Warm => "warm",
        FunctionPhase::Busy => "busy",
        FunctionPhase::Draining => "draining",
        FunctionPhase::Broken => "broken",
        FunctionPhase::Attached => "attached",
    }
}

/// The nearest-rank percentile; nothing of nothing.
fn percentile(samples: &[f64], percent: usize) -> Option<f64> {
    let mut sorted = samples.to_vec();
    sorted.sort_by(f64::total_cmp);
    let rank = (sorted.len() * percent).div_ceil(100);
    sorted.get(rank.saturating_sub(1)).copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::driver::Stats;
    use crate::history::fixture::resolved;
    use activator::id::Revision;

    #[test]
    fn a_percentile_is_a_sample_that_was_measured() {
        let samples: Vec<f64> = (1..=200).rev().map(f64::from).collect();
        assert_eq!((percentile(&samples, 50), percentile(&samples, 99)), (Some(100.0), Some(198.0)));
        assert_eq!((percentile(&[7.0], 50), percentile(&[7.0], 99)), (Some(7.0), Some(7.0)));
        assert_eq!(percentile(&[], 50), None);
    }

    #[test]
    fn a_function_is_shown_under_stable_names() {
        let (_, bill) = find(&resolved(), "bill").unwrap();
        let row = FunctionRow {
            state: Standing {
                phase: FunctionPhase::Broken,
                instances: 0,
                in_flight: 0,
                queued: 5,
                reason: Some("its file is missing".into()),
            },
            stats: Stats {
                events: 9,
                failed: 1,
                unanswered: 0,
                cold_starts: 1,
                cold_ms: vec![5.9],
                run_ms: vec![1.4, 2.2],
            },
            revision: Some(Revision(2)),
            idle: Some(Duration::from_secs(12)),
        };
        let expected = serde_json::json!({
            "function": "bill", "state": "broken", "instances": 0, "instances_max": null, "in_flight": 0,
            "queued": 5, "events": 9, "failed": 1, "unanswered": 0, "cold_starts": 1, "cold_p50_ms": 5.9,
            "cold_p99_ms": 5.9, "run_p50_ms": 1.4, "run_p99_ms": 2.2, "revision": "r2", "content": null, "idle_ms": 12000.0,
            "reason": "its file is missing", "program": null,
        });
        assert_eq!(serde_json::to_value(view(&bill, &row)).unwrap(), expected);
    }

    #[test]
    fn an_unknown_function_is_not_found() {
        let refused = find(&resolved(), "bil").unwrap_err();
        assert_eq!((refused.status, &*refused.body.help), (StatusCode::NOT_FOUND, "did you mean `bill`?"));
        assert!(find(&resolved(), "else").unwrap_err().body.help.contains("hydrant ps"));
    }
}
