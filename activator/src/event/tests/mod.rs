use alloc::{
    format,
    string::{String, ToString},
    vec,
    vec::Vec,
};
use bytes::Bytes;

use super::{Event, EventError, http, json, kafka};

mod envelope;
mod header_mode;
mod json_in;
mod json_out;
mod kafka_record;
mod old_version;
mod rules;

/// A valid event with further attributes.
fn event(attributes: &[(&str, &str)], data: &'static str) -> Event {
    let mut builder = Event::builder();
    for (name, value) in [("id", "1"), ("source", "/s"), ("type", "t")].iter().chain(attributes) {
        builder.attribute(name, value).unwrap();
    }
    builder.build(Bytes::from_static(data.as_bytes())).unwrap()
}

/// A request or response with these headers and this body.
fn from_http(headers: &[(&str, &str)], body: &'static str) -> Result<Event, EventError> {
    let headers = headers.iter().map(|(name, value)| (*name, value.as_bytes()));
    let mode = http::mode(headers.clone()).ok_or(EventError::NotAnEvent)?;
    http::decode(mode, headers, Bytes::from_static(body.as_bytes()))
}

/// What a request in binary mode needs.
const CE: [(&str, &str); 4] =
    [("ce-id", "1"), ("ce-source", "/s"), ("ce-type", "t"), ("ce-specversion", "1.0")];

/// A valid request in binary mode with further headers.
fn from_binary(more: &[(&str, &str)]) -> Result<Event, EventError> {
    from_http(&[&CE[..], more].concat(), "")
}

/// A valid event in JSON with further members.
fn from_json(members: &str) -> Result<Event, EventError> {
    let comma = if members.is_empty() { "" } else { "," };
    let body = format!(r#"{{"specversion":"1.0","id":"1","source":"/s","type":"t"{comma}{members}}}"#);
    json::decode(&body.into())
}
