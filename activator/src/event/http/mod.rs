//! CloudEvents over HTTP (HTTP protocol binding 1.0): binary mode in headers, structured and batched mode in the body.
//!
//! Header names are in lower case, as HTTP libraries give them; values are bytes. A batch is read by
//! [`json::decode_batch`].

mod binary;
mod percent;

use alloc::vec::Vec;
use bytes::Bytes;

pub use super::media::Mode;
use super::{Builder, Event, EventError, Reply, json, media};

pub use binary::encode_binary;

/// The media type of structured mode.
pub const STRUCTURED: &str = media::STRUCTURED;
/// The media type of batched mode.
pub const BATCH: &str = media::BATCH;

const CONTENT_TYPE: &str = "content-type";
const PREFIX: &str = "ce-";

/// Which mode the headers speak of; nothing when the message is no CloudEvent.
pub fn mode<'a>(headers: impl Iterator<Item = (&'a str, &'a [u8])>) -> Option<Mode> {
    let (mut content_type, mut has_attributes) = (None, false);
    for (name, value) in headers {
        has_attributes |= name.starts_with(PREFIX);
        if content_type.is_none() && name == CONTENT_TYPE {
            content_type = Some(value);
        }
    }
    Mode::of(content_type, has_attributes)
}

/// The event in a message of a mode.
///
/// # Errors
/// Says which attribute is wrong and why. A batch is not one event.
pub fn decode<'a>(
    mode: Mode,
    headers: impl Iterator<Item = (&'a str, &'a [u8])>,
    body: Bytes,
) -> Result<Event, EventError> {
    let mut event = Builder::default();
    let data = read(mode, headers, body, &mut event)?;
    event.build_received(data)
}

/// The event in a message of a mode that somebody answered with, which may lack an id.
///
/// # Errors
/// As [`decode`].
pub fn decode_reply<'a>(
    mode: Mode,
    headers: impl Iterator<Item = (&'a str, &'a [u8])>,
    body: Bytes,
) -> Result<Reply, EventError> {
    let mut event = Builder::default();
    let data = read(mode, headers, body, &mut event)?;
    event.build_reply(data)
}

/// Reads the attributes of the one event in a message into `event`, and gives its data.
#[inline]
fn read<'a>(
    mode: Mode,
    headers: impl Iterator<Item = (&'a str, &'a [u8])>,
    body: Bytes,
    event: &mut Builder,
) -> Result<Bytes, EventError> {
    match mode {
        Mode::Binary => binary::read(headers, event).map(|()| body),
        Mode::Structured => json::read(&body, event),
        Mode::Batch => Err(EventError::Batch),
    }
}

/// The body of the event in structured mode; gives its one header.
pub fn encode_structured(event: &Event, mut header: impl FnMut(&str, &[u8])) -> Vec<u8> {
    header(CONTENT_TYPE, STRUCTURED.as_bytes());
    json::encode(event)
}

/// The body of events in batched mode; gives its one header.
pub fn encode_batch<'a>(
    events: impl IntoIterator<Item = &'a Event>,
    mut header: impl FnMut(&str, &[u8]),
) -> Vec<u8> {
    header(CONTENT_TYPE, BATCH.as_bytes());
    json::encode_batch(events)
}
