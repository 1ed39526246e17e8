//! The event about a record that is none itself, as Knative's KafkaSource makes it.

use core::fmt::{self, Write};

use base64::display::Base64Display;
use base64::engine::general_purpose::STANDARD;
use smallvec::SmallVec;

use super::{KeyType, Origin, Record, is_content_type};
use crate::event::{Builder, Event, EventError};

/// An event about the record, with the reason when it tried to be an event.
pub(super) fn event<'a, H>(record: Record<'a, H>, origin: &Origin<'_>, reason: Option<&EventError>) -> Event
where
    H: Iterator<Item = (&'a [u8], Option<&'a [u8]>)>,
{
    let mut event = Builder::default();
    describe(&mut event, origin, reason);
    if let Some(key) = record.key {
        let mut text = Text::default();
        let key = key_text(key, origin.key, &mut text);
        add(&mut event, b"key", key);
        add(&mut event, b"partitionkey", key);
    }
    let mut name: SmallVec<[u8; 64]> = SmallVec::new();
    for (header, value) in record.headers {
        let Some(value) = value else { continue };
        if is_content_type(header) {
            add(&mut event, b"datacontenttype", value);
            continue;
        }
        let letters = header.iter().map(u8::to_ascii_lowercase).filter(u8::is_ascii_alphanumeric);
        name.clear();
        name.extend_from_slice(b"kafkaheader");
        let prefix = name.len();
        name.extend(letters);
        if name.len() > prefix {
            add(&mut event, &name, value);
        }
    }
    event.build(record.value.unwrap_or_default()).expect("id, source and type were added first and are valid")
}

fn describe(event: &mut Builder, origin: &Origin<'_>, reason: Option<&EventError>) {
    let Origin { source, partition, offset, time, .. } = *origin;
    let mut text = Text::default();
    add(event, b"id", text.of(format_args!("partition:{partition}/offset:{offset}")));
    add(event, b"source", source.as_bytes());
    if !event.has("source") {
        // A topic may bear any name, and a source may not.
        add(event, b"source", b"kafka");
    }
    add(event, b"type", b"dev.knative.kafka.event");
    add(event, b"subject", text.of(format_args!("partition:{partition}#{offset}")));
    if let Some(time) = time {
        add(event, b"time", time.as_bytes());
    }
    add(event, b"knativekafkapartition", text.of(format_args!("{partition}")));
    add(event, b"knativekafkaoffset", text.of(format_args!("{offset}")));
    if let Some(reason) = reason {
        add(event, b"hydranterror", text.of(format_args!("{reason}")));
    }
}

fn key_text<'t>(key: &'t [u8], is: KeyType, text: &'t mut Text) -> &'t [u8] {
    match (is, key.len()) {
        (KeyType::Integer, 4) => text.of(format_args!("{}", i32::from_be_bytes(array(key)))),
        (KeyType::Integer, 8) => text.of(format_args!("{}", i64::from_be_bytes(array(key)))),
        (KeyType::Float, 4) => text.of(format_args!("{}", f32::from_be_bytes(array(key)))),
        (KeyType::Float, 8) => text.of(format_args!("{}", f64::from_be_bytes(array(key)))),
        (KeyType::Bytes, _) => text.of(format_args!("{}", Base64Display::new(key, &STANDARD))),
        _ => key,
    }
}

fn array<const N: usize>(bytes: &[u8]) -> [u8; N] {
    bytes.try_into().expect("its length was looked at")
}

/// A name or value that no attribute may have is left out: the record's data still arrives.
fn add(event: &mut Builder, name: &[u8], value: &[u8]) {
    event.received(name, value).ok();
}

/// Writes numbers into text, in the same memory each time.
#[derive(Default)]
struct Text(SmallVec<[u8; 64]>);

impl Text {
    fn of(&mut self, arguments: fmt::Arguments<'_>) -> &[u8] {
        self.0.clear();
        self.write_fmt(arguments).expect("memory takes all text");
        &self.0
    }
}

impl Write for Text {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.extend_from_slice(text.as_bytes());
        Ok(())
    }
}
