//! The CloudEvents SDK as an oracle, both ways: what we write it reads as the same event, and what it writes we read.
//! Where we differ on purpose stands in one table, in `differences.rs`.

use std::collections::BTreeMap;

use activator::event::{Event, Kind, http as binding, json};
use bytes::Bytes;
use cloudevents::binding::http::to_event;
use cloudevents::event::ExtensionValue;
use http::{HeaderMap, HeaderName, HeaderValue};
use proptest::prelude::*;
use serde_json::Value;

use super::differences::Seen::{self, Data, Reads, Refused};
use super::differences::Wire::{self, Body, Headers, Json};
use super::differences::{ALIKE, DIFFERENCES};
use super::make;

type Theirs = cloudevents::Event;

impl Wire {
    /// What each makes of it.
    fn read(&self) -> (Option<Event>, Option<Theirs>) {
        let body = match self {
            Headers(headers) => return read_headers(headers),
            Json("") => r#"{"specversion":"1.0","id":"1","source":"/s","type":"t"}"#.to_owned(),
            Json(members) => {
                format!(r#"{{"specversion":"1.0","id":"1","source":"/s","type":"t",{members}}}"#)
            }
            Body(body) => (*body).to_owned(),
        };
        let theirs = serde_json::from_str(&body).ok();
        (json::decode(&body.into()).ok(), theirs)
    }
}

fn read_headers(more: &[(&'static str, &'static str)]) -> (Option<Event>, Option<Theirs>) {
    let mut headers = HeaderMap::new();
    for (name, value) in
        [("ce-specversion", "1.0"), ("ce-id", "1"), ("ce-source", "/s"), ("ce-type", "t")].iter().chain(more)
    {
        // A value that HTTP cannot carry reaches nobody.
        let Ok(value) = HeaderValue::from_str(value) else { return (None, None) };
        headers.insert(HeaderName::from_static(name), value);
    }
    (ours(&headers, Bytes::new()), to_event(&headers, Vec::new()).ok())
}

fn ours(headers: &HeaderMap, body: Bytes) -> Option<Event> {
    let pairs = || headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes()));
    binding::decode(binding::mode(pairs())?, pairs(), body).ok()
}

/// All attributes of the SDK's event, with their types.
fn attributes(theirs: &Theirs) -> BTreeMap<String, (String, Kind)> {
    let own =
        theirs.iter_attributes().map(|(name, value)| (name.to_owned(), (value.to_string(), Kind::String)));
    let extensions = theirs.iter_extensions().map(|(name, value)| {
        let kind = match value {
            ExtensionValue::String(_) => Kind::String,
            ExtensionValue::Boolean(_) => Kind::Boolean,
            ExtensionValue::Integer(_) => Kind::Integer,
        };
        (name.to_owned(), (value.to_string(), kind))
    });
    own.chain(extensions).collect()
}

fn our_attributes(ours: &Event) -> BTreeMap<String, (String, Kind)> {
    let values = ours.attributes().values();
    let values = values.map(|(name, value)| (name.to_owned(), (value.text().to_owned(), value.kind())));
    values.chain([("specversion".to_owned(), ("1.0".to_owned(), Kind::String))]).collect()
}

fn data(theirs: &Theirs) -> Vec<u8> {
    theirs.data().map(|data| data.clone().try_into().unwrap()).unwrap_or_default()
}

fn seen_by_us(event: Option<&Event>, asked: Seen) -> Seen {
    let Some(event) = event else { return Refused };
    match asked {
        Reads(name, _) => Reads(name, event.get(name).map(leak)),
        Data(_) | Refused => Data(leak(&String::from_utf8_lossy(event.data()))),
    }
}

fn seen_by_them(event: Option<&Theirs>, asked: Seen) -> Seen {
    let Some(event) = event else { return Refused };
    match asked {
        Reads(name, _) => Reads(name, attributes(event).get(name).map(|(text, _)| leak(text))),
        Data(_) | Refused => Data(leak(&String::from_utf8_lossy(&data(event)))),
    }
}

fn leak(text: &str) -> &'static str {
    text.to_owned().leak()
}

