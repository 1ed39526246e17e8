use alloc::{
    format,
    string::{String, ToString},
    vec,
    vec::Vec,
};
use bytes::Bytes;

use super::{Event, EventError, http, json, kafka};

mod envelope;

fn event(attributes: &[(&str, &str)], data: &'static str) -> Event {
    let mut builder = Event::builder();
    for (name, value) in [("id", "1"), ("source", "/s"), ("type", "t")].iter().chain(attributes) {
        builder.attribute(name, value).unwrap();
    }
    builder.build(Bytes::from_static(data.as_bytes())).unwrap()
}

fn from_http(headers: &[(&str, &str)], body: &'static str) -> Result<Event, EventError> {
    let content_type = headers.iter().find(|(name, _)| *name == "content-type").map(|(_, value)| *value);
    let has_ce_headers = headers.iter().any(|(name, _)| name.starts_with("ce-"));
    let mode = http::mode(content_type, has_ce_headers).ok_or(EventError::NotAnEvent)?;
    let headers = headers.iter().map(|(name, value)| (*name, value.as_bytes()));
    http::decode(mode, content_type, headers, Bytes::from_static(body.as_bytes()))
}

const REQUIRED: [(&str, &str); 4] =
    [("ce-id", "1"), ("ce-source", "/s"), ("ce-type", "t"), ("ce-specversion", "1.0")];

fn binary(more: &[(&'static str, &'static str)]) -> Result<Event, EventError> {
    let headers: Vec<_> = REQUIRED.iter().chain(more).copied().collect();
    from_http(&headers, "")
}

#[test]
fn binary_mode_gives_back_the_event_it_was_made_from() {
    let event = event(&[("subject", "50% of \"ä\" \u{1F600}"), ("datacontenttype", "text/plain")], "hello");
    let mut headers: Vec<(String, String)> = Vec::new();
    http::encode_binary(&event, |name, value| headers.push((name.into(), value.into())));
    assert!(headers.iter().all(|(_, value)| value.is_ascii()));
    let headers: Vec<_> = headers.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
    let back = from_http(&headers, "hello").unwrap();
    assert_eq!(json::to_value(&back), json::to_value(&event));
}

