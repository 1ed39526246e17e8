//! The JSON event format 1.0 (section 3 "Envelope"): structured mode, and what people and logs read.

use alloc::{
    string::{String, ToString},
    vec::Vec,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use serde_json::{Map, Value};

use super::{Event, EventError};

/// The event in a JSON object.
///
/// # Errors
/// Says what is not JSON, or which attribute is wrong and why.
pub fn decode(body: &[u8]) -> Result<Event, EventError> {
    let value = serde_json::from_slice(body).map_err(|e| EventError::Json(e.to_string()))?;
    decode_value(value)
}

/// The events in a JSON array (JSON format section 4 "JSON Batch Format").
///
/// # Errors
/// When it is no array, or any of its events is not valid: then none of them counts.
pub fn decode_batch(body: &[u8]) -> Result<Vec<Event>, EventError> {
    let events: Vec<Value> = serde_json::from_slice(body).map_err(|e| EventError::Json(e.to_string()))?;
    events.into_iter().map(decode_value).collect()
}

fn decode_value(value: Value) -> Result<Event, EventError> {
    let Value::Object(mut members) = value else {
        return Err(EventError::Json("expected an object".into()));
    };
    if !members.contains_key("specversion") {
        return Err(EventError::Missing("specversion"));
    }
    let data = take_data(&mut members)?;
    let mut event = Event::builder();
    for (name, value) in &members {
        if let Some(text) = canonical(name, value)? {
            event.attribute(name, &text)?;
        }
    }
    event.build(data)
}

/// `data_base64` is bytes; `data` is text for a string under a media type that is not JSON, else JSON itself.
fn take_data(members: &mut Map<String, Value>) -> Result<Bytes, EventError> {
    let json = members.get("datacontenttype").and_then(Value::as_str).is_none_or(is_json);
    match (members.remove("data"), members.remove("data_base64")) {
        (Some(_), Some(_)) => Err(EventError::Json("`data` and `data_base64` exclude each other".into())),
        (None, Some(Value::String(text))) => {
            STANDARD.decode(text).map(Bytes::from).map_err(|e| EventError::Json(e.to_string()))
        }
        (None, Some(_)) => Err(EventError::Json("`data_base64` must be a string".into())),
        (None, None) => Ok(Bytes::new()),
        (Some(Value::String(text)), None) if !json => Ok(text.into()),
        (Some(value), None) => Ok(value.to_string().into()),
    }
}

fn is_json(media_type: &str) -> bool {
    let media_type = media_type.split(';').next().unwrap_or_default().trim();
    media_type.eq_ignore_ascii_case("application/json")
        || media_type.eq_ignore_ascii_case("text/json")
        || media_type.rsplit_once('+').is_some_and(|(_, suffix)| suffix.eq_ignore_ascii_case("json"))
}

/// Section 2.2 "Type System Mapping"; `null` is an attribute that is not there.
fn canonical(name: &str, value: &Value) -> Result<Option<String>, EventError> {
    match value {
        Value::Null => Ok(None),
        Value::String(text) => Ok(Some(text.clone())),
        Value::Bool(value) => Ok(Some(value.to_string())),
        Value::Number(number) if number.is_i64() => Ok(Some(number.to_string())),
        _ => Err(EventError::Type(name.into())),
    }
}

/// The event as one JSON object on one line.
pub fn encode(event: &Event) -> String {
    to_value(event).to_string()
}

/// The event as a JSON object: data as JSON, text or base64, whichever keeps it byte for byte.
pub fn to_value(event: &Event) -> Value {
    let mut members = attributes(event);
    if event.data().is_empty() {
        return Value::Object(members);
    }
    let json = event.get("datacontenttype").is_none_or(is_json);
    let parsed = if json { serde_json::from_slice(event.data()).ok() } else { None };
    let text = if json { None } else { core::str::from_utf8(event.data()).ok() };
    match (parsed, text) {
        (Some(value), _) => members.insert("data".into(), value),
        (None, Some(text)) => members.insert("data".into(), text.into()),
        (None, None) => members.insert("data_base64".into(), STANDARD.encode(event.data()).into()),
    };
    Value::Object(members)
}

/// The attributes alone as JSON members, `specversion` first.
pub fn attributes(event: &Event) -> Map<String, Value> {
    let mut members = Map::new();
    members.insert("specversion".into(), super::SPECVERSION.into());
    for (name, value) in event.attributes().iter() {
        members.insert(name.into(), value.into());
    }
    members
}
