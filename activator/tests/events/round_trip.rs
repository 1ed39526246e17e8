//! What goes through a binding comes out as the same event.

use activator::event::{Event, Name, http, json, kafka};
use bytes::Bytes;
use proptest::collection::vec;
use proptest::prelude::*;

use super::make::{Typed, add, event, text, untyped};

/// JSON has no white space around a value, and a line has no newlines in it.
fn data_in_json(event: &Event, in_line: bool) -> Bytes {
    let json = json::encode(event);
    let is_json = !contains(&json, b",\"data_base64\":") && is_json(event);
    if !is_json {
        return event.data().clone();
    }
    let data = event.data().trim_ascii().to_vec();
    let space = |byte: u8| if in_line && matches!(byte, b'\n' | b'\r') { b' ' } else { byte };
    data.into_iter().map(space).collect()
}

fn is_json(event: &Event) -> bool {
    event.get("datacontenttype").is_none_or(|media_type| media_type.contains("json"))
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}

fn with_data(event: &Event, data: Bytes) -> Event {
    Event::from_stored(event.attributes().block(), data).unwrap()
}

fn through_http(event: &Event) -> Event {
    let mut headers: Vec<(String, Vec<u8>)> = Vec::new();
    http::encode_binary(event, |name, value| headers.push((name.into(), value.to_vec())));
    let headers = headers.iter().map(|(name, value)| (name.as_str(), &value[..]));
    let plain = headers.clone().filter(|(name, _)| name.starts_with("ce-")).flat_map(|(_, value)| value);
    assert!(plain.copied().all(|byte| byte.is_ascii_graphic()), "what HTTP carries without harm");
    let mode = http::mode(headers.clone()).unwrap();
    http::decode(mode, headers, event.data().clone()).unwrap()
}

fn through_kafka(event: &Event) -> Event {
    let mut headers: Vec<(String, Vec<u8>)> = Vec::new();
    kafka::encode_binary(event, |name, value| headers.push((name.into(), value.to_vec())));
    let headers = headers.iter().map(|(name, value)| (name.as_bytes(), Some(&value[..])));
    let record = kafka::Record { key: kafka::key(event), headers, value: kafka::value(event).cloned() };
    kafka::decode(
        record,
        &kafka::Origin {
            source: "/not/used",
            partition: 0,
            offset: 0,
            time: None,
            key: kafka::KeyType::default(),
        },
    )
}

proptest! {
    #[test]
    fn through_a_channel(event in event()) {
        let block = event.attributes().block();
        let back = Event::from_stored(block.clone(), event.data().clone()).unwrap();
        prop_assert_eq!(&back, &event);
        prop_assert_eq!(event.size(), block.len() + event.data().len());
        prop_assert_eq!(back.attributes().block(), block);
        for (name, value) in event.attributes().values() {
            prop_assert_eq!(back.value(&Name::new(name)), Some(value));
        }
    }

    #[test]
    fn through_http_in_binary_mode(event in event()) {
        prop_assert_eq!(through_http(&event), untyped(&event));
    }

    #[test]
    fn through_kafka_in_binary_mode(event in event()) {
        prop_assert_eq!(through_kafka(&event), untyped(&event));
    }

    #[test]
    fn through_json(event in event()) {
        let json = Bytes::from(json::encode(&event));
        let back = json::decode(&json).unwrap();
        prop_assert_eq!(&back, &with_data(&event, data_in_json(&event, false)));
        // A tree cannot hold every number that JSON can write.
        if let Ok(tree) = serde_json::from_slice::<serde_json::Value>(&json) {
            prop_assert_eq!(json::to_value(&event), tree);
        }
        // Written once, it is written the same ever after.
        prop_assert_eq!(json::decode(&json::encode(&back).into()).unwrap(), back);
    }

    #[test]
    fn through_json_lines(event in event()) {
        let line = json::encode_line(&event);
        prop_assert_eq!(line.iter().position(|byte| matches!(byte, b'\n' | b'\r')), Some(line.len() - 1));
        let back = json::decode_line(&line.into()).unwrap();
        prop_assert_eq!(back, with_data(&event, data_in_json(&event, true)));
    }

    #[test]
    fn through_a_batch(events in vec(event(), 0..5)) {
        let back = json::decode_batch(&json::encode_batch(&events).into()).unwrap();
        let expected: Vec<_> = events.iter().map(|event| with_data(event, data_in_json(event, false))).collect();
        prop_assert_eq!(back, expected);
    }

    #[test]
    fn what_is_added_on_the_way_is_as_if_it_had_come_so(
        event in event(),
        added in vec(("[a-c]1", text(0)), 1..6),
    ) {
        let mut with = event.clone();
        for (name, value) in &added {
            with = with.with(name, value).unwrap();
        }
        let mut anew = Event::builder();
        for (name, value) in added.iter().rev() {
            add(&mut anew, name, &Typed::String(value.clone()));
        }
        for (name, value) in event.attributes().values().filter(|(name, _)| added.iter().all(|(other, _)| other != name)) {
            match value.kind() {
                activator::event::Kind::String => add(&mut anew, name, &Typed::String(value.text().into())),
                activator::event::Kind::Integer => add(&mut anew, name, &Typed::Integer(value.text().parse().unwrap())),
                activator::event::Kind::Boolean => add(&mut anew, name, &Typed::Boolean(value.text() == "true")),
            }
        }
        let anew = anew.build(event.data().clone()).unwrap();
        prop_assert_eq!(&with, &anew);
        prop_assert_eq!(with.size(), anew.size());
        prop_assert_eq!(with.size(), with.attributes().block().len() + with.data().len());
        prop_assert_eq!(through_http(&with), untyped(&anew));
        let back = json::decode(&json::encode(&with).into()).unwrap();
        prop_assert_eq!(back.attributes(), anew.attributes());
    }
}
