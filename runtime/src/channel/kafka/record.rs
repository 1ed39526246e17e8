//! Kafka records to events and back; the rules are the activator's, only the library's types are met here.

use std::fmt::Write as _;

use activator::event::{Event, kafka};
use bytes::Bytes;
use rdkafka::message::{BorrowedMessage, Header, Message as _, OwnedHeaders};

use super::headers::Headers;
use crate::channel::{ContentMode, Records};

/// Makes events of the records of one partition.
pub(super) struct Decoder {
    records: Records,
    partition: u32,
    /// The text of the record's time, its memory used again.
    time: String,
}

impl Decoder {
    pub(super) fn new(records: &Records, partition: u32) -> Self {
        Self { records: records.clone(), partition, time: String::new() }
    }

    /// The event of a record at `offset`. The value is copied once, out of librdkafka's buffer.
    pub(super) fn event(&mut self, message: &BorrowedMessage<'_>, offset: u64) -> Event {
        let record = kafka::Record {
            key: message.key(),
            headers: Headers::of(message),
            value: message.payload().map(Bytes::copy_from_slice),
        };
        let time = message.timestamp().to_millis().and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok());
        let origin = kafka::Origin {
            source: &self.records.source,
            key: self.records.key,
            partition: self.partition,
            offset,
            time: time.map(|time| {
                self.time.clear();
                write!(self.time, "{time}").expect("a String takes all text");
                self.time.as_str()
            }),
        };
        let event = kafka::decode(record, &origin);
        let extend = |event: Event, (name, value): &(String, String)| match event.with(name, value) {
            Ok(extended) => extended,
            Err(error) => {
                tracing::debug!(offset, name, "the event has no room for an extension: {error}");
                event
            }
        };
        self.records.extensions.iter().fold(event, extend)
    }
}

/// An event as a record, but for its key.
pub(super) struct Encoded {
    pub(super) headers: OwnedHeaders,
    pub(super) value: Option<Bytes>,
    /// What the record needs at most, its key and its own framing included.
    pub(super) size: usize,
}

pub(super) fn encode(event: &Event, content: ContentMode) -> Encoded {
    let mut headers = Some(OwnedHeaders::new());
    // Kafka frames a record with some 20 bytes, and each header with two lengths.
    let mut size = 32 + kafka::key(event).map_or(0, <[u8]>::len);
    let header = |key: &str, value: &[u8]| {
        size += key.len() + value.len() + 8;
        let value = Some(value);
        headers = headers.take().map(|headers| headers.insert(Header { key, value }));
    };
    let value = match content {
        ContentMode::Binary => {
            kafka::encode_binary(event, header);
            kafka::value(event).cloned()
        }
        ContentMode::Structured => Some(kafka::encode_structured(event, header).into()),
    };
    size += value.as_ref().map_or(0, Bytes::len);
    Encoded { headers: headers.unwrap_or_default(), value, size }
}
