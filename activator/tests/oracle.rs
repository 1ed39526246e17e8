//! The CloudEvents SDK as an oracle: what we write it reads as the same event, and what it writes we read.
//!
//! `time` is left out: the SDK gives it back in UTC, where we keep the text as it came.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails where it stands")]

use activator::event::{Event, http as binding, json};
use bytes::Bytes;
use cloudevents::AttributesReader;
use cloudevents::binding::http::to_event;
use http::{HeaderMap, HeaderName, HeaderValue};

fn events() -> Vec<Event> {
    let subjects = [None, Some("a"), Some("orders/17")];
    let data =
        [("application/json", r#"{"n":1}"#), ("text/plain", "plain text"), ("application/json", "\"s\"")];
    let mut events = Vec::new();
    for subject in subjects {
        for (content_type, data) in data {
            let mut event = Event::builder();
            event.attribute("id", "A-1").unwrap().attribute("source", "/shop").unwrap();
            event.attribute("type", "order.created").unwrap().attribute("tenant", "eu").unwrap();
            event.attribute("datacontenttype", content_type).unwrap();
            if let Some(subject) = subject {
                event.attribute("subject", subject).unwrap();
            }
            events.push(event.build(Bytes::from(data)).unwrap());
        }
    }
    events
}

fn check(ours: &Event, theirs: &cloudevents::Event) {
    assert_eq!(theirs.id(), ours.id());
    assert_eq!(theirs.source(), ours.source());
    assert_eq!(theirs.ty(), ours.ty());
    assert_eq!(theirs.subject(), ours.get("subject"));
    assert_eq!(theirs.datacontenttype(), ours.get("datacontenttype"));
    let tenant = theirs.extension("tenant").map(ToString::to_string);
    assert_eq!(tenant.as_deref(), ours.get("tenant"));
}

#[test]
fn the_sdk_reads_our_binary_mode() {
    for event in events() {
        let mut headers = HeaderMap::new();
        binding::encode_binary(&event, |name, value| {
            headers.insert(
                HeaderName::from_bytes(name.as_bytes()).unwrap(),
                HeaderValue::from_bytes(value).unwrap(),
            );
        });
        let theirs = to_event(&headers, event.data().to_vec()).unwrap();
        check(&event, &theirs);
        let data: Vec<u8> = theirs.data().unwrap().clone().try_into().unwrap();
        assert_eq!(data, event.data().to_vec());
    }
}

#[test]
fn the_sdk_reads_our_structured_mode_and_we_read_its() {
    for event in events() {
        let theirs: cloudevents::Event = serde_json::from_slice(&json::encode(&event)).unwrap();
        check(&event, &theirs);
        let back = json::decode(&serde_json::to_string(&theirs).unwrap().into()).unwrap();
        check(&back, &theirs);
        assert_eq!(back.data(), event.data());
    }
}