#[test]
fn quoted_header_values_lose_their_quotes_and_escapes() {
    let event = binary(&[("ce-subject", r#""a \"b\" %41""#)]).unwrap();
    assert_eq!(event.get("subject"), Some(r#"a "b" A"#));
}

#[test]
fn what_is_no_event_is_refused_with_the_reason() {
    let refused = |more: &[(&'static str, &'static str)]| binary(more).unwrap_err();
    assert_eq!(refused(&[("ce-bad_name", "x")]), EventError::Name("bad_name".into()));
    assert_eq!(refused(&[("ce-id", "2")]), EventError::Duplicate("id".into()));
    assert_eq!(refused(&[("ce-subject", "%4")]), EventError::Percent("subject".into()));
    assert_eq!(refused(&[("ce-subject", "%zz")]), EventError::Percent("subject".into()));
    assert_eq!(refused(&[("ce-subject", "%FF")]), EventError::Utf8("subject".into()));
    assert_eq!(refused(&[("ce-subject", "a%0d%0ab")]), EventError::Control("subject".into()));
    assert_eq!(refused(&[("ce-datacontenttype", "x/y")]), EventError::ContentType);
    for missing in 0..REQUIRED.len() {
        let mut headers = REQUIRED.to_vec();
        let (name, _) = headers.remove(missing);
        let expected = name.strip_prefix("ce-").unwrap();
        assert!(matches!(from_http(&headers, ""), Err(EventError::Missing(name)) if name == expected));
    }
    assert_eq!(from_http(&[("content-type", "text/plain")], "x").unwrap_err(), EventError::NotAnEvent);
    let versions = [("ce-id", "1"), ("ce-source", "/s"), ("ce-type", "t"), ("ce-specversion", "2.0")];
    assert_eq!(from_http(&versions, "").unwrap_err(), EventError::Specversion("2.0".into()));
}

#[test]
fn structured_mode_keeps_data_in_every_form() {
    let check = |members: &str, expected: &str| {
        let body = alloc::format!(r#"{{"specversion":"1.0","id":"1","source":"/s","type":"t",{members}}}"#);
        let event = json::decode(body.as_bytes()).unwrap();
        assert_eq!(event.data(), expected.as_bytes(), "{members}");
        assert_eq!(json::decode(json::encode(&event).as_bytes()).unwrap().data(), event.data(), "{members}");
    };
    check(r#""data":{"a":1}"#, r#"{"a":1}"#);
    check(r#""data":"text""#, r#""text""#);
    check(r#""datacontenttype":"text/plain","data":"text""#, "text");
    check(r#""datacontenttype":"application/x+json","data":[1]"#, "[1]");
    check(r#""data_base64":"aGk=""#, "hi");
    check(r#""subject":"s""#, "");
}

#[test]
fn structured_attributes_become_canonical_text() {
    let body = br#"{"specversion":"1.0","id":"1","source":"/s","type":"t","n":-5,"b":true,"gone":null}"#;
    let event = json::decode(body).unwrap();
    assert_eq!((event.get("n"), event.get("b"), event.get("gone")), (Some("-5"), Some("true"), None));
    let body = br#"{"specversion":"1.0","id":"1","source":"/s","type":"t","n":1.5}"#;
    assert_eq!(json::decode(body).unwrap_err(), EventError::Type("n".into()));
    assert!(json::decode(br#"{"id":"1","source":"/s","type":"t"}"#).is_err(), "no specversion");
    assert!(json::decode(b"[]").is_err());
}

#[test]
fn one_wrong_event_refuses_the_whole_batch() {
    let good = r#"{"specversion":"1.0","id":"1","source":"/s","type":"t"}"#;
    let batch = alloc::format!("[{good},{good}]");
    assert_eq!(json::decode_batch(batch.as_bytes()).unwrap().len(), 2);
    let batch = alloc::format!(r#"[{good},{{"id":"1"}}]"#);
    assert!(json::decode_batch(batch.as_bytes()).is_err());
}

fn from_kafka(key: Option<&[u8]>, headers: &[(&str, Option<&[u8]>)], value: Option<&'static str>) -> Event {
    let origin =
        kafka::Origin { source: "/k#topic", partition: 3, offset: 14, time: Some("2026-11-23T00:00:00Z") };
    let value = value.map(|v| Bytes::from_static(v.as_bytes()));
    kafka::decode(kafka::Record { key, headers: headers.iter().copied(), value }, &origin)
}

const CE: [(&str, Option<&[u8]>); 4] = [
    ("ce_id", Some(b"1")),
    ("ce_source", Some(b"/s")),
    ("ce_type", Some(b"t")),
    ("ce_specversion", Some(b"1.0")),
];

#[test]
fn a_record_in_binary_mode_is_its_event() {
    let event = from_kafka(Some(b"k"), &CE, Some("data"));
    assert_eq!((event.ty(), event.get("partitionkey"), &event.data()[..]), ("t", Some("k"), &b"data"[..]));
    let mut headers: Vec<(String, Vec<u8>)> = Vec::new();
    kafka::encode_binary(&event, |name, value| headers.push((name.into(), value.as_bytes().to_vec())));
    let headers: Vec<(&str, Option<&[u8]>)> =
        headers.iter().map(|(n, v)| (n.as_str(), Some(&v[..]))).collect();
    assert_eq!(from_kafka(Some(b"k"), &headers, Some("data")), event);
}

#[test]
fn a_record_in_structured_mode_is_its_event() {
    let body = r#"{"specversion":"1.0","id":"9","source":"/s","type":"t","data":1}"#;
    let event = from_kafka(
        None,
        &[("content-type", Some(b"application/cloudevents+json; charset=UTF-8"))],
        Some(body),
    );
    assert_eq!((event.id(), &event.data()[..]), ("9", &b"1"[..]));
}

#[test]
fn a_record_that_is_no_event_becomes_one_about_the_record() {
    let event = from_kafka(Some(b"k1"), &[("X-Trace.Id", Some(b"7")), ("null", None)], Some("raw"));
    assert_eq!(event.id(), "partition:3/offset:14");
    assert_eq!(event.source(), "/k#topic");
    assert_eq!(event.ty(), "dev.knative.kafka.event");
    assert_eq!(event.get("subject"), Some("partition:3#14"));
    assert_eq!(event.get("kafkaheaderxtraceid"), Some("7"));
    assert_eq!(event.get("key"), Some("k1"));
    assert_eq!(event.get("hydranterror"), None);
    assert_eq!(&event.data()[..], b"raw");
}

#[test]
fn no_record_panics_or_is_lost() {
    assert_eq!(from_kafka(None, &[], None).data().len(), 0, "tombstone");
    assert_eq!(
        from_kafka(None, &[("ce_id", None)], Some("x")).ty(),
        "dev.knative.kafka.event",
        "null header"
    );
    let bad_utf8 = from_kafka(Some(b"\xff"), &[("ce_id", Some(b"\xff")), ("h", Some(b"\xff"))], Some("x"));
    assert_eq!(bad_utf8.get("hydranterror"), Some("attribute `id` is not UTF-8"));
    let not_json = from_kafka(None, &[("content-type", Some(b"application/cloudevents+json"))], Some("{"));
    assert!(not_json.get("hydranterror").is_some());
}
