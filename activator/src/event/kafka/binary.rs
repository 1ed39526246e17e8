//! Binary mode (Kafka binding 3.2): attributes as `ce_` headers in plain UTF-8, the media type of the data as
//! `content-type`.

use super::{CONTENT_TYPE, PREFIX, is_content_type};
use crate::event::header::Prefixed;
use crate::event::{Builder, Event, EventError, SPECVERSION};

pub(super) fn decode<'a>(
    event: &mut Builder,
    headers: impl Iterator<Item = (&'a [u8], Option<&'a [u8]>)>,
) -> Result<(), EventError> {
    for (header, value) in headers {
        let Some(value) = value else { continue };
        if let Some(name) = header.strip_prefix(PREFIX.as_bytes()) {
            event.received(name, value)?;
        } else if is_content_type(header) && !value.is_empty() {
            event.received(b"datacontenttype", value)?;
        }
    }
    Ok(())
}

/// Gives every header of the event in binary mode.
pub fn encode_binary(event: &Event, mut header: impl FnMut(&str, &[u8])) {
    let mut name = Prefixed::new(PREFIX);
    header(name.with("specversion"), SPECVERSION.as_bytes());
    for (attribute, value) in event.attributes().values() {
        if attribute == "datacontenttype" {
            header(CONTENT_TYPE, value.bytes());
        } else {
            header(name.with(attribute), value.bytes());
        }
    }
    event.headers().iter().for_each(|(name, value)| header(name, value));
}
