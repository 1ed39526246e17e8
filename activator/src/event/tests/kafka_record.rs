//! Kafka records: those that are events, and those that are not.

use super::*;

type Headers<'a> = &'a [(&'a str, Option<&'a [u8]>)];

fn from_kafka(key: Option<&[u8]>, headers: Headers<'_>, value: Option<&'static str>) -> Event {
    let headers: Vec<_> = headers.iter().map(|(name, value)| (name.as_bytes(), *value)).collect();
    from_bytes(key, &headers, value)
}

fn from_bytes(key: Option<&[u8]>, headers: &[(&[u8], Option<&[u8]>)], value: Option<&'static str>) -> Event {
    let time = Some("2026-11-23T00:00:00Z");
    let origin =
        kafka::Origin { source: "/k#topic", partition: 3, offset: 14, time, key: kafka::KeyType::default() };
    let value = value.map(|v| Bytes::from_static(v.as_bytes()));
    kafka::decode(kafka::Record { key, headers: headers.iter().copied(), value }, &origin)
}

const CE: [(&str, Option<&[u8]>); 4] = [
    ("ce_id", Some(b"1")),
    ("ce_source", Some(b"/s")),
    ("ce_type", Some(b"t")),
    ("ce_specversion", Some(b"1.0")),
];

const STRUCTURED: (&str, Option<&[u8]>) =
    ("content-type", Some(b"application/cloudevents+json; charset=UTF-8"));

#[test]
fn a_record_in_binary_mode_is_its_event() {
    let headers =
        [&CE[..], &[("Content-Type", Some(b"text/plain")), ("ce_subject", Some("50%41 ä".as_bytes()))]]
            .concat();
    let event = from_kafka(Some(b"k"), &headers, Some("data"));
    assert_eq!((event.ty(), event.get("partitionkey"), &event.data()[..]), ("t", Some("k"), &b"data"[..]));
    assert_eq!(event.get("subject"), Some("50%41 ä"), "nothing is percent-encoded");
    assert_eq!(event.get("datacontenttype"), Some("text/plain"));
    let mut headers: Vec<(String, Vec<u8>)> = Vec::new();
    kafka::encode_binary(&event, |name, value| headers.push((name.into(), value.to_vec())));
    assert!(headers.contains(&("content-type".into(), b"text/plain".to_vec())), "{headers:?}");
    let headers: Vec<_> = headers.iter().map(|(n, v)| (n.as_str(), Some(&v[..]))).collect();
    assert_eq!(from_kafka(kafka::key(&event), &headers, Some("data")), event);
}

#[test]
fn a_record_in_structured_mode_is_its_event() {
    let body = r#"{"specversion":"1.0","id":"9","source":"/s","type":"t","data":1}"#;
    let event = from_kafka(Some(b"k"), &[("ce_id", Some(b"1")), STRUCTURED], Some(body));
    assert_eq!((event.id(), &event.data()[..], event.get("partitionkey")), ("9", &b"1"[..], Some("k")));
    let mut headers = Vec::new();
    let value =
        kafka::encode_structured(&event, |name, value| headers.push((name.to_string(), value.to_vec())));
    assert_eq!(headers, [("content-type".to_string(), http::STRUCTURED.into())]);
    assert_eq!(json::decode(&value.into()).unwrap(), event);
}

#[test]
fn an_event_without_data_is_a_record_without_value() {
    let event = from_kafka(None, &CE, None);
    assert_eq!((event.ty(), event.data().len(), kafka::value(&event)), ("t", 0, None));
    let event = from_kafka(None, &CE, Some("data"));
    assert_eq!(kafka::value(&event), Some(event.data()));
    let event = from_kafka(None, &[STRUCTURED], None);
    assert!(event.get("hydranterror").unwrap().contains("expected an object"), "{event:?}");
}

#[test]
fn the_key_is_the_partitionkey_unless_the_event_has_one_or_none_can_be_made_of_it() {
    let key = |key| from_kafka(key, &CE, None).get("partitionkey").map(String::from);
    assert_eq!(key(Some(b"k")).as_deref(), Some("k"));
    for none in [None, Some(&b""[..]), Some(b"\xff"), Some(b"a\0")] {
        assert_eq!(key(none), None, "{none:?}");
    }
    let own = [&CE[..], &[("ce_partitionkey", Some(b"own"))]].concat();
    assert_eq!(from_kafka(Some(b"k"), &own, None).get("partitionkey"), Some("own"));
}

#[test]
fn a_header_that_is_null_is_not_there() {
    let event = from_kafka(None, &[&CE[..], &[("ce_subject", None), ("content-type", None)]].concat(), None);
    assert_eq!((event.ty(), event.get("subject"), event.get("datacontenttype")), ("t", None, None));
    let event = from_kafka(None, &[("ce_id", None), ("null", None)], Some("x"));
    assert_eq!((event.ty(), event.get("hydranterror")), ("dev.knative.kafka.event", None));
}

