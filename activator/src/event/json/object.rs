//! The event as a JSON object in memory, for APIs that show it among other things.

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Map, Value};

use super::encode::Data;
use crate::event::{Event, Kind, SPECVERSION};

/// The event as a JSON object: data as JSON, text or base64, whichever keeps it. JSON that no tree can hold
/// (nested deeper than 128 levels, or with a number beyond all floats) is given in base64.
pub fn to_value(event: &Event) -> Value {
    let mut members = attributes(event);
    let data = match Data::of(event) {
        Data::Absent => None,
        Data::Json(json) => serde_json::from_slice(json).ok().map(|value: Value| ("data", value)),
        Data::Text(text) => core::str::from_utf8(text).ok().map(|text| ("data", text.into())),
        Data::Binary(_) => None,
    };
    let (name, value) = match data {
        Some(member) => member,
        None if event.data().is_empty() => return Value::Object(members),
        None => ("data_base64", STANDARD.encode(event.data()).into()),
    };
    members.insert(name.into(), value);
    Value::Object(members)
}

/// The attributes alone as JSON members of their types, `specversion` first.
pub fn attributes(event: &Event) -> Map<alloc::string::String, Value> {
    let mut members = Map::new();
    members.insert("specversion".into(), SPECVERSION.into());
    for (name, value) in event.attributes().values() {
        let text = value.text();
        let typed = match value.kind() {
            Kind::String => None,
            Kind::Integer => text.parse::<i32>().ok().map(Value::from),
            Kind::Boolean => Some(Value::Bool(text == "true")),
        };
        members.insert(name.into(), typed.unwrap_or_else(|| text.into()));
    }
    members
}
