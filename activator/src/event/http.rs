//! CloudEvents over HTTP (HTTP protocol binding 1.0): binary mode in headers, structured mode in the body.

use alloc::{string::String, vec::Vec};
use bytes::Bytes;

use super::{Builder, Event, EventError, json};

/// The media type of structured mode.
pub const STRUCTURED: &str = "application/cloudevents+json";
/// The media type of batched mode.
pub const BATCH: &str = "application/cloudevents-batch+json";

/// What a request or a response holds, as its headers tell (section 3 "HTTP Message Mapping").
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Attributes are `ce-` headers, the body is the data.
    Binary,
    /// The body is one event in the JSON format.
    Structured,
    /// The body is an array of events in the JSON format.
    Batch,
}

/// Which mode the headers speak of; nothing when the message is no CloudEvent.
pub fn mode(content_type: Option<&str>, has_ce_headers: bool) -> Option<Mode> {
    let media_type = content_type.and_then(|t| t.split(';').next()).map_or("", str::trim);
    if media_type.eq_ignore_ascii_case(BATCH) {
        Some(Mode::Batch)
    } else if media_type.eq_ignore_ascii_case(STRUCTURED) {
        Some(Mode::Structured)
    } else {
        has_ce_headers.then_some(Mode::Binary)
    }
}

/// The event in a message of a mode; header names in lower case, as HTTP libraries give them.
///
/// # Errors
/// Says which attribute is wrong and why. A batch is not one event: [`json::decode_batch`] reads it.
pub fn decode<'a>(
    mode: Mode,
    content_type: Option<&str>,
    headers: impl Iterator<Item = (&'a str, &'a [u8])>,
    body: Bytes,
) -> Result<Event, EventError> {
    match mode {
        Mode::Binary => decode_binary(headers, content_type, body),
        Mode::Structured => json::decode(&body),
        Mode::Batch => Err(EventError::NotAnEvent),
    }
}

fn decode_binary<'a>(
    headers: impl Iterator<Item = (&'a str, &'a [u8])>,
    content_type: Option<&str>,
    body: Bytes,
) -> Result<Event, EventError> {
    let mut event = Builder::default();
    let mut specversion = false;
    for (header, value) in headers {
        let Some(name) = header.strip_prefix("ce-") else {
            continue;
        };
        if name == "datacontenttype" {
            return Err(EventError::ContentType);
        }
        specversion |= name == "specversion";
        event.attribute(name, &percent_decode(name, value)?)?;
    }
    if !specversion {
        return Err(EventError::Missing("specversion"));
    }
    if let Some(content_type) = content_type {
        event.attribute("datacontenttype", content_type)?;
    }
    event.build(body)
}

/// Section 3.1.3.2: percent-encoded UTF-8, possibly in double quotes with backslash escapes.
fn percent_decode(name: &str, value: &[u8]) -> Result<String, EventError> {
    let quoted = value.len() >= 2 && value.starts_with(b"\"") && value.ends_with(b"\"");
    let inner = if quoted { &value[1..value.len() - 1] } else { value };
    let mut text = Vec::with_capacity(inner.len());
    let mut rest = inner.iter();
    while let Some(&byte) = rest.next() {
        text.push(match byte {
            b'\\' if quoted => *rest.next().ok_or_else(|| EventError::Percent(name.into()))?,
            b'%' => {
                let mut hex = || rest.next().and_then(|&b| char::from(b).to_digit(16));
                let (high, low) = hex().zip(hex()).ok_or_else(|| EventError::Percent(name.into()))?;
                u8::try_from(high * 16 + low).map_err(|_| EventError::Percent(name.into()))?
            }
            _ => byte,
        });
    }
    String::from_utf8(text).map_err(|_| EventError::Utf8(name.into()))
}

/// Gives every header of the event in binary mode: `ce-` names without prefix plus `content-type`.
pub fn encode_binary(event: &Event, mut header: impl FnMut(&str, &str)) {
    let mut name_buffer = String::with_capacity(32);
    header("ce-specversion", super::SPECVERSION);
    for (name, value) in event.attributes().iter() {
        if name == "datacontenttype" {
            header("content-type", value);
            continue;
        }
        name_buffer.clear();
        name_buffer.push_str("ce-");
        name_buffer.push_str(name);
        header(&name_buffer, &percent_encode(value));
    }
}

/// Section 3.1.3.2: everything but printable ASCII, and space, `"` and `%`, is percent-encoded.
fn percent_encode(value: &str) -> alloc::borrow::Cow<'_, str> {
    let plain = |b: u8| matches!(b, 0x21..=0x7e) && b != b'"' && b != b'%';
    if value.bytes().all(plain) {
        return value.into();
    }
    let mut text = String::with_capacity(value.len() + 16);
    for byte in value.bytes() {
        if plain(byte) {
            text.push(char::from(byte));
        } else {
            const HEX: &[u8; 16] = b"0123456789ABCDEF";
            text.push('%');
            text.push(char::from(HEX[usize::from(byte >> 4)]));
            text.push(char::from(HEX[usize::from(byte & 15)]));
        }
    }
    text.into()
}
