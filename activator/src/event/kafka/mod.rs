//! CloudEvents in Kafka records (Kafka protocol binding 1.0), and records that are no CloudEvents.
//!
//! A record never fails: one that is no valid CloudEvent becomes an event about the record, as a KafkaSource
//! makes it, so that nothing on a topic can stop what reads it.

mod about;
mod binary;

use alloc::vec::Vec;
use bytes::Bytes;

use super::media::Mode;
use super::{Builder, Event, EventError, Headers, json, media};

pub use binary::encode_binary;

const CONTENT_TYPE: &str = "content-type";
const PREFIX: &str = "ce_";

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
    /// What the record's key is.
    pub key: KeyType,
}

/// What the key of a record that is no CloudEvent is; one of another length is taken for text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum KeyType {
    /// UTF-8.
    #[default]
    Text,
    /// A whole number: 4 or 8 bytes, the highest first.
    Integer,
    /// A number with a fraction: 4 or 8 bytes of IEEE 754, the highest first.
    Float,
    /// Anything; shown in base64.
    Bytes,
}

/// One Kafka record. Names are bytes, for nothing on a topic is sure to be UTF-8.
#[derive(Clone, Debug)]
pub struct Record<'a, H> {
    /// The record key.
    pub key: Option<&'a [u8]>,
    /// Header names and values; a value of `None` is null.
    pub headers: H,
    /// The record value; `None` is null, such as in a tombstone.
    pub value: Option<Bytes>,
}

/// The event a record stands for.
pub fn decode<'a, H>(record: Record<'a, H>, origin: &Origin<'_>) -> Event
where
    H: Iterator<Item = (&'a [u8], Option<&'a [u8]>)> + Clone,
{
    let given = record.headers.clone().filter_map(|(name, value)| Some((name, value?)));
    let headers = Headers::of(given);
    let event = match decode_event(&record) {
        Ok(event) => event,
        Err(EventError::NotAnEvent) => about::event(record, origin, None),
        Err(reason) => about::event(record, origin, Some(&reason)),
    };
    if headers.is_empty() { event } else { event.with_headers(headers) }
}

fn decode_event<'a, H>(record: &Record<'a, H>) -> Result<Event, EventError>
where
    H: Iterator<Item = (&'a [u8], Option<&'a [u8]>)> + Clone,
{
    let mut event = Builder::default();
    let value = record.value.as_ref();
    let data = match mode(record.headers.clone()) {
        Some(Mode::Binary) => {
            binary::decode(&mut event, record.headers.clone())?;
            value.cloned().unwrap_or_default()
        }
        Some(Mode::Structured) => json::read(value.unwrap_or(&Bytes::new()), &mut event)?,
        Some(Mode::Batch) => return Err(EventError::Batch),
        None => return Err(EventError::NotAnEvent),
    };
    // Section 3.1 "Key Mapping". A key that no attribute can hold still orders the record.
    if let Some(key) = record.key.filter(|key| !key.is_empty())
        && !event.has("partitionkey")
    {
        event.received(b"partitionkey", key).ok();
    }
    event.build_received(data)
}

/// A header that is null is one that is not there.
fn mode<'a>(headers: impl Iterator<Item = (&'a [u8], Option<&'a [u8]>)>) -> Option<Mode> {
    let (mut content_type, mut has_attributes) = (None, false);
    for (name, value) in headers {
        let Some(value) = value else { continue };
        has_attributes |= name.starts_with(PREFIX.as_bytes());
        if content_type.is_none() && is_content_type(name) {
            content_type = Some(value);
        }
    }
    Mode::of(content_type, has_attributes)
}

const fn is_content_type(name: &[u8]) -> bool {
    name.eq_ignore_ascii_case(CONTENT_TYPE.as_bytes())
}

/// The record key of an event: its `partitionkey` (section 3.1 "Key Mapping").
pub fn key(event: &Event) -> Option<&[u8]> {
    event.find("partitionkey").map(|value| value.bytes())
}

/// The record value of an event in binary mode: its data, null when it has none (section 3.2.2).
pub fn value(event: &Event) -> Option<&Bytes> {
    Some(event.data()).filter(|data| !data.is_empty())
}

/// The record value of an event in structured mode; gives its one header.
pub fn encode_structured(event: &Event, mut header: impl FnMut(&str, &[u8])) -> Vec<u8> {
    header(CONTENT_TYPE, media::STRUCTURED.as_bytes());
    event.headers().iter().for_each(|(name, value)| header(name, value));
    json::encode(event)
}