#[test]
fn we_differ_from_the_sdk_only_where_we_mean_to() {
    let mut wrong = Vec::new();
    for (reason, wire, we, they) in DIFFERENCES {
        // Who refuses tells nothing to ask for; then it is asked for what the other one sees.
        let asked = if *we == Refused { *they } else { *we };
        let (ours, theirs) = wire.read();
        let seen = (seen_by_us(ours.as_ref(), asked), seen_by_them(theirs.as_ref(), asked));
        if seen != (*we, *they) {
            wrong.push(format!("{reason}: {seen:?} instead of {:?}", (we, they)));
        }
        assert_ne!(we, they, "{reason}: is no difference");
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_both_take_they_read_alike_and_what_neither_takes_both_refuse() {
    for (wire, is_event) in ALIKE {
        let (ours, theirs) = wire.read();
        assert_eq!((ours.is_some(), theirs.is_some()), (*is_event, *is_event));
        if let (Some(ours), Some(theirs)) = (ours, theirs) {
            assert_eq!(without_time(our_attributes(&ours)), without_time(attributes(&theirs)));
            assert_eq!(ours.data(), &data(&theirs));
        }
    }
}

/// Without a time: the SDK gives it back in UTC, where we keep the text as it came.
fn without_time(mut attributes: BTreeMap<String, (String, Kind)>) -> BTreeMap<String, (String, Kind)> {
    attributes.remove("time");
    attributes
}

/// The same data: JSON as the same JSON, for the SDK writes it anew.
fn is_same_data(ours: &[u8], theirs: &[u8]) -> bool {
    let tree = |data| serde_json::from_slice::<Value>(data).ok();
    ours == theirs || tree(ours).zip(tree(theirs)).is_some_and(|(ours, theirs)| is_same_json(&ours, &theirs))
}

/// The same JSON, but for the last digit of a number, which the SDK may change (a difference above).
fn is_same_json(ours: &Value, theirs: &Value) -> bool {
    match (ours, theirs) {
        (Value::Array(ours), Value::Array(theirs)) => {
            ours.len() == theirs.len()
                && ours.iter().zip(theirs).all(|(ours, theirs)| is_same_json(ours, theirs))
        }
        (Value::Object(ours), Value::Object(theirs)) => {
            let is_same = |(name, ours)| theirs.get(name).is_some_and(|theirs| is_same_json(ours, theirs));
            ours.len() == theirs.len() && ours.iter().all(is_same)
        }
        (Value::Number(ours), Value::Number(theirs)) => {
            let (ours, theirs) = (ours.as_f64().unwrap(), theirs.as_f64().unwrap());
            (ours - theirs).abs() <= ours.abs() * 1e-12
        }
        _ => ours == theirs,
    }
}

proptest! {
    #[test]
    fn the_sdk_reads_our_binary_mode(event in make::plain_event()) {
        let mut headers = HeaderMap::new();
        binding::encode_binary(&event, |name, value| {
            headers.insert(HeaderName::from_bytes(name.as_bytes()).unwrap(), HeaderValue::from_bytes(value).unwrap());
        });
        let theirs = to_event(&headers, event.data().to_vec()).unwrap();
        prop_assert_eq!(without_time(attributes(&theirs)), without_time(our_attributes(&make::untyped(&event))));
        prop_assert_eq!(data(&theirs), event.data().to_vec());
    }

    #[test]
    fn the_sdk_reads_our_structured_mode_and_we_read_its(event in make::event_without_schema()) {
        // Out of base64 it makes the `null` that is not there.
        prop_assume!(event.data().trim_ascii() != b"null");
        // With parameters the SDK takes it for no JSON (a difference above).
        let event = match event.get("datacontenttype") {
            Some(media_type) if media_type.contains("+json;") => event.with("datacontenttype", "a/b+json").unwrap(),
            _ => event,
        };
        // What a tree of JSON cannot hold the SDK cannot read.
        let Ok(theirs) = serde_json::from_slice::<Theirs>(&json::encode(&event)) else {
            prop_assert!(serde_json::from_slice::<Value>(&json::encode(&event)).is_err());
            return Ok(());
        };
        prop_assert_eq!(without_time(attributes(&theirs)), without_time(our_attributes(&event)));
        prop_assert!(is_same_data(event.data(), &data(&theirs)), "{:?} {:?}", event.data(), data(&theirs));
        let back = json::decode(&serde_json::to_vec(&theirs).unwrap().into()).unwrap();
        prop_assert_eq!(without_time(our_attributes(&back)), without_time(our_attributes(&event)));
        prop_assert!(is_same_data(event.data(), back.data()), "{:?} {:?}", event.data(), back.data());
    }
}
