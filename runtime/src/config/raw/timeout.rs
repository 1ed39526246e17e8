//! `timeout` of a function: how long its start, its requests and its end may take.

use std::time::Duration;

use crate::config::source::At;
use crate::config::value::Value;

/// `timeout = "10s"` is short for `timeout = { request = "10s" }`.
#[derive(Clone, Debug, Default)]
pub(in crate::config) struct Timeout {
    pub(in crate::config) start: Option<Duration>,
    pub(in crate::config) request: Option<Duration>,
    pub(in crate::config) response: Option<At<Duration>>,
    pub(in crate::config) drain: Option<Duration>,
}

impl Timeout {
    pub(in crate::config) const KEYS: &[&str] = &["start", "request", "response", "drain"];
    /// For a request, where nobody says otherwise.
    pub(in crate::config) const REQUEST: Duration = Duration::from_secs(300);

    pub(super) fn read(value: &Value<'_>) -> Option<Self> {
        if !value.is_table() {
            return Some(Self { request: Some(value.timeout()?.value), ..Self::default() });
        }
        let table = value.table(&value.section_inside(), Self::KEYS)?;
        let request = table.get("request").and_then(|v| v.timeout()).map(|d| d.value);
        let response = table.get("response").and_then(|v| {
            let response = v.timeout()?;
            if response.value > request.unwrap_or(Self::REQUEST) {
                let help =
                    "a response begins before its request is over; `request` is 300s unless it is said";
                return v.refuse("at most `request`", "longer", help);
            }
            Some(response)
        });
        Some(Self {
            start: table.get("start").and_then(|v| v.timeout()).map(|d| d.value),
            request,
            response,
            drain: table.get("drain").and_then(|v| v.duration()).map(|d| d.value),
        })
    }
}
