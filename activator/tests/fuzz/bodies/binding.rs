//! Every call of a binding, and what an event must survive: being sent by each of them.
//!
//! Bindings that carry only text (HTTP and Kafka in binary mode) make every value a string, so there an event is the
//! same when its names, texts and data are.

use std::iter::once;

use activator::event::{self, Event, Reply, http, json, kafka};
use bytes::Bytes;

type Headers = Vec<(String, Vec<u8>)>;

/// The event in an HTTP message, if it is one. A batch is read by [`from_batch`].
pub(super) fn from_http(headers: &Headers, body: Bytes) -> Option<Event> {
    let headers = headers.iter().map(|(name, value)| (name.as_str(), value.as_slice()));
    let mode = http::mode(headers.clone())?;
    let reply = http::decode_reply(mode, headers.clone(), body.clone()).ok();
    let event = http::decode(mode, headers, body).ok();
    is_a_reply(reply, event.as_ref());
    event
}

/// What is an event is the same as a reply; one without an id is given one.
fn is_a_reply(reply: Option<Reply>, event: Option<&Event>) {
    let asked = Event::builder();
    let asked = [("id", "1"), ("source", "/asked"), ("type", "t")].into_iter().fold(
        asked,
        |mut asked, (name, value)| {
            asked.attribute(name, value).expect("allowed");
            asked
        },
    );
    let asked = asked.build(Bytes::new()).expect("complete");
    // Without room for an id it is none.
    let made = reply.and_then(|reply| reply.to(&asked, "somebody").ok());
    assert!(event.is_none() || made.as_ref() == event, "an event that is no reply");
    made.iter().for_each(|made| assert_ne!(made.id(), "-", "the id that stands in"));
}

/// The event in a JSON object, if it is one; in one line it is the same.
pub(super) fn from_json(body: &Bytes) -> Option<Event> {
    let event = json::decode(body).ok();
    is_a_reply(json::decode_reply(body).ok(), event.as_ref());
    if event.is_some() {
        assert!(json::claims_event(body), "an event that does not claim to be one");
    }
    if let Ok(line) = json::decode_line(body) {
        assert_eq!(Some(&line), event.as_ref(), "as a line");
    }
    event
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
    let origin = kafka::Origin {
        source: "/k#topic",
        partition: 3,
        offset: 14,
        time: Some("2026-11-23T00:00:00Z"),
        key: kafka::KeyType::default(),
    };
    let event = kafka::decode(kafka::Record { key, headers: headers.iter().copied(), value }, &origin);
    let again = event::Headers::from_stored(event.headers().stored());
    assert_eq!(again, *event.headers(), "headers as they are stored");
    // The other bindings write none of them.
    event.with_headers(event::Headers::default())
}

/// Sends an event by every binding, and looks at what arrives.
pub(super) fn survives(event: &Event) {
    let stored = Event::from_stored(event.attributes().block(), event.data().clone());
    assert_eq!(stored.as_ref(), Ok(event), "stored");
    survives_json(event);
    survives_a_line(event);
    survives_structured(event);
    // Of such a type, a message in binary mode is taken for one in another mode.
    let media_type = event.get("datacontenttype").unwrap_or_default().as_bytes();
    if http::mode(once(("content-type", media_type))).is_none() {
        survives_http(event);
        survives_kafka(event);
    }
}

fn survives_json(event: &Event) {
    let text = Bytes::from(json::encode(event));
    let shown = text.escape_ascii();
    let back = json::decode(&text).unwrap_or_else(|why| panic!("{shown}: {why}"));
    arrives(event, &back);
    assert_eq!(json::decode(&json::encode(&back).into()).as_ref(), Ok(&back), "sent again: {shown}");
    assert!(json::claims_event(&text), "{shown}");
    let batch = Bytes::from(json::encode_batch([event, event]));
    assert_eq!(json::decode_batch(&batch).as_deref(), Ok(&[back.clone(), back][..]), "batch of {shown}");
    assert!(json::to_value(event).is_object());
}

/// White space between the tokens of data may become other white space.
fn survives_a_line(event: &Event) {
    let line = Bytes::from(json::encode_line(event));
    let breaks = line.iter().filter(|byte| matches!(byte, b'\n' | b'\r')).count();
    assert!(line.ends_with(b"\n") && breaks == 1, "not one line: {}", line.escape_ascii());
    let back = json::decode_line(&line).unwrap_or_else(|why| panic!("{}: {why}", line.escape_ascii()));
    let spaced = |data: &[u8]| {
        data.iter().map(|b| if matches!(b, b'\n' | b'\r') { b' ' } else { *b }).collect::<Bytes>()
    };
    arrives(&with_data(event, spaced(event.data())), &with_data(&back, spaced(back.data())));
}

fn survives_structured(event: &Event) {
    let mut headers = Headers::new();
    let body = http::encode_structured(event, |name, value| headers.push((name.into(), value.into())));
    arrives(event, &from_http(&headers, body.into()).expect("it is an event in JSON"));
    let mut headers = Headers::new();
    let value = kafka::encode_structured(event, |name, value| headers.push((name.into(), value.into())));
    arrives(event, &record(event, &headers, Some(value.into())));
}

/// The same event; white space around data that is JSON is none of the data's.
fn arrives(event: &Event, back: &Event) {
    let trimmed = event.data().slice_ref(event.data().trim_ascii());
    let is_same = back == event || *back == with_data(event, trimmed);
    assert!(is_same, "{event:?} with {:?} arrives as {back:?} with {:?}", event.data(), back.data());
}

fn with_data(event: &Event, data: Bytes) -> Event {
    Event::from_stored(event.attributes().block(), data).expect("its own block")
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
    let back = record(event, &headers, kafka::value(event).cloned());
    assert_eq!((texts(&back), back.data()), (texts(event), event.data()), "Kafka: {headers:?}");
}

/// What is read of a record that was written for this event.
fn record(event: &Event, headers: &Headers, value: Option<Bytes>) -> Event {
    let headers: Vec<_> = headers.iter().map(|(name, value)| (name.as_bytes(), Some(&value[..]))).collect();
    from_kafka(kafka::key(event), &headers, value)
}

/// Names and texts in an order that does not depend on how they came.
fn texts(event: &Event) -> Vec<(&str, &str)> {
    let mut texts: Vec<_> = event.attributes().iter().collect();
    texts.sort_unstable();
    texts
}
