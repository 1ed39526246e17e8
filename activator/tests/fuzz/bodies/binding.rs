//! Every call of a binding, and what an event must survive: being sent by each of them.
//!
//! Bindings that carry only text (HTTP and Kafka in binary mode) make every value a string, so there an event is the
//! same when its names, texts and data are.

use activator::event::{Event, http, json, kafka};
use bytes::Bytes;

type Headers = Vec<(String, Vec<u8>)>;

/// The event in an HTTP message, if it is one. A batch is read by [`from_batch`].
pub(super) fn from_http(headers: &Headers, body: Bytes) -> Option<Event> {
    let pairs = || headers.iter().map(|(name, value)| (name.as_str(), value.as_slice()));
    http::decode(http::mode(pairs())?, pairs(), body).ok()
}

/// The event in a JSON object, if it is one.
pub(super) fn from_json(body: &Bytes) -> Option<Event> {
    json::decode(body).ok()
}

/// The events in a JSON array, if they are.
pub(super) fn from_batch(body: &Bytes) -> Option<Vec<Event>> {
    json::decode_batch(body).ok()
}

/// The event a record stands for.
pub(super) fn from_kafka(
    key: Option<&[u8]>,
    headers: &[(&[u8], Option<&[u8]>)],
    value: Option<Bytes>,
) -> Event {
    let origin =
        kafka::Origin { source: "/k#topic", partition: 3, offset: 14, time: Some("2026-11-23T00:00:00Z") };
    kafka::decode(kafka::Record { key, headers: headers.iter().copied(), value }, &origin)
}

/// Sends an event by every binding, and looks at what arrives.
pub(super) fn survives(event: &Event) {
    let stored = Event::from_stored(event.attributes().block(), event.data().clone());
    assert_eq!(stored.as_ref(), Ok(event), "stored");
    survives_json(event);
    if !names_an_envelope(event) {
        survives_http(event);
        survives_kafka(event);
    }
}

/// A media type by which a message in binary mode would be taken for one in another mode.
fn names_an_envelope(event: &Event) -> bool {
    let media_type = event.get("datacontenttype").unwrap_or_default();
    http::mode([("content-type", media_type.as_bytes())].into_iter()).is_some()
}

fn survives_json(event: &Event) {
    let text = Bytes::from(json::encode(event));
    let back = from_json(&text).unwrap_or_else(|| panic!("no longer an event: {}", text.escape_ascii()));
    assert_eq!(texts(&back), texts(event), "JSON: {}", text.escape_ascii());
    assert_eq!(json::decode(&json::encode(&back).into()).as_ref(), Ok(&back), "JSON, sent again");
    let line = json::encode_line(event);
    let breaks = line.iter().filter(|byte| **byte == b'\n').count();
    assert!(breaks == 1 && line.ends_with(b"\n"), "one line: {}", line.escape_ascii());
    assert_eq!(json::decode_line(&line.into()).map(|back| texts(&back) == texts(event)), Ok(true), "a line");
    assert!(json::to_value(event).is_object());
}

fn survives_http(event: &Event) {
    let mut headers = Headers::new();
    http::encode_binary(event, |name, value| headers.push((name.into(), value.into())));
    let back = from_http(&headers, event.data().clone());
    let back = back.unwrap_or_else(|| panic!("no longer an event: {headers:?}"));
    assert_eq!((texts(&back), back.data()), (texts(event), event.data()), "HTTP: {headers:?}");
}

fn survives_kafka(event: &Event) {
    let mut headers = Headers::new();
    kafka::encode_binary(event, |name, value| headers.push((name.into(), value.into())));
    let borrowed: Vec<_> = headers.iter().map(|(name, value)| (name.as_bytes(), Some(&value[..]))).collect();
    let back = from_kafka(kafka::key(event), &borrowed, Some(event.data().clone()));
    assert_eq!((texts(&back), back.data()), (texts(event), event.data()), "Kafka: {headers:?}");
}

/// Names and texts in an order that does not depend on how they came.
fn texts(event: &Event) -> Vec<(&str, &str)> {
    let mut texts: Vec<_> = event.attributes().iter().collect();
    texts.sort_unstable();
    texts
}
