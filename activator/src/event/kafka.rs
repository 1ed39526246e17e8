//! CloudEvents in Kafka records (Kafka protocol binding 1.0), and records that are no CloudEvents.
//!
//! A record never fails: one that is no valid CloudEvent becomes an event about the record, as a KafkaSource
//! makes it, so that nothing on a topic can stop what reads it.

use alloc::{format, string::String};
use bytes::Bytes;

use super::{Event, EventError, http, json};

/// Where a record came from, for those that are no CloudEvents.
#[derive(Clone, Copy, Debug)]
pub struct Origin<'a> {
    /// `source` of such an event, as Knative names it: `/apis/v1/namespaces/NS/kafkasources/NAME#TOPIC`.
    pub source: &'a str,
    /// The record's partition.
    pub partition: u32,
    /// The record's offset.
    pub offset: u64,
    /// The record's time, RFC 3339.
    pub time: Option<&'a str>,
}

/// One Kafka record; a value of `None` is a tombstone, a header of `None` has no value.
#[derive(Clone, Debug)]
pub struct Record<'a, H> {
    /// The record key.
    pub key: Option<&'a [u8]>,
    /// Header names and values.
    pub headers: H,
    /// The record value.
    pub value: Option<Bytes>,
}

/// The event a record stands for.
pub fn decode<'a, H>(record: Record<'a, H>, origin: &Origin<'_>) -> Event
where
    H: Iterator<Item = (&'a str, Option<&'a [u8]>)> + Clone,
{
    match decode_event(&record) {
        Ok(event) => event,
        Err(EventError::NotAnEvent) => about_record(record, origin, None),
        Err(reason) => about_record(record, origin, Some(&reason)),
    }
}

fn decode_event<'a, H>(record: &Record<'a, H>) -> Result<Event, EventError>
where
    H: Iterator<Item = (&'a str, Option<&'a [u8]>)> + Clone,
{
    let content_type = record
        .headers
        .clone()
        .find(|(name, _)| name.eq_ignore_ascii_case("content-type"))
        .and_then(|(_, value)| core::str::from_utf8(value?).ok());
    let has_ce_headers = record.headers.clone().any(|(name, _)| name.starts_with("ce_"));
    match http::mode(content_type, has_ce_headers) {
        Some(http::Mode::Structured) => json::decode(record.value.as_deref().unwrap_or_default()),
        Some(http::Mode::Binary) => decode_binary(record, content_type),
        Some(http::Mode::Batch) | None => Err(EventError::NotAnEvent),
    }
}

/// Section 3.2 "Binary Content Mode": values are plain UTF-8, not percent-encoded.
fn decode_binary<'a, H>(record: &Record<'a, H>, content_type: Option<&str>) -> Result<Event, EventError>
where
    H: Iterator<Item = (&'a str, Option<&'a [u8]>)> + Clone,
{
    let mut event = Event::builder();
    let mut specversion = false;
    for (header, value) in record.headers.clone() {
        let (Some(name), Some(value)) = (header.strip_prefix("ce_"), value) else {
            continue;
        };
        let text = core::str::from_utf8(value).map_err(|_| EventError::Utf8(name.into()))?;
        specversion |= name == "specversion";
        event.attribute(name, text)?;
    }
    if !specversion {
        return Err(EventError::Missing("specversion"));
    }
    if let Some(content_type) = content_type {
        event.attribute("datacontenttype", content_type)?;
    }
    if let Some(key) = record.key.and_then(|k| core::str::from_utf8(k).ok())
        && !event.has("partitionkey")
        && !key.chars().any(char::is_control)
    {
        event.attribute("partitionkey", key)?;
    }
    event.build(record.value.clone().unwrap_or_default())
}

/// An event about a record, as Knative's KafkaSource makes it, with the reason when it tried to be an event.
fn about_record<'a, H>(record: Record<'a, H>, origin: &Origin<'_>, reason: Option<&EventError>) -> Event
where
    H: Iterator<Item = (&'a str, Option<&'a [u8]>)> + Clone,
{
    let Origin { source, partition, offset, time } = *origin;
    let mut event = Event::builder();
    // A name or value that no attribute may have is left out: the record's data still arrives.
    let mut add = |name: &str, value: &str| drop(event.attribute(name, value));
    add("id", &format!("partition:{partition}/offset:{offset}"));
    add("source", source);
    add("type", "dev.knative.kafka.event");
    add("subject", &format!("partition:{partition}#{offset}"));
    if let Some(time) = time {
        add("time", time);
    }
    add("knativekafkapartition", &format!("{partition}"));
    add("knativekafkaoffset", &format!("{offset}"));
    if let Some(reason) = reason {
        add("hydranterror", &format!("{reason}"));
    }
    if let Some(key) = record.key.and_then(|k| core::str::from_utf8(k).ok()) {
        add("key", key);
        add("partitionkey", key);
    }
    for (header, value) in record.headers {
        let Some(value) = value.and_then(|v| core::str::from_utf8(v).ok()) else {
            continue;
        };
        if header.eq_ignore_ascii_case("content-type") {
            add("datacontenttype", value);
        } else {
            add(&format!("kafkaheader{}", attribute_name(header)), value);
        }
    }
    event.build(record.value.unwrap_or_default()).expect("id, source and type were added above and are valid")
}

fn attribute_name(header: &str) -> String {
    header.chars().map(|c| c.to_ascii_lowercase()).filter(char::is_ascii_alphanumeric).collect()
}

/// Gives every header of the event in binary mode: `ce_` names and `content-type`. The value is the data.
pub fn encode_binary(event: &Event, mut header: impl FnMut(&str, &str)) {
    header("ce_specversion", super::SPECVERSION);
    let mut name_buffer = String::with_capacity(32);
    for (name, value) in event.attributes().iter() {
        if name == "datacontenttype" {
            header("content-type", value);
            continue;
        }
        name_buffer.clear();
        name_buffer.push_str("ce_");
        name_buffer.push_str(name);
        header(&name_buffer, value);
    }
}

/// The record key of an event: its `partitionkey` (Kafka binding 3.1 "Key Mapping").
pub fn key(event: &Event) -> Option<&str> {
    event.get("partitionkey")
}