#[test]
fn a_record_that_is_no_event_becomes_one_about_the_record() {
    let headers: Headers<'_> = &[
        ("X-Trace.Id", Some(b"7")),
        ("xtraceid", Some(b"the same name")),
        ("null", None),
        ("…", Some(b"no letter")),
        ("binary", Some(b"\xff")),
        ("Content-Type", Some(b"text/plain")),
    ];
    let event = from_kafka(Some(b"k1"), headers, Some("raw"));
    let expected = [
        ("id", "partition:3/offset:14"),
        ("source", "/k#topic"),
        ("type", "dev.knative.kafka.event"),
        ("subject", "partition:3#14"),
        ("time", "2026-11-23T00:00:00Z"),
        ("knativekafkapartition", "3"),
        ("knativekafkaoffset", "14"),
        ("key", "k1"),
        ("partitionkey", "k1"),
        ("kafkaheaderxtraceid", "7"),
        ("datacontenttype", "text/plain"),
    ];
    assert_eq!(event.attributes().iter().collect::<Vec<_>>(), expected);
    assert_eq!(&event.data()[..], b"raw");
}

#[test]
fn what_tried_to_be_an_event_says_why_it_is_none() {
    let check = |headers: Headers<'_>, value: &'static str, reason: &str| {
        let event = from_kafka(None, headers, Some(value));
        assert_eq!(event.ty(), "dev.knative.kafka.event");
        assert_eq!(event.get("hydranterror"), Some(reason), "{headers:?}");
        assert_eq!(&event.data()[..], value.as_bytes());
    };
    check(&[("ce_id", Some(b"\xff"))], "x", "attribute `id` is not UTF-8");
    check(&CE[..3], "x", "required attribute `specversion` is missing");
    check(&[&CE[..], &CE[..1]].concat(), "x", "attribute `id` appears twice");
    check(&[STRUCTURED], "{", "not a JSON event: expected a string at line 1 column 2");
    let batch: Headers<'_> = &[("content-type", Some(b"application/cloudevents-batch+json"))];
    check(batch, "[]", "one event can be here, and application/cloudevents-batch+json holds many");
    let bad: Headers<'_> = &[("ce_a\u{1}", Some(b"x"))];
    check(bad, "x", "attribute name `a\\u{1}` is not allowed: use 1 to 127 of a-z and 0-9");
}

#[test]
fn no_record_panics_or_is_lost() {
    assert_eq!(from_kafka(None, &[], None).data().len(), 0, "tombstone");
    let long = "h".repeat(100_000);
    let many: Vec<(String, Vec<u8>)> = (0..1_000).map(|at| (format!("h{at}"), vec![b'x'; at])).collect();
    let many: Vec<_> = many.iter().map(|(name, value)| (name.as_str(), Some(&value[..]))).collect();
    let event = from_kafka(
        Some(long.as_bytes()),
        &[&many[..], &[(&long, Some(b"x")), ("", Some(b"x"))]].concat(),
        Some("x"),
    );
    assert_eq!(&event.data()[..], b"x");
    assert_eq!(event.get("kafkaheaderh7"), Some("xxxxxxx"), "what fits is there");
    let raw = from_bytes(Some(b"\xff"), &[(b"\xffA", Some(b"1")), (b"ce_\xff", Some(b"1"))], Some("x"));
    assert_eq!(raw.get("kafkaheadera"), Some("1"));
    let origin = kafka::Origin {
        source: "",
        partition: 0,
        offset: 0,
        time: Some("never"),
        key: kafka::KeyType::default(),
    };
    let event = kafka::decode(kafka::Record { key: None, headers: [].into_iter(), value: None }, &origin);
    assert_eq!((event.source(), event.get("time")), ("kafka", None), "whatever the origin is");
}

#[test]
fn a_key_is_read_as_what_it_is_and_else_as_text() {
    let check = |is, key: &[u8], expected: Option<&str>| {
        let origin = kafka::Origin { source: "/k", partition: 0, offset: 0, time: None, key: is };
        let record = kafka::Record { key: Some(key), headers: [].into_iter(), value: None };
        let event = kafka::decode(record, &origin);
        assert_eq!((event.get("key"), event.get("partitionkey")), (expected, expected), "{is:?} {key:?}");
    };
    use kafka::KeyType::{Bytes, Float, Integer, Text};
    check(Text, b"\0\0\0a", None);
    check(Integer, &(-7_i32).to_be_bytes(), Some("-7"));
    check(Integer, &i64::MAX.to_be_bytes(), Some("9223372036854775807"));
    check(Integer, b"seven", Some("seven"));
    check(Float, &1.5_f32.to_be_bytes(), Some("1.5"));
    check(Float, &(-0.1_f64).to_be_bytes(), Some("-0.1"));
    check(Bytes, b"\xff\xfe", Some("//4="));
}
