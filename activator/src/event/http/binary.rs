//! Binary mode (HTTP binding 3.1): attributes as `ce-` headers, the media type of the data as `content-type`.

use smallvec::SmallVec;

use super::percent::{self, Encoded};
use super::{CONTENT_TYPE, PREFIX};
use crate::event::header::Prefixed;
use crate::event::{Builder, Event, EventError, SPECVERSION, short};

/// Reads the attributes in the headers into `event`.
pub(super) fn read<'a>(
    headers: impl Iterator<Item = (&'a str, &'a [u8])>,
    event: &mut Builder,
) -> Result<(), EventError> {
    for (header, value) in headers {
        if let Some(name) = header.strip_prefix(PREFIX) {
            attribute(event, name.as_bytes(), value)?;
        } else if header == CONTENT_TYPE && !value.is_empty() {
            event.received(b"datacontenttype", value)?;
        }
    }
    Ok(())
}

fn attribute(event: &mut Builder, name: &[u8], value: &[u8]) -> Result<(), EventError> {
    if name == b"datacontenttype" {
        return Err(EventError::ContentType);
    }
    if short::is_unescaped(value) && value.first() != Some(&b'"') {
        return event.plain(name, value);
    }
    let mut text: SmallVec<[u8; 256]> = SmallVec::new();
    percent::decode(name, value, &mut text)?;
    event.received(name, &text)
}

/// Gives every header of the event in binary mode. Values are ASCII, but for a `content-type` that is not.
pub fn encode_binary(event: &Event, mut header: impl FnMut(&str, &[u8])) {
    let mut name = Prefixed::new(PREFIX);
    header(name.with("specversion"), SPECVERSION.as_bytes());
    let mut encoded = Encoded::default();
    for (attribute, value) in event.attributes().values() {
        if attribute == "datacontenttype" {
            header(CONTENT_TYPE, value.bytes());
        } else {
            header(name.with(attribute), encoded.of(value.bytes()));
        }
    }
}
