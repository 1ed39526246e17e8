//! The scenarios of the bindings: each message is read, compared, and written and read again in every mode.

use std::collections::BTreeMap;

use activator::event::{Event, http, json, kafka};
use bytes::Bytes;
use serde_json::Value;

use super::gherkin::{Scenario, Step, scenarios};

const ORIGIN: kafka::Origin<'static> =
    kafka::Origin { source: "/no/event", partition: 0, offset: 0, time: None, key: kafka::KeyType::Text };

pub(crate) fn run(feature: &str) -> usize {
    let scenarios = scenarios(feature);
    scenarios.iter().for_each(check);
    scenarios.len()
}

/// What the steps so far told.
#[derive(Default)]
struct Message {
    /// A request as it is on the wire.
    request: String,
    payload: String,
    headers: Vec<Vec<String>>,
}

fn check(scenario: &Scenario) {
    let (mut message, mut event) = (Message::default(), None);
    for step in &scenario.steps {
        let read = || event.as_ref().expect("it was parsed before");
        match step.sentence.as_str() {
            "an HTTP request" => message.request.clone_from(&step.text),
            "a Kafka message with payload:" => message.payload.clone_from(&step.text),
            "Kafka headers:" => message.headers.clone_from(&step.table),
            "parsed as HTTP request" => event = Some(from_request(&message.request)),
            "parsed as Kafka message" => event = Some(from_record(&message)),
            "the attributes are:" => has_attributes(read(), step, &scenario.name),
            "the data is equal to the following JSON:" => has_data(read(), step, &scenario.name),
            unknown => panic!("{}: unknown step: {unknown}", scenario.name),
        }
    }
    every_way_back(&event.expect("every scenario has a message"));
}

fn from_request(request: &str) -> Event {
    let (head, body) = request.split_once("\n\n").expect("a blank line ends the headers");
    let headers = head.lines().skip(1).map(|line| line.split_once(": ").expect("a header has a value"));
    // As HTTP libraries give them.
    let headers: Vec<_> = headers.map(|(name, value)| (name.to_ascii_lowercase(), value)).collect();
    let headers = || headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes()));
    let mode = http::mode(headers()).expect("it is an event");
    http::decode(mode, headers(), Bytes::copy_from_slice(body.as_bytes())).unwrap()
}

fn from_record(message: &Message) -> Event {
    let headers = message.headers.iter().map(|row| (row[0].as_bytes(), Some(row[1].as_bytes())));
    let value = Some(Bytes::copy_from_slice(message.payload.as_bytes()));
    kafka::decode(kafka::Record { key: None, headers, value }, &ORIGIN)
}

fn has_attributes(event: &Event, step: &Step, scenario: &str) {
    let expected: BTreeMap<&str, &str> = step.table.iter().map(|row| (&*row[0], &*row[1])).collect();
    let found = event.attributes().iter().chain([("specversion", event.get("specversion").unwrap())]);
    assert_eq!(found.collect::<BTreeMap<_, _>>(), expected, "{scenario}");
}

fn has_data(event: &Event, step: &Step, scenario: &str) {
    let tree = |text: &[u8]| serde_json::from_slice::<Value>(text).unwrap();
    assert_eq!(tree(event.data()), tree(step.text.as_bytes()), "{scenario}");
}

/// Written in each mode of each binding, it is read as the same event.
pub(crate) fn every_way_back(event: &Event) {
    let mut headers = Vec::new();
    http::encode_binary(event, |name, value| headers.push((name.to_owned(), value.to_vec())));
    let pairs = headers.iter().map(|(name, value)| (name.as_str(), &value[..]));
    assert_eq!(&http::decode(http::Mode::Binary, pairs, event.data().clone()).unwrap(), event);

    headers.clear();
    kafka::encode_binary(event, |name, value| headers.push((name.to_owned(), value.to_vec())));
    let record = |headers, value| kafka::Record { key: None, headers, value };
    let pairs = headers.iter().map(|(name, value)| (name.as_bytes(), Some(&value[..])));
    let pairs: Vec<(&[u8], Option<&[u8]>)> = pairs.collect();
    let back = kafka::decode(record(pairs.iter().copied(), kafka::value(event).cloned()), &ORIGIN);
    assert_eq!(&back, event);

    let body = Bytes::from(json::encode(event));
    let structured: [(&[u8], Option<&[u8]>); 1] = [(b"content-type", Some(http::STRUCTURED.as_bytes()))];
    let from_kafka = kafka::decode(record(structured.iter().copied(), Some(body.clone())), &ORIGIN);
    let pairs = [("content-type", http::STRUCTURED.as_bytes())];
    let from_http = http::decode(http::mode(pairs.into_iter()).unwrap(), pairs.into_iter(), body).unwrap();
    for back in [from_kafka, from_http] {
        assert_eq!(back.attributes(), event.attributes());
        // White space around JSON is not part of it.
        assert_eq!(back.data().trim_ascii(), event.data().trim_ascii());
    }
}
