//! What functions printed, and go on to print: `GET /api/v1/logs`.

use std::pin::pin;
use std::time::SystemTime;

use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::sse::Event;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use futures_util::StreamExt;
use futures_util::stream::{iter, unfold};
use regex_automata::meta::Regex;
use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use super::error::ApiError;
use super::events::bad_query;
use super::functions::find;
use super::sample::Gap;
use super::{replay, sse};
use crate::driver::Handle;
use crate::history::view::rfc3339;
use crate::logs::{Logs, Printed, Read};

/// Lines, unless the request says how many.
const LIMIT: usize = 1000;
const LIMIT_MAX: usize = 100_000;
/// What messages are about.
const LOGS: &str = "logs";

/// One line, as `logs -o json` shows it. Field names are public interface: more may be added, none renamed.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct LogLine {
    pub(crate) at: String,
    pub(crate) function: String,
    pub(crate) revision: String,
    pub(crate) instance: u32,
    /// The id of the event that its process worked on, when it was only one.
    pub(crate) event: Option<String>,
    /// `stdout` or `stderr`.
    pub(crate) stream: String,
    pub(crate) text: String,
}

#[derive(Clone)]
struct Served {
    driver: Handle,
    closed: watch::Receiver<bool>,
}

pub(super) fn routes(driver: Handle, closed: watch::Receiver<bool>) -> Router {
    Router::new().route("/api/v1/logs", get(logs)).with_state(Served { driver, closed })
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct LogsQuery {
    #[serde(rename = "fn")]
    function: Option<String>,
    /// Of an event.
    id: Option<String>,
    /// RFC 3339.
    since: Option<String>,
    /// A regular expression.
    grep: Option<String>,
    /// Only what went to stderr.
    err: bool,
    /// The newest so many.
    limit: Option<usize>,
    /// Goes on with what is printed from now on.
    follow: bool,
}

/// Which lines are meant.
struct Wanted {
    function: Option<String>,
    id: Option<String>,
    since: Option<SystemTime>,
    grep: Option<Regex>,
    err: bool,
}

impl Wanted {
    fn of(query: LogsQuery) -> Result<Self, ApiError> {
        Ok(Self {
            function: query.function,
            id: query.id,
            since: query.since.as_deref().map(replay::time).transpose()?,
            grep: query.grep.as_deref().map(regex).transpose()?,
            err: query.err,
        })
    }

    fn wants(&self, printed: &Printed) -> bool {
        self.function.as_ref().is_none_or(|name| *printed.function == **name)
            && self.id.as_ref().is_none_or(|id| printed.event.as_deref() == Some(id))
            && self.since.is_none_or(|since| printed.line.at >= since)
            && (!self.err || printed.stream() == "stderr")
            && self.grep.as_ref().is_none_or(|grep| grep.is_match(&*printed.line.text))
    }
}

async fn logs(
    State(served): State<Served>,
    query: Result<Query<LogsQuery>, QueryRejection>,
) -> Result<Response, ApiError> {
    let Query(query) = query.map_err(bad_query)?;
    let (follow, limit) = (query.follow, query.limit.unwrap_or(LIMIT).min(LIMIT_MAX));
    let wanted = Wanted::of(query)?;
    let logs = served.driver.logs().clone();
    let Read { lines, next, .. } = logs.newest(limit, |printed| wanted.wants(printed));
    // One that was removed may have printed something all the same.
    let config = served.driver.config();
    let is_source = |name: &String| config.containers.contains_key(name.as_str());
    if let Some(name) = wanted.function.as_ref().filter(|name| lines.is_empty() && !is_source(name)) {
        find(&config, name)?;
    }
    let lines: Vec<LogLine> = lines.iter().map(view).collect();
    if !follow {
        return Ok(Json(lines).into_response());
    }
    let before: Vec<Event> = lines.iter().map(|line| sse::message(LOGS, line)).collect();
    let live = unfold((logs, wanted, next), |(logs, wanted, next)| async move {
        let read = read(&logs, next).await;
        let next = read.next;
        Some((messages(&read, &wanted), (logs, wanted, next)))
    });
    Ok(sse::answer(iter(before).chain(live.flat_map(iter)), served.closed))
}

/// What came, as soon as there is something.
async fn read(logs: &Logs, next: u64) -> Read {
    loop {
        // Enlisted before the look, so that what happens in between is not missed.
        let mut news = pin!(logs.news());
        news.as_mut().enable();
        let read = logs.read(next);
        if !read.lines.is_empty() {
            return read;
        }
        news.await;
    }
}

fn messages(read: &Read, wanted: &Wanted) -> Vec<Event> {
    let missed = Gap { shown: 0, left_out: read.missed };
    let gap = (missed.left_out > 0).then(|| sse::message("gap", &missed));
    let lines = read.lines.iter().filter(|printed| wanted.wants(printed));
    gap.into_iter().chain(lines.map(|printed| sse::message(LOGS, &view(printed)))).collect()
}

fn view(printed: &Printed) -> LogLine {
    LogLine {
        at: rfc3339(printed.line.at),
        function: printed.function.to_string(),
        revision: format!("r{}", printed.revision),
        instance: printed.line.instance,
        event: printed.event.as_deref().map(Into::into),
        stream: printed.stream().into(),
        text: printed.line.text.to_string(),
    }
}

fn regex(text: &str) -> Result<Regex, ApiError> {
    Regex::new(text).map_err(|error| {
        let why = error.syntax_error().map_or_else(|| error.to_string(), ToString::to_string);
        let message = format!("grep={text} is no regular expression: {why}");
        ApiError::new(StatusCode::BAD_REQUEST, message, "write `total: [0-9]+`, and \\. for a dot")
    })
}
