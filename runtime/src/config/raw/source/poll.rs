//! `[source.NAME]` of type http-poll: a URL that is asked now and then, and an event when it has something new.

use std::time::Duration;

use hyper::Uri;
use hyper::header::{HeaderName, HeaderValue};

use super::Outlet;
use crate::config::raw::destination;
use crate::config::raw::secret::{Secret, Secrets};
use crate::config::source::At;
use crate::config::table::Table;
use crate::config::value::Value;

const EVERY: Duration = Duration::from_secs(60);
/// What hydrant says itself in each request.
const OURS: &[&str] = &[
    "accept-encoding",
    "connection",
    "content-length",
    "host",
    "if-modified-since",
    "if-none-match",
    "transfer-encoding",
];

#[derive(Debug)]
pub(in crate::config) struct PollSource {
    /// Nothing only when that is reported.
    pub(in crate::config) url: Option<Uri>,
    pub(in crate::config) every: Duration,
    pub(in crate::config) headers: Vec<(String, String)>,
    /// Headers whose values stand elsewhere.
    pub(in crate::config) secrets: Secrets,
    pub(in crate::config) event: EventKeys,
    pub(in crate::config) outlet: Outlet,
}

/// `event = { type, subject }`: what its events are called.
#[derive(Debug, Default)]
pub(in crate::config) struct EventKeys {
    pub(in crate::config) ty: Option<String>,
    pub(in crate::config) subject: Option<String>,
}

impl PollSource {
    pub(in crate::config) const KEYS: &[&str] =
        &["type", "url", "every", "headers", "event", "extensions", "delivery", "to"];

    pub(super) fn read(table: &Table<'_>) -> Self {
        let url = table.need("url", "name what it asks, such as url = \"http://127.0.0.1:9000/prices\"");
        let (headers, secrets) = table.get("headers").map(|v| headers(&v)).unwrap_or_default();
        Self {
            url: url.and_then(|v| destination::read_url(&v)),
            every: table.get("every").and_then(|v| v.timeout()).map_or(EVERY, |every| every.value),
            headers,
            secrets,
            event: table.get("event").and_then(|v| EventKeys::read(&v)).unwrap_or_default(),
            outlet: Outlet::read(table),
        }
    }
}

impl EventKeys {
    pub(in crate::config) const KEYS: &[&str] = &["type", "subject"];

    fn read(value: &Value<'_>) -> Option<Self> {
        let table = value.table(&value.section_inside(), Self::KEYS)?;
        let attribute = |key| table.get(key).and_then(|v| attribute(&v));
        Some(Self { ty: attribute("type"), subject: attribute("subject") })
    }
}

/// What an event is called, or what it is about.
pub(super) fn attribute(value: &Value<'_>) -> Option<String> {
    let text = value.word()?.value;
    if text.is_empty() { value.refuse("a text", "empty", "leave the key out") } else { Some(text) }
}

/// Those that are written here, and those whose values stand elsewhere.
fn headers(value: &Value<'_>) -> (Vec<(String, String)>, Secrets) {
    let (mut written, mut secrets) = (Vec::new(), Secrets::new());
    for (name, value) in value.entries(&value.section_inside()).unwrap_or_default() {
        let Some(name) = header_name(name, &value) else { continue };
        if value.is_table() {
            secrets.extend(Secret::read(&value).map(|secret| (name, secret)));
        } else {
            written.extend(header_value(&value).map(|value| (name.value, value)));
        }
    }
    (written, secrets)
}

fn header_name(name: At<String>, value: &Value<'_>) -> Option<At<String>> {
    let refuse = |is, help| {
        value.problems().bad_value(&name.place, &value.called(), "a header of a request", is, help)
    };
    let Ok(known) = HeaderName::try_from(&name.value) else {
        return refuse("no name of one", "such as accept or authorization");
    };
    if OURS.contains(&known.as_str()) {
        return refuse("one that hydrant sets", "leave it out");
    }
    Some(name)
}

fn header_value(value: &Value<'_>) -> Option<String> {
    let wanted = "a text, or where that stands";
    let help =
        "a text of one line; a secret stands elsewhere: { file = \"secrets/token\" } or { env = \"TOKEN\" }";
    let read = |text: &str| match HeaderValue::from_str(text) {
        Ok(_) => Ok(text.to_owned()),
        Err(_) => Err("one that no header can have"),
    };
    value.parse(wanted, help, read).map(|value| value.value)
}
