//! What it takes to read and write an event in each binding, beside the CloudEvents SDK doing the same in the same run.

use std::hint::black_box;

use activator::event::http::Mode;
use activator::event::{Event, EventError, Name, http, json, kafka};
use anyhow::{Context, ensure};
use bytes::Bytes;
use cloudevents::binding::http::to_event;
use hyper::HeaderMap;
use hyper::header::{HeaderName, HeaderValue};
use serde_json::Value;

use super::pace::{self, Row, again, measure};
use super::sdk;

/// An event of a common size: seven attributes and a hundred bytes of data.
const ATTRIBUTES: [(&str, &str); 7] = [
    ("id", "5f2b1c1e-9c1d-4a6e-8f0a-2d2e"),
    ("source", "https://shop.example.com/eu"),
    ("type", "com.example.order.created"),
    ("time", "2026-11-25T12:00:00.123Z"),
    ("datacontenttype", "application/json"),
    ("subject", "orders/1764072000/17"),
    ("tenant", "eu-west-3"),
];
const DATA: &[u8] = br#"{"order":17,"items":[{"sku":"A-100","count":2},{"sku":"B-7","count":1}],"total":"42.50","paid":false}"#;

/// What was measured.
#[derive(Debug)]
pub(crate) struct Report(Vec<Row>);

/// What each is to take (ns), and what takes its place in the SDK; the SDK's own Kafka binding wants another rdkafka, so
/// a record is held against its HTTP binding, which reads the same attributes.
const ROWS: [(&str, f64, &str); 7] = [
    ("HTTP, binary: headers to an event", 120.0, "the SDK"),
    ("Kafka, binary: a record to an event", 350.0, "the SDK, over HTTP"),
    ("structured: JSON to an event", 1_500.0, "the SDK"),
    ("structured: an event to JSON", 400.0, "the SDK"),
    ("HTTP, binary: an event to headers", 400.0, "the SDK, to JSON"),
    ("an attribute read", 10.0, "the SDK"),
    ("an extension added", 400.0, "the SDK, with its copy"),
];

pub(crate) fn measure_all() -> anyhow::Result<Report> {
    let event = event()?;
    let theirs = sdk::of(&event).context("the SDK refuses the event")?;
    let back = sdk::from(&theirs).context("the SDK's event is none of ours")?;
    ensure!(back.data() == event.data() && back.get("tenant") == event.get("tenant"), "not the same event");
    let headers = headers(&event)?;
    let pairs = || headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes()));
    let records: Vec<(String, Bytes)> = records(&event);
    let body: Bytes = json::encode(&event).into();
    let data = Bytes::from_static(DATA);
    let tenant = Name::new("tenant");
    let record = || kafka::Record {
        key: None,
        headers: records.iter().map(|(name, value)| (name.as_bytes(), Some(&value[..]))),
        value: Some(data.clone()),
    };
    let origin = kafka::Origin {
        source: "/bench",
        partition: 0,
        offset: 0,
        time: None,
        key: kafka::KeyType::default(),
    };
    let from_http = || to_event(black_box(&headers), DATA.to_vec());
    let works = vec![
        again(|| http::decode(Mode::Binary, black_box(pairs()), data.clone())),
        again(from_http),
        again(|| kafka::decode(black_box(record()), &origin)),
        again(from_http),
        again(|| json::decode(black_box(&body))),
        again(|| serde_json::from_slice::<cloudevents::Event>(black_box(&body))),
        again(|| json::encode(black_box(&event))),
        again(|| serde_json::to_vec(black_box(&theirs))),
        again(|| http::encode_binary(black_box(&event), |name, value| _ = black_box((name, value)))),
        again(|| serde_json::to_vec(black_box(&theirs))),
        again(|| black_box(&event).value(&tenant)),
        again(|| black_box(&theirs).extension("tenant")),
        again(|| black_box(&event).with("knativebrokerttl", "254")),
        again(|| {
            let mut copy = black_box(&theirs).clone();
            copy.set_extension("knativebrokerttl", "254");
            copy
        }),
    ];
    let times = measure(works)?;
    let rows = ROWS.iter().zip(times.chunks_exact(2)).map(|((what, target, beside), times)| Row {
        what: (*what).into(),
        ns: times[0],
        target: *target,
        beside,
        beside_ns: times[1],
        others: &[],
    });
    Ok(Report(rows.collect()))
}

fn event() -> Result<Event, EventError> {
    let mut event = Event::builder();
    for (name, value) in ATTRIBUTES {
        event.attribute(name, value)?;
    }
    event.build(Bytes::from_static(DATA))
}

fn headers(event: &Event) -> anyhow::Result<HeaderMap> {
    let mut headers = HeaderMap::new();
    let mut wrong = Ok(());
    http::encode_binary(event, |name, value| {
        let header = HeaderName::from_bytes(name.as_bytes());
        match (header, HeaderValue::from_bytes(value)) {
            (Ok(name), Ok(value)) => drop(headers.insert(name, value)),
            _ => wrong = Err(anyhow::anyhow!("{name} is no header")),
        }
    });
    wrong.map(|()| headers)
}

fn records(event: &Event) -> Vec<(String, Bytes)> {
    let mut records = Vec::new();
    kafka::encode_binary(event, |name, value| {
        records.push((name.to_owned(), Bytes::copy_from_slice(value)));
    });
    records
}

impl Report {
    pub(crate) fn text(&self) -> String {
        pace::text(&self.0)
    }

    pub(crate) fn json(&self) -> Value {
        pace::json(&self.0)
    }
}
